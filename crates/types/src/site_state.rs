//! How a site ended in one question. Absence is typed: zero, held, refused, offline and late are different things.

use std::fmt;

use crate::{Code, SiteId, SnapshotId};

/// The one state in which a site ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteState {
    /// Everything that was asked was released.
    Answered,
    /// Answered, with cells or aggregates of 0 to k−1 persons held.
    AnsweredHeld,
    /// The site's own policy or language rules said no.
    Refused,
    /// No connection.
    Offline,
    /// No answer before the deadline.
    Late,
    /// The site has no data or vocabulary for what was asked.
    NotMapped,
    /// The project is not approved at this site.
    NotApproved,
    /// The site failed; the details are in its own log.
    Failed,
    /// Took part in a pooled sum whose parts are unreadable.
    Pooled,
}

impl SiteState {
    /// Whether cells of this site are in the answer.
    #[must_use]
    pub fn contributes(self) -> bool {
        matches!(self, Self::Answered | Self::AnsweredHeld | Self::Pooled)
    }

    /// The state as it is printed and sent.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::AnsweredHeld => "answered_held",
            Self::Refused => "refused",
            Self::Offline => "offline",
            Self::Late => "late",
            Self::NotMapped => "not_mapped",
            Self::NotApproved => "not_approved",
            Self::Failed => "failed",
            Self::Pooled => "pooled",
        }
    }
}

impl fmt::Display for SiteState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One site's end in one question, with what explains it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SiteOutcome {
    /// The site.
    pub site: SiteId,
    /// How it ended.
    pub state: SiteState,
    /// The code behind any state but `answered`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<Code>,
    /// A sentence for the reader; never anything of a record.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// The snapshot that answered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub snapshot: Option<SnapshotId>,
    /// Version of the vocabulary that the site resolved concepts with.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub vocabulary: Option<String>,
    /// Minimum of persons that the site applied.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub minimum_persons: Option<u32>,
    /// Version of the policy under which the site permitted it, as its log has it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub policy: Option<String>,
    /// Milliseconds from question to the site's answer, as the gateway saw it.
    pub elapsed_ms: u64,
}
