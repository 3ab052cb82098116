//! The command line of `renkei audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use renkei_types::ProjectId;

/// What to do with logs.
#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "a program has one of them, and clap flattens no box")]
pub enum AuditCommand {
    /// With their files, without a connection.
    #[command(flatten)]
    Files(AuditFiles),
    /// Copies the logs that the gateway keeps, what is new of them, each checked on arrival; for auditors
    Pull(AuditPull),
}

/// What to do with logs' files.
#[derive(Debug, Subcommand)]
pub enum AuditFiles {
    /// Finds questions, refusals and acts: as a table, as sentences, or for programs
    Search(AuditSearch),
    /// Shows what the logs say of one question, with the entries themselves and their proofs
    Show(AuditShow),
    /// Checks whole logs, offline: hashes, signatures, witnesses, numbers, times; status 6 when something is wrong
    Verify(AuditVerify),
    /// Compares the gateway's log with each hospital's; status 6 when one contradicts the other
    Reconcile(AuditReconcile),
    /// Writes what was found as CSV, JSON lines or FHIR AuditEvent
    Export(AuditExport),
    /// Makes a report of the consortium's activity, or of one project for its ethics committee: a page, PDF or workbook
    Report(AuditReport),
}

/// Copies.
#[derive(Debug, Args)]
pub struct AuditPull {
    /// The folder of the copies; what is there already is continued
    #[arg(long, short = 'o', value_name = "DIR")]
    pub out: PathBuf,
    /// File with the logs' verifying keys, one a line; without it the key that the gateway told the first time is believed
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
}

/// Which logs.
#[derive(Debug, Args)]
pub struct Logs {
    /// Folder of a log, or one with several below it, such as a gateway's state folder; may be repeated
    #[arg(long = "log", value_name = "DIR", required = true)]
    pub logs: Vec<PathBuf>,
    /// File with the logs' verifying keys, one a line; without it the key that lies beside each log is believed
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
    /// Archive of a log's oldest entries, as `renkei-node audit archive` makes one; may be repeated
    #[arg(long = "archive", value_name = "DIR")]
    pub archives: Vec<PathBuf>,
    /// Names of people, sites and projects (TOML)
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
    /// File of the search index [default: in ~/.cache/renkei]
    #[arg(long, value_name = "FILE")]
    pub index: Option<PathBuf>,
}

/// What to look for.
#[derive(Debug, Args)]
pub struct Wanted {
    /// Words of the statement, the purpose, a reason or an act; all must occur
    pub text: Option<String>,
    /// Part of a person's name or institution
    #[arg(long, value_name = "NAME")]
    pub who: Option<String>,
    /// Questions under this project
    #[arg(long = "in-project", value_name = "ID")]
    pub in_project: Option<String>,
    /// Questions to this site
    #[arg(long, value_name = "ID")]
    pub site: Option<String>,
    /// Questions that read this table, or a column as `table.column`
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
    /// How it ended: answered, partial, refused, failed, late, offline, cancelled, aborted, open, or a code
    #[arg(long, value_name = "WORD")]
    pub outcome: Option<String>,
    /// question, refusal, act, or a kind of act such as start, policy, opt_out, snapshot, log_read
    #[arg(long, value_name = "WORD")]
    pub kind: Option<String>,
    /// From this month, day or minute on (Japan's time, or with Z in UTC), such as 2026-11-01
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Until the end of this month or day, or before this minute
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
}

/// Searches.
#[derive(Debug, Args)]
pub struct AuditSearch {
    /// Which logs.
    #[command(flatten)]
    pub logs: Logs,
    /// What to look for.
    #[command(flatten)]
    pub wanted: Wanted,
    /// Form of the list [default: table on a terminal, json in a pipe]
    #[arg(long = "output", value_name = "FORM", id = "search_form")]
    pub form: Option<SearchForm>,
    /// How many at most, the newest first
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
}

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SearchForm {
    /// Columns for a person.
    Table,
    /// One sentence each, in the language of messages.
    Sentences,
    /// One JSON object a line.
    Json,
}

/// Shows one question.
#[derive(Debug, Args)]
pub struct AuditShow {
    /// The question's id, or an entry's number where there is one log
    pub what: String,
    /// Which logs.
    #[command(flatten)]
    pub logs: Logs,
    /// Form of the account [default: text]
    #[arg(long = "output", value_name = "FORM", default_value = "text", id = "audit_form")]
    pub form: AuditForm,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditForm {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

/// Verifies.
#[derive(Debug, Args)]
pub struct AuditVerify {
    /// Which logs.
    #[command(flatten)]
    pub logs: Logs,
    /// File with the witnesses' keys, one a line
    #[arg(long, value_name = "FILE")]
    pub witnesses: Option<PathBuf>,
    /// How many witnesses must have cosigned
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub quorum: usize,
    /// When the files were taken [default: now where a log is in use, else when its checkpoint was written]
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Form of the report [default: text]
    #[arg(long = "output", value_name = "FORM", default_value = "text", id = "audit_form")]
    pub form: AuditForm,
}

/// Reconciles.
#[derive(Debug, Args)]
pub struct AuditReconcile {
    /// Which logs.
    #[command(flatten)]
    pub logs: Logs,
    /// Seconds that the two sides may record the same apart
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub tolerance: u64,
    /// Seconds that a running log may say nothing
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    pub silence: u64,
    /// Form of the report [default: text]
    #[arg(long = "output", value_name = "FORM", default_value = "text", id = "audit_form")]
    pub form: AuditForm,
}

/// Exports.
#[derive(Debug, Args)]
pub struct AuditExport {
    /// Which logs.
    #[command(flatten)]
    pub logs: Logs,
    /// What to look for.
    #[command(flatten)]
    pub wanted: Wanted,
    /// The form
    #[arg(long = "output", value_name = "FORM", default_value = "csv", id = "export_form")]
    pub form: ExportForm,
    /// Writes to a file, which appears when it is whole
    #[arg(long, short = 'o', value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Reports.
#[derive(Debug, Args)]
pub struct AuditReport {
    /// Which logs.
    #[command(flatten)]
    pub logs: Logs,
    /// The project to report on; without it the consortium's activity is reported
    #[arg(long = "of-project", value_name = "ID")]
    pub of_project: Option<ProjectId>,
    /// From this month, day or minute on
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Until the end of this month or day
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// The file; its ending .html, .pdf or .xlsx is the form
    #[arg(long, short = 'o', value_name = "FILE")]
    pub out: PathBuf,
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportForm {
    /// CSV in UTF-8 with a byte-order mark, for spreadsheets.
    Csv,
    /// One JSON object a line.
    Json,
    /// One FHIR R4 AuditEvent a line (NDJSON), after IHE BALP.
    Fhir,
}
