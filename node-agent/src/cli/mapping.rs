//! `renkei-node mapping`: mapping files for tables of the hospital's own.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use renkei_ingest::mapped::{Mapping, SAMPLE};

use super::print;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Prints a commented sample with every key.
    Sample,
    /// Checks mapping files against the CDM and runs the examples in them. Exit status 6 when something is wrong.
    Check {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Sample => {
            print(SAMPLE)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Check { files } => {
            let mut sound = true;
            for file in files {
                sound &= check(file)?;
            }
            Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(6) })
        }
    }
}

fn check(path: &PathBuf) -> anyhow::Result<bool> {
    let text = std::fs::read_to_string(path).with_context(|| format!("`{}` cannot be read", path.display()))?;
    let place = path.display();
    match Mapping::parse(&text) {
        Err(mistakes) => {
            print(&mistakes.iter().map(|mistake| format!("{place}:{mistake}\n")).collect::<String>())?;
            Ok(false)
        }
        Ok(mapping) => {
            let failures = mapping.run_tests();
            let words: String = failures.iter().map(|failure| format!("{place}:{failure}\n")).collect();
            let verdict = if failures.is_empty() { "in order" } else { "its examples come out otherwise" };
            print(&format!("{words}{place}: {}: {verdict}\n", mapping.table().name))?;
            Ok(failures.is_empty())
        }
    }
}
