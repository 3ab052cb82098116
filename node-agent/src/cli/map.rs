//! `renkei-node map`: from codes to concepts.

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use renkei_ingest::Day;
use renkei_ingest::codes::{Map, diff};
use renkei_types::{Clock, SystemClock};

use super::{Place, load, print};
use crate::config::Codes;
use crate::ingest::{CodesInUse, Language};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Shows how far the codes of the last ingest lead to concepts, and which do not, by rows.
    Coverage {
        #[command(flatten)]
        place: Place,
        /// How many of the codes without a concept to show.
        #[arg(long, default_value_t = 20)]
        top: usize,
        /// Write all codes without a concept into this file, for Usagi.
        #[arg(long, value_name = "FILE")]
        csv: Option<PathBuf>,
        /// A map to try beside the configuration's; may be repeated.
        #[arg(long, value_name = "FILE")]
        map: Vec<PathBuf>,
        /// A vocabulary folder, instead of the configuration's; may be repeated.
        #[arg(long, value_name = "FOLDER")]
        vocabulary: Vec<PathBuf>,
    },
    /// Shows what a new map would change: codes that are added, removed, or lead elsewhere.
    Diff {
        /// The map as it is.
        old: PathBuf,
        /// The map as it will be.
        new: PathBuf,
    },
}

pub(super) fn run(command: &Command, language: Language) -> anyhow::Result<ExitCode> {
    match command {
        Command::Coverage { place, top, csv, map, vocabulary } => {
            let mut codes = configured(place)?;
            codes.maps.extend(map.iter().cloned());
            if !vocabulary.is_empty() {
                codes.vocabularies.clone_from(vocabulary);
            }
            coverage(place, &codes, *top, csv.as_ref(), language)
        }
        Command::Diff { old, new } => {
            let today = Day(SystemClock.now().days());
            let read = |path: &PathBuf| Map::read(std::slice::from_ref(path), today);
            let changes = diff(&read(old)?, &read(new)?);
            print(&changes.iter().map(|change| format!("{change}\n")).collect::<String>())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The configuration's vocabularies and maps; none where only a state folder is given.
fn configured(place: &Place) -> anyhow::Result<Codes> {
    if place.state_dir.is_some() && !place.file.config.exists() {
        return Ok(Codes::default());
    }
    Ok(load(&place.file.config)?.codes)
}

fn coverage(
    place: &Place,
    codes: &Codes,
    top: usize,
    csv: Option<&PathBuf>,
    language: Language,
) -> anyhow::Result<ExitCode> {
    let store = place.store()?;
    let used = CodesInUse::read(store.root())?.context(
        "there are no codes to look at yet: `renkei-node ingest` of records in the hospital's own formats notes them",
    )?;
    let coverage = used.coverage(codes, store.clock().now())?;
    if let Some(path) = csv {
        let file = File::create(path).with_context(|| format!("`{}` cannot be written", path.display()))?;
        coverage.write_csv(file).with_context(|| format!("`{}` cannot be written", path.display()))?;
    }
    print(&match language {
        Language::English => coverage.english(top),
        Language::Japanese => coverage.japanese(top),
    })?;
    Ok(ExitCode::SUCCESS)
}
