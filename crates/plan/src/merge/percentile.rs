//! Percentiles of ranges: what the counts of all sites say about the value at a rank.
//!
//! Sites merge their bins differently, so a rank has bounds: below the lower one lie too few rows of any site, up to the
//! upper one enough of all. Between them the value is read from the counts with each range's rows spread evenly over
//! it. A single bin is read as its edge nearest to zero, which is the value itself where it was recorded with up to
//! four digits. Where a bound is open the value is not told: it lies among too few persons.

use renkei_types::grid;

use crate::state::Share;

/// Rows in a range of bins, `from ≤ bin < to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) rows: i64,
}

impl Range {
    fn is_bin(self) -> bool {
        self.from != grid::OPEN_LOW && self.to == self.from + 1
    }

    /// What its values are not below.
    fn low(self) -> f64 {
        grid::edge(self.from)
    }

    /// What its values are not above.
    fn high(self) -> f64 {
        grid::edge(self.to)
    }
}

/// A value with its bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Estimate {
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// All ranges of one cell, sorted for reading.
pub(super) struct Ranges {
    by_low: Vec<Range>,
    by_high: Vec<Range>,
    rows: i128,
}

impl Ranges {
    pub(super) fn new(ranges: &[Range]) -> Self {
        let (mut by_low, mut by_high) = (ranges.to_vec(), ranges.to_vec());
        by_low.sort_by_key(|range| (range.from, range.to));
        by_high.sort_by_key(|range| (range.to, range.from));
        Self { by_low, by_high, rows: ranges.iter().map(|range| i128::from(range.rows)).sum() }
    }

    /// The value at a share of the rows, interpolated between the two nearest ranks as SQL's `percentile_cont` is;
    /// none without rows or beyond the edges that are told.
    #[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
    #[expect(clippy::cast_possible_truncation, reason = "a rank is within the rows")]
    pub(super) fn at(&self, share: Share) -> Option<Estimate> {
        if self.rows <= 0 {
            return None;
        }
        let rank = share.get() * (self.rows - 1) as f64;
        let (below, part) = (rank.floor(), rank.fract());
        let first = self.ranked(below as i128)?;
        if part <= 0.0 {
            return Some(first);
        }
        let second = self.ranked((below as i128 + 1).min(self.rows - 1))?;
        let between = |a: f64, b: f64| a + (b - a) * part;
        Some(Estimate {
            value: between(first.value, second.value),
            low: between(first.low, second.low),
            high: between(first.high, second.high),
        })
    }

    /// The value of the row with so many before it.
    fn ranked(&self, rank: i128) -> Option<Estimate> {
        let mut seen = 0;
        let low = self.by_low.iter().find(|range| {
            seen += i128::from(range.rows);
            seen > rank
        })?;
        seen = 0;
        let high = self.by_high.iter().find(|range| {
            seen += i128::from(range.rows);
            seen > rank
        })?;
        if low == high && low.is_bin() {
            return Some(Estimate { value: grid::value(low.from), low: low.low(), high: high.high() });
        }
        let (low, high) = (low.low(), high.high());
        if !low.is_finite() || !high.is_finite() {
            return None;
        }
        Some(Estimate { value: self.inverse(rank, low, high), low, high })
    }

    /// Where half of the row has passed, each range's rows spread evenly; a bin's rows all at its value.
    #[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
    fn inverse(&self, rank: i128, low: f64, high: f64) -> f64 {
        let wanted = rank as f64 + 0.5;
        let before = |x: f64| -> f64 { self.by_low.iter().map(|range| passed(*range, x)).sum() };
        let mut points: Vec<f64> = self.by_low.iter().flat_map(|range| [range.low(), range.high()]).collect();
        points.extend([low, high]);
        points.retain(|x| (low..=high).contains(x));
        points.sort_by(f64::total_cmp);
        points.dedup();
        let at = points.partition_point(|x| before(*x) < wanted);
        let (Some(end), Some(start)) = (points.get(at), at.checked_sub(1).and_then(|i| points.get(i))) else {
            return if at == 0 { low } else { high };
        };
        // Rows at the point itself, of bins, come all at once.
        let (from, to) = (before(*start), before(*end) - self.standing_at(*end));
        match to > from && wanted <= to {
            true => start + (end - start) * ((wanted - from) / (to - from)).clamp(0.0, 1.0),
            false => *end,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
    fn standing_at(&self, x: f64) -> f64 {
        self.by_low.iter().filter(|range| range.is_bin() && grid::value(range.from) == x).map(|r| r.rows as f64).sum()
    }
}

/// Rows of a range up to and with `x`.
#[expect(clippy::cast_precision_loss, reason = "counts of rows stay far below 2^53")]
fn passed(range: Range, x: f64) -> f64 {
    let rows = range.rows as f64;
    if range.is_bin() {
        return if grid::value(range.from) <= x { rows } else { 0.0 };
    }
    let (low, high) = (range.low(), range.high());
    if x >= high {
        return rows;
    }
    // An open range has no middle to spread its rows over: they stand at the end that is told.
    match (low.is_finite(), high.is_finite()) {
        (true, true) => rows * ((x - low) / (high - low)).clamp(0.0, 1.0),
        (true, false) if x >= low => rows,
        _ => 0.0,
    }
}

/// How exact the percentiles of one column are, over all its cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Precision {
    /// The column, as the statement names it.
    pub output: String,
    /// The widest bounds of any cell; 0 where no value is told.
    pub width: f64,
    /// The same as a share of the value, where no value is 0.
    pub relative: Option<f64>,
    /// Cells whose value lies beyond the last edge that is told: they are NULL.
    pub beyond: usize,
}

impl Precision {
    pub(super) fn new(output: &str) -> Self {
        Self { output: readable(output), width: 0.0, relative: Some(0.0), beyond: 0 }
    }

    pub(super) fn add(&mut self, estimate: Estimate) {
        let width = estimate.high - estimate.low;
        self.width = self.width.max(width);
        let size = estimate.value.abs();
        self.relative = self.relative.filter(|_| size > 0.0).map(|most| most.max(width / size));
    }
}

/// The engine's name of a column with plain literals: `percentile_cont(0.05)` for `percentile_cont(Float64(0.05))`.
fn readable(name: &str) -> String {
    let mut text = name.to_owned();
    for kind in ["Float64(", "Int64("] {
        while let Some((before, rest)) = text.split_once(kind)
            && let Some((literal, after)) = rest.split_once(')')
        {
            text = format!("{before}{literal}{after}");
        }
    }
    text
}

#[cfg(test)]
mod tests;
