//! The split of one statement.

mod codes;
mod distinct;
mod feed;
mod join;
mod local;
mod percentile;
mod reach;
mod release;
mod released;
mod undecided;
mod view;
mod walk;

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DataFusionError, ScalarValue};
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::logical_expr::{Expr, GroupingSet, LogicalPlan, TableSource};
use datafusion::optimizer::Analyzer;
use datafusion::sql::planner::SqlToRel;
use renkei_types::{Code, Refusal, Timestamp};

pub use codes::CodeSet;
pub use feed::{Feed, feed_index};
pub use undecided::Check;
pub use view::View;

use crate::catalogue::{Catalogue, CatalogueTable};
use crate::dialect;
use crate::digest::{self, Digest};
use crate::error;
use crate::names::Names;
use crate::pushdown;
use crate::state::{CellState, Output};
use crate::statement;
use crate::subqueries;

/// Rounds between gateway and hospitals for one statement.
const MAX_ROUNDS: usize = 4;

/// A statement with everything that its meaning depends on.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The researcher's own text.
    pub sql: &'a str,
    /// Values of `$1`, `$2`, … or of the question marks, in order.
    pub parameters: &'a [ScalarValue],
    /// What `now()` and `current_date` mean.
    pub bound_at: Timestamp,
}

/// What a statement touches; the policy decides on these.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Facts {
    /// CDM tables inside hospitals, by name.
    pub tables: BTreeSet<String>,
    /// Vocabulary tables that each hospital resolves against its own download.
    pub reference_tables: BTreeSet<String>,
    /// Tables of the gateway's own.
    pub gateway_tables: BTreeSet<String>,
    /// Vocabulary tables that the gateway reads.
    pub gateway_vocabulary: BTreeSet<String>,
    /// Number of release points.
    pub release_points: usize,
    /// Whether any cell is keyed by the site.
    pub by_site: bool,
}

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

    fn same(&self, other: &Self) -> bool {
        self.input == other.input
            && self.keys == other.keys
            && self.sets == other.sets
            && self.states == other.states
            && self.outputs == other.outputs
    }
}

/// Both halves of a statement.
#[derive(Debug, Clone)]
pub struct Split {
    /// The hospital's half.
    pub release_points: Vec<ReleasePoint>,
    /// Released results that travel with the question, in the order in which they can be made.
    pub feeds: Vec<Feed>,
    /// What it touches.
    pub facts: Facts,
    /// What gateway and node compare.
    pub digest: Digest,
    /// Clauses that choose rows by totals.
    pub checks: Vec<Check>,
    root: walk::Relation,
    residual: LogicalPlan,
}

impl Split {
    /// The same question with its answer in another form. What hospitals are asked is the same.
    ///
    /// # Errors
    /// A [`Refusal`] where the columns that are added have the names of asked ones.
    pub fn viewed(self, view: View) -> Result<Self, Refusal> {
        Ok(Self { residual: released::finish(&self.root, view)?, ..self })
    }

    /// The schema of the answer: the asked columns, then `renkei_sites` and `renkei_held` where cells are in it.
    #[must_use]
    pub fn output_schema(&self) -> SchemaRef {
        let fields = self
            .residual
            .schema()
            .fields()
            .iter()
            .map(|field| field.as_ref().clone().with_metadata(Default::default()));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// Rounds between gateway and hospitals: 0 where no hospital is asked.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.release_points.iter().map(|point| point.round + 1).max().unwrap_or(0)
    }

    /// The release points of one round.
    pub fn points_of(&self, round: usize) -> impl Iterator<Item = &ReleasePoint> {
        self.release_points.iter().filter(move |point| point.round == round)
    }

    /// The feeds that release points of that round may need.
    pub fn feeds_until(&self, round: usize) -> impl Iterator<Item = &Feed> {
        self.feeds.iter().filter(move |feed| feed.round <= round)
    }

    /// The code sets that the gateway resolves, with their feeds.
    pub fn code_sets(&self) -> impl Iterator<Item = (&Feed, &CodeSet)> {
        self.feeds.iter().filter_map(|feed| Some((feed, feed.codes.as_ref()?)))
    }

    /// The gateway's half over merged cells (one batch per release point, in order) and its own tables.
    ///
    /// # Errors
    /// When a batch does not have its release point's [`ReleasePoint::merged_schema`] or a gateway table is missing.
    pub fn residual(
        &self,
        merged: &[Option<RecordBatch>],
        gateway_table: &dyn Fn(&str) -> Option<Arc<dyn TableSource>>,
    ) -> Result<LogicalPlan, DataFusionError> {
        bind(self.residual.clone(), merged, gateway_table)
    }

    /// The gateway's half as an indented plan, for `EXPLAIN`.
    #[must_use]
    pub fn residual_text(&self) -> String {
        self.residual.display_indent().to_string()
    }
}

/// Puts merged cells and tables under a plan of the gateway's.
fn bind(
    plan: LogicalPlan,
    merged: &[Option<RecordBatch>],
    gateway_table: &dyn Fn(&str) -> Option<Arc<dyn TableSource>>,
) -> Result<LogicalPlan, DataFusionError> {
    let bound = plan.transform_up_with_subqueries(|node| {
        let LogicalPlan::TableScan(mut scan) = node else { return Ok(Transformed::no(node)) };
        if let Some(index) = released::scan_index(&scan) {
            let batch = merged.get(index).cloned().flatten().ok_or_else(|| missing(scan.table_name.table()))?;
            let table = MemTable::try_new(batch.schema(), vec![vec![batch]])?;
            scan.source = provider_as_source(Arc::new(table));
        } else if let Some(table) = scan.source.downcast_ref::<CatalogueTable>() {
            scan.source = gateway_table(table.name()).ok_or_else(|| missing(table.name()))?;
        }
        Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
    })?;
    Ok(bound.data)
}

fn missing(name: &str) -> DataFusionError {
    DataFusionError::Internal(format!("relation {name} is not bound"))
}

/// The types to which parameters are cast right where they stand: `CAST($1 AS INTEGER)` announces an integer.
fn cast_parameters(plan: &LogicalPlan) -> Result<Vec<(String, DataType)>, DataFusionError> {
    let mut found = Vec::new();
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|inner| {
                let cast = match inner {
                    Expr::Cast(cast) => Some((cast.expr.as_ref(), cast.field.data_type())),
                    Expr::TryCast(cast) => Some((cast.expr.as_ref(), cast.field.data_type())),
                    _ => None,
                };
                if let Some((Expr::Placeholder(placeholder), data_type)) = cast {
                    found.push((placeholder.id.clone(), data_type.clone()));
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(found)
}

/// Splits statements against one catalogue. Cheap to share, holds no data.
pub struct Planner {
    names: Names,
    /// Vocabulary tables of the gateway's.
    vocabulary: BTreeSet<String>,
}

impl std::fmt::Debug for Planner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Planner").finish_non_exhaustive()
    }
}

impl Planner {
    /// A planner over a catalogue.
    #[must_use]
    pub fn new(catalogue: Catalogue) -> Self {
        Self { names: Names::new(catalogue), vocabulary: BTreeSet::new() }
    }

    /// The same at a gateway that has these vocabulary tables.
    #[must_use]
    pub fn with_vocabulary(self, tables: BTreeSet<String>) -> Self {
        Self { vocabulary: tables, ..self }
    }

    /// The vocabulary tables of the gateway's.
    #[must_use]
    pub fn vocabulary(&self) -> &BTreeSet<String> {
        &self.vocabulary
    }

    /// The catalogue.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.names.catalogue
    }

    /// Splits a statement.
    ///
    /// # Errors
    /// A [`Refusal`] with code, clause and hint. It depends on the text, the parameters and the catalogue alone.
    pub fn split(&self, question: &Question<'_>) -> Result<Split, Refusal> {
        self.split_resolving(question, &self.vocabulary)
    }

    /// Splits a statement where the gateway resolves what these vocabulary tables select. Both sides give the same
    /// tables, else they derive different splits.
    ///
    /// # Errors
    /// A [`Refusal`] as for [`Planner::split`].
    pub fn split_resolving(&self, question: &Question<'_>, vocabulary: &BTreeSet<String>) -> Result<Split, Refusal> {
        let (plan, _) = self.plan(question.sql)?;
        let wanted = plan.get_parameter_names().map_err(|e| error::refusal(&e, &self.names))?.len();
        if wanted != question.parameters.len() {
            let message = format!("parameters in the statement: {wanted}; values given: {}", question.parameters.len());
            return Err(Refusal::new(Code::Parameter, message).hint("give one value for each of $1, $2, … or each `?`"));
        }
        self.check_types(&plan, question.parameters)?;
        let split = self.finish(plan, question.parameters.to_vec(), question.bound_at, vocabulary)?;
        Ok(Split { digest: digest::of(&split, question), ..split })
    }

    /// Refuses a text where the statement wants a number, date or truth value and the text is none: a comparison with it
    /// would silently be NULL.
    fn check_types(&self, plan: &LogicalPlan, parameters: &[ScalarValue]) -> Result<(), Refusal> {
        let types = plan.get_parameter_types().map_err(|e| error::refusal(&e, &self.names))?;
        for (i, value) in parameters.iter().enumerate() {
            let Some(Some(wanted)) = types.get(&format!("${}", i + 1)) else { continue };
            let Some(text) = value.try_as_str().flatten().filter(|_| !wanted.is_string()) else { continue };
            if value.cast_to(wanted).is_ok_and(|cast| !cast.is_null()) {
                continue;
            }
            let shown: String = text.chars().take(40).collect();
            let what = error::type_name(wanted);
            let message =
                format!("parameter ${} is the text `{shown}`, and the statement compares it with {what}", i + 1);
            return Err(Refusal::new(Code::Parameter, message).hint(format!("bind {what}")));
        }
        Ok(())
    }

    /// The types of a statement's parameters, in order; `None` where the text does not tell.
    ///
    /// # Errors
    /// A [`Refusal`] as for [`Planner::split`].
    pub fn parameters(&self, sql: &str) -> Result<Vec<Option<DataType>>, Refusal> {
        let (plan, question_marks) = self.plan(sql)?;
        let mut types = plan.get_parameter_types().map_err(|e| error::refusal(&e, &self.names))?;
        for (name, cast) in cast_parameters(&plan).map_err(|e| error::refusal(&e, &self.names))? {
            types.entry(name).or_insert(None).get_or_insert(cast);
        }
        let count = types.len().max(question_marks);
        (1..=count)
            .map(|i| {
                types.get(&format!("${i}")).cloned().ok_or_else(|| {
                    Refusal::new(Code::Parameter, format!("parameter ${i} is missing among {count}"))
                        .hint("number parameters from $1 without gaps")
                })
            })
            .collect()
    }

    /// The schema of the answer, before parameters have values.
    ///
    /// # Errors
    /// A [`Refusal`] as for [`Planner::split`].
    pub fn prepare(&self, sql: &str) -> Result<SchemaRef, Refusal> {
        self.prepare_viewed(sql, View::default())
    }

    /// The schema of the answer in another form, before parameters have values.
    ///
    /// # Errors
    /// A [`Refusal`] as for [`Planner::split`] and [`Split::viewed`].
    pub fn prepare_viewed(&self, sql: &str, view: View) -> Result<SchemaRef, Refusal> {
        let types = self.parameters(sql)?;
        let nulls = types
            .iter()
            .map(|data_type| ScalarValue::try_from(data_type.as_ref().unwrap_or(&DataType::Utf8)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| error::refusal(&e, &self.names))?;
        let (plan, _) = self.plan(sql)?;
        Ok(self.finish(plan, nulls, Timestamp(0), &self.vocabulary)?.viewed(view)?.output_schema())
    }

    fn plan(&self, sql: &str) -> Result<(LogicalPlan, usize), Refusal> {
        let statement = statement::parse(sql)?;
        let plan = SqlToRel::new(&self.names).sql_statement_to_plan(statement.ast);
        Ok((plan.map_err(|e| error::refusal(&e, &self.names))?, statement.question_marks))
    }

    fn finish(
        &self,
        plan: LogicalPlan,
        parameters: Vec<ScalarValue>,
        bound_at: Timestamp,
        vocabulary: &BTreeSet<String>,
    ) -> Result<Split, Refusal> {
        let analysed = self.analyse(plan, parameters, bound_at).and_then(|plan| Ok((codes::used(&plan)?, plan)));
        let (used, plan) = analysed.map_err(|e| error::refusal(&e, &self.names))?;
        let mut walker = walk::Walker { vocabulary: vocabulary.clone(), used, ..walk::Walker::default() };
        let root = walker.root(&plan)?;
        let walk::Walker { points, feeds, mut facts, checks, .. } = walker;
        facts.release_points = points.len();
        facts.reference_tables = points.iter().flat_map(|point| point.reference_tables.iter().cloned()).collect();
        facts.gateway_vocabulary.extend(feeds.iter().flat_map(|feed| feed.vocabulary.iter().cloned()));
        let digest = Digest::default();
        let residual = released::finish(&root, View::default())?;
        let split = Split { release_points: points, feeds, facts, digest, checks, root, residual };
        if split.rounds() > MAX_ROUNDS {
            let message = format!("the statement needs {} rounds; the limit is {MAX_ROUNDS}", split.rounds());
            return Err(Refusal::new(Code::TooLarge, message).hint("ask the inner question first, and pass its result"));
        }
        Ok(split)
    }

    fn analyse(
        &self,
        plan: LogicalPlan,
        parameters: Vec<ScalarValue>,
        bound_at: Timestamp,
    ) -> Result<LogicalPlan, DataFusionError> {
        let plan = if parameters.is_empty() { plan } else { plan.with_param_values(parameters)? };
        let plan = dialect::bind_time(plan, bound_at)?;
        let plan = dialect::widen(plan)?;
        let plan = pushdown::sink_conditions(plan)?;
        let plan = Analyzer::new().execute_and_check(plan, &ConfigOptions::default(), |_, _| {})?;
        subqueries::check_nulls(&plan)?;
        dialect::make_total(subqueries::into_joins(plan)?)
    }
}
