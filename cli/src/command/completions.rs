//! `renkei completions`: scripts for the shells.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell as Script;

use crate::args::{Cli, Shell};
use crate::exit::Exit;
use crate::failure::Failure;

/// Prints the script.
pub fn run(shell: Shell) -> Result<Exit, Failure> {
    let script = match shell {
        Shell::Bash => Script::Bash,
        Shell::Zsh => Script::Zsh,
        Shell::Fish => Script::Fish,
    };
    // The generator panics where it cannot write, so it writes to memory.
    let mut text = Vec::new();
    clap_complete::generate(script, &mut Cli::command(), "renkei", &mut text);
    match io::stdout().lock().write_all(&text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::io("stdout", error)),
        _ => Ok(Exit::Ok),
    }
}
