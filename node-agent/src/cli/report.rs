//! `renkei-node report`: what came into a snapshot, after the fact.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use renkei_types::SnapshotId;

use super::{Place, print};
use crate::ingest::{Language, REPORT_FILE, Report};
use crate::store::Store;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,
    /// Snapshot id; the current one by default.
    id: Option<SnapshotId>,
    /// Write a page for the browser into this file, with data-quality checks and the change since the snapshot before.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print it as JSON.
    #[arg(long, conflicts_with = "html")]
    json: bool,
}

pub(super) fn run(args: &Args, language: Language) -> anyhow::Result<ExitCode> {
    let store = args.place.store()?;
    let id = match &args.id {
        Some(id) => id.clone(),
        None => store.current()?.context("there is no snapshot yet: run `renkei-node ingest`")?.id().clone(),
    };
    let report = read(&store, &id)?;
    if let Some(file) = &args.html {
        // Retention may have deleted the one before.
        let before = report.parent.as_ref().and_then(|parent| read(&store, parent).ok());
        let page = report.html(before.as_ref(), language);
        std::fs::write(file, page).with_context(|| format!("`{}` cannot be written", file.display()))?;
    } else if args.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        print(&report.text(language))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read(store: &Store, id: &SnapshotId) -> anyhow::Result<Report> {
    let path = store.get(id)?.dir().join(REPORT_FILE);
    let bytes = std::fs::read(&path).with_context(|| format!("`{}` cannot be read", path.display()))?;
    let mut report: Report = serde_json::from_slice(&bytes)
        .with_context(|| format!("`{}` is not a report that this version reads", path.display()))?;
    report.snapshot = Some(id.clone());
    Ok(report)
}
