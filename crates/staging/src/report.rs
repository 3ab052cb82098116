//! What reading a source came to, in counts.

use std::collections::BTreeMap;

use renkei_ingest::{Remark, assemble, codes, dpc, fhir, mapped, ssmix2};
use serde::{Deserialize, Serialize};

/// The remark of that id.
#[must_use]
pub fn remark(id: &str) -> Option<&'static Remark> {
    let all = [ssmix2::REMARKS, fhir::REMARKS, dpc::REMARKS, mapped::REMARKS, codes::REMARKS, assemble::REMARKS];
    all.into_iter().flatten().find(|remark| remark.id == id)
}

/// Files of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCount {
    /// The kind: a data kind of SS-MIX2, a resource file, a DPC file.
    pub kind: String,
    /// What became of them: `converted`, `nothing`, `skipped`, `rejected`, `partly`.
    pub outcome: String,
    /// How many.
    pub files: u64,
}

/// How often something odd was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemarkCount {
    /// The remark's id.
    pub id: String,
    /// How often.
    pub count: u64,
}

/// The account of one source: what it holds, and what this run did.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SourceReport {
    /// The source.
    pub name: String,
    /// How it is written.
    pub format: String,
    /// Files in the source.
    pub files: u64,
    /// Files that were as before, and not read.
    pub unchanged: u64,
    /// Files that were new.
    pub new: u64,
    /// Files that had changed.
    pub changed: u64,
    /// Files that were gone.
    pub gone: u64,
    /// Folders and files that the system did not let be read in this run. Nothing counts as gone then; files are tried again.
    #[serde(default)]
    pub unreadable: u64,
    /// Bytes read in this run.
    pub bytes: u64,
    /// Whether everything was read again because the rules or the program changed.
    pub afresh: bool,
    /// Statements that the source makes.
    pub statements: u64,
    /// Patients of whom it speaks.
    pub patients: u64,
    /// Records in quarantine, by rule.
    pub rejected: BTreeMap<String, u64>,
    /// Files by kind and outcome.
    pub kinds: Vec<FileCount>,
    /// What was odd, over all its files.
    pub remarks: Vec<RemarkCount>,
    /// Duration of this run, in seconds.
    pub seconds: f64,
}
