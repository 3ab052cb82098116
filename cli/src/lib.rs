//! renkei, the researcher's and coordinator's command.
//!
//! What must stay true:
//! - Standard output carries data and nothing else; every human word, progress and status goes to standard error, so
//!   that `renkei query … | tool` is always safe.
//! - The exit status says how the question ended, by one function and one table ([`exit`]). An answer without some of
//!   its hospitals is never status 0.
//! - Nothing is left out in silence: a table that stops early, a held cell, a site that is missing are each said.
//! - What a peer sends is shown with its control characters escaped, so that no answer can drive the terminal.
//! - Interrupting drops the stream, which cancels the work in the hospitals. A second interrupt is not needed: even a
//!   writer that is blocked on a full pipe does not hold the program.
//! - Every sentence about status or trouble exists in English and Japanese, side by side in the source (`say!`).
//!
//! Layout: [`args`] is the command line, `settings` merges flags, environment and file, `connect` and `client` talk
//! Flight SQL over mutual TLS, `output` writes the five formats, `receipts` keeps what the logs promise of each
//! answer, `status` and `failure` speak to the person, and `command` has one file for each command. Files given with `-o` are written beside their place and renamed when they
//! are whole; a crash leaves the earlier file untouched.
//!
//! Rejected: the Flight SQL client of the library (it panics on an empty answer and hides the answer's metadata);
//! reconnecting (a question that was lost must not be asked twice behind the asker's back); a pager (the shell has
//! one).

#[macro_use]
mod lang;

mod address;
mod answer;
pub mod args;
mod audit;
mod caret;
mod client;
mod command;
mod connect;
mod console;
pub mod exit;
mod failure;
mod grid;
mod output;
mod param;
mod polling;
mod progress;
mod receipts;
mod settings;
mod status;
mod trouble;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches};

use crate::args::Cli;
use crate::console::Console;
use crate::exit::Exit;

/// How long an interrupted question has to tell the gateway and to remove a half-written file.
const WIND_DOWN: Duration = Duration::from_millis(500);

/// Runs the command with `args`, the program's name first. Blocks; from asynchronous code, call it on a blocking thread.
pub fn main_from(args: impl Iterator<Item = OsString>) -> ExitCode {
    ExitCode::from(run(args).status())
}

/// Runs the command and says how it ended.
pub fn run(args: impl Iterator<Item = OsString>) -> Exit {
    let parsed = Cli::command().try_get_matches_from(args).and_then(|matches| {
        let cli = Cli::from_arg_matches(&matches)?;
        Ok((cli, matches))
    });
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error),
    };
    let console = Console::new(&cli);
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return console.fail(&failure::Failure::io("", error)),
    };
    let exit = runtime.block_on(until_interrupted(cli, matches, console));
    runtime.shutdown_background();
    exit
}

/// Help and version are answers on standard output; everything else is a mistake.
fn usage(error: &clap::Error) -> Exit {
    let wanted = !error.use_stderr();
    match error.print() {
        Ok(()) if wanted => Exit::Ok,
        Err(_) if wanted => Exit::Ok,
        _ => Exit::Usage,
    }
}

/// Ctrl-C, or the end that a terminal or a supervisor sends.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (end, hang_up) = (signal(SignalKind::terminate()), signal(SignalKind::hangup()));
        if let (Ok(mut end), Ok(mut hang_up)) = (end, hang_up) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = end.recv() => {}
                _ = hang_up.recv() => {}
            }
            return;
        }
    }
    drop(tokio::signal::ctrl_c().await);
}

async fn until_interrupted(cli: Cli, matches: clap::ArgMatches, console: Console) -> Exit {
    let running = polling::Running::default();
    let mut work = tokio::spawn(command::run(cli, matches, console, running.clone()));
    tokio::select! {
        ended = &mut work => match ended {
            Ok(exit) => exit,
            Err(_) => console.fail(&failure::Failure::Internal),
        },
        () = interrupted() => {
            work.abort();
            let _ended = tokio::time::timeout(WIND_DOWN, work).await;
            let _cancelled = tokio::time::timeout(WIND_DOWN, running.cancel()).await;
            console.fail(&failure::Failure::Interrupted)
        }
    }
}
