//! What the statement's aggregates make of the totals of all cells.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use renkei_types::Code;

use super::percentile::{Precision, Ranges};
use super::total::{Comoments, State};
use super::{Cell, MergeError};
use crate::split::ReleasePoint;
use crate::state::{Output, OutputKind, Pair, Share, StateKind};

/// The percentiles of all cells, and how exact they are.
pub(super) fn percentiles(output: &Output, share: Share, cells: &[Cell]) -> (ArrayRef, Precision) {
    let mut precision = Precision::new(&output.name);
    let values = cells.iter().map(|cell| {
        let state = cell.states.get(output.state)?;
        let found = Ranges::new(&state.ranges).at(share);
        match found {
            Some(estimate) => precision.add(estimate),
            None => precision.beyond += usize::from(!state.ranges.is_empty()),
        }
        found.map(|estimate| estimate.value)
    });
    let values: ArrayRef = Arc::new(values.collect::<Float64Array>());
    (values, precision)
}

/// One output of all cells, in its own type.
pub(super) fn column(output: &Output, point: &ReleasePoint, cells: &[Cell]) -> Result<ArrayRef, MergeError> {
    let kind = point.states.get(output.state).map_or(StateKind::Count, |state| state.kind);
    let states = || cells.iter().filter_map(|cell| cell.states.get(output.state));
    if matches!(output.data_type, DataType::Int64 | DataType::UInt64) {
        let value = |state: &State| match output.kind {
            OutputKind::Count | OutputKind::Pair(Pair::Count) => Some(state.n),
            _ => (state.n > 0).then_some(state.integer),
        };
        let fit = |v: i128| {
            i64::try_from(v).map_err(|_| MergeError::Overflow { code: Code::Overflow, output: output.name.clone() })
        };
        let values = states()
            .map(|state| if state.contributed { value(state).map(fit).transpose() } else { Ok(None) })
            .collect::<Result<Vec<_>, _>>()?;
        let values: ArrayRef = Arc::new(Int64Array::from(values));
        return Ok(cast(&values, &output.data_type)?);
    }
    let values = states().map(|state| if state.contributed { float_output(output.kind, kind, state) } else { None });
    Ok(Arc::new(values.collect::<Float64Array>()))
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
fn float_output(output: OutputKind, kind: StateKind, state: &State) -> Option<f64> {
    let n = state.n as f64;
    let some = state.n > 0;
    let moments = kind == StateKind::Moments;
    match output {
        OutputKind::Count => Some(n),
        OutputKind::Sum => some.then(|| if moments { state.mean * n } else { state.total() }),
        OutputKind::Mean => some.then(|| if moments { state.mean } else { state.total() / n }),
        OutputKind::VarianceSample => (state.n > 1).then(|| state.m2 / (n - 1.0)),
        OutputKind::VariancePopulation => some.then(|| state.m2 / n),
        OutputKind::DeviationSample => (state.n > 1).then(|| (state.m2 / (n - 1.0)).sqrt()),
        OutputKind::DeviationPopulation => some.then(|| (state.m2 / n).sqrt()),
        OutputKind::Pair(pair) => some.then(|| of_pairs(pair, n, &state.pair)).flatten(),
        // Read from ranges, not from sums.
        OutputKind::Percentile(_) => None,
    }
}

fn of_pairs(pair: Pair, n: f64, state: &Comoments) -> Option<f64> {
    let Comoments { mean: [mean_y, mean_x], m2: [m2_y, m2_x], c } = *state;
    let slope = (m2_x > 0.0).then(|| c / m2_x);
    match pair {
        Pair::CovarianceSample => (n > 1.0).then(|| c / (n - 1.0)),
        Pair::CovariancePopulation => Some(c / n),
        Pair::Correlation => (m2_x > 0.0 && m2_y > 0.0).then(|| c / (m2_x.sqrt() * m2_y.sqrt())),
        Pair::Slope => slope,
        Pair::Intercept => slope.map(|slope| mean_y - slope * mean_x),
        Pair::Count => Some(n),
        Pair::Determination if m2_y > 0.0 => slope.map(|slope| slope * c / m2_y),
        Pair::Determination => slope.map(|_| 1.0),
        Pair::MeanX => Some(mean_x),
        Pair::MeanY => Some(mean_y),
        Pair::SumXX => Some(m2_x),
        Pair::SumYY => Some(m2_y),
        Pair::SumXY => Some(c),
    }
}
