//! The steps: writing a hospital, reading it, making tables of it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

use flate2::read::MultiGzDecoder;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
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
    Text,
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
            [what, format, root, state] if what == "text" => (What::Text, format, root, state),
            [what, format, root, state] if what == "scan" => (What::Scan, format, root, state),
            [what, format, root, state] if what == "build" => (What::Build, format, root, state),
            _ => return None,
        };
        Some(Self { what, format: format.clone(), root: root.into(), state: state.into() })
    }

    fn source(&self) -> Source {
        Source {
            name: self.format.clone(),
            format: if self.format.starts_with("fhir") { Format::Fhir } else { Format::Ssmix2 },
            folders: vec![self.root.clone()],
            mappings: Vec::new(),
            patients: Patients::default(),
            tables: None,
            namespace: None,
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
        What::Text => text(step),
        What::Scan => read(step),
        What::Build => tables(step),
    }
}

fn generate(step: &Step, patients: u32) {
    let started = Instant::now();
    let spec = Spec { patients, ..Spec::new("tokyo", 11, Profile::University) };
    let shape = match step.format.as_str() {
        "fhir-gzip" => Shape::FhirNdjson { gzip: true },
        "fhir" => Shape::FhirNdjson { gzip: false },
        _ => Shape::SsMix2 { history: false },
    };
    write(&Hospital::generate(&spec).unwrap(), shape, &step.root).unwrap();
    println!("seconds {}\npeak {}", started.elapsed().as_secs_f64(), peak());
}

/// How much text compressed files hold, and how many lines.
fn text(step: &Step) {
    let (mut bytes, mut lines) = (0, 0);
    let mut buffer = vec![0; 1 << 18];
    for entry in fs::read_dir(&step.root).unwrap() {
        let file = fs::File::open(entry.unwrap().path()).unwrap();
        let mut input = MultiGzDecoder::new(BufReader::with_capacity(1 << 18, file));
        loop {
            let read = input.read(&mut buffer).unwrap();
            if read == 0 {
                break;
            }
            bytes += read;
            lines += buffer[..read].iter().filter(|byte| **byte == b'\n').count();
        }
    }
    println!("text {bytes}\nresources {lines}");
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
    let sources = Sources { folders: Vec::new(), maps: vec![map.into()], today };
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
    println!("packed {}", packed(&out, &step.state));
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

/// The size of the tables compressed as a snapshot's files are, in MB.
fn packed(folder: &Path, state: &Path) -> f64 {
    let place = state.join("packed");
    let _ = fs::remove_dir_all(&place);
    fs::create_dir(&place).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&path).unwrap()).unwrap();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(1 << 18))
            .set_statistics_enabled(EnabledStatistics::Page)
            .build();
        let out = fs::File::create(place.join(path.file_name().unwrap())).unwrap();
        let mut writer = ArrowWriter::try_new(out, reader.schema().clone(), Some(properties)).unwrap();
        for batch in reader.build().unwrap() {
            writer.write(&batch.unwrap()).unwrap();
        }
        writer.close().unwrap();
    }
    size(&place, ".parquet")
}
