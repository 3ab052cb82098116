//! What the log says of a question: who asked under which project, and how it ended. Never the statement.

use renkei_types::{Code, PersonId, QueryId};
use tokio::time::Instant;

use crate::federator::Terms;

/// Writes one line for each question, also for one whose caller went away.
pub(super) struct Note {
    query_id: QueryId,
    person: PersonId,
    project: String,
    started: Instant,
    pub(super) rows: usize,
    ended: bool,
}

impl Note {
    pub(super) fn new(terms: &Terms) -> Self {
        Self {
            query_id: terms.query_id.clone(),
            person: terms.person.clone(),
            project: terms.project.as_ref().map(|project| project.id.to_string()).unwrap_or_default(),
            started: Instant::now(),
            rows: 0,
            ended: false,
        }
    }

    pub(super) fn end(&mut self, outcome: &str) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let Self { query_id, person, project, rows, .. } = self;
        let elapsed_ms = self.started.elapsed().as_millis();
        tracing::info!(%query_id, %person, project, outcome, rows, elapsed_ms, "question");
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        self.end(Code::Cancelled.as_str());
    }
}
