//! Codes that a statement names in a hospital's own vocabulary.
//!
//! `ancestor_concept_id = 201826` selects nothing where the vocabulary does not have that concept, and what is counted
//! over nothing looks like a zero. So a site that looks codes up by itself looks first whether it has each of those that
//! the statement names, and answers nothing where one is missing. A condition that could not select anything anyway,
//! such as a number of levels, is no name.

use std::collections::BTreeMap;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::logical_expr::expr::{BinaryExpr, InList};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Expr, LogicalPlan, Operator};

use super::ReleasePoint;
use super::codes::origin;
use crate::catalogue::{CatalogueTable, Owner};
use crate::meaning::{Class, strip};

/// The code of a concept in its own vocabulary: a text, and a name all the same.
const CONCEPT_CODE: &str = "concept_code";

/// Codes that a statement names in one column of a vocabulary table.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookup {
    /// The table.
    pub table: String,
    /// The column, of type Int32 or Utf8.
    pub column: String,
    /// The codes, each once, in the column's type where they have one in it.
    pub codes: Vec<ScalarValue>,
}

impl ReleasePoint {
    /// The codes that its input names in vocabulary tables which the site reads, by table and column.
    ///
    /// # Errors
    /// When the input is no plan that can be walked.
    pub fn lookups(&self) -> Result<Vec<Lookup>> {
        let mut found: BTreeMap<(String, String), Vec<ScalarValue>> = BTreeMap::new();
        if self.reference_tables.is_empty() {
            return Ok(Vec::new());
        }
        self.input.apply(|node| {
            for condition in conditions(node) {
                let Some((column, codes)) = named(condition) else { continue };
                let Some((table, column, data_type)) = of_vocabulary(node, &column) else { continue };
                let known = found.entry((table, column)).or_default();
                for code in codes {
                    let code = code.cast_to(&data_type).ok().filter(|cast| !cast.is_null()).unwrap_or(code);
                    if !known.contains(&code) {
                        known.push(code);
                    }
                }
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(found.into_iter().map(|((table, column), codes)| Lookup { table, column, codes }).collect())
    }
}

fn conditions(node: &LogicalPlan) -> Vec<&Expr> {
    match node {
        LogicalPlan::Filter(filter) => split_conjunction(&filter.predicate),
        LogicalPlan::Join(join) => join.filter.as_ref().map(split_conjunction).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// The codes of which a condition wants one in a column.
fn named(condition: &Expr) -> Option<(Column, Vec<ScalarValue>)> {
    let literal = |expr: &Expr| match strip(expr) {
        Expr::Literal(value, _) if !value.is_null() => Some(value.clone()),
        _ => None,
    };
    let column = |expr: &Expr| match strip(expr) {
        Expr::Column(column) => Some(column.clone()),
        _ => None,
    };
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            let one = |column, code| Some((column, vec![code]));
            match (column(left), literal(right)) {
                (Some(column), Some(code)) => one(column, code),
                _ => one(column(right)?, literal(left)?),
            }
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let ((a, mut codes), (b, more)) = (named(left)?, named(right)?);
            codes.extend(more);
            (a == b).then_some((a, codes))
        }
        Expr::InList(InList { expr, list, negated: false }) => {
            Some((column(expr)?, list.iter().map(literal).collect::<Option<_>>()?))
        }
        _ => None,
    }
}

/// Table, name and type of a column of codes of the vocabulary.
fn of_vocabulary(node: &LogicalPlan, column: &Column) -> Option<(String, String, DataType)> {
    let below = node.inputs().into_iter().find(|input| input.schema().has_column(column))?;
    let (scan, name) = origin(below, column)?;
    let table = scan.source.downcast_ref::<CatalogueTable>().filter(|table| table.owner == Owner::Nobody)?;
    let index = scan.projected_schema.index_of_column_by_name(None, &name)?;
    let is_code = table.meanings.get(index).is_some_and(|meaning| meaning.class == Class::Code);
    let data_type = scan.projected_schema.field(index).data_type().clone();
    (is_code || name == CONCEPT_CODE).then(|| (table.name().to_owned(), name, data_type))
}
