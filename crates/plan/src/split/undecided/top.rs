//! Which rows are among the first, where each stands between two places.
//!
//! A row certainly stands before another if its worst place comes before the other's best. So the number of rows that
//! certainly stand before it, and of those that possibly do, are its best and worst rank; both are found by bisection
//! among all worst and all best places. Comparing lists of bounds one after the other is sound: where the worst of one
//! list comes before the best of another, so does every list between.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, UInt8Array};
use datafusion::arrow::compute::{SortOptions, concat_batches, nullif};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::row::{RowConverter, Rows, SortField};

/// How one key orders rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Direction {
    pub(super) descending: bool,
    pub(super) nulls_first: bool,
    /// Whether its value is certain in every row.
    pub(super) exact: bool,
}

/// Rows that may or may not be among `fetch` after the first `skip`. The batches hold, in each row, whether its totals
/// are whole, then value, low and high of each key.
pub(super) fn undecided(
    batches: &[RecordBatch],
    keys: &[Direction],
    skip: usize,
    fetch: Option<usize>,
) -> Result<u64, ArrowError> {
    let Some(first) = batches.first() else { return Ok(0) };
    let batch = concat_batches(&first.schema(), batches)?;
    let whole = batch.column(0).as_boolean();
    let whole: Vec<bool> = (0..batch.num_rows()).map(|row| whole.is_valid(row) && whole.value(row)).collect();
    let best = places(&batch, keys, &whole, true)?;
    let worst = places(&batch, keys, &whole, false)?;
    let end = fetch.map_or(usize::MAX, |fetch| skip.saturating_add(fetch));
    let sorted = |rows: &Rows| {
        let mut order: Vec<usize> = (0..rows.num_rows()).collect();
        order.sort_unstable_by(|a, b| rows.row(*a).cmp(&rows.row(*b)));
        order
    };
    let (by_best, by_worst) = (sorted(&best), sorted(&worst));
    let open = (0..batch.num_rows()).filter(|row| {
        let certainly_before = by_worst.partition_point(|other| worst.row(*other) < best.row(*row));
        // The row itself is among those whose best place is not behind its worst.
        let possibly_before = by_best.partition_point(|other| best.row(*other) <= worst.row(*row)).saturating_sub(1);
        let inside = certainly_before >= skip && possibly_before < end;
        let outside = possibly_before < skip || certainly_before >= end;
        !inside && !outside
    });
    Ok(open.count() as u64)
}

/// The best or worst place of each row, comparable.
fn places(batch: &RecordBatch, keys: &[Direction], whole: &[bool], best: bool) -> Result<Rows, ArrowError> {
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (i, key) in keys.iter().enumerate() {
        let column = |at: usize| batch.column(1 + 3 * i + at);
        let value = column(0);
        // The smaller end comes first, unless the order is turned.
        let end = column(if best == key.descending { 2 } else { 1 });
        let mut ranks = Vec::with_capacity(whole.len());
        let mut from_value = Vec::with_capacity(whole.len());
        for (row, whole) in whole.iter().enumerate() {
            let certain = key.exact || *whole;
            // What is held everywhere is NULL, and sorted as such, whatever its bounds are.
            let known = value.is_valid(row) && (certain || end.is_valid(row));
            let null_first = key.nulls_first;
            ranks.push(match (known, certain) {
                (true, _) => 1,
                (false, true) => {
                    if null_first {
                        0
                    } else {
                        2
                    }
                }
                (false, false) => {
                    if best {
                        0
                    } else {
                        2
                    }
                }
            });
            from_value.push(certain);
        }
        let mask = datafusion::arrow::array::BooleanArray::from(from_value);
        let chosen = datafusion::arrow::compute::kernels::zip::zip(&mask, value, end)?;
        let beside = datafusion::arrow::array::BooleanArray::from(ranks.iter().map(|r| *r != 1).collect::<Vec<_>>());
        let chosen = nullif(&chosen, &beside)?;
        fields.push(SortField::new(DataType::UInt8));
        columns.push(Arc::new(UInt8Array::from(ranks)) as ArrayRef);
        let options = SortOptions { descending: key.descending, nulls_first: true };
        fields.push(SortField::new_with_options(chosen.data_type().clone(), options));
        columns.push(chosen);
    }
    // Rows that are whole and alike stand in some order, which nothing that is held decides.
    let turn = |(row, whole): (usize, &bool)| match (whole, best) {
        (true, _) => i64::try_from(row).unwrap_or(i64::MAX),
        (false, true) => -1,
        (false, false) => i64::MAX,
    };
    fields.push(SortField::new(DataType::Int64));
    columns.push(Arc::new(Int64Array::from_iter_values(whole.iter().enumerate().map(turn))));
    RowConverter::new(fields)?.convert_columns(&columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::BooleanArray;
    use datafusion::arrow::datatypes::{Field, Schema};

    /// Value, low and high.
    type Ends = (Option<i64>, Option<i64>, Option<i64>);

    /// Rows of (value, low, high); whole where low and high are the value.
    fn rows(rows: &[Ends]) -> RecordBatch {
        let whole: BooleanArray = rows.iter().map(|(v, l, h)| Some(v == l && v == h && v.is_some())).collect();
        let column = |of: fn(&Ends) -> Option<i64>| Arc::new(rows.iter().map(of).collect::<Int64Array>()) as ArrayRef;
        let number = |name| Field::new(name, DataType::Int64, true);
        let fields = vec![Field::new("whole", DataType::Boolean, true), number("v"), number("l"), number("h")];
        let columns = vec![Arc::new(whole) as ArrayRef, column(|r| r.0), column(|r| r.1), column(|r| r.2)];
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
    }

    const DOWN: Direction = Direction { descending: true, nulls_first: false, exact: false };
    const UP: Direction = Direction { descending: false, nulls_first: false, exact: false };

    /// A row with this value and nothing held.
    fn at(value: i64) -> Ends {
        (Some(value), Some(value), Some(value))
    }

    fn between(low: i64, high: i64) -> Ends {
        (Some(low), Some(low), Some(high))
    }

    #[test]
    fn only_what_may_cross_the_line_is_undecided() {
        for (table, key, skip, fetch, expected) in [
            (vec![at(9), at(8), at(7)], DOWN, 0, 2, 0),
            (vec![at(9), at(8), between(5, 7)], DOWN, 0, 2, 0),
            (vec![at(9), at(8), between(5, 9)], DOWN, 0, 2, 2),
            (vec![at(9), between(8, 20), at(7)], DOWN, 0, 2, 0),
            (vec![at(9), between(8, 20), at(7)], DOWN, 0, 1, 2),
            (vec![at(3), between(4, 6), at(5)], UP, 0, 2, 2),
            (vec![at(3), between(4, 6), at(7)], UP, 0, 2, 0),
            (vec![at(3), (Some(4), Some(4), None), at(7)], DOWN, 0, 1, 2),
            (vec![at(3), (Some(4), None, None), at(7)], UP, 0, 1, 2),
            (vec![at(9), between(8, 20), at(7)], DOWN, 1, 1, 2),
            (vec![at(9), between(8, 20), at(7)], DOWN, 2, 5, 0),
            (vec![at(5), at(5), at(5)], DOWN, 0, 1, 0),
            (vec![between(1, 9), between(1, 9)], DOWN, 0, 2, 0),
            (vec![between(1, 9), between(1, 9)], DOWN, 0, 0, 0),
        ] {
            let found = undecided(&[rows(&table)], &[key], skip, Some(fetch)).unwrap();
            assert_eq!(found, expected, "{table:?} {key:?} {skip} {fetch}");
        }
    }

    /// Against every way in which the values may lie between their bounds.
    #[test]
    fn as_by_trying_everything() {
        let mut seed = 7_u64;
        let mut draw = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        for _ in 0..400 {
            let table: Vec<_> = (0..4)
                .map(|_| {
                    let low = draw(4) as i64;
                    between(low, low + draw(3) as i64)
                })
                .collect();
            let (skip, fetch, key) = (draw(3) as usize, 1 + draw(3) as usize, if draw(2) == 0 { UP } else { DOWN });
            let (mut inside, mut outside) = ([false; 4], [false; 4]);
            let mut values = [0; 4];
            every(&table, &mut values, 0, &mut |values| {
                for row in 0..4 {
                    // Ties stand either way, unless both rows are whole.
                    let before = |other: &usize| {
                        let (a, b) = (values[*other], values[row]);
                        if key.descending { a > b } else { a < b }
                    };
                    let whole = |row: usize| table[row].1 == table[row].2;
                    let others = || (0..4).filter(|other| *other != row);
                    let tie = |other: &usize| values[*other] == values[row];
                    let fixed = |other: &usize| whole(*other) && whole(row);
                    let first = |other: &usize| tie(other) && fixed(other) && *other < row;
                    let least = others().filter(|o| before(o) || first(o)).count();
                    let most = others().filter(|o| before(o) || first(o) || tie(o) && !fixed(o)).count();
                    for rank in least..=most {
                        let taken = rank >= skip && rank < skip + fetch;
                        inside[row] |= taken;
                        outside[row] |= !taken;
                    }
                }
            });
            let expected = (0..4).filter(|row| inside[*row] && outside[*row]).count() as u64;
            let found = undecided(&[rows(&table)], &[key], skip, Some(fetch)).unwrap();
            // Each row is judged by itself, so that never too few are told.
            assert!(found >= expected, "{table:?} {key:?} {skip} {fetch}: {found} of {expected}");
        }
    }

    fn every(table: &[Ends], values: &mut [i64; 4], at: usize, look: &mut impl FnMut(&[i64; 4])) {
        let Some((_, low, high)) = table.get(at) else { return look(values) };
        for value in low.unwrap()..=high.unwrap() {
            values[at] = value;
            every(table, values, at + 1, look);
        }
    }
}
