//! `renkei-node snapshots`.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Subcommand;
use renkei_types::SnapshotId;

use super::{Place, print};
use crate::store::{Listed, Store};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lists snapshots, the oldest first; `*` marks the one that questions run on.
    List(Place),
    /// Reads every byte of a snapshot and compares it with its manifest. Exit status 6 when it is not sound.
    Verify {
        #[command(flatten)]
        place: Place,
        /// Snapshot id; the current one by default.
        id: Option<SnapshotId>,
    },
    /// Makes another snapshot the current one.
    Use {
        #[command(flatten)]
        place: Place,
        /// Snapshot id.
        id: SnapshotId,
    },
    /// Deletes old snapshots, never the current one.
    Prune {
        #[command(flatten)]
        place: Place,
        /// Newest snapshots to keep.
        #[arg(long, default_value_t = 3)]
        keep: usize,
    },
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List(place) => list(&place.store()?),
        Command::Verify { place, id } => verify(&place.store()?, id.as_ref()),
        Command::Use { place, id } => {
            let snapshot = place.store()?.set_current(id)?;
            print(&format!("questions run on {} from now on\n", snapshot.id()))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Prune { place, keep } => {
            let deleted = place.store()?.prune(*keep)?;
            print(&deleted.iter().map(|id| format!("deleted {id}\n")).collect::<String>())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn list(store: &Store) -> anyhow::Result<ExitCode> {
    let mut text = String::new();
    for Listed { id, current, manifest } in store.list()? {
        let mark = if current { '*' } else { ' ' };
        match manifest {
            Ok(manifest) => {
                let contents = manifest.contents;
                let rows: u64 = contents.files.iter().filter_map(|file| file.rows).sum();
                writeln!(text, "{mark} {id}  {}  {} persons  {rows} rows", contents.seal.as_str(), contents.persons)?;
            }
            Err(error) => writeln!(text, "{mark} {id}  damaged: {}", renkei_service::chain(&error))?,
        }
    }
    print(if text.is_empty() { "no snapshots; `renkei-node ingest` makes one\n" } else { &text })?;
    Ok(ExitCode::SUCCESS)
}

fn verify(store: &Store, id: Option<&SnapshotId>) -> anyhow::Result<ExitCode> {
    let current;
    let id = match id {
        Some(id) => id,
        None => {
            current = store
                .current()?
                .ok_or_else(|| anyhow::anyhow!("there is no snapshot; `renkei-node ingest` makes one"))?;
            current.id()
        }
    };
    let found = store.verify(id)?;
    let verdict = if found.sound() { "sound" } else { "NOT SOUND" };
    let mut text = format!("{}: {verdict}; {} files, {} bytes read\n", found.id, found.files, found.bytes);
    for finding in &found.findings {
        writeln!(text, "  {}: {}", finding.path.display(), finding.fault)?;
    }
    print(&text)?;
    Ok(if found.sound() { ExitCode::SUCCESS } else { ExitCode::from(6) })
}
