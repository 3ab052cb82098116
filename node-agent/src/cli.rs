//! The command line of `renkei-node`. Data and reports on standard output, everything else on standard error.

mod archive;
mod audit;
mod ingest;
mod ledger;
mod map;
mod mapping;
mod preview;
mod pull;
mod report;
mod snapshots;
mod statements;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand, ValueEnum};
use renkei_service::telemetry::{self, Format};
use renkei_types::SystemClock;

use crate::config::{self, Config};
use crate::ingest::Language;
use crate::node::Node;
use crate::store::Store;
use crate::worker::{self, Execution, Program};

/// The agent at a hospital: makes snapshots of its records and answers questions with guarded aggregates.
#[derive(Debug, Parser)]
#[command(name = "renkei-node", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// What is logged: error, warn, info, debug, trace, or `target=level` pairs.
    #[arg(long, global = true, default_value = telemetry::DEFAULT_FILTER, env = "RENKEI_LOG")]
    log: String,
    /// How log lines look: text or json.
    #[arg(long, global = true, default_value = "text", env = "RENKEI_LOG_FORMAT")]
    log_format: String,
    /// Language of reports: en or ja. By default that of the terminal.
    #[arg(long, global = true, value_enum, env = "RENKEI_LANG")]
    lang: Option<Lang>,
    #[arg(long, hide = true, env = "LANG", default_value = "")]
    terminal_language: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Lang {
    En,
    Ja,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the agent: keeps the connection to the gateway and answers questions.
    Run(ConfigFile),
    /// Makes a snapshot of the hospital's records (OMOP CDM, SS-MIX2, FHIR, DPC, own tables) and makes it the current one.
    Ingest(Box<ingest::Args>),
    /// Copies records from a server (PostgreSQL, FHIR bulk export) into a folder for `ingest`.
    #[command(subcommand)]
    Pull(pull::Command),
    /// Checks and shows the node's own log of questions.
    #[command(subcommand)]
    Audit(audit::Command),
    /// What left this hospital: shows it, exports it, recovers the ledger. Never persons.
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// Shows which cells of a statement would leave, which are held, and by which rule. Nothing leaves; it is recorded.
    Preview(preview::Args),
    /// The statements that this hospital registered with `preview --register`: lists them, ends a registration.
    #[command(subcommand)]
    Statements(statements::Command),
    /// Shows what came into a snapshot, as text, JSON or a page for the browser.
    Report(report::Args),
    /// From codes to concepts: what is not mapped yet, and what a new map would change.
    #[command(subcommand)]
    Map(map::Command),
    /// Mapping files for tables of the hospital's own: a sample, and a check.
    #[command(subcommand)]
    Mapping(mapping::Command),
    /// Lists, verifies, switches and prunes snapshots.
    #[command(subcommand)]
    Snapshots(snapshots::Command),
    /// Checks the configuration, or prints a commented sample.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// A process that executes questions, which the agent starts.
    #[command(hide = true)]
    Worker,
}

/// The configuration file.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ConfigFile {
    /// Configuration file; `renkei-node config sample` prints one.
    #[arg(long, short, default_value = "/etc/renkei/node.toml", env = "RENKEI_NODE_CONFIG")]
    config: PathBuf,
}

/// Where the snapshots are.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Place {
    #[command(flatten)]
    file: ConfigFile,
    /// State folder, instead of the configuration's.
    #[arg(long)]
    state_dir: Option<PathBuf>,
}

impl Place {
    fn dir(&self) -> anyhow::Result<PathBuf> {
        match &self.state_dir {
            Some(dir) => Ok(dir.clone()),
            None => Ok(load(&self.file.config)?.state_dir),
        }
    }

    fn store(&self) -> anyhow::Result<Store> {
        Ok(Store::open(self.dir()?, Arc::new(SystemClock))?)
    }
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Reads the file, reports every mistake, touches neither network nor data.
    Check(ConfigFile),
    /// Prints a commented sample with every key.
    Sample,
}

/// Runs the program and returns its exit status: 0 done, 1 failed, 2 wrong usage or configuration, 6 a check failed.
#[must_use]
pub fn main_from(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    main_within(args, &Program::own(Vec::new()))
}

/// The same within a program that holds others too: `itself` is how the node starts itself again, as a worker.
#[must_use]
pub fn main_within(args: impl IntoIterator<Item = OsString>, itself: &Program) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    // Before anything else: it logs nothing.
    if matches!(cli.command, Command::Worker) {
        return worker::main();
    }
    match run(cli, itself) {
        Ok(status) => status,
        Err(error) => {
            let usage = error.downcast_ref::<renkei_service::config::ConfigError>().is_some();
            let _ = writeln!(io::stderr(), "renkei-node: {}", renkei_service::chain(error.as_ref()));
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}

fn run(cli: Cli, itself: &Program) -> anyhow::Result<ExitCode> {
    let execution = Execution::Workers(itself.clone());
    telemetry::init(&cli.log, cli.log_format.parse::<Format>()?)?;
    let language = language(cli.lang, &cli.terminal_language);
    match cli.command {
        Command::Run(file) => serve(&load(&file.config)?, &execution),
        Command::Ingest(args) => ingest::run(&args, language),
        Command::Pull(command) => pull::run(&command),
        Command::Audit(command) => audit::run(&command, language),
        Command::Ledger(command) => ledger::run(&command, language),
        Command::Preview(args) => preview::run(&args, &execution, language),
        Command::Statements(command) => statements::run(&command, language),
        Command::Report(args) => report::run(&args, language),
        Command::Map(command) => map::run(&command, language),
        Command::Mapping(command) => mapping::run(&command),
        Command::Snapshots(command) => snapshots::run(&command),
        Command::Config(ConfigCommand::Check(file)) => check(&file.config),
        Command::Config(ConfigCommand::Sample) => {
            print(config::SAMPLE)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Worker => Ok(worker::main()),
    }
}

fn language(asked: Option<Lang>, terminal: &str) -> Language {
    match asked {
        Some(Lang::Ja) => Language::Japanese,
        Some(Lang::En) => Language::English,
        None if terminal.starts_with("ja") => Language::Japanese,
        None => Language::English,
    }
}

fn load(path: &Path) -> anyhow::Result<Config> {
    Ok(Config::load(path)?)
}

/// Writes to standard output; a reader that has gone away is not an error.
fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn check(path: &Path) -> anyhow::Result<ExitCode> {
    let config = load(path)?;
    print(&format!(
        "{}: in order; minimum {} persons, {} project{}\n",
        path.display(),
        config.policy.minimum_persons,
        config.projects.len(),
        if config.projects.len() == 1 { "" } else { "s" }
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn serve(config: &Config, execution: &Execution) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let shutdown = renkei_service::shutdown::on_signal()?;
        let node = Node::new(config, execution, Arc::new(SystemClock)).await?;
        node.run(shutdown).await;
        Ok(ExitCode::SUCCESS)
    })
}
