//! What the parts of the gateway share.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngCore as _, SeedableRng as _};
use renkei_plan::{Catalogue, Facts, Planner};
use renkei_types::{Clock, PersonId, QueryId, Refusal};

use crate::admission::Admission;
use crate::answers::Answers;
use crate::audit::Audit;
use crate::config::{Limits, Project};
use crate::federator::Engine;
use crate::flight::{HandleBounds, Handles};
use crate::identity::Tokens;
use crate::late::Late;
use crate::options::Options;
use crate::planning::Pool;
use crate::projects::{self, Projects};
use crate::sessions::Sessions;
use crate::sites::Sites;
use crate::vocabulary::Vocabulary;
use crate::{Config, tables};

/// Two threads plan; more would only take time from the network's.
const PLANNING_THREADS: usize = 2;

/// The gateway's state. Everything arrives through the constructor.
pub(crate) struct State {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) audit: Arc<Audit>,
    pub(crate) planner: Arc<Planner>,
    /// The gateway's own vocabulary, where it has one.
    pub(crate) vocabulary: Option<Arc<Vocabulary>>,
    pub(crate) pool: Pool,
    pub(crate) engine: Arc<Engine>,
    pub(crate) sites: Sites,
    pub(crate) projects: Projects,
    pub(crate) tokens: Tokens,
    /// Who reads logs and asks nothing.
    pub(crate) auditors: BTreeSet<PersonId>,
    /// Where the logs are.
    pub(crate) state_dir: PathBuf,
    pub(crate) handles: Handles,
    pub(crate) sessions: Sessions,
    pub(crate) admission: Admission,
    pub(crate) answers: Answers,
    pub(crate) late: Late,
    pub(crate) limits: Limits,
    random: Mutex<StdRng>,
}

impl State {
    /// Builds it of a configuration; `seed` makes query ids, and handles that cannot be guessed.
    pub(crate) fn new(
        config: &Config,
        audit: Arc<Audit>,
        clock: Arc<dyn Clock>,
        seed: [u8; 32],
    ) -> anyhow::Result<Self> {
        let limits = config.limits;
        let mut random = StdRng::from_seed(seed);
        let (mut handles_seed, mut sessions_seed) = ([0; 32], [0; 32]);
        random.fill_bytes(&mut handles_seed);
        random.fill_bytes(&mut sessions_seed);
        let catalogue = tables::ALL
            .iter()
            .fold(Catalogue::cdm(), |catalogue, table| catalogue.with_gateway_table(table.name, table.schema()));
        let vocabulary =
            config.vocabulary.as_ref().map(|vocabulary| Vocabulary::open(&vocabulary.folder)).transpose()?;
        let tables = vocabulary.as_ref().map(Vocabulary::tables).unwrap_or_default();
        Ok(Self {
            planner: Arc::new(Planner::new(catalogue).with_vocabulary(tables)),
            vocabulary: vocabulary.map(Arc::new),
            pool: Pool::start(PLANNING_THREADS)?,
            engine: Arc::new(Engine::new(limits.memory_mib.saturating_mul(1024 * 1024))?),
            sites: Sites::new(&config.sites, &clock),
            projects: Projects::new(config.projects.clone()),
            tokens: Tokens::new(config.tokens.clone()),
            auditors: config.auditors.clone(),
            state_dir: config.state_dir.clone(),
            handles: Handles::new(handle_bounds(&limits), handles_seed),
            sessions: Sessions::new(sessions_seed),
            random: Mutex::new(random),
            admission: Admission::new(limits.queries_per_person, limits.queries),
            answers: Answers::default(),
            late: Late::new(limits.queries_per_person, limits.memory_mib.saturating_mul(1024 * 1024)),
            audit,
            clock,
            limits,
        })
    }

    /// An id for a new question.
    pub(crate) fn query_id(&self) -> QueryId {
        let mut bits = [0; 10];
        self.random.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bits);
        QueryId::at(self.clock.now(), bits)
    }

    /// The project under which a statement is asked; none where it reads nothing of a hospital and names none.
    pub(crate) fn authorise(
        &self,
        person: &PersonId,
        options: &Options,
        facts: &Facts,
    ) -> Result<Option<&Project>, Refusal> {
        let project = match self.projects.choose(person, options.project.as_ref()) {
            Ok(project) => project,
            Err(_) if options.project.is_none() && facts.release_points == 0 => return Ok(None),
            Err(refusal) => return Err(refusal),
        };
        projects::check_tables(project, facts)?;
        Ok(Some(project))
    }
}

fn handle_bounds(limits: &Limits) -> HandleBounds {
    HandleBounds {
        per_person: limits.handles_per_person,
        lifetime: limits.handle_lifetime,
        // As many answers may wait as questions may run.
        polled_per_person: limits.queries_per_person,
        polled_lifetime: limits.answer_lifetime,
    }
}
