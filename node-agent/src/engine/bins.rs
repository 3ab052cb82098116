//! Rows and persons in each bin of the percentile grid, per group.
//!
//! What leaves the engine is not what leaves the hospital: the release merges bins until each has enough persons, and
//! drops the persons. A person's rows lie together, so a bin's list of persons grows by one comparison per row.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, StructArray, UInt32Array,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, FieldRef, Float64Type, Int64Type, UInt32Type};
use datafusion::common::{Result, ScalarValue, internal_datafusion_err, internal_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use renkei_disclosure::bins::raw_fields;
use renkei_types::grid;

/// Rows of one bin, and whose they are.
#[derive(Debug, Clone, Default)]
struct Bin {
    rows: i64,
    /// Numbers in order of arrival, without immediate repetition.
    persons: Vec<u32>,
    /// Whether the list fell somewhere.
    unsorted: bool,
}

impl Bin {
    fn person(&mut self, person: u32) {
        match self.persons.last() {
            Some(last) if *last == person => return,
            Some(last) => self.unsorted |= *last > person,
            None => {}
        }
        self.persons.push(person);
    }

    fn settle(&mut self) {
        if self.unsorted {
            self.persons.sort_unstable();
            self.persons.dedup();
            self.unsorted = false;
        }
    }
}

type Cell = BTreeMap<i64, Bin>;

#[derive(Debug, Default)]
struct Groups {
    cells: Vec<Cell>,
    /// Bytes of bins and lists, counted as they grow.
    bytes: usize,
}

/// What a bin takes beside its persons.
const BIN_BYTES: usize = size_of::<(i64, Bin)>() * 2;

impl Groups {
    fn add(&mut self, group: usize, at: i64, person: u32) {
        let Some(cell) = self.cells.get_mut(group) else { return };
        let before = cell.len();
        let bin = cell.entry(at).or_default();
        bin.rows += 1;
        bin.person(person);
        self.bytes += (cell.len() - before) * BIN_BYTES + 2 * size_of::<u32>();
    }

    fn take(&mut self, emit_to: EmitTo) -> Vec<Cell> {
        let taken = emit_to.take_needed(&mut self.cells);
        let size = |bin: &Bin| BIN_BYTES + bin.persons.capacity() * size_of::<u32>();
        self.bytes = self.cells.iter().flat_map(Cell::values).map(size).sum();
        taken
    }
}

/// Calls `f` with row, bin and person of every row that the filter takes and whose value is a number.
fn rows(values: &[ArrayRef], filter: Option<&BooleanArray>, mut f: impl FnMut(usize, i64, u32)) -> Result<()> {
    let [owners, numbers] = values else { return internal_err!("bins take a person and a number") };
    let owners = owners.as_primitive_opt::<UInt32Type>();
    let owners = owners.ok_or_else(|| internal_datafusion_err!("bins are collected over person numbers"))?;
    let numbers = numbers.as_primitive_opt::<Float64Type>();
    let numbers = numbers.ok_or_else(|| internal_datafusion_err!("bins are of floating-point numbers"))?;
    let taken = |row: usize| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
    for row in (0..numbers.len()).filter(|row| taken(*row) && numbers.is_valid(*row) && owners.is_valid(*row)) {
        if let Some(bin) = grid::bin(numbers.value(row)) {
            f(row, bin, owners.value(row));
        }
    }
    Ok(())
}

fn item(field: &FieldRef) -> Result<FieldRef> {
    match field.data_type() {
        DataType::List(item) => Ok(Arc::clone(item)),
        other => internal_err!("{} is {other} and no list", field.name()),
    }
}

/// The columns of the raw state: rows in all, and bins with their persons.
fn columns(cells: Vec<Cell>) -> Result<Vec<ArrayRef>> {
    let fields = raw_fields();
    let bins_field = fields.iter().last().ok_or_else(|| internal_datafusion_err!("a state without bins"))?;
    let bin_item = item(bins_field)?;
    let DataType::Struct(bin_fields) = bin_item.data_type().clone() else {
        return internal_err!("bins of another shape");
    };
    let persons_field = bin_fields.iter().last().ok_or_else(|| internal_datafusion_err!("bins without persons"))?;
    let persons_item = item(persons_field)?;
    let (mut n, mut lengths) = (Vec::with_capacity(cells.len()), Vec::with_capacity(cells.len()));
    let (mut at, mut rows, mut counts, mut numbers) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for cell in cells {
        n.push(cell.values().map(|bin| bin.rows).sum::<i64>());
        lengths.push(cell.len());
        for (index, mut bin) in cell {
            bin.settle();
            at.push(index);
            rows.push(bin.rows);
            counts.push(bin.persons.len());
            numbers.extend(bin.persons);
        }
    }
    let persons: ArrayRef = Arc::new(UInt32Array::from(numbers));
    let persons = ListArray::try_new(persons_item, OffsetBuffer::from_lengths(counts), persons, None)?;
    let children: Vec<ArrayRef> =
        vec![Arc::new(Int64Array::from(at)), Arc::new(Int64Array::from(rows)), Arc::new(persons)];
    let bins: ArrayRef = Arc::new(StructArray::try_new(bin_fields, children, None)?);
    let bins = ListArray::try_new(bin_item, OffsetBuffer::from_lengths(lengths), bins, None)?;
    Ok(vec![Arc::new(Int64Array::from(n)), Arc::new(bins)])
}

fn structure(cells: Vec<Cell>) -> Result<ArrayRef> {
    Ok(Arc::new(StructArray::try_new(raw_fields(), columns(cells)?, None)?))
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.cells.resize(total_num_groups, Cell::default());
        rows(values, opt_filter, |row, bin, person| {
            if let Some(group) = group_indices.get(row) {
                self.add(*group, bin, person);
            }
        })
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        structure(self.take(emit_to))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        columns(self.take(emit_to))
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.cells.resize(total_num_groups, Cell::default());
        let lists = values.get(1).and_then(|bins| bins.as_list_opt::<i32>());
        let lists = lists.ok_or_else(|| internal_datafusion_err!("bins of another shape"))?;
        for (row, group) in group_indices.iter().enumerate() {
            let bins = lists.value(row);
            let bins = bins.as_struct();
            let (at, rows) = (bins.column(0).as_primitive::<Int64Type>(), bins.column(1).as_primitive::<Int64Type>());
            let persons = bins.column(2).as_list::<i32>();
            let Some(cell) = self.cells.get_mut(*group) else { continue };
            for i in 0..bins.len() {
                let bin = cell.entry(at.value(i)).or_default();
                bin.rows += rows.value(i);
                let numbers = persons.value(i);
                let numbers = numbers.as_primitive::<UInt32Type>().values();
                numbers.iter().for_each(|person| bin.person(*person));
                self.bytes += BIN_BYTES + 2 * size_of_val(&numbers[..]);
            }
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut each = Self::default();
        each.cells.resize(values.first().map_or(0, |column| column.len()), Cell::default());
        rows(values, opt_filter, |row, bin, person| each.add(row, bin, person))?;
        columns(each.cells)
    }

    fn size(&self) -> usize {
        self.cells.capacity() * size_of::<Cell>() + self.bytes
    }
}

/// The same without groups: everything is one.
#[derive(Debug)]
struct Single(Groups);

impl Accumulator for Single {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let groups = &mut self.0;
        rows(values, None, |_, bin, person| groups.add(0, bin, person))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&structure(vec![self.cell()])?, 0)
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.0.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        columns(vec![self.cell()])?.iter().map(|column| ScalarValue::try_from_array(column, 0)).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let rows = states.first().map_or(0, |column| column.len());
        self.0.merge_batch(states, &vec![0; rows], 1)
    }
}

impl Single {
    fn cell(&mut self) -> Cell {
        self.0.cells.first_mut().map(std::mem::take).unwrap_or_default()
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Udaf {
    signature: Signature,
}

impl AggregateUDFImpl for Udaf {
    fn name(&self) -> &str {
        "renkei_bins"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(raw_fields()))
    }

    fn state_fields(&self, _args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(raw_fields().iter().cloned().collect())
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Single(Groups { cells: vec![Cell::default()], bytes: 0 })))
    }

    fn groups_accumulator_supported(&self, _args: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::default()))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

static BINS: LazyLock<Arc<AggregateUDF>> = LazyLock::new(|| {
    let signature = Signature::exact(vec![DataType::UInt32, DataType::Float64], Volatility::Immutable);
    Arc::new(AggregateUDF::from(Udaf { signature }))
});

/// `(UInt32 person number, Float64) → {n, bins: [{bin, rows, persons}]}`.
pub(super) fn bins_udaf() -> Arc<AggregateUDF> {
    Arc::clone(&BINS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::Float64Array;

    /// Bins, rows and persons of one cell.
    fn read(state: &ArrayRef, cell: usize) -> Vec<(i64, i64, Vec<u32>)> {
        let bins = state.as_struct().column(1).as_list::<i32>().value(cell);
        let bins = bins.as_struct();
        let (at, rows) = (bins.column(0).as_primitive::<Int64Type>(), bins.column(1).as_primitive::<Int64Type>());
        let persons = bins.column(2).as_list::<i32>();
        let of = |i: usize| persons.value(i).as_primitive::<UInt32Type>().values().to_vec();
        (0..bins.len()).map(|i| (at.value(i), rows.value(i), of(i))).collect()
    }

    fn batch(rows: &[(u32, Option<f64>)]) -> Vec<ArrayRef> {
        vec![
            Arc::new(rows.iter().map(|row| row.0).collect::<UInt32Array>()),
            Arc::new(rows.iter().map(|row| row.1).collect::<Float64Array>()),
        ]
    }

    /// However rows are dealt out to partitions, each bin has its rows once and its persons once.
    #[test]
    fn partitions_come_together() {
        let at = |x: f64| grid::bin(x).expect("a bin");
        let parts: [&[(u32, Option<f64>)]; 3] = [
            &[(7, Some(6.8)), (7, Some(6.8)), (3, Some(6.8)), (7, Some(6.8)), (4, None)],
            &[],
            &[(3, Some(6.8)), (1, Some(f64::NAN)), (9, Some(-0.5))],
        ];
        let expected = vec![(at(-0.5), 1, vec![9]), (at(6.8), 5, vec![3, 7])];
        let mut whole = Groups::default();
        let mut single = Single(Groups { cells: vec![Cell::default()], bytes: 0 });
        for part in parts {
            let mut groups = Groups::default();
            groups.update_batch(&batch(part), &vec![1; part.len()], None, 2).expect("updates");
            let state = groups.state(EmitTo::All).expect("state");
            whole.merge_batch(&state, &[0, 1], 2).expect("merges");
            let rows = whole.convert_to_state(&batch(part), None).expect("converts");
            single.merge_batch(&rows).expect("merges");
        }
        let state = whole.evaluate(EmitTo::All).expect("evaluates");
        assert_eq!(read(&state, 0), []);
        assert_eq!(read(&state, 1), expected);
        assert_eq!(state.as_struct().column(0).as_primitive::<Int64Type>().value(1), 6);
        let total = single.evaluate().expect("evaluates").to_array().expect("array");
        assert_eq!(read(&total, 0), expected);
    }

    /// The planner's shape of the state is the release's.
    #[test]
    fn what_the_release_makes_is_what_the_planner_announces() {
        assert_eq!(renkei_plan::StateKind::Bins.fields(), renkei_disclosure::bins::released_fields());
    }

    #[test]
    fn the_filter_takes_rows_away() {
        let filter: BooleanArray = [Some(true), Some(false), None].into_iter().collect();
        let mut groups = Groups::default();
        let rows = [(1, Some(1.0)), (2, Some(1.0)), (3, Some(1.0))];
        groups.update_batch(&batch(&rows), &[0; 3], Some(&filter), 1).expect("updates");
        let state = groups.evaluate(EmitTo::All).expect("evaluates");
        assert_eq!(read(&state, 0), [(grid::bin(1.0).expect("a bin"), 1, vec![1])]);
    }
}
