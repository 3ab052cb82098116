//! `renkei-node map`: from codes to concepts.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use renkei_ingest::Day;
use renkei_ingest::codes::{Map, MapFile, diff};
use renkei_types::{Clock, SystemClock};

use super::{Place, load, print};
use crate::config::{Codes, MapKey};
use crate::ingest::{CodesInUse, Language};
use crate::maps::{self, SignedMap};

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
    /// Checks the maps of the configuration, or the files that are given as signed ones: form, signature, version. Takes
    /// none of them.
    Check {
        #[command(flatten)]
        place: Place,
        /// Maps that a coordinator signed, each with its note beside it.
        files: Vec<PathBuf>,
        /// A coordinator's public key, beside those of the configuration; may be repeated.
        #[arg(long, value_name = "KEY", value_parser = key)]
        trusted_key: Vec<MapKey>,
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
        Command::Check { place, files, trusted_key } => {
            let mut codes = configured(place)?;
            codes.keys.extend(trusted_key.iter().cloned());
            if !files.is_empty() {
                (codes.maps, codes.signed_maps) = (Vec::new(), files.clone());
            }
            check(&codes, &place.dir()?, language)
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
    let signed = maps::verified(codes, store.root())?;
    let coverage = used.coverage(codes, &signed, store.clock().now())?;
    let force: String = maps::in_force(codes, &signed)?.iter().map(|map| format!("{}\n", map.text(language))).collect();
    if let Some(path) = csv {
        let file = File::create(path).with_context(|| format!("`{}` cannot be written", path.display()))?;
        coverage.write_csv(file).with_context(|| format!("`{}` cannot be written", path.display()))?;
    }
    let shares = match language {
        Language::English => coverage.english(top),
        Language::Japanese => coverage.japanese(top),
    };
    print(&if force.is_empty() { shares } else { format!("{force}\n{shares}") })?;
    Ok(ExitCode::SUCCESS)
}

fn key(text: &str) -> Result<MapKey, &'static str> {
    MapKey::try_from(text.to_owned())
}

/// A map that is refused is a failed check, whichever it is; the others are still looked at.
fn check(codes: &Codes, state: &Path, language: Language) -> anyhow::Result<ExitCode> {
    let today = Day(SystemClock.now().days());
    let mut whole = true;
    let mut tell = |looked: anyhow::Result<String>| -> anyhow::Result<()> {
        match looked {
            Ok(line) => print(&format!("{line}\n"))?,
            Err(error) => {
                whole = false;
                writeln!(io::stderr(), "renkei-node: {}", renkei_service::chain(error.as_ref()))?;
            }
        }
        Ok(())
    };
    for path in &codes.signed_maps {
        let alone = Codes { signed_maps: vec![path.clone()], maps: Vec::new(), ..codes.clone() };
        tell(look(&alone, state, today, language))?;
    }
    for path in &codes.maps {
        let alone = Codes { maps: vec![path.clone()], signed_maps: Vec::new(), ..codes.clone() };
        tell(look(&alone, state, today, language))?;
    }
    // Two files of one name are seen only together.
    if whole {
        maps::verified(codes, state)?;
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(6) })
}

/// What one map is, and how many codes it has.
fn look(codes: &Codes, state: &Path, today: Day, language: Language) -> anyhow::Result<String> {
    let signed = maps::verified(codes, state)?;
    let files: Vec<MapFile> =
        signed.iter().map(SignedMap::file).chain(codes.maps.iter().cloned().map(MapFile::from)).collect();
    let map = Map::of(&files, today)?;
    let lines: Vec<String> = maps::in_force(codes, &signed)?.iter().map(|map| map.text(language)).collect();
    let count = map.len();
    let codes = match language {
        Language::English => format!("{count} codes"),
        Language::Japanese => format!("{count} コード"),
    };
    Ok(format!("{}: {codes}", lines.join(" ")))
}
