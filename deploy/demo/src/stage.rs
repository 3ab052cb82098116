//! What has to be there before anything runs: folder, certificates, sources, configurations, snapshots.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use renkei_sim_hospital::{Format, Hospital, Spec, write, write_concept_map};
use tempfile::TempDir;

use crate::{Cli, say};

/// Port of the gateway unless another is asked for.
const PORT: u16 = 7443;
/// The one project of the demonstration.
pub(crate) const PROJECT: &str = "demo";
/// Minimum of persons, as every node is configured.
pub(crate) const MINIMUM: usize = 10;

/// A prepared consortium.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) dir: PathBuf,
    pub(crate) port: u16,
    pub(crate) hospitals: Vec<Hospital>,
    _temporary: Option<TempDir>,
}

impl Stage {
    pub(crate) fn prepare(cli: &Cli) -> anyhow::Result<Self> {
        let (dir, temporary) = match &cli.dir {
            Some(dir) => (std::path::absolute(dir)?, None),
            None => {
                let temporary = tempfile::Builder::new().prefix("renkei-demo-").tempdir()?;
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        fs::create_dir_all(&dir).with_context(|| format!("`{}` cannot be made", dir.display()))?;
        say(format!("Renkei demonstration in {}", dir.display()));
        let port = match (cli.port, cli.once) {
            (Some(port), _) => port,
            (None, false) => PORT,
            (None, true) => free_port()?,
        };
        let hospitals = hospitals(cli)?;
        let stage = Self { dir, port, hospitals, _temporary: temporary };
        stage.certificates()?;
        stage.configurations()?;
        stage.snapshots()?;
        Ok(stage)
    }

    pub(crate) fn sites(&self) -> impl Iterator<Item = &str> {
        self.hospitals.iter().map(|hospital| hospital.spec.site.as_str())
    }

    pub(crate) fn pki(&self) -> PathBuf {
        self.dir.join("pki")
    }

    pub(crate) fn node_config(&self, site: &str) -> PathBuf {
        self.dir.join(format!("node-{site}.toml"))
    }

    pub(crate) fn gateway_config(&self) -> PathBuf {
        self.dir.join("gateway.toml")
    }

    fn certificates(&self) -> anyhow::Result<()> {
        say("1. An authority with certificates for the gateway, the sites and one researcher");
        let mut command = program("renkei")?;
        command.args(["dev-ca", "--quiet", "--consortium", "demo", "--person", "taro", "--out"]).arg(self.pki());
        for site in self.sites() {
            command.args(["--site", site]);
        }
        finish(&mut command, "making certificates").map(drop)
    }

    fn configurations(&self) -> anyhow::Result<()> {
        let sites: Vec<String> = self.sites().map(|site| format!("\"{site}\"")).collect();
        let tables: String = self.sites().map(|site| format!("[[sites]]\nid = \"{site}\"\n\n")).collect();
        let gateway = format!(
            "state_dir = \"state/gateway\"\nlisten = \"127.0.0.1:{port}\"\n\n[tls]\nca = \"pki/ca.pem\"\ncertificate = \"pki/gateway.pem\"\n\
             key = \"pki/gateway.key\"\n\n{tables}[[projects]]\nid = \"{PROJECT}\"\ntitle = \"Demonstration\"\n\
             members = [\"taro\"]\nsites = [{sites}]\ntables = \"all\"\nminimum_persons = {MINIMUM}\n",
            port = self.port,
            sites = sites.join(", "),
        );
        fs::write(self.gateway_config(), gateway)?;
        for site in self.sites() {
            let node = format!(
                "state_dir = \"state/{site}\"\n\n[tls]\nca = \"pki/ca.pem\"\ncertificate = \"pki/sites/{site}.pem\"\n\
                 key = \"pki/sites/{site}.key\"\n\n[gateway]\naddress = \"localhost:{port}\"\nid = \"gateway\"\n\n\
                 [policy]\nminimum_persons = {MINIMUM}\npublish_codes = true\n\n[[projects]]\nid = \"{PROJECT}\"\ntables = \"all\"\n\n\
                 [engine]\nthreads = 1\n",
                port = self.port,
            );
            fs::write(self.node_config(site), node)?;
        }
        Ok(())
    }

    /// The vocabulary and the map from codes to concepts, which a hospital would download and write itself.
    fn vocabulary(&self) -> anyhow::Result<(PathBuf, PathBuf)> {
        let (folder, map) = (self.dir.join("sources/vocabulary"), self.dir.join("sources/map.csv"));
        let all = tempfile::tempdir()?;
        let one = Hospital::generate(&Spec { patients: 1, ..Spec::demo(0)[0].clone() })?;
        write(&one, Format::TsvV53, all.path())?;
        fs::create_dir_all(&folder)?;
        for name in VOCABULARY {
            let from = all.path().join(name);
            if from.exists() {
                fs::copy(&from, folder.join(name))?;
            }
        }
        write_concept_map(&map)?;
        Ok((folder, map))
    }

    fn snapshots(&self) -> anyhow::Result<()> {
        say("2. Three hospitals, each with its own source format, ingested into OMOP CDM v5.4 snapshots");
        let (vocabulary, map) = self.vocabulary()?;
        let formats = [
            (Format::SsMix2 { history: true }, "SS-MIX2 standardized storage"),
            (Format::FhirNdjson { gzip: true }, "FHIR R4 with JP Core, NDJSON"),
            (Format::TsvV53, "OMOP CDM v5.3, tab separated, vocabulary as Athena delivers it"),
        ];
        for (hospital, (format, what)) in self.hospitals.iter().zip(formats) {
            let site = &hospital.spec.site;
            let source = self.dir.join("sources").join(site);
            say(format!("   {site:8} writes the records of {} patients: {what}", hospital.patients.len()));
            write(hospital, format, &source)?;
            let mut command = program("renkei-node")?;
            command.args(["ingest", "--seal", "synthetic", "--json", "--log", "warn", "--config"]);
            command.arg(self.node_config(site)).arg(&source);
            if format != Format::TsvV53 {
                command.arg(&vocabulary).arg("--map").arg(&map);
            }
            let report: serde_json::Value = serde_json::from_slice(&finish(&mut command, "ingesting")?)?;
            let rows = |key: &str| -> u64 {
                let tables = report.get("tables").and_then(|tables| tables.as_array());
                tables.into_iter().flatten().filter_map(|table| table.get(key)?.as_u64()).sum()
            };
            say(format!("   {site:8} ingested: {} rows read, {} accepted", rows("read"), rows("accepted")));
        }
        Ok(())
    }
}

/// Tables of the vocabulary, as Athena names their files.
const VOCABULARY: [&str; 8] = [
    "CONCEPT.csv",
    "CONCEPT_RELATIONSHIP.csv",
    "CONCEPT_ANCESTOR.csv",
    "CONCEPT_CLASS.csv",
    "CONCEPT_SYNONYM.csv",
    "DOMAIN.csv",
    "RELATIONSHIP.csv",
    "VOCABULARY.csv",
];

fn hospitals(cli: &Cli) -> anyhow::Result<Vec<Hospital>> {
    let specs = Spec::demo(cli.seed).map(|spec| Spec { patients: cli.patients, ..spec });
    Ok(specs.iter().map(Hospital::generate).collect::<Result<_, _>>()?)
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// One of the three programs: this binary under another name.
pub(crate) fn program(name: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(name);
    Ok(command)
}

/// Runs a command to its end and returns what it printed.
pub(crate) fn finish(command: &mut Command, what: &str) -> anyhow::Result<Vec<u8>> {
    let output = command.output().with_context(|| format!("{what} could not start"))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{what} failed ({}):\n{complaint}", output.status);
    Ok(output.stdout)
}

/// The folder of log files.
pub(crate) fn logs(dir: &Path) -> PathBuf {
    dir.join("logs")
}
