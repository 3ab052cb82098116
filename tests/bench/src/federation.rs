//! The measurement: alternate runs, medians, ratios, and the two answers compared.

use std::fs;
use std::time::Instant;

use anyhow::{Context, ensure};
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;

use crate::client::Client;
use crate::postgres::Servers;
use crate::processes::{self, Consortium, GUARDED, OPEN, SITES};
use crate::report::{median, memory, millis, row, timed};
use crate::{Federation, data, say, single};

const STATEMENTS: &[(&str, &str)] = &[
    (
        "grouped count, mean, deviation with a date filter",
        "SELECT measurement_concept_id AS k, count(*) AS n, avg(value_as_number) AS mean, stddev(value_as_number) AS sd
         FROM measurement WHERE measurement_date >= DATE '2021-01-01' GROUP BY measurement_concept_id",
    ),
    (
        "the same joined to person",
        "SELECT p.gender_concept_id AS g, m.measurement_concept_id AS k, count(*) AS n, avg(m.value_as_number) AS mean,
                stddev(m.value_as_number) AS sd
         FROM measurement m JOIN person p ON m.person_id = p.person_id
         WHERE m.measurement_date >= DATE '2021-01-01' GROUP BY p.gender_concept_id, m.measurement_concept_id",
    ),
];

/// Measurements of each person.
const PER_PERSON: u64 = 100;

const TRIVIAL: &str = "SELECT count(*) FROM death";

pub(crate) fn run(options: &Federation) -> anyhow::Result<()> {
    fs::create_dir_all(&options.dir)?;
    let dir = std::path::absolute(&options.dir)?.join(options.rows.to_string());
    prepare(&dir, options.rows)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(options.threads * SITES.len())
        .enable_all()
        .build()?;
    runtime.block_on(measure(&dir, options))
}

fn prepare(dir: &std::path::Path, rows: u64) -> anyhow::Result<()> {
    for (i, site) in SITES.iter().enumerate() {
        if dir.join("state").join(site).join("current").exists() {
            continue;
        }
        let source = dir.join("source").join(site);
        data::write_site(&source, i as u64, rows, PER_PERSON)?;
        let started = Instant::now();
        processes::ingest(dir, site, &source)?;
        let seconds = started.elapsed().as_secs_f64();
        say(format!(
            "ingest of site {site}: {rows} measurements in {seconds:.1} s, {:.0} rows/s",
            rows as f64 / seconds
        ));
        fs::remove_dir_all(&source)?;
    }
    Ok(())
}

async fn measure(dir: &std::path::Path, options: &Federation) -> anyhow::Result<()> {
    let consortium = Consortium::start(dir, &SITES, options.threads)?;
    let mut open = Client::to(&consortium, OPEN).await?;
    open.wait(SITES.len()).await?;
    let mut guarded = Client::to(&consortium, GUARDED).await?;
    say(memory("at rest", &consortium.resident()));
    let union = single::session(dir, &SITES, options.threads * SITES.len()).await?;
    let servers = if options.postgres > 0 { Some(Servers::start(dir)?) } else { None };
    for (statement, (title, sql)) in STATEMENTS.iter().enumerate() {
        say(format!("\n{title}"));
        same(&open.ask(sql).await?, &single::ask(&union, sql).await?)?;
        guarded.ask(sql).await?;
        let (mut federated, mut counted, mut bare) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..options.runs {
            federated.push(timed(open.ask(sql)).await?);
            bare.push(timed(single::ask(&union, sql)).await?);
            counted.push(timed(guarded.ask(sql)).await?);
        }
        row("one DataFusion session over the union", &bare, &bare);
        row("three nodes through the gateway, no person counts", &federated, &bare);
        row("three nodes through the gateway, guarded (k = 10)", &counted, &bare);
        if let Some(servers) = &servers {
            let by_hand = Servers::by_hand(statement)?;
            let ask = |sql: &str| (0..options.postgres).map(|_| servers.ask(sql)).collect::<anyhow::Result<Vec<_>>>();
            row("postgres_fdw over three servers, as written", &ask(sql)?, &bare);
            row("postgres_fdw, partial aggregates by hand", &ask(&by_hand)?, &bare);
        }
    }
    let mut trivial = Vec::new();
    open.ask(TRIVIAL).await?;
    for _ in 0..options.runs * 10 {
        trivial.push(timed(open.ask(TRIVIAL)).await?);
    }
    say(format!("\na trivial question, client to answer: median {:.1} ms", millis(median(&trivial))));
    say(memory("after the questions", &consortium.resident()));
    Ok(())
}

/// Both answers have the same cells: counts of all rows agree in sum and number.
pub(crate) fn same(a: &[RecordBatch], b: &[RecordBatch]) -> anyhow::Result<()> {
    let total = |batches: &[RecordBatch]| -> anyhow::Result<(usize, i64)> {
        let mut rows = 0;
        let mut sum = 0;
        for batch in batches {
            let n = batch.column_by_name("n").context("no column n")?.as_primitive::<Int64Type>();
            rows += batch.num_rows();
            sum += n.iter().flatten().sum::<i64>();
        }
        Ok((rows, sum))
    };
    let (a, b) = (total(a)?, total(b)?);
    ensure!(a == b, "the answers differ: {a:?} and {b:?}");
    Ok(())
}
