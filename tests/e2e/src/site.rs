//! A site as a test orders it.

use std::path::PathBuf;
use std::sync::Arc;

use renkei_node::config::{EngineLimits, GrantedTables, Level, Project};
use renkei_node::store::Seal;
use renkei_types::{Clock, SystemClock};

use crate::{PROJECT, Pair, Scripted, Source};

/// A site: a node agent with records and a policy, a scripted node, or nobody.
pub struct Site {
    pub(crate) id: String,
    pub(crate) who: Who,
    pub(crate) records: Option<Box<dyn Source>>,
    pub(crate) seal: Seal,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) identity: Option<Pair>,
    pub(crate) state: String,
    pub(crate) minimum: u32,
    pub(crate) projects: Vec<Project>,
    pub(crate) listens: bool,
    pub(crate) engine: EngineLimits,
    pub(crate) opt_out: Option<PathBuf>,
    pub(crate) share_log: bool,
}

pub(crate) enum Who {
    Agent,
    Scripted(Arc<Scripted>),
    Nobody,
}

impl Site {
    /// A node agent without a snapshot, or with the one that an earlier node of this site had.
    #[must_use]
    pub fn new(id: &str) -> Self {
        let project = Project {
            id: PROJECT.parse().unwrap(),
            tables: GrantedTables::All,
            members: None,
            minimum_persons: None,
            level: Level::Aggregate,
            ledger: None,
            budget: None,
        };
        Self {
            id: id.to_owned(),
            who: Who::Agent,
            records: None,
            seal: Seal::Clinical,
            clock: Arc::new(SystemClock),
            identity: None,
            state: id.to_owned(),
            minimum: 10,
            projects: vec![project],
            listens: false,
            engine: EngineLimits { threads: 1, ..EngineLimits::default() },
            opt_out: None,
            share_log: true,
        }
    }

    /// A node agent with these records, sealed as clinical, under a minimum of 10.
    #[must_use]
    pub fn with(id: &str, records: impl Source + 'static) -> Self {
        Self { records: Some(Box::new(records)), ..Self::new(id) }
    }

    /// A node agent whose synthetic records are released whole.
    #[must_use]
    pub fn open(id: &str, records: impl Source + 'static) -> Self {
        Self { seal: Seal::Synthetic, minimum: 1, ..Self::with(id, records) }
    }

    /// A node that speaks the protocol and answers by script.
    #[must_use]
    pub fn scripted(scripted: &Arc<Scripted>) -> Self {
        Self { who: Who::Scripted(Arc::clone(scripted)), ..Self::new(&scripted.site) }
    }

    /// A site that the gateway knows and where nothing runs.
    #[must_use]
    pub fn absent(id: &str) -> Self {
        Self { who: Who::Nobody, ..Self::new(id) }
    }

    /// What the snapshot is sealed as.
    #[must_use]
    pub fn seal(self, seal: Seal) -> Self {
        Self { seal, ..self }
    }

    /// Whose clock it has.
    #[must_use]
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Which certificate it has, instead of its own.
    #[must_use]
    pub fn identity(self, pair: Pair) -> Self {
        Self { identity: Some(pair), ..self }
    }

    /// A state folder of its own, beside that of another node of the site.
    #[must_use]
    pub fn state(self, name: &str) -> Self {
        Self { state: name.to_owned(), ..self }
    }

    /// Changes what the site has granted the project.
    #[must_use]
    pub fn grant(mut self, change: impl FnOnce(&mut Project)) -> Self {
        self.projects.iter_mut().take(1).for_each(change_once(change));
        self
    }

    /// Grants another project the same.
    #[must_use]
    pub fn two_projects(mut self, id: &str) -> Self {
        let same = self.projects.iter().take(1).cloned();
        let other: Vec<Project> = same.map(|project| Project { id: id.parse().unwrap(), ..project }).collect();
        self.projects.extend(other);
        self
    }

    /// Grants nobody anything.
    #[must_use]
    pub fn without_grants(self) -> Self {
        Self { projects: Vec::new(), ..self }
    }

    /// Waits for the gateway instead of dialling it.
    #[must_use]
    pub fn listening(self) -> Self {
        Self { listens: true, ..self }
    }

    /// Has a list of patients who opted out.
    #[must_use]
    pub fn opt_out(self, list: PathBuf) -> Self {
        Self { opt_out: Some(list), ..self }
    }

    /// Gives no copies of its log away.
    #[must_use]
    pub fn private_log(self) -> Self {
        Self { share_log: false, ..self }
    }

    /// Answers one question at a time.
    #[must_use]
    pub fn one_at_a_time(mut self) -> Self {
        self.engine.questions = 1;
        self
    }

    /// Whether something runs there that should connect.
    pub(crate) fn connects(&self) -> bool {
        !matches!(self.who, Who::Nobody)
    }
}

fn change_once<T>(change: impl FnOnce(&mut T)) -> impl FnMut(&mut T) {
    let mut change = Some(change);
    move |project| {
        if let Some(change) = change.take() {
            change(project);
        }
    }
}
