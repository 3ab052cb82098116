//! Runs the program in a folder of its own, without the tester's environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::server::Server;

/// A folder with a development authority in `pki`, made by the program itself.
pub struct Desk {
    folder: TempDir,
}

/// What a run left.
#[derive(Debug)]
pub struct Ran {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Desk {
    pub fn new() -> Self {
        let desk = Self { folder: TempDir::new().unwrap() };
        let ran = desk.run(&["dev-ca", "--out", "pki", "--consortium", "c", "--site", "tokyo", "--person", "taro"]);
        assert_eq!(ran.status, 0, "{ran:?}");
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn pki(&self) -> PathBuf {
        self.path("pki")
    }

    /// The program with nothing but what is given here.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_renkei"));
        command.args(args).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.env("HOME", self.folder.path());
        command
    }

    /// The same, as taro at `server`.
    pub fn asking(&self, server: &Server, args: &[&str]) -> Command {
        let mut command = self.command(args);
        command.env("RENKEI_GATEWAY", format!("localhost:{}", server.port()));
        command.env("RENKEI_CA", "pki/ca.pem").env("RENKEI_CERT", "pki/people/taro.pem");
        command.env("RENKEI_KEY", "pki/people/taro.key").env("RENKEI_PROJECT", "p-1");
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        ran(self.command(args).output().unwrap())
    }

    pub fn ask(&self, server: &Server, args: &[&str]) -> Ran {
        ran(self.asking(server, args).output().unwrap())
    }
}

pub fn ran(output: Output) -> Ran {
    Ran {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub fn exists(path: &Path) -> bool {
    path.try_exists().unwrap()
}
