//! What a question brought.

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use renkei_gateway::Answered;
use renkei_types::{Code, Refusal, SiteOutcome};
use tonic::Status;

/// An answer: rows, and the metadata that came with the schema.
#[derive(Debug)]
pub struct Answer {
    /// Column names.
    pub columns: Vec<String>,
    /// Rows as text, column by column; NULL as `NULL`.
    pub cells: Vec<Vec<String>>,
    /// How each site ended; none where no site was asked.
    pub answered: Option<Answered>,
}

impl Answer {
    pub(crate) fn new(columns: Vec<String>, batches: &[RecordBatch], answered: Option<Answered>) -> Self {
        Self { columns, cells: batches.iter().flat_map(cells).collect(), answered }
    }

    /// Rows as text, columns parted by bars.
    #[must_use]
    pub fn rows(&self) -> Vec<String> {
        self.cells.iter().map(|row| row.join(" | ")).collect()
    }

    /// The metadata of an answer that sites were asked for.
    #[must_use]
    pub fn metadata(&self) -> &Answered {
        self.answered.as_ref().expect("metadata")
    }

    /// Each site's end, such as `tokyo refused E-CLOCK`.
    #[must_use]
    pub fn states(&self) -> Vec<String> {
        self.metadata().sites.iter().map(state).collect()
    }

    /// One site's end with its sentence.
    #[must_use]
    pub fn site(&self, site: &str) -> &SiteOutcome {
        self.metadata().sites.iter().find(|outcome| outcome.site.as_str() == site).expect("the site")
    }
}

/// One site's end, such as `tokyo refused E-CLOCK`.
pub(crate) fn state(outcome: &SiteOutcome) -> String {
    match outcome.code {
        Some(code) => format!("{} {} {code}", outcome.site, outcome.state),
        None => format!("{} {}", outcome.site, outcome.state),
    }
}

fn cells(batch: &RecordBatch) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL");
    let columns: Vec<_> = batch.columns().iter().map(|c| ArrayFormatter::try_new(c, &options).unwrap()).collect();
    (0..batch.num_rows()).map(|row| columns.iter().map(|column| column.value(row).to_string()).collect()).collect()
}

/// A question without an answer.
#[derive(Debug)]
pub struct Refused {
    /// As gRPC has it.
    pub status: Status,
    /// The refusal of the trailer.
    pub refusal: Option<Refusal>,
    /// How each site ended, where any was asked.
    pub answered: Option<Answered>,
}

impl Refused {
    pub(crate) fn new(status: Status) -> Self {
        let bytes = |name| status.metadata().get_bin(name).and_then(|value| value.to_bytes().ok());
        let refusal = bytes(renkei_gateway::REFUSAL_TRAILER).map(|json| serde_json::from_slice(&json).unwrap());
        let answered = bytes(renkei_gateway::ANSWER_TRAILER).map(|json| serde_json::from_slice(&json).unwrap());
        Self { status, refusal, answered }
    }

    /// The code of the refusal.
    #[must_use]
    pub fn code(&self) -> Code {
        self.refusal.as_ref().unwrap_or_else(|| panic!("no refusal in {:?}", self.status)).code
    }

    /// Each site's end.
    #[must_use]
    pub fn states(&self) -> Vec<String> {
        self.answered.as_ref().expect("metadata").sites.iter().map(state).collect()
    }
}
