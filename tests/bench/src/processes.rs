//! The consortium under measurement: this binary under the programs' names.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::ensure;
use renkei_pki::{DevSpec, dev_ca};
use renkei_types::{Clock, ConsortiumId, PersonId, SiteId, SystemClock};

/// Sites, in order.
pub(crate) const SITES: [&str; 3] = ["a", "b", "c"];
/// Project whose cells are unguarded, and project with the usual minimum.
pub(crate) const OPEN: &str = "open";
/// See [`OPEN`].
pub(crate) const GUARDED: &str = "guarded";

/// Running programs; dropping it stops them.
#[derive(Debug)]
pub(crate) struct Consortium {
    children: Vec<(String, Child)>,
    pub(crate) port: u16,
    pub(crate) pki: PathBuf,
}

fn program(name: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(name);
    Ok(command)
}

/// Ingests a source folder as a synthetic snapshot and returns the report.
pub(crate) fn ingest(dir: &Path, site: &str, source: &Path) -> anyhow::Result<()> {
    let mut command = program("renkei-node")?;
    command.args(["ingest", "--seal", "synthetic", "--log", "warn", "--keep", "1", "--state-dir"]);
    let status = command.arg(dir.join("state").join(site)).arg(source).stdout(Stdio::null()).status()?;
    ensure!(status.success(), "ingest failed");
    Ok(())
}

impl Consortium {
    /// Starts a gateway and a node for each site, each with so many threads.
    pub(crate) fn start(dir: &Path, sites: &[&str], threads: usize) -> anyhow::Result<Self> {
        let pki = dir.join("pki");
        let spec = DevSpec {
            sites: sites.iter().copied().map(SiteId::new).collect::<Result<_, _>>()?,
            people: vec![PersonId::new("taro")?],
            ..DevSpec::new(ConsortiumId::new("bench")?)
        };
        dev_ca(&spec, &pki, SystemClock.now())?;
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        fs::write(dir.join("gateway.toml"), gateway(sites, port))?;
        let mut consortium = Self { children: Vec::new(), port, pki };
        let mut run = |name: String, config: PathBuf, kind: &str| -> anyhow::Result<()> {
            let log = File::create(dir.join(format!("{name}.log")))?;
            let mut command = program(kind)?;
            command.args(["run", "--config"]).arg(config).stdout(log.try_clone()?).stderr(log);
            consortium.children.push((name, command.spawn()?));
            Ok(())
        };
        run("gateway".into(), dir.join("gateway.toml"), "renkei-gateway")?;
        for &site in sites {
            let config = dir.join(format!("{site}.toml"));
            fs::write(&config, node(site, port, threads))?;
            run(format!("node {site}"), config, "renkei-node")?;
        }
        Ok(consortium)
    }

    /// Resident memory of each program, MiB.
    pub(crate) fn resident(&self) -> Vec<(String, u64)> {
        self.memory("VmRSS:")
    }

    /// The most that was ever resident of each program, MiB.
    pub(crate) fn peak(&self) -> Vec<(String, u64)> {
        self.memory("VmHWM:")
    }

    fn memory(&self, field: &str) -> Vec<(String, u64)> {
        let of = |child: &Child| {
            let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
            line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
        };
        self.children.iter().map(|(name, child)| (name.clone(), of(child))).collect()
    }
}

impl Drop for Consortium {
    fn drop(&mut self) {
        for (_, child) in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn gateway(sites: &[&str], port: u16) -> String {
    let listed: String = sites.iter().map(|site| format!("[[sites]]\nid = \"{site}\"\n")).collect();
    let project = |id: &str, minimum: u32| {
        format!("[[projects]]\nid = \"{id}\"\nmembers = [\"taro\"]\nsites = {sites:?}\nminimum_persons = {minimum}\n")
    };
    format!(
        "state_dir = \"state/gateway\"\nlisten = \"127.0.0.1:{port}\"\n[tls]\nca = \"pki/ca.pem\"\ncertificate = \"pki/gateway.pem\"\n\
         key = \"pki/gateway.key\"\n{listed}{}{}",
        project(OPEN, 1),
        project(GUARDED, 10)
    )
}

fn node(site: &str, port: u16, threads: usize) -> String {
    format!(
        "state_dir = \"state/{site}\"\n[tls]\nca = \"pki/ca.pem\"\ncertificate = \"pki/sites/{site}.pem\"\n\
         key = \"pki/sites/{site}.key\"\n[gateway]\naddress = \"localhost:{port}\"\nid = \"gateway\"\n\
         [[projects]]\nid = \"{OPEN}\"\nminimum_persons = 1\n[[projects]]\nid = \"{GUARDED}\"\n\
         [engine]\nthreads = {threads}\nmemory_mib = 2048\n"
    )
}
