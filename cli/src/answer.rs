//! What the gateway says about an answer, beside its rows.

use std::collections::BTreeMap;

use renkei_audit::receipt::Given;
use renkei_types::{Refusal, SiteOutcome};
use serde::Deserialize;
use tonic::Status;

/// Carries a [`Refusal`] as JSON in a failed call.
const REFUSAL_KEY: &str = "renkei-refusal-bin";
/// Carries the sites' states as JSON in a failed call.
const ANSWER_KEY: &str = "renkei-answer-bin";

/// The account of one answer.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Account {
    /// The question's id, for the audit log and for support.
    pub query_id: Option<String>,
    /// The project under which it was asked.
    pub project: Option<String>,
    /// How each site ended.
    pub sites: Vec<SiteOutcome>,
    /// How much of the consortium is in the answer.
    pub coverage: Option<Coverage>,
    /// Sentences to show beside the answer.
    pub warnings: Vec<String>,
    /// Sets of codes that the gateway looked up for the question.
    pub code_sets: Vec<CodeSet>,
    /// What the logs of the gateway and of the sites promise.
    pub receipts: Vec<Given>,
    /// Rows that could be in or out, by the clause that chose.
    pub undecided: Vec<Undecided>,
    /// Until when the whole answer can be fetched, where some sites are still at work.
    pub fetch: Option<Fetch>,
    /// The whole as it came, for machines.
    #[serde(skip)]
    pub raw: serde_json::Value,
}

/// A set of codes that the gateway looked up of its own vocabulary.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct CodeSet {
    /// The column that was compared with it, as `table.column`.
    pub column: Option<String>,
    /// The version of the gateway's vocabulary.
    pub vocabulary: String,
    /// Codes in the set.
    pub codes: u64,
    /// Of these, how many a site holds data for.
    pub sites: BTreeMap<String, u64>,
}

/// Rows of which a clause cannot say whether they belong to the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Undecided {
    /// The clause.
    pub clause: String,
    /// How many.
    pub rows: u64,
}

/// What is still to come of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Fetch {
    /// RFC 3339, UTC.
    pub until: String,
}

/// How much of the consortium is in an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Coverage {
    /// Sites that were asked.
    pub sites_asked: u32,
    /// Sites whose cells are in the answer.
    pub sites_answered: u32,
    /// Share of the consortium's persons at these sites, 0 to 1, where sites publish their profile.
    pub persons_share: Option<f64>,
}

impl Account {
    /// Reads the account; `None` where there is none, as for a statement that asked no site.
    ///
    /// # Errors
    /// When it is there and cannot be read: then nobody can say whether the answer is whole.
    pub fn read(json: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        if json.is_empty() {
            return Ok(None);
        }
        let raw: serde_json::Value = serde_json::from_slice(json)?;
        let mut account = Self::deserialize(&raw)?;
        account.raw = raw;
        Ok(Some(account))
    }

    /// The largest minimum of persons that a site applied.
    pub fn minimum_persons(&self) -> Option<u32> {
        self.sites.iter().filter_map(|site| site.minimum_persons).max()
    }

    /// `site=snapshot` of every site that answered, in the order of the sites.
    pub fn snapshots(&self) -> String {
        let known =
            self.sites.iter().filter_map(|s| s.snapshot.as_ref().map(|snapshot| format!("{}={snapshot}", s.site)));
        known.collect::<Vec<_>>().join(",")
    }

    /// The version of each site's policy that permitted it, as `site=version` with commas.
    pub fn policies(&self) -> String {
        let known = self.sites.iter().filter_map(|s| Some(format!("{}={}", s.site, s.policy.as_ref()?)));
        known.collect::<Vec<_>>().join(",")
    }
}

/// What a failed call says in the gateway's own words, if it does.
pub fn refusal(status: &Status) -> Option<Refusal> {
    let bytes = status.metadata().get_bin(REFUSAL_KEY)?.to_bytes().ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The sites' states of a failed call, if there are any.
pub fn account(status: &Status) -> Option<Account> {
    let bytes = status.metadata().get_bin(ANSWER_KEY)?.to_bytes().ok()?;
    Account::read(&bytes).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_keeps_its_raw_form_and_ignores_what_is_new() {
        let json = br#"{"query_id":"q","project":"p","sites":[{"site":"tokyo","state":"answered_held","snapshot":"s1",
            "minimum_persons":10,"elapsed_ms":3,"colour":"red"}],"coverage":{"sites_asked":1,"sites_answered":1,
            "persons_share":null},"warnings":[],"novelty":1}"#;
        let account = Account::read(json).unwrap().unwrap();
        assert_eq!(account.snapshots(), "tokyo=s1");
        assert_eq!(account.minimum_persons(), Some(10));
        assert_eq!(account.raw["novelty"], 1);
        assert_eq!(account.coverage.unwrap().persons_share, None);
    }

    #[test]
    fn absence_and_nonsense_are_told_apart() {
        assert_eq!(Account::read(b"").unwrap(), None);
        assert!(Account::read(b"{").is_err());
        assert!(Account::read(br#"{"sites":[{"site":"a","state":"dancing","elapsed_ms":1}]}"#).is_err());
    }
}
