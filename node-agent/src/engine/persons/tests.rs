//! Distinct persons, sorted or not, in one partition or several.

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::Int64Type;
use proptest::prelude::*;

use super::*;

/// Rows: group, person, whether the filter takes it.
type Row = (usize, u32, bool);

fn update(groups: &mut Groups, rows: &[Row]) {
    let persons: ArrayRef = Arc::new(UInt32Array::from_iter_values(rows.iter().map(|r| r.1)));
    let filter: BooleanArray = rows.iter().map(|r| Some(r.2)).collect();
    let indices: Vec<usize> = rows.iter().map(|r| r.0).collect();
    groups.update_batch(&[persons], &indices, Some(&filter), 3).expect("updates");
}

fn expected(rows: &[Row]) -> Vec<i64> {
    let of = |group| rows.iter().filter(|r| r.0 == group && r.2).map(|r| r.1).collect::<BTreeSet<_>>().len();
    (0..3).map(|group| of(group) as i64).collect()
}

fn counts(groups: &mut Groups) -> Vec<i64> {
    let found = groups.evaluate(EmitTo::All).expect("evaluates");
    found.as_primitive::<Int64Type>().values().to_vec()
}

proptest! {
    #[test]
    fn any_order_in_any_number_of_partitions(
        mut rows in prop::collection::vec((0..3usize, prop_oneof![0..50u32, any::<u32>()], prop::bool::weighted(0.8)), 0..300),
        sorted in any::<bool>(),
        cut in 0.0..1.0f64,
    ) {
        if sorted {
            rows.sort_by_key(|r| r.1);
        }
        let mut one = Groups::default();
        update(&mut one, &rows);
        prop_assert_eq!(counts(&mut one), expected(&rows));

        let (head, tail) = rows.split_at((rows.len() as f64 * cut) as usize);
        let mut whole = Groups::default();
        for part in [head, tail] {
            let mut groups = Groups::default();
            update(&mut groups, part);
            let state = groups.state(EmitTo::All).expect("state");
            whole.merge_batch(&state, &[0, 1, 2], 3).expect("merges");
        }
        prop_assert_eq!(counts(&mut whole), expected(&rows));
    }
}

#[test]
fn foreign_bytes_are_an_error_and_not_a_panic() {
    let bytes: ArrayRef = Arc::new(BinaryArray::from_iter_values([b"not a set".as_slice()]));
    assert!(Groups::default().merge_batch(&[bytes], &[0], 1).is_err());
}
