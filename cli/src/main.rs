//! The `renkei` program; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    renkei::main_from(std::env::args_os())
}
