//! The program `renkei-node`.

use std::process::ExitCode;

fn main() -> ExitCode {
    renkei_node::cli::main_from(std::env::args_os())
}
