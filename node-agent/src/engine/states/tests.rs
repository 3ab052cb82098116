//! However rows are dealt out to groups and partitions, states merge to those of the whole.

use datafusion::arrow::array::Int32Array;
use proptest::prelude::*;

use super::*;

/// Rows of one batch: group, value (perhaps NULL), whether the filter takes it.
type Row = (usize, Option<f64>, bool);

fn update<K: Kind<Input = Float64Type>>(groups: &mut Groups<K>, rows: &[Row], total: usize) {
    let values: ArrayRef = Arc::new(rows.iter().map(|r| r.1).collect::<Float64Array>());
    let filter: BooleanArray = rows.iter().map(|r| Some(r.2)).collect();
    let indices: Vec<usize> = rows.iter().map(|r| r.0).collect();
    groups.update_batch(&[values], &indices, Some(&filter), total).expect("updates");
}

/// The final states of `parts`, each a partition whose rows come in two batches.
fn merged<K: Kind<Input = Float64Type>>(parts: &[Vec<Row>], total: usize) -> StructArray {
    let mut whole = Groups::<K> { states: Vec::new() };
    let all: Vec<usize> = (0..total).collect();
    for part in parts {
        let mut groups = Groups::<K> { states: Vec::new() };
        let (head, tail) = part.split_at(part.len() / 2);
        update(&mut groups, head, total);
        update(&mut groups, tail, total);
        let state = groups.state(EmitTo::All).expect("state");
        whole.merge_batch(&state, &all, total).expect("merges");
    }
    whole.evaluate(EmitTo::All).expect("evaluates").as_struct().clone()
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let value = prop_oneof![1 => Just(None), 9 => (-1e6..1e6f64).prop_map(Some)];
    prop::collection::vec((0..4usize, value, prop::bool::weighted(0.8)), 0..200)
}

fn taken(parts: &[Vec<Row>], group: usize) -> Vec<f64> {
    parts.iter().flatten().filter(|r| r.0 == group && r.2).filter_map(|r| r.1).collect()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

proptest! {
    #[test]
    fn moments_of_parts_are_those_of_the_whole(parts in prop::collection::vec(rows(), 1..4)) {
        let found = merged::<Moments>(&parts, 4);
        for group in 0..4 {
            let values = taken(&parts, group);
            let n = values.len() as f64;
            let mean = if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / n };
            let m2: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
            prop_assert_eq!(found.column(0).as_primitive::<Int64Type>().value(group), values.len() as i64);
            prop_assert!(close(found.column(1).as_primitive::<Float64Type>().value(group), mean));
            prop_assert!(close(found.column(2).as_primitive::<Float64Type>().value(group), m2));
        }
    }

    #[test]
    fn sums_of_parts_are_those_of_the_whole(parts in prop::collection::vec(rows(), 1..4)) {
        let found = merged::<FloatSum>(&parts, 4);
        for group in 0..4 {
            let values = taken(&parts, group);
            prop_assert_eq!(found.column(0).as_primitive::<Int64Type>().value(group), values.len() as i64);
            prop_assert!(close(found.column(1).as_primitive::<Float64Type>().value(group), values.iter().sum()));
        }
    }
}

#[test]
fn integer_sums_do_not_wrap() {
    let mut groups = Groups::<IntegerSum> { states: Vec::new() };
    let values: ArrayRef = Arc::new(Int64Array::from(vec![i64::MAX; 10]));
    groups.update_batch(&[values], &[0; 10], None, 1).expect("updates");
    let found = groups.evaluate(EmitTo::All).expect("evaluates");
    let sum = found.as_struct().column(1).as_primitive::<Decimal128Type>().value(0);
    assert_eq!(sum, i128::from(i64::MAX) * 10);
}

#[test]
fn without_groups_it_is_the_same() {
    let values: ArrayRef = Arc::new(Float64Array::from(vec![Some(1e16), None, Some(1.0), Some(-1e16), Some(1.0)]));
    let mut single = Single::<FloatSum>::default();
    single.update_batch(&[Arc::clone(&values)]).expect("updates");
    let mut other = Single::<FloatSum>::default();
    let state: Vec<ArrayRef> = single.state().expect("state").iter().map(|v| v.to_array().expect("array")).collect();
    other.merge_batch(&state).expect("merges");
    let ScalarValue::Struct(found) = other.evaluate().expect("evaluates") else { panic!("a struct") };
    assert_eq!(found.column(0).as_primitive::<Int64Type>().value(0), 4);
    assert_eq!(found.column(1).as_primitive::<Float64Type>().value(0), 2.0, "the small ones are not lost");
}

#[test]
fn another_type_is_an_error_and_not_a_panic() {
    let wrong: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    assert!(Groups::<Moments> { states: Vec::new() }.update_batch(&[wrong], &[0], None, 1).is_err());
}
