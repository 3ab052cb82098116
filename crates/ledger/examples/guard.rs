//! How long the guard takes: the ledger's check of one part against many anchors, and the disclosure of many cells.
//!
//! `cargo run --release -p renkei-ledger --example guard [anchors]` fills a ledger of a site with a million persons
//! with anchors of two kinds, cohorts of all sizes and cohorts of nearly one size, and prints medians and 95th
//! percentiles; then it reviews and settles an answer of 500 cells.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use renkei_disclosure::{Brings, Contributions, Memory, Offer, Part, PersonPart, Raw, RawState, review};
use renkei_ledger::{Asking, Ledger};
use renkei_policy::{Ask, Exploration, Grant, Level, Mode, Registry, Seal, SitePolicy, Tables, decide};
use renkei_types::{PersonId, ProjectId, QueryId, SnapshotId, Timestamp};

use arrow_array::{ArrayRef, BinaryArray, Int64Array, StructArray};
use arrow_schema::{DataType, Field, Fields, Schema};

const PERSONS: u32 = 1_000_000;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let anchors = std::env::args().nth(1).map_or(Ok(10_000), |n| n.parse())?;
    let mut out = io::stdout().lock();
    ledger(&mut out, anchors, 1.0, "cohorts of all sizes", |rng| 10_f64.powf(rng.random_range(1.0..5.3)))?;
    ledger(&mut out, anchors, 1.0, "cohorts of nearly one size", |rng| rng.random_range(5_000.0..5_050.0))?;
    ledger(&mut out, anchors, 2.0, "cohorts twice as large as all", |rng| rng.random_range(5_000.0..5_050.0))?;
    ledger(&mut out, anchors, 0.4, "cohorts of few, and fewer", |rng| rng.random_range(40.0..60.0))?;
    ledger(&mut out, anchors, 2.0, "cohorts of few, and twice as many", |rng| rng.random_range(40.0..60.0))?;
    disclosure(&mut out)
}

fn cohort(rng: &mut ChaCha8Rng, size: f64) -> Contributions {
    let share = size / f64::from(PERSONS);
    // Steps between members are geometric: as if everybody were drawn with that share.
    let mut person = 0_f64;
    let mut parts = Vec::new();
    loop {
        person += (1.0 - rng.random::<f64>()).ln() / (1.0 - share).ln() + 1.0;
        if person >= f64::from(PERSONS) {
            return Contributions::from_parts(parts);
        }
        parts.push(PersonPart { person: person as u32, rows: 1, sum: 0, amount: 0.0 });
    }
}

fn asking() -> Result<Asking, Box<dyn std::error::Error>> {
    Ok(Asking {
        project: ProjectId::new("dm")?,
        query: QueryId::new("q1")?,
        snapshot: SnapshotId::new("s1")?,
        mode: Mode::Flag,
        minimum: 10,
        statement: [0; 32],
        exemption: None,
        now: Timestamp(0),
    })
}

fn offer(exact: &Contributions, base: bool) -> Offer<'_> {
    let part = Part::Cell { point: 0, cell: 0, state: None };
    Offer { part, persons: Cow::Borrowed(exact.persons()), brings: Brings::Parts(exact), value: vec![0; 8], base }
}

/// Fills a ledger, and asks for cohorts that are so many times as large.
fn ledger(
    out: &mut impl Write,
    anchors: usize,
    times_as_large: f64,
    what: &str,
    size: fn(&mut ChaCha8Rng) -> f64,
) -> Outcome {
    let folder = tempfile::tempdir()?;
    let ledger = Ledger::open(folder.path(), [5; 32])?;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    // One answer in twenty is a total from which parts can be taken off; answers have twenty cells.
    for _ in 0..anchors.div_ceil(20) {
        let cells: Vec<Contributions> = (0..20)
            .map(|_| {
                let size = size(&mut rng);
                cohort(&mut rng, size)
            })
            .collect();
        let offers: Vec<Offer<'_>> = cells.iter().enumerate().map(|(i, cell)| offer(cell, i == 0)).collect();
        ledger.session(asking()?).keep(&offers)?;
    }
    let mut times = Vec::new();
    for _ in 0..200 {
        let size = times_as_large * size(&mut rng);
        let cell = cohort(&mut rng, size);
        let begun = Instant::now();
        ledger.session(asking()?).rule(&[offer(&cell, false)], true)?;
        times.push(begun.elapsed());
    }
    let bytes = std::fs::metadata(folder.path().join("ledger/records"))?.len();
    let (median, p95) = percentiles(times);
    writeln!(
        out,
        "{what}: {} anchors, {} MB; check {median:.2?} at the median, {p95:.2?} at p95",
        ledger.anchors(),
        bytes / 1_000_000
    )?;
    let begun = Instant::now();
    drop(ledger);
    Ledger::open(folder.path(), [0; 32])?;
    writeln!(out, "  opened again in {:.2?}", begun.elapsed())?;
    Ok(())
}

fn disclosure(out: &mut impl Write) -> Outcome {
    let project = ProjectId::new("dm")?;
    let grant = Grant {
        level: Level::Aggregate,
        mode: None,
        budget: None,
        tables: Tables::All,
        members: None,
        minimum_persons: None,
    };
    let grants = BTreeMap::from([(project.clone(), grant)]);
    let policy = SitePolicy { minimum_persons: 10, level: Level::Aggregate, grants };
    let (none, subject) = (BTreeSet::new(), PersonId::new("taro")?);
    let exploration = Exploration { release_points: 1, aggregates: 1, ..Exploration::default() };
    let ask = Ask {
        project: &project,
        subject: &subject,
        tables: &none,
        reference_tables: &none,
        seal: Seal::Clinical,
        exploration: &exploration,
        text: None,
        registered: &Registry::default(),
    };
    let permit = decide(&policy, &ask).map_err(|denial| denial.refusal.message)?;
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    // 500 cells of 200 persons, each with a sum.
    let cells: Vec<Contributions> = (0..500)
        .map(|_| {
            let parts = (0..200).map(|_| PersonPart::of(rng.random_range(0..PERSONS), rng.random_range(1.0..100.0)));
            Contributions::from_parts(parts.collect())
        })
        .collect();
    let mut times = Vec::new();
    for _ in 0..50 {
        let fields: Fields = vec![Field::new("n", DataType::Int64, false)].into();
        let n: ArrayRef = Arc::new(Int64Array::from_iter_values(0..500));
        let state = StructArray::try_new(fields.clone(), vec![n.clone()], None)?;
        let sets = || BinaryArray::from_iter_values(cells.iter().map(Contributions::encode));
        let raw = Raw {
            schema: Arc::new(Schema::new(vec![
                Field::new("k0", DataType::Int64, true),
                Field::new("s0", DataType::Struct(fields), true),
            ])),
            keys: vec![n],
            sets: false,
            states: vec![RawState {
                state,
                contributors: Some(sets()),
                free: None,
                moved: None,
                conditional: true,
                amounts: true,
                presence: false,
                alike: None,
            }],
            persons: Some(sets()),
        };
        let begun = Instant::now();
        let reviewed = review(&permit, u64::from(PERSONS), vec![raw])?;
        times.push(begun.elapsed());
        drop(reviewed);
    }
    let (median, p95) = percentiles(times);
    writeln!(out, "disclosure of 500 cells of 200 persons: {median:.2?} at the median, {p95:.2?} at p95")?;
    Ok(())
}

fn percentiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    (at(50), at(95))
}
