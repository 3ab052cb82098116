//! Benchmarks of the whole path: ratios within one run, since machines are noisy.
//!
//! `cargo run --release -p renkei-bench -- federation` makes three sites of many measurements, ingests them, starts
//! three nodes and a gateway as processes, and asks the same statements of the gateway and of one DataFusion session
//! over the union of the same files with the same total of threads. Runs alternate, medians and their ratio are printed.
//! With `--postgres 3` the same rows are asked through postgres_fdw too, which takes minutes to load.
//!
//! `cargo run --release -p renkei-bench -- guard` asks one site guarded, and the same SQL of a bare session.

mod client;
mod data;
mod federation;
mod guard;
mod postgres;
mod processes;
mod report;
mod single;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use renkei_node::worker::Program;

/// Benchmarks of Renkei: medians and ratios within one run.
#[derive(Debug, Parser)]
#[command(name = "renkei-bench", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Three nodes and a gateway against one DataFusion session over the union.
    Federation(Federation),
    /// One node with its guard against the same SQL in a bare session on the same snapshot and threads.
    Guard(Guard),
}

/// What is measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Federation {
    /// Measurement rows of each site.
    #[arg(long, default_value_t = 10_000_000)]
    rows: u64,
    /// Folder for data and snapshots; kept, and used again when it is there.
    #[arg(long, default_value = "target/bench")]
    dir: PathBuf,
    /// Runs of each statement on each side, after one that is not counted.
    #[arg(long, default_value_t = 7)]
    runs: usize,
    /// Threads of each node; the single session gets three times as many.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Compare with postgres_fdw over three PostgreSQL servers too (pg_config on the PATH), with this many runs.
    #[arg(long, default_value_t = 0, value_name = "RUNS")]
    postgres: usize,
}

/// What is measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Guard {
    /// Measurement rows of the site.
    #[arg(long, default_value_t = 10_000_000)]
    rows: u64,
    /// Measurements of each person.
    #[arg(long, default_value_t = 10)]
    per_person: u64,
    /// Folder for data and snapshot; kept, and used again when it is there.
    #[arg(long, default_value = "target/bench")]
    dir: PathBuf,
    /// Runs of each statement on each side, after one that is not counted.
    #[arg(long, default_value_t = 7)]
    runs: usize,
    /// Threads of the node, and of the bare session.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let rest = || args.iter().skip(1).cloned().collect::<Vec<_>>();
    match args.get(1).and_then(|name| name.to_str()) {
        Some("renkei-node") => {
            return renkei_node::cli::main_within(rest(), &Program::own(vec!["renkei-node".into()]));
        }
        Some("renkei-gateway") => return renkei_gateway::cli::main_from(rest()),
        _ => {}
    }
    let done = match Cli::parse().command {
        Command::Federation(options) => federation::run(&options),
        Command::Guard(options) => guard::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "renkei-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a line of the report.
pub(crate) fn say(text: impl AsRef<str>) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{}", text.as_ref()).and_then(|()| out.flush());
}
