//! Raw cells under the rules: what is held, and why.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, BinaryArray, Int64Array, StructArray};
use arrow_schema::SchemaRef;
use renkei_policy::{Level, Mode, Permit};
use roaring::RoaringBitmap;
use std::sync::Arc;

use crate::complement::{Weights, complete};
use crate::contributions::Contributions;
use crate::levels::Levels;
use crate::rules::{Reason, few, nearly_all, refuse};
use crate::{Raw, RawState, ReleaseError, bins};

/// Width of the bins in which numbers of persons leave at the level *feasibility*.
pub const BIN: i64 = 5;

/// Cells of an answer after every rule but the ledger's. It cannot be encoded: [`Reviewed::settle`] asks the ledger.
#[derive(Debug)]
pub struct Reviewed {
    pub(crate) minimum: u64,
    pub(crate) remembered: bool,
    /// Nobody is not told apart from few either: what differs by nobody is held as what differs by few is.
    pub(crate) strict: bool,
    pub(crate) points: Vec<Point>,
}

/// One release point.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) schema: SchemaRef,
    pub(crate) keys: Vec<ArrayRef>,
    pub(crate) rows: usize,
    pub(crate) levels: Levels,
    /// All rows of each cell; none where nothing is guarded.
    pub(crate) cells: Vec<Contributions>,
    /// Why a cell is not listed.
    pub(crate) unlisted: Vec<Option<Reason>>,
    pub(crate) states: Vec<State>,
}

/// One aggregate in all cells of a release point.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) array: StructArray,
    /// Where not all rows of the cell contribute.
    pub(crate) own: Option<Vec<Contributions>>,
    /// Where values are clipped: those whom no bound has moved.
    pub(crate) free: Option<Vec<Contributions>>,
    /// Those whom a bound has moved.
    pub(crate) moved: Option<Vec<Contributions>>,
    pub(crate) conditional: bool,
    pub(crate) amounts: bool,
    pub(crate) presence: bool,
    pub(crate) alike: Option<usize>,
    /// Why it is held in a cell.
    pub(crate) held: Vec<Option<Reason>>,
}

/// Applies the permit's rules to all release points of a question. `population` is the number of persons that the
/// snapshot would answer about.
///
/// # Errors
/// [`ReleaseError`] when the cells are malformed or persons were not counted; then nothing leaves.
pub fn review(permit: &Permit, population: u64, raw: Vec<Raw>) -> Result<Reviewed, ReleaseError> {
    let minimum = u64::from(permit.minimum_persons());
    let explores = permit.level() == Level::Feasibility;
    // Where a hospital does not leave it at flags, what is held must not tell.
    let strict = permit.mode() != Mode::Flag && permit.exemption().is_none();
    let mut points = Vec::with_capacity(raw.len());
    for raw in raw {
        let mut point = point(permit, raw)?;
        if permit.guarded() {
            point.single(minimum, explores.then_some(population), strict && permit.remembered());
        }
        points.push(point);
    }
    let mut reviewed = Reviewed { minimum, remembered: permit.remembered(), strict, points };
    if permit.remembered() {
        reviewed.together();
    }
    if explores {
        for state in reviewed.points.iter_mut().flat_map(|point| &mut point.states) {
            bin(state, i64::from(permit.minimum_persons()));
        }
    }
    Ok(reviewed)
}

fn point(permit: &Permit, raw: Raw) -> Result<Point, ReleaseError> {
    let rows = raw.keys.iter().map(|key| key.len()).chain(raw.states.iter().map(|state| state.state.len()));
    let rows = rows.chain(raw.persons.iter().map(Array::len)).next().unwrap_or(0);
    let cells = match raw.persons {
        Some(persons) if permit.guarded() => Contributions::decode_all(&persons)?,
        None if permit.guarded() => return Err(ReleaseError::Uncounted),
        _ => Vec::new(),
    };
    let levels = if raw.sets && permit.remembered() { Levels::of_sets(&raw.keys)? } else { Levels::single(rows) };
    let states = raw.states.into_iter().map(|state| self::state(permit, state, rows)).collect::<Result<_, _>>()?;
    let lengths = raw.keys.iter().all(|key| key.len() == rows) && (cells.len() == rows || !permit.guarded());
    if !lengths {
        return Err(ReleaseError::Lengths);
    }
    Ok(Point { schema: raw.schema, keys: raw.keys, rows, levels, cells, unlisted: vec![None; rows], states })
}

fn state(permit: &Permit, raw: RawState, rows: usize) -> Result<State, ReleaseError> {
    let sets = |column: Option<BinaryArray>| {
        column.filter(|_| permit.guarded()).as_ref().map(Contributions::decode_all).transpose()
    };
    let (own, free, moved) = (sets(raw.contributors)?, sets(raw.free)?, sets(raw.moved)?);
    let lengths = [&own, &free, &moved].into_iter().flatten().all(|sets| sets.len() == rows);
    if raw.state.len() != rows || !lengths {
        return Err(ReleaseError::Lengths);
    }
    let mut held: Vec<_> = finite(&raw.state).map(|finite| (!finite).then_some(Reason::NotANumber)).collect();
    let mut array = raw.state.clone();
    if bins::is_raw(&array) {
        let minimum = if permit.guarded() { permit.minimum_persons() } else { 1 };
        let (merged, enough) = bins::merged(&array, minimum)?;
        for (held, enough) in held.iter_mut().zip(&enough) {
            *held = held.or((!enough).then_some(Reason::Contributors));
        }
        array = merged;
    }
    let RawState { conditional, amounts, presence, alike, .. } = raw;
    Ok(State { array, own, free, moved, conditional, amounts, presence, alike, held })
}

/// The cells whose numbers are numbers: an infinite total says of everybody else that they did not matter.
fn finite(state: &StructArray) -> impl Iterator<Item = bool> {
    let floats: Vec<_> = state.columns().iter().filter_map(|c| c.as_primitive_opt::<Float64Type>()).collect();
    (0..state.len()).map(move |row| floats.iter().all(|column| column.value(row).is_finite()))
}

/// Numbers of persons in bins that start at the minimum; none stays none.
fn bin(state: &mut State, minimum: i64) {
    let [column] = state.array.columns() else { return };
    let Some(numbers) = column.as_primitive_opt::<Int64Type>() else { return };
    let binned = |n: i64| if n <= minimum { n } else { minimum + (n - minimum) / BIN * BIN };
    let binned: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers.values().iter().map(|n| binned(*n))));
    if let Ok(array) = StructArray::try_new(state.array.fields().clone(), vec![binned], None) {
        state.array = array;
    }
}

impl Point {
    /// What contributes to an aggregate of a cell.
    pub(crate) fn contributions(&self, state: Option<usize>, cell: usize) -> Option<&Contributions> {
        match state.and_then(|state| self.states.get(state)).and_then(|state| state.own.as_ref()) {
            Some(own) => own.get(cell),
            None => self.cells.get(cell),
        }
    }

    pub(crate) fn listed(&self, cell: usize) -> bool {
        self.unlisted.get(cell).is_some_and(Option::is_none)
    }

    /// Whether every cell is listed, with every aggregate.
    pub(crate) fn whole(&self) -> bool {
        let held = self.states.iter().flat_map(|state| &state.held);
        self.unlisted.iter().chain(held).all(Option::is_none)
    }

    pub(crate) fn leaves(&self, state: usize, cell: usize) -> bool {
        let held = self.states.get(state).and_then(|state| state.held.get(cell)).copied().flatten();
        self.listed(cell) && held.is_none()
    }

    pub(crate) fn unlist(&mut self, cell: usize, reason: Reason) {
        if let Some(unlisted) = self.unlisted.get_mut(cell) {
            unlisted.get_or_insert(reason);
        }
    }

    pub(crate) fn hold(&mut self, state: usize, cell: usize, reason: Reason) {
        if let Some(held) = self.states.get_mut(state).and_then(|state| state.held.get_mut(cell)) {
            held.get_or_insert(reason);
        }
    }

    /// The rules that look at one cell.
    fn single(&mut self, minimum: u64, population: Option<u64>, strict: bool) {
        for (cell, contributions) in self.cells.iter().enumerate() {
            let persons = contributions.len();
            if let Some(unlisted) = self.unlisted.get_mut(cell) {
                *unlisted = (persons < minimum).then_some(Reason::Persons);
            }
            for state in &mut self.states {
                let own = state.own.as_ref().and_then(|own| own.get(cell));
                let contributing = own.unwrap_or(contributions);
                // That a condition holds for all is not told apart from that it holds for all but few.
                let rest = || state.conditional && persons.saturating_sub(contributing.len()) < minimum;
                let free = state.free.as_ref().and_then(|free| free.get(cell));
                let known = || free.is_some_and(|free| free.len() < minimum);
                let reason = match refuse(contributing, state.amounts, minimum) {
                    Some(reason) => Some(reason),
                    None if known() => Some(Reason::Contributors),
                    None if rest() => Some(Reason::Rest),
                    None if population.is_some_and(|all| nearly_all(contributing.len(), all, minimum)) => {
                        Some(Reason::Population)
                    }
                    None => None,
                };
                if let Some(held) = state.held.get_mut(cell) {
                    *held = held.or(reason);
                }
            }
        }
        self.conditions(minimum, strict);
        self.clips(minimum);
    }

    /// Two sums of one cell, of which one is clipped: between them lies what was cut off of those whom a bound moved, and
    /// that nobody was is not told apart from few.
    fn clips(&mut self, minimum: u64) {
        for later in 1..self.states.len() {
            for earlier in 0..later {
                let (Some(a), Some(b)) = (self.states.get(earlier), self.states.get(later)) else { continue };
                if !(a.amounts && b.amounts) || (a.moved.is_none() && b.moved.is_none()) {
                    continue;
                }
                let near: Vec<bool> = (0..self.rows)
                    .map(|cell| {
                        let moved = [a, b].into_iter().filter_map(|state| state.moved.as_ref()?.get(cell));
                        moved.fold(RoaringBitmap::new(), |all, set| all | set.persons()).len() < minimum
                    })
                    .collect();
                for cell in (0..near.len()).filter(|cell| near[*cell]) {
                    if self.leaves(earlier, cell) {
                        self.hold(later, cell, Reason::Clip);
                    }
                }
            }
        }
    }

    /// Where an answer has several parts, another of them may sum the same rows without a clip.
    pub(crate) fn clips_alone(&mut self, minimum: u64) {
        for state in 0..self.states.len() {
            for cell in 0..self.rows {
                let moved = self.states.get(state).and_then(|state| state.moved.as_ref()?.get(cell));
                if moved.is_some_and(|moved| moved.len() < minimum) {
                    self.hold(state, cell, Reason::Clip);
                }
            }
        }
    }

    /// Two aggregates of one cell, of which a condition chooses one: what lies between them is few, or nobody.
    fn conditions(&mut self, minimum: u64, strict: bool) {
        for later in 1..self.states.len() {
            for earlier in 0..later {
                let (Some(a), Some(b)) = (self.states.get(earlier), self.states.get(later)) else { continue };
                let (Some(a_own), Some(b_own)) = (&a.own, &b.own) else { continue };
                if !(a.conditional || b.conditional) {
                    continue;
                }
                // Nobody differs by what is asked, which tells nothing.
                let alike = a.alike.is_some() && a.alike == b.alike;
                let close = |(a, b): (&Contributions, &Contributions)| {
                    let apart = a.len().abs_diff(b.len()) >= minimum;
                    let differ = a.persons().symmetric_difference_len(b.persons());
                    !apart && (few(differ, minimum) || strict && !alike && differ == 0)
                };
                let near: Vec<bool> = a_own.iter().zip(b_own).map(close).collect();
                for cell in (0..near.len()).filter(|cell| near[*cell]) {
                    if self.leaves(earlier, cell) {
                        self.hold(later, cell, Reason::Overlap);
                    }
                }
            }
        }
    }

    /// Holds what would show what is held, within the release point.
    pub(crate) fn complement(&mut self, minimum: u64) {
        if self.levels.exposures.is_empty() {
            return;
        }
        let mut held: Vec<bool> = self.unlisted.iter().map(Option::is_some).collect();
        let any = |held: &[bool]| held.iter().zip(&self.cells).any(|(held, cell)| *held && !cell.is_empty());
        if any(&held) {
            for cell in &self.levels.beyond {
                held[*cell] = true;
            }
        }
        complete(&self.levels.exposures, &mut held, &Sets { point: self, state: None, minimum });
        self.spread(&mut held);
        for cell in (0..held.len()).filter(|cell| held[*cell]) {
            self.unlist(cell, Reason::Complement);
        }
        for state in 0..self.states.len() {
            let mut held: Vec<bool> = (0..self.rows).map(|cell| !self.leaves(state, cell)).collect();
            let hidden =
                |cell: usize| held[cell] && self.contributions(Some(state), cell).is_some_and(|c| !c.is_empty());
            if (0..self.rows).any(hidden) {
                for cell in &self.levels.beyond {
                    held[*cell] = true;
                }
            }
            complete(&self.levels.exposures, &mut held, &Sets { point: self, state: Some(state), minimum });
            self.spread(&mut held);
            for cell in (0..held.len()).filter(|cell| held[*cell]) {
                if self.listed(cell) {
                    self.hold(state, cell, Reason::Complement);
                }
            }
        }
    }

    /// A cell that stands twice is held twice.
    fn spread(&self, held: &mut [bool]) {
        for (cell, first) in self.levels.same.iter().enumerate() {
            if cell != *first && (held.get(cell) == Some(&true) || held.get(*first) == Some(&true)) {
                for one in [cell, *first] {
                    if let Some(held) = held.get_mut(one) {
                        *held = true;
                    }
                }
            }
        }
    }

    /// What an aggregate shows in each grouping set: the union of the cells where it leaves.
    pub(crate) fn unions(&self, state: Option<usize>) -> Vec<RoaringBitmap> {
        self.levels.sets().map(|cells| self.union(state, cells)).collect()
    }

    /// The persons of those of some cells where an aspect leaves.
    pub(crate) fn union(&self, aspect: Option<usize>, cells: &[usize]) -> RoaringBitmap {
        let shown = cells.iter().filter(|cell| self.shows(aspect, **cell));
        let sets = shown.filter_map(|cell| self.contributions(aspect, *cell));
        sets.fold(RoaringBitmap::new(), |union, set| union | set.persons())
    }

    /// The aggregates to look at separately: the cells themselves, and those to which not all of a cell contribute.
    pub(crate) fn aspects(&self) -> impl Iterator<Item = Option<usize>> {
        let own = self.states.iter().enumerate().filter(|(_, state)| state.own.is_some()).map(|(i, _)| Some(i));
        let whole = self.states.is_empty() || self.states.iter().any(|state| state.own.is_none());
        whole.then_some(None).into_iter().chain(own)
    }

    /// The aggregates of an aspect.
    fn of_aspect(&self, aspect: Option<usize>) -> Vec<usize> {
        match aspect {
            Some(state) => vec![state],
            None => (0..self.states.len()).filter(|i| self.states.get(*i).is_some_and(|s| s.own.is_none())).collect(),
        }
    }

    /// Whether an aspect of a cell leaves.
    pub(crate) fn shows(&self, aspect: Option<usize>, cell: usize) -> bool {
        let listed_only = self.states.is_empty() && self.listed(cell);
        listed_only || self.of_aspect(aspect).into_iter().any(|state| self.leaves(state, cell))
    }

    /// Holds an aspect of a cell. The cell stays listed: one that is not listed has fewer persons than the minimum, but
    /// for those that [`Point::complement`] leaves out.
    pub(crate) fn withhold(&mut self, aspect: Option<usize>, cell: usize, reason: Reason) {
        for state in self.of_aspect(aspect) {
            self.hold(state, cell, reason);
        }
    }
}

struct Sets<'a> {
    point: &'a Point,
    state: Option<usize>,
    minimum: u64,
}

impl Weights for Sets<'_> {
    fn persons(&self, cell: usize) -> u64 {
        self.point.contributions(self.state, cell).map_or(0, Contributions::len)
    }

    fn safe(&self, cells: &[usize]) -> bool {
        let sets: Vec<_> = cells.iter().filter_map(|cell| self.point.contributions(self.state, *cell)).collect();
        let union = sets.iter().fold(RoaringBitmap::new(), |union, set| union | set.persons());
        let amounts = self.state.and_then(|state| self.point.states.get(state)).is_some_and(|state| state.amounts);
        let total = sets.iter().map(|set| set.total()).sum();
        let mut largest: Vec<f64> = sets.iter().flat_map(|set| set.largest()).collect();
        largest.sort_by(|a, b| b.total_cmp(a));
        let largest = [largest.first().copied().unwrap_or(0.0), largest.get(1).copied().unwrap_or(0.0)];
        union.len() >= self.minimum && !(amounts && crate::rules::dominated(total, largest))
    }
}
