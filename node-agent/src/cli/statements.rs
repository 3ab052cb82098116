//! `renkei-node statements`: what the hospital registered.

use std::process::ExitCode;

use clap::Subcommand;
use renkei_policy::Registration;
use renkei_types::{ProjectId, SystemClock};

use super::{Place, print};
use crate::acts::{self, Done};
use crate::ingest::Language;
use crate::registered;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lists the statements that are registered: under which project and name, on which snapshot, since when.
    List(Place),
    /// Ends a registration: from then on the statement is answered as any other.
    Withdraw {
        #[command(flatten)]
        place: Place,
        /// The project.
        project: ProjectId,
        /// The name under which it is registered.
        name: String,
    },
}

pub(super) fn run(command: &Command, language: Language) -> anyhow::Result<ExitCode> {
    match command {
        Command::List(place) => {
            let registered = registered::all(&place.dir()?);
            print(&registered.iter().map(line).collect::<String>())?;
        }
        Command::Withdraw { place, project, name } => {
            let state = place.dir()?;
            if !registered::all(&state).iter().any(|one| one.project == *project && one.name == *name) {
                anyhow::bail!(
                    "project {project} has no registered statement `{name}`; `renkei-node statements list` shows all"
                );
            }
            let done = Done::StatementWithdrawn { project: project.clone(), name: name.clone() };
            acts::leave(&state, &SystemClock, done)?;
            registered::withdraw(&state, project, name)?;
            print(match language {
                Language::English => "it is answered as any other statement from now on; the agent records this\n",
                Language::Japanese => "以後は他の問い合わせと同じ扱いになります。この操作は記録されます\n",
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(one: &Registration) -> String {
    let at = chrono::DateTime::from_timestamp_micros(one.at.0).map(|at| at.format("%Y-%m-%d %H:%M:%SZ").to_string());
    let statement = crate::store::hex(&one.statement);
    format!("{}  {}  {}  {}  {statement}\n", at.unwrap_or_default(), one.project, one.name, one.snapshot)
}
