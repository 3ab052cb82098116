//! The demonstration: a consortium of three simulated hospitals on one machine, in one command.
//!
//! Everything is real but the patients: a development authority, three source formats, three ingests, three node agents
//! and a gateway in processes of their own, mutual TLS over loopback, and the `renkei` command asking. Each answer is
//! compared with one that is counted directly on the simulated patients, with the minimum of persons applied by hand.
//!
//! The binary holds the three programs as well and starts itself under their names, so that `cargo run` needs nothing
//! else to be built: `renkei-demo renkei-node …`, `renkei-demo renkei-gateway …`, `renkei-demo renkei …`.

mod expected;
mod processes;
mod questions;
mod stage;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use renkei_node::worker::Program;

use crate::processes::Consortium;
use crate::stage::Stage;

/// Makes a consortium of three simulated hospitals, asks a handful of questions, and stays up until Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "renkei-demo", version)]
struct Cli {
    /// Ask the questions, check the answers and stop; exit status 0 only if every answer was right.
    #[arg(long)]
    once: bool,
    /// Folder for certificates, sources, snapshots and logs; a temporary one by default.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Port of the gateway on this machine; with --once a free one is chosen.
    #[arg(long)]
    port: Option<u16>,
    /// Patients of each hospital.
    #[arg(long, default_value_t = 3_000)]
    patients: u32,
    /// Seed of the simulation.
    #[arg(long, default_value_t = 20_251_001)]
    seed: u64,
}

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let program = args.get(1).and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let rest = args.iter().skip(1).cloned().collect::<Vec<_>>();
    match program.as_str() {
        "renkei-node" => renkei_node::cli::main_within(rest, &Program::own(vec!["renkei-node".into()])),
        "renkei-gateway" => renkei_gateway::cli::main_from(rest),
        "renkei" => renkei::main_from(rest.into_iter()),
        _ => demonstrate(Cli::parse()),
    }
}

fn demonstrate(cli: Cli) -> ExitCode {
    match run(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "renkei-demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Says something to the person who watches.
pub(crate) fn say(text: impl AsRef<str>) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{}", text.as_ref()).and_then(|()| out.flush());
}

fn run(cli: &Cli) -> anyhow::Result<bool> {
    let stage = Stage::prepare(cli)?;
    let mut consortium = Consortium::start(&stage)?;
    consortium.wait_connected()?;
    let wrong = questions::ask_all(&consortium, &stage)?;
    if cli.once {
        say(if wrong == 0 { "\nEvery answer was right." } else { "\nSome answers were WRONG." });
        return Ok(wrong == 0);
    }
    say(consortium.invitation(&stage));
    consortium.stay()?;
    Ok(wrong == 0)
}
