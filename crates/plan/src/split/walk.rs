//! The walk over the analysed plan, bottom-up. Every branch names what it takes; the last one refuses the rest.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::{Column, Result as PlanResult};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Distinct, Expr, Filter, LogicalPlan, Projection, SubqueryAlias, TableScan, Values};
use renkei_types::{Code, Refusal};

use crate::catalogue::{CatalogueTable, Owner};
use crate::meaning::{Meaning, SUBQUERY_HINT, Scope};
use crate::split::reach::Held;
use crate::split::undecided::Check;
use crate::split::{Facts, Feed, ReleasePoint, local};
use crate::subqueries::has_subquery;

/// Where a relation may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Rows of persons; only inside their hospital.
    Local,
    /// Rows of a site; joined to Local rows only.
    SiteOwned,
    /// Vocabulary tables.
    Vocabulary,
    /// VALUES, parameters, no relation at all.
    Constant,
    /// Cells, or a gateway table.
    Released,
}

/// A relation, rewritten for the place where it will run.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    pub(super) kind: Kind,
    /// Visible columns first, in the statement's order, then the owner (Local) or the hidden columns (Released).
    pub(super) plan: LogicalPlan,
    /// One per visible column.
    pub(super) meanings: Vec<Meaning>,
    /// The hidden person number, where Local.
    pub(super) owner: Option<Column>,
    /// Whether a person has at most one row, where Local.
    pub(super) single: bool,
    /// What held parts do to it, where Released.
    pub(super) held: Held,
}

impl Relation {
    pub(super) fn scope<'a>(&'a self, clause: &'a str) -> Scope<'a> {
        Scope { schema: self.plan.schema(), meanings: &self.meanings, clause, leaves: false }
    }

    /// The visible columns as expressions.
    pub(super) fn visible(&self) -> Vec<Expr> {
        self.plan.schema().columns().into_iter().take(self.meanings.len()).map(Expr::Column).collect()
    }

    /// Notes that a key is not NULL here.
    pub(super) fn known(&mut self, column: &Column) {
        let index = self.plan.schema().index_of_column(column).ok();
        if let Some(meaning) = index.and_then(|index| self.meanings.get_mut(index)) {
            *meaning = meaning.not_null();
        }
    }

    /// The hidden columns as expressions.
    pub(super) fn carried(&self) -> Vec<Expr> {
        self.owner.iter().cloned().chain(self.held.columns()).map(Expr::Column).collect()
    }
}

/// An engine error while rebuilding a plan that was valid before: a shape that nothing here foresaw, so refused.
pub(super) fn rebuilt<T>(result: PlanResult<T>) -> Result<T, Refusal> {
    result.map_err(|e| {
        let text = e.strip_backtrace();
        Refusal::new(
            Code::NotSupported,
            format!("the statement has a shape that is not taken yet: {}", text.lines().next().unwrap_or("")),
        )
        .hint("name columns apart with aliases, or split the statement with WITH")
    })
}

pub(super) fn not_supported(what: &str, hint: &str) -> Refusal {
    Refusal::new(Code::NotSupported, format!("{what} is not part of the language yet")).hint(hint)
}

#[derive(Debug, Default)]
pub(super) struct Walker {
    pub(super) points: Vec<ReleasePoint>,
    pub(super) feeds: Vec<Feed>,
    pub(super) facts: Facts,
    /// Vocabulary tables that the gateway has.
    pub(super) vocabulary: BTreeSet<String>,
    /// Names of columns that are read outside the vocabulary's own parts.
    pub(super) used: BTreeSet<String>,
    pub(super) checks: Vec<Check>,
    /// Joins so far, however they were written.
    pub(super) joins: usize,
    /// Occurrences of hidden pairs so far: their names never meet.
    pub(super) occurrences: usize,
}

impl Walker {
    /// Walks the whole statement and returns what the gateway's half yields.
    pub(super) fn root(&mut self, plan: &LogicalPlan) -> Result<Relation, Refusal> {
        let relation = self.relation(plan)?;
        let relation = self.at_gateway(relation)?;
        match relation.kind {
            Kind::Released | Kind::Constant => Ok(relation),
            Kind::Local => Err(rows_refusal(plan, &relation)),
            Kind::SiteOwned => {
                Err(Refusal::new(Code::Rows, "SELECT: rows of a site's own table would reach the output")
                    .hint("join it to a table of persons and count distinct person_id"))
            }
            Kind::Vocabulary => Err(reference_only(&self.facts.reference_tables, &self.vocabulary)),
        }
    }

    pub(super) fn relation(&mut self, plan: &LogicalPlan) -> Result<Relation, Refusal> {
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(scan),
            LogicalPlan::EmptyRelation(_) => Ok(constant(plan, 0)),
            LogicalPlan::Values(values) => values_relation(plan, values),
            LogicalPlan::SubqueryAlias(alias) => self.alias(alias),
            LogicalPlan::Projection(projection) => self.projection(projection),
            LogicalPlan::Filter(filter) => self.filter(filter),
            LogicalPlan::Join(join) => self.join(join),
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            LogicalPlan::Distinct(Distinct::All(input)) => self.distinct(input),
            LogicalPlan::Distinct(Distinct::On(_)) => {
                Err(not_supported("DISTINCT ON", "use an aggregate, or row_number() OVER (PARTITION BY person_id …)"))
            }
            LogicalPlan::Union(union) => self.union(union),
            LogicalPlan::Window(window) => self.window(window),
            LogicalPlan::Sort(sort) => self.sort(sort),
            LogicalPlan::Limit(limit) => self.limit(limit),
            LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) => {
                Err(Refusal::new(Code::StatementKind, "EXPLAIN stands only at the beginning")
                    .hint("ask EXPLAIN SELECT …"))
            }
            _ => Err(not_supported(
                "this clause",
                "use SELECT, JOIN, WHERE, GROUP BY, HAVING, WITH, UNION, ORDER BY, LIMIT",
            )),
        }
    }

    fn scan(&mut self, scan: &TableScan) -> Result<Relation, Refusal> {
        let Some(table) = scan.source.downcast_ref::<CatalogueTable>() else {
            return Err(not_supported("a relation that is not in the catalogue", "use the catalogue's tables"));
        };
        let name = table.name().to_owned();
        let facts = &mut self.facts;
        let (kind, set) = match table.owner {
            Owner::Person => (Kind::Local, &mut facts.tables),
            Owner::Site => (Kind::SiteOwned, &mut facts.tables),
            Owner::Nobody => (Kind::Vocabulary, &mut facts.reference_tables),
            Owner::Gateway => (Kind::Released, &mut facts.gateway_tables),
        };
        set.insert(name);
        let plan = LogicalPlan::TableScan(scan.clone());
        let meanings = table.meanings.clone();
        if kind == Kind::Local {
            return local::scan(&scan.table_name, table, meanings);
        }
        Ok(Relation { kind, plan, meanings, owner: None, single: false, held: Held::default() })
    }

    fn alias(&mut self, alias: &SubqueryAlias) -> Result<Relation, Refusal> {
        let input = self.relation(&alias.input)?;
        let plan = LogicalPlan::SubqueryAlias(rebuilt(SubqueryAlias::try_new(
            Arc::new(input.plan.clone()),
            alias.alias.clone(),
        ))?);
        let requalify = |column: &Column| Column::new(Some(alias.alias.clone()), column.name.clone());
        Ok(Relation {
            owner: input.owner.as_ref().map(requalify),
            held: input.held.aliased(&alias.alias),
            plan,
            ..input
        })
    }

    fn projection(&mut self, projection: &Projection) -> Result<Relation, Refusal> {
        let input = self.relation(&projection.input)?;
        let scope = input.scope("SELECT");
        let meanings = match input.kind {
            Kind::Released => {
                projection.expr.iter().try_for_each(|expr| no_subquery(expr, "SELECT"))?;
                vec![Meaning::RELEASED; projection.expr.len()]
            }
            _ => projection.expr.iter().map(|expr| scope.projected(expr)).collect::<Result<_, _>>()?,
        };
        if input.kind == Kind::Released {
            return self.projected(&input, projection.expr.clone());
        }
        let exprs = projection.expr.iter().cloned().chain(input.carried()).collect();
        let plan = rebuilt(Projection::try_new(exprs, Arc::new(input.plan.clone())))?;
        Ok(Relation { plan: LogicalPlan::Projection(plan), meanings, ..input })
    }

    fn filter(&mut self, filter: &Filter) -> Result<Relation, Refusal> {
        let mut input = self.relation(&filter.input)?;
        for conjunct in split_conjunction(&filter.predicate) {
            if let Expr::IsNotNull(inner) = conjunct
                && let Expr::Column(column) = inner.as_ref()
            {
                input.known(column);
            }
        }
        match input.kind {
            Kind::Released => {
                no_subquery(&filter.predicate, "HAVING or WHERE")?;
                let having = matches!(filter.input.as_ref(), LogicalPlan::Aggregate(_));
                self.check_filter(&input, &filter.predicate, if having { "HAVING" } else { "WHERE" })?;
                input.held.loose |= !input.exact(&filter.predicate);
                input.held.order = None;
            }
            _ => drop(input.scope("WHERE").value(&filter.predicate)?),
        }
        let plan = rebuilt(Filter::try_new(filter.predicate.clone(), Arc::new(input.plan.clone())))?;
        Ok(Relation { plan: LogicalPlan::Filter(plan), ..input })
    }
}

pub(super) fn no_subquery(expr: &Expr, clause: &str) -> Result<(), Refusal> {
    if has_subquery(expr) {
        return Err(Refusal::new(Code::Subquery, format!("{clause}: a subquery at this place")).hint(SUBQUERY_HINT));
    }
    Ok(())
}

/// A name as the researcher wrote it: without the names that subqueries get when they become joins.
pub(super) fn shown(name: &str) -> String {
    let mut text = name.to_owned();
    while let Some(start) = text.find("__") {
        let Some(dot) = text.get(start..).and_then(|rest| rest.find('.')) else { break };
        text.replace_range(start..=start + dot, "");
    }
    text
}

fn constant(plan: &LogicalPlan, columns: usize) -> Relation {
    Relation {
        kind: Kind::Constant,
        plan: plan.clone(),
        meanings: vec![Meaning::LABEL; columns],
        owner: None,
        single: false,
        held: Held::default(),
    }
}

fn values_relation(plan: &LogicalPlan, values: &Values) -> Result<Relation, Refusal> {
    for expr in values.values.iter().flatten() {
        no_subquery(expr, "VALUES")?;
    }
    Ok(constant(plan, values.schema.fields().len()))
}

/// The vocabulary where no hospital reads it, at a gateway that lacks some of its tables.
pub(super) fn reference_only(tables: &BTreeSet<String>, gateway: &BTreeSet<String>) -> Refusal {
    let hint = "join concept to a table of persons before the GROUP BY, and group by concept_name there";
    if gateway.is_empty() {
        let text = "this gateway has no vocabulary of its own; the vocabulary is read inside each hospital";
        return Refusal::new(Code::ReferenceOnly, text).hint(hint);
    }
    let missing: Vec<&str> = tables.difference(gateway).map(String::as_str).collect();
    let text = format!("the gateway's vocabulary has no {}", missing.join(", "));
    Refusal::new(Code::ReferenceOnly, text).hint(hint)
}

/// Names the clause and the first columns that would leave.
fn rows_refusal(plan: &LogicalPlan, relation: &Relation) -> Refusal {
    let names: Vec<String> = plan.schema().fields().iter().take(3).map(|field| format!("`{}`", field.name())).collect();
    let more = if relation.meanings.len() > 3 { " …" } else { "" };
    let refusal = Refusal::new(
        Code::Rows,
        format!(
            "SELECT: rows of persons would reach the output ({}{more}); only aggregates leave a hospital",
            names.join(", ")
        ),
    );
    let keyed = relation.meanings.iter().any(|meaning| meaning.key().is_some());
    let hint = if keyed {
        "aggregate once more without the key, such as SELECT n, count(*) FROM (… GROUP BY person_id) GROUP BY n"
    } else {
        "count, sum or average the rows, such as SELECT gender_concept_id, count(*) … GROUP BY gender_concept_id"
    };
    let place = match plan {
        LogicalPlan::Projection(projection) => projection.expr.iter().find_map(crate::meaning::first_place),
        _ => None,
    };
    refusal.hint(hint).at(place)
}
