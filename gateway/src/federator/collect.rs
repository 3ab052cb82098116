//! What one site sent, judged: its outcome, and its cells if every one of them is in order.
//!
//! A site is another institution's program. What it sends is used only if its split is ours, its minimum is at least
//! the project's, every release point has its cells once, each cell is listed once, and cells keyed by the site name
//! that site alone. Anything else makes the site `failed` and leaves the others' answer right.

mod bins;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Float64Type, Int64Type, Schema};
use datafusion::arrow::row::{OwnedRow, RowConverter, SortField};
use renkei_plan::{MAX_CODES, ReleasePoint, Split};
use renkei_proto::cells::CellsDigest;
use renkei_proto::v1::ask_response::Part;
use renkei_proto::v1::{AskResponse, Outcome, Receipt};
use renkei_proto::{ipc, site_state};
use renkei_types::{Code, SiteId, SiteState, SnapshotId};

use crate::sites::plain;

/// A node's sentence is cut to this when it is passed on.
const MAX_MESSAGE: usize = 500;

/// What the answer is held to.
pub(super) struct Expected {
    pub(super) site: SiteId,
    pub(super) split: Arc<Split>,
    /// The round: its release points are expected, and no others.
    pub(super) round: usize,
    /// The project's minimum of persons per cell.
    pub(super) minimum_persons: u32,
    /// Bytes of cells that are taken.
    pub(super) bytes: usize,
}

impl Expected {
    /// What the site says of the code sets, as far as it can be: no more codes than a set may have.
    fn codes_held(&self, outcome: &Outcome) -> BTreeMap<usize, u64> {
        let known = |feed: usize| self.split.code_sets().any(|(set, _)| set.index == feed);
        let said = outcome.codes_held.iter().filter_map(|held| Some((usize::try_from(held.feed).ok()?, held.codes)));
        said.filter(|(feed, codes)| known(*feed) && *codes <= MAX_CODES as u64).collect()
    }
}

/// A site's own end in a question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Collected {
    pub(super) state: SiteState,
    pub(super) code: Option<Code>,
    pub(super) message: Option<String>,
    pub(super) snapshot: Option<SnapshotId>,
    pub(super) vocabulary: Option<String>,
    pub(super) minimum_persons: Option<u32>,
    pub(super) policy: Option<String>,
    /// Batches with the index of their release point; empty unless the site contributes.
    pub(super) cells: Vec<(usize, Vec<RecordBatch>)>,
    /// Codes of each code set that the site holds data for, by feed.
    pub(super) codes_held: BTreeMap<usize, u64>,
    /// The digest of the cells as they came.
    pub(super) digest: [u8; 32],
    /// What the site's log promises of them, not yet judged.
    pub(super) receipt: Option<Receipt>,
}

/// Why a site's answer is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed {
    code: Code,
    message: String,
}

impl Malformed {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { code: Code::Failed, message: format!("the site's answer is malformed: {}", message.into()) }
    }

    /// The site as failed.
    pub(super) fn collected(self) -> Collected {
        Collected {
            state: SiteState::Failed,
            code: Some(self.code),
            message: Some(self.message),
            snapshot: None,
            vocabulary: None,
            minimum_persons: None,
            policy: None,
            cells: Vec::new(),
            codes_held: BTreeMap::new(),
            digest: [0; 32],
            receipt: None,
        }
    }
}

/// Takes the parts of one site's answer as they come.
pub(super) struct Collector {
    expected: Expected,
    outcome: Option<(SiteState, Outcome)>,
    cells: BTreeMap<usize, Vec<Bytes>>,
    bytes: usize,
    digest: CellsDigest,
}

impl Collector {
    pub(super) fn new(expected: Expected) -> Self {
        Self { expected, outcome: None, cells: BTreeMap::new(), bytes: 0, digest: CellsDigest::default() }
    }

    /// Takes the next part; false when no other part matters.
    pub(super) fn take(&mut self, response: AskResponse) -> Result<bool, Malformed> {
        match (response.part, &self.outcome) {
            (None, _) => Err(Malformed::new("a part of an unknown kind")),
            (Some(Part::Outcome(_)), Some(_)) => Err(Malformed::new("two outcomes")),
            (Some(Part::Cells(_)), None) => Err(Malformed::new("cells before the outcome")),
            (Some(Part::Outcome(outcome)), None) => {
                let state = site_state(outcome.state).map_err(|error| Malformed::new(error.to_string()))?;
                if state.contributes() {
                    self.check(&outcome)?;
                }
                self.outcome = Some((state, outcome));
                Ok(state.contributes())
            }
            (Some(Part::Cells(cells)), Some(_)) => {
                let point = usize::try_from(cells.release_point).unwrap_or(usize::MAX);
                if !self.expected.split.points_of(self.expected.round).any(|wanted| wanted.index == point) {
                    return Err(Malformed::new(format!("cells of release point {point}, which was not asked for")));
                }
                self.bytes = self.bytes.saturating_add(cells.arrow_ipc.len().max(PART_BYTES));
                if self.bytes > self.expected.bytes {
                    let limit = self.expected.bytes;
                    return Err(Malformed::new(format!("its cells take more than {limit} bytes")));
                }
                self.digest.add(&cells);
                self.cells.entry(point).or_default().push(cells.arrow_ipc);
                Ok(true)
            }
        }
    }

    fn check(&self, outcome: &Outcome) -> Result<(), Malformed> {
        if outcome.split_digest[..] != self.expected.split.digest.0[..] {
            let message = "the site derived another split of the statement; its version may differ";
            return Err(Malformed { code: Code::Digest, message: message.to_owned() });
        }
        let (applied, wanted) = (outcome.minimum_persons, self.expected.minimum_persons);
        if applied == 0 {
            return Err(Malformed::new("it names no minimum of persons"));
        }
        if applied < wanted {
            let message = format!("the site applied a minimum of {applied} persons, the project demands {wanted}");
            return Err(Malformed { code: Code::Failed, message });
        }
        Ok(())
    }

    /// The site's end. Decodes and checks every cell, which takes time.
    pub(super) fn finish(self) -> Collected {
        let Some((state, outcome)) = self.outcome else {
            return Malformed::new("it ended without an outcome").collected();
        };
        let snapshot = match outcome.snapshot_id.as_str() {
            "" => None,
            id => match SnapshotId::new(id) {
                Ok(id) => Some(id),
                Err(_) => return Malformed::new("its snapshot id is not an identifier").collected(),
            },
        };
        let cells = match state.contributes() {
            true => cells(&self.expected, self.cells),
            false => Ok(Vec::new()),
        };
        let cells = match cells {
            Ok(cells) => cells,
            Err(malformed) => return malformed.collected(),
        };
        let code = if state == SiteState::Answered { None } else { outcome.code.parse().ok() };
        Collected {
            state,
            // Whatever is not an answer has a code, also where the node's is not known here.
            code: if state.contributes() { code } else { Some(code.unwrap_or(Code::Failed)) },
            message: sentence(&outcome.message, &outcome.hint),
            snapshot,
            vocabulary: Some(plain(&outcome.vocabulary_version)).filter(|version| !version.is_empty()),
            minimum_persons: Some(outcome.minimum_persons).filter(|minimum| *minimum > 0),
            policy: Some(plain(&outcome.policy)).filter(|version| !version.is_empty()),
            cells,
            codes_held: if state.contributes() { self.expected.codes_held(&outcome) } else { BTreeMap::new() },
            digest: self.digest.finish(),
            receipt: outcome.receipt.filter(|_| state.contributes()),
        }
    }
}

fn sentence(message: &str, hint: &str) -> Option<String> {
    let both = if hint.is_empty() { message.to_owned() } else { format!("{message} (hint: {hint})") };
    let clean: String = both.chars().filter(|c| !c.is_control()).take(MAX_MESSAGE).collect();
    Some(clean).filter(|text| !text.is_empty())
}

fn cells(
    expected: &Expected,
    mut sent: BTreeMap<usize, Vec<Bytes>>,
) -> Result<Vec<(usize, Vec<RecordBatch>)>, Malformed> {
    let points = expected.split.points_of(expected.round);
    points
        .map(|point| {
            let index = point.index;
            let streams =
                sent.remove(&index).ok_or_else(|| Malformed::new(format!("no cells of release point {index}")))?;
            let mut batches = Vec::new();
            for stream in streams {
                let decoded = ipc::decode(&stream);
                batches.extend(decoded.map_err(|error| Malformed::new(format!("release point {index}: {error}")))?);
            }
            check_cells(expected, point, &batches)?;
            Ok((index, batches))
        })
        .collect()
}

fn check_cells(expected: &Expected, point: &ReleasePoint, batches: &[RecordBatch]) -> Result<(), Malformed> {
    let wrong = |what: &str| Malformed::new(format!("release point {}: {what}", point.index));
    let schema = point.cell_schema();
    let fields = point.keys.iter().map(|key| SortField::new(key.data_type.clone())).collect();
    let converter = RowConverter::new(fields).map_err(|_| wrong("keys that cannot be compared"))?;
    let mut seen: HashSet<OwnedRow> = HashSet::new();
    let mut total = 0;
    for batch in batches {
        let types = |schema: &Schema| schema.fields().iter().map(|field| field.data_type().clone()).collect::<Vec<_>>();
        if types(&batch.schema()) != types(&schema) {
            return Err(wrong("cells of another shape"));
        }
        check_values(expected, point, batch).map_err(wrong)?;
        total += batch.num_rows();
        if point.keys.is_empty() {
            if total > 1 {
                return Err(wrong("more than one total"));
            }
            continue;
        }
        let keys = batch.columns().get(..point.keys.len()).unwrap_or_default();
        let rows = converter.convert_columns(keys).map_err(|_| wrong("keys that cannot be compared"))?;
        if !rows.iter().all(|row| seen.insert(row.owned())) {
            return Err(wrong("a cell that is listed twice"));
        }
    }
    Ok(())
}

/// Rows that no hospital has; a sum of such counts would overflow everybody's answer.
const MAX_COUNT: i64 = 1 << 48;
/// What a part takes at least, so that a flood of empty ones ends too.
const PART_BYTES: usize = 256;

fn check_values(expected: &Expected, point: &ReleasePoint, batch: &RecordBatch) -> Result<(), &'static str> {
    for (key, column) in point.keys.iter().zip(batch.columns()) {
        // A subtotal over sites names none, nor does a row without a partner.
        let own = |site: Option<&str>| match site {
            Some(site) => site == expected.site.as_str(),
            None => key.gaps || point.sets.is_some(),
        };
        if key.by_site && !column.as_string_opt::<i32>().is_some_and(|sites| sites.iter().all(own)) {
            return Err("cells of another site");
        }
    }
    for column in batch.columns().iter().skip(point.keys.len()) {
        let Some(state) = column.as_struct_opt() else { return Err("cells of another shape") };
        let known = |row: &usize| state.is_valid(*row);
        let rows = || (0..state.len()).filter(known);
        if state.columns().iter().any(|child| rows().any(|row| child.is_null(row))) {
            return Err("a cell that is neither held nor whole");
        }
        let floats = || state.columns().iter().filter_map(|child| child.as_primitive_opt::<Float64Type>());
        if floats().any(|child| rows().any(|row| !child.value(row).is_finite())) {
            return Err("a total that is not a number");
        }
        let n = state.columns().first().and_then(|child| child.as_primitive_opt::<Int64Type>());
        let Some(n) = n else { return Err("cells of another shape") };
        if rows().any(|row| n.value(row) < 0) {
            return Err("a negative count");
        }
        if rows().any(|row| n.value(row) > MAX_COUNT) {
            return Err("a count beyond any hospital's");
        }
        if let Some(bins) = state.columns().get(1).and_then(|child| child.as_list_opt::<i32>()) {
            bins::check(bins, n, rows(), expected.minimum_persons)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
