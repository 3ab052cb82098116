//! `renkei-gateway audit`: the gateway's own log of questions. Reading it disturbs nothing; the gateway may be running.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use chrono::{NaiveDate, NaiveTime};
use clap::{Args, Subcommand, ValueEnum};
use renkei_service::signed_log::acts::{self, Deed};
use renkei_service::signed_log::{self, archive};
use renkei_types::{Clock, SystemClock, Timestamp};

use super::say;
use crate::Config;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Checks the whole log: every hash, signature, number and time, and that each question has its end. Exit status 6
    /// when something is wrong.
    Verify {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        language: Language,
    },
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
    /// Writes old entries into a sealed folder, and takes them out of the log's when they are there.
    Archive {
        #[command(flatten)]
        place: Place,
        /// Entries before this day (UTC), in whole bundles of 256.
        #[arg(long, value_name = "YYYY-MM-DD")]
        before: Option<NaiveDate>,
        /// The archive's folder: a new one with --before, an archive with --remove.
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
        /// Takes the archive's entries out of the log's folder, after reading the whole archive back. Refused as long as
        /// no witness has cosigned them. That it was done is recorded.
        #[arg(long, required_unless_present = "before", conflicts_with = "before")]
        remove: bool,
        #[command(flatten)]
        language: Language,
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

#[derive(Debug, Clone, Args)]
pub(super) struct Language {
    /// Language: en or ja. By default that of the terminal.
    #[arg(long, value_enum, env = "RENKEI_LANG")]
    lang: Option<Lang>,
    #[arg(long, hide = true, env = "LANG", default_value = "")]
    terminal_language: String,
}

impl Language {
    fn japanese(&self) -> bool {
        self.lang.map_or_else(|| self.terminal_language.starts_with("ja"), |lang| lang == Lang::Ja)
    }
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
        Command::Verify { place, language } => {
            let report = signed_log::check(&place.dir()?, true, SystemClock.now())?;
            say(&signed_log::told(&report, language.japanese()))?;
            Ok(if report.sound() { ExitCode::SUCCESS } else { ExitCode::from(6) })
        }
        Command::Show { place, last, questions } => {
            let state = place.dir()?;
            let lines = signed_log::lines(&state, last, questions)?;
            // Recorded before anything is shown.
            let left = acts::leave(&state, &SystemClock, Deed::log_shown(last, questions));
            left.with_context(|| format!("`{}` cannot be written", acts::folder(&state).display()))?;
            say(&lines)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Archive { place, before, out, remove: _, language } => {
            let (state, japanese) = (place.dir()?, language.japanese());
            say(&match before {
                Some(day) => {
                    let before = Timestamp(day.and_time(NaiveTime::MIN).and_utc().timestamp_micros());
                    let manifest = archive::export(&state, before, &out, &SystemClock)?;
                    archive::exported_words(manifest.as_ref(), &day.to_string(), &out, "renkei-gateway", japanese)
                }
                None => {
                    let gone = archive::remove(&state, &out, &SystemClock);
                    archive::removed_words(gone.context(archive::not_removed_words(japanese))?, japanese)
                }
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Key(place) => {
            say(&signed_log::keys(&place.dir()?)?)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
