//! From a text to its split.

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::Analyzer;
use datafusion::sql::planner::SqlToRel;
use renkei_types::{Code, Refusal, Timestamp};

use super::{Question, Split, View, codes, released, walk};
use crate::PLAN_VERSION;
use crate::catalogue::Catalogue;
use crate::dialect;
use crate::digest::{self, Digest};
use crate::error;
use crate::names::Names;
use crate::pushdown;
use crate::statement;
use crate::subqueries;

/// Rounds between gateway and hospitals for one statement.
const MAX_ROUNDS: usize = 4;

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
    /// Version of the rules, for digests.
    version: u32,
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
        Self { names: Names::new(catalogue), vocabulary: BTreeSet::new(), version: PLAN_VERSION }
    }

    /// The same at a gateway that has these vocabulary tables.
    #[must_use]
    pub fn with_vocabulary(self, tables: BTreeSet<String>) -> Self {
        Self { vocabulary: tables, ..self }
    }

    /// The same under the name of another version of the rules, as a site that was not updated yet signs its splits.
    #[must_use]
    pub fn of_version(self, version: u32) -> Self {
        Self { version, ..self }
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
        Ok(Split { digest: digest::of(&split, question, self.version), ..split })
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
        self.types(&plan, question_marks)
    }

    fn types(&self, plan: &LogicalPlan, question_marks: usize) -> Result<Vec<Option<DataType>>, Refusal> {
        let mut types = plan.get_parameter_types().map_err(|e| error::refusal(&e, &self.names))?;
        for (name, cast) in cast_parameters(plan).map_err(|e| error::refusal(&e, &self.names))? {
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
        let (plan, question_marks) = self.plan(sql)?;
        let types = self.types(&plan, question_marks)?;
        let nulls = types
            .iter()
            .map(|data_type| ScalarValue::try_from(data_type.as_ref().unwrap_or(&DataType::Utf8)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| error::refusal(&e, &self.names))?;
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
