//! The names that a statement may use: tables of the catalogue and functions of the allow-list.
//!
//! Default deny by construction: a function that is not in these lists does not exist for the planner. No function is
//! listed that fails on a value (an error text could carry it), grows its input, reads the environment or draws
//! randomness.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::{DataFusionError, Result, TableReference};
use datafusion::execution::SessionStateDefaults;
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner};
use datafusion::logical_expr::{AggregateUDF, HigherOrderUDF, ScalarUDF, TableSource, WindowUDF};
use renkei_types::{Code, Refusal};

use crate::Catalogue;
use crate::clip::clip;
use crate::code_prefix::code_prefix;
use crate::date_trunc::date_trunc;
use crate::{ranks, total};

/// Scalar functions of the language.
const SCALAR: &[&str] = &[
    "abs",
    "ceil",
    "floor",
    "round",
    "trunc",
    "signum",
    "sqrt",
    "ln",
    "log10",
    "log2",
    "exp",
    "coalesce",
    "nullif",
    "greatest",
    "least",
    "date_part",
    "now",
    "current_date",
    "lower",
    "upper",
];

/// Window functions of the language, beside the aggregates.
const WINDOW: &[&str] = &["row_number", "rank", "dense_rank", "lag", "lead", "first_value", "last_value"];

/// Tables and functions, shared by every statement.
pub(crate) struct Names {
    pub(crate) catalogue: Catalogue,
    scalar: HashMap<String, Arc<ScalarUDF>>,
    aggregate: HashMap<String, Arc<AggregateUDF>>,
    window: HashMap<String, Arc<WindowUDF>>,
    planners: Vec<Arc<dyn ExprPlanner>>,
    options: ConfigOptions,
}

impl Names {
    pub(crate) fn new(catalogue: Catalogue) -> Self {
        let mut scalar = HashMap::new();
        for function in SessionStateDefaults::default_scalar_functions() {
            for name in std::iter::once(function.name()).chain(function.aliases().iter().map(String::as_str)) {
                if SCALAR.contains(&function.name()) {
                    scalar.insert(name.to_owned(), Arc::clone(&function));
                }
            }
        }
        scalar.insert("date_trunc".to_owned(), date_trunc());
        scalar.insert("code_prefix".to_owned(), code_prefix());
        scalar.insert("clip".to_owned(), clip());
        scalar.insert("abs".to_owned(), total::absolute());
        // Every aggregate is known by name, so that a refusal can say which one to take instead; the walk has the list.
        let mut aggregate = HashMap::new();
        for function in SessionStateDefaults::default_aggregate_functions() {
            for name in std::iter::once(function.name()).chain(function.aliases().iter().map(String::as_str)) {
                aggregate.insert(name.to_owned(), Arc::clone(&function));
            }
        }
        let window = SessionStateDefaults::default_window_functions()
            .into_iter()
            .filter(|function| WINDOW.contains(&function.name()))
            .map(|function| {
                let unsigned = matches!(function.name(), "row_number" | "rank" | "dense_rank");
                (function.name().to_owned(), if unsigned { ranks::signed(function) } else { function })
            })
            .collect();
        let mut options = ConfigOptions::default();
        options.sql_parser.default_null_ordering = "nulls_last".to_owned();
        options.sql_parser.collect_spans = true;
        options.sql_parser.map_string_types_to_utf8view = false;
        options.execution.time_zone = Some("+00:00".to_owned());
        Self { catalogue, scalar, aggregate, window, planners: SessionStateDefaults::default_expr_planners(), options }
    }

    /// The names of all functions, for messages and documentation.
    pub(crate) fn functions(&self) -> impl Iterator<Item = &str> {
        self.scalar.keys().chain(self.aggregate.keys()).chain(self.window.keys()).map(String::as_str)
    }

    fn unknown_table(&self, name: &str) -> Refusal {
        let near = renkei_cdm::nearest(name, self.catalogue.tables().map(|table| table.name()));
        let refusal = Refusal::new(Code::UnknownTable, format!("there is no table `{name}`"));
        if near.is_empty() {
            return refusal.hint("SELECT * FROM renkei.tables lists them");
        }
        refusal.hint(format!("did you mean {}?", near.join(" or ")))
    }
}

/// The name under which the catalogue knows a table: `cdm.person` and `person` are the same.
fn catalogue_name(name: &TableReference) -> String {
    match name {
        TableReference::Bare { table } => table.to_string(),
        TableReference::Partial { schema, table } | TableReference::Full { schema, table, .. } => match schema.as_ref()
        {
            "cdm" => table.to_string(),
            schema => format!("{schema}.{table}"),
        },
    }
}

impl ContextProvider for Names {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        let name = catalogue_name(&name);
        match self.catalogue.table(&name) {
            Some(table) => Ok(Arc::clone(table) as Arc<dyn TableSource>),
            None => Err(DataFusionError::External(Box::new(self.unknown_table(&name)))),
        }
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.planners
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.scalar.get(name).cloned()
    }

    fn get_higher_order_meta(&self, _name: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.aggregate.get(name).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.window.get(name).cloned()
    }

    fn get_variable_type(&self, _variable_names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        &self.options
    }

    fn udf_names(&self) -> Vec<String> {
        self.scalar.keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.aggregate.keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.window.keys().cloned().collect()
    }
}
