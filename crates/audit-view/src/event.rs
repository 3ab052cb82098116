//! The entries of one log that tell of one thing, gathered.

use renkei_audit::entry::{Act, Admin, Body, Entry, Intent, Outcome, Question, Refusal, Shown, State, Who};
use renkei_types::{ProjectId, QueryId, SiteId, SnapshotId, Timestamp};
use serde::{Deserialize, Serialize};

/// What kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A question that was begun.
    Question,
    /// A question that was refused before it was begun.
    Refusal,
    /// An administrative act, or one of the log itself.
    Act,
}

impl Kind {
    /// The kind in a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Refusal => "refusal",
            Self::Act => "act",
        }
    }
}

/// Who acted, as the log has them. What a log does not know stands in it as `-` and is `None` here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The person or program, such as `renkei://consortium/person/id`.
    pub subject: String,
    /// Their institution.
    pub institution: Option<String>,
    /// The fingerprint of their key.
    pub key: Option<String>,
    /// On whose behalf.
    pub on_behalf: Option<String>,
}

impl Person {
    /// The last part of the name.
    #[must_use]
    pub fn id(&self) -> &str {
        self.subject.rsplit('/').next().unwrap_or(&self.subject)
    }
}

impl From<&Who> for Person {
    fn from(who: &Who) -> Self {
        let known = |text: &str| (!matches!(text, "" | "-")).then(|| text.to_owned());
        Self {
            subject: who.subject.to_string(),
            institution: known(who.institution.as_str()),
            key: known(who.key.as_str()),
            on_behalf: who.on_behalf.as_ref().map(ToString::to_string),
        }
    }
}

/// What one site did with one part of a question, as the gateway's log tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The site.
    pub site: SiteId,
    /// The part.
    pub part: u32,
    /// How it ended.
    pub state: State,
    /// The stable code.
    pub code: Option<String>,
    /// Cells that came.
    pub released: u64,
}

/// One thing that people look for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What kind of thing.
    pub kind: Kind,
    /// When it began.
    pub at: Timestamp,
    /// The entries that tell of it, by their places in the log.
    pub entries: Vec<u64>,
    /// The question's id.
    pub query: Option<QueryId>,
    /// Who acted.
    pub who: Option<Person>,
    /// The project.
    pub project: Option<ProjectId>,
    /// The number of the ethics committee's approval.
    pub ethics: Option<String>,
    /// The purpose as given.
    pub purpose: Option<String>,
    /// The level of grant.
    pub level: Option<String>,
    /// The sites that were asked.
    pub sites: Vec<SiteId>,
    /// The tables that were read.
    pub tables: Vec<String>,
    /// The columns that were read.
    pub columns: Vec<String>,
    /// The statement; `None` where it is sealed or not known.
    pub sql: Option<String>,
    /// The values of the parameters.
    pub parameters: Option<String>,
    /// The snapshots.
    pub snapshots: Vec<SnapshotId>,
    /// The version of the policy.
    pub policy: Option<String>,
    /// The version of the opt-out list.
    pub opt_out: Option<String>,
    /// The version of the software.
    pub software: Option<String>,
    /// How it ended; `None` as long as it has not.
    pub state: Option<State>,
    /// The stable code of a refusal or failure.
    pub code: Option<String>,
    /// The reason of a refusal, or what an act was, in a sentence.
    pub detail: Option<String>,
    /// Which act.
    pub act: Option<Act>,
    /// What an act was done to.
    pub object: Option<String>,
    /// What the sites did, in the gateway's log.
    pub answers: Vec<Answer>,
    /// Aggregates asked for.
    pub asked: u64,
    /// Cells released.
    pub released: u64,
    /// From begin to end.
    pub micros: u64,
    /// Parts that were begun and have not ended.
    pub open: Vec<u32>,
}

/// The question that an entry is about, where it is about one.
#[must_use]
pub fn query_of(body: &Body) -> Option<&QueryId> {
    match body {
        Body::Intent(intent) => Some(&intent.query),
        Body::Outcome(outcome) => Some(&outcome.query),
        Body::Refusal(refusal) => refusal.query.as_ref(),
        Body::Admin(_) | Body::Cosign(_) | Body::Heartbeat(_) => None,
    }
}

impl Event {
    /// The thing that an entry begins; `None` for heartbeats and cosignatures, which are the log's own life.
    #[must_use]
    pub fn begin(entry: &Entry) -> Option<Self> {
        let mut event = Self::empty(Kind::Question, entry.at);
        match &entry.body {
            Body::Intent(_) | Body::Outcome(_) => {}
            Body::Refusal(_) => event.kind = Kind::Refusal,
            Body::Admin(_) => event.kind = Kind::Act,
            Body::Cosign(_) | Body::Heartbeat(_) => return None,
        }
        event.add(entry);
        Some(event)
    }

    fn empty(kind: Kind, at: Timestamp) -> Self {
        Self {
            kind,
            at,
            entries: Vec::new(),
            query: None,
            who: None,
            project: None,
            ethics: None,
            purpose: None,
            level: None,
            sites: Vec::new(),
            tables: Vec::new(),
            columns: Vec::new(),
            sql: None,
            parameters: None,
            snapshots: Vec::new(),
            policy: None,
            opt_out: None,
            software: None,
            state: None,
            code: None,
            detail: None,
            act: None,
            object: None,
            answers: Vec::new(),
            asked: 0,
            released: 0,
            micros: 0,
            open: Vec::new(),
        }
    }

    /// Adds a further entry of the same question.
    pub fn add(&mut self, entry: &Entry) {
        if self.entries.contains(&entry.seq) {
            return;
        }
        self.entries.push(entry.seq);
        match &entry.body {
            Body::Intent(intent) => self.intent(intent),
            Body::Outcome(outcome) => self.outcome(outcome),
            Body::Refusal(refusal) => self.refusal(refusal),
            Body::Admin(admin) => self.admin(admin),
            Body::Cosign(_) | Body::Heartbeat(_) => {}
        }
    }

    fn intent(&mut self, intent: &Intent) {
        self.query = Some(intent.query.clone());
        self.who = Some(Person::from(&intent.who));
        self.question(&intent.question);
        merge(&mut self.tables, intent.tables.as_slice().iter().map(|name| name.as_str().to_owned()));
        merge(&mut self.columns, intent.columns.as_slice().iter().map(|name| name.as_str().to_owned()));
        merge(&mut self.snapshots, intent.snapshots.as_slice().iter().cloned());
        self.policy = Some(intent.policy.to_string());
        self.opt_out = intent.opt_out.as_ref().map(ToString::to_string).or(self.opt_out.take());
        self.software = Some(intent.software.to_string());
        self.open.push(intent.part);
        self.state = None;
    }

    fn question(&mut self, question: &Question) {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        self.project = Some(question.project.clone());
        self.ethics = question.ethics.as_ref().map(ToString::to_string);
        self.purpose = given(question.purpose.as_str());
        self.level = given(question.level.as_str());
        merge(&mut self.sites, question.sites.as_slice().iter().cloned());
        self.sql = shown(&question.sql);
        self.parameters = question.parameters.as_ref().and_then(shown);
    }

    fn outcome(&mut self, outcome: &Outcome) {
        self.query.get_or_insert_with(|| outcome.query.clone());
        let code = outcome.code.as_ref().map(ToString::to_string);
        if let Some(site) = &outcome.site {
            let released = outcome.cells.released.get();
            self.answers.push(Answer { site: site.clone(), part: outcome.part, state: outcome.state, code, released });
            return;
        }
        self.open.retain(|part| *part != outcome.part);
        self.asked += outcome.cells.asked.get();
        self.released += outcome.cells.released.get();
        self.micros += outcome.micros.get();
        self.code = code;
        self.state = self.open.is_empty().then_some(outcome.state);
    }

    fn refusal(&mut self, refusal: &Refusal) {
        if let Some(query) = &refusal.query {
            self.query = Some(query.clone());
        }
        if let Some(question) = &refusal.question {
            self.question(question);
        }
        if let Some(who) = &refusal.who {
            self.who = Some(Person::from(who));
        }
        self.code = Some(refusal.code.to_string());
        self.detail = Some(refusal.reason.to_string());
        self.state = Some(State::Refused);
    }

    fn admin(&mut self, admin: &Admin) {
        self.act = Some(admin.act);
        self.detail = Some(admin.detail.to_string());
        self.object = Some(admin.subject.to_string());
        self.who = admin.who.as_ref().map(Person::from);
    }

    /// The first entry that tells of it.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.entries.first().copied().unwrap_or(0)
    }

    /// How it ended, in a word: a state, `open`, or `partial` for an answer without some site; `done` for an act.
    #[must_use]
    pub fn outcome_word(&self) -> &'static str {
        match self.state {
            None if self.kind == Kind::Act => "done",
            None => "open",
            Some(State::Answered) if self.answers.iter().any(|answer| answer.state != State::Answered) => "partial",
            Some(state) => state_word(state),
        }
    }

    /// Sites that answered, and sites that did not, each with the last that was heard of it.
    #[must_use]
    pub fn by_site(&self) -> (Vec<&Answer>, Vec<&Answer>) {
        let mut last: Vec<&Answer> = Vec::new();
        for answer in &self.answers {
            last.retain(|other| other.site != answer.site);
            last.push(answer);
        }
        last.sort_by(|a, b| a.site.cmp(&b.site));
        last.into_iter().partition(|answer| answer.state == State::Answered)
    }
}

/// A state as it is written in the log.
#[must_use]
pub fn state_word(state: State) -> &'static str {
    match state {
        State::Aborted => "aborted",
        State::Answered => "answered",
        State::Cancelled => "cancelled",
        State::Failed => "failed",
        State::Late => "late",
        State::Offline => "offline",
        State::Refused => "refused",
    }
}

/// An act as it is written in the log.
#[must_use]
pub fn act_word(act: Act) -> &'static str {
    match act {
        Act::Alarm => "alarm",
        Act::Approval => "approval",
        Act::Archive => "archive",
        Act::Ceremony => "ceremony",
        Act::Clock => "clock",
        Act::Config => "config",
        Act::Cut => "cut",
        Act::Disk => "disk",
        Act::Key => "key",
        Act::LogRead => "log_read",
        Act::Map => "map",
        Act::OptOut => "opt_out",
        Act::Policy => "policy",
        Act::Preview => "preview",
        Act::Roster => "roster",
        Act::Snapshot => "snapshot",
        Act::Start => "start",
        Act::Stop => "stop",
    }
}

fn shown<const MAX: usize>(text: &Shown<MAX>) -> Option<String> {
    match text {
        Shown::Text(text) => Some(text.as_str().to_owned()),
        Shown::Sealed { .. } => None,
    }
}

fn merge<T: PartialEq>(into: &mut Vec<T>, items: impl Iterator<Item = T>) {
    for item in items {
        if !into.contains(&item) {
            into.push(item);
        }
    }
}
