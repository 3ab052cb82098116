//! `renkei-node ingest`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rand::SeedableRng;
use rand::rngs::StdRng;
use renkei_types::SystemClock;

use super::{ConfigFile, load, print};
use crate::ingest::{self, Language, Options, Phase, Progress};
use crate::store::{Seal, Store};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of OMOP CDM tables; further folders complete it, such as a vocabulary download from Athena.
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    #[command(flatten)]
    file: ConfigFile,
    /// State folder, instead of the configuration's.
    #[arg(long)]
    state_dir: Option<PathBuf>,
    /// What the snapshot may be used for. It cannot be changed afterwards; the guard can be lowered on synthetic and
    /// public snapshots only.
    #[arg(long, value_enum, default_value = "clinical")]
    seal: SealArg,
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
    let state_dir = match &args.state_dir {
        Some(dir) => dir.clone(),
        None => load(&args.file.config)?.state_dir,
    };
    let store = Store::open(state_dir, Arc::new(SystemClock))?;
    let options = Options {
        seal: args.seal.into(),
        accept_renumbering: args.accept_renumbering,
        keep: args.keep,
        sort_memory: args.sort_memory << 20,
        ..Options::new(&args.folders)
    };
    let bar = bar();
    let mut entropy = StdRng::from_os_rng();
    let report = ingest::run(&store, &options, &mut |progress| show(&bar, progress, language), &mut entropy);
    bar.finish_and_clear();
    let report = report?;
    if args.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        print(&report.text(language))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn bar() -> ProgressBar {
    let style =
        ProgressStyle::with_template("{spinner} {msg:24} {bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}");
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4));
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn show(bar: &ProgressBar, progress: Progress, language: Language) {
    bar.set_length(progress.bytes_total);
    bar.set_position(progress.bytes);
    let phase = match (progress.phase, language) {
        (Phase::Persons, Language::English) => "persons",
        (Phase::Persons, Language::Japanese) => "患者",
        (Phase::Tables, _) => progress.table,
        (Phase::Checks, Language::English) => "checks",
        (Phase::Checks, Language::Japanese) => "検査",
        (Phase::Publish, Language::English) => "publishing",
        (Phase::Publish, Language::Japanese) => "公開",
    };
    bar.set_message(phase);
}
