//! A release point: what a hospital computes, and the cells that leave it.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::Column;
use datafusion::logical_expr::{Expr, GroupingSet, LogicalPlan};

use super::released;
use crate::state::{CellState, Output};

/// One group key of a release point.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The expression over the release point's input.
    pub expr: Expr,
    /// Its name in the researcher's statement.
    pub name: String,
    /// Its type on the wire.
    pub data_type: DataType,
    /// Whether it is the site itself.
    pub by_site: bool,
    /// Whether it is NULL for some rows although the column is not, as after an outer join or in a subtotal.
    pub gaps: bool,
}

/// The lowest aggregate that is keyed by no person: what is below runs inside the hospital, what is above does not.
#[derive(Debug, Clone)]
pub struct ReleasePoint {
    /// Position among the statement's release points.
    pub index: usize,
    /// The round in which it is asked: 0, or the first in which its feeds are known.
    pub round: usize,
    /// The relation below it: scans of catalogue tables with the hidden owner threaded through as last column.
    pub input: LogicalPlan,
    /// The hidden dense person number in the input (UInt32).
    pub owner: Column,
    /// Group keys, in order; empty for a total. With grouping sets the last one says which set a cell belongs to, so
    /// that a subtotal's NULL is never merged with a NULL of the data.
    pub keys: Vec<Key>,
    /// ROLLUP, CUBE or GROUPING SETS over the keys before the last.
    pub sets: Option<GroupingSet>,
    /// Mergeable states that a cell consists of.
    pub states: Vec<CellState>,
    /// How the statement's aggregates follow from the states.
    pub outputs: Vec<Output>,
    /// Vocabulary tables that the input reads at the site.
    pub reference_tables: BTreeSet<String>,
    /// CDM tables that the input reads at the site.
    pub tables: BTreeSet<String>,
    /// Whether a person has at most one row in the input, so that rows are counted as persons are.
    pub single: bool,
}

impl ReleasePoint {
    /// The schema of a site's cells on the wire: keys `k0…`, then states `s0…` as structs, null where held.
    #[must_use]
    pub fn cell_schema(&self) -> SchemaRef {
        let keys =
            self.keys.iter().enumerate().map(|(i, key)| Field::new(format!("k{i}"), key.data_type.clone(), true));
        let states = self
            .states
            .iter()
            .enumerate()
            .map(|(i, state)| Field::new(format!("s{i}"), DataType::Struct(state.kind.fields()), true));
        Arc::new(Schema::new(keys.chain(states).collect::<Vec<_>>()))
    }

    /// The schema of merged cells: keys `c0…`, outputs, then how many sites contributed, how many hold, how many persons
    /// a cell may have that no site lists, and between what the bounded outputs lie.
    #[must_use]
    pub fn merged_schema(&self) -> SchemaRef {
        let keys = self.keys.iter().map(|key| key.data_type.clone());
        let outputs = self.outputs.iter().map(|output| output.data_type.clone());
        let mut fields: Vec<Field> = keys
            .chain(outputs)
            .enumerate()
            .map(|(i, data_type)| Field::new(format!("c{i}"), data_type, true))
            .collect();
        fields.push(Field::new(released::SITES, DataType::Int64, true));
        fields.push(Field::new(released::HELD, DataType::Int64, true));
        fields.push(Field::new(released::ROOM, DataType::Int64, true));
        for (i, output) in self.outputs.iter().enumerate().filter(|(_, output)| output.bounded()) {
            fields.extend(released::bounds(i).map(|name| Field::new(name, output.data_type.clone(), true)));
        }
        Arc::new(Schema::new(fields))
    }

    pub(super) fn same(&self, other: &Self) -> bool {
        self.input == other.input
            && self.keys == other.keys
            && self.sets == other.sets
            && self.states == other.states
            && self.outputs == other.outputs
    }
}
