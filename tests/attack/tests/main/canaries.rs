//! Nothing of a record's texts and single amounts is in anything that leaves a node, or in its logs.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use datafusion::arrow::util::pretty::pretty_format_batches;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use renkei_attack::fixture::{Hospital, amounts, found, found_row};
use renkei_attack::{Bare, Target};
use renkei_e2e::{Consortium, Direct, Site};
use renkei_node::store::Seal;
use renkei_proto::ipc;
use renkei_proto::v1::ask_response::Part;
use renkei_proto::v1::{AskRequest, Outcome};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Statements of the ordinary run.
const FEW: usize = 250;
/// And of the long one, unless `RENKEI_CANARIES` says another number.
const MANY: usize = 100_000;
/// Statements that are asked at the same time in the long one.
const AT_ONCE: usize = 64;

/// Everything that is logged in this process: how much it is, and the first canary in it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<(usize, Option<String>)>>, Arc<BTreeSet<String>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let leak = found(&String::from_utf8_lossy(bytes), &self.1);
        let mut log = self.0.lock().unwrap();
        log.0 += bytes.len();
        log.1 = log.1.take().or(leak);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A statement from parts that are allowed and parts that are not.
fn statement(rng: &mut ChaCha20Rng) -> String {
    const TABLES: [(&str, &[&str]); 5] = [
        ("person", &["person_id", "year_of_birth", "gender_concept_id", "person_source_value", "race_source_value"]),
        (
            "measurement",
            &["value_as_number", "range_low", "range_high", "value_source_value", "measurement_source_value"],
        ),
        ("condition_occurrence", &["condition_concept_id", "condition_source_value", "stop_reason"]),
        ("note", &["note_text", "note_title", "note_date", "note_id"]),
        ("drug_exposure", &["quantity", "sig", "lot_number", "drug_source_value", "drug_exposure_start_date"]),
    ];
    const WRAPS: [&str; 16] = [
        "X",
        "CAST(X AS INT)",
        "CAST(X AS DATE)",
        "count(X)",
        "count(DISTINCT X)",
        "avg(X)",
        "sum(X)",
        "max(X)",
        "min(X)",
        "array_agg(X)",
        "string_agg(X, ',')",
        "median(X)",
        "percentile_cont(1.0) WITHIN GROUP (ORDER BY X)",
        "1 / X",
        "to_date(X)",
        "substr(X, 1, 9)",
    ];
    let (table, columns) = TABLES[rng.next_u32() as usize % TABLES.len()];
    let mut pick = |from: &[&'static str]| from[rng.next_u32() as usize % from.len()];
    let mut term = || pick(&WRAPS).replace('X', pick(columns));
    let (a, b, c) = (term(), term(), term());
    match pick(&["select", "where", "group", "having", "distinct", "order", "regex", "like"]) {
        "where" => format!("SELECT count(*) AS n FROM {table} WHERE {a} > {b}"),
        "group" => format!("SELECT {a}, count(*) AS n FROM {table} GROUP BY 1"),
        "having" => format!("SELECT {a} AS n FROM {table} GROUP BY {b} HAVING {c} = 1"),
        "distinct" => format!("SELECT DISTINCT {a} FROM {table}"),
        "order" => format!("SELECT {a} FROM {table} ORDER BY {b} LIMIT 1"),
        "regex" => format!("SELECT count(*) AS n FROM {table} WHERE regexp_like({a}, 'CAN(')"),
        "like" => format!("SELECT count({b}) AS n FROM {table} WHERE {a} LIKE 'C%'"),
        _ => format!("SELECT {a} AS a, {b} AS b FROM {table}"),
    }
}

/// All files under a folder but those of snapshots, as text.
fn files(folder: &Path, all: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("snapshots") {
            files(&path, all);
        } else if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            all.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
}

/// Begins to look at the log of this process.
fn listen(numbers: &BTreeSet<String>, level: LevelFilter) -> Log {
    let log = Log(Arc::default(), Arc::new(numbers.clone()));
    let subscriber = tracing_subscriber::fmt().with_max_level(level);
    subscriber.with_writer(log.clone()).with_ansi(false).try_init().unwrap();
    log
}

/// Nothing in the log, nor in a file of the state folder beside the snapshots.
fn nothing_written(log: &Log, consortium: &Consortium, numbers: &BTreeSet<String>) {
    let mut all = Vec::new();
    files(&consortium.state_dir("tokyo"), &mut all);
    let (logged, leak) = log.0.lock().unwrap().clone();
    assert_eq!(leak, None, "the log");
    assert!(logged > 1_000 && all.len() > 5, "logs were read");
    for (name, text) in &all {
        assert_eq!(found(text, numbers), None, "{name}");
    }
}

#[test]
fn no_canary_in_answers_errors_and_logs() {
    let records = Hospital::planted(3);
    let numbers = amounts(records.people.len() + 100);
    let log = listen(&numbers, LevelFilter::DEBUG);
    let bare = Bare::over(&records);
    let consortium = Consortium::start([Site::with("tokyo", records)]);
    let target = Target::of(&consortium);
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    let (mut told, mut answered) = (0, 0);
    for _ in 0..FEW {
        let sql = statement(&mut rng);
        let seen = target.ask(&sql);
        answered += usize::from(seen.code.is_none());
        // The statement itself comes back in errors; it has no canary.
        assert_eq!(found(&seen.text(), &numbers), None, "{sql}: {seen:?}");
        told += usize::from(found(&bare.ask(&sql).text(), &numbers).is_some());
    }
    println!("{FEW} statements: {answered} answered, {told} would have told a canary");
    assert!(told >= 20 && answered >= 10, "proves nothing: {told} told, {answered} answered");
    nothing_written(&log, &consortium, &numbers);
}

/// A canary in what a node sends: in the words of the outcome, the values of the cells, or their bytes as they are.
fn leak(parts: &[Part], numbers: &BTreeSet<String>) -> Option<String> {
    parts.iter().find_map(|part| match part {
        Part::Outcome(Outcome { code, message, hint, .. }) => found(&format!("{code} {message} {hint}"), numbers),
        Part::Cells(cells) => {
            let values = pretty_format_batches(&ipc::decode(&cells.arrow_ipc).unwrap()).unwrap().to_string();
            let bytes = String::from_utf8_lossy(&cells.arrow_ipc);
            found_row(&values, numbers).or_else(|| found_row(&bytes, numbers))
        }
    })
}

/// Past the gateway, which refuses most of them by itself: what leaves the node. Sealed as synthetic, so that no answer waits
/// for its time.
#[test]
#[ignore = "a hundred thousand statements"]
fn no_canary_in_a_hundred_thousand_statements() {
    let many = crate::how_many("RENKEI_CANARIES", MANY);
    let records = Hospital::planted(3);
    let numbers = amounts(records.people.len() + 100);
    let log = listen(&numbers, LevelFilter::INFO);
    let consortium = Consortium::start([Site::with("tokyo", records).seal(Seal::Synthetic).listening()]);
    let direct = Direct::to(&consortium, "tokyo");
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    let (mut asked, mut answered) = (0, 0);
    let begun = Instant::now();
    while asked < many {
        let statements: Vec<String> = (0..AT_ONCE).map(|_| statement(&mut rng)).collect();
        let requests = statements
            .iter()
            .zip(asked..)
            .map(|(sql, n)| AskRequest { query_id: format!("q{n}"), ..direct.request(sql) });
        for (sql, parts) in statements.iter().zip(direct.all(requests.collect())) {
            assert_eq!(leak(&parts, &numbers), None, "{sql}");
            answered += usize::from(parts.len() > 1);
        }
        asked += AT_ONCE;
    }
    let rate = asked as f64 / begun.elapsed().as_secs_f64();
    println!("{asked} statements, {rate:.0} a second: {answered} answered with cells");
    assert!(answered * 100 > asked, "proves nothing: {answered} answered");
    nothing_written(&log, &consortium, &numbers);
}
