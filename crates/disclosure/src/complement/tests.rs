//! An audit by linear programming: whatever is held can be anything of at least the minimum's width.
//!
//! The attacker knows which cells leave, their numbers, all values that the keys can have, and that no number is
//! negative. For every cell that is held the least and the most that it can be are computed under these equations.

use std::collections::BTreeMap;

use microlp::{ComparisonOp, OptimizationDirection, Problem};
use proptest::prelude::*;

use super::*;

const MINIMUM: u64 = 10;

/// A table of numbers by up to three keys, and the grouping sets that are asked, as bits of the keys.
#[derive(Debug, Clone)]
struct Table {
    cells: BTreeMap<Vec<u8>, u64>,
    sets: Vec<u64>,
}

/// One cell that is asked: its grouping set and the rows below it.
struct Asked {
    set: u64,
    below: Vec<usize>,
    persons: u64,
}

impl Table {
    fn asked(&self) -> Vec<Asked> {
        let mut asked = Vec::new();
        for set in &self.sets {
            let mut groups: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
            for (row, key) in self.cells.keys().enumerate() {
                let part = key.iter().enumerate().filter(|(i, _)| set >> i & 1 == 1).map(|(_, k)| *k).collect();
                groups.entry(part).or_default().push(row);
            }
            let values: Vec<u64> = self.cells.values().copied().collect();
            asked.extend(groups.into_values().map(|below| Asked {
                set: *set,
                persons: below.iter().map(|row| values[*row]).sum(),
                below,
            }));
        }
        asked
    }
}

struct Numbers<'a>(&'a [Asked]);

impl Weights for Numbers<'_> {
    fn persons(&self, cell: usize) -> u64 {
        self.0[cell].persons
    }

    fn safe(&self, cells: &[usize]) -> bool {
        cells.iter().map(|cell| self.0[*cell].persons).sum::<u64>() >= MINIMUM
    }
}

/// The exposures by definition, from the rows below the cells rather than from keys.
fn exposures(asked: &[Asked]) -> Vec<Exposure> {
    let sets: Vec<u64> = asked.iter().map(|cell| cell.set).collect();
    let finer = |a: u64, b: u64| a != b && a & b == b;
    let finest = |set: u64| !sets.iter().any(|other| finer(*other, set));
    let within = |set: u64, rows: &[usize]| -> Vec<usize> {
        let inside = |cell: &Asked| cell.set == set && cell.below.iter().all(|row| rows.contains(row));
        (0..asked.len()).filter(|cell| inside(&asked[*cell])).collect()
    };
    let mut found = Vec::new();
    let mut distinct = sets.clone();
    distinct.sort_unstable();
    distinct.dedup();
    for (total, cell) in asked.iter().enumerate().filter(|(_, cell)| !finest(cell.set)) {
        let finest = distinct.iter().filter(|set| finest(**set) && finer(**set, cell.set));
        let leaves = finest.map(|leaf| within(*leaf, &cell.below)).collect();
        found.push(Exposure { by: By::Total(total), leaves });
    }
    for leaf in distinct.iter().copied().filter(|set| finest(*set)) {
        for other in distinct.iter().copied().filter(|set| *set != leaf && finest(*set)) {
            // Blocks that both sets cut alike: grow from a cell until nothing sticks out.
            for start in (0..asked.len()).filter(|cell| asked[*cell].set == other) {
                let mut rows = asked[start].below.clone();
                loop {
                    let touching = |set: u64, rows: &[usize]| -> Vec<usize> {
                        let cells = asked.iter().filter(|c| c.set == set && c.below.iter().any(|r| rows.contains(r)));
                        let mut all: Vec<usize> = cells.flat_map(|c| c.below.clone()).collect();
                        all.sort_unstable();
                        all
                    };
                    let wider = touching(other, &touching(leaf, &rows));
                    if wider.len() == rows.len() {
                        break;
                    }
                    rows = wider;
                }
                found.push(Exposure { by: By::Leaves(within(other, &rows)), leaves: vec![within(leaf, &rows)] });
            }
        }
    }
    found.sort_by_key(|exposure| exposure.leaves.iter().map(Vec::len).max());
    found
}

/// The width of what a held cell can be, for someone who knows the others.
fn width(table: &Table, asked: &[Asked], held: &[bool], cell: usize) -> f64 {
    let bound = |direction| {
        let mut problem = Problem::new(direction);
        let inside = |row: usize| if asked[cell].below.contains(&row) { 1.0 } else { 0.0 };
        let rows: Vec<_> = (0..table.cells.len()).map(|row| problem.add_var(inside(row), (0.0, 1e6))).collect();
        for (known, _) in asked.iter().zip(held).filter(|(_, held)| !**held) {
            let sum: Vec<_> = known.below.iter().map(|row| (rows[*row], 1.0)).collect();
            problem.add_constraint(sum, ComparisonOp::Eq, known.persons as f64);
        }
        let solved = problem.solve().expect("the true table is a solution");
        solved.into_solution().expect("small problems are solved to the end").objective()
    };
    bound(OptimizationDirection::Maximize) - bound(OptimizationDirection::Minimize)
}

fn audit(table: &Table) -> Result<(usize, usize), TestCaseError> {
    let asked = table.asked();
    let mut held: Vec<bool> = asked.iter().map(|cell| cell.persons < MINIMUM).collect();
    let sets: Vec<u64> = asked.iter().map(|cell| cell.set).collect();
    let any = asked.iter().zip(&held).any(|(cell, held)| *held && cell.persons > 0);
    if let Some(only) = only(&sets).filter(|_| any) {
        asked.iter().zip(&mut held).filter(|(cell, _)| cell.set & only != cell.set).for_each(|(_, held)| *held = true);
    }
    complete(&exposures(&asked), &mut held, &Numbers(&asked));
    for cell in (0..asked.len()).filter(|cell| held[*cell] && asked[*cell].persons > 0) {
        let width = width(table, &asked, &held, cell);
        prop_assert!(width > MINIMUM as f64 - 1e-6, "cell {} {:?} is known to {}", cell, asked[cell].below, width);
    }
    Ok((asked.len(), held.iter().filter(|held| **held).count()))
}

fn tables() -> impl Strategy<Value = Table> {
    let number = prop_oneof![3 => 1..10_u64, 4 => 10..60_u64, 1 => 60..500_u64];
    let keys = prop::collection::vec(0..3_u8, 3);
    let sets = prop_oneof![
        Just(vec![0b11, 0b01, 0b00]),
        Just(vec![0b111, 0b011, 0b001, 0b000]),
        Just(vec![0b11, 0b01, 0b10, 0b00]),
        Just(vec![0b111, 0b011, 0b101, 0b110, 0b001, 0b010, 0b100, 0b000]),
        Just(vec![0b01, 0b10]),
        Just(vec![0b011, 0b110]),
        Just(vec![0b011, 0b101, 0b000]),
        Just(vec![0b111, 0b100]),
        prop::collection::btree_set(0..8_u64, 1..6).prop_map(|sets| sets.into_iter().collect()),
    ];
    (prop::collection::btree_map(keys, number, 2..20), sets).prop_map(|(cells, sets)| table(cells, sets))
}

/// With a zero for every other combination of the keys: nobody outside knows which do not occur.
fn table(mut cells: BTreeMap<Vec<u8>, u64>, sets: Vec<u64>) -> Table {
    for i in 0..27_u8 {
        cells.entry(vec![i / 9, i / 3 % 3, i % 3]).or_default();
    }
    Table { cells, sets }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn nothing_held_can_be_recomputed(table in tables()) {
        audit(&table)?;
    }
}

#[test]
fn the_smallest_sibling_is_held_and_not_the_total() {
    let cells = [(vec![0, 0, 0], 7), (vec![1, 0, 0], 30), (vec![2, 0, 0], 900)];
    let table = table(cells.into(), vec![0b001, 0b000]);
    let asked = table.asked();
    let mut held: Vec<bool> = asked.iter().map(|cell| cell.persons < MINIMUM).collect();
    complete(&exposures(&asked), &mut held, &Numbers(&asked));
    assert_eq!(held, [true, true, false, false]);
}

#[test]
fn without_the_rule_the_audit_finds_the_hole() {
    let cells = [(vec![0, 0, 0], 7), (vec![1, 0, 0], 30), (vec![2, 0, 0], 900)];
    let table = table(cells.into(), vec![0b001, 0b000]);
    let asked = table.asked();
    let held: Vec<bool> = asked.iter().map(|cell| cell.persons < MINIMUM).collect();
    assert!(width(&table, &asked, &held, 0) < 1e-6);
}
