//! Three shapes of files, the same rows.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_cast::cast;
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use renkei_cdm::{Category, Table};
use renkei_sim_hospital::{Format, Omop, Spec, write};

use crate::{made, small};

/// Writes a hospital with flaws, which are rows like others, and hands each file to `check`.
fn each(format: Format, check: impl Fn(&'static Table, &Path, &RecordBatch)) {
    let folder = tempfile::tempdir().unwrap();
    let (hospital, omop): (_, Omop) = made(&Spec { dirt: true, ..small(7) });
    let written = write(&hospital, format, folder.path()).unwrap();
    assert_eq!(written.dirt, omop.dirt);
    assert_eq!(written.tables.len(), omop.tables.len());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), omop.tables.len());
    for ((name, rows), (_, path, count)) in omop.tables.iter().zip(&written.tables) {
        assert_eq!(rows.num_rows(), *count, "{name}");
        check(renkei_cdm::table(name).unwrap(), path, rows);
    }
}

/// Compares text columns with the rows that they were made from; returns the columns of the table that are not there.
fn compare(table: &Table, rows: &RecordBatch, header: &[String], cells: &[Vec<String>]) -> Vec<&'static str> {
    assert_eq!(cells.len(), rows.num_rows(), "{}", table.name);
    let mut absent = Vec::new();
    for column in table.columns {
        let Some(at) = header.iter().position(|name| name == column.name) else {
            absent.push(column.name);
            continue;
        };
        let compact = |text: &str| text.len() == 8 && column.kind.arrow() == DataType::Date32;
        let texts = cells.iter().map(|row| match row[at].as_str() {
            "" => None,
            text if compact(text) => Some(format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..])),
            text => Some(text.to_owned()),
        });
        let texts: ArrayRef = Arc::new(texts.collect::<StringArray>());
        let found = cast(&texts, &column.kind.arrow()).unwrap();
        if (table.name, column.name) == ("cdm_source", "cdm_version") {
            continue;
        }
        assert_eq!(&found, rows.column_by_name(column.name).unwrap(), "{}.{}", table.name, column.name);
    }
    absent
}

#[test]
fn csv_holds_the_rows_in_shuffled_columns() {
    each(Format::CsvV54, |table, path, rows| {
        let mut reader = csv::Reader::from_path(path).unwrap();
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let cells: Vec<Vec<String>> =
            reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        assert_eq!(compare(table, rows, &header, &cells), Vec::<&str>::new());
        assert_eq!(header.len(), table.columns.len());
        let plain: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        assert!(header != plain || plain.len() < 5, "{} is in the plain order", table.name);
    });
}

#[test]
fn csv_quotes_what_needs_it() {
    each(Format::CsvV54, |table, path, _| {
        if table.name == "care_site" {
            let text = fs::read_to_string(path).unwrap();
            assert!(
                text.contains("\"Internal medicine, general\"") && text.contains("\"Oncology, \"\"East\"\" building\"")
            );
        }
    });
}

#[test]
fn tsv_holds_the_rows_under_the_names_of_version_5_3() {
    const RENAMED: [(&str, &str); 4] = [
        ("admitting_source_concept_id", "admitted_from_concept_id"),
        ("admitting_source_value", "admitted_from_source_value"),
        ("discharge_to_concept_id", "discharged_to_concept_id"),
        ("discharge_to_source_value", "discharged_to_source_value"),
    ];
    each(Format::TsvV53, |table, path, rows| {
        let name = path.file_name().unwrap().to_str().unwrap();
        let vocabulary = table.category == Category::Vocabulary;
        let expect =
            if vocabulary { format!("{}.csv", table.name.to_uppercase()) } else { format!("{}.tsv", table.name) };
        assert_eq!(name, expect);
        let text = fs::read_to_string(path).unwrap();
        let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
        let raw = lines.next().unwrap();
        let current = |old: &String| match RENAMED.iter().find(|(name, _)| name == old) {
            Some((_, new)) => (*new).to_owned(),
            None => old.clone(),
        };
        let header: Vec<String> = raw.iter().map(current).collect();
        let cells: Vec<Vec<String>> = lines.collect();
        assert!(cells.iter().all(|row| row.len() == header.len()), "{name}");
        let absent = compare(table, rows, &header, &cells);
        let expect: &[&str] = match table.name {
            "procedure_occurrence" => &["procedure_end_date", "procedure_end_datetime"],
            "measurement" => &["unit_source_concept_id", "measurement_event_id", "meas_event_field_concept_id"],
            "observation" => &["value_source_value", "observation_event_id", "obs_event_field_concept_id"],
            "location" => &["country_concept_id", "country_source_value", "latitude", "longitude"],
            "cdm_source" => &["cdm_version_concept_id"],
            _ => &[],
        };
        assert_eq!(absent, expect, "{name}");
        assert_eq!(RENAMED.iter().all(|(old, _)| raw.iter().any(|name| name == old)), table.name == "visit_occurrence");
        if table.name == "concept" {
            assert!(text.contains("smoking, \"as told by the patient\"\t"), "quotation marks are raw");
            assert!(text.contains("\t19700101\t20991231\t"));
        }
        if table.name == "cdm_source" {
            assert!(text.contains("\tv5.3.1\t"));
        }
    });
}

#[test]
fn parquet_holds_the_rows() {
    each(Format::ParquetV54, |table, path, rows| {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
        let batches: Vec<RecordBatch> =
            reader.with_batch_size(usize::MAX >> 40).build().unwrap().map(Result::unwrap).collect();
        let columns: Vec<ArrayRef> = (0..rows.num_columns())
            .map(|at| {
                let parts: Vec<_> = batches.iter().map(|batch| batch.column(at).as_ref()).collect();
                arrow_select::concat::concat(&parts).unwrap()
            })
            .collect();
        assert_eq!(columns, rows.columns(), "{}", table.name);
        for (found, expect) in batches[0].schema().fields().iter().zip(rows.schema().fields()) {
            assert_eq!(
                (found.name(), found.data_type(), found.is_nullable()),
                (expect.name(), expect.data_type(), expect.is_nullable())
            );
        }
    });
}
