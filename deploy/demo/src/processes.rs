//! The running programs: one gateway, three nodes, each a process with a log file.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::say;
use crate::stage::{PROJECT, Stage, finish, logs, program};

/// How long the nodes have to find the gateway.
const CONNECT_LIMIT: Duration = Duration::from_secs(60);
/// How long a program has to stop.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// The programs of the demonstration. Dropping it stops them.
#[derive(Debug)]
pub(crate) struct Consortium {
    running: Vec<(String, Child)>,
    pki: PathBuf,
    port: u16,
    sites: usize,
}

impl Consortium {
    pub(crate) fn start(stage: &Stage) -> anyhow::Result<Self> {
        say("3. A gateway and three node agents, in processes of their own, over mutual TLS");
        let logs = logs(&stage.dir);
        fs::create_dir_all(&logs)?;
        let mut consortium =
            Self { running: Vec::new(), pki: stage.pki(), port: stage.port, sites: stage.sites().count() };
        let mut start = |name: String, mut command: Command| -> anyhow::Result<()> {
            let log = File::create(logs.join(format!("{name}.log")))?;
            let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
            consortium.running.push((name, child));
            Ok(())
        };
        let mut gateway = program("renkei-gateway")?;
        gateway.args(["run", "--config"]).arg(stage.gateway_config());
        start("gateway".to_owned(), gateway)?;
        for site in stage.sites() {
            let mut node = program("renkei-node")?;
            node.args(["run", "--config"]).arg(stage.node_config(site));
            start(format!("node-{site}"), node)?;
        }
        Ok(consortium)
    }

    /// The `renkei` command as the researcher would call it.
    pub(crate) fn renkei(&self) -> anyhow::Result<Command> {
        let mut command = program("renkei")?;
        command.args(["--gateway", &format!("localhost:{}", self.port), "--project", PROJECT, "--lang", "en"]);
        for (flag, file) in [("--ca", "ca.pem"), ("--cert", "people/taro.pem"), ("--key", "people/taro.key")] {
            command.arg(flag).arg(self.pki.join(file));
        }
        Ok(command)
    }

    pub(crate) fn wait_connected(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            self.check_alive()?;
            let mut command = self.renkei()?;
            command.args(["query", "--quiet", "--output", "json", "SELECT * FROM renkei.sites"]);
            let connected = match finish(&mut command, "asking for the sites") {
                Ok(lines) => String::from_utf8_lossy(&lines).matches("\"connected\"").count(),
                Err(error) if started.elapsed() > CONNECT_LIMIT => return Err(error),
                Err(_) => 0,
            };
            if connected == self.sites {
                return Ok(());
            }
            if started.elapsed() > CONNECT_LIMIT {
                bail!("{connected} of {} nodes are connected after {CONNECT_LIMIT:?}; the logs tell why", self.sites);
            }
            sleep(Duration::from_millis(300));
        }
    }

    fn check_alive(&mut self) -> anyhow::Result<()> {
        for (name, child) in &mut self.running {
            if let Some(status) = child.try_wait()? {
                bail!("{name} ended with {status}; its log tells why (is the port in use?)");
            }
        }
        Ok(())
    }

    /// How to connect to the running consortium.
    pub(crate) fn invitation(&self, stage: &Stage) -> String {
        let (pki, port) = (self.pki.display(), self.port);
        format!(
            r#"
The consortium is up until Ctrl-C. Ask it yourself:

  export RENKEI_GATEWAY=localhost:{port} RENKEI_CA={pki}/ca.pem \
         RENKEI_CERT={pki}/people/taro.pem RENKEI_KEY={pki}/people/taro.key
  cargo run --release -p renkei -- sites
  cargo run --release -p renkei -- query "SELECT site_id, count(*) AS persons FROM person GROUP BY site_id"
  cargo run --release -p renkei -- explain "SELECT avg(year_of_birth) FROM person"

From Python (pip install adbc-driver-flightsql pyarrow pandas):

  from pathlib import Path
  import adbc_driver_flightsql.dbapi as flightsql
  from adbc_driver_flightsql import DatabaseOptions as Option
  pki = Path("{pki}")
  connection = flightsql.connect("flightsql://localhost:{port}?transport=tls", db_kwargs={{
      Option.TLS_ROOT_CERTS.value: (pki / "ca.pem").read_text(),
      Option.MTLS_CERT_CHAIN.value: (pki / "people/taro.pem").read_text(),
      Option.MTLS_PRIVATE_KEY.value: (pki / "people/taro.key").read_text(),
  }})
  with connection.cursor() as cursor:
      cursor.execute("SELECT gender_concept_id, count(*) AS persons FROM person GROUP BY 1")
      print(cursor.fetch_df())

Logs: {logs}"#,
            logs = logs(&stage.dir).display()
        )
    }

    /// Waits for Ctrl-C, or for a program that should not have ended.
    pub(crate) fn stay(&mut self) -> anyhow::Result<()> {
        // Ctrl-C reaches the whole group: the programs drain by themselves, and their end is the sign.
        loop {
            for (name, child) in &mut self.running {
                if let Some(status) = child.try_wait().context("a program cannot be watched")? {
                    say(format!("{name} ended ({status}); stopping"));
                    return Ok(());
                }
            }
            sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for Consortium {
    fn drop(&mut self) {
        // Nodes first: a gateway that goes first would only make them dial again.
        for (_, child) in self.running.iter().rev() {
            if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::TERM);
            }
        }
        let started = Instant::now();
        for (_, child) in &mut self.running {
            while matches!(child.try_wait(), Ok(None)) {
                if started.elapsed() > STOP_LIMIT {
                    let _ = child.kill();
                }
                sleep(Duration::from_millis(50));
            }
        }
    }
}
