//! The node's own log of questions: what was asked and what left, durable before either happens.
//!
//! What must stay true: no question is executed before its INTENT is on the disk, and no answer leaves before its
//! OUTCOME is; a question that is refused is recorded too; where nothing can be recorded, nothing is answered. The
//! entries hold the statement and counts, never anything of a record.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use renkei_audit::entry::{
    Act, Admin, Body, Budget, Cells, Count, Draft, Intent, Line, List, Name, Opening, Private, Question, Refusal, Seal,
    Shown, State, Who,
};
use renkei_audit::note::SigningKey;
use renkei_audit::receipt::Receipt;
use renkei_audit::store::{Kept, Log, StoreError};
use renkei_audit::tree::Hash;
use renkei_ledger::Flag;
use renkei_pki::PeerName;
use renkei_plan::Split;
use renkei_policy::Permit;
use renkei_proto::v1;
use renkei_service::signed_log::{self, Cosigner, Pulse, acts, clock_state, clock_words, outcome};
pub use renkei_service::signed_log::{folder, reader, verifier};
use renkei_types::{Clock, Code, QueryId, SiteId, SnapshotId, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::engine::Feeds;
use crate::query::Received;

mod standing;
mod values;

pub(crate) use standing::Standing;

/// Between two looks at whether a heartbeat or a signature is due.
const TICK: Duration = Duration::from_secs(1);

/// The level of a question that was refused before it was known.
const NO_LEVEL: &str = "";

/// Under what a question is executed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) snapshot: &'a SnapshotId,
    /// The version of the opt-out list.
    pub(crate) opt_out: Option<Hash>,
    pub(crate) permit: &'a Permit,
    /// How many questions the project had left here before and after this one, where there is a limit.
    pub(crate) left: Option<(u64, u64)>,
    /// What it compares with, beside its parameters.
    pub(crate) feeds: &'a Feeds,
}

/// The open log of a running node.
#[derive(Debug)]
pub(crate) struct Audit {
    log: Log,
    state: PathBuf,
    name: PeerName,
    site: SiteId,
    policy: Line<64>,
    clock: Arc<dyn Clock>,
    entropy: Mutex<StdRng>,
    /// The version of the opt-out list that was recorded last.
    opt_out: Mutex<Option<Hash>>,
    key: Arc<SigningKey>,
    /// The side of cosigning.
    pub(crate) cosigner: Arc<Cosigner>,
}

impl Audit {
    /// Opens the log under the state folder, and makes it and its key the first time. `policy` is what its version is
    /// told by.
    ///
    /// # Errors
    /// A log that is damaged or in use, or a key that cannot be read: then the node does not start.
    pub(crate) fn open(
        state: &Path,
        name: PeerName,
        site: SiteId,
        policy: &str,
        settings: &signed_log::Settings,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let (log, key, cosigner) = signed_log::open(state, &name, settings, Arc::clone(&clock))?.parts();
        let entropy = StdRng::from_os_rng();
        let policy = Line::lossy(&Hash::of(policy.as_bytes()).to_string());
        let (entropy, opt_out) = (Mutex::new(entropy), Mutex::new(standing::opt_out(state)));
        let state = state.to_owned();
        Ok(Self { log, state, name, site, policy, clock, entropy, opt_out, key, cosigner })
    }

    /// The version of the policy in force.
    pub(crate) fn policy(&self) -> &str {
        self.policy.as_str()
    }

    /// Records that a question is about to be executed. Durable when it returns.
    pub(crate) async fn intent(
        self: &Arc<Self>,
        received: &Received,
        split: &Split,
        terms: Terms<'_>,
    ) -> Result<Open, StoreError> {
        let Terms { snapshot, opt_out, permit, left, feeds } = terms;
        self.list(opt_out).await?;
        let (question, mut openings) = self.question(received, permit.level().as_str(), feeds);
        let mut private = Private::default();
        if let Some(exemption) = permit.exemption() {
            let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
            // A name of plain letters, and the first field: it cannot fail.
            let _ = private.seal("registered", exemption.name(), &mut *entropy, &mut openings);
        }
        let tables = split.facts.tables.iter().chain(&split.facts.reference_tables);
        let tables: Vec<Name> = tables.filter_map(|table| Name::new(table.as_str()).ok()).collect();
        let columns: Vec<Name> = split.columns().into_iter().filter_map(|column| Name::new(column).ok()).collect();
        let part = received.part;
        let body = Body::Intent(Box::new(Intent {
            budget: left
                .map(|(before, after)| Budget { after: Count::saturating(after), before: Count::saturating(before) }),
            columns: List::new(columns).unwrap_or_default(),
            opt_out: opt_out.map(|version| Line::lossy(&version.to_string())),
            part,
            policy: self.policy.clone(),
            private,
            query: received.query.clone(),
            question,
            snapshots: List::new(vec![snapshot.clone()]).unwrap_or_default(),
            software: Line::lossy(concat!("renkei-node ", env!("CARGO_PKG_VERSION"))),
            tables: List::new(tables).unwrap_or_default(),
            who: self.who(received),
        }));
        let begun = self.clock.now();
        let asked = split.points_of(received.round).map(|point| point.states.len() as u64).sum();
        let deadline = begun.after(received.time_left);
        let query = received.query.clone();
        // There before the INTENT is: whoever gives up while it is being written leaves an OUTCOME behind it.
        let mut open =
            Open { audit: Arc::clone(self), query, part, begun, deadline, asked, closed: false, near: Vec::new() };
        if let Err(error) = self.log.append(Draft { body, openings }).await {
            open.closed = true;
            return Err(error);
        }
        Ok(open)
    }

    /// Records that a question was refused, or could not be executed. Durable when it returns.
    pub(crate) async fn refused(
        &self,
        bytes: &Hash,
        received: Option<&Received>,
        code: Option<Code>,
        reason: &str,
    ) -> Result<(), StoreError> {
        let (question, openings) = match received {
            Some(received) => {
                let (question, openings) = self.question(received, NO_LEVEL, &Feeds::new());
                (Some(question), openings)
            }
            None => (None, Vec::new()),
        };
        let body = Body::Refusal(Box::new(Refusal {
            code: Line::lossy(code.map_or("-", Code::as_str)),
            part: received.map(|received| received.part),
            private: Private::default(),
            query: received.map(|received| received.query.clone()),
            question,
            reason: Line::lossy(reason),
            received: *bytes,
            who: received.map(|received| self.who(received)),
        }));
        self.log.append(Draft { body, openings }).await.map(|_| ())
    }

    /// Waits until everything that was handed over is durable.
    pub(crate) async fn settle(&self) -> Result<(), StoreError> {
        self.log.tick(clock_state()).await.map(|_| ())
    }

    /// Records that the program starts, and what changed since it ran last. Before it is connected to anybody.
    pub(crate) async fn begin(&self, standing: &Standing) {
        self.act(Act::Start).await;
        for admin in standing.changes(&self.state) {
            if let Err(error) = self.log.append(Body::Admin(admin)).await {
                // It is recorded at the next start.
                return tracing::error!(error = renkei_service::chain(&error), "the audit log takes nothing");
            }
        }
        if let Err(error) = standing.remember(&self.state) {
            tracing::warn!(
                error = renkei_service::chain(&error),
                "what is in force is recorded again at the next start"
            );
        }
    }

    /// Records another opt-out list than before, in front of the first question that it holds for.
    async fn list(&self, version: Option<Hash>) -> Result<(), StoreError> {
        let changed = {
            let mut last = self.opt_out.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *last, version) != version
        };
        if !changed {
            return Ok(());
        }
        let detail = if version.is_some() { "another list is in force" } else { "no list is in force any more" };
        let admin = own(Act::OptOut, "opt-out list", detail, version);
        if let Err(error) = self.log.append(Body::Admin(admin)).await {
            *self.opt_out.lock().unwrap_or_else(PoisonError::into_inner) = None;
            return Err(error);
        }
        standing::remember_opt_out(&self.state, version);
        Ok(())
    }

    /// Records that the gateway reads this log, from here until the program stops. Durable when it returns.
    pub(crate) async fn read_by(&self, gateway: &PeerName) -> Result<(), StoreError> {
        let who = Who {
            institution: Line::lossy("-"),
            key: Line::lossy("-"),
            on_behalf: None,
            subject: Line::lossy(&gateway.to_string()),
        };
        let detail = "the gateway reads this log for its copy, until the program stops";
        let admin = Admin { who: Some(who), ..own(Act::LogRead, "log", detail, None) };
        self.log.append(Body::Admin(admin)).await.map(drop)
    }

    /// Keeps the log alive until the node stops: heartbeats, signed checkpoints, the end.
    pub(crate) async fn run(&self, shutdown: CancellationToken) {
        let mut pulse = Pulse::begin(self.name.to_string(), self.clock.now());
        while shutdown.run_until_cancelled(tokio::time::sleep(TICK)).await.is_some() {
            acts::record(&self.log, &self.state, &self.entropy).await;
            if let Err(error) = pulse.beat(&self.log, self.clock.now()).await {
                tracing::error!(
                    error = renkei_service::chain(&error),
                    "the audit log takes nothing; no question is answered"
                );
            }
        }
        // What was done in the last second.
        acts::record(&self.log, &self.state, &self.entropy).await;
        self.act(Act::Stop).await;
        if let Err(error) = self.log.checkpoint().await {
            tracing::error!(error = renkei_service::chain(&error), "the audit log could not be signed at the end");
        }
    }

    /// Ends the log; nothing can be recorded any more.
    pub(crate) fn close(&self) {
        self.log.close();
    }

    async fn act(&self, act: Act) {
        let detail = format!("renkei-node {}; {}", env!("CARGO_PKG_VERSION"), clock_words());
        let admin = own(act, &self.name.to_string(), &detail, None);
        if let Err(error) = self.log.append(Body::Admin(admin)).await {
            tracing::error!(error = renkei_service::chain(&error), "the audit log takes nothing");
        }
    }

    fn question(&self, received: &Received, level: &str, feeds: &Feeds) -> (Question, Vec<Opening>) {
        let mut openings = Vec::new();
        let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
        let parameters = values::text(&received.parameters, feeds)
            .map(|text| Shown::new("parameters", &text, &mut *entropy, &mut openings));
        let question = Question {
            ethics: None,
            level: Line::lossy(level),
            parameters,
            project: received.project.clone(),
            purpose: Line::lossy(""),
            sequence: None,
            sites: List::new(vec![self.site.clone()]).unwrap_or_default(),
            sql: Shown::new("sql", &received.sql, &mut *entropy, &mut openings),
            statement: Hash::of(received.sql.as_bytes()),
        };
        (question, openings)
    }

    /// As the gateway vouches for them; it is known by its certificate.
    fn who(&self, received: &Received) -> Who {
        let consortium = self.name.consortium();
        Who {
            institution: Line::lossy("-"),
            key: Line::lossy("-"),
            on_behalf: None,
            subject: Line::lossy(&format!("renkei://{consortium}/person/{}", received.subject)),
        }
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.close();
    }
}

/// A question whose INTENT is recorded. Given up without an outcome it is recorded as late or cancelled.
#[derive(Debug)]
pub(crate) struct Open {
    audit: Arc<Audit>,
    query: QueryId,
    part: u32,
    begun: Timestamp,
    deadline: Timestamp,
    asked: u64,
    closed: bool,
    /// What of the answer is near an earlier one.
    near: Vec<String>,
}

impl Open {
    /// Notes which parts of the answer differ by few persons from which earlier ones; the site alone can read it.
    pub(crate) fn note(&mut self, flags: &[Flag]) {
        let near = flags.iter().map(|flag| {
            let Flag { part, anchor_part, anchor_query, anchor_project, rest, mode, registered } = flag;
            let done = if *registered { "registered" } else { mode.as_str() };
            let near = if *rest { "the rest of a total without" } else { "near" };
            format!("{part} {near} {anchor_part} of {anchor_query} ({anchor_project}): {done}")
        });
        self.near = near.collect();
    }

    /// Records how it ended. Durable when it returns: only then may an answer leave.
    /// What the log promises of an answer comes back, for the answer to carry.
    pub(crate) async fn close(
        mut self,
        state: State,
        code: Option<Code>,
        released: u64,
        digest: Option<[u8; 32]>,
    ) -> Result<Option<v1::Receipt>, StoreError> {
        self.closed = true;
        let mut draft = Draft::from(self.outcome(state, code, released));
        let salt = digest.map(|_| {
            let mut salt = [0; 32];
            self.audit.entropy.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut salt);
            Hash(salt)
        });
        let result = salt.zip(digest).map(|(salt, digest)| Seal::of(&salt, &digest));
        if let Body::Outcome(outcome) = &mut draft.body {
            outcome.result = result;
        }
        if let (Body::Outcome(outcome), false) = (&mut draft.body, self.near.is_empty()) {
            let mut entropy = self.audit.entropy.lock().unwrap_or_else(PoisonError::into_inner);
            // A name of plain letters, and the first field: it cannot fail.
            let _ = outcome.private.seal("ledger", &self.near.join("; "), &mut *entropy, &mut draft.openings);
        }
        let Kept { index, leaf, at } = self.audit.log.append(draft).await?;
        let Some(salt) = salt else { return Ok(None) };
        let verifier = self.audit.key.verifier();
        let (origin, query) = (verifier.name().clone(), self.query.clone());
        let receipt = Receipt { origin, index, leaf, at, query, result: result.map(|seal| seal.0) };
        let note = receipt.sign(&self.audit.key).map_err(StoreError::Note)?;
        Ok(Some(v1::Receipt { key: verifier.to_string(), note: note.to_string(), salt: salt.0.to_vec() }))
    }

    fn outcome(&self, state: State, code: Option<Code>, released: u64) -> Body {
        let cells = Cells { asked: Count::saturating(self.asked), released: Count::saturating(released) };
        let micros = self.begun.distance(self.audit.clock.now()).as_micros();
        let micros = u64::try_from(micros).unwrap_or(u64::MAX);
        outcome(self.query.clone(), self.part, state, code, cells, micros)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.closed {
            let late = self.audit.clock.now() >= self.deadline;
            let (state, code) = if late { (State::Late, Some(Code::Late)) } else { (State::Cancelled, None) };
            // Nobody waits any more; the log is durable before anything else is recorded in it.
            drop(self.audit.log.append(self.outcome(state, code, 0)));
        }
    }
}

/// An act of the program itself.
fn own(act: Act, subject: &str, detail: &str, digest: Option<Hash>) -> Admin {
    let (detail, subject) = (Line::lossy(detail), Line::lossy(subject));
    Admin { act, detail, digest, private: Private::default(), subject, who: None }
}
