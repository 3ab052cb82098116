//! What the states of one cell come to over the sites so far.

use datafusion::arrow::array::{Array, AsArray, StructArray};
use datafusion::arrow::datatypes::{Decimal128Type, Float64Type, Int64Type};

use super::percentile::Range;
use crate::state::StateKind;

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) contributed: bool,
    pub(super) n: i128,
    pub(super) integer: i128,
    pub(super) sum: f64,
    pub(super) compensation: f64,
    pub(super) mean: f64,
    pub(super) m2: f64,
    pub(super) pair: Comoments,
    pub(super) ranges: Vec<Range>,
}

/// Means, squared deviations and their products of pairs (y, x); `n` is the state's.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Comoments {
    pub(super) mean: [f64; 2],
    pub(super) m2: [f64; 2],
    pub(super) c: f64,
}

impl State {
    pub(super) fn add_float(&mut self, x: f64) {
        let total = self.sum + x;
        let lost = if self.sum.abs() >= x.abs() { (self.sum - total) + x } else { (x - total) + self.sum };
        self.compensation += lost;
        self.sum = total;
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
    pub(super) fn add_moments(&mut self, n: i64, mean: f64, m2: f64) {
        let (a, b) = (self.n as f64, n as f64);
        if n > 0 {
            let delta = mean - self.mean;
            self.mean += delta * (b / (a + b));
            self.m2 += m2 + delta * delta * (a * b / (a + b));
        }
        self.n += i128::from(n);
    }

    /// Chan's formula in two dimensions.
    #[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
    pub(super) fn add_pairs(&mut self, n: i64, other: &Comoments) {
        let (a, b) = (self.n as f64, n as f64);
        if n > 0 {
            let both = a * b / (a + b);
            let delta = [other.mean[0] - self.pair.mean[0], other.mean[1] - self.pair.mean[1]];
            self.pair.c += other.c + delta[0] * delta[1] * both;
            for (i, delta) in delta.into_iter().enumerate() {
                self.pair.m2[i] += other.m2[i] + delta * delta * both;
                self.pair.mean[i] += delta * (b / (a + b));
            }
        }
        self.n += i128::from(n);
    }

    pub(super) fn total(&self) -> f64 {
        if self.compensation.is_finite() { self.sum + self.compensation } else { self.sum }
    }
}

/// Adds a site's state of one cell.
pub(super) fn add_state(state: &mut State, kind: StateKind, column: &StructArray, row: usize) {
    let n = column.column(0).as_primitive::<Int64Type>().value(row);
    let float = |i: usize| column.column(i).as_primitive::<Float64Type>().value(row);
    state.contributed = true;
    match kind {
        StateKind::Count | StateKind::Persons | StateKind::Keys => state.n += i128::from(n),
        StateKind::SumInteger => {
            state.n += i128::from(n);
            let sum = column.column(1).as_primitive::<Decimal128Type>().value(row);
            state.integer = state.integer.saturating_add(sum);
        }
        StateKind::SumFloat => {
            state.n += i128::from(n);
            state.add_float(float(1));
        }
        StateKind::Moments => state.add_moments(n, float(1), float(2)),
        StateKind::Comoments => {
            let pair = Comoments { mean: [float(1), float(2)], m2: [float(3), float(4)], c: float(5) };
            state.add_pairs(n, &pair);
        }
        StateKind::Bins => {
            state.n += i128::from(n);
            state.ranges.extend(ranges(column, row));
        }
    }
}

/// The ranges of one cell of one site.
fn ranges(column: &StructArray, row: usize) -> Vec<Range> {
    let bins = column.column(1).as_list::<i32>().value(row);
    let bins = bins.as_struct();
    let whole = |i: usize| bins.column(i).as_primitive::<Int64Type>();
    let (from, to, rows) = (whole(0), whole(1), whole(2));
    (0..bins.len()).map(|i| Range { from: from.value(i), to: to.value(i), rows: rows.value(i) }).collect()
}
