//! What an attacker sees of one question.

use renkei_e2e::{Answer, Refused};
use renkei_types::Code;

/// Everything that came back: rows, or a refusal, and all words beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Column names.
    pub columns: Vec<String>,
    /// Rows as text; NULL as `NULL`.
    pub cells: Vec<Vec<String>>,
    /// The code of a refusal, or of the first site that did not answer.
    pub code: Option<Code>,
    /// States, warnings and errors, as they came.
    pub said: String,
}

impl Seen {
    /// Of a question's end.
    #[must_use]
    pub fn of(ended: Result<Answer, Refused>) -> Self {
        match ended {
            Ok(Answer { columns, cells, answered }) => {
                let code = answered.iter().flat_map(|answered| &answered.sites).find_map(|site| site.code);
                Self { columns, cells, code, said: format!("{answered:?}") }
            }
            Err(refused) => {
                let code = refused.refusal.as_ref().map(|refusal| refusal.code);
                let said = format!("{:?} {:?} {:?}", refused.status, refused.refusal, refused.answered);
                Self { columns: Vec::new(), cells: Vec::new(), code, said }
            }
        }
    }

    /// Of an engine without a guard that failed.
    #[must_use]
    pub fn failed(said: String) -> Self {
        Self { columns: Vec::new(), cells: Vec::new(), code: None, said }
    }

    /// The number in a row and column, where one is shown.
    #[must_use]
    pub fn number(&self, row: usize, column: &str) -> Option<f64> {
        let column = self.columns.iter().position(|name| name == column)?;
        self.cells.get(row)?.get(column)?.parse().ok()
    }

    /// Whether the statement itself was refused, so that nothing was computed.
    #[must_use]
    pub fn refused(&self) -> bool {
        self.code.is_some() && self.cells.iter().flatten().all(|cell| cell == "NULL" || cell == "0")
    }

    /// All of it as text: what a scan for canaries looks at.
    #[must_use]
    pub fn text(&self) -> String {
        let rows: Vec<String> = self.cells.iter().map(|row| row.join(" ")).collect();
        format!("{} {} {}", self.columns.join(" "), rows.join(" "), self.said)
    }
}
