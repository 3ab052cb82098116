//! `renkei-node ledger`: what left, for whoever answers for it at the site.

use std::process::ExitCode;

use clap::Subcommand;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use renkei_ledger::{Anchor, Ledger};
use renkei_types::SystemClock;

use super::{Place, print};
use crate::acts::{self, Done};
use crate::ingest::Language;
use crate::registered;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Shows what left: when, under which project, how many persons. Never who.
    Show {
        #[command(flatten)]
        place: Place,
        /// How many of the last parts of answers.
        #[arg(long, default_value_t = 20)]
        last: usize,
    },
    /// Writes everything that left and every question that was charged as JSON lines. Never who.
    Export(Place),
    /// Continues with what is left of a damaged ledger. What it forgot can be asked again: a decision of the hospital.
    Recover(Place),
}

pub(super) fn run(command: &Command, language: Language) -> anyhow::Result<ExitCode> {
    match command {
        Command::Show { place, last } => {
            let ledger = Ledger::look(&place.dir()?)?;
            let entries = ledger.entries()?;
            let lines =
                entries.iter().skip(entries.len().saturating_sub(*last)).map(|(anchor, n)| line(anchor, *n, language));
            print(&lines.collect::<String>())?;
            let (parts, questions, registered) = (entries.len(), ledger.charges().len(), ledger.registered().len());
            print(&match language {
                Language::English => {
                    format!(
                        "{parts} parts of answers, {registered} answers to registered statements; {questions} questions \
                         charged within 30 days\n"
                    )
                }
                Language::Japanese => format!(
                    "回答の部分 {parts} 件、登録済みの問い合わせへの回答 {registered} 件、30日以内に数えた質問 {questions} 件\n"
                ),
            })?;
        }
        Command::Export(place) => {
            let ledger = Ledger::look(&place.dir()?)?;
            for (anchor, persons) in ledger.entries()? {
                let line = serde_json::json!({
                    "kind": "part", "at": anchor.at, "project": anchor.project, "query": anchor.query,
                    "snapshot": anchor.snapshot, "part": anchor.part, "base": anchor.base, "persons": persons,
                });
                print(&format!("{line}\n"))?;
            }
            for answer in ledger.registered() {
                let line = serde_json::json!({
                    "kind": "registered", "at": answer.at, "project": answer.project, "query": answer.query,
                    "name": answer.name,
                });
                print(&format!("{line}\n"))?;
            }
            for charged in ledger.charges() {
                let statement: String = charged.statement.iter().map(|byte| format!("{byte:02x}")).collect();
                let line = serde_json::json!({
                    "kind": "charge", "at": charged.at, "project": charged.project, "person": charged.person,
                    "statement": statement,
                });
                print(&format!("{line}\n"))?;
            }
        }
        Command::Recover(place) => {
            let state = place.dir()?;
            // They were looked at beside what will be forgotten.
            let ended = registered::withdraw_all(&state)?;
            let ledger = Ledger::recover(&state, StdRng::from_os_rng().random())?;
            let (kept, cut) = (ledger.anchors(), ledger.cut());
            let done = Done::LedgerRecovered { kept: kept as u64, cut };
            acts::leave(&state, &SystemClock, done)?;
            print(&match language {
                Language::English => format!(
                    "{kept} parts of answers kept, {cut} bytes cut, {ended} registered statements ended; the agent records \
                     this\n"
                ),
                Language::Japanese => {
                    format!(
                        "{kept} 件を残し、{cut} バイトを切り捨て、登録済みの問い合わせ {ended} 件を終了しました。\
                         この操作は記録されます\n"
                    )
                }
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(anchor: &Anchor, persons: u64, language: Language) -> String {
    let Anchor { project, query, part, .. } = anchor;
    let at = chrono::DateTime::from_timestamp_micros(anchor.at.0).map(|at| at.format("%Y-%m-%d %H:%M:%SZ").to_string());
    let at = at.unwrap_or_default();
    match language {
        Language::English => format!("{at}  {project}  {query}  {part}  {persons} persons\n"),
        Language::Japanese => format!("{at}  {project}  {query}  {part}  {persons} 人\n"),
    }
}
