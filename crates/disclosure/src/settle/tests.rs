//! Whole answers: subtotals, several release points, what a memory says.

use std::convert::Infallible;

use arrow_array::{BinaryArray, Int64Array, UInt8Array};
use arrow_schema::{Field, Fields, Schema};
use renkei_policy::{Level, Mode};

use super::*;
use crate::release::tests::{Blank, column, permit_at, permit_in, persons};
use crate::{PersonPart, Raw, RawState, review};

/// Cells of one count: keys, grouping set, persons from and how many.
fn counts(cells: &[(Option<i64>, u8, i64, i64)], sets: bool) -> Raw {
    let fields: Fields = vec![Field::new("n", DataType::Int64, false)].into();
    let n: ArrayRef = Arc::new(Int64Array::from_iter_values(cells.iter().map(|cell| cell.3)));
    let state = StructArray::try_new(fields.clone(), vec![n], None).expect("struct");
    let schema = Schema::new(vec![
        Field::new("k0", DataType::Int64, true),
        Field::new("k1", DataType::UInt8, true),
        Field::new("s0", DataType::Struct(fields), true),
    ]);
    let key: ArrayRef = Arc::new(cells.iter().map(|cell| cell.0).collect::<Int64Array>());
    let set: ArrayRef = Arc::new(UInt8Array::from_iter_values(cells.iter().map(|cell| cell.1)));
    Raw {
        schema: Arc::new(schema),
        keys: vec![key, set],
        sets,
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
        persons: Some(column(cells.iter().map(|cell| persons(cell.2, cell.3)))),
    }
}

/// For each cell, why it is not listed or its count is held.
fn reasons(released: &Released) -> Vec<Option<Reason>> {
    let findings = released.findings();
    findings.unlisted.iter().zip(&findings.held[0]).map(|(unlisted, held)| unlisted.or(*held)).collect()
}

#[test]
fn a_rollup_holds_the_smallest_sibling_with_a_held_cell() {
    let cells = [(Some(1), 0, 0, 7), (Some(2), 0, 7, 40), (Some(3), 0, 47, 500), (None, 1, 0, 547)];
    let permit = permit_at(Level::Aggregate, 10);
    let mut memory = Blank::default();
    let released = review(&permit, 1_000, vec![counts(&cells, true)]).expect("reviews").settle(&mut memory);
    let released = released.expect("settles");
    assert_eq!(reasons(&released[0]), [Some(Reason::Persons), Some(Reason::Complement), None, None]);
    assert_eq!(released[0].batch().num_rows(), 2);
    let cell = |cell| Part::Cell { point: 0, cell, state: None };
    assert_eq!(memory.kept, [(cell(2), 500), (cell(3), 547)], "only what leaves is kept");
}

#[test]
fn a_minimum_below_the_floor_looks_at_single_cells_only() {
    let cells = [(Some(1), 0, 0, 1), (Some(2), 0, 1, 40), (None, 1, 0, 41)];
    let permit = permit_at(Level::Aggregate, 2);
    let mut memory = Blank::default();
    let released = review(&permit, 1_000, vec![counts(&cells, true)]).expect("reviews").settle(&mut memory);
    assert_eq!(reasons(&released.expect("settles")[0]), [Some(Reason::Persons), None, None]);
    assert!(memory.kept.is_empty());
}

#[test]
fn parts_of_one_answer_that_differ_by_few_do_not_leave_together() {
    let one = |from, n| counts(&[(None, 0, from, n)], false);
    let many = |cells: &[(i64, i64)]| {
        let cells: Vec<_> = cells.iter().zip(0..).map(|((from, n), key)| (Some(key), 0, *from, *n)).collect();
        counts(&cells, false)
    };
    let permit = permit_at(Level::Aggregate, 10);
    let settle = |raw: Vec<Raw>| {
        let reviewed = review(&permit, 10_000, raw).expect("reviews");
        let released = reviewed.settle(&mut Blank::default()).expect("settles");
        released.iter().map(|point| reasons(point).iter().filter(|r| r.is_some()).count()).collect::<Vec<_>>()
    };
    assert_eq!(settle(vec![one(0, 500), one(0, 500)]), [0, 0], "the same shows nobody");
    assert_eq!(settle(vec![one(0, 500), one(0, 490)]), [0, 0]);
    assert_eq!(settle(vec![one(0, 500), one(0, 491)]), [0, 1], "a total and nearly the same total");
    assert_eq!(settle(vec![one(0, 500), many(&[(0, 300), (300, 193)])]), [0, 1], "the parts of a total, but for seven");
    assert_eq!(settle(vec![many(&[(0, 300), (300, 193)]), one(0, 500)]), [0, 1], "and the other way round");
    assert_eq!(settle(vec![one(0, 500), many(&[(0, 300), (300, 193), (700, 50)])]), [0, 1]);
    assert_eq!(settle(vec![many(&[(0, 300), (300, 200)]), many(&[(0, 295), (300, 100)])]), [0, 1]);
}

/// Where a hospital does not leave it at flags, what is held does not tell that somebody differs.
#[test]
fn nobody_is_not_told_apart_from_few_where_flags_are_not_enough() {
    let one = |from, n| counts(&[(None, 0, from, n)], false);
    let halves = || counts(&[(Some(1), 0, 0, 300), (Some(2), 0, 300, 200)], false);
    let filtered = |n: i64, alike| {
        let mut raw = counts(&[(None, 0, 0, 500)], false);
        let own = raw.states.remove(0);
        let own = |n: i64, alike| RawState {
            state: own.state.clone(),
            contributors: Some(column([persons(0, n)])),
            free: None,
            moved: None,
            conditional: true,
            amounts: false,
            presence: false,
            alike: Some(alike),
        };
        let schema = Arc::clone(&raw.schema);
        let fields = schema.fields().iter().chain([&schema.fields()[2]]).cloned().collect::<Vec<_>>();
        raw.schema = Arc::new(Schema::new(fields));
        raw.states = vec![own(100, 0), own(n, alike)];
        raw
    };
    for (mode, expected) in [(Mode::Flag, 0), (Mode::Hold, 1), (Mode::Substitute, 1)] {
        let permit = permit_in(Level::Aggregate, 10, Some(mode));
        let held = |raw: Vec<Raw>| -> usize {
            let reviewed = review(&permit, 10_000, raw).expect("reviews");
            let released = reviewed.settle(&mut Blank::default()).expect("settles");
            released.iter().map(|point| point.findings().count(Reason::Overlap)).sum()
        };
        assert_eq!(held(vec![one(0, 500), one(0, 500)]), expected, "{mode:?}");
        assert_eq!(held(vec![one(0, 500), one(0, 499)]), 1, "{mode:?}");
        assert_eq!(held(vec![one(0, 500), halves()]), expected, "{mode:?}");
        assert_eq!(held(vec![one(0, 500), one(0, 300)]), 0, "{mode:?}");
        assert_eq!(held(vec![filtered(100, 1)]), expected, "{mode:?}: of two conditions");
        assert_eq!(held(vec![filtered(99, 1)]), 1, "{mode:?}");
        assert_eq!(held(vec![filtered(100, 0)]), 0, "{mode:?}: of one condition");
    }
}

#[test]
fn conditional_aggregates_of_one_cell_that_differ_by_few_do_not_leave_together() {
    let mut raw = counts(&[(None, 0, 0, 500)], false);
    let conditional = |from, n| RawState {
        state: raw.states[0].state.clone(),
        contributors: Some(column([persons(from, n)])),
        free: None,
        moved: None,
        conditional: true,
        amounts: false,
        presence: false,
        alike: None,
    };
    let states = vec![conditional(0, 200), conditional(1, 199), conditional(50, 200)];
    let fields = raw.schema.field(2).clone();
    let schema = Schema::new(
        (0..2)
            .map(|i| raw.schema.field(i).clone())
            .chain((0..3).map(|i| fields.clone().with_name(format!("s{i}"))))
            .collect::<Vec<_>>(),
    );
    (raw.schema, raw.states) = (Arc::new(schema), states);
    let permit = permit_at(Level::Aggregate, 10);
    let released = review(&permit, 1_000, vec![raw]).expect("reviews").settle(&mut Blank::default()).expect("settles");
    assert_eq!(released[0].findings().held, [[None], [Some(Reason::Overlap)], [None]]);
}

#[test]
fn a_sum_that_is_one_persons_is_held() {
    let parts = |outlier: f64| {
        let all = (0..20).map(|person| PersonPart::of(person, if person == 7 { outlier } else { 10.0 }));
        Contributions::from_parts(all.collect())
    };
    for (outlier, held) in [(10.0, None), (1e6, Some(Reason::Dominance))] {
        let mut raw = counts(&[(None, 0, 0, 20)], false);
        raw.states[0].contributors = Some(BinaryArray::from_iter_values([parts(outlier).encode()]));
        raw.states[0].amounts = true;
        let permit = permit_at(Level::Aggregate, 10);
        let released = review(&permit, 1_000, vec![raw]).expect("reviews").settle(&mut Blank::default());
        assert_eq!(reasons(&released.expect("settles")[0]), [held]);
    }
}

/// A memory that says the same of every cell, and another thing of every union.
struct Says(Ruling, Ruling, Vec<Part>);

impl Memory for Says {
    type Error = Infallible;

    fn rule(&mut self, offers: &[Offer<'_>], _whole: bool) -> Result<Vec<Ruling>, Infallible> {
        let union = |part: Part| matches!(part, Part::Union { .. });
        Ok(offers.iter().map(|o| if union(o.part) { self.1.clone() } else { self.0.clone() }).collect())
    }

    fn keep(&mut self, offers: &[Offer<'_>]) -> Result<(), Infallible> {
        self.2 = offers.iter().map(|offer| offer.part).collect();
        Ok(())
    }
}

#[test]
fn what_the_memory_says_is_done() {
    let cells = [(Some(1), 0, 0, 15), (Some(2), 0, 15, 40), (Some(3), 0, 55, 300)];
    let settle = |of_cells: Ruling, of_unions: Ruling| {
        let mut memory = Says(of_cells, of_unions, Vec::new());
        let permit = permit_at(Level::Aggregate, 10);
        let reviewed = review(&permit, 1_000, vec![counts(&cells, false)]).expect("reviews");
        let released = reviewed.settle(&mut memory).expect("settles").remove(0);
        let state = released.batch().column(2).as_struct().clone();
        let n = state.column(0).as_primitive::<Int64Type>().values().to_vec();
        (n, reasons(&released).iter().filter(|r| r.is_some()).count(), memory.2.len())
    };
    assert_eq!(settle(Ruling::Exact, Ruling::Exact), (vec![15, 40, 300], 0, 4));
    assert_eq!(settle(Ruling::Hold, Ruling::Exact), (vec![0, 0, 0], 3, 0));
    let earlier = Ruling::Earlier(77_i64.to_le_bytes().to_vec());
    assert_eq!(settle(earlier, Ruling::Exact), (vec![77, 77, 77], 0, 0), "what is given again is no anchor");
    let foreign = Ruling::Earlier(vec![1, 2, 3]);
    assert_eq!(settle(foreign, Ruling::Exact), (vec![0, 0, 0], 3, 0), "an earlier answer of another shape");
    assert_eq!(settle(Ruling::Exact, Ruling::Hold), (vec![0, 0, 300], 2, 1), "20 persons are taken out of the sum");
}
