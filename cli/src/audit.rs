//! `renkei audit`: reads the logs of the gateway and of the hospitals, wherever their files are.
//!
//! Nothing here but [`pull`] needs a connection, and nothing writes into a log's folder. The index finds; what is shown as proof is
//! read from the log itself and checked here.

mod compare;
mod export;
mod logs;
pub mod pull;
mod report;
mod search;
mod show;
mod verify;

use std::io::{self, Write};
use std::path::PathBuf;

use crate::args::audit::AuditFiles;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;

/// Runs the command. `cache` is the folder for indexes.
///
/// # Errors
/// [`Failure`], with nothing said yet.
pub fn run(command: &AuditFiles, cache: Option<PathBuf>, console: Console) -> Result<Exit, Failure> {
    match command {
        AuditFiles::Search(args) => search::run(args, cache, console),
        AuditFiles::Show(args) => show::run(args, cache, console),
        AuditFiles::Verify(args) => verify::run(args, console),
        AuditFiles::Reconcile(args) => compare::run(args, console),
        AuditFiles::Export(args) => export::run(args, cache, console),
        AuditFiles::Report(args) => report::run(args, console),
    }
}

/// Writes to standard output; a reader that has gone away is not an error.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::Closed),
        other => other.map_err(|error| Failure::io("stdout", error)),
    }
}

fn broken(error: &dyn std::error::Error) -> Failure {
    Failure::Log(crate::trouble::chain(error))
}
