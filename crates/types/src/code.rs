//! Stable error codes. A code never changes its meaning and is never used again.

use std::fmt;
use std::str::FromStr;

/// What kind of trouble a code names; programs derive their exit status and gRPC status from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The statement is at fault: it can be rewritten.
    Statement,
    /// The policy says no: somebody has to grant something.
    Denied,
    /// A site or the gateway cannot answer at present.
    Unavailable,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal, $class:ident;)+) => {
        /// A stable error code. Each has a section in `docs/errors.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum Code {
            $($(#[doc = $doc])+ #[serde(rename = $text)] $variant,)+
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// The code as it is printed, searched for and logged.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text),+ }
            }

            /// What kind of trouble it names.
            pub fn class(self) -> Class {
                match self { $(Code::$variant => Class::$class),+ }
            }
        }
    };
}

codes! {
    /// The text is not SQL.
    Syntax = "E-SYNTAX", Statement;
    /// Not exactly one query expression: DDL, DML, SET, COPY, EXPLAIN ANALYZE, several statements, nothing.
    StatementKind = "E-STATEMENT", Statement;
    /// The statement is over a limit of size, depth, predicates, joins or codes.
    TooLarge = "E-TOO-LARGE", Statement;
    /// No such table.
    UnknownTable = "E-TABLE", Statement;
    /// No such column.
    UnknownColumn = "E-COLUMN", Statement;
    /// No such function, or one that is not on the allow-list.
    UnknownFunction = "E-FUNCTION", Statement;
    /// A parameter is missing, left over or of the wrong type.
    Parameter = "E-PARAMETER", Statement;
    /// Types that do not fit each other.
    Type = "E-TYPE", Statement;
    /// Rows of persons would reach the output.
    Rows = "E-ROWS", Statement;
    /// Two relations of persons are joined without an equality in one key domain.
    JoinKey = "E-JOIN-KEY", Statement;
    /// A reference relation is joined in a way that compares different meanings, or is preserved by an outer join.
    JoinReference = "E-JOIN-REFERENCE", Statement;
    /// A key that may be NULL is used as a key.
    NullableKey = "E-KEY-NULL", Statement;
    /// A key is compared, computed with or released.
    KeyUse = "E-KEY-USE", Statement;
    /// An aggregate function that cannot leave a hospital.
    Aggregate = "E-AGGREGATE", Statement;
    /// An aggregate's argument or group key that cannot leave a hospital.
    Argument = "E-ARGUMENT", Statement;
    /// LIMIT, OFFSET or a window without a person key over rows of persons.
    Limit = "E-LIMIT", Statement;
    /// A set operation across kinds or key domains.
    SetOperation = "E-SET", Statement;
    /// A subquery expression that the split does not take.
    Subquery = "E-SUBQUERY", Statement;
    /// Part of the language that is refused by default because nothing has proven it safe and exact.
    NotSupported = "E-NOT-SUPPORTED", Statement;
    /// A statement that reads reference tables alone, or joins them above the release point.
    ReferenceOnly = "E-REFERENCE", Statement;

    /// The caller could not be identified.
    Unauthenticated = "E-IDENTITY", Denied;
    /// The project does not exist, or the caller is not one of its members.
    Project = "E-PROJECT", Denied;
    /// A table that the project was not granted.
    TableGrant = "E-GRANT-TABLE", Denied;
    /// The asked minimum of persons is below what the snapshot's seal allows.
    MinimumPersons = "E-MINIMUM", Denied;
    /// The statement is beyond the level of the grant.
    Level = "E-LEVEL", Denied;
    /// A literal beside the grid of the level *feasibility*.
    Grid = "E-GRID", Denied;
    /// The project or the person has asked as many questions as the site allows.
    Budget = "E-BUDGET", Denied;
    /// Logs are read by auditors, who ask nothing.
    Auditor = "E-AUDITOR", Denied;
    /// The question's clock is too far from the node's.
    Clock = "E-CLOCK", Denied;

    /// The site has no connection.
    Offline = "E-OFFLINE", Unavailable;
    /// The site did not answer before the deadline.
    Late = "E-LATE", Unavailable;
    /// The site has no snapshot.
    NoSnapshot = "E-SNAPSHOT", Unavailable;
    /// The site does not have the snapshot any more that the question names.
    SnapshotGone = "E-SNAPSHOT-GONE", Unavailable;
    /// The site has no data or vocabulary for what was asked; it is not zero.
    NotMapped = "E-NOT-MAPPED", Unavailable;
    /// A value that rows are compared with is held in part, so that the comparison cannot be decided.
    Undetermined = "E-UNDETERMINED", Unavailable;
    /// The site derived another split of the statement than the gateway.
    Digest = "E-DIGEST", Unavailable;
    /// As many questions run as may run at a time.
    Busy = "E-BUSY", Unavailable;
    /// The site failed; the details are in its own log.
    Failed = "E-UNAVAILABLE", Unavailable;
    /// Fewer sites answered than were asked for.
    MinSites = "E-MIN-SITES", Unavailable;
    /// A total does not fit the type of its column.
    Overflow = "E-OVERFLOW", Statement;
    /// The question was cancelled by the one who asked.
    Cancelled = "E-CANCELLED", Unavailable;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_distinct_and_read_back() {
        let texts: BTreeSet<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
        for code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
        }
    }
}
