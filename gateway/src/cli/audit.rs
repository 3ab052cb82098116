//! `renkei-gateway audit`: the gateway's own log of questions. Reading it disturbs nothing; the gateway may be running.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use renkei_service::signed_log;
use renkei_types::{Clock, SystemClock};

use super::say;
use crate::Config;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Checks the whole log: every hash, signature, number and time, and that each question has its end. Exit status 6
    /// when something is wrong.
    Verify {
        #[command(flatten)]
        place: Place,
        /// Language: en or ja. By default that of the terminal.
        #[arg(long, value_enum, env = "RENKEI_LANG")]
        lang: Option<Lang>,
        #[arg(long, hide = true, env = "LANG", default_value = "")]
        terminal_language: String,
    },
    /// Prints entries as they are written, one JSON object a line, the newest last.
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
    /// Prints the key that verifies this log, then the one that verifies its cosignatures of others' logs: for hospitals
    /// and auditors.
    Key(Place),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Lang {
    En,
    Ja,
}

/// Where the log is.
#[derive(Debug, Clone, Args)]
pub(super) struct Place {
    /// The configuration file.
    #[arg(long, value_name = "FILE", required_unless_present = "state_dir")]
    config: Option<PathBuf>,
    /// State folder, instead of the configuration's.
    #[arg(long, value_name = "FOLDER")]
    state_dir: Option<PathBuf>,
}

impl Place {
    fn dir(self) -> anyhow::Result<PathBuf> {
        match (self.state_dir, self.config) {
            (Some(folder), _) => Ok(folder),
            (None, Some(config)) => Ok(Config::load(&config)?.state_dir),
            (None, None) => anyhow::bail!("name the configuration with --config, or the folder with --state-dir"),
        }
    }
}

pub(super) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Verify { place, lang, terminal_language } => {
            let report = signed_log::check(&place.dir()?, true, SystemClock.now())?;
            let japanese = lang.map_or_else(|| terminal_language.starts_with("ja"), |lang| lang == Lang::Ja);
            say(&signed_log::told(&report, japanese))?;
            Ok(if report.sound() { ExitCode::SUCCESS } else { ExitCode::from(6) })
        }
        Command::Show { place, last, questions } => {
            say(&signed_log::lines(&place.dir()?, last, questions)?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Key(place) => {
            say(&signed_log::keys(&place.dir()?)?)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
