//! What a split does, for a person to read before anything is asked.

use datafusion::logical_expr::Expr;

use crate::split::{Facts, ReleasePoint, Split};

/// One release point, explained.
#[derive(Debug, Clone, serde::Serialize)]
pub struct PointExplanation {
    /// Position among the statement's release points.
    pub index: usize,
    /// Group keys of the cells that would leave, with their types.
    pub keys: Vec<String>,
    /// States per cell that would leave.
    pub states: Vec<String>,
    /// The hospital's half, as an indented plan.
    pub runs_at_site: String,
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
            runs_at_gateway: self.residual_text(),
            digest: self.digest.to_string(),
        }
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
        keys: point.keys.iter().map(|key| format!("{}: {}", key.name, key.data_type)).collect(),
        states: point.states.iter().map(state).collect(),
        runs_at_site: point.input.display_indent().to_string(),
    }
}

fn plain(expr: &Expr) -> String {
    expr.human_display().to_string()
}
