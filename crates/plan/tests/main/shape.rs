//! What the hospital's half is made of: rules that no refusal shows.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan, Operator};
use renkei_plan::ReleasePoint;

use crate::split;

fn point(sql: &str) -> ReleasePoint {
    split(sql).unwrap_or_else(|refusal| panic!("{sql}\n{refusal}")).release_points.remove(0)
}

/// Every expression of the half below the release point and of the release point itself.
fn expressions(point: &ReleasePoint) -> Vec<Expr> {
    let mut found = Vec::new();
    let mut take = |expr: &Expr| {
        expr.apply(|inner| {
            found.push(inner.clone());
            Ok(TreeNodeRecursion::Continue)
        })
        .map(drop)
    };
    let keys = point.keys.iter().map(|key| &key.expr);
    let states = point.states.iter().flat_map(|state| [&state.argument, &state.filter, &state.contributors]).flatten();
    keys.chain(states).try_for_each(&mut take).unwrap();
    point
        .input
        .apply(|node| {
            node.apply_expressions(|expr| {
                take(expr)?;
                Ok(TreeNodeRecursion::Continue)
            })?;
            Ok(TreeNodeRecursion::Continue)
        })
        .unwrap();
    found
}

#[test]
fn both_rows_of_a_join_have_one_owner() {
    for join in ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"] {
        for on in ["v.person_id = m.person_id", "v.visit_occurrence_id = m.visit_occurrence_id"] {
            let sql = format!("SELECT count(*) FROM measurement m {join} visit_occurrence v ON {on}");
            assert_eq!(owned_joins(&point(&sql)), (1, 1), "{sql}");
        }
    }
    let exists = "SELECT count(*) FROM measurement m WHERE EXISTS (SELECT 1 FROM visit_occurrence v WHERE v.visit_occurrence_id = m.visit_occurrence_id)";
    assert_eq!(owned_joins(&point(exists)), (1, 1));
}

/// Joins, and those whose condition equates two owners.
fn owned_joins(point: &ReleasePoint) -> (usize, usize) {
    let (mut joins, mut owned) = (0, 0);
    let owner = |expr: &Expr| matches!(expr, Expr::Column(column) if column.name == renkei_cdm::OWNER_COLUMN);
    point
        .input
        .apply(|node| {
            if let LogicalPlan::Join(join) = node {
                joins += 1;
                owned += usize::from(join.on.iter().any(|(l, r)| owner(l) && owner(r)));
            }
            Ok(TreeNodeRecursion::Continue)
        })
        .unwrap();
    (joins, owned)
}

#[test]
fn the_last_key_tells_grouping_sets_apart() {
    let point = point("SELECT gender_concept_id, count(*) FROM person GROUP BY ROLLUP (gender_concept_id)");
    let key = point.keys.last().unwrap();
    assert!(matches!(&key.expr, Expr::Column(column) if column.name == "__grouping_id"), "{key:?}");
    assert!(point.sets.is_some());
}

/// Nothing inside a hospital fails on one row's value: the error would show it.
#[test]
fn everything_is_total() {
    let points = [
        "SELECT count(*) FROM measurement WHERE CAST(measurement_source_value AS INT) = 3",
        "SELECT count(*) FROM condition_occurrence WHERE condition_source_value = 3",
        "SELECT sum(value_as_number / range_low), avg(days_supply / refills), count(*) FILTER (WHERE days_supply % refills = 1) FROM measurement m JOIN drug_exposure d ON d.person_id = m.person_id",
        "SELECT avg(ln(value_as_number)), avg(sqrt(value_as_number)), avg(log2(value_as_number)) FROM measurement",
        "SELECT avg(abs(days_supply)), sum(days_supply * days_supply), sum(- days_supply) FROM drug_exposure",
        "SELECT count(*) FROM visit_occurrence WHERE visit_start_date + INTERVAL '300000 years' > visit_end_date",
        "SELECT count(*) FROM visit_occurrence WHERE visit_end_date - visit_start_date > 3",
    ]
    .map(point);
    let (mut guarded, mut roots) = (0, 0);
    for point in &points {
        for expr in expressions(point) {
            match &expr {
                Expr::Cast(_) => panic!("a cast that can fail: {expr}"),
                Expr::BinaryExpr(binary) if matches!(binary.op, Operator::Divide | Operator::Modulo) => {
                    let safe = matches!(binary.right.as_ref(), Expr::Case(_) | Expr::Literal(..));
                    assert!(safe, "a division that can fail: {expr}");
                    guarded += 1;
                }
                Expr::Case(case) => {
                    let domain = |then: &Expr| matches!(then, Expr::ScalarFunction(f) if ["ln", "sqrt", "log2"].contains(&f.name()));
                    roots += usize::from(case.when_then_expr.iter().any(|(_, then)| domain(then)));
                }
                _ => {}
            }
        }
    }
    assert!(guarded >= 2, "divisions: {guarded}");
    assert!(roots >= 3, "functions within their domain: {roots}");
    let functions: Vec<String> = points
        .iter()
        .flat_map(expressions)
        .filter_map(|expr| match expr {
            Expr::ScalarFunction(function) => Some(function.name().to_owned()),
            _ => None,
        })
        .collect();
    for name in ["quotient", "later", "days_between", "abs"] {
        assert!(functions.iter().any(|have| have == name), "{name} is not in {functions:?}");
    }
}
