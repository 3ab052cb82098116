//! However rows are dealt out to groups and partitions, states merge to those of the whole.

use datafusion::arrow::array::{AsArray, Float64Array, Int32Array, Int64Array};
use datafusion::arrow::datatypes::{Decimal128Type, Float64Type, Int64Type};
use proptest::prelude::*;

use super::*;

/// Rows of one batch: group, value (perhaps NULL), whether the filter takes it.
type Row = (usize, Option<f64>, bool);

fn update<K: Kind<Value = f64>>(groups: &mut Groups<K>, rows: &[Row], total: usize) {
    let values: ArrayRef = Arc::new(rows.iter().map(|r| r.1).collect::<Float64Array>());
    let filter: BooleanArray = rows.iter().map(|r| Some(r.2)).collect();
    let indices: Vec<usize> = rows.iter().map(|r| r.0).collect();
    groups.update_batch(&[values], &indices, Some(&filter), total).expect("updates");
}

/// The final states of `parts`, each a partition whose rows come in two batches.
fn merged<K: Kind<Value = f64>>(parts: &[Vec<Row>], total: usize) -> StructArray {
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

/// A pair of one row: group, y, x.
type Pair = (usize, Option<f64>, Option<f64>);

/// The same for pairs.
fn pairs(parts: &[Vec<Pair>], total: usize) -> StructArray {
    let mut whole = Groups::<Comoments> { states: Vec::new() };
    let all: Vec<usize> = (0..total).collect();
    for part in parts {
        let mut groups = Groups::<Comoments> { states: Vec::new() };
        let y: ArrayRef = Arc::new(part.iter().map(|r| r.1).collect::<Float64Array>());
        let x: ArrayRef = Arc::new(part.iter().map(|r| r.2).collect::<Float64Array>());
        let indices: Vec<usize> = part.iter().map(|r| r.0).collect();
        groups.update_batch(&[y, x], &indices, None, total).expect("updates");
        whole.merge_batch(&groups.state(EmitTo::All).expect("state"), &all, total).expect("merges");
    }
    whole.evaluate(EmitTo::All).expect("evaluates").as_struct().clone()
}

proptest! {
    #[test]
    fn comoments_of_parts_are_those_of_the_whole(
        parts in prop::collection::vec(
            prop::collection::vec(
                (0..2usize, prop::option::weighted(0.9, -1e3..1e3f64), prop::option::weighted(0.9, -1e3..1e3f64)), 0..60),
            1..4)
    ) {
        let found = pairs(&parts, 2);
        let column = |i: usize, group: usize| found.column(i).as_primitive::<Float64Type>().value(group);
        for group in 0..2 {
            let both = parts.iter().flatten().filter(|r| r.0 == group).filter_map(|r| Some((r.1?, r.2?)));
            let both: Vec<(f64, f64)> = both.collect();
            let n = both.len() as f64;
            let mean = |of: fn(&(f64, f64)) -> f64| if both.is_empty() { 0.0 } else { both.iter().map(of).sum::<f64>() / n };
            let (y, x) = (mean(|p| p.0), mean(|p| p.1));
            let sum = |of: &dyn Fn(&(f64, f64)) -> f64| both.iter().map(of).sum::<f64>();
            prop_assert_eq!(found.column(0).as_primitive::<Int64Type>().value(group), both.len() as i64);
            prop_assert!(close(column(1, group), y) && close(column(2, group), x));
            prop_assert!(close(column(3, group), sum(&|p| (p.0 - y).powi(2))));
            prop_assert!(close(column(4, group), sum(&|p| (p.1 - x).powi(2))));
            let c = sum(&|p| (p.0 - y) * (p.1 - x));
            prop_assert!((column(5, group) - c).abs() <= 1e-9 * (column(3, group) * column(4, group)).sqrt().max(1.0));
        }
    }

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
