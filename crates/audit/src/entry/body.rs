//! The six kinds of entries.

use renkei_types::{QueryId, SiteId, SnapshotId};
use serde::{Deserialize, Serialize};

use super::parts::{Budget, Cells, Count, List, Private, Question, Who};
use super::seal::{Seal, Shown};
use super::text::{Line, Name};
use crate::note::{Head, Origin};
use crate::tree::Hash;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// An administrative act, or one of the log itself.
    Admin(Admin),
    /// A checkpoint of another log was cosigned, or one of this log by another.
    Cosign(Cosign),
    /// Nothing happened; the log lives.
    Heartbeat(Heartbeat),
    /// A question is about to be executed.
    Intent(Box<Intent>),
    /// What became of it, before the first byte of the answer.
    Outcome(Box<Outcome>),
    /// A question was refused before execution.
    Refusal(Box<Refusal>),
}

/// A question is about to be executed: durable before it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// The budget it is charged to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub budget: Option<Budget>,
    /// The columns it reads, as `table.column`.
    #[serde(skip_serializing_if = "List::is_empty", default)]
    pub columns: List<Name, 256>,
    /// The version of the opt-out list.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub opt_out: Option<Line<64>>,
    /// Which release point of the question, from 0.
    pub part: u32,
    /// The version of the policy.
    pub policy: Line<64>,
    /// What the site keeps to itself.
    #[serde(skip_serializing_if = "Private::is_empty", default)]
    pub private: Private,
    /// The question's id.
    pub query: QueryId,
    /// What is asked.
    pub question: Question,
    /// The snapshots it runs on.
    #[serde(skip_serializing_if = "List::is_empty", default)]
    pub snapshots: List<SnapshotId, 128>,
    /// The version of the software.
    pub software: Line<64>,
    /// The tables it reads.
    #[serde(skip_serializing_if = "List::is_empty", default)]
    pub tables: List<Name, 64>,
    /// Who asks.
    pub who: Who,
}

/// How a question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The program stopped between INTENT and OUTCOME; charged.
    Aborted,
    /// An answer leaves.
    Answered,
    /// Cancelled by the one who asked.
    Cancelled,
    /// It failed; the code says how, for the outside.
    Failed,
    /// The site answered too late, or its answer was lost.
    Late,
    /// The site could not be reached.
    Offline,
    /// Refused after INTENT.
    Refused,
}

/// What became of a question: durable before the first byte of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Cells asked and released.
    pub cells: Cells,
    /// The stable code of a refusal or failure.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<Line<32>>,
    /// From INTENT to here.
    pub micros: Count,
    /// Which release point of the question.
    pub part: u32,
    /// What the site keeps to itself.
    #[serde(skip_serializing_if = "Private::is_empty", default)]
    pub private: Private,
    /// The question's id.
    pub query: QueryId,
    /// The salted hash of the answer's bytes; the salt goes with the answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub result: Option<Seal>,
    /// At the gateway: whose answer. None for the log's own outcome, which closes the INTENT.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub site: Option<SiteId>,
    /// How it ended.
    pub state: State,
}

/// A question was refused before execution. All but the code may be unknown, since anything may have been sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// The stable code.
    pub code: Line<32>,
    /// Which release point of the question.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub part: Option<u32>,
    /// What the site keeps to itself.
    #[serde(skip_serializing_if = "Private::is_empty", default)]
    pub private: Private,
    /// The question's id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub query: Option<QueryId>,
    /// What was asked, as far as it could be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub question: Option<Question>,
    /// The reason, as told.
    pub reason: Line<512>,
    /// SHA-256 of the bytes as they came.
    pub received: Hash,
    /// Who asked, as far as it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub who: Option<Who>,
}

/// What kind of administrative act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Another log, or this one in a witness's eyes, contradicts what was seen of it.
    Alarm,
    /// A project, a release or a person was approved, or an approval withdrawn.
    Approval,
    /// Old entries were exported into an archive, and removed from the log's own folder.
    Archive,
    /// A ceremony: a lost key replaced, a log continued from a backup.
    Ceremony,
    /// The log's clock went back, or the machine's jumped, or its source of time changed; the detail says how far.
    Clock,
    /// The program's configuration changed.
    Config,
    /// A torn end was cut when the log was opened; the detail says how much.
    Cut,
    /// The log's disk became full, or has room again.
    Disk,
    /// A key or certificate was made, renewed, revoked.
    Key,
    /// The log was searched, shown or exported.
    LogRead,
    /// A map from codes to concepts, or a set of codes, was taken.
    Map,
    /// The list of persons who opted out changed.
    OptOut,
    /// The site's policy changed.
    Policy,
    /// Somebody at the site looked at what would leave.
    Preview,
    /// Members or sites changed.
    Roster,
    /// A snapshot was made, sealed or removed.
    Snapshot,
    /// The program started.
    Start,
    /// The program stopped in order.
    Stop,
}

/// An administrative act: durable before its effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// What kind.
    pub act: Act,
    /// What was done, in a sentence.
    pub detail: Line<512>,
    /// SHA-256 of the document concerned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<Hash>,
    /// What the site keeps to itself.
    #[serde(skip_serializing_if = "Private::is_empty", default)]
    pub private: Private,
    /// What it was done to.
    pub subject: Line<128>,
    /// Who did it; none for acts of the log itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub who: Option<Who>,
}

/// What is known of the machine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// Runs without a source of time.
    Free,
    /// Follows a source of time.
    Synchronised,
    /// Not known.
    Unknown,
}

/// The log lives. Bound to its place by the root of all entries before it: it cannot be played again elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// The number of this heartbeat in the log, from 1.
    pub beat: Count,
    /// The clock.
    pub clock: ClockState,
    /// The root of the tree of all entries before this one.
    pub root: Hash,
}

/// On which side of a cosignature this log stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Given {
    /// This log's owner signed another log's checkpoint.
    Given,
    /// Another signed this log's checkpoint.
    Received,
}

/// A cosignature, as the memory of who saw what: durable before it leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cosign {
    /// Who cosigned.
    pub cosigner: Origin,
    /// On which side.
    pub given: Given,
    /// The size and root that were cosigned.
    pub head: Head,
    /// Whose log.
    pub origin: Origin,
}

impl Body {
    /// The seals in it, by the names of their openings.
    #[must_use]
    pub fn seals(&self) -> Vec<(&str, Seal)> {
        let (private, question) = match self {
            Self::Admin(admin) => (&admin.private, None),
            Self::Cosign(_) | Self::Heartbeat(_) => return Vec::new(),
            Self::Intent(intent) => (&intent.private, Some(&intent.question)),
            Self::Outcome(outcome) => (&outcome.private, None),
            Self::Refusal(refusal) => (&refusal.private, refusal.question.as_ref()),
        };
        let texts = question.into_iter().flat_map(|question| {
            let parameters = question.parameters.as_ref().and_then(Shown::seal).map(|seal| ("parameters", seal));
            parameters.into_iter().chain(question.sql.seal().map(|seal| ("sql", seal)))
        });
        private.seals().chain(texts).collect()
    }

    /// The kind, as it is written.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Admin(_) => "admin",
            Self::Cosign(_) => "cosign",
            Self::Heartbeat(_) => "heartbeat",
            Self::Intent(_) => "intent",
            Self::Outcome(_) => "outcome",
            Self::Refusal(_) => "refusal",
        }
    }
}
