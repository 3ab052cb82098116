//! Attacks of one statement.

use renkei_attack::fixture::{
    CHARGE, COSTLY, COUPLE, FEMALE, FLU, Hospital, LOPSIDED, OUTLIER, RARE, YEAR, found, has,
};
use renkei_attack::{Seen, Target};

use crate::case::{Case, Control, Scene, listed, shown};

fn case(id: &'static str, control: Control, leaks: fn(&Seen) -> bool, sql: impl Into<String>) -> Case {
    Case { id, sql: sql.into(), control, leaks }
}

fn canary(seen: &Seen) -> bool {
    found(&seen.text(), &std::collections::BTreeSet::new()).is_some()
}

/// A value of one person stands in the answer: the largest charge, to a tenth.
fn outlier(seen: &Seen) -> bool {
    let near = |cell: &str| cell.parse::<f64>().is_ok_and(|value| (value - OUTLIER).abs() < OUTLIER / 10.0);
    seen.cells.iter().flatten().any(|cell| near(cell))
}

fn released() -> Vec<Case> {
    use Control::Open;
    let charges = format!(
        "FROM measurement m JOIN person p ON p.person_id = m.person_id WHERE m.measurement_concept_id = {CHARGE}"
    );
    let costly = has(COSTLY);
    vec![
        case("RT-01", Open, shown, format!("SELECT count(*) AS n FROM person WHERE year_of_birth = {YEAR}")),
        case(
            "RT-01",
            Open,
            shown,
            format!(
                "SELECT count(DISTINCT person_id) AS n FROM condition_occurrence WHERE condition_concept_id = {RARE}"
            ),
        ),
        case("RT-01", Open, shown, format!("SELECT count(*) AS n FROM person WHERE race_concept_id = {COUPLE}")),
        case(
            "RT-02",
            Open,
            shown,
            format!(
                "SELECT count(*) AS n FROM visit_occurrence v JOIN person p ON p.person_id = v.person_id \
                 WHERE p.year_of_birth = {YEAR}"
            ),
        ),
        case(
            "RT-14",
            Open,
            shown,
            format!(
                "SELECT count(CASE WHEN year_of_birth = {YEAR} THEN person_id END) AS n, count(*) AS a FROM person"
            ),
        ),
        case(
            "RT-14",
            Open,
            shown,
            format!("SELECT sum(CASE WHEN year_of_birth = {YEAR} THEN 1 ELSE 0 END) AS n FROM person"),
        ),
        case(
            "RT-15",
            Open,
            shown,
            format!("SELECT avg(CASE WHEN p.year_of_birth = {YEAR} THEN m.value_as_number END) AS n {charges}"),
        ),
        case(
            "RT-15",
            Open,
            shown,
            format!(
                "SELECT regr_avgy(m.value_as_number, CASE WHEN p.year_of_birth = {YEAR} THEN 1 END) AS n {charges}"
            ),
        ),
        case(
            "RT-16",
            Open,
            shown,
            format!("SELECT count(*) FILTER (WHERE year_of_birth = {YEAR}) AS n, count(*) AS a FROM person"),
        ),
        case(
            "RT-16",
            Open,
            listed,
            "SELECT site_id, race_concept_id, count(*) AS n FROM person GROUP BY 1, 2 HAVING count(*) < 5",
        ),
        case(
            "RT-16",
            Open,
            |seen| seen.cells.iter().any(|row| row[1] == YEAR.to_string()),
            "SELECT gender_concept_id, year_of_birth, count(*) AS n FROM person GROUP BY CUBE (gender_concept_id, year_of_birth)",
        ),
        case(
            "RT-17",
            Open,
            outlier,
            format!("SELECT percentile_cont(1.0) WITHIN GROUP (ORDER BY m.value_as_number) AS n {charges}"),
        ),
        case(
            "RT-31",
            Open,
            shown,
            format!("SELECT sum(m.value_as_number) AS n {charges} AND {costly} AND m.site_id = 'tokyo'"),
        ),
    ]
}

#[test]
fn what_the_release_holds() {
    let scene = Scene::start();
    scene.play(&released());
    scene.play(&refused());
    errors_carry_no_values(&scene);
    zero_and_few_and_all_look_alike(&scene);
    rare_and_unknown_codes_look_alike(&scene);
    margins_show_no_cell(&scene);
    subsets_of_sites(&scene);
}

fn refused() -> Vec<Case> {
    use Control::Bare;
    let charges = format!("FROM measurement WHERE measurement_concept_id = {CHARGE}");
    let mut cases = vec![
        case("RT-13", Bare, shown, "SELECT count(*) AS n FROM person WHERE person_id % 7 = 3"),
        case("RT-13", Bare, shown, "SELECT count(*) AS n FROM person WHERE person_id IN (3, 5, 8)"),
        case(
            "RT-14",
            Bare,
            |seen| seen.number(0, "n").is_some_and(|n| n > 1e6),
            format!("SELECT sum(CASE WHEN year_of_birth = {YEAR} THEN 1000000 ELSE 1 END) AS n FROM person"),
        ),
        case(
            "RT-15",
            Bare,
            shown,
            format!(
                "SELECT covar_pop(CASE WHEN year_of_birth = {YEAR} THEN 1000000 ELSE 1 END, year_of_birth) AS n FROM \
                 person"
            ),
        ),
        case("RT-17", Bare, outlier, format!("SELECT max(value_as_number) AS n {charges}")),
        case("RT-17", Bare, shown, format!("SELECT min(value_as_number) AS n {charges}")),
        case("RT-24", Bare, shown, "SELECT count(*) AS n FROM note WHERE note_text LIKE '%-17'"),
        case("RT-24", Bare, shown, "SELECT count(*) AS n FROM note WHERE substr(note_text, 1, 6) = 'CANARY'"),
        case("RT-24", Bare, shown, "SELECT count(*) AS n FROM note WHERE note_text ~ 'C.*7'"),
        case("RT-27", Bare, |seen| seen.text().contains("output_rows"), "EXPLAIN ANALYZE SELECT count(*) FROM person"),
        case("RT-38", Bare, shown, "SELECT count(*) AS n FROM generate_series(1, 1000)"),
        case("RT-42", Bare, listed, "SELECT day_of_birth AS d, count(*) AS n FROM person GROUP BY 1"),
        case("RT-42", Bare, listed, "SELECT person_source_value AS d, count(*) AS n FROM person GROUP BY 1"),
        case("RT-42", Bare, listed, "SELECT DISTINCT visit_start_date FROM visit_occurrence"),
        case("RT-42", Bare, shown, "SELECT count(*) AS n FROM person p JOIN concept c ON c.concept_id > p.person_id"),
        case("RT-20", Bare, canary, "SELECT sum(CAST(person_source_value AS INT)) AS n FROM person"),
        case("RT-20", Bare, canary, "SELECT count(CAST(value_source_value AS DATE)) AS n FROM measurement"),
    ];
    for function in ["array_agg", "string_agg", "first_value", "last_value", "nth_value", "bit_xor", "bit_or"] {
        let argument = match function {
            "string_agg" => "value_source_value, ','",
            "nth_value" => "value_as_number, 3",
            "bit_xor" | "bit_or" => "measurement_id",
            _ => "value_as_number",
        };
        cases.push(case("RT-18", Bare, listed, format!("SELECT {function}({argument}) AS n {charges}")));
    }
    let order = format!("SELECT value_as_number AS n {charges} ORDER BY value_as_number DESC LIMIT 1 OFFSET");
    cases.extend([0, 3].map(|offset| case("RT-19", Bare, listed, format!("{order} {offset}"))));
    cases
}

/// Errors of the bare engine show values; of what is refused or answered here nothing does.
fn errors_carry_no_values(scene: &Scene) {
    let target = Target::of(&scene.guarded);
    for (sql, bare_tells) in [
        ("SELECT count(CAST(condition_source_value AS INT)) AS n FROM condition_occurrence", true),
        ("SELECT count(1 / (year_of_birth - 1901)) AS n FROM person", false),
        (
            "SELECT count(*) AS n FROM condition_occurrence WHERE CAST(condition_source_value AS DATE) > '2020-01-01'",
            true,
        ),
    ] {
        let bare = scene.bare.ask(sql);
        assert!(bare.cells.is_empty() && !bare.said.is_empty(), "RT-20 proves nothing: {sql}: {bare:?}");
        assert_eq!(canary(&bare), bare_tells, "RT-20: {sql}: {}", bare.said);
        let seen = target.ask(sql);
        assert!(!canary(&seen), "RT-20 leaks: {sql}: {}", seen.text());
    }
}

/// What differs between two answers, but for the question's own number and time.
fn differ(a: &Seen, b: &Seen) -> bool {
    a.cells != b.cells || a.code != b.code || a.columns != b.columns
}

/// A condition that one person of a cell fulfils, that nobody does, that all but one do, that all do.
fn zero_and_few_and_all_look_alike(scene: &Scene) {
    let (guarded, open) = (Target::of(&scene.guarded), Target::of(&scene.open));
    let flu = has(FLU);
    for aggregate in [
        "count(*) FILTER (WHERE year_of_birth = YEAR)",
        "count(*) FILTER (WHERE year_of_birth <> YEAR)",
        "sum(CASE WHEN year_of_birth = YEAR THEN 1 ELSE 0 END)",
        "count(CASE WHEN year_of_birth = YEAR THEN person_id END)",
    ] {
        // Whoever was born in 1901 has flu, and nobody was born in 1900.
        let ask = |year: &str| {
            format!("SELECT {} AS n, count(*) AS a FROM person p WHERE {flu}", aggregate.replace("YEAR", year))
        };
        let (one, none) = (guarded.ask(&ask("1901")), guarded.ask(&ask("1900")));
        assert!(!differ(&one, &none), "RT-30 leaks: {aggregate}: {:?} {:?}", one.cells, none.cells);
        assert!(differ(&open.ask(&ask("1901")), &open.ask(&ask("1900"))), "RT-30 proves nothing: {aggregate}");
    }
}

fn rare_and_unknown_codes_look_alike(scene: &Scene) {
    let (guarded, open) = (Target::of(&scene.guarded), Target::of(&scene.open));
    for sql in [
        "SELECT count(DISTINCT person_id) AS n FROM condition_occurrence WHERE condition_concept_id = CODE",
        "SELECT condition_concept_id, count(*) AS n FROM condition_occurrence WHERE condition_concept_id = CODE GROUP BY 1",
    ] {
        let (rare, unknown) = (sql.replace("CODE", &RARE.to_string()), sql.replace("CODE", "4999999"));
        let (one, other) = (guarded.ask(&rare), guarded.ask(&unknown));
        assert!(!differ(&one, &other), "RT-36 leaks: {sql}: {one:?} {other:?}");
        assert!(differ(&open.ask(&rare), &open.ask(&unknown)), "RT-36 proves nothing: {sql}");
    }
}

/// Three women among thirty men with a disease: their number is not what remains of any total.
fn margins_show_no_cell(scene: &Scene) {
    let cells = format!("FROM person p WHERE {} AND site_id = 'tokyo'", has(LOPSIDED));
    let women = |target: &Target, sql: &str| -> Option<f64> {
        let seen = target.ask(sql);
        let row =
            |wanted: &str| seen.cells.iter().find(|row| row[0] == wanted).and_then(|row| row[1].parse::<f64>().ok());
        let (direct, rest) = (row(&FEMALE.to_string()), || Some(row("NULL")? - row("8507")?));
        direct.or_else(rest)
    };
    let (guarded, open) = (Target::of(&scene.guarded), Target::of(&scene.open));
    for sql in [
        format!("SELECT p.gender_concept_id AS sex, count(*) AS n {cells} GROUP BY ROLLUP (p.gender_concept_id)"),
        format!(
            "SELECT p.gender_concept_id AS sex, count(*) AS n {cells} GROUP BY GROUPING SETS ((p.gender_concept_id), ())"
        ),
        format!(
            "SELECT p.gender_concept_id AS sex, count(*) AS n {cells} GROUP BY 1 UNION ALL SELECT NULL, count(*) {cells}"
        ),
    ] {
        assert_eq!(women(&open, &sql), Some(3.0), "RT-29 proves nothing: {sql}");
        assert_eq!(women(&guarded, &sql), None, "RT-29 leaks: {sql}");
    }
}

/// A total without a site's own number is the sum of what the others released, and nothing finer.
fn subsets_of_sites(scene: &Scene) {
    let target = Target::of(&scene.guarded);
    let cells = format!("FROM person p WHERE {}", has(LOPSIDED));
    let by_site = target
        .ask(&format!("SELECT site_id, gender_concept_id AS sex, count(*) AS n {cells} GROUP BY 1, 2 ORDER BY 1, 2"));
    assert!(by_site.cells.iter().all(|row| row[2].parse::<f64>().unwrap() >= 10.0), "{by_site:?}");
    let of = |sites: &[&str]| {
        let list = sites.iter().map(|site| format!("'{site}'")).collect::<Vec<_>>().join(", ");
        target
            .ask(&format!("SELECT gender_concept_id AS sex, count(*) AS n {cells} AND site_id IN ({list}) GROUP BY 1"))
    };
    let sum = |sites: &[&str]| -> f64 {
        let of_sites = by_site.cells.iter().filter(|row| sites.contains(&row[0].as_str()));
        of_sites.map(|row| row[2].parse::<f64>().unwrap()).sum()
    };
    for sites in [&["tokyo", "osaka"][..], &["tokyo"], &["tokyo", "osaka", "kyoto", "sendai", "naha"]] {
        let seen = of(sites);
        let shown: f64 = seen.cells.iter().filter_map(|row| row[1].parse::<f64>().ok()).sum();
        assert_eq!(shown, sum(sites), "RT-32: {sites:?}: {seen:?}");
        let free = Target::of(&scene.open).ask(&format!(
            "SELECT count(*) AS n {cells} AND gender_concept_id = {FEMALE} AND site_id IN ('tokyo', 'osaka')"
        ));
        assert_eq!(free.number(0, "n"), Some(6.0), "RT-33 proves nothing");
    }
}

/// What is no question writes, reads and sets nothing, and costs next to nothing.
#[test]
fn what_is_no_question_is_refused() {
    let scene = renkei_e2e::Consortium::start([renkei_e2e::Site::with("tokyo", Hospital::planted(1))]);
    let target = Target::of(&scene);
    let bare = renkei_attack::Bare::over(&Hospital::planted(1));
    let file = scene.scratch().join("stolen.csv").display().to_string();
    let secret = bare.folder().join("person.csv").display().to_string();
    let statements = [
        format!("COPY (SELECT * FROM person) TO '{file}' STORED AS CSV"),
        format!("CREATE EXTERNAL TABLE stolen STORED AS CSV LOCATION '{secret}'"),
        "CREATE TABLE copy_of AS SELECT * FROM person".to_owned(),
        "CREATE VIEW seen AS SELECT * FROM person".to_owned(),
        "SET datafusion.execution.batch_size = 1".to_owned(),
        "SHOW ALL".to_owned(),
        "INSERT INTO person SELECT * FROM person".to_owned(),
        "DROP TABLE person".to_owned(),
        "SELECT * FROM information_schema.tables".to_owned(),
        format!("SELECT * FROM '{secret}'"),
        "WITH RECURSIVE r AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM r) SELECT count(*) AS n FROM r".to_owned(),
        "SELECT repeat('x', 2000000000) AS n FROM person".to_owned(),
        "SELECT count(*) AS n FROM generate_series(1, 10000000000)".to_owned(),
        "SELECT count(*) AS n FROM person a, person b, person c, person d".to_owned(),
        "SELECT 1; SELECT 2".to_owned(),
    ];
    let mut slowest = std::time::Duration::ZERO;
    for sql in &statements {
        let started = std::time::Instant::now();
        let seen = target.ask(sql);
        slowest = slowest.max(started.elapsed());
        assert!(seen.refused(), "RT-38: {sql}: {seen:?}");
    }
    println!("RT-38: the slowest refusal took {slowest:?}");
    assert!(slowest < std::time::Duration::from_secs(2), "RT-39: {slowest:?}");
    assert!(!std::path::Path::new(&file).exists());
    // The bare engine writes the file.
    let _ = bare.ask(&statements[0]);
    assert!(std::path::Path::new(&file).exists(), "RT-38 proves nothing");
    assert!(shown(&target.ask("SELECT count(*) AS n FROM person")), "the node is still there");
}
