//! Who may leave, cell by cell.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_schema::{DataType, Field, Fields, Schema};
use renkei_policy::{Ask, Grant, Seal, SitePolicy, Tables, decide};
use renkei_types::{PersonId, ProjectId};

use super::*;

fn permit(minimum: u32) -> Permit {
    let project = ProjectId::new("p").expect("id");
    let grant = Grant { tables: Tables::All, members: None, minimum_persons: None };
    let policy = SitePolicy { minimum_persons: minimum, grants: BTreeMap::from([(project.clone(), grant)]) };
    let none = BTreeSet::new();
    let subject = PersonId::new("taro").expect("id");
    let ask =
        Ask { project: &project, subject: &subject, tables: &none, reference_tables: &none, seal: Seal::Synthetic };
    decide(&policy, &ask).expect("permitted")
}

/// One cell: key, persons, contributors to its one aggregate.
type Cell = (Option<i64>, i64, i64);

fn raw(cells: &[Cell], conditional: bool, counted: bool) -> Raw {
    let fields: Fields = vec![Field::new("n", DataType::Int64, false)].into();
    let schema = Schema::new(vec![
        Field::new("k0", DataType::Int64, true),
        Field::new("s0", DataType::Struct(fields.clone()), true),
    ]);
    let n: ArrayRef = Arc::new(Int64Array::from_iter_values(cells.iter().map(|c| c.2 * 100)));
    let state = StructArray::try_new(fields, vec![n], None).expect("struct");
    let contributors = Some(Int64Array::from_iter_values(cells.iter().map(|c| c.2)));
    Raw {
        schema: Arc::new(schema),
        keys: vec![Arc::new(cells.iter().map(|c| c.0).collect::<Int64Array>())],
        states: vec![RawState { state, contributors, conditional }],
        persons: counted.then(|| Int64Array::from_iter_values(cells.iter().map(|c| c.1))),
    }
}

/// Keys that are listed, and whether their aggregate is there.
fn check(minimum: u32, cells: &[Cell], conditional: bool) -> Vec<(Option<i64>, bool)> {
    let released = release(&permit(minimum), raw(cells, conditional, true)).expect("releases");
    let keys = released.batch().column(0).as_primitive::<Int64Type>();
    let states = released.batch().column(1);
    assert_eq!(released.held(), states.null_count() > 0);
    keys.iter().enumerate().map(|(i, key)| (key, states.is_valid(i))).collect()
}

#[test]
fn cells_below_the_minimum_are_not_listed() {
    let cells = [(Some(3), 9, 9), (Some(1), 10, 10), (None, 500, 500), (Some(2), 0, 0), (Some(4), 1, 1)];
    assert_eq!(check(10, &cells, false), [(None, true), (Some(1), true)]);
    assert_eq!(check(1, &cells, false).len(), cells.len());
}

#[test]
fn aggregates_with_few_contributors_are_held() {
    let cells = [(Some(0), 100, 0), (Some(1), 100, 1), (Some(2), 100, 9), (Some(3), 100, 10), (Some(4), 100, 95)];
    let listed = |held: &[i64]| (0..5).map(|i| (Some(i), !held.contains(&i))).collect::<Vec<_>>();
    assert_eq!(check(10, &cells, false), listed(&[1, 2]));
    assert_eq!(check(10, &cells, true), listed(&[1, 2, 4]), "the rest of a conditional aggregate is protected too");
    assert_eq!(check(1, &cells, true), listed(&[]));
}

#[test]
fn uncounted_persons_release_nothing() {
    assert!(matches!(release(&permit(10), raw(&[(None, 50, 50)], false, false)), Err(ReleaseError::Uncounted)));
    assert!(release(&permit(1), raw(&[(None, 50, 50)], false, false)).is_ok());
}

#[test]
fn values_of_held_aggregates_do_not_stay_in_the_buffers() {
    let released = release(&permit(10), raw(&[(Some(1), 100, 3)], false, true)).expect("releases");
    let state = released.batch().column(1).as_struct();
    assert!(state.is_null(0));
    assert_eq!(state.column(0).as_primitive::<Int64Type>().value(0), 0, "the value under the NULL is wiped");
}

#[test]
fn what_is_not_a_number_is_held_under_any_minimum() {
    for minimum in [1, 10] {
        let sums = [12.5, f64::INFINITY, f64::NAN, -3.0];
        let fields: Fields =
            vec![Field::new("n", DataType::Int64, false), Field::new("sum", DataType::Float64, false)].into();
        let n: ArrayRef = Arc::new(Int64Array::from(vec![50; sums.len()]));
        let columns: Vec<ArrayRef> = vec![n, Arc::new(Float64Array::from_iter_values(sums))];
        let state = StructArray::try_new(fields.clone(), columns, None).expect("struct");
        let schema = Schema::new(vec![
            Field::new("k0", DataType::Int64, true),
            Field::new("s0", DataType::Struct(fields), true),
        ]);
        let raw = Raw {
            schema: Arc::new(schema),
            keys: vec![Arc::new(Int64Array::from_iter_values(0..4))],
            states: vec![RawState { state, contributors: None, conditional: false }],
            persons: Some(Int64Array::from(vec![50; sums.len()])),
        };
        let released = release(&permit(minimum), raw).expect("releases");
        let states = released.batch().column(1).as_struct();
        let there: Vec<bool> = (0..states.len()).map(|row| states.is_valid(row)).collect();
        assert_eq!(there, [true, false, false, true]);
        assert!(
            states
                .column(1)
                .as_any()
                .downcast_ref::<Float64Array>()
                .expect("floats")
                .iter()
                .flatten()
                .all(f64::is_finite)
        );
    }
}
