//! How many questions a project and a person may ask.

use std::collections::BTreeMap;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use renkei_ledger::{Exhausted, Ledger, canonical};
use renkei_policy::Permit;
use renkei_proto::ipc::{self, IpcError};
use renkei_types::{Code, Refusal, SnapshotId, Timestamp};
use sha2::{Digest, Sha256};

use super::{Answer, Received};
use crate::registered;

/// Charges a question before anything is read. The same statement on the same snapshot is free, and so are the later
/// rounds of one; whether two different texts mean the same cohort is never shown by the charge. What the project has
/// left before and after it comes back, where there is a limit.
pub(super) fn charge(
    ledger: &Ledger,
    permit: &Permit,
    received: &Received,
    snapshot: &SnapshotId,
    now: Timestamp,
) -> Result<Option<(u64, u64)>, Box<Answer>> {
    let budget = permit.budget();
    if budget.project_30_days.is_none() && budget.person_day.is_none() {
        return Ok(None);
    }
    let statement = statement(&received.sql, &received.parameters, snapshot);
    match ledger.charge(&received.project, &received.subject, statement, budget, now) {
        Ok(Ok(charge)) => Ok(charge.left),
        Ok(Err(exhausted)) => Err(Box::new(Answer::refused(refusal(exhausted, received, now)))),
        Err(error) => Err(Box::new(Answer::fault("ledger", &error))),
    }
}

/// What is the same question for budget and ledger: the canonical statement with its parameters and snapshot.
fn statement(sql: &str, parameters: &[ScalarValue], snapshot: &SnapshotId) -> [u8; 32] {
    let mut hash = Sha256::new();
    let parameters = parameters.iter().map(|parameter| format!("{:?}:{parameter:?}", parameter.data_type()));
    for part in [canonical(sql), snapshot.to_string()].into_iter().chain(parameters) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// What is the same question for the ledger: with it goes what was brought to the statement, and the present time where
/// the statement says so.
///
/// # Errors
/// [`IpcError`] where what was brought cannot be written.
pub(crate) fn asked(
    sql: &str,
    parameters: &[ScalarValue],
    bound_at: Timestamp,
    feeds: &BTreeMap<usize, Vec<RecordBatch>>,
    snapshot: &SnapshotId,
) -> Result<[u8; 32], IpcError> {
    let mut hash = Sha256::new();
    hash.update(statement(sql, parameters, snapshot));
    if registered::present(sql).is_some() {
        hash.update(bound_at.0.to_le_bytes());
    }
    for (index, batches) in feeds {
        hash.update((*index as u64).to_le_bytes());
        let Some(first) = batches.first() else { continue };
        let bytes = ipc::encode(&first.schema(), batches)?;
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    Ok(hash.finalize().into())
}

fn refusal(exhausted: Exhausted, received: &Received, now: Timestamp) -> Refusal {
    let hours = now.until(exhausted.again).as_secs().div_ceil(3_600);
    let whose = if exhausted.of_person {
        format!("{} may ask {} questions a day here", received.subject, exhausted.limit)
    } else {
        format!("project {} may ask {} questions in 30 days here", received.project, exhausted.limit)
    };
    Refusal::new(Code::Budget, format!("{whose}; the next one fits in {hours} h"))
        .hint("repeat an earlier statement word for word for free, or have the hospital raise the budget")
}
