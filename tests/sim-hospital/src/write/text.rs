//! Tables as delimited text.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use chrono::{DateTime, Days, NaiveDate};
use renkei_cdm::Category;

use super::Format;

/// Columns that v5.4 brought.
const NEW_IN_V54: [(&str, &str); 13] = [
    ("procedure_occurrence", "procedure_end_date"),
    ("procedure_occurrence", "procedure_end_datetime"),
    ("measurement", "unit_source_concept_id"),
    ("measurement", "measurement_event_id"),
    ("measurement", "meas_event_field_concept_id"),
    ("observation", "value_source_value"),
    ("observation", "observation_event_id"),
    ("observation", "obs_event_field_concept_id"),
    ("location", "country_concept_id"),
    ("location", "country_source_value"),
    ("location", "latitude"),
    ("location", "longitude"),
    ("cdm_source", "cdm_version_concept_id"),
];

/// Columns of visits that v5.4 renamed: new name, old name.
const RENAMED_IN_V54: [(&str, &str); 4] = [
    ("admitted_from_concept_id", "admitting_source_concept_id"),
    ("admitted_from_source_value", "admitting_source_value"),
    ("discharged_to_concept_id", "discharge_to_concept_id"),
    ("discharged_to_source_value", "discharge_to_source_value"),
];

/// Whether a table belongs to the vocabulary.
pub(crate) fn is_vocabulary(table: &str) -> bool {
    renkei_cdm::table(table).is_some_and(|table| table.category == Category::Vocabulary)
}

/// Writes a table with its header.
pub(crate) fn write(table: &str, rows: &RecordBatch, format: Format, path: &Path) -> io::Result<()> {
    let columns = columns(table, rows, format);
    let mut builder = csv::WriterBuilder::new();
    if format == Format::TsvV53 {
        builder.delimiter(b'\t').quote_style(csv::QuoteStyle::Never);
    }
    let mut out = builder.from_writer(BufWriter::new(File::create(path)?));
    out.write_record(columns.iter().map(|(header, _)| header))?;
    let compact = format == Format::TsvV53 && is_vocabulary(table);
    let cell = |(name, index): &(&str, usize)| {
        let version = format == Format::TsvV53 && (table, *name) == ("cdm_source", "cdm_version");
        if version { Cells::Constant("v5.3.1") } else { Cells::Of { values: rows.column(*index), compact } }
    };
    let cells: Vec<Cells<'_>> = columns.iter().map(cell).collect();
    let mut field = Vec::new();
    for row in 0..rows.num_rows() {
        for cells in &cells {
            field.clear();
            cells.render(row, &mut field)?;
            if format == Format::TsvV53 && field.iter().any(|byte| matches!(byte, b'\t' | b'\n' | b'\r')) {
                return Err(io::Error::other("a tab or line break in a value cannot be written without quoting"));
            }
            out.write_field(&field)?;
        }
        out.write_record(None::<&[u8]>)?;
    }
    out.flush()
}

/// Header and index of the columns in their order in the file.
fn columns<'a>(table: &str, rows: &'a RecordBatch, format: Format) -> Vec<(&'a str, usize)> {
    let schema = rows.schema_ref().fields();
    let all = schema.iter().enumerate().map(|(index, field)| (field.name().as_str(), index));
    if format == Format::TsvV53 {
        let old = |name: &'a str| RENAMED_IN_V54.iter().find(|(new, _)| *new == name).map_or(name, |(_, old)| *old);
        return all
            .filter(|(name, _)| !NEW_IN_V54.contains(&(table, name)))
            .map(|(name, index)| (old(name), index))
            .collect();
    }
    // An order that looks arbitrary and is the same in every release: by a hash of the name.
    let mut shuffled: Vec<_> = all.collect();
    let hash = |name: &str| {
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    };
    shuffled.sort_by_key(|(name, _)| hash(name));
    shuffled
}

/// A column ready to be rendered.
enum Cells<'a> {
    /// The values of a column; `compact` dates have no dashes.
    Of { values: &'a dyn Array, compact: bool },
    /// The same text in every row.
    Constant(&'static str),
}

impl Cells<'_> {
    /// One value as text; nothing for null.
    fn render(&self, row: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let (values, compact) = match self {
            Self::Of { values, compact } => (values, *compact),
            Self::Constant(text) => return out.write_all(text.as_bytes()),
        };
        if values.is_null(row) {
            return Ok(());
        }
        match values.data_type() {
            DataType::Int32 => write!(out, "{}", values.as_primitive::<Int32Type>().value(row)),
            DataType::Int64 => write!(out, "{}", values.as_primitive::<Int64Type>().value(row)),
            DataType::Float64 => write!(out, "{}", values.as_primitive::<Float64Type>().value(row)),
            DataType::Utf8 => out.write_all(values.as_string::<i32>().value(row).as_bytes()),
            DataType::Date32 => {
                let date = date(values.as_primitive::<Date32Type>().value(row));
                let form = if compact { "%Y%m%d" } else { "%Y-%m-%d" };
                write!(out, "{}", date.format(form))
            }
            DataType::Timestamp(TimeUnit::Microsecond, None) => {
                let micros = values.as_primitive::<TimestampMicrosecondType>().value(row);
                let at = DateTime::from_timestamp_micros(micros).unwrap_or_default();
                write!(out, "{}", at.format("%Y-%m-%d %H:%M:%S"))
            }
            other => Err(io::Error::other(format!("no text form for {other}"))),
        }
    }
}

fn date(days: i32) -> NaiveDate {
    let shift = Days::new(u64::from(days.unsigned_abs()));
    if days < 0 { NaiveDate::default() - shift } else { NaiveDate::default() + shift }
}
