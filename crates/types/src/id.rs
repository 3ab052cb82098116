//! Identifiers of sites, projects, people, queries and snapshots.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{kind} `{text}` is not valid: use 1 to 63 lower-case letters, digits, `-`, `_` or `.`, starting with a letter or digit"
)]
pub struct IdError {
    kind: &'static str,
    text: String,
}

fn check(kind: &'static str, text: &str) -> Result<(), IdError> {
    let mut bytes = text.bytes();
    let head = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let tail = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'));
    if head && tail && text.len() <= 63 {
        return Ok(());
    }
    Err(IdError { kind, text: text.chars().take(80).collect() })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Validates `text` as an identifier.
            ///
            /// # Errors
            /// [`IdError`] when the text is empty, longer than 63 bytes or holds another character than `a-z 0-9 - _ .`.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                check($kind, &text)?;
                Ok(Self(text))
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

id!(
    /// A consortium, as it stands in every certificate.
    ConsortiumId, "consortium id"
);
id!(
    /// A hospital that takes part.
    SiteId, "site id"
);
id!(
    /// A project under which questions are asked.
    ProjectId, "project id"
);
id!(
    /// A person who asks, as certificates and tokens name them; never a patient.
    PersonId, "person id"
);
id!(
    /// One question, the same at the gateway and at every node.
    QueryId, "query id"
);
id!(
    /// One immutable snapshot of one site's records.
    SnapshotId, "snapshot id"
);

impl QueryId {
    /// A query id: UUID version 7 of the time and the random bits given, so that ids sort by time.
    #[must_use]
    pub fn at(now: Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(now.0 / 1_000).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_plain_names_and_refuses_the_rest() {
        for good in ["a", "tokyo-1", "0190b7.x_y", &"a".repeat(63)] {
            assert!(SiteId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "Tokyo", "a b", "東京", "a/b", "../a", &"a".repeat(64)] {
            assert!(SiteId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn query_ids_are_valid_differ_and_sort_by_time() {
        let id = |micros, random| QueryId::at(Timestamp(micros), [random; 10]);
        assert_ne!(id(0, 1), id(0, 2));
        assert!(id(1_790_000_000_000_000, 9) < id(1_790_000_000_001_000, 1));
        assert!(QueryId::new(id(1_790_000_000_000_000, 9).as_str()).is_ok());
    }
}
