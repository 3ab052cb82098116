//! Whether a site's bins are what a release makes: ranges in order that hold all rows, each with enough of them.

use datafusion::arrow::array::{Array, AsArray, Int64Array, ListArray};
use datafusion::arrow::datatypes::Int64Type;
use renkei_types::grid::{LAST_BIN, OPEN_HIGH, OPEN_LOW};

/// Checks the bins of the given rows against their counts `n`.
pub(super) fn check(
    bins: &ListArray,
    n: &Int64Array,
    rows: impl Iterator<Item = usize>,
    minimum_persons: u32,
) -> Result<(), &'static str> {
    for row in rows {
        let cell = bins.value(row);
        let columns = cell.as_struct_opt().map(|cell| cell.columns()).unwrap_or_default();
        let [from, to, counts] = columns else { return Err("bins of another shape") };
        let whole = |column| AsArray::as_primitive_opt::<Int64Type>(column).filter(|column| column.null_count() == 0);
        let (Some(from), Some(to), Some(counts)) = (whole(from), whole(to), whole(counts)) else {
            return Err("bins of another shape");
        };
        let (mut end, mut total) = (OPEN_LOW, 0_i64);
        for i in 0..cell.len() {
            let (low, high, count) = (from.value(i), to.value(i), counts.value(i));
            let open = (i == 0 && low == OPEN_LOW, i + 1 == cell.len() && high == OPEN_HIGH);
            let on_grid = (open.0 || (-LAST_BIN..=LAST_BIN).contains(&low))
                && (open.1 || (-LAST_BIN..=LAST_BIN + 1).contains(&high));
            if !on_grid || low >= high || low < end {
                return Err("bins that are not in order");
            }
            // A person has a row at least.
            if count < i64::from(minimum_persons.max(1)) {
                return Err("a bin with fewer rows than the minimum of persons");
            }
            end = high;
            total = total.saturating_add(count);
        }
        if total != n.value(row) {
            return Err("bins that do not hold all rows");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, StructArray};
    use datafusion::arrow::buffer::OffsetBuffer;
    use datafusion::arrow::datatypes::DataType;
    use renkei_plan::StateKind;

    fn said(n: i64, ranges: &[(i64, i64, i64)]) -> Result<(), &'static str> {
        let fields = StateKind::Bins.fields();
        let DataType::List(item) = fields[1].data_type() else { panic!("a list") };
        let DataType::Struct(items) = item.data_type() else { panic!("structs") };
        let column =
            |of: fn(&(i64, i64, i64)) -> i64| -> ArrayRef { Arc::new(ranges.iter().map(of).collect::<Int64Array>()) };
        let children = vec![column(|r| r.0), column(|r| r.1), column(|r| r.2)];
        let cells = StructArray::new(items.clone(), children, None);
        let bins = ListArray::new(Arc::clone(item), OffsetBuffer::from_lengths([ranges.len()]), Arc::new(cells), None);
        check(&bins, &Int64Array::from(vec![n]), 0..1, 10)
    }

    #[test]
    fn what_no_release_makes_is_not_taken() {
        assert_eq!(said(0, &[]), Ok(()));
        assert_eq!(said(35, &[(OPEN_LOW, 7, 10), (7, 9, 11), (9, 10, 14)]), Ok(()));
        assert_eq!(said(10, &[(OPEN_LOW, OPEN_HIGH, 10)]), Ok(()));
        for (n, ranges) in [
            (1, vec![]),
            (21, vec![(1, 2, 10), (3, 4, 12)]),
            (20, vec![(3, 4, 10), (1, 2, 10)]),
            (20, vec![(1, 3, 10), (2, 4, 10)]),
            (10, vec![(3, 3, 10)]),
            (9, vec![(1, 2, 9)]),
            (20, vec![(1, OPEN_HIGH, 10), (OPEN_LOW, 3, 10)]),
            (20, vec![(1, 2, 30), (3, 4, -10)]),
            (10, vec![(LAST_BIN, LAST_BIN + 2, 10)]),
            (10, vec![(i64::MIN + 1, 2, 10)]),
        ] {
            assert!(said(n, &ranges).is_err(), "{ranges:?}");
        }
    }
}
