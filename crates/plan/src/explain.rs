//! What a split does, for a person to read before anything is asked.

mod codes;
mod estimate;
mod origin;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan, Projection};
use datafusion::optimizer::optimize_projections::OptimizeProjections;
use datafusion::optimizer::{Optimizer, OptimizerContext};

use crate::catalogue::is_catalogue_scan;
use crate::split::{Facts, Feed, ReleasePoint, Split};

/// One release point, explained.
#[derive(Debug, Clone, serde::Serialize)]
pub struct PointExplanation {
    /// Position among the statement's release points.
    pub index: usize,
    /// The round in which it is asked, from 0.
    pub round: usize,
    /// Columns that it reads, as `table.column`, `table` alone where only rows matter; none where that cannot be told.
    pub reads: BTreeSet<String>,
    /// Group keys of the cells that would leave, with their types.
    pub keys: Vec<String>,
    /// States per cell that would leave.
    pub states: Vec<String>,
    /// Columns of a cell as it travels, with their types: keys, then the numbers of each state.
    pub cells: Vec<String>,
    /// The most cells that one site can release; none where nobody knows before.
    pub most_cells: Option<u64>,
    /// Whether each person has at most one row, so that no person is in two cells.
    pub one_row_per_person: bool,
    /// Codes that are named, by the column that they are compared with.
    pub codes: BTreeMap<String, BTreeSet<String>>,
    /// The hospital's half, as an indented plan.
    pub runs_at_site: String,
}

/// A set of codes that the gateway looks up before anybody is asked, explained.
#[derive(Debug, Clone, serde::Serialize)]
pub struct CodesExplanation {
    /// The feed in which it travels.
    pub feed: usize,
    /// The column that is compared with it, as `table.column`; none where it is computed.
    pub column: Option<String>,
    /// Vocabulary tables that it is looked up in.
    pub tables: BTreeSet<String>,
    /// How it is looked up, as an indented plan.
    pub looked_up: String,
    /// How many codes it has, where they were looked up.
    pub codes: Option<usize>,
}

/// A statement, explained.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Explanation {
    /// What it touches.
    pub facts: Facts,
    /// Rounds between gateway and sites.
    pub release_levels: usize,
    /// What leaves each hospital.
    pub release_points: Vec<PointExplanation>,
    /// Sets of codes that the gateway looks up of its own vocabulary.
    pub code_sets: Vec<CodesExplanation>,
    /// What runs at the gateway on released cells.
    pub runs_at_gateway: String,
    /// The digest that every site must derive too.
    pub digest: String,
}

impl Split {
    /// Explains the split.
    #[must_use]
    pub fn explain(&self) -> Explanation {
        Explanation {
            facts: self.facts.clone(),
            release_levels: self.rounds(),
            release_points: self.release_points.iter().map(explain_point).collect(),
            code_sets: self.feeds.iter().filter(|feed| feed.resolved_first()).map(explain_codes).collect(),
            runs_at_gateway: self.residual_text(),
            digest: self.digest.to_string(),
        }
    }
}

fn explain_codes(feed: &Feed) -> CodesExplanation {
    CodesExplanation {
        feed: feed.index,
        column: feed.codes.as_ref().and_then(|set| set.column.clone()),
        tables: feed.vocabulary.clone(),
        looked_up: feed.text(),
        codes: None,
    }
}

impl Split {
    /// The columns that hospitals read for it, as `table.column`; a table of which none is read, as its name.
    ///
    /// # Errors
    /// When the engine's rules cannot follow a plan that it has made itself.
    pub fn reads(&self) -> Result<BTreeSet<String>> {
        self.release_points.iter().try_fold(BTreeSet::new(), |mut all, point| {
            all.extend(reads(point)?);
            Ok(all)
        })
    }

    /// The columns that hospitals read for it, as `table.column`, as far as they are known.
    #[must_use]
    pub fn columns(&self) -> BTreeSet<String> {
        self.reads().unwrap_or_default().into_iter().filter(|name| name.contains('.')).collect()
    }

    /// The columns of concepts that hospitals read for it, as `table.column`; for a source code, the concept beside it.
    #[must_use]
    pub fn coded(&self) -> BTreeSet<String> {
        let read = self.release_points.iter().flat_map(|point| reads(point).unwrap_or_default());
        read.filter_map(|name| {
            let (table, column) = name.split_once('.')?;
            let table = renkei_cdm::table(table)?;
            let concept = match column.strip_suffix("_source_value") {
                Some(noun) => format!("{noun}_concept_id"),
                None => column.to_owned(),
            };
            let found = table.column(&concept)?;
            let coded = found.kind == renkei_cdm::ColumnType::Concept && codes::is_coded(found.role);
            coded.then(|| format!("{}.{}", table.name, found.name))
        })
        .collect()
    }
}

fn explain_point(point: &ReleasePoint) -> PointExplanation {
    let state = |state: &crate::CellState| {
        let argument = state.argument.as_ref().map(|arg| format!(" of {}", plain(arg))).unwrap_or_default();
        let second = state.second.as_ref().map(|arg| format!(" and {}", plain(arg))).unwrap_or_default();
        let filter = state.filter.as_ref().map(|filter| format!(" where {}", plain(filter))).unwrap_or_default();
        format!("{}{argument}{second}{filter}", state.kind.name())
    };
    PointExplanation {
        index: point.index,
        round: point.round,
        reads: reads(point).unwrap_or_default(),
        keys: point.keys.iter().map(|key| format!("{}: {}", key.name, key.data_type)).collect(),
        states: point.states.iter().map(state).collect(),
        cells: cells(point),
        most_cells: estimate::most_cells(point),
        one_row_per_person: point.single && point.sets.is_none(),
        codes: codes::codes(point).unwrap_or_default(),
        runs_at_site: point.input.display_indent().to_string(),
    }
}

/// Keys and states under the names of the statement, with the types in which they travel.
fn cells(point: &ReleasePoint) -> Vec<String> {
    let keys = point.keys.iter().map(|key| format!("{}: {}", key.name, key.data_type));
    let states = point.states.iter().map(|state| {
        let numbers = state.kind.fields();
        let numbers: Vec<_> = numbers.iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect();
        format!("{}: {}", state.kind.name(), numbers.join(", "))
    });
    keys.chain(states).collect()
}

/// The columns that reach a condition, a key or a state. Without what the plan only carries along.
fn reads(point: &ReleasePoint) -> Result<BTreeSet<String>> {
    let states = point.states.iter().flat_map(|state| [&state.argument, &state.second, &state.filter]).flatten();
    let grouped = point.keys.iter().filter(|key| key.name != "the grouping set").map(|key| &key.expr);
    let owner = Expr::Column(point.owner.clone());
    let used = grouped.chain(states).cloned().chain([owner]).enumerate();
    let used = used.map(|(i, expr)| expr.alias(format!("e{i}"))).collect();
    let plan = LogicalPlan::Projection(Projection::try_new(used, Arc::new(point.input.clone()))?);
    let optimizer = Optimizer::with_rules(vec![Arc::new(OptimizeProjections::new())]);
    let plan = optimizer.optimize(plan, &OptimizerContext::new(), |_, _| {})?;
    let mut found = BTreeSet::new();
    plan.apply(|node| {
        if let (Some(table), LogicalPlan::TableScan(scan)) = (is_catalogue_scan(node), node) {
            let names = scan.projected_schema.fields().iter().map(|field| field.name());
            let shown: Vec<_> = names.filter(|name| *name != renkei_cdm::OWNER_COLUMN).collect();
            if shown.is_empty() {
                found.insert(table.name().to_owned());
            }
            found.extend(shown.into_iter().map(|name| format!("{}.{name}", table.name())));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
}

fn plain(expr: &Expr) -> String {
    expr.human_display().to_string()
}
