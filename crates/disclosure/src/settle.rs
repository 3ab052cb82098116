//! The ledger's turn: what leaves now, beside what left before.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::builder::{Decimal128Builder, Float64Builder, Int64Builder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, StructArray};
use arrow_schema::{ArrowError, DataType};
use roaring::RoaringBitmap;

use crate::review::{Point, State};
use crate::{Contributions, Reason, ReleaseError, Released, Reviewed};

/// What of an answer is offered to the ledger.
#[derive(Debug)]
pub struct Offer<'a> {
    /// What it is.
    pub part: Part,
    /// Its persons.
    pub persons: Cow<'a, RoaringBitmap>,
    /// What each of them brings to what is shown.
    pub brings: Brings<'a>,
    /// What would leave, as bytes: the states' columns. Of unions the total, where that is one integer; else empty, as for
    /// cells without states.
    pub value: Vec<u8>,
    /// Whether parts of it could be taken off: a union, or the only cell of its release point.
    pub base: bool,
}

/// What persons bring to a part of an answer, as far as it shows.
#[derive(Debug, Clone, Copy)]
pub enum Brings<'a> {
    /// Rows and values.
    Parts(&'a Contributions),
    /// Themselves: a number of persons is the same however many rows there are.
    Presence,
    /// It is not known: a union shows its persons only.
    Unknown,
}

/// A part of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A cell; with a state, the aggregate of that number in it.
    Cell {
        /// Position among the release points of the question.
        point: usize,
        /// Row among the raw cells.
        cell: usize,
        /// The aggregate; `None` for those to which all rows of the cell contribute.
        state: Option<usize>,
    },
    /// All cells of one grouping set together: a base, of which single cells can be taken off.
    Union {
        /// Position among the release points of the question.
        point: usize,
        /// Position among its grouping sets.
        set: usize,
        /// The aggregate; `None` for those to which all rows of a cell contribute.
        state: Option<usize>,
    },
}

/// What the ledger says of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// It leaves as it is.
    Exact,
    /// It does not leave.
    Hold,
    /// What left earlier leaves again: the bytes of that offer.
    Earlier(Vec<u8>),
}

/// Who remembers what left. The only implementation that a node uses is the ledger.
pub trait Memory {
    /// Why nothing can be looked up or kept.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Rules over the parts of one answer, in order. `whole` says that no rule has held anything of it so far.
    ///
    /// # Errors
    /// When the memory cannot be read; then nothing leaves.
    fn rule(&mut self, offers: &[Offer<'_>], whole: bool) -> Result<Vec<Ruling>, Self::Error>;

    /// Keeps the parts that leave as they are. Durable when it returns.
    ///
    /// # Errors
    /// When it cannot be kept; then nothing leaves.
    fn keep(&mut self, offers: &[Offer<'_>]) -> Result<(), Self::Error>;
}

impl Reviewed {
    /// Asks the memory, keeps what leaves, and makes it ready to leave.
    ///
    /// # Errors
    /// [`ReleaseError`] when the memory fails or cells are malformed; then nothing leaves.
    pub fn settle<M: Memory>(mut self, memory: &mut M) -> Result<Vec<Released>, ReleaseError> {
        let mut substituted = BTreeSet::new();
        if self.remembered {
            let offers = self.offers(&substituted);
            let parts: Vec<Part> = offers.iter().map(|offer| offer.part).collect();
            let whole = self.points.iter().all(Point::whole);
            let rulings = memory.rule(&offers, whole).map_err(ReleaseError::memory)?;
            drop(offers);
            if rulings.len() != parts.len() {
                return Err(ReleaseError::Lengths);
            }
            for (part, ruling) in parts.into_iter().zip(rulings) {
                self.apply(part, ruling, &mut substituted)?;
            }
            memory.keep(&self.offers(&substituted)).map_err(ReleaseError::memory)?;
        }
        let points = self.points.into_iter().enumerate();
        points.map(|(index, point)| Released::of(index, point, &substituted)).collect()
    }

    /// What leaves, but for what leaves in place of something else.
    fn offers(&self, substituted: &BTreeSet<Part>) -> Vec<Offer<'_>> {
        let mut offers = Vec::new();
        for (index, point) in self.points.iter().enumerate() {
            for aspect in point.aspects() {
                for cell in (0..point.rows).filter(|cell| point.shows(aspect, *cell)) {
                    let part = Part::Cell { point: index, cell, state: aspect };
                    let Some(exact) = point.contributions(aspect, cell).filter(|_| !substituted.contains(&part)) else {
                        continue;
                    };
                    let (value, base) = (point.value(aspect, cell), point.rows == 1);
                    let persons = Cow::Borrowed(exact.persons());
                    let brings = if point.presence(aspect) { Brings::Presence } else { Brings::Parts(exact) };
                    offers.push(Offer { part, persons, brings, value, base });
                }
                let as_such = |cell: usize| !substituted.contains(&Part::Cell { point: index, cell, state: aspect });
                for (set, cells) in point.levels.sets().enumerate() {
                    if cells.iter().filter(|cell| point.shows(aspect, **cell)).count() > 1
                        && cells.iter().all(|cell| as_such(*cell))
                    {
                        let part = Part::Union { point: index, set, state: aspect };
                        let persons = Cow::Owned(point.union(aspect, cells));
                        let value = point.total(aspect, cells).unwrap_or_default();
                        offers.push(Offer { part, persons, brings: Brings::Unknown, value, base: true });
                    }
                }
            }
        }
        offers
    }

    fn apply(&mut self, part: Part, ruling: Ruling, substituted: &mut BTreeSet<Part>) -> Result<(), ReleaseError> {
        let (Part::Cell { point, .. } | Part::Union { point, .. }) = part;
        let wide = 2 * self.minimum;
        let Some(point) = self.points.get_mut(point) else { return Ok(()) };
        match (part, ruling) {
            (_, Ruling::Exact) => {}
            (Part::Cell { cell, state, .. }, Ruling::Hold) => point.withhold(state, cell, Reason::Ledger),
            (Part::Cell { cell, state, .. }, Ruling::Earlier(value)) => {
                if point.replace(state, cell, &value)? {
                    substituted.insert(part);
                } else {
                    point.withhold(state, cell, Reason::Ledger);
                }
            }
            // A sum that may not be known: its smallest cells are held until the rest differs from it by many.
            (Part::Union { set, state, .. }, Ruling::Hold | Ruling::Earlier(_)) => point.open(set, state, wide),
        }
        Ok(())
    }
}

impl Point {
    /// The bytes of what leaves of an aspect of a cell.
    fn value(&self, aspect: Option<usize>, cell: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (index, state) in self.states.iter().enumerate() {
            if self.belongs(aspect, index) && self.leaves(index, cell) {
                state.array.columns().iter().for_each(|column| write(column, cell, &mut bytes));
            }
        }
        bytes
    }

    /// The total of what leaves of some cells, where each shows one integer.
    fn total(&self, aspect: Option<usize>, cells: &[usize]) -> Option<Vec<u8>> {
        let mut states = self.states.iter().enumerate().filter(|(index, _)| self.belongs(aspect, *index));
        let (Some((_, state)), None) = (states.next(), states.next()) else { return None };
        let [column] = state.array.columns() else { return None };
        let numbers = column.as_primitive_opt::<Int64Type>()?;
        let shown = cells.iter().filter(|cell| self.shows(aspect, **cell)).map(|cell| numbers.value(*cell));
        shown.reduce(i64::saturating_add).map(|total| total.to_le_bytes().to_vec())
    }

    /// Whether an aggregate is part of an aspect.
    fn belongs(&self, aspect: Option<usize>, state: usize) -> bool {
        match aspect {
            Some(own) => own == state,
            None => self.states.get(state).is_some_and(|state| state.own.is_none()),
        }
    }

    /// Whether nothing of an aspect is shown but numbers of persons.
    fn presence(&self, aspect: Option<usize>) -> bool {
        let mut states = self.states.iter().enumerate().filter(|(index, _)| self.belongs(aspect, *index)).peekable();
        states.peek().is_some() && states.all(|(_, state)| state.presence)
    }

    /// Puts earlier bytes in place of what would leave; false where they are not of the same shape.
    fn replace(&mut self, aspect: Option<usize>, cell: usize, value: &[u8]) -> Result<bool, ReleaseError> {
        // Bins are of any number: an earlier answer's are not kept, so that they are held.
        let listed = |state: &State| state.array.columns().iter().any(|c| matches!(c.data_type(), DataType::List(_)));
        let leaving = |index: usize| self.belongs(aspect, index) && self.leaves(index, cell);
        if self.states.iter().enumerate().any(|(index, state)| leaving(index) && listed(state)) {
            return Ok(false);
        }
        if value.len() != self.value(aspect, cell).len() {
            return Ok(false);
        }
        let mut rest = value;
        for index in 0..self.states.len() {
            if !self.belongs(aspect, index) || !self.leaves(index, cell) {
                continue;
            }
            let Some(state) = self.states.get_mut(index) else { continue };
            let columns = state.array.columns().iter().map(|column| read(column, cell, &mut rest));
            let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
            state.array = StructArray::try_new(state.array.fields().clone(), columns, None)?;
        }
        Ok(true)
    }

    /// Holds the smallest cells of a grouping set until they are at least `persons`.
    fn open(&mut self, set: usize, aspect: Option<usize>, persons: u64) {
        let cells: Vec<usize> = self.levels.sets().nth(set).map(<[usize]>::to_vec).unwrap_or_default();
        let shown = cells.into_iter().filter(|cell| self.shows(aspect, *cell));
        let mut shown: Vec<(u64, usize)> =
            shown.map(|cell| (self.contributions(aspect, cell).map_or(0, Contributions::len), cell)).collect();
        shown.sort_unstable();
        let mut gone = RoaringBitmap::new();
        for (_, cell) in shown {
            if gone.len() >= persons {
                return;
            }
            if let Some(set) = self.contributions(aspect, cell) {
                gone |= set.persons();
            }
            self.withhold(aspect, cell, Reason::Ledger);
        }
    }
}

fn write(column: &ArrayRef, row: usize, bytes: &mut Vec<u8>) {
    if let Some(column) = column.as_primitive_opt::<Int64Type>() {
        bytes.extend(column.value(row).to_le_bytes());
    } else if let Some(column) = column.as_primitive_opt::<Float64Type>() {
        bytes.extend(column.value(row).to_le_bytes());
    } else if let Some(column) = column.as_primitive_opt::<Decimal128Type>() {
        bytes.extend(column.value(row).to_le_bytes());
    }
}

/// The column with the next bytes in one row.
fn read(column: &ArrayRef, row: usize, bytes: &mut &[u8]) -> Result<ArrayRef, ArrowError> {
    fn next<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], ArrowError> {
        let (head, rest) = bytes.split_at_checked(N).ok_or_else(short)?;
        *bytes = rest;
        head.try_into().map_err(|_| short())
    }
    fn short() -> ArrowError {
        ArrowError::SchemaError("an earlier value has another shape".to_owned())
    }
    let rows = 0..column.len();
    Ok(match column.data_type() {
        DataType::Int64 => {
            let (old, new) = (column.as_primitive::<Int64Type>(), i64::from_le_bytes(next(bytes)?));
            let mut builder = Int64Builder::with_capacity(column.len());
            rows.for_each(|i| builder.append_value(if i == row { new } else { old.value(i) }));
            Arc::new(builder.finish())
        }
        DataType::Float64 => {
            let (old, new) = (column.as_primitive::<Float64Type>(), f64::from_le_bytes(next(bytes)?));
            let mut builder = Float64Builder::with_capacity(column.len());
            rows.for_each(|i| builder.append_value(if i == row { new } else { old.value(i) }));
            Arc::new(builder.finish())
        }
        DataType::Decimal128(precision, scale) => {
            let (old, new) = (column.as_primitive::<Decimal128Type>(), i128::from_le_bytes(next(bytes)?));
            let mut builder = Decimal128Builder::with_capacity(column.len());
            rows.for_each(|i| builder.append_value(if i == row { new } else { old.value(i) }));
            Arc::new(builder.finish().with_precision_and_scale(*precision, *scale)?)
        }
        _ => Arc::clone(column),
    })
}

#[cfg(test)]
mod tests;
