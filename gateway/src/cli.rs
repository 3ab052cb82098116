//! The command line.

mod audit;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use renkei_service::{chain, shutdown, telemetry};
use renkei_types::SystemClock;

use crate::Config;
use crate::config::SAMPLE;
use crate::vocabulary;

/// The federating gateway of a Renkei consortium.
#[derive(Debug, Parser)]
#[command(name = "renkei-gateway", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves until SIGTERM or SIGINT, then drains.
    Run {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Checks and shows the gateway's own log of questions.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Brings the gateway's own vocabulary.
    #[command(subcommand)]
    Vocabulary(VocabularyCommand),
    /// Looks at or makes configuration files.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Debug, Subcommand)]
enum VocabularyCommand {
    /// Imports a download of athena.ohdsi.org; the gateway uses it once it is started again.
    ///
    /// Reads CONCEPT.csv, CONCEPT_ANCESTOR.csv, CONCEPT_RELATIONSHIP.csv and VOCABULARY.csv, and the other vocabulary
    /// files where they are there, into the folder that [vocabulary] of the configuration names. Run it as the user
    /// that the gateway runs as.
    Import {
        /// The folder of the unpacked download.
        #[arg(value_name = "ATHENA")]
        from: PathBuf,
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Reports every mistake of a file, without opening a port or reading a key.
    Check {
        /// The configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Prints a commented sample.
    Sample,
}

/// Runs the program with these arguments, the first being its name.
pub fn main_from(args: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(args) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; clap knows which stream each belongs to.
            drop(error.print());
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let done = match arguments.command {
        Command::Run { config } => run(&config),
        Command::Audit(command) => return ended(audit::run(command)),
        Command::Config(ConfigCommand::Check { config }) => check(&config),
        Command::Vocabulary(VocabularyCommand::Import { from, config }) => import(&from, &config),
        Command::Config(ConfigCommand::Sample) => say(SAMPLE),
    };
    ended(done.map(|()| ExitCode::SUCCESS))
}

fn ended(done: anyhow::Result<ExitCode>) -> ExitCode {
    match done {
        Ok(status) => status,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "renkei-gateway: {}", chain(error.as_ref())));
            ExitCode::FAILURE
        }
    }
}

fn run(path: &std::path::Path) -> anyhow::Result<()> {
    let config = Config::load(path)?;
    telemetry::init(&config.log.filter, config.log.format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = shutdown::on_signal()?;
        crate::run(config, Arc::new(SystemClock), stop).await
    })
}

fn import(from: &std::path::Path, path: &std::path::Path) -> anyhow::Result<()> {
    let config = Config::load(path)?;
    let Some(vocabulary) = &config.vocabulary else {
        anyhow::bail!("`{}` has no [vocabulary]: add it with a folder, then import again", path.display());
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // Progress goes where it does not mix with what a program reads; whether anybody sees it does not matter.
    let mut told = |line: &str| drop(writeln!(std::io::stderr(), "{line}"));
    runtime.block_on(vocabulary::import(from, &vocabulary.folder, &mut told))
}

fn check(path: &std::path::Path) -> anyhow::Result<()> {
    let config = Config::load(path)?;
    let (sites, projects) = (config.sites.len(), config.projects.len());
    say(&format!("{}: no mistakes; {sites} sites, {projects} projects\n", path.display()))
}

fn say(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
