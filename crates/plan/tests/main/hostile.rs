//! Texts that are refused by counting, before anything is planned; the example `refusals` measures how soon.

fn long(what: &str, n: usize) -> String {
    std::iter::repeat_n(what, n).collect()
}

/// Names and texts.
pub(crate) fn texts() -> Vec<(&'static str, String)> {
    let and = format!("SELECT count(*) FROM person WHERE true{}", long(" AND true", 4_000));
    let union = format!("SELECT 1{}", long(" UNION ALL SELECT 1", 3_000));
    let deep = format!("SELECT {}1{}", long("(", 5_000), long(")", 5_000));
    let terms = format!("SELECT count(*) FROM person WHERE year_of_birth IN (1{})", long(", 1", 20_000));
    let sums = format!("SELECT sum(year_of_birth{}) FROM person", long(" + 1", 15_000));
    let nested = format!("SELECT count(*) FROM {}person{}", long("(SELECT * FROM ", 40), long(") x", 40));
    let not = format!("SELECT {} true", long("NOT ", 10_000));
    let minus = format!("SELECT {} 1", long("- ", 20_000));
    let case = format!("SELECT {} 1 {}", long("CASE WHEN true THEN ", 200), long(" END", 200));
    let joins = format!("SELECT count(*) FROM person p{}", long(" JOIN death d ON d.person_id = p.person_id", 40));
    let comma =
        format!("SELECT count(*) FROM person p{}", (0..100).map(|i| format!(", death d{i}")).collect::<String>());
    let doubling = |join: &str| {
        let copies: Vec<String> =
            (1..12).map(|i| format!("a{i} AS (SELECT x.n FROM a{} x {join} a{} y", i - 1, i - 1)).collect();
        let ends = if join == "JOIN" { " ON x.n = y.n)" } else { ")" };
        let copies: Vec<String> =
            copies.into_iter().map(|copy| copy.replace("UNION ALL", "UNION ALL SELECT y.n FROM") + ends).collect();
        format!("WITH a0 AS (SELECT count(*) AS n FROM person), {} SELECT * FROM a11", copies.join(", "))
    };
    let (doubled_joins, doubled_unions) = (doubling("JOIN"), doubling("UNION ALL"));
    let blanks = long(" ", 70_000);
    let breaks_off = format!("SELECT {}1 2", long("ceil(", 16));
    let assigned = format!("SELECT {}1 2", long("abs(x := ", 16));
    let table = format!("SELECT count(*) FROM {}", long("p", 60_000));
    let function = format!("SELECT {}(1)", long("f", 60_000));
    vec![
        ("4,000 conditions", and),
        ("3,000 unions", union),
        ("5,000 parentheses", deep),
        ("20,000 terms of a list", terms),
        ("15,000 terms of a sum", sums),
        ("40 subqueries", nested),
        ("10,000 NOT", not),
        ("20,000 signs", minus),
        ("200 CASE", case),
        ("40 joins", joins),
        ("100 comma joins", comma),
        ("WITH that doubles by joins", doubled_joins),
        ("WITH that doubles by unions", doubled_unions),
        ("blanks beyond 64 KiB", blanks),
        ("16 calls that break off", breaks_off),
        ("16 named arguments that break off", assigned),
        ("a table's name of 60,000 letters", table),
        ("a function's name of 60,000 letters", function),
    ]
}
