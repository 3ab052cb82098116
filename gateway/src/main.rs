//! renkei-gateway, the federating gateway.

use std::process::ExitCode;

fn main() -> ExitCode {
    renkei_gateway::cli::main_from(std::env::args_os())
}
