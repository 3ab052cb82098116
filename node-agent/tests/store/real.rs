//! Third-party OMOP data sets with their real dirt, where they are at hand beside the repository.

use std::path::{Path, PathBuf};

use arrow::array::Array;
use renkei_node::ingest::{Oddity, Options, Report};
use renkei_node::store::Seal;

use super::fixture::{Hospital, owners, rows};

/// A data set's folder; `None`, said aloud, where it is not there.
fn folder(name: &str) -> Option<PathBuf> {
    let path = Path::new("../../shared/data/omop").join(name);
    if !path.is_dir() {
        println!("{name} is not at hand: nothing was tested");
        return None;
    }
    Some(path)
}

fn ingest(hospital: &Hospital, folder: PathBuf) -> Report {
    let mut options = Options::new([folder]);
    options.seal = Seal::Synthetic;
    let report = hospital.ingest_with(&options).unwrap();
    let snapshot = hospital.current();
    let verification = hospital.store.verify(snapshot.id()).unwrap();
    assert!(verification.sound(), "{:?}", verification.findings);
    for table in &report.tables {
        assert_eq!(table.read, table.accepted + table.quarantined(), "{}", table.table);
        assert_eq!(snapshot.rows(&table.table), table.accepted);
        let local = renkei_cdm::table(&table.table).unwrap().person_column().is_some();
        if local {
            assert!(owners(&rows(&snapshot, &table.table)).is_sorted(), "{}", table.table);
        }
    }
    println!("{report}");
    report
}

fn rows_of(report: &Report, table: &str, column: &str, oddity: Oddity) -> u64 {
    let mut findings = report.findings.iter();
    findings.find(|one| one.table == table && one.column == column && one.oddity == oddity).map_or(0, |one| one.rows)
}

#[test]
fn gibleed() {
    let Some(folder) = folder("gibleed_v5.3") else { return };
    let hospital = Hospital::new();
    let report = ingest(&hospital, folder.clone());
    assert_eq!((report.persons.present, report.source_version.as_str()), (2694, "5.3"));
    assert_eq!(report.vocabulary_version.as_deref(), Some("v5.0 18-JAN-19"));
    // The data set's published dirt: keys that repeat, periods of nobody, visits that do not exist.
    assert_eq!(rows_of(&report, "drug_exposure", "drug_exposure_id", Oddity::DuplicateKey), 67_707 - 63_323);
    assert_eq!(rows_of(&report, "measurement", "measurement_id", Oddity::DuplicateKey), 44_053 - 41_870);
    assert_eq!(rows_of(&report, "observation", "observation_id", Oddity::DuplicateKey), 1_477 - 1_471);
    let periods = report.tables.iter().find(|table| table.table == "observation_period").unwrap();
    assert_eq!((periods.read, periods.rejected["person"]), (5_343, 2_649));
    let conditions = rows(&hospital.current(), "condition_occurrence");
    let visits = conditions.column_by_name("visit_occurrence_id").unwrap();
    let unknown = rows_of(&report, "condition_occurrence", "visit_occurrence_id", Oddity::UnknownVisit);
    assert_eq!((conditions.num_rows() - visits.null_count()) as u64 - unknown, 551, "visits that exist");
    let before = hospital.current().person_index().unwrap();
    let again = ingest(&hospital, folder);
    assert_eq!(again.persons.recurring, 2694);
    assert_eq!(hospital.current().person_index().unwrap(), before, "everybody keeps the number");
}

#[test]
fn synthea() {
    let Some(folder) = folder("synthea1k_v5.4") else { return };
    let hospital = Hospital::new();
    let report = ingest(&hospital, folder);
    assert_eq!((report.persons.present, report.source_version.as_str()), (1130, "5.4"));
}

#[test]
fn one_hospital_is_not_taken_for_another() {
    let (Some(gibleed), Some(synthea)) = (folder("gibleed_v5.3"), folder("synthea1k_v5.4")) else { return };
    let hospital = Hospital::new();
    ingest(&hospital, gibleed);
    let before = hospital.current().id().clone();
    assert!(hospital.ingest_with(&Options::new([synthea])).is_err());
    assert_eq!(*hospital.current().id(), before);
}
