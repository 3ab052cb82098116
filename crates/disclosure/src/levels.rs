//! Which cells of ROLLUP, CUBE and GROUPING SETS are sums of which others.

use std::collections::{BTreeMap, HashMap};

use arrow_array::cast::AsArray;
use arrow_array::types::{UInt8Type, UInt16Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef};
use arrow_row::{OwnedRow, RowConverter, SortField};
use arrow_schema::{ArrowError, DataType};

use crate::complement::{self, By, Exposure};

/// The cells of one release point by grouping set.
#[derive(Debug)]
pub(crate) struct Levels {
    /// Cells by the keys that their grouping set has, as bits from the first key.
    cells: BTreeMap<u64, Vec<usize>>,
    /// For each cell the first one that is the same: a grouping set may stand twice.
    pub(crate) same: Vec<usize>,
    /// The sums that become known.
    pub(crate) exposures: Vec<Exposure>,
    /// Cells that do not leave as soon as something else is held.
    pub(crate) beyond: Vec<usize>,
}

impl Levels {
    /// Of cells without grouping sets: one level, and no sums.
    pub(crate) fn single(cells: usize) -> Self {
        Self {
            cells: BTreeMap::from([(u64::MAX, (0..cells).collect())]),
            same: (0..cells).collect(),
            exposures: Vec::new(),
            beyond: Vec::new(),
        }
    }

    /// Of cells whose last key tells the grouping set.
    pub(crate) fn of_sets(keys: &[ArrayRef]) -> Result<Self, ArrowError> {
        let malformed = || ArrowError::SchemaError("the grouping set of a cell cannot be read".to_owned());
        let (set, keys) = keys.split_last().ok_or_else(malformed)?;
        if keys.len() > 63 || set.null_count() > 0 {
            return Err(malformed());
        }
        let n = keys.len();
        let masks: Vec<u64> = numbers(set).ok_or_else(malformed)?.into_iter().map(|id| included(id, n)).collect();
        let mut same: Vec<usize> = (0..masks.len()).collect();
        let mut cells: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (cell, mask) in masks.iter().enumerate() {
            cells.entry(*mask).or_default().push(cell);
        }
        for (mask, members) in &mut cells {
            let mut first = HashMap::new();
            for (cell, key) in members.iter().zip(restricted(keys, *mask, members)?) {
                let kept = *first.entry(key).or_insert(*cell);
                if let Some(same) = same.get_mut(*cell) {
                    *same = kept;
                }
            }
            members.retain(|cell| same.get(*cell) == Some(cell));
        }
        let mut exposures = exposures(keys, &cells)?;
        exposures.sort_by_key(|exposure| exposure.leaves.iter().map(Vec::len).max());
        let sets: Vec<u64> = cells.keys().copied().collect();
        let beyond = match complement::only(&sets) {
            Some(only) => {
                cells.iter().filter(|(set, _)| *set & only != **set).flat_map(|(_, cells)| cells).copied().collect()
            }
            None => Vec::new(),
        };
        Ok(Self { cells, same, exposures, beyond })
    }

    /// The cells of each grouping set; within one they share no row.
    pub(crate) fn sets(&self) -> impl Iterator<Item = &[usize]> {
        self.cells.values().map(Vec::as_slice)
    }
}

/// The keys that a grouping id includes: the engine sets a bit for each that is left out, the first key highest.
fn included(id: u64, keys: usize) -> u64 {
    (0..keys).filter(|key| id >> (keys - 1 - key) & 1 == 0).map(|key| 1 << key).sum()
}

fn numbers(column: &ArrayRef) -> Option<Vec<u64>> {
    Some(match column.data_type() {
        DataType::UInt8 => column.as_primitive::<UInt8Type>().values().iter().map(|id| u64::from(*id)).collect(),
        DataType::UInt16 => column.as_primitive::<UInt16Type>().values().iter().map(|id| u64::from(*id)).collect(),
        DataType::UInt32 => column.as_primitive::<UInt32Type>().values().iter().map(|id| u64::from(*id)).collect(),
        DataType::UInt64 => column.as_primitive::<UInt64Type>().values().to_vec(),
        _ => return None,
    })
}

/// The keys of some cells, cut to those that a coarser grouping set has.
fn restricted(keys: &[ArrayRef], mask: u64, cells: &[usize]) -> Result<Vec<Option<OwnedRow>>, ArrowError> {
    let columns: Vec<ArrayRef> =
        keys.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1).map(|(_, c)| c.clone()).collect();
    if columns.is_empty() {
        return Ok(vec![None; cells.len()]);
    }
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let rows = RowConverter::new(fields)?.convert_columns(&columns)?;
    Ok(cells.iter().map(|cell| Some(rows.row(*cell).owned())).collect())
}

type Groups = HashMap<Option<OwnedRow>, Vec<usize>>;

fn groups(keys: &[ArrayRef], mask: u64, cells: &[usize]) -> Result<Groups, ArrowError> {
    let mut groups = Groups::new();
    for (cell, key) in cells.iter().zip(restricted(keys, mask, cells)?) {
        groups.entry(key).or_default().push(*cell);
    }
    Ok(groups)
}

fn exposures(keys: &[ArrayRef], cells: &BTreeMap<u64, Vec<usize>>) -> Result<Vec<Exposure>, ArrowError> {
    let finer = |a: u64, b: u64| a != b && a & b == b;
    let finest: Vec<u64> =
        cells.keys().copied().filter(|mask| !cells.keys().any(|other| finer(*other, *mask))).collect();
    let mut exposures = Vec::new();
    for (mask, totals) in cells {
        let refining: Vec<u64> = finest.iter().copied().filter(|leaf| finer(*leaf, *mask)).collect();
        let below = refining.iter().filter_map(|leaf| cells.get(leaf)).map(|leaves| groups(keys, *mask, leaves));
        let below = below.collect::<Result<Vec<_>, _>>()?;
        for (total, key) in totals.iter().zip(restricted(keys, *mask, totals)?).filter(|_| !below.is_empty()) {
            let leaves = below.iter().map(|groups| groups.get(&key).cloned().unwrap_or_default()).collect();
            exposures.push(Exposure { by: By::Total(*total), leaves });
        }
    }
    // All cells of another finest set show what is common to both.
    for (leaf, other) in finest.iter().flat_map(|leaf| finest.iter().map(move |other| (leaf, other))) {
        let (Some(leaves), Some(others)) = (cells.get(leaf), cells.get(other).filter(|_| leaf != other)) else {
            continue;
        };
        let (below, shown) = (groups(keys, leaf & other, leaves)?, groups(keys, leaf & other, others)?);
        for (key, known_by) in shown {
            let leaves = vec![below.get(&key).cloned().unwrap_or_default()];
            exposures.push(Exposure { by: By::Leaves(known_by), leaves });
        }
    }
    // Hash maps have no order, and what is held must not depend on chance.
    exposures.sort_by(|a, b| (&a.leaves, &a.by).cmp(&(&b.leaves, &b.by)));
    Ok(exposures)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Int64Array, UInt8Array};

    use super::*;

    #[test]
    fn a_rollup_is_sums_of_sums() {
        // ROLLUP (a, b): (1, 1), (1, 2), (2, NULL), then (1), (2), then all; the group (2) stands twice.
        let a: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(1), Some(2), Some(1), Some(2), None, Some(2)]));
        let b: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(2), None, None, None, None, None]));
        let set: ArrayRef = Arc::new(UInt8Array::from(vec![0, 0, 0, 1, 1, 3, 5]));
        let levels = Levels::of_sets(&[a, b, set]).expect("levels");
        assert_eq!(levels.same, [0, 1, 2, 3, 4, 5, 4]);
        let sums: Vec<_> = levels.exposures.into_iter().map(|e| (e.by, e.leaves)).collect();
        let total = |total: usize, leaves: &[usize]| (By::Total(total), vec![leaves.to_vec()]);
        assert_eq!(sums, [total(4, &[2]), total(3, &[0, 1]), total(5, &[0, 1, 2])]);
    }

    #[test]
    fn two_finest_sets_show_what_they_have_in_common() {
        // GROUPING SETS ((a), (b)): what one adds up to, the other does.
        let a: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(2), None, None]));
        let b: ArrayRef = Arc::new(Int64Array::from(vec![None, None, Some(1), Some(2)]));
        let set: ArrayRef = Arc::new(UInt8Array::from(vec![1, 1, 2, 2]));
        let levels = Levels::of_sets(&[a, b, set]).expect("levels");
        let shown = |by: &[usize], leaves: &[usize]| (By::Leaves(by.to_vec()), vec![leaves.to_vec()]);
        let found: Vec<_> = levels.exposures.into_iter().map(|e| (e.by, e.leaves)).collect();
        assert_eq!(found, [shown(&[2, 3], &[0, 1]), shown(&[0, 1], &[2, 3])]);
    }
}
