//! Records in the hospital's own formats become snapshots, again and again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use renkei_node::config::Codes;
use renkei_node::ingest::{
    CodesInUse, IngestError, Language, Options, Phase, Records, Report, checks, run_sources, sources_folder,
};
use renkei_node::store::{Seal, Store};
use renkei_sim_hospital::{Format as Written, Hospital, Profile, Spec, identity, write, write_concept_map};
use renkei_staging::{Format, Patients, Source};
use renkei_types::{FixedClock, Timestamp};
use tempfile::TempDir;

/// 2026-11-22 19:32:00 UTC.
const NOW: Timestamp = Timestamp(1_795_375_920_000_000);

pub(crate) struct Site {
    dir: TempDir,
    pub(crate) store: Store,
    hospital: Hospital,
    pub(crate) records: Records,
}

impl Site {
    /// A hospital with a storage of SS-MIX2, and a map from its codes to concepts.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let spec = Spec { patients: 80, ..Spec::new("tokyo", 3, Profile::University) };
        let hospital = Hospital::generate(&spec).unwrap();
        let (storage, map) = (dir.path().join("storage"), dir.path().join("map.csv"));
        write(&hospital, Written::SsMix2 { history: true }, &storage).unwrap();
        write_concept_map(&map).unwrap();
        let records = Records {
            sources: vec![source(Format::Ssmix2, &storage)],
            codes: Codes { maps: vec![map], ..Codes::default() },
            ..Records::default()
        };
        let store = Store::open(dir.path().join("state"), Arc::new(FixedClock(NOW))).unwrap();
        Self { dir, store, hospital, records }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn ingest(&self) -> Result<Report, IngestError> {
        let options = Options { seal: Seal::Synthetic, ..Options::new(Vec::<PathBuf>::new()) };
        run_sources(&self.store, &self.records, &options, &mut |_| {}, &mut ChaCha20Rng::seed_from_u64(1))
    }
}

fn source(format: Format, folder: &Path) -> Source {
    Source {
        name: format.as_str().to_owned(),
        format,
        folders: vec![folder.to_owned()],
        mappings: Vec::new(),
        patients: Patients::default(),
        tables: None,
        namespace: None,
    }
}

fn rows(report: &Report, table: &str) -> u64 {
    report.tables.iter().find(|one| one.table == table).map_or(0, |one| one.accepted)
}

#[test]
fn a_storage_becomes_a_snapshot_and_the_next_night_reads_nothing_again() {
    let site = Site::new();
    let first = site.ingest().unwrap();
    let persons = site.hospital.patients.len() as u64;
    assert_eq!((rows(&first, "person"), first.persons.first_seen), (persons, persons));
    assert_eq!(first.quarantined(), 0, "{first}");
    assert!(rows(&first, "measurement") > 100 && rows(&first, "condition_era") > 0);
    let sources = first.sources.as_ref().unwrap();
    assert_eq!(sources.sources[0].unchanged, 0);
    let mapped = sources.mapping.iter().find(|mapping| mapping.table == "measurement").unwrap();
    assert!(mapped.mapped_rows * 10 > mapped.rows * 8, "{mapped:?}");

    let second = site.ingest().unwrap();
    let again = &second.sources.as_ref().unwrap().sources[0];
    assert_eq!((again.new, again.changed, again.unchanged, again.bytes), (0, 0, again.files, 0));
    assert_eq!((second.persons.recurring, second.persons.first_seen), (persons, 0));
    assert_eq!(rows(&second, "measurement"), rows(&first, "measurement"));
    assert!(!sources_folder(site.store.root()).join("cdm").exists());
}

#[test]
fn the_report_names_what_was_odd_in_both_languages_and_no_patient() {
    let site = Site::new();
    let storage = site.path("storage");
    fs::write(storage.join("readme.txt"), "x").unwrap();
    let report = site.ingest().unwrap();
    let (english, japanese) = (report.text(Language::English), report.text(Language::Japanese));
    assert!(english.contains("Sources:") && english.contains("in quarantine: format 1"), "{english}");
    assert!(japanese.contains("ソース:") && japanese.contains("標準コンセプトへの対応"), "{japanese}");
    let page = report.html(Some(&report), Language::Japanese);
    assert!(page.starts_with("<!doctype html>") && page.contains("妥当性") && page.contains("+0"));
    assert!(!checks(&report).is_empty());
    let json = serde_json::to_string(&report).unwrap();
    for patient in &site.hospital.patients {
        let identity = identity(&site.hospital.spec, patient);
        for secret in identity.secrets().filter(|secret| !secret.is_ascii()) {
            for text in [&english, &japanese, &page, &json] {
                assert!(!text.contains(secret), "{secret}");
            }
        }
    }
    let quarantine = site.store.current().unwrap().unwrap().dir().join("quarantine.csv");
    assert!(fs::read_to_string(quarantine).unwrap().contains("readme.txt"));
}

#[test]
fn a_better_map_needs_no_file_of_the_source() {
    let mut site = Site::new();
    let maps = std::mem::take(&mut site.records.codes.maps);
    let without = site.ingest().unwrap();
    let mapped = |report: &Report| -> u64 {
        report.sources.as_ref().unwrap().mapping.iter().map(|mapping| mapping.mapped_rows).sum()
    };
    let used = CodesInUse::read(site.store.root()).unwrap().unwrap();
    let now = site.store.clock().now();
    let before = used.coverage(&Codes::default(), &[], now).unwrap();
    let after = used.coverage(&Codes { maps: maps.clone(), ..Codes::default() }, &[], now).unwrap();
    assert!(after.unmapped.len() < before.unmapped.len());
    assert!(before.unmapped.iter().any(|code| code.text.is_some()), "codes have their texts");
    site.records.codes.maps = maps;
    let with = site.ingest().unwrap();
    assert_eq!(with.sources.as_ref().unwrap().sources[0].bytes, 0);
    assert!(mapped(&with) > mapped(&without));
    let share: u64 = after.tables.values().map(|share| share.mapped_rows).sum();
    assert_eq!(mapped(&with), share, "coverage foretells what the ingest does");
}

#[test]
fn whoever_opted_out_is_in_no_snapshot_and_a_broken_list_stops_everything() {
    let mut site = Site::new();
    let all = rows(&site.ingest().unwrap(), "person");
    let list = site.path("opt-out.csv");
    site.records.opt_out = Some(list.clone());
    fs::write(&list, "patient,scope\n1,\n2,all\n3,other-project\n").unwrap();
    let report = site.ingest().unwrap();
    assert_eq!((rows(&report, "person"), report.sources.as_ref().unwrap().opted_out), (all - 2, 2));
    assert_eq!(report.persons.vanished, 0, "they are gone as they wished");
    fs::write(&list, "number\n1\n").unwrap();
    let before = site.store.current().unwrap().unwrap().id().clone();
    let error = site.ingest().unwrap_err().to_string();
    assert!(error.contains("opt-out.csv") && error.contains("line 1"), "{error}");
    assert_eq!(site.store.current().unwrap().unwrap().id(), &before);
}

#[test]
fn progress_goes_from_files_over_patients_to_tables() {
    let site = Site::new();
    let options = Options { seal: Seal::Synthetic, ..Options::new(Vec::<PathBuf>::new()) };
    let mut phases = Vec::new();
    let mut entropy = ChaCha20Rng::seed_from_u64(1);
    run_sources(&site.store, &site.records, &options, &mut |now| phases.push(now.phase), &mut entropy).unwrap();
    phases.dedup();
    let order =
        [Phase::Scan, Phase::Vocabulary, Phase::Patients, Phase::Persons, Phase::Tables, Phase::Checks, Phase::Publish];
    assert_eq!(phases, order);
}
