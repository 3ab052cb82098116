//! `renkei-node audit`: the node's own log of questions. Reading it disturbs nothing; the agent may be running.

use std::process::ExitCode;

use clap::Subcommand;
use renkei_audit::verify::{Trust, verify};
use renkei_types::{Clock, SystemClock};

use super::{Place, print};
use crate::audit;
use crate::ingest::Language;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Checks the whole log: every hash, signature, number and time, and that each question has its end. Exit status 6
    /// when something is wrong.
    Verify(Place),
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
    /// Prints the key that verifies this log, for the coordinator and for witnesses.
    Key(Place),
}

pub(super) fn run(command: &Command, language: Language) -> anyhow::Result<ExitCode> {
    match command {
        Command::Verify(place) => {
            let state = place.dir()?;
            let trust = Trust { openings: true, ..Trust::new(audit::verifier(&state)?, SystemClock.now()) };
            let reader = audit::reader(&state);
            let report = verify(&reader, &trust);
            let sentences = report.sentences(language == Language::Japanese);
            print(&sentences.iter().map(|sentence| format!("{sentence}\n")).collect::<String>())?;
            if report.sound() {
                let entries = reader.size()?;
                print(&match language {
                    Language::English => format!("{entries} entries, all in order\n"),
                    Language::Japanese => format!("{entries} 件の記録に異常はありません\n"),
                })?;
            }
            Ok(if report.sound() { ExitCode::SUCCESS } else { ExitCode::from(6) })
        }
        Command::Show { place, last, questions } => {
            let reader = audit::reader(&place.dir()?);
            let size = reader.size()?;
            let mut lines = Vec::new();
            for index in (0..size).rev() {
                if lines.len() as u64 >= *last {
                    break;
                }
                let entry = String::from_utf8_lossy(&reader.entry(index)?).into_owned();
                if !*questions || ["intent", "outcome", "refusal"].iter().any(|kind| is(&entry, kind)) {
                    lines.push(entry);
                }
            }
            lines.reverse();
            print(&lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Key(place) => {
            print(&format!("{}\n", audit::verifier(&place.dir()?)?))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn is(entry: &str, kind: &str) -> bool {
    entry.contains(&format!("\"body\":{{\"{kind}\":"))
}
