//! How a question ends at this site.

use std::sync::Arc;

use prost::Message;
use renkei_disclosure::Released;
use renkei_plan::Digest;
use renkei_policy::{Denial, Permit};
use renkei_proto::cells::CellsDigest;
use renkei_proto::ipc::{self, IpcError};
use renkei_proto::node_state;
use renkei_proto::v1;
use renkei_proto::v1::{AskResponse, Cells, Outcome, Verdict, ask_response::Part};
use renkei_types::{Class, Code, Refusal, SiteState};

use super::answered;
use super::codes::CodesHeld;
use crate::engine::SnapshotTables;

/// Cells of one message: small enough for any peer's message limit.
const CELLS_PER_MESSAGE: usize = 16_384;
/// The smallest size of an answer in bytes; the next ones double.
const SMALLEST: usize = 4 << 10;
/// Up to here; then sizes are multiples of it.
const LARGEST_DOUBLED: usize = 1 << 20;
/// Bytes that the lengths of a padding and of the message around it may need more than without.
const MOST_LENGTH_BYTES: usize = 8;

/// The typed end of one question: a state, what explains it, and released cells where there are any.
#[derive(Debug)]
pub struct Answer {
    /// The state.
    pub state: SiteState,
    refusal: Option<Refusal>,
    /// As they travel.
    cells: Vec<Cells>,
    /// What the site's log promises of them.
    receipt: Option<v1::Receipt>,
    snapshot: String,
    vocabulary: String,
    minimum_persons: u32,
    digest: Digest,
    policy: String,
    codes: CodesHeld,
}

impl Answer {
    pub(super) fn without_cells(state: SiteState, refusal: Refusal) -> Self {
        Self {
            state,
            refusal: Some(refusal),
            cells: Vec::new(),
            receipt: None,
            snapshot: String::new(),
            vocabulary: String::new(),
            minimum_persons: 0,
            digest: Digest::default(),
            policy: String::new(),
            codes: CodesHeld::new(),
        }
    }

    pub(super) fn refused(refusal: Refusal) -> Self {
        let state = if refusal.code.class() == Class::Unavailable { SiteState::Failed } else { SiteState::Refused };
        Self::without_cells(state, refusal)
    }

    pub(super) fn denied(denial: Denial) -> Self {
        Self::without_cells(denial.state, denial.refusal)
    }

    pub(super) fn failed(code: Code, message: &str) -> Self {
        Self::without_cells(SiteState::Failed, Refusal::new(code, message))
    }

    pub(super) fn stopping() -> Self {
        Self::failed(Code::Failed, "the site is stopping")
    }

    /// A fault inside the node: the reason goes to the node's own log, one opaque code goes out.
    pub(super) fn fault(station: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(station, error = renkei_service::chain(error), "a question failed");
        Self::failed(Code::Failed, "the site could not answer; its own log has the reason")
    }

    /// An answer with released cells, each with the index of its release point.
    pub(super) fn released(
        permit: &Permit,
        tables: &Arc<SnapshotTables>,
        released: &[(usize, Released)],
    ) -> Result<Self, IpcError> {
        let snapshot = tables.snapshot();
        let mut cells = Vec::new();
        for (point, released) in released {
            cells.extend(encode(*point, released)?);
        }
        Ok(Self {
            state: answered(released.iter().any(|(_, released)| released.held())),
            refusal: None,
            cells,
            receipt: None,
            snapshot: snapshot.id().to_string(),
            vocabulary: snapshot.vocabulary_version().unwrap_or_default().to_owned(),
            minimum_persons: permit.minimum_persons(),
            digest: Digest::default(),
            policy: String::new(),
            codes: CodesHeld::new(),
        })
    }

    /// The digest of the cells, as the gateway computes it from what arrives.
    pub(super) fn cells_digest(&self) -> [u8; 32] {
        let mut digest = CellsDigest::default();
        self.cells.iter().for_each(|cells| digest.add(cells));
        digest.finish()
    }

    pub(super) fn with_receipt(self, receipt: Option<v1::Receipt>) -> Self {
        Self { receipt, ..self }
    }

    /// The version of the policy under which it was permitted.
    pub(super) fn with_policy(self, version: &str) -> Self {
        Self { policy: version.to_owned(), ..self }
    }

    pub(super) fn with_codes(self, codes: CodesHeld) -> Self {
        Self { codes, ..self }
    }

    pub(super) fn with_digest(self, digest: Digest) -> Self {
        Self { digest, ..self }
    }

    /// The code behind any state but `answered`.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        self.refusal.as_ref().map(|refusal| refusal.code)
    }

    /// What explains any state but `answered`, for the node's own records.
    pub(crate) fn reason(&self) -> &str {
        self.refusal.as_ref().map_or("", |refusal| &refusal.message)
    }

    /// The state with what explains it, as a verdict.
    pub(super) fn verdict(self) -> Verdict {
        let state = node_state(self.state).into();
        let Some(refusal) = self.refusal else { return Verdict { state, ..Verdict::default() } };
        let hint = refusal.hint.unwrap_or_default();
        Verdict { state, code: refusal.code.to_string(), message: refusal.message, hint }
    }

    /// The messages that leave: how it went, then the cells.
    pub(crate) fn messages(self) -> Vec<AskResponse> {
        let refusal = self.refusal.unwrap_or_else(|| Refusal::new(Code::Failed, ""));
        let explained = !matches!(self.state, SiteState::Answered | SiteState::AnsweredHeld);
        let text = |text: String| if explained { text } else { String::new() };
        let outcome = Outcome {
            state: node_state(self.state).into(),
            code: text(refusal.code.to_string()),
            message: text(refusal.message),
            hint: text(refusal.hint.unwrap_or_default()),
            snapshot_id: self.snapshot,
            vocabulary_version: self.vocabulary,
            minimum_persons: self.minimum_persons,
            split_digest: self.digest.0.to_vec(),
            policy: self.policy,
            codes_held: self.codes.iter().filter_map(|held| codes_held(*held)).collect(),
            receipt: self.receipt,
            padding: Vec::new(),
        };
        padded(outcome, self.cells)
    }
}

/// The messages, filled up to one of a few sizes.
fn padded(mut outcome: Outcome, cells: Vec<Cells>) -> Vec<AskResponse> {
    let message = |part: Part| AskResponse { part: Some(part) };
    let cells: Vec<AskResponse> = cells.into_iter().map(|cells| message(Part::Cells(cells))).collect();
    let rest: usize = cells.iter().map(Message::encoded_len).sum();
    let whole = |outcome: &Outcome| rest + message(Part::Outcome(outcome.clone())).encoded_len();
    // The padding's own length has to be written too.
    outcome.padding = vec![0; MOST_LENGTH_BYTES];
    let size = size_class(whole(&outcome));
    outcome.padding.resize(outcome.padding.len() + size - whole(&outcome), 0);
    let over = whole(&outcome).saturating_sub(size);
    outcome.padding.truncate(outcome.padding.len() - over);
    [message(Part::Outcome(outcome))].into_iter().chain(cells).collect()
}

/// The smallest size that holds so many bytes.
fn size_class(bytes: usize) -> usize {
    if bytes <= LARGEST_DOUBLED {
        bytes.next_power_of_two().max(SMALLEST)
    } else {
        bytes.next_multiple_of(LARGEST_DOUBLED)
    }
}

fn codes_held((feed, codes): (usize, usize)) -> Option<v1::CodesHeld> {
    Some(v1::CodesHeld { feed: u32::try_from(feed).ok()?, codes: codes as u64 })
}

fn encode(point: usize, released: &Released) -> Result<Vec<Cells>, IpcError> {
    let batch = released.batch();
    let starts = (0..batch.num_rows().max(1)).step_by(CELLS_PER_MESSAGE);
    starts
        .map(|start| {
            let part = batch.slice(start, CELLS_PER_MESSAGE.min(batch.num_rows() - start));
            let arrow_ipc = ipc::encode(&batch.schema(), &[part])?;
            Ok(Cells { release_point: u32::try_from(point).unwrap_or(u32::MAX), arrow_ipc })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_one_of_a_few_sizes() {
        let size = |cells: &[usize], words: usize| -> usize {
            let outcome = Outcome { message: "x".repeat(words), ..Outcome::default() };
            let cells = cells.iter().map(|n| Cells { release_point: 0, arrow_ipc: vec![7; *n].into() }).collect();
            padded(outcome, cells).iter().map(Message::encoded_len).sum()
        };
        for (cells, words, expected) in [
            (vec![], 0, SMALLEST),
            (vec![], 300, SMALLEST),
            (vec![3_000], 10, SMALLEST),
            (vec![3_000, 3_000], 0, 2 * SMALLEST),
            (vec![70_000], 0, 128 << 10),
            (vec![1 << 20], 0, 2 << 20),
            (vec![1 << 20; 5], 0, 6 << 20),
        ] {
            assert_eq!(size(&cells, words), expected, "{cells:?} {words}");
        }
        // Whatever is sent, also where a length takes another byte.
        for n in (1..20_000).step_by(61).chain(16_200..16_420) {
            let size = size(&[n], 0);
            assert!(size.abs_diff(size_class(n)) < 2 || size.abs_diff(2 * size_class(n)) < 2, "{n}: {size}");
        }
    }
}
