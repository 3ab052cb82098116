//! The gateway's own signed log: who asked what under which project, what each site said, and what left.
//!
//! What must stay true: no site is asked before the question's INTENT is on the disk, and no answer leaves before its
//! OUTCOME and those of its sites are; a question that is refused is recorded too; where nothing can be recorded,
//! nothing is asked and nothing is answered. After a fault of its disk the log takes nothing until the gateway is
//! started again, so that no answer leaves until then.
//!
//! A question has parts, numbered from 0. Each asking of its sites is one, under the number that the sites record as
//! well, and each later answer of the same question (a partial one, one that is fetched) is one that asks nobody.

mod record;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use renkei_audit::entry::{Act, Admin, Body, Draft, Line, List, Opening, Private, Question, Refusal, Shown, Who};
use renkei_audit::note::{Kind, SigningKey, VerifierKey};
use renkei_audit::store::{Log, StoreError};
use renkei_audit::tree::Hash;
use renkei_pki::PeerName;
use renkei_service::signed_log::{self, Cosigner, Meeting, Pulse, acts};
use renkei_service::{PeerInfo, chain};
use renkei_types::{Clock, Code, PersonId, ProjectId, QueryId, SiteId};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

pub(crate) use record::{End, Leaving, OpenPart, Record};

use crate::Config;

/// Between two looks at whether a heartbeat or a signature is due.
const TICK: Duration = Duration::from_secs(1);
/// The level of a question: each hospital decides it by its own grant, and records it in its own log.
pub(crate) const NO_LEVEL: &str = "";
/// What wrote an entry.
const SOFTWARE: &str = concat!("renkei-gateway ", env!("CARGO_PKG_VERSION"));

/// The open log of a running gateway.
#[derive(Debug)]
pub(crate) struct Audit {
    log: Log,
    /// Where people work.
    institutions: BTreeMap<PersonId, Line<128>>,
    /// The state folder, where acts of other processes wait.
    state: PathBuf,
    key: Arc<SigningKey>,
    /// The side of cosigning.
    pub(crate) cosigner: Arc<Cosigner>,
    name: PeerName,
    clock: Arc<dyn Clock>,
    entropy: Mutex<StdRng>,
}

/// What a caller proved of themselves, for the log: the fingerprint of their certificate, or that it was a token.
#[must_use]
pub(crate) fn proof(peer: Option<&PeerInfo>) -> String {
    match peer.and_then(|peer| peer.certificate.as_deref()) {
        Some(der) => Sha256::digest(der).iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}")),
        None => "token".to_owned(),
    }
}

impl Audit {
    /// Opens the log under the state folder, makes it and its key the first time, and records the start and the
    /// configuration in force.
    ///
    /// # Errors
    /// A log that is damaged, in use or full, or a key that cannot be read: then the gateway does not start.
    pub(crate) fn open(config: &Config, name: PeerName, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let opened = signed_log::open(&config.state_dir, &name, &config.audit, Arc::clone(&clock))?;
        let (log, key, cosigner) = opened.parts();
        let (state, entropy) = (config.state_dir.clone(), Mutex::new(StdRng::from_os_rng()));
        let institutions = config.people.iter().map(|person| (person.id.clone(), Line::lossy(&person.institution)));
        let institutions = institutions.collect();
        let this = Self { log, institutions, state, key, cosigner, name, clock, entropy };
        let detail = format!("{SOFTWARE}; {}", signed_log::clock_words());
        let start = this.log.append(this.act(Act::Start, &detail, None));
        let (sites, projects) = (config.sites.len(), config.projects.len());
        let digest = Hash::of(format!("{:?}\n{:?}\n{:?}", config.sites, config.projects, config.limits).as_bytes());
        let detail = format!("the configuration in force: {sites} sites, {projects} projects");
        let policy = this.log.append(this.act(Act::Policy, &detail, Some(digest)));
        let known = config.tokens.iter().map(|token| token.person.to_string()).collect::<Vec<_>>().join("\n");
        let detail = format!("people known by a token: {}", config.tokens.len());
        let roster = this.log.append(this.act(Act::Roster, &detail, Some(Hash::of(known.as_bytes()))));
        for pending in [start, policy, roster] {
            pending.wait()?;
        }
        Ok(this)
    }

    /// Who asks, as the gateway knows them.
    pub(crate) fn who(&self, person: &PersonId, proof: &str) -> Who {
        let consortium = self.name.consortium();
        Who {
            institution: self.institutions.get(person).cloned().unwrap_or_else(|| Line::lossy("-")),
            key: Line::lossy(if proof.is_empty() { "-" } else { proof }),
            on_behalf: None,
            subject: Line::lossy(&format!("renkei://{consortium}/person/{person}")),
        }
    }

    /// The name of a site's log.
    pub(crate) fn log_of(&self, site: &SiteId) -> String {
        PeerName::site(self.name.consortium().clone(), site).to_string()
    }

    /// Whether this is the key of a site's log, as it is known or first seen.
    pub(crate) fn is_log_of(&self, key: &VerifierKey, site: &SiteId) -> bool {
        let named = self.log_of(site) == key.name().as_str() && key.kind() == Kind::Log;
        named && matches!(self.cosigner.peers().meet(key), Ok(Meeting::Known))
    }

    /// Records that somebody's question was refused. Durable when it returns; a refusal that cannot be recorded is a
    /// refusal all the same.
    pub(crate) async fn refused(&self, refused: Refused<'_>) {
        let Refused { person, proof, project, sql, refusal } = refused;
        let mut openings = Vec::new();
        let question = project.map(|project| {
            let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
            Question {
                ethics: None,
                level: Line::lossy(NO_LEVEL),
                parameters: None,
                project: project.clone(),
                purpose: Line::lossy(""),
                sequence: None,
                sites: List::default(),
                sql: Shown::new("sql", sql, &mut *entropy, &mut openings),
                statement: Hash::of(sql.as_bytes()),
            }
        });
        let who = Some(self.who(person, proof));
        self.refusal(who, None, question, openings, refusal).await;
    }

    /// Records that entries of a log are handed out to an auditor. Durable when it returns: only then may they leave.
    ///
    /// # Errors
    /// The refusal that the auditor is told where it cannot be recorded.
    pub(crate) async fn handed_out(
        &self,
        person: &PersonId,
        proof: &str,
        log: &str,
        entries: Range<u64>,
    ) -> Result<(), renkei_types::Refusal> {
        let detail = format!("entries {} to {} were handed out to an auditor", entries.start, entries.end);
        let admin = Admin {
            act: Act::LogRead,
            detail: Line::lossy(&detail),
            digest: None,
            private: Private::default(),
            subject: Line::lossy(log),
            who: Some(self.who(person, proof)),
        };
        self.log.append(Body::Admin(admin)).await.map(drop).map_err(|error| unrecorded(&error))
    }

    async fn refusal(
        &self,
        who: Option<Who>,
        query: Option<QueryId>,
        question: Option<Question>,
        openings: Vec<Opening>,
        refusal: &renkei_types::Refusal,
    ) {
        let received = question.as_ref().map_or_else(|| Hash::of(b""), |question| question.statement);
        let body = Body::Refusal(Box::new(Refusal {
            code: Line::lossy(refusal.code.as_str()),
            part: None,
            private: Private::default(),
            query,
            question,
            reason: Line::lossy(&refusal.message),
            received,
            who,
        }));
        if let Err(error) = self.log.append(Draft { body, openings }).await {
            tracing::error!(error = chain(&error), "a refusal could not be recorded in the audit log");
        }
    }

    /// Keeps the log alive until the gateway has stopped: heartbeats and signed checkpoints, then the stop.
    pub(crate) async fn run(&self, shutdown: CancellationToken) {
        let (mut failing, mut pulse) = (false, Pulse::begin(self.name.to_string(), self.clock.now()));
        while shutdown.run_until_cancelled(tokio::time::sleep(TICK)).await.is_some() {
            acts::record(&self.log, &self.state, &self.entropy).await;
            let tick = pulse.beat(&self.log, self.clock.now()).await;
            if let (Err(error), false) = (&tick, failing) {
                tracing::error!(error = chain(error), "the audit log takes nothing; no question is answered");
            }
            failing = tick.is_err();
        }
        // What was done in the last second.
        acts::record(&self.log, &self.state, &self.entropy).await;
        let stop = self.log.append(self.act(Act::Stop, SOFTWARE, None)).await.map(drop);
        let signed = self.log.checkpoint().await.map(drop);
        if let Err(error) = stop.and(signed) {
            tracing::error!(error = chain(&error), "the audit log could not be signed at the end");
        }
        self.log.close();
    }

    fn act(&self, act: Act, detail: &str, digest: Option<Hash>) -> Body {
        Body::Admin(Admin {
            act,
            detail: Line::lossy(detail),
            digest,
            private: Private::default(),
            subject: Line::lossy(&self.name.to_string()),
            who: None,
        })
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.log.close();
    }
}

/// A refusal with whose question it was, as far as that is known.
#[derive(Debug)]
pub(crate) struct Refused<'a> {
    pub(crate) person: &'a PersonId,
    pub(crate) proof: &'a str,
    pub(crate) project: Option<&'a ProjectId>,
    /// The statement; empty where it is not known.
    pub(crate) sql: &'a str,
    pub(crate) refusal: &'a renkei_types::Refusal,
}

/// What the caller is told where nothing can be recorded.
fn unrecorded(error: &StoreError) -> renkei_types::Refusal {
    tracing::error!(error = chain(error), "a question cannot be recorded in the audit log, so it is not answered");
    renkei_types::Refusal::new(Code::Failed, "the gateway cannot record the question, so it does not answer it")
        .hint("ask again later; whoever runs the gateway finds the reason in its own log")
}
