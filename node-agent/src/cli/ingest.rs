//! `renkei-node ingest`.

mod bar;
mod records;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::ValueEnum;
use rand::SeedableRng;
use rand::rngs::StdRng;
use renkei_ingest::Namespace;
use renkei_types::SystemClock;

use super::{ConfigFile, load, print};
use crate::config::Config;
use crate::ingest::{self, Language, Options, Report};
use crate::maps;
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
    /// What stands before the hospital's own codes (`LOCAL:kameda:12`), so that another hospital's cannot be taken for them.
    #[arg(long, value_name = "NAME")]
    namespace: Option<Namespace>,
    /// List of patients who opted out (CSV: patient,scope,since), instead of the configuration's.
    #[arg(long, value_name = "FILE")]
    opt_out: Option<PathBuf>,
    /// What the snapshot may be used for. It cannot be changed afterwards; the guard can be lowered on synthetic and
    /// public snapshots only.
    #[arg(long, value_enum, default_value = "clinical")]
    seal: SealArg,
    /// Read the sources and report, but make no snapshot and keep nothing.
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run: where to put what is kept meanwhile; by default beside the state folder. It is removed at the end.
    #[arg(long, requires = "dry_run", value_name = "FOLDER")]
    work_dir: Option<PathBuf>,
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
    let opt_out = args.opt_out.clone().or_else(|| config.as_ref().and_then(|config| config.opt_out.clone()));
    let state = state_dir(args, config.as_ref());
    if args.dry_run {
        return dry_run(args, &state, opt_out, work, language);
    }
    let store = Store::open(state, Arc::new(SystemClock))?;
    let report = make(&store, args, opt_out, work, language)?;
    show(&report, args, language)?;
    Ok(ExitCode::SUCCESS)
}

fn state_dir(args: &Args, config: Option<&Config>) -> PathBuf {
    let configured = config.map(|config| config.state_dir.clone());
    args.state_dir.clone().or(configured).unwrap_or_default()
}

fn make(
    store: &Store,
    args: &Args,
    opt_out: Option<PathBuf>,
    work: Work,
    language: Language,
) -> anyhow::Result<Report> {
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
            let options = Options { folders, opt_out, ..options };
            ingest::run(store, &options, &mut |progress| bar.show(progress), &mut entropy)
        }
        Work::Records(mut records) => {
            records.opt_out = opt_out;
            ingest::run_sources(store, &records, &options, &mut |progress| bar.show(progress), &mut entropy)
        }
    };
    bar.clear();
    Ok(report?)
}

/// Everything as it would be, in a folder that is thrown away. It lies where the state would: the system's temporary
/// folder may be memory, may be small, and may be read by others' backups.
fn dry_run(
    args: &Args,
    state: &Path,
    opt_out: Option<PathBuf>,
    work: Work,
    language: Language,
) -> anyhow::Result<ExitCode> {
    let beside = state.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let place = args.work_dir.as_deref().unwrap_or(beside);
    let scratch = tempfile::Builder::new().prefix(".renkei-dry-run-").tempdir_in(place);
    let scratch = scratch.with_context(|| {
        format!("`{}` takes no folder for the trial run: name another with --work-dir", place.display())
    })?;
    let store = Store::open(scratch.path().join("state"), Arc::new(SystemClock))?;
    maps::carry(state, store.root())?;
    let mut report = make(&store, args, opt_out, work, language)?;
    report.snapshot = None;
    show(&report, args, language)?;
    let mib = size(scratch.path()).div_ceil(1 << 20);
    let place = place.display();
    let said = match language {
        Language::English => format!("Nothing was kept. The run took {mib} MiB under {place}."),
        Language::Japanese => format!("何も保存していません。作業領域として {place} に {mib} MiB を使いました。"),
    };
    let _ = writeln!(io::stderr(), "{said}");
    Ok(ExitCode::SUCCESS)
}

/// Bytes of all files under a folder.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let of = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.map(of).sum()
}

fn show(report: &Report, args: &Args, language: Language) -> anyhow::Result<()> {
    if args.json {
        print(&format!("{}\n", serde_json::to_string_pretty(report)?))?;
    } else {
        print(&report.text(language))?;
    }
    Ok(())
}
