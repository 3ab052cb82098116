//! The node's configuration: one commented TOML file, every mistake reported at once.

mod audit;
mod release_times;
mod sources;
mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use renkei_audit::note::VerifierKey;
use renkei_audit::tree::Hash;
use renkei_ingest::Rules;
use renkei_ingest::codes::Master;
pub use renkei_policy::{Budget, Level, Mode};
use renkei_policy::{Grant, SitePolicy, Tables};
use renkei_service::Target;
use renkei_service::config::{ConfigError, Problems, Settings};
use renkei_staging::{Limits, Source};
use renkei_types::{PersonId, ProjectId};
use serde::Deserialize;

use crate::ingest::Records;
pub use audit::Audit;
pub use release_times::ReleaseTimes;
pub use worker::Worker;

/// A commented configuration with every key, as `renkei-node config sample` prints it.
pub const SAMPLE: &str = include_str!("../config.sample.toml");

/// The node's configuration. Site and consortium are those of the certificate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of snapshots and other state, owned by the service user.
    pub state_dir: PathBuf,
    /// Certificate and key; relative paths start at the configuration's folder.
    pub tls: Tls,
    /// The gateway to dial and to trust.
    pub gateway: Gateway,
    /// The signed log.
    #[serde(default)]
    pub audit: Audit,
    /// Wait for the gateway instead of dialling it.
    pub listen: Option<Listen>,
    /// Numbers of the release.
    #[serde(default)]
    pub policy: Policy,
    /// Projects that this hospital has granted something; nobody else is answered.
    #[serde(default)]
    pub projects: Vec<Project>,
    /// What questions may use.
    #[serde(default)]
    pub engine: EngineLimits,
    /// The processes that execute them.
    #[serde(default)]
    pub worker: Worker,
    /// The hospital's records, for `renkei-node ingest`.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// Vocabularies, maps and masters of the site.
    #[serde(default)]
    pub codes: Codes,
    /// The rules of conversion that the consortium agreed on.
    #[serde(default)]
    pub rules: Rules,
    /// List of patients who opted out.
    pub opt_out: Option<PathBuf>,
    /// SHA-256 of the file, where there was one.
    #[serde(skip)]
    pub digest: Option<Hash>,
}

/// Files of the site's identity, in PEM.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The consortium's root.
    pub ca: PathBuf,
    /// This site's certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// The gateway.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// `host:port`.
    pub address: Target,
    /// Its id, as its certificate names it.
    pub id: String,
}

/// A port that the gateway dials.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// Address and port.
    pub address: SocketAddr,
}

/// Numbers of the release.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Distinct persons that a released cell has at least.
    pub minimum_persons: u32,
    /// The highest level that is answered, whatever a project is granted.
    pub level: Level,
    /// Whether the gateway may list the codes in use here with rounded numbers of persons.
    pub publish_codes: bool,
    /// Whether answers leave on a grid of times.
    pub release_times: ReleaseTimes,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            minimum_persons: renkei_policy::DEFAULT_MINIMUM,
            level: Level::Aggregate,
            publish_codes: false,
            release_times: ReleaseTimes::default(),
        }
    }
}

/// What one project may ask here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// As the gateway names it.
    pub id: ProjectId,
    /// `"all"`, or a list of CDM tables.
    #[serde(default)]
    pub tables: GrantedTables,
    /// Who may ask; the gateway's roster where the key is left out.
    pub members: Option<BTreeSet<PersonId>>,
    /// A stricter minimum of persons; below 5 on synthetic or public snapshots only.
    pub minimum_persons: Option<u32>,
    /// How far the grant goes.
    #[serde(default = "aggregate")]
    pub level: Level,
    /// What happens to nearly the same cohort as one that was released before; the level's own way where left out.
    pub ledger: Option<Mode>,
    /// How many questions it may ask; the level's own number where left out.
    pub budget: Option<Budget>,
}

fn aggregate() -> Level {
    Level::Aggregate
}

/// CDM tables that a project may read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(untagged)]
pub enum GrantedTables {
    /// These.
    Only(BTreeSet<String>),
    /// Every table of the catalogue, written `"all"`.
    #[default]
    #[serde(with = "all")]
    All,
}

mod all {
    use serde::{Deserialize, Deserializer};

    #[derive(Deserialize)]
    enum Word {
        #[serde(rename = "all")]
        All,
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
        Word::deserialize(deserializer).map(|Word::All| ())
    }
}

/// Vocabularies, maps and masters of the site; none of them is shipped.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Codes {
    /// Folders with a vocabulary from Athena.
    pub vocabularies: Vec<PathBuf>,
    /// The site's own maps from codes to concepts; each counts before those that stand before it, and all of them before
    /// the consortium's.
    pub maps: Vec<PathBuf>,
    /// Public keys of the coordinators whose maps this hospital takes.
    pub keys: Vec<MapKey>,
    /// The consortium's maps, each with its signed note beside it.
    pub signed_maps: Vec<PathBuf>,
    /// Masters of diseases and drugs.
    pub masters: Vec<Master>,
}

impl Codes {
    fn files_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let masters = self.masters.iter_mut().map(|master| &mut master.file);
        self.vocabularies.iter_mut().chain(&mut self.maps).chain(&mut self.signed_maps).chain(masters)
    }
}

/// A coordinator's public key, as `renkei map key` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct MapKey(pub VerifierKey);

impl TryFrom<String> for MapKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let wrong = "is no public key: write the line that `renkei map key` printed for the coordinator, `name+id+key`";
        VerifierKey::parse(text.trim()).map(Self).map_err(|_| wrong)
    }
}

/// What questions may use.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EngineLimits {
    /// Threads; 0 takes all of the machine's.
    pub threads: usize,
    /// Memory of all questions together, MiB.
    pub memory_mib: usize,
    /// Disk for what does not fit, GiB.
    pub spill_gib: u64,
    /// Questions at the same time; the next one waits within its deadline.
    pub questions: usize,
}

impl Default for EngineLimits {
    fn default() -> Self {
        Self { threads: 0, memory_mib: 1024, spill_gib: 8, questions: 4 }
    }
}

impl EngineLimits {
    /// Threads, resolved.
    #[must_use]
    pub fn threads(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n,
        }
    }
}

impl Settings for Config {
    fn check(&self, problems: &mut Problems) {
        if self.policy.minimum_persons == 0 {
            problems.add("policy.minimum_persons", "must be at least 1; 10 is the usual value");
        }
        let mut seen = BTreeSet::new();
        for (i, project) in self.projects.iter().enumerate() {
            if !seen.insert(&project.id) {
                problems.add(&format!("projects.{i}.id"), format!("`{}` stands twice", project.id));
            }
            if project.level == Level::Row {
                problems.add(
                    &format!("projects.{i}.level"),
                    "must be \"feasibility\" or \"aggregate\"; rows are not released",
                );
            }
            if project.level == Level::Feasibility && project.ledger == Some(Mode::Flag) {
                problems.add(
                    &format!("projects.{i}.ledger"),
                    "must be \"substitute\" or \"hold\" at the level feasibility",
                );
            }
            let tables = match &project.tables {
                GrantedTables::All => None,
                GrantedTables::Only(tables) => Some(tables),
            };
            for table in tables.into_iter().flatten().filter(|table| renkei_cdm::table(table).is_none()) {
                let near = renkei_cdm::nearest(table, renkei_cdm::tables().iter().map(|t| t.name)).join(" or ");
                let hint = if near.is_empty() { String::new() } else { format!("; did you mean {near}?") };
                problems.add(
                    &format!("projects.{i}.tables"),
                    format!("names `{table}`, which is no table of the CDM{hint}"),
                );
            }
        }
        sources::check(&self.sources, problems);
        if self.codes.keys.is_empty() && !self.codes.signed_maps.is_empty() {
            problems.add(
                "codes.keys",
                "is needed for signed_maps: write the coordinator's public key here, or name a map of your own under maps",
            );
        }
        if self.engine.memory_mib < 64 {
            problems.add("engine.memory_mib", "must be at least 64");
        }
        worker::check(&self.worker, problems);
        if self.engine.questions == 0 {
            problems.add("engine.questions", "must be at least 1");
        }
    }
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`ConfigError`] with every mistake.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = renkei_service::config::load(path)?;
        config.digest = std::fs::read(path).ok().map(|bytes| Hash::of(&bytes));
        let folder = path.parent().unwrap_or(Path::new("."));
        let Tls { ca, certificate, key } = &mut config.tls;
        for file in [ca, certificate, key, &mut config.state_dir] {
            *file = folder.join(&*file);
        }
        config.sources.iter_mut().for_each(|source| sources::within(source, folder));
        for file in config.codes.files_mut().chain(&mut config.opt_out) {
            *file = folder.join(&*file);
        }
        Ok(config)
    }

    /// The hospital's records, as the configuration names them.
    #[must_use]
    pub fn records(&self) -> Records {
        Records {
            sources: self.sources.clone(),
            codes: self.codes.clone(),
            rules: self.rules.clone(),
            opt_out: self.opt_out.clone(),
            limits: Limits::default(),
        }
    }

    /// The site's policy.
    #[must_use]
    pub fn site_policy(&self) -> SitePolicy {
        let grant = |project: &Project| Grant {
            tables: match &project.tables {
                GrantedTables::All => Tables::All,
                GrantedTables::Only(tables) => Tables::Only(tables.clone()),
            },
            members: project.members.clone(),
            minimum_persons: project.minimum_persons,
            level: project.level,
            mode: project.ledger,
            budget: project.budget,
        };
        let grants: BTreeMap<_, _> = self.projects.iter().map(|p| (p.id.clone(), grant(p))).collect();
        SitePolicy { minimum_persons: self.policy.minimum_persons, level: self.policy.level, grants }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_valid_and_shows_the_defaults() {
        let config: Config = renkei_service::config::parse(SAMPLE).expect("the sample parses");
        assert_eq!(config.policy.minimum_persons, renkei_policy::DEFAULT_MINIMUM);
        assert_eq!(config.engine.memory_mib, EngineLimits::default().memory_mib);
        assert!(config.audit.share);
        assert_eq!(config.projects.len(), 1);
    }

    #[test]
    fn mistakes_are_named_with_the_remedy() {
        let text = SAMPLE.replace("minimum_persons = 10", "minimum_person = 10").replace("\"person\"", "\"persons\"");
        let problems = renkei_service::config::parse::<Config>(&text).expect_err("two mistakes").to_string();
        assert!(problems.contains("minimum_persons"), "{problems}");
        let text = SAMPLE.replace("\"person\"", "\"persons\"");
        let problems = renkei_service::config::parse::<Config>(&text).expect_err("a mistake").to_string();
        assert!(problems.contains("did you mean person"), "{problems}");
    }
}
