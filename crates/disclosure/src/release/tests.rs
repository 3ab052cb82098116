//! Who may leave, cell by cell.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use arrow_array::BinaryArray;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_schema::{Field, Fields, Schema};
use renkei_policy::{Ask, Exploration, Grant, Level, Mode, Permit, Registry, Seal, SitePolicy, Tables, decide};
use renkei_types::{PersonId, ProjectId};

use super::*;
use crate::{Contributions, Memory, Offer, PersonPart, Raw, RawState, Ruling, review};

/// A memory that knows nothing, and keeps what it was told.
#[derive(Default)]
pub(crate) struct Blank {
    pub(crate) kept: Vec<(Part, u64)>,
}

impl Memory for Blank {
    type Error = Infallible;

    fn rule(&mut self, offers: &[Offer<'_>], _whole: bool) -> Result<Vec<Ruling>, Infallible> {
        Ok(vec![Ruling::Exact; offers.len()])
    }

    fn keep(&mut self, offers: &[Offer<'_>]) -> Result<(), Infallible> {
        self.kept.extend(offers.iter().map(|offer| (offer.part, offer.persons.len())));
        Ok(())
    }
}

pub(crate) fn permit_at(level: Level, minimum: u32) -> Permit {
    permit_in(level, minimum, None)
}

pub(crate) fn permit_in(level: Level, minimum: u32, mode: Option<Mode>) -> Permit {
    let project = ProjectId::new("p").expect("id");
    let grant = Grant { level, mode, budget: None, tables: Tables::All, members: None, minimum_persons: None };
    let grants = BTreeMap::from([(project.clone(), grant)]);
    let policy = SitePolicy { minimum_persons: minimum, level: Level::Aggregate, grants };
    let none = BTreeSet::new();
    let subject = PersonId::new("taro").expect("id");
    let ask = Ask {
        project: &project,
        subject: &subject,
        tables: &none,
        reference_tables: &none,
        seal: Seal::Synthetic,
        exploration: &Exploration { release_points: 1, aggregates: 1, ..Exploration::default() },
        text: None,
        registered: &Registry::default(),
    };
    decide(&policy, &ask).expect("permitted")
}

fn permit(minimum: u32) -> Permit {
    permit_at(Level::Aggregate, minimum)
}

/// The persons from `start`, `count` of them, with one row each.
pub(crate) fn persons(start: i64, count: i64) -> Contributions {
    let all = (start..start + count).map(|person| PersonPart {
        person: u32::try_from(person).expect("a number"),
        rows: 1,
        sum: 0,
        amount: 0.0,
    });
    Contributions::from_parts(all.collect())
}

pub(crate) fn column(sets: impl IntoIterator<Item = Contributions>) -> BinaryArray {
    BinaryArray::from_iter_values(sets.into_iter().map(|set| set.encode()))
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
    let contributors = Some(column(cells.iter().map(|c| persons(0, c.2))));
    Raw {
        schema: Arc::new(schema),
        keys: vec![Arc::new(cells.iter().map(|c| c.0).collect::<Int64Array>())],
        sets: false,
        states: vec![RawState {
            state,
            contributors,
            free: None,
            moved: None,
            conditional,
            amounts: false,
            presence: false,
            alike: None,
        }],
        persons: counted.then(|| column(cells.iter().map(|c| persons(0, c.1)))),
    }
}

fn release(permit: &Permit, raw: Raw) -> Result<Released, ReleaseError> {
    let mut released = review(permit, 1_000, vec![raw])?.settle(&mut Blank::default())?;
    Ok(released.pop().expect("one release point"))
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
    let cells = [0, 1, 9, 10, 95, 100].into_iter().zip(0..).map(|(n, cell)| (Some(cell), 100, n));
    let cells: Vec<_> = cells.collect();
    let listed = |held: &[i64]| (0..6).map(|i| (Some(i), !held.contains(&i))).collect::<Vec<_>>();
    assert_eq!(check(10, &cells, false), listed(&[0, 1, 2]), "nobody looks as few do");
    let conditional = listed(&[0, 1, 2, 4, 5]);
    assert_eq!(check(10, &cells, true), conditional, "the rest of a conditional aggregate is protected too");
    assert_eq!(check(1, &cells, true), listed(&[]));
}

#[test]
fn uncounted_persons_release_nothing() {
    assert!(matches!(release(&permit(10), raw(&[(None, 50, 50)], false, false)), Err(ReleaseError::Uncounted)));
    assert!(release(&permit(1), raw(&[(None, 50, 50)], false, false)).is_ok());
}

#[test]
fn contributions_that_are_none_release_nothing() {
    let mut foreign = raw(&[(None, 50, 50)], false, true);
    foreign.persons = Some(BinaryArray::from_iter_values([b"not a set"]));
    assert!(matches!(release(&permit(10), foreign), Err(ReleaseError::Contributions(_))));
    let mut short = raw(&[(None, 50, 50), (Some(1), 50, 50)], false, true);
    short.persons = Some(column([persons(0, 50)]));
    assert!(matches!(release(&permit(10), short), Err(ReleaseError::Lengths)));
}

#[test]
fn values_of_held_aggregates_do_not_stay_in_the_buffers() {
    let released = release(&permit(10), raw(&[(Some(1), 100, 3)], false, true)).expect("releases");
    let state = released.batch().column(1).as_struct();
    assert!(state.is_null(0));
    assert_eq!(state.column(0).as_primitive::<Int64Type>().value(0), 0, "the value under the NULL is wiped");
    assert_eq!(released.findings().held, [[Some(Reason::Contributors)]]);
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
            sets: false,
            states: vec![RawState {
                state,
                contributors: None,
                free: None,
                moved: None,
                conditional: false,
                amounts: false,
                presence: false,
                alike: None,
            }],
            persons: Some(column((0..4).map(|cell| persons(cell * 50, 50)))),
        };
        let released = release(&permit(minimum), raw).expect("releases");
        let states = released.batch().column(1).as_struct();
        let there: Vec<bool> = (0..states.len()).map(|row| states.is_valid(row)).collect();
        assert_eq!(there, [true, false, false, true]);
        let sums = states.column(1).as_any().downcast_ref::<Float64Array>().expect("floats");
        assert!(sums.iter().flatten().all(f64::is_finite));
    }
}

#[test]
fn exploration_gives_bins_and_nearly_nobody_is_left_out() {
    let cells = [(Some(0), 10, 10), (Some(1), 14, 14), (Some(2), 15, 15), (Some(3), 991, 991), (Some(4), 1_000, 1_000)];
    let mut raw = raw(&cells, false, true);
    let n: ArrayRef = Arc::new(Int64Array::from_iter_values(cells.iter().map(|c| c.2)));
    let (fields, _, _) = raw.states[0].state.clone().into_parts();
    raw.states[0].state = StructArray::try_new(fields, vec![n], None).expect("struct");
    let released = release(&permit_at(Level::Feasibility, 10), raw).expect("releases");
    let n = released.batch().column(1).as_struct().column(0).as_primitive::<Int64Type>().values().to_vec();
    assert_eq!(n, [10, 10, 15, 0, 1_000], "991 of 1,000 are nearly all");
    assert!(released.batch().column(1).is_null(3));
    assert_eq!(released.findings().count(Reason::Population), 1);
}

/// Raw bins of two cells of 30 persons: in the first each bin has 10, in the second one has 3.
fn raw_bins() -> Raw {
    use arrow_array::ListArray;
    use arrow_buffer::OffsetBuffer;

    let fields = bins::raw_fields();
    let DataType::List(bin) = fields[1].data_type() else { panic!("a list") };
    let DataType::Struct(items) = bin.data_type() else { panic!("bins") };
    let DataType::List(person) = items[2].data_type() else { panic!("persons") };
    let counts = [10, 10, 10, 3, 27];
    let numbers: UInt32Array = counts.iter().flat_map(|n| 0..*n).collect();
    let lengths = counts.map(|n| n as usize);
    let owners = ListArray::new(Arc::clone(person), OffsetBuffer::from_lengths(lengths), Arc::new(numbers), None);
    let at: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 9, 5, 7]));
    let rows: ArrayRef = Arc::new(Int64Array::from(counts.map(i64::from).to_vec()));
    let bins = StructArray::new(items.clone(), vec![at, rows, Arc::new(owners)], None);
    let bins = ListArray::new(Arc::clone(bin), OffsetBuffer::from_lengths([3, 2]), Arc::new(bins), None);
    let n: ArrayRef = Arc::new(Int64Array::from(vec![30, 30]));
    let state = StructArray::new(fields, vec![n, Arc::new(bins)], None);
    let schema = Schema::new(vec![
        Field::new("k0", DataType::Int64, true),
        Field::new("s0", DataType::Struct(bins::released_fields()), true),
    ]);
    Raw {
        schema: Arc::new(schema),
        keys: vec![Arc::new(Int64Array::from(vec![1, 2]))],
        sets: false,
        states: vec![RawState {
            state,
            contributors: None,
            free: None,
            moved: None,
            conditional: false,
            amounts: false,
            presence: false,
            alike: None,
        }],
        persons: Some(column([persons(0, 30), persons(30, 30)])),
    }
}

#[test]
fn bins_leave_without_persons_and_with_enough_of_them() {
    let ranges = |minimum: u32| {
        let released = release(&permit(minimum), raw_bins()).expect("releases");
        let state = released.batch().column(1).as_struct();
        assert_eq!(state.fields(), &bins::released_fields(), "no person is in it");
        (0..2)
            .map(|cell| state.is_valid(cell).then(|| state.column(1).as_list::<i32>().value(cell).as_struct().len()))
            .collect::<Vec<_>>()
    };
    assert_eq!(ranges(1), [Some(3), Some(2)]);
    assert_eq!(ranges(10), [Some(3), Some(1)], "a bin of three persons joins its neighbour");
    assert_eq!(ranges(11), [None, Some(1)], "ten persons in all, each in every bin, are too few");
}

/// Whom a clip puts on its bounds is known from their number; what is left of a sum are the others.
#[test]
fn clipped_values_need_a_minimum_between_the_bounds() {
    let held = |free: i64, contributing: i64, minimum| {
        let mut raw = raw(&[(Some(1), 100, contributing)], false, true);
        raw.states[0].free = Some(column([persons(0, free)]));
        release(&permit(minimum), raw).expect("releases").held()
    };
    let found =
        [held(0, 100, 10), held(9, 100, 10), held(10, 100, 10), held(100, 100, 10), held(0, 0, 10), held(0, 9, 1)];
    assert_eq!(found, [true, true, false, false, true, false]);
    let mut short = raw(&[(None, 50, 50)], false, true);
    short.states[0].free = Some(column([]));
    assert!(matches!(release(&permit(10), short), Err(ReleaseError::Lengths)));
}

/// What two sums of the same rows differ by is what a clip has cut off.
#[test]
fn clipped_and_whole_sums_do_not_leave_together_where_few_were_moved() {
    let states = |moved: i64, minimum| {
        let mut raw = raw(&[(Some(1), 100, 100)], false, true);
        let state = |moved: Option<i64>| RawState {
            state: raw.states[0].state.clone(),
            contributors: Some(column([persons(0, 100)])),
            free: moved.map(|moved| column([persons(0, 100 - moved)])),
            moved: moved.map(|moved| column([persons(0, moved)])),
            conditional: false,
            amounts: true,
            presence: false,
            alike: None,
        };
        let both = vec![state(None), state(Some(moved))];
        let fields = raw.schema.field(1).clone();
        let key = raw.schema.field(0).clone();
        raw.schema = Arc::new(Schema::new(vec![key, fields.clone().with_name("s0"), fields.with_name("s1")]));
        raw.states = both;
        let released = release(&permit(minimum), raw).expect("releases");
        (1..3).map(|i| released.batch().column(i).is_valid(0)).collect::<Vec<_>>()
    };
    assert_eq!(states(0, 10), [true, false]);
    assert_eq!(states(1, 10), [true, false]);
    assert_eq!(states(9, 10), [true, false]);
    assert_eq!(states(10, 10), [true, true]);
}
