//! The configuration file.
//!
//! Projects stand in it until approvals replace them; sites and tokens are the coordinator's lists. Unknown keys are
//! mistakes, and all mistakes are reported together.

mod check;
mod token;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use renkei_service::config::{self, ConfigError};
use renkei_service::{Target, signed_log, telemetry};
use renkei_types::{PersonId, ProjectId, SiteId};
use serde::Deserialize;

use crate::duration;

pub use token::TokenHash;

/// A commented configuration to start from.
pub const SAMPLE: &str = include_str!("../config.sample.toml");

/// Everything that the gateway is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of the signed log and other state, owned by the service user; a relative path starts at the
    /// configuration's folder.
    pub state_dir: PathBuf,
    /// The signed log.
    #[serde(default)]
    pub audit: signed_log::Settings,
    /// Where nodes and clients connect.
    pub listen: SocketAddr,
    /// The gateway's credentials.
    pub tls: Tls,
    /// The gateway's own vocabulary; without one, concepts are looked up inside each hospital alone.
    #[serde(default)]
    pub vocabulary: Option<Vocabulary>,
    /// Limits of questions.
    #[serde(default)]
    pub limits: Limits,
    /// Logging.
    #[serde(default)]
    pub log: Log,
    /// The hospitals that take part.
    #[serde(default)]
    pub sites: Vec<Site>,
    /// Under what questions may be asked.
    #[serde(default)]
    pub projects: Vec<Project>,
    /// Where people work, for the log.
    #[serde(default)]
    pub people: Vec<Person>,
    /// Bearer tokens of people without a client certificate.
    #[serde(default)]
    pub tokens: Vec<Token>,
    /// Who may read the logs that the gateway keeps, and nothing else.
    #[serde(default)]
    pub auditors: BTreeSet<PersonId>,
}

/// Files of the gateway's credentials; relative paths start at the configuration's folder.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The consortium's authority.
    pub ca: PathBuf,
    /// The gateway's certificate.
    pub certificate: PathBuf,
    /// The gateway's private key.
    pub key: PathBuf,
}

/// Where the gateway's own vocabulary is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vocabulary {
    /// Folder that `renkei-gateway vocabulary import` fills; a relative path starts at the configuration's folder.
    pub folder: PathBuf,
}

/// Limits of questions and of what they may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Time for the sites to answer where the caller asks for none.
    #[serde(deserialize_with = "duration::deserialize")]
    pub deadline: Duration,
    /// The longest time that a caller may ask for.
    #[serde(deserialize_with = "duration::deserialize")]
    pub max_deadline: Duration,
    /// Questions of one person at a time.
    pub queries_per_person: usize,
    /// Questions of everybody at a time.
    pub queries: usize,
    /// Prepared statements and tickets of one person.
    pub handles_per_person: usize,
    /// How long a prepared statement or ticket lives without being used.
    #[serde(deserialize_with = "duration::deserialize")]
    pub handle_lifetime: Duration,
    /// How long a question goes on, and its answer waits, without being polled or fetched.
    #[serde(deserialize_with = "duration::deserialize")]
    pub answer_lifetime: Duration,
    /// Memory of all merges together, in MiB.
    pub memory_mib: usize,
    /// Cells of one site in one answer, in MiB.
    pub site_answer_mib: usize,
    /// Rows of one answer, in MiB; beyond 32 MiB they are put on the disk until all are there.
    pub answer_mib: usize,
    /// Time for running questions to end after a signal.
    #[serde(deserialize_with = "duration::deserialize")]
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(60),
            max_deadline: Duration::from_secs(600),
            queries_per_person: 8,
            queries: 64,
            handles_per_person: 256,
            handle_lifetime: Duration::from_secs(3_600),
            answer_lifetime: Duration::from_secs(600),
            memory_mib: 512,
            site_answer_mib: 64,
            answer_mib: 2_048,
            drain: Duration::from_secs(20),
        }
    }
}

/// Logging.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// A level, or `target=level` pairs.
    pub filter: String,
    /// How lines look.
    pub format: telemetry::Format,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: telemetry::DEFAULT_FILTER.to_owned(), format: telemetry::Format::Text }
    }
}

/// A hospital.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// As in the certificate of its node.
    pub id: SiteId,
    /// For people.
    #[serde(default)]
    pub name: String,
    /// Where the site listens, if it does not dial.
    #[serde(default)]
    pub dial: Option<Target>,
}

/// A project.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// As callers name it.
    pub id: ProjectId,
    /// For people.
    #[serde(default)]
    pub title: String,
    /// Who may ask.
    pub members: Vec<PersonId>,
    /// Whom they may ask.
    pub sites: Vec<SiteId>,
    /// The number of the ethics committee's approval, for the log.
    #[serde(default)]
    pub ethics: Option<String>,
    /// For what it was approved, for the log.
    #[serde(default)]
    pub purpose: Option<String>,
    /// What they may ask about.
    #[serde(default)]
    pub tables: Tables,
    /// Fewest persons per cell that the project accepts; a site may demand more, and one that applies less is left out.
    #[serde(default = "default_minimum")]
    pub minimum_persons: u32,
}

fn default_minimum() -> u32 {
    10
}

/// CDM tables that a project may read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "TablesText")]
pub enum Tables {
    /// Every table of the catalogue.
    #[default]
    All,
    /// These.
    Only(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "write \"all\" or a list of tables")]
enum TablesText {
    Word(AllWord),
    List(Vec<String>),
}

#[derive(Deserialize)]
enum AllWord {
    #[serde(rename = "all")]
    All,
}

impl From<TablesText> for Tables {
    fn from(text: TablesText) -> Self {
        match text {
            TablesText::Word(AllWord::All) => Self::All,
            TablesText::List(list) => Self::Only(list),
        }
    }
}

/// What the log says of a person beside the id.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// As in the certificate or the token.
    pub id: PersonId,
    /// Where they work.
    pub institution: String,
}

/// A bearer token, known by its hash alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// SHA-256 of the token, in hexadecimal.
    pub sha256: TokenHash,
    /// Whom it identifies.
    pub person: PersonId,
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`ConfigError`] with every mistake.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = config::load(path)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        config.state_dir = folder.join(&config.state_dir);
        let Tls { ca, certificate, key } = &mut config.tls;
        for file in [ca, certificate, key] {
            *file = folder.join(&*file);
        }
        if let Some(vocabulary) = &mut config.vocabulary {
            vocabulary.folder = folder.join(&vocabulary.folder);
        }
        Ok(config)
    }
}
