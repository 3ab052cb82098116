//! `renkei-node audit`: the node's own log of questions. Reading it disturbs nothing; the agent may be running.

use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use renkei_service::signed_log;
use renkei_service::signed_log::acts::{self, Deed};
use renkei_types::{Clock, SystemClock};

use super::{Place, archive, print};
use crate::ingest::Language;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Checks the whole log: every hash, signature, number and time, and that each question has its end. Exit status 6
    /// when something is wrong.
    Verify(Place),
    /// Prints entries as they are written, one JSON object a line, the newest last. That they were read is recorded.
    Show {
        #[command(flatten)]
        place: Place,
        /// How many of the newest entries.
        #[arg(long, default_value_t = 20)]
        last: u64,
        /// Only questions: neither heartbeats nor administrative acts.
        #[arg(long)]
        questions: bool,
    },
    /// Prints the key that verifies this log, then the one that verifies its cosignatures of others' logs: for the
    /// coordinator and for auditors.
    Key(Place),
    /// Writes old entries into a sealed folder, and takes them out of the log's when they are there.
    Archive(archive::Args),
}

pub(super) fn run(command: &Command, language: Language) -> anyhow::Result<ExitCode> {
    match command {
        Command::Verify(place) => {
            let state = place.dir()?;
            let report = signed_log::check(&state, false, SystemClock.now())?;
            print(&signed_log::told(&report, language == Language::Japanese))?;
            Ok(if report.sound() { ExitCode::SUCCESS } else { ExitCode::from(6) })
        }
        Command::Show { place, last, questions } => {
            let state = place.dir()?;
            let lines = signed_log::lines(&state, *last, *questions)?;
            // Recorded before anything is shown.
            let left = acts::leave(&state, &SystemClock, Deed::log_shown(*last, *questions));
            left.with_context(|| format!("`{}` cannot be written", acts::folder(&state).display()))?;
            print(&lines)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Archive(args) => archive::run(args, language),
        Command::Key(place) => {
            print(&signed_log::keys(&place.dir()?)?)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
