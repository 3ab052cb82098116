//! What an answer says where sites hold parts: columns, bounds, undecided rows. Cells are made by hand and the gateway's
//! half is run on them.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StructArray};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::collect;
use datafusion::prelude::SessionConfig;
use renkei_plan::{ReleasePoint, SiteCells, Split, View, merge};

use crate::split;

/// One cell of one site: its key, and the number in each state; none where the state is held.
type Cell<'a> = (i32, &'a [Option<i64>]);

fn site(point: &ReleasePoint, name: &str, minimum_persons: u32, cells: &[Cell<'_>]) -> SiteCells {
    let schema = point.cell_schema();
    let keys = point.keys.iter().map(|_| Arc::new(cells.iter().map(|cell| cell.0).collect::<Int32Array>()) as ArrayRef);
    let states = point.states.iter().enumerate().map(|(i, state)| {
        let numbers: Vec<Option<i64>> = cells.iter().map(|cell| cell.1[i]).collect();
        let known = numbers.iter().map(Option::is_some).collect::<Vec<_>>().into();
        let fields = state.kind.fields();
        let children = fields.iter().map(|field| {
            let n: ArrayRef = Arc::new(numbers.iter().map(|n| n.unwrap_or(0)).collect::<Int64Array>());
            datafusion::arrow::compute::cast(&n, field.data_type()).unwrap()
        });
        Arc::new(StructArray::new(fields.clone(), children.collect(), Some(known))) as ArrayRef
    });
    let batch = RecordBatch::try_new(schema, keys.chain(states).collect()).unwrap();
    SiteCells { site: name.parse().unwrap(), minimum_persons, cells: vec![batch] }
}

fn run(plan: &LogicalPlan) -> RecordBatch {
    let runtime = tokio();
    let config = SessionConfig::new().with_target_partitions(1);
    let state = SessionStateBuilder::new().with_config(config).with_default_features().build();
    let batches = runtime.block_on(async {
        let plan = state.create_physical_plan(plan).await.unwrap();
        collect(plan, state.task_ctx()).await.unwrap()
    });
    let schema = batches.first().map_or_else(|| Arc::new(plan.schema().as_arrow().clone()), |batch| batch.schema());
    concat_batches(&schema, &batches).unwrap()
}

fn tokio() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

/// The rows as text, in order, and how many each clause leaves undecided.
fn answer(split: &Split, sites: &[SiteCells]) -> (Vec<String>, Vec<(&'static str, u64)>) {
    let merged: Vec<_> = split.release_points.iter().map(|point| Some(merge(point, sites).unwrap().cells)).collect();
    let batch = run(&split.residual(&merged, &|_| None).unwrap());
    let row = |row: usize| {
        let cells = batch.columns().iter().map(|column| array_value_to_string(column, row).unwrap());
        cells.map(|text| if text.is_empty() { "NULL".to_owned() } else { text }).collect::<Vec<_>>().join(" ")
    };
    let checks = split.checks.iter().map(|check| {
        let batch = run(&check.plan(&merged, &|_| None).unwrap());
        (check.clause, check.rows(&[batch]).unwrap())
    });
    ((0..batch.num_rows()).map(row).collect(), checks.collect())
}

const BOTH: View = View { columns: true, bounds: true };
const BARE: View = View { columns: false, bounds: false };

#[track_caller]
fn viewed(sql: &str, view: View) -> Split {
    split(sql).and_then(|split| split.viewed(view)).unwrap_or_else(|refusal| panic!("{sql}\n{refusal}"))
}

/// Two sites of at least 10 persons a cell; the second holds group 2.
fn two(split: &Split) -> Vec<SiteCells> {
    let point = &split.release_points[0];
    vec![site(point, "a", 10, &[(1, &[Some(40)]), (2, &[Some(20)])]), site(point, "b", 10, &[(1, &[Some(30)])])]
}

#[test]
fn bounds_of_persons() {
    let sql = "SELECT gender_concept_id AS g, count(DISTINCT person_id) AS n FROM measurement \
        JOIN person USING (person_id) GROUP BY 1 ORDER BY 1";
    let sql = sql.replace("measurement JOIN person USING (person_id)", "person");
    let split = viewed(&sql, BOTH);
    let names: Vec<_> = split.output_schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["g", "n", "n_low", "n_high", "renkei_sites", "renkei_held"]);
    assert_eq!(answer(&split, &two(&split)).0, ["1 70 70 70 2 0", "2 20 20 29 1 1"]);
}

#[test]
fn rows_are_bounded_where_a_person_has_one() {
    let high = |sql: &str| {
        let split = viewed(sql, BOTH);
        answer(&split, &two(&split)).0[1].split(' ').nth(3).unwrap().to_owned()
    };
    for (sql, expected) in [
        ("SELECT gender_concept_id AS g, count(*) AS n FROM person GROUP BY 1 ORDER BY 1", "29"),
        ("SELECT condition_concept_id AS g, count(*) AS n FROM condition_occurrence GROUP BY 1 ORDER BY 1", "NULL"),
        (
            "SELECT condition_concept_id AS g, count(DISTINCT person_id) AS n FROM condition_occurrence GROUP BY 1 ORDER BY 1",
            "29",
        ),
        (
            "SELECT condition_concept_id AS g, count(DISTINCT visit_occurrence_id) AS n FROM condition_occurrence WHERE visit_occurrence_id IS NOT NULL GROUP BY 1 ORDER BY 1",
            "NULL",
        ),
        (
            "SELECT gender_concept_id AS g, count(*) AS n FROM (SELECT person_id, count(*) AS c FROM measurement GROUP BY person_id) m JOIN person p ON p.person_id = m.person_id GROUP BY 1 ORDER BY 1",
            "29",
        ),
        (
            "SELECT gender_concept_id AS g, count(*) AS n FROM person p JOIN measurement m ON p.person_id = m.person_id GROUP BY 1 ORDER BY 1",
            "NULL",
        ),
    ] {
        assert_eq!(high(sql), expected, "{sql}");
    }
}

#[test]
fn what_a_listed_cell_holds_back_is_bounded_by_its_persons() {
    let sql = "SELECT gender_concept_id AS g, count(*) AS n, count(*) FILTER (WHERE year_of_birth < 1950) AS old FROM person GROUP BY 1";
    let split = viewed(sql, BOTH);
    let point = &split.release_points[0];
    let sites = [
        site(point, "a", 10, &[(1, &[Some(40), None])]),
        site(point, "b", 10, &[(1, &[Some(30), Some(12)])]),
        site(point, "c", 10, &[]),
    ];
    assert_eq!(answer(&split, &sites).0, ["1 70 12 70 79 12 61 2 2"]);
    // Without the number of persons in the cell there is no bound.
    let sql =
        "SELECT gender_concept_id AS g, count(*) FILTER (WHERE year_of_birth < 1950) AS old FROM person GROUP BY 1";
    let split = viewed(sql, BOTH);
    let sites = [site(&split.release_points[0], "a", 10, &[(1, &[None])])];
    assert_eq!(answer(&split, &sites).0, ["1 NULL 0 NULL 1 1"]);
}

#[test]
fn beside_subtotals_what_is_not_listed_is_not_bounded() {
    let sql = "SELECT gender_concept_id AS g, count(*) AS n FROM person GROUP BY ROLLUP (gender_concept_id)";
    let split = viewed(sql, BOTH);
    let point = &split.release_points[0];
    let schema = point.cell_schema();
    let key = Arc::new(Int32Array::from(vec![Some(1)])) as ArrayRef;
    let set = datafusion::arrow::compute::cast(&Int32Array::from(vec![0]), schema.field(1).data_type()).unwrap();
    let number = |n: i64| {
        let n = Arc::new(Int64Array::from(vec![n])) as ArrayRef;
        Arc::new(StructArray::new(point.states[0].kind.fields(), vec![n], None)) as ArrayRef
    };
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![key, set, number(40)]).unwrap();
    let of = |name: &str, cells| SiteCells { site: name.parse().unwrap(), minimum_persons: 10, cells };
    let sites = [of("a", vec![batch]), of("b", vec![RecordBatch::new_empty(schema)])];
    assert_eq!(answer(&split, &sites).0, ["1 40 40 NULL 1 1"]);
}

#[test]
fn sums_differences_and_ratios_of_counts_are_bounded() {
    let sql = "SELECT gender_concept_id AS g, 100.0 * count(*) FILTER (WHERE year_of_birth < 1950) / count(*) AS share, \
        count(*) - count(*) FILTER (WHERE year_of_birth < 1950) AS young FROM person GROUP BY 1 ORDER BY 1";
    let split = viewed(sql, BOTH);
    let point = &split.release_points[0];
    // The states stand in the order of the outputs.
    let old = point.states.iter().position(|state| state.conditional).unwrap();
    let pair = |old_n: i64, all: i64| if old == 0 { [Some(old_n), Some(all)] } else { [Some(all), Some(old_n)] };
    let sites =
        [site(point, "a", 10, &[(1, &pair(10, 50)), (2, &pair(20, 40))]), site(point, "b", 10, &[(1, &pair(15, 50))])];
    // Of the second site 0 to 9 persons are missing in group 2: 20/49 to 29/40, and 40 − 29 to 49 − 20.
    let rows = answer(&split, &sites).0;
    assert_eq!(rows[0], "1 25.0 75 25.0 25.0 75 75 2 0");
    assert_eq!(rows[1], "2 50.0 20 40.816326530612244 72.5 11 29 1 1");
}

#[test]
fn sums_over_cells_know_that_cells_may_be_missing() {
    let sql = "SELECT sum(n) AS n, count(*) AS groups FROM (SELECT gender_concept_id, count(*) AS n FROM person GROUP BY 1) x";
    let split = viewed(sql, BOTH);
    assert_eq!(answer(&split, &two(&split)).0, ["90 2 90 NULL 2 NULL 1 1"]);
    let open = [site(&split.release_points[0], "a", 1, &[(1, &[Some(4)]), (2, &[Some(2)])])];
    assert_eq!(answer(&split, &open).0, ["6 2 6 6 2 2 1 0"]);
    assert_eq!(answer(&viewed(sql, BARE), &two(&split)).0, ["NULL NULL"]);
    assert_eq!(answer(&viewed(sql, BARE), &open).0, ["6 2"]);
}

#[test]
fn without_the_columns_a_total_with_a_held_part_is_null() {
    let sql =
        "SELECT gender_concept_id AS g, count(*) AS n, avg(year_of_birth) AS born FROM person GROUP BY 1 ORDER BY 1";
    let split = viewed(sql, BARE);
    let names: Vec<_> = split.output_schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["g", "n", "born"]);
    let point = &split.release_points[0];
    let sites = [
        site(point, "a", 10, &[(1, &[Some(40), Some(40)]), (2, &[Some(20), Some(20)])]),
        site(point, "b", 10, &[(1, &[Some(30), Some(30)])]),
    ];
    assert_eq!(answer(&split, &sites).0, ["1 70 1.0", "2 NULL NULL"]);
}

#[track_caller]
fn undecided(sql: &str, expected: &[(&'static str, u64)]) {
    let split = viewed(sql, View::default());
    let found: Vec<_> = answer(&split, &two(&split)).1.into_iter().filter(|(_, rows)| *rows > 0).collect();
    assert_eq!(found, expected, "{sql}");
}

#[test]
fn conditions_over_totals() {
    // Group 1 has 70, group 2 between 20 and 29.
    let with =
        |condition: &str| format!("SELECT gender_concept_id, count(*) AS n FROM person GROUP BY 1 HAVING {condition}");
    for (condition, rows) in [
        ("count(*) >= 20", 0),
        ("count(*) >= 25", 1),
        ("count(*) >= 30", 0),
        ("count(*) > 29", 0),
        ("count(*) > 28", 1),
        ("count(*) < 20", 0),
        ("count(*) <= 20", 1),
        ("count(*) = 70", 0),
        ("count(*) = 25", 1),
        ("count(*) <> 25", 1),
        ("count(*) <> 70", 0),
        ("NOT count(*) >= 25", 1),
        ("count(*) BETWEEN 15 AND 40", 0),
        ("count(*) BETWEEN 22 AND 40", 1),
        ("count(*) IN (3, 25)", 1),
        ("count(*) IN (3, 35)", 0),
        ("count(*) >= 25 AND gender_concept_id = 1", 0),
        ("count(*) >= 25 OR gender_concept_id = 2", 0),
        ("count(*) >= 25 OR gender_concept_id = 1", 1),
        ("gender_concept_id = 2", 0),
        ("2 * count(*) + 1 > 50", 1),
        ("2 * count(*) + 1 > 60", 0),
    ] {
        let expected: &[_] = if rows == 0 { &[] } else { &[("HAVING", rows)] };
        undecided(&with(condition), expected);
    }
    undecided(
        "SELECT * FROM (SELECT gender_concept_id, count(*) AS n FROM person GROUP BY 1) x WHERE n > 25",
        &[("WHERE", 1)],
    );
    undecided(
        "SELECT * FROM (SELECT condition_concept_id, count(*) AS n FROM condition_occurrence GROUP BY 1) x WHERE n > 1000",
        &[("WHERE", 1)],
    );
    undecided(
        "SELECT * FROM (SELECT condition_concept_id, count(*) AS n FROM condition_occurrence GROUP BY 1) x WHERE n > 19",
        &[],
    );
}

/// What every site holds is NULL in the answer, where a comparison or an order that its bounds would decide goes another way.
#[test]
fn totals_that_every_site_holds_are_decided_by_nothing() {
    let old = "count(*) FILTER (WHERE year_of_birth < 1950)";
    let with = |rest: &str| {
        format!("SELECT gender_concept_id AS g, count(*) AS n, {old} AS old FROM person GROUP BY 1 {rest}")
    };
    for (rest, clause) in [
        (format!("HAVING {old} >= 0"), "HAVING"),
        (format!("HAVING NOT {old} < 0"), "HAVING"),
        ("ORDER BY old, g LIMIT 1".to_owned(), "ORDER BY … LIMIT"),
    ] {
        let split = viewed(&with(&rest), View::default());
        let point = &split.release_points[0];
        let conditional = point.states.iter().position(|state| state.conditional).unwrap();
        let pair = |old: Option<i64>, all: i64| if conditional == 0 { [old, Some(all)] } else { [Some(all), old] };
        // Group 2 has 0 to 9 of them, fewer than group 1; in the answer it is NULL, and not the first.
        let sites = [site(point, "a", 10, &[(1, &pair(Some(30), 60)), (2, &pair(None, 40))])];
        let (rows, checks) = answer(&split, &sites);
        assert_eq!(rows, ["1 60 30 1 0"], "{rest}");
        assert!(checks.iter().any(|(name, rows)| *name == clause && *rows > 0), "{rest}: {checks:?}");
    }
}

#[test]
fn the_first_rows() {
    let with = |rest: &str| format!("SELECT gender_concept_id AS g, count(*) AS n FROM person GROUP BY 1 {rest}");
    undecided(&with("ORDER BY n DESC LIMIT 1"), &[]);
    undecided(&with("ORDER BY n LIMIT 1"), &[]);
    undecided(&with("ORDER BY g LIMIT 1"), &[]);
    undecided(&with("LIMIT 1"), &[]);
    undecided(&with("ORDER BY n LIMIT 2"), &[]);
    let split = viewed(&with("ORDER BY n DESC LIMIT 1"), View::default());
    let point = &split.release_points[0];
    let sites = [
        site(point, "a", 10, &[(1, &[Some(40)]), (2, &[Some(20)]), (3, &[Some(12)])]),
        site(point, "b", 10, &[(2, &[Some(25)])]),
    ];
    // Group 1 lies between 40 and 49, group 2 is 45.
    assert_eq!(answer(&split, &sites).1, [("ORDER BY … LIMIT", 2)]);
    // Of persons' rows nobody knows how many are held.
    let sql = "SELECT condition_concept_id, count(*) AS n FROM condition_occurrence GROUP BY 1 ORDER BY n DESC LIMIT 1";
    let split = viewed(sql, View::default());
    assert_eq!(answer(&split, &two(&split)).1, [("ORDER BY … LIMIT", 2)]);
}

#[test]
fn joins_and_groups() {
    let counts = "SELECT gender_concept_id AS g, count(*) AS n FROM person GROUP BY 1";
    // Every group finds itself.
    undecided(&format!("SELECT a.g, a.n FROM ({counts}) a JOIN ({counts}) b ON a.g = b.g"), &[]);
    // A group that is not listed may be held by every site.
    undecided(
        &format!("SELECT a.g, v.x FROM ({counts}) a JOIN (VALUES (1), (3)) AS v(x) ON a.g = v.x"),
        &[("JOIN", 1)],
    );
    // A total that is not whole joins nothing for certain.
    undecided(&format!("SELECT a.g, v.x FROM ({counts}) a JOIN (VALUES (70)) AS v(x) ON a.n = v.x"), &[("JOIN", 1)]);
    undecided(&format!("SELECT n, count(*) FROM ({counts}) a GROUP BY n"), &[("GROUP BY", 1)]);
    undecided(&format!("SELECT DISTINCT n FROM ({counts}) a"), &[("DISTINCT", 1)]);
    undecided(&format!("SELECT g FROM ({counts}) a EXCEPT SELECT x FROM (VALUES (1)) AS v(x)"), &[]);
}

#[test]
fn counts_of_distinct_codes_are_never_whole_where_cells_are_held() {
    let sql = "SELECT count(DISTINCT condition_concept_id) AS codes, count(DISTINCT person_id) AS persons FROM condition_occurrence";
    let split = viewed(sql, BARE);
    let points = &split.release_points;
    let total = points.iter().position(|point| point.keys.is_empty()).unwrap();
    let codes = 1 - total;
    let minimum = |k| {
        let of = |index: usize| -> SiteCells {
            let cells: &[Cell<'_>] = if index == total { &[(0, &[Some(40)])] } else { &[(5, &[]), (6, &[])] };
            site(&points[index], "a", k, cells)
        };
        let merged: Vec<_> = [0, 1].map(|i| Some(merge(&points[i], &[of(i)]).unwrap().cells)).into();
        let batch = run(&split.residual(&merged, &|_| None).unwrap());
        batch.columns().iter().map(|column| array_value_to_string(column, 0).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(points[codes].keys.len(), 1);
    assert_eq!(minimum(1), ["2", "40"]);
    assert_eq!(minimum(10), ["", "40"]);
}
