//! What the server made: a list of files (hl7.org/fhir/uv/bulkdata, "Response - Complete Status").

use serde::{Deserialize, Serialize};
use url::Url;

use super::asking::reachable;
use super::http::host_of;
use super::trouble::Trouble;
use crate::{Error, Kind};

/// Most files that one export may have.
const MOST_FILES: usize = 100_000;

/// The manifest, of which the node reads this.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    transaction_time: String,
    #[serde(default)]
    requires_access_token: bool,
    output: Vec<Item>,
    #[serde(default)]
    deleted: Vec<Item>,
    #[serde(default)]
    error: Vec<Item>,
}

#[derive(Debug, Deserialize)]
struct Item {
    #[serde(default, rename = "type")]
    kind: String,
    url: String,
    count: Option<u64>,
}

/// All that is to be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listing {
    /// The moment that the export is of, as the server wrote it: the next run's `_since`.
    pub(super) transaction_time: String,
    /// Whether the files want the token.
    pub(super) token: bool,
    pub(super) files: Vec<Listed>,
}

/// A file to be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed {
    /// Path below the run's folder.
    pub(super) name: String,
    /// Resource type, or what the server calls it.
    pub(super) kind: String,
    pub(super) role: Role,
    pub(super) url: Url,
    /// Resources in it, where the server says.
    pub(super) count: Option<u64>,
    /// What distinguishes this content from any other at the address: an ETag or a date.
    #[serde(default)]
    pub(super) validator: Option<String>,
    /// Set when all of it is here: its resources and bytes.
    #[serde(default)]
    pub(super) complete: Option<(u64, u64)>,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    /// Resources.
    Output,
    /// Bundles of what is to be removed.
    Deleted,
    /// OperationOutcomes.
    Error,
}

impl Listing {
    pub(super) fn read(bytes: &[u8], from: &Url) -> Result<Self, Trouble> {
        let host = host_of(from);
        let wrong = |what: &str| {
            Trouble::lasting(Error::new(
                Kind::Source,
                format!("the manifest of {host} {what}"),
                "the server is at fault",
            ))
        };
        let manifest: Manifest =
            serde_json::from_slice(bytes).map_err(|_| wrong("is not one: transactionTime or output is missing"))?;
        if !is_instant(&manifest.transaction_time) {
            return Err(wrong("has a transactionTime that is no instant"));
        }
        let parts = [(Role::Output, manifest.output), (Role::Deleted, manifest.deleted), (Role::Error, manifest.error)];
        if parts.iter().map(|(_, items)| items.len()).sum::<usize>() > MOST_FILES {
            return Err(wrong("lists more than 100,000 files"));
        }
        let mut files = Vec::new();
        for (role, items) in parts {
            for (index, item) in items.into_iter().enumerate() {
                let url = from.join(&item.url).map_err(|_| wrong("has an address that is none"))?;
                reachable(&url, from)?;
                let kind = item.kind;
                let named = (1..=64).contains(&kind.len()) && kind.chars().all(|c| c.is_ascii_alphanumeric());
                let kind = if named { kind } else { "Resource".to_owned() };
                let folder = match role {
                    Role::Output => "",
                    Role::Deleted => "deleted/",
                    Role::Error => "errors/",
                };
                let name = format!("{folder}{kind}.{:05}.ndjson", index + 1);
                files.push(Listed { name, kind, role, url, count: item.count, validator: None, complete: None });
            }
        }
        Ok(Self { transaction_time: manifest.transaction_time, token: manifest.requires_access_token, files })
    }
}

/// A FHIR instant, as far as an address needs to know: it is sent back to the server as it came.
fn is_instant(text: &str) -> bool {
    let day = text.get(..10).is_some_and(|day| {
        day.bytes().enumerate().all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() })
    });
    let allowed = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | '+' | 'T' | 'Z');
    day && (19..=40).contains(&text.len()) && text.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TIME: &str = "2026-11-25T07:00:00Z";

    fn home() -> Url {
        Url::parse("https://fhir.example.org/r4/status/1").unwrap()
    }

    #[test]
    fn files_get_names_of_their_own() {
        let text = r#"{"transactionTime":"2026-11-25T07:00:00.000+09:00","request":"x","requiresAccessToken":true,
            "output":[{"type":"Patient","url":"https://files.example.org/1"},{"type":"../../etc","url":"/2","count":7}],
            "deleted":[{"type":"Bundle","url":"3"}],"error":[{"type":"OperationOutcome","url":"4"}],"extension":{}}"#;
        let listing = Listing::read(text.as_bytes(), &home()).unwrap();
        assert!(listing.token);
        let names: Vec<&str> = listing.files.iter().map(|file| file.name.as_str()).collect();
        let expected = [
            "Patient.00001.ndjson",
            "Resource.00002.ndjson",
            "deleted/Bundle.00001.ndjson",
            "errors/OperationOutcome.00001.ndjson",
        ];
        assert_eq!(names, expected);
        assert_eq!(listing.files[1].url.as_str(), "https://fhir.example.org/2");
        assert_eq!(listing.files[2].url.as_str(), "https://fhir.example.org/r4/status/3");
        assert_eq!(listing.files[1].count, Some(7));
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        for (text, expected) in [
            ("<html>", "is not one"),
            ("{}", "is not one"),
            (r#"{"transactionTime":"2026-11-25T07:00:00Z"}"#, "is not one"),
            (r#"{"transactionTime":"yesterday","output":[]}"#, "instant"),
            (r#"{"transactionTime":"2026-11-25T07:00:00Z&_x=1","output":[]}"#, "instant"),
            (
                r#"{"transactionTime":"2026-11-25T07:00:00Z","output":[{"type":"P","url":"http://a.example/"}]}"#,
                "encrypted",
            ),
            (
                r#"{"transactionTime":"2026-11-25T07:00:00Z","output":[{"type":"P","url":"file:///etc/x"}]}"#,
                "encrypted",
            ),
            (
                r#"{"transactionTime":"2026-11-25T07:00:00Z","output":[{"type":"P","url":"https://u:p@a.example/"}]}"#,
                "encrypted",
            ),
        ] {
            let error = Listing::read(text.as_bytes(), &home()).unwrap_err().error;
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, kind: String, url: String) {
            let _ = Listing::read(&bytes, &home());
            let text = serde_json::json!({ "transactionTime": TIME, "output": [{ "type": kind, "url": url }] });
            if let Ok(listing) = Listing::read(text.to_string().as_bytes(), &home()) {
                prop_assert!(!listing.files[0].name.contains(['/', '\\']));
            }
        }
    }
}
