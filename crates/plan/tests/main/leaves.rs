//! What leaves a hospital, for statements that nobody chose: a walk of its own over every release point.
//!
//! The walk believes nothing of what the split says about itself. It follows each value that would leave back to the
//! columns of the CDM that it is made of, by the roles that the CDM's declaration gives them, and asserts on what it
//! finds: no key of a person or event, no text that is not of the vocabulary, no day, no owner. The statements are those
//! of `tests/generated`, a part of them committed in `tests/corpus`; RENKEI_STATEMENTS names a file with more, one on
//! each line, as `tests/generated/export.py` writes them.

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan, WindowFunctionDefinition};
use renkei_cdm::{OWNER_COLUMN, Role, SITE_COLUMN};
use renkei_plan::{Catalogue, Planner, Question, ReleasePoint, StateKind, feed_index};
use renkei_types::{Refusal, Timestamp};

const CORPUS: &str = include_str!("../corpus/generated.sql");

/// What a value is made of: roles of columns, with how the value was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Owner,
    Key,
    Text,
    Day,
    /// A date cut to a week or more.
    Period,
    Amount,
    /// Codes, coarse demographics, the site, words of the vocabulary, constants, counts.
    Open,
}

type Sources = BTreeSet<Source>;

fn one(source: Source) -> Sources {
    [source].into()
}

/// What the columns of a plan are made of.
fn of_columns(plan: &LogicalPlan) -> Vec<Sources> {
    let exprs = |exprs: &[Expr], input: &LogicalPlan| {
        let input = Input::new(input);
        exprs.iter().map(|e| of(e, &input)).collect::<Vec<_>>()
    };
    match plan {
        LogicalPlan::TableScan(scan) if feed_index(plan).is_some() => {
            scan.projected_schema.fields().iter().map(|_| one(Source::Open)).collect()
        }
        LogicalPlan::TableScan(scan) => {
            let table = renkei_cdm::table(scan.table_name.table()).expect("a table of the CDM");
            let fields = scan.projected_schema.fields();
            fields.iter().map(|field| one(of_column(table, field.name()))).collect()
        }
        LogicalPlan::Projection(projection) => exprs(&projection.expr, &projection.input),
        LogicalPlan::SubqueryAlias(alias) => of_columns(&alias.input),
        LogicalPlan::Filter(filter) => of_columns(&filter.input),
        LogicalPlan::Distinct(Distinct::All(input)) => of_columns(input),
        LogicalPlan::Join(join) => {
            let mut both = of_columns(&join.left);
            both.extend(of_columns(&join.right));
            // A mark, or the left side alone.
            both.truncate(plan.schema().fields().len());
            while both.len() < plan.schema().fields().len() {
                both.push(one(Source::Open));
            }
            if join.join_type == datafusion::logical_expr::JoinType::LeftMark
                && let Some(last) = both.last_mut()
            {
                *last = one(Source::Open);
            }
            both
        }
        LogicalPlan::Union(union) => {
            let parts: Vec<_> = union.inputs.iter().map(|input| of_columns(input)).collect();
            (0..plan.schema().fields().len()).map(|i| parts.iter().flat_map(|part| part[i].clone()).collect()).collect()
        }
        LogicalPlan::Window(window) => {
            let mut columns = of_columns(&window.input);
            columns.extend(exprs(&window.window_expr, &window.input));
            columns
        }
        LogicalPlan::Aggregate(aggregate) => {
            let groups =
                datafusion::logical_expr::utils::grouping_set_to_exprlist(&aggregate.group_expr).expect("groups");
            let input = Input::new(&aggregate.input);
            let mut columns: Vec<_> = groups.iter().map(|e| of(e, &input)).collect();
            let aggregates = exprs(&aggregate.aggr_expr, &aggregate.input);
            // The number of the grouping set, where there are sets.
            while columns.len() + aggregates.len() < plan.schema().fields().len() {
                columns.push(one(Source::Open));
            }
            columns.extend(aggregates);
            columns
        }
        LogicalPlan::Values(_) | LogicalPlan::EmptyRelation(_) => {
            plan.schema().fields().iter().map(|_| one(Source::Open)).collect()
        }
        other => panic!("a node that no hospital should see: {}", other.display()),
    }
}

fn of_column(table: &renkei_cdm::Table, name: &str) -> Source {
    if name == OWNER_COLUMN {
        return Source::Owner;
    }
    if name == SITE_COLUMN {
        return Source::Open;
    }
    let column = table.columns.iter().find(|column| column.name == name).expect("a column of the CDM");
    match column.role {
        Role::Key(_) => Source::Key,
        Role::Date => Source::Day,
        Role::Amount => Source::Amount,
        Role::Never => Source::Text,
        Role::Code | Role::Coarse | Role::Reference => Source::Open,
    }
}

/// A relation with what its columns are made of, which is found out once.
struct Input<'a> {
    plan: &'a LogicalPlan,
    columns: Vec<Sources>,
}

impl<'a> Input<'a> {
    fn new(plan: &'a LogicalPlan) -> Self {
        Self { plan, columns: of_columns(plan) }
    }
}

/// What a value is made of. Comparisons yield true or false, whatever is compared.
fn of(expr: &Expr, input: &Input<'_>) -> Sources {
    let all = |exprs: &mut dyn Iterator<Item = &Expr>| exprs.flat_map(|e| of(e, input)).collect::<Sources>();
    match expr {
        Expr::Column(column) => input.columns[index(input.plan, column)].clone(),
        Expr::Alias(alias) => of(&alias.expr, input),
        Expr::Cast(cast) => of(&cast.expr, input),
        Expr::TryCast(cast) => of(&cast.expr, input),
        Expr::Negative(inner) => of(inner, input),
        Expr::Literal(..) => one(Source::Open),
        Expr::BinaryExpr(_) if is_flag(expr, input.plan) => one(Source::Open),
        Expr::BinaryExpr(binary) => all(&mut [&*binary.left, &*binary.right].into_iter()),
        Expr::Case(case) => {
            all(&mut case.when_then_expr.iter().map(|(_, then)| &**then).chain(case.else_expr.as_deref()))
        }
        Expr::ScalarFunction(function) => {
            let found = all(&mut function.args.iter());
            let literal = |i: usize| function.args.get(i).map(ToString::to_string).unwrap_or_default().to_lowercase();
            let coarse = ["week", "month", "quarter", "year"].iter().any(|unit| literal(0).contains(unit));
            match function.name() {
                "date_trunc" | "date_part" if coarse => {
                    found.into_iter().map(|s| if s == Source::Day { Source::Period } else { s }).collect()
                }
                // The day of a week or month, an hour: a number like an amount.
                "date_part" => found.into_iter().map(|s| if s == Source::Day { Source::Amount } else { s }).collect(),
                "days_between" => one(Source::Amount),
                _ => found,
            }
        }
        Expr::AggregateFunction(function) if function.func.name() == "count" => one(Source::Open),
        Expr::AggregateFunction(function) => {
            let found = all(&mut function.params.args.iter());
            assert!(!found.contains(&Source::Key), "an aggregate of a key: {expr}");
            found
        }
        Expr::WindowFunction(window) => match &window.fun {
            WindowFunctionDefinition::WindowUDF(f) if ["row_number", "rank", "dense_rank"].contains(&f.name()) => {
                one(Source::Open)
            }
            WindowFunctionDefinition::AggregateUDF(f) if f.name() == "count" => one(Source::Open),
            _ => all(&mut window.params.args.iter()),
        },
        other if is_flag(other, input.plan) => one(Source::Open),
        other => panic!("an expression that no hospital should see: {other}"),
    }
}

fn is_flag(expr: &Expr, input: &LogicalPlan) -> bool {
    use datafusion::logical_expr::ExprSchemable;
    matches!(expr.get_type(input.schema()), Ok(DataType::Boolean))
}

fn index(plan: &LogicalPlan, column: &Column) -> usize {
    plan.schema().index_of_column(column).unwrap_or_else(|e| panic!("{column}: {e}\n{}", plan.display_indent()))
}

/// A number, or the bins of a percentile: edges and numbers of rows.
fn is_number(part: &DataType) -> bool {
    match part {
        DataType::Int64 | DataType::Float64 | DataType::Decimal128(..) => true,
        DataType::List(bins) => match bins.data_type() {
            DataType::Struct(bin) => bin.iter().all(|part| matches!(part.data_type(), DataType::Int64)),
            _ => false,
        },
        _ => false,
    }
}

/// Everything that crosses from a hospital at one release point.
fn inspect(point: &ReleasePoint) {
    let input = Input::new(&point.input);
    let allowed: Sources = [Source::Open, Source::Period].into();
    for key in &point.keys {
        let is_set = point.sets.is_some() && key.expr.to_string().contains("__grouping_id");
        if !is_set {
            let found = of(&key.expr, &input);
            // Bands and counts are numbers of a few; an amount or a day would be a cell for each value.
            assert!(found.is_subset(&allowed), "keyed by {:?}: {}\n{}", found, key.expr, point.input.display_indent());
        }
        assert_ne!(key.data_type, DataType::UInt32, "an owner's type: {}", key.expr);
    }
    for (state, field) in point.states.iter().zip(point.cell_schema().fields().iter().skip(point.keys.len())) {
        let DataType::Struct(parts) = field.data_type() else { panic!("a state that is no struct: {field}") };
        assert!(parts.iter().all(|part| is_number(part.data_type())), "a state that carries values: {field}");
        for arg in [&state.argument, &state.second].into_iter().flatten() {
            let counted = matches!(state.kind, StateKind::Count | StateKind::Persons | StateKind::Keys);
            let found = of(arg, &input);
            assert!(!found.contains(&Source::Text), "text in a state: {arg}");
            let personal = found.contains(&Source::Key) || found.contains(&Source::Owner);
            assert!(counted || !personal, "a key in a sum: {arg}");
        }
    }
    let owner = &input.columns[index(&point.input, &point.owner)];
    assert!(owner.contains(&Source::Owner), "cells are counted by something else than persons: {}", point.owner);
}

fn split(planner: &Planner, sql: &str) -> Result<renkei_plan::Split, Refusal> {
    let types = planner.parameters(sql)?;
    let values: Vec<ScalarValue> = types
        .iter()
        .map(|t| ScalarValue::try_from(t.as_ref().unwrap_or(&DataType::Utf8)).unwrap_or(ScalarValue::Null))
        .collect();
    planner.split(&Question { sql, parameters: &values, bound_at: Timestamp(0) })
}

/// Splits every statement at a gateway without a vocabulary and at one with, and looks at all that would leave; on as
/// many threads as there are processors.
fn walk(statements: &str) -> (usize, usize) {
    let lines: Vec<&str> = statements.lines().filter(|line| !line.is_empty()).collect();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let parts = lines.chunks(lines.len().div_ceil(threads).max(1));
    std::thread::scope(|scope| {
        let running: Vec<_> = parts.map(|part| scope.spawn(move || walk_part(part))).collect();
        let done = running.into_iter().map(|part| part.join().expect("every statement is walked"));
        done.fold((0, 0), |(asked, points), part| (asked + part.0, points + part.1))
    })
}

fn walk_part(statements: &[&str]) -> (usize, usize) {
    let vocabulary = renkei_cdm::tables().iter().filter(|table| table.kind == renkei_cdm::Kind::Reference);
    let vocabulary = vocabulary.map(|table| table.name.to_owned()).collect();
    let planners = [Planner::new(Catalogue::cdm()), Planner::new(Catalogue::cdm()).with_vocabulary(vocabulary)];
    let (mut asked, mut points) = (0, 0);
    for sql in statements {
        for planner in &planners {
            asked += 1;
            let Ok(split) = split(planner, sql) else { continue };
            let held = split.code_sets().filter_map(|(_, set)| set.held.as_ref());
            for point in split.release_points.iter().chain(held) {
                inspect(point);
                points += 1;
            }
        }
    }
    (asked, points)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a longer run by hand names its statements")]
fn nothing_that_leaves_is_keyed_by_a_person() {
    let (asked, points) = walk(CORPUS);
    assert!(points * 10 > asked * 9, "{points} release points of {asked} splits: the statements are refused");
    if let Ok(file) = std::env::var("RENKEI_STATEMENTS") {
        let (asked, points) = walk(&std::fs::read_to_string(&file).expect("the file of RENKEI_STATEMENTS"));
        assert!(points * 10 > asked * 9, "{points} release points of {asked} splits: the statements are refused");
        println!("{points} release points of {asked} splits");
    }
}

/// The walk itself: it finds what it is there to find.
#[test]
fn the_walk_sees_keys_texts_and_days() {
    let planner = Planner::new(Catalogue::cdm());
    let sql =
        "SELECT gender_concept_id, count(*) FROM (SELECT p.gender_concept_id, m.measurement_id, m.measurement_date,
               m.value_as_number FROM person p JOIN measurement m ON m.person_id = p.person_id) x GROUP BY 1";
    let point = split(&planner, sql).expect("splits").release_points.remove(0);
    inspect(&point);
    let input = Input::new(&point.input);
    for (column, source) in [
        ("measurement_id", Source::Key),
        ("measurement_date", Source::Day),
        ("value_as_number", Source::Amount),
        ("gender_concept_id", Source::Open),
    ] {
        let column = point.input.schema().columns().into_iter().find(|have| have.name == column).expect(column);
        assert_eq!(of(&Expr::Column(column), &input), one(source));
    }
    assert_eq!(of(&Expr::Column(point.owner.clone()), &input), one(Source::Owner));
}
