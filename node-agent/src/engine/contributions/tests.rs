//! Contributions, sorted or not, in one partition or several.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Rows: group, person, value in eighths, whether the filter takes it.
type Row = (usize, u32, i16, bool);

fn values(rows: &[Row]) -> Vec<ArrayRef> {
    let persons = UInt32Array::from_iter_values(rows.iter().map(|r| r.1));
    vec![Arc::new(persons), Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| f64::from(r.2) / 8.0)))]
}

fn update(groups: &mut Groups, rows: &[Row]) {
    let filter: BooleanArray = rows.iter().map(|r| Some(r.3)).collect();
    let indices: Vec<usize> = rows.iter().map(|r| r.0).collect();
    groups.update_batch(&values(rows), &indices, Some(&filter), 3).expect("updates");
}

/// Of each group: persons with rows and millionths.
type Exact = Vec<Vec<(u32, u32, i64)>>;

fn expected(rows: &[Row]) -> Exact {
    let of = |group| {
        let mut persons: BTreeMap<u32, (u32, i64)> = BTreeMap::new();
        for row in rows.iter().filter(|r| r.0 == group && r.3) {
            let person = persons.entry(row.1).or_default();
            *person = (person.0 + 1, person.1 + i64::from(row.2) * 125_000);
        }
        persons.into_iter().map(|(person, (rows, sum))| (person, rows, sum)).collect()
    };
    (0..3).map(of).collect()
}

fn found(groups: &mut Groups) -> Exact {
    let found = groups.evaluate(EmitTo::All).expect("evaluates");
    let decoded = Contributions::decode_all(found.as_binary()).expect("decodes");
    decoded.iter().map(|set| set.exact().collect()).collect()
}

proptest! {
    #[test]
    fn any_order_in_any_number_of_partitions(
        mut rows in prop::collection::vec(
            (0..3usize, prop_oneof![0..50u32, any::<u32>()], -100..100i16, prop::bool::weighted(0.8)), 0..300),
        sorted in any::<bool>(),
        cut in 0.0..1.0f64,
    ) {
        if sorted {
            rows.sort_by_key(|r| r.1);
        }
        let mut one = Groups::default();
        update(&mut one, &rows);
        prop_assert_eq!(found(&mut one), expected(&rows));

        let (head, tail) = rows.split_at((rows.len() as f64 * cut) as usize);
        let mut whole = Groups::default();
        let mut first = Groups::default();
        update(&mut first, head);
        whole.merge_batch(&first.state(EmitTo::All).expect("state"), &[0, 1, 2], 3).expect("merges");
        let filter: BooleanArray = tail.iter().map(|r| Some(r.3)).collect();
        let states = whole.convert_to_state(&values(tail), Some(&filter)).expect("converts");
        let indices: Vec<usize> = tail.iter().map(|r| r.0).collect();
        whole.merge_batch(&states, &indices, 3).expect("merges");
        prop_assert_eq!(found(&mut whole), expected(&rows));
    }
}

#[test]
fn the_largest_are_per_person() {
    let rows = [(0, 7, 8, true), (0, 9, 40, true), (0, 7, 80, true), (0, 8, -16, true), (0, 7, 8, false)];
    let mut groups = Groups::default();
    update(&mut groups, &rows);
    let sets = groups.evaluate(EmitTo::First(1)).expect("evaluates");
    let sets = Contributions::decode_all(sets.as_binary()).expect("decodes");
    assert_eq!((sets[0].total(), sets[0].largest()), (18.0, [11.0, 5.0]));
}

#[test]
fn pairs_differ_where_either_value_does() {
    let sum = |y: f64, x: f64| {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt32Array::from(vec![1])),
            Arc::new(Float64Array::from(vec![y])),
            Arc::new(Float64Array::from(vec![x])),
        ];
        let mut single = Single::default();
        single.update_batch(&columns).expect("updates");
        single.parts[0].sum
    };
    assert_ne!(sum(1.0, 2.0), sum(2.0, 1.0));
    assert_ne!(sum(1.0, 0.0), sum(0.0, 1.0));
}

#[test]
fn foreign_bytes_are_an_error_and_not_a_panic() {
    let bytes: ArrayRef = Arc::new(BinaryArray::from_iter_values([b"not a set".as_slice()]));
    assert!(Groups::default().merge_batch(&[bytes], &[0], 1).is_err());
}
