//! The steps: writing a hospital, reading it, making tables of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use renkei_ingest::assemble::Known;
use renkei_ingest::codes::{Concepts, Sources};
use renkei_ingest::{Day, Rules};
use renkei_sim_hospital::{Format as Shape, Hospital, Profile, Spec, write, write_concept_map};
use renkei_staging::{Crosswalk, Format, Limits, Patients, Plan, Source, Stage, build, scan};

use crate::figures::{peak, size};

pub struct Step {
    what: What,
    format: String,
    root: PathBuf,
    state: PathBuf,
}

enum What {
    Write(u32),
    Scan,
    Build,
}

impl Step {
    /// A step, from the arguments of its process.
    pub fn parse(arguments: &[String]) -> Option<Self> {
        let (what, format, root, state) = match arguments {
            [what, format, patients, root, state] if what == "write" => {
                (What::Write(patients.parse().ok()?), format, root, state)
            }
            [what, format, root, state] if what == "scan" => (What::Scan, format, root, state),
            [what, format, root, state] if what == "build" => (What::Build, format, root, state),
            _ => return None,
        };
        Some(Self { what, format: format.clone(), root: root.into(), state: state.into() })
    }

    fn source(&self) -> Source {
        Source {
            name: self.format.clone(),
            format: if self.format == "fhir" { Format::Fhir } else { Format::Ssmix2 },
            folders: vec![self.root.clone()],
            mappings: Vec::new(),
            patients: Patients::default(),
            tables: None,
        }
    }

    fn stage(&self) -> Stage {
        Stage::open(&self.state.join("source.sqlite"), "1").unwrap()
    }
}

/// Removes what was read before.
pub fn forget(state: &Path) {
    fs::remove_dir_all(state).unwrap();
    fs::create_dir(state).unwrap();
}

pub fn run(step: &Step) {
    match step.what {
        What::Write(patients) => generate(step, patients),
        What::Scan => read(step),
        What::Build => tables(step),
    }
}

fn generate(step: &Step, patients: u32) {
    let spec = Spec { patients, ..Spec::new("tokyo", 11, Profile::University) };
    let shape = match step.format.as_str() {
        "fhir" => Shape::FhirNdjson { gzip: false },
        _ => Shape::SsMix2 { history: false },
    };
    write(&Hospital::generate(&spec).unwrap(), shape, &step.root).unwrap();
}

fn read(step: &Step) {
    let started = Instant::now();
    let limits = Limits { threads: 2, ..Limits::default() };
    let report = scan(&step.source(), &step.stage(), &Rules::default(), &limits, &mut |_| {}).unwrap();
    let seconds = started.elapsed().as_secs_f64();
    assert!(report.files > 0 && report.rejected.is_empty(), "nothing, or what cannot be read");
    println!("seconds {seconds}\nfiles {}\nstatements {}\npeak {}", report.files, report.statements, peak());
    println!("bytes {}\nstage {}", report.bytes, size(&step.state, ".sqlite"));
}

fn tables(step: &Step) {
    let (stage, out, map) = (step.stage(), step.state.join("cdm"), step.state.join("map.csv"));
    let _ = fs::remove_dir_all(&out);
    fs::create_dir(&out).unwrap();
    write_concept_map(&map).unwrap();
    let today = Day::of(2026, 1, 1).unwrap();
    let wanted: BTreeSet<_> = stage.dictionary().unwrap().iter().map(|(coding, _)| coding.clone()).collect();
    let sources = Sources { folders: Vec::new(), maps: vec![map], today };
    let known = Known { concepts: Concepts::load(&sources, &wanted, &mut |_| {}).unwrap(), ..Known::default() };
    let plan = Plan { rules: &Rules::default(), concepts: &known, as_of: today, opted_out: &BTreeSet::new() };
    let mut crosswalk = Crosswalk::open(&step.state.join("crosswalk.sqlite")).unwrap();
    let mut entropy = ChaCha20Rng::seed_from_u64(5);
    let started = Instant::now();
    let staged = [(step.source(), stage)];
    let built = build(&staged, &plan, &mut crosswalk, &out, &mut entropy, &mut |_, _| {}).unwrap();
    let seconds = started.elapsed().as_secs_f64();
    println!("seconds {seconds}\npersons {}\nrows {}\npeak {}", built.persons, rows(&out), peak());
    println!("tables {}", size(&out, ".parquet"));
}

/// Rows of all tables.
fn rows(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).unwrap().map(|entry| fs::File::open(entry.unwrap().path()).unwrap());
    let counts = files.map(|file| {
        let metadata = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        u64::try_from(metadata.metadata().file_metadata().num_rows()).unwrap()
    });
    counts.sum()
}
