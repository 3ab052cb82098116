//! One file for each command.

mod completions;
mod dev_ca;
mod explain;
mod fetch;
mod history;
mod list;
mod map;
mod profile;
mod query;
mod receipts;
pub(crate) mod session;
mod statement;

use clap::ArgMatches;

use crate::args::audit::AuditCommand;
use crate::args::{Cli, Command};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::polling::Running;
use crate::settings::Settings;

/// Runs the command that was asked for.
pub async fn run(cli: Cli, matches: ArgMatches, console: Console, running: Running) -> Exit {
    match dispatch(cli, matches, console, running).await {
        Ok(exit) => exit,
        Err((failure, console)) => console.fail(&failure),
    }
}

async fn dispatch(
    cli: Cli,
    matches: ArgMatches,
    mut console: Console,
    running: Running,
) -> Result<Exit, (Failure, Console)> {
    let mut pull = None;
    match &cli.command {
        Command::DevCa(args) => return dev_ca::run(args, console).map_err(|failure| (failure, console)),
        Command::Map(args) => return map::run(args, console).map_err(|failure| (failure, console)),
        Command::Audit(command) => match &**command {
            AuditCommand::Pull(args) => pull = Some(args),
            AuditCommand::Files(args) => {
                let cache = cli.surroundings.cache_home.clone().filter(|path| path.is_absolute());
                let cache = cache.or_else(|| Some(std::env::home_dir()?.join(".cache")));
                return crate::audit::run(args, cache, console).map_err(|failure| (failure, console));
            }
        },
        Command::Completions { shell } => return completions::run(*shell).map_err(|failure| (failure, console)),
        _ => {}
    }
    let settings = Settings::merge(&cli, &matches, console.lang).map_err(|failure| (failure, console))?;
    console.lang = settings.lang().unwrap_or(console.lang);
    if let Some(args) = pull {
        return crate::audit::pull::run(args, &settings, console).await.map_err(|failure| (failure, console));
    }
    let ended = match &cli.command {
        Command::Query(args) => query::run(args, &settings, console, &running).await,
        Command::Explain(args) => explain::run(args, &settings, console).await,
        Command::Receipts(args) => receipts::run(args, &settings, console).await,
        Command::History(args) => history::list(args, &settings, console),
        Command::Show(args) => history::show(args, &settings, console),
        Command::Rerun(args) => history::rerun(args, &settings, console).await,
        Command::Fetch(args) => fetch::run(args, &settings, console).await,
        Command::Codes(args) => list::codes(args, &settings, console).await,
        Command::Sites(args) => list::sites(args, &settings, console).await,
        Command::Tables(args) => list::tables(args, &settings, console).await,
        _ => profile::show(&settings, console),
    };
    ended.map_err(|failure| (failure, console))
}
