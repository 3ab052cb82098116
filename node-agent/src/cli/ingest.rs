//! `renkei-node ingest`.

mod bar;
mod records;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::ValueEnum;
use rand::SeedableRng;
use rand::rngs::StdRng;
use renkei_types::SystemClock;

use super::{ConfigFile, load, print};
use crate::config::Config;
use crate::ingest::{self, Language, Options, Report};
use crate::store::{Seal, Store};
use bar::Bar;
use records::Work;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folders of records: OMOP CDM tables, SS-MIX2 standardized storage, FHIR, DPC files; beside them a vocabulary from
    /// Athena. Without any, the sources of the configuration are read.
    folders: Vec<PathBuf>,
    #[command(flatten)]
    file: ConfigFile,
    /// State folder, instead of the configuration's.
    #[arg(long)]
    state_dir: Option<PathBuf>,
    /// What the folders hold; by default their names tell.
    #[arg(long, value_enum, default_value = "auto")]
    format: FormatArg,
    /// Mapping file for tables of the hospital's own (`renkei-node mapping sample` prints one); may be repeated.
    #[arg(long, value_name = "FILE")]
    mapping: Vec<PathBuf>,
    /// Map from codes to concepts (CSV: source_to_concept_map, or an export of Usagi); may be repeated.
    #[arg(long, value_name = "FILE")]
    map: Vec<PathBuf>,
    /// What the snapshot may be used for. It cannot be changed afterwards; the guard can be lowered on synthetic and
    /// public snapshots only.
    #[arg(long, value_enum, default_value = "clinical")]
    seal: SealArg,
    /// Read the sources and report, but make no snapshot and keep nothing.
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run: stop after as many files of each source.
    #[arg(long, requires = "dry_run", value_name = "FILES")]
    limit: Option<u64>,
    /// Go on although many files of a source are gone; their records leave the snapshot.
    #[arg(long)]
    accept_vanished: bool,
    /// Trust a source that seems to have renumbered its persons.
    #[arg(long)]
    accept_renumbering: bool,
    /// Snapshots to keep.
    #[arg(long, default_value_t = 3)]
    keep: usize,
    /// Memory for sorting, MiB.
    #[arg(long, default_value_t = 256)]
    sort_memory: usize,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    Auto,
    Omop,
    Ssmix2,
    Fhir,
    Dpc,
    Csv,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SealArg {
    Clinical,
    Synthetic,
    Public,
}

impl From<SealArg> for Seal {
    fn from(seal: SealArg) -> Self {
        match seal {
            SealArg::Clinical => Self::Clinical,
            SealArg::Synthetic => Self::Synthetic,
            SealArg::Public => Self::Public,
        }
    }
}

pub(super) fn run(args: &Args, language: Language) -> anyhow::Result<ExitCode> {
    // With folders and a state folder no configuration is needed.
    let config = match (&args.state_dir, args.folders.is_empty()) {
        (Some(_), false) => None,
        _ => Some(load(&args.file.config)?),
    };
    let work = records::work(args, config.as_ref())?;
    if args.dry_run {
        return dry_run(args, work, language);
    }
    let store = Store::open(state_dir(args, config.as_ref()), Arc::new(SystemClock))?;
    let report = make(&store, args, work, language)?;
    show(&report, args, language)?;
    Ok(ExitCode::SUCCESS)
}

fn state_dir(args: &Args, config: Option<&Config>) -> PathBuf {
    let configured = config.map(|config| config.state_dir.clone());
    args.state_dir.clone().or(configured).unwrap_or_default()
}

fn make(store: &Store, args: &Args, work: Work, language: Language) -> anyhow::Result<Report> {
    let options = Options {
        seal: args.seal.into(),
        accept_renumbering: args.accept_renumbering,
        keep: args.keep,
        sort_memory: args.sort_memory << 20,
        ..Options::new(Vec::<PathBuf>::new())
    };
    let mut bar = Bar::new(language);
    let mut entropy = StdRng::from_os_rng();
    let report = match work {
        Work::Tables(folders) => {
            let options = Options { folders, ..options };
            ingest::run(store, &options, &mut |progress| bar.show(progress), &mut entropy)
        }
        Work::Records(records) => {
            ingest::run_sources(store, &records, &options, &mut |progress| bar.show(progress), &mut entropy)
        }
    };
    bar.clear();
    Ok(report?)
}

/// Everything as it would be, in a folder that is thrown away.
fn dry_run(args: &Args, work: Work, language: Language) -> anyhow::Result<ExitCode> {
    let scratch = tempfile::tempdir()?;
    let store = Store::open(scratch.path().join("state"), Arc::new(SystemClock))?;
    let mut report = make(&store, args, work, language)?;
    report.snapshot = None;
    show(&report, args, language)?;
    Ok(ExitCode::SUCCESS)
}

fn show(report: &Report, args: &Args, language: Language) -> anyhow::Result<()> {
    if args.json {
        print(&format!("{}\n", serde_json::to_string_pretty(report)?))?;
    } else {
        print(&report.text(language))?;
    }
    Ok(())
}
