//! How much more a count may be than what was released of it.
//!
//! A site that lists no cell has 0 to k−1 persons there. A site that lists the cell and holds this count back has at
//! most as many as the cell has persons, if it says how many these are. Persons may have any number of rows or events,
//! so only counts of persons, and of rows where each person has at most one, are bounded from above.

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::arrow::record_batch::RecordBatch;

use super::SiteCells;
use crate::split::ReleasePoint;
use crate::state::{CellState, StateKind};

/// Persons that a site may hold in a cell that it does not list.
pub(super) fn room(site: &SiteCells) -> i64 {
    i64::from(site.minimum_persons.saturating_sub(1))
}

/// What the sites that list one cell may hold of its counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Limits {
    /// Persons whom these sites could have held if they had not listed the cell.
    pub(super) room: i64,
    /// By state: persons at sites that hold it back; none where a site does not tell how many the cell has.
    held: Vec<Option<i64>>,
}

impl Limits {
    /// Takes a site's row.
    pub(super) fn listed(&mut self, point: &ReleasePoint, batch: &RecordBatch, row: usize, room: i64) {
        self.room += room;
        self.held.resize(point.states.len(), Some(0));
        let columns = || batch.columns().iter().skip(point.keys.len());
        let everybody = point.states.iter().zip(columns()).find(|(state, _)| counts_all(point, state));
        let persons = everybody.and_then(|(_, column)| number(column.as_struct_opt()?, row));
        for (held, column) in self.held.iter_mut().zip(columns()) {
            if column.is_null(row) {
                *held = held.zip(persons).map(|(sum, persons)| sum + persons);
            }
        }
    }

    /// How much more the count of a state may be, with `absent` persons at sites that do not list the cell.
    pub(super) fn most(&self, point: &ReleasePoint, state: usize, absent: i64) -> Option<i64> {
        let counted = point.states.get(state)?;
        let persons = match counted.kind {
            StateKind::Persons => true,
            StateKind::Count => point.single,
            _ => false,
        };
        // Beside subtotals a site leaves out larger cells too, where a small one could be recomputed from them.
        if point.sets.is_some() && absent > 0 {
            return None;
        }
        let held = if self.held.is_empty() { Some(0) } else { self.held.get(state).copied().flatten() };
        held.filter(|_| persons).map(|held| held + absent)
    }
}

/// Whether a state counts every person of the cell.
fn counts_all(point: &ReleasePoint, state: &CellState) -> bool {
    let persons = state.kind == StateKind::Persons || (state.kind == StateKind::Count && point.single);
    persons && state.argument.is_none() && state.filter.is_none() && state.contributors.is_none()
}

fn number(column: &datafusion::arrow::array::StructArray, row: usize) -> Option<i64> {
    let n = column.columns().first()?.as_primitive_opt::<Int64Type>()?;
    (column.is_valid(row) && n.is_valid(row)).then(|| n.value(row))
}
