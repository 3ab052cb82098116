//! The common column of `JOIN … USING`, where it stands in WHERE without a table's name.
//!
//! The engine's planner knows in every other clause that both columns of that name are one. In WHERE it takes the name
//! for ambiguous, so it gets the table there whose column is the common one: either table's of an inner join, the kept
//! table's of a left one.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, JoinConstraint, JoinOperator, ObjectName, Query, Select, SetExpr, Statement, TableFactor,
    TableWithJoins, VisitMut, VisitorMut,
};

/// Names the table of each common column in every WHERE.
pub(crate) fn qualify(ast: &mut Statement) {
    // Neither visitor breaks off.
    let _ = ast.visit(&mut Queries);
}

struct Queries;

impl VisitorMut for Queries {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        selects(&mut query.body);
        ControlFlow::Continue(())
    }
}

/// The selects of one query expression; subqueries are queries of their own.
fn selects(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => condition(select),
        SetExpr::SetOperation { left, right, .. } => {
            selects(left);
            selects(right);
        }
        _ => {}
    }
}

fn condition(select: &mut Select) {
    let mut common: Vec<(Ident, Ident)> = Vec::new();
    select.from.iter().for_each(|from| collect(from, &mut common));
    if let (Some(condition), false) = (&mut select.selection, common.is_empty()) {
        let _ = condition.visit(&mut Columns { common: &common, depth: 0 });
    }
}

/// Pairs of a common column and the table that has it.
fn collect(from: &TableWithJoins, common: &mut Vec<(Ident, Ident)>) {
    for join in &from.joins {
        let (constraint, kept) = match &join.join_operator {
            JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => (constraint, &join.relation),
            JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => (constraint, &from.relation),
            _ => continue,
        };
        let (JoinConstraint::Using(columns), Some(table)) = (constraint, name(kept)) else { continue };
        for column in columns.iter().filter_map(last) {
            if !common.iter().any(|(known, _)| same(known, column)) {
                common.push((column.clone(), table.clone()));
            }
        }
    }
}

/// The name under which a table's columns are known.
fn name(table: &TableFactor) -> Option<&Ident> {
    match table {
        TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => {
            Some(&alias.name)
        }
        TableFactor::Table { name, .. } => last(name),
        _ => None,
    }
}

fn last(name: &ObjectName) -> Option<&Ident> {
    name.0.last().and_then(|part| part.as_ident())
}

fn same(a: &Ident, b: &Ident) -> bool {
    let normal =
        |ident: &Ident| if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() };
    normal(a) == normal(b)
}

/// Rewrites the columns of one condition, but not those of its subqueries.
struct Columns<'a> {
    common: &'a [(Ident, Ident)],
    depth: usize,
}

impl VisitorMut for Columns<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let (Expr::Identifier(column), 0) = (&*expr, self.depth)
            && let Some((_, table)) = self.common.iter().find(|(known, _)| same(known, column))
        {
            let table = Ident { span: column.span, ..table.clone() };
            *expr = Expr::CompoundIdentifier(vec![table, column.clone()]);
        }
        ControlFlow::Continue(())
    }
}
