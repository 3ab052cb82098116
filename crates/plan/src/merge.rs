//! The merge of released cells, in site order, so that the answer does not depend on who was faster.
//!
//! Integers are summed in i128, floats with Neumaier's compensation, moments pairwise by Chan, Golub and LeVeque
//! (1979), bins are put together as ranges ([`percentile`]). A site that answered without listing a cell contributes 0 to
//! k−1 persons there: it is counted as holding where its minimum is above 1, and as nothing where every cell is listed.

mod limits;
mod output;
mod percentile;
mod total;

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::row::{OwnedRow, RowConverter, Rows, SortField};
use renkei_types::{Code, SiteId};

use self::limits::{Limits, room};
use self::output::{column, percentiles};
pub use self::percentile::Precision;
use self::total::{State, add_state};
use crate::split::ReleasePoint;
use crate::state::OutputKind;

/// Cells of one site for one release point, as they came from the wire.
#[derive(Debug, Clone)]
pub struct SiteCells {
    /// The site.
    pub site: SiteId,
    /// The minimum of persons that the site applied: below 2 every cell is listed.
    pub minimum_persons: u32,
    /// Batches of [`ReleasePoint::cell_schema`].
    pub cells: Vec<RecordBatch>,
}

/// Why cells cannot be merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A site's cells do not have the release point's schema.
    #[error("cells of site {site} have another shape than release point {point}")]
    Shape {
        /// The site.
        site: SiteId,
        /// The release point.
        point: usize,
    },
    /// A total does not fit the type of its column.
    #[error("{code}: the total of `{output}` does not fit 64 bits")]
    Overflow {
        /// [`Code::Overflow`].
        code: Code,
        /// The aggregate.
        output: String,
    },
    /// An error of the columnar library.
    #[error("cells cannot be combined")]
    Arrow(#[from] ArrowError),
}

struct Cell {
    states: Vec<State>,
    contributing: i64,
    /// Of those, the ones that hold cells under a minimum: the rest of them may hold this one.
    guarded: i64,
    holding: i64,
    limits: Limits,
}

/// What the cells of all sites came to.
#[derive(Debug, Clone)]
pub struct Merged {
    /// One batch of [`ReleasePoint::merged_schema`].
    pub cells: RecordBatch,
    /// How exact its percentiles are, one entry per column that holds some.
    pub precisions: Vec<Precision>,
}

/// Merges cells of the sites that answered.
///
/// # Errors
/// [`MergeError`] when a site's cells have another shape, or a total overflows the type of its column.
pub fn merge(point: &ReleasePoint, sites: &[SiteCells]) -> Result<Merged, MergeError> {
    let mut sites: Vec<&SiteCells> = sites.iter().collect();
    sites.sort_by(|a, b| a.site.cmp(&b.site));
    let mut table = Table::new(point)?;
    for site in &sites {
        table.add(site)?;
    }
    table.finish(&sites)
}

struct Table<'a> {
    point: &'a ReleasePoint,
    schema: SchemaRef,
    converter: Option<RowConverter>,
    index: HashMap<OwnedRow, usize>,
    order: Vec<OwnedRow>,
    cells: Vec<Cell>,
}

impl<'a> Table<'a> {
    fn new(point: &'a ReleasePoint) -> Result<Self, MergeError> {
        let fields: Vec<_> = point.keys.iter().map(|key| SortField::new(key.data_type.clone())).collect();
        let converter = if fields.is_empty() { None } else { Some(RowConverter::new(fields)?) };
        let mut table = Self {
            point,
            schema: point.cell_schema(),
            converter,
            index: HashMap::new(),
            order: Vec::new(),
            cells: Vec::new(),
        };
        if table.converter.is_none() {
            // A total has its one cell even where nobody lists it.
            table.cells.push(table.empty());
        }
        Ok(table)
    }

    fn empty(&self) -> Cell {
        Cell {
            states: vec![State::default(); self.point.states.len()],
            contributing: 0,
            guarded: 0,
            holding: 0,
            limits: Limits::default(),
        }
    }

    fn add(&mut self, site: &SiteCells) -> Result<(), MergeError> {
        for batch in &site.cells {
            let shape = || MergeError::Shape { site: site.site.clone(), point: self.point.index };
            if !same_types(&batch.schema(), &self.schema) {
                return Err(shape());
            }
            let rows = self.rows(batch)?;
            if rows.is_none() && batch.num_rows() > 1 {
                return Err(shape());
            }
            for row in 0..batch.num_rows() {
                let cell = match &rows {
                    Some(rows) => self.cell(rows.row(row).owned()),
                    None => 0,
                };
                self.add_row(cell, batch, row, site);
            }
        }
        Ok(())
    }

    fn rows(&self, batch: &RecordBatch) -> Result<Option<Rows>, MergeError> {
        let keys = batch.columns().get(..self.point.keys.len()).unwrap_or_default();
        Ok(self.converter.as_ref().map(|converter| converter.convert_columns(keys)).transpose()?)
    }

    fn cell(&mut self, key: OwnedRow) -> usize {
        if let Some(cell) = self.index.get(&key) {
            return *cell;
        }
        let cell = self.cells.len();
        self.cells.push(self.empty());
        self.order.push(key.clone());
        self.index.insert(key, cell);
        cell
    }

    fn add_row(&mut self, cell: usize, batch: &RecordBatch, row: usize, site: &SiteCells) {
        let Some(cell) = self.cells.get_mut(cell) else { return };
        let mut held = false;
        for ((state, kind), column) in
            cell.states.iter_mut().zip(&self.point.states).zip(batch.columns().iter().skip(self.point.keys.len()))
        {
            let column = column.as_struct();
            if column.is_null(row) {
                held = true;
            } else {
                add_state(state, kind.kind, column, row);
            }
        }
        cell.contributing += 1;
        cell.limits.listed(self.point, batch, row, room(site));
        cell.guarded += i64::from(site.minimum_persons > 1);
        cell.holding += i64::from(held);
    }

    fn finish(self, sites: &[&SiteCells]) -> Result<Merged, MergeError> {
        let guarded = sites.iter().filter(|site| site.minimum_persons > 1).count() as i64;
        let whole_room: i64 = sites.iter().map(|site| room(site)).sum();
        let by_site = self.point.keys.iter().position(|key| key.by_site);
        let mut columns = match &self.converter {
            Some(converter) => converter.convert_rows(self.order.iter().map(OwnedRow::row))?,
            None => Vec::new(),
        };
        let mut precisions = Vec::new();
        for output in &self.point.outputs {
            if let OutputKind::Percentile(share) = output.kind {
                let (values, precision) = percentiles(output, share, &self.cells);
                columns.push(values);
                precisions.push(precision);
            } else {
                columns.push(column(output, self.point, &self.cells)?);
            }
        }
        // A cell of one site is no other site's to hold; a subtotal over sites is.
        let sites = by_site.and_then(|key| columns.get(key)).cloned();
        let of_one_site = |row: usize| sites.as_ref().is_some_and(|sites| sites.is_valid(row));
        let holding = self.cells.iter().enumerate().map(|(row, cell)| {
            let absent = if of_one_site(row) { 0 } else { guarded - cell.guarded };
            cell.holding + absent
        });
        columns.push(Arc::new(Int64Array::from_iter_values(self.cells.iter().map(|cell| cell.contributing))));
        let holding: Vec<i64> = holding.collect();
        columns.push(Arc::new(Int64Array::from(holding.clone())));
        // A total is there whatever is held; of cells with keys one may be held by every site.
        let missing = if self.point.keys.is_empty() { 0 } else { whole_room };
        columns.push(Arc::new(Int64Array::from_value(missing, self.cells.len())));
        for output in self.point.outputs.iter().filter(|output| output.bounded()) {
            let state = output.state;
            let value = |cell: &Cell| cell.states.get(state).map_or(0, |state| state.n);
            let low = self.cells.iter().map(|cell| i64::try_from(value(cell)).ok());
            columns.push(cast(&(Arc::new(low.collect::<Int64Array>()) as ArrayRef), &output.data_type)?);
            let high = self.cells.iter().zip(&holding).enumerate().map(|(row, (cell, holding))| {
                let absent = if of_one_site(row) { 0 } else { whole_room - cell.limits.room };
                let more = if *holding == 0 { Some(0) } else { cell.limits.most(self.point, state, absent) };
                i64::try_from(value(cell) + i128::from(more?)).ok()
            });
            columns.push(cast(&(Arc::new(high.collect::<Int64Array>()) as ArrayRef), &output.data_type)?);
        }
        Ok(Merged { cells: RecordBatch::try_new(self.point.merged_schema(), columns)?, precisions })
    }
}

fn same_types(found: &SchemaRef, wanted: &SchemaRef) -> bool {
    found.fields().len() == wanted.fields().len()
        && found.fields().iter().zip(wanted.fields()).all(|(a, b)| a.data_type() == b.data_type())
}

#[cfg(test)]
mod tests;
