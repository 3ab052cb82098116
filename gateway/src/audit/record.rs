//! What is recorded of one question, part by part.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rand::RngCore as _;
use renkei_audit::entry::{
    Body, Cells, Count, Draft, Intent, Line, List, Name, Opening, Outcome, Private, Question, Seal, Shown, State, Who,
};
use renkei_audit::receipt::{Given, Receipt};
use renkei_audit::store::{Kept, Pending};
use renkei_audit::tree::Hash;
use renkei_types::{Code, QueryId, Refusal, SiteId, SiteOutcome, SiteState, Timestamp};

use super::{Audit, SOFTWARE, unrecorded};
use crate::config::Project;
use crate::federator::{self, Terms};

/// The account of one question. Cheap to clone; all clones count the same parts.
#[derive(Debug, Clone)]
pub(crate) struct Record(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    audit: Arc<Audit>,
    query: QueryId,
    who: Who,
    /// The question, without its sites.
    question: Question,
    openings: Vec<Opening>,
    tables: List<Name, 64>,
    columns: List<Name, 256>,
    policy: Line<64>,
    parts: AtomicU32,
    /// Whether an INTENT is recorded.
    begun: AtomicBool,
}

/// How a part ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub(crate) state: State,
    pub(crate) code: Option<Code>,
    /// Rows that leave.
    pub(crate) rows: u64,
    /// The digest of all rows that leave, where they are known before the first of them does.
    pub(crate) digest: Option<[u8; 32]>,
}

impl End {
    /// Cells came in, and nothing leaves with this part.
    pub(crate) fn collected() -> Self {
        Self { state: State::Answered, code: None, rows: 0, digest: None }
    }

    /// There is no answer.
    pub(crate) fn without_answer(code: Code) -> Self {
        let state = match code {
            Code::Cancelled => State::Cancelled,
            Code::Late => State::Late,
            Code::Offline => State::Offline,
            _ => State::Failed,
        };
        Self { state, code: Some(code), rows: 0, digest: None }
    }
}

impl Record {
    /// The account of a question to the sites of a project. Nothing is recorded yet.
    pub(crate) fn new(
        audit: &Arc<Audit>,
        question: &federator::Question,
        terms: &Terms,
        project: &Project,
        level: &str,
    ) -> Self {
        let mut openings = Vec::new();
        let mut entropy = audit.entropy.lock().unwrap_or_else(PoisonError::into_inner);
        let parameters = (!question.parameters.is_empty()).then(|| {
            let texts: Vec<String> = question.parameters.iter().map(ToString::to_string).collect();
            Shown::new("parameters", &texts.join(", "), &mut *entropy, &mut openings)
        });
        let facts = &question.split.facts;
        let tables = facts.tables.iter().chain(&facts.reference_tables);
        let tables: Vec<Name> = tables.filter_map(|table| Name::new(table.as_str()).ok()).collect();
        let columns = question.split.columns().into_iter();
        let columns: Vec<Name> = columns.filter_map(|column| Name::new(column).ok()).collect();
        let asked = Question {
            ethics: project.ethics.as_deref().map(Line::lossy),
            level: Line::lossy(level),
            parameters,
            project: project.id.clone(),
            purpose: Line::lossy(project.purpose.as_deref().unwrap_or_default()),
            sequence: None,
            sites: List::default(),
            sql: Shown::new("sql", &question.sql, &mut *entropy, &mut openings),
            statement: Hash::of(question.sql.as_bytes()),
        };
        drop(entropy);
        Self(Arc::new(Inner {
            audit: Arc::clone(audit),
            query: terms.query_id.clone(),
            who: audit.who(&terms.person, &terms.proof),
            question: asked,
            openings,
            tables: List::new(tables).unwrap_or_default(),
            columns: List::new(columns).unwrap_or_default(),
            policy: Line::lossy(&Hash::of(format!("{project:?}").as_bytes()).to_string()),
            parts: AtomicU32::new(0),
            begun: AtomicBool::new(false),
        }))
    }

    /// Records that these sites are about to be asked for so many aggregates. Durable when it returns.
    ///
    /// # Errors
    /// E-UNAVAILABLE where it cannot be recorded: then nobody may be asked.
    pub(crate) async fn begin(&self, sites: impl IntoIterator<Item = SiteId>, asked: u64) -> Result<OpenPart, Refusal> {
        let sites: BTreeSet<SiteId> = sites.into_iter().collect();
        // There before the INTENT is: whoever gives up while it is being written leaves an OUTCOME behind it.
        let (mut part, draft) = self.part(sites, asked);
        if let Err(error) = self.0.audit.log.append(draft).await {
            part.closed = true;
            return Err(unrecorded(&error));
        }
        self.0.begun.store(true, Ordering::Relaxed);
        Ok(part)
    }

    /// Records an answer that is made of what came in before, as a part of its own. Durable when it returns.
    ///
    /// # Errors
    /// E-UNAVAILABLE where it cannot be recorded: then it may not leave.
    pub(crate) async fn answer(&self, end: End) -> Result<Option<Given>, Refusal> {
        self.begin(Vec::new(), 0).await?.close(end).await
    }

    fn part(&self, sites: BTreeSet<SiteId>, asked: u64) -> (OpenPart, Draft) {
        let inner = &self.0;
        let number = inner.parts.fetch_add(1, Ordering::Relaxed);
        let list = List::new(sites.iter().cloned().collect()).unwrap_or_default();
        let body = Body::Intent(Box::new(Intent {
            budget: None,
            columns: inner.columns.clone(),
            opt_out: None,
            part: number,
            policy: inner.policy.clone(),
            private: Private::default(),
            query: inner.query.clone(),
            question: Question { sites: list, ..inner.question.clone() },
            snapshots: List::default(),
            software: Line::lossy(SOFTWARE),
            tables: inner.tables.clone(),
            who: inner.who.clone(),
        }));
        let part = OpenPart {
            record: self.clone(),
            number,
            asked,
            begun: inner.audit.clock.now(),
            silent: Mutex::new(sites),
            waiting: Mutex::default(),
            closed: false,
        };
        (part, Draft { body, openings: inner.openings.clone() })
    }
}

/// A part whose INTENT is recorded. Whoever has it may ask its sites; given up without an end, it is recorded as
/// cancelled together with the sites that have not ended.
#[derive(Debug)]
pub(crate) struct OpenPart {
    record: Record,
    number: u32,
    asked: u64,
    begun: Timestamp,
    /// Sites that have not ended.
    silent: Mutex<BTreeSet<SiteId>>,
    /// What was handed over and is not known to be durable.
    waiting: Mutex<Vec<Pending<Kept>>>,
    closed: bool,
}

/// An answer on its way out: the end of the part that was asked, or, where that goes on, of a part of its own.
#[derive(Debug)]
pub(crate) struct Leaving {
    record: Record,
    part: Option<OpenPart>,
}

impl Leaving {
    pub(crate) fn new(record: Record, part: Option<OpenPart>) -> Self {
        Self { record, part }
    }

    /// Records the answer. Durable when it returns: only then may it leave.
    ///
    /// # Errors
    /// E-UNAVAILABLE where it cannot be recorded.
    pub(crate) async fn end(self, end: End) -> Result<Option<Given>, Refusal> {
        match self.part {
            Some(part) => part.close(end).await,
            None => self.record.answer(end).await,
        }
    }

    /// Records that there is no answer. One that cannot be recorded is none all the same.
    pub(crate) async fn refuse(self, refusal: &Refusal) {
        if self.part.is_some() || self.record.0.begun.load(Ordering::Relaxed) {
            drop(self.end(End::without_answer(refusal.code)).await);
            return;
        }
        let Inner { audit, query, who, question, openings, .. } = &*self.record.0;
        audit.refusal(Some(who.clone()), Some(query.clone()), Some(question.clone()), openings.clone(), refusal).await;
    }
}

impl OpenPart {
    /// A part in which no site ends: each is asked for its verdict alone.
    pub(crate) fn without_ends(self) -> Self {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self
    }

    /// Its number, by which the sites record it too.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Records how a site ended, with the cells that came from it and what its log promises of them. It is durable before
    /// the part's end is.
    pub(crate) fn site(&self, outcome: &SiteOutcome, cells: u64, result: Option<Seal>) {
        if self.silent.lock().unwrap_or_else(PoisonError::into_inner).remove(&outcome.site) {
            let code = if outcome.state.contributes() { None } else { outcome.code };
            let micros = outcome.elapsed_ms.saturating_mul(1_000);
            let mut body = self.of_site(outcome.site.clone(), state(outcome.state), code, cells, micros);
            if let Body::Outcome(ended) = &mut body {
                ended.result = result;
            }
            let pending = self.record.0.audit.log.append(body);
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(pending);
        }
    }

    /// Records its end. Durable when it returns, and so are the ends of its sites: only then may an answer leave. What the
    /// log promises of the rows comes back, where their digest is known.
    ///
    /// # Errors
    /// E-UNAVAILABLE where something cannot be recorded: then nothing may leave.
    pub(crate) async fn close(mut self, end: End) -> Result<Option<Given>, Refusal> {
        self.closed = true;
        self.give_up_sites();
        let (body, salt) = self.outcome(end);
        let result = if let Body::Outcome(outcome) = &body { outcome.result } else { None };
        let ended = self.record.0.audit.log.append(body);
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        for pending in waiting {
            pending.await.map_err(|error| unrecorded(&error))?;
        }
        let kept = ended.await.map_err(|error| unrecorded(&error))?;
        Ok(salt.zip(result).and_then(|(salt, result)| self.receipt(kept, salt, result)))
    }

    /// The sites of which nothing more will be heard.
    fn give_up_sites(&self) {
        let silent = std::mem::take(&mut *self.silent.lock().unwrap_or_else(PoisonError::into_inner));
        for site in silent {
            let body = self.of_site(site, State::Cancelled, Some(Code::Cancelled), 0, self.micros());
            let pending = self.record.0.audit.log.append(body);
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(pending);
        }
    }

    fn micros(&self) -> u64 {
        let micros = self.begun.distance(self.record.0.audit.clock.now()).as_micros();
        u64::try_from(micros).unwrap_or(u64::MAX)
    }

    fn of_site(&self, site: SiteId, state: State, code: Option<Code>, released: u64, micros: u64) -> Body {
        Body::Outcome(Box::new(Outcome {
            cells: Cells { asked: Count::saturating(self.asked), released: Count::saturating(released) },
            code: code.map(|code| Line::lossy(code.as_str())),
            micros: Count::saturating(micros),
            part: self.number,
            private: Private::default(),
            query: self.record.0.query.clone(),
            result: None,
            site: Some(site),
            state,
        }))
    }

    /// The promise that goes with an answer.
    fn receipt(&self, kept: Kept, salt: Hash, result: Seal) -> Option<Given> {
        let Kept { index, leaf, at } = kept;
        let key = &self.record.0.audit.key;
        let (origin, query) = (key.verifier().name().clone(), self.record.0.query.clone());
        let note = Receipt { origin, index, leaf, at, query, result: Some(result.0) }.sign(key).ok()?;
        let (key, note) = (key.verifier().to_string(), note.to_string());
        Some(Given { key, note, part: self.number, salt: Some(salt), site: None })
    }

    fn outcome(&self, end: End) -> (Body, Option<Hash>) {
        let audit = &self.record.0.audit;
        let salt = end.digest.map(|_| {
            let mut salt = [0; 32];
            audit.entropy.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut salt);
            Hash(salt)
        });
        let body = Body::Outcome(Box::new(Outcome {
            cells: Cells { asked: Count::saturating(self.asked), released: Count::saturating(end.rows) },
            code: end.code.map(|code| Line::lossy(code.as_str())),
            micros: Count::saturating(self.micros()),
            part: self.number,
            private: Private::default(),
            query: self.record.0.query.clone(),
            result: salt.zip(end.digest).map(|(salt, digest)| Seal::of(&salt, &digest)),
            site: None,
            state: end.state,
        }));
        (body, salt)
    }
}

impl Drop for OpenPart {
    fn drop(&mut self) {
        if !self.closed {
            self.give_up_sites();
            let end = End::without_answer(Code::Cancelled);
            // Nobody waits any more; the log is durable before anything else is recorded in it.
            drop(self.record.0.audit.log.append(self.outcome(end).0));
        }
    }
}

/// A site's end as the log has it.
fn state(state: SiteState) -> State {
    match state {
        SiteState::Answered | SiteState::AnsweredHeld | SiteState::Pooled => State::Answered,
        SiteState::Refused | SiteState::NotMapped | SiteState::NotApproved => State::Refused,
        SiteState::Offline => State::Offline,
        SiteState::Late => State::Late,
        SiteState::Failed => State::Failed,
    }
}
