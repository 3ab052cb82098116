//! Sites of many measurements, as OMOP Parquet folders.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch};
use parquet::arrow::ArrowWriter;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Concepts that they are of.
const CONCEPTS: i32 = 50;
/// Years of birth.
const FIRST_YEAR: i32 = 1915;
const YEARS: i32 = 100;
/// Rows written at a time.
const CHUNK: u64 = 65_536;
/// Ids of a site's persons and rows start this far apart, so that one SQL text means the same over the union.
const APART: u64 = 1_000_000_000;
/// 2019-01-01 as days since 1970, and the days of the six years from there.
const FIRST_DAY: i32 = 17_897;
const DAYS: i32 = 2_192;

fn ints(values: impl Iterator<Item = i32>) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(values))
}

fn longs(values: impl Iterator<Item = u64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values.map(|v| v as i64)))
}

fn write(path: &Path, batches: impl Iterator<Item = RecordBatch>) -> anyhow::Result<()> {
    let mut writer = None;
    for batch in batches {
        let open = match &mut writer {
            Some(writer) => writer,
            None => writer.insert(ArrowWriter::try_new(File::create(path)?, batch.schema(), None)?),
        };
        open.write(&batch)?;
    }
    if let Some(writer) = writer {
        writer.close()?;
    }
    Ok(())
}

/// Writes person, measurement (so many `rows`, so many of each person) and a small death table.
pub(crate) fn write_site(dir: &Path, site: u64, rows: u64, per_person: u64) -> anyhow::Result<()> {
    fs::create_dir_all(dir)?;
    let persons = rows.div_ceil(per_person).max(1);
    let base = site * APART;
    let chunks = |total: u64| (0..total).step_by(CHUNK as usize).map(move |start| start..total.min(start + CHUNK));
    let mut rng = ChaCha8Rng::seed_from_u64(site);
    let person = chunks(persons).map(|range| {
        let n = range.end - range.start;
        let mut draw =
            |low: i32, high: i32| ints((0..n).map(|_| rng.random_range(low..high)).collect::<Vec<_>>().into_iter());
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("person_id", longs(range.clone().map(|i| base + i))),
            ("gender_concept_id", ints(range.clone().map(|i| if i % 2 == 0 { 8507 } else { 8532 }))),
            ("year_of_birth", draw(FIRST_YEAR, FIRST_YEAR + YEARS)),
            ("race_concept_id", ints((0..n).map(|_| 0))),
            ("ethnicity_concept_id", ints((0..n).map(|_| 0))),
        ];
        RecordBatch::try_from_iter(columns)
    });
    write(&dir.join("person.parquet"), person.collect::<Result<Vec<_>, _>>()?.into_iter())?;
    let mut rng = ChaCha8Rng::seed_from_u64(1_000 + site);
    let mut failed = None;
    let measurement = chunks(rows).map_while(|range| {
        let batch = measurements(base, range, per_person, &mut rng);
        batch.map_err(|error| failed = Some(error)).ok()
    });
    write(&dir.join("measurement.parquet"), measurement)?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    let few = persons.min(100);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("person_id", longs((0..few).map(|i| base + i))),
        ("death_date", Arc::new(Date32Array::from_iter_values((0..few).map(|_| FIRST_DAY + DAYS)))),
    ];
    write(&dir.join("death.parquet"), std::iter::once(RecordBatch::try_from_iter(columns)?))
}

fn measurements(
    base: u64,
    range: std::ops::Range<u64>,
    per_person: u64,
    rng: &mut ChaCha8Rng,
) -> Result<RecordBatch, arrow::error::ArrowError> {
    let n = (range.end - range.start) as usize;
    let concepts: Vec<i32> = (0..n).map(|_| 3_000_000 + rng.random_range(0..CONCEPTS)).collect();
    let days: Vec<i32> = (0..n).map(|_| FIRST_DAY + rng.random_range(0..DAYS)).collect();
    let values: Vec<f64> = (0..n).map(|_| f64::from(rng.random_range(0..10_000_u32)) / 100.0).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("measurement_id", longs(range.clone().map(|i| base + i))),
        ("person_id", longs(range.map(|i| base + i / per_person))),
        ("measurement_concept_id", ints(concepts.into_iter())),
        ("measurement_date", Arc::new(Date32Array::from(days))),
        ("measurement_type_concept_id", ints((0..n).map(|_| 32_856))),
        ("value_as_number", Arc::new(Float64Array::from(values))),
        ("unit_concept_id", ints((0..n).map(|_| 8_554))),
    ];
    RecordBatch::try_from_iter(columns)
}
