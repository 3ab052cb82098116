//! The measurement: alternate runs, medians, ratios, and the two answers compared.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;

use crate::client::Client;
use crate::postgres::Servers;
use crate::processes::{self, Consortium, GUARDED, OPEN, SITES};
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
        data::write_site(&source, i as u64, rows)?;
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
    let consortium = Consortium::start(dir, options.threads)?;
    let mut open = client(&consortium, OPEN).await?;
    open.wait(SITES.len()).await?;
    let mut guarded = client(&consortium, GUARDED).await?;
    report_memory("at rest", &consortium);
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
    report_memory("after the questions", &consortium);
    Ok(())
}

async fn client(consortium: &Consortium, project: &str) -> anyhow::Result<Client> {
    let mut last = None;
    for _ in 0..100 {
        match Client::connect(&consortium.pki, consortium.port, project).await {
            Ok(client) => return Ok(client),
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(last.context("the gateway does not answer")?)
}

async fn timed<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<Duration> {
    let started = Instant::now();
    work.await?;
    Ok(started.elapsed())
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn row(what: &str, times: &[Duration], bare: &[Duration]) {
    let (median, unit) = (median(times), median(bare));
    let ratio = median.as_secs_f64() / unit.as_secs_f64();
    say(format!("  {what:52} median {:8.1} ms   ratio {ratio:.2}", millis(median)));
}

fn report_memory(when: &str, consortium: &Consortium) {
    let text: Vec<String> = consortium.resident().iter().map(|(name, mib)| format!("{name} {mib} MiB")).collect();
    say(format!("memory {when}: {}", text.join(", ")));
}

/// Both answers have the same cells: counts of all rows agree in sum and number.
fn same(a: &[RecordBatch], b: &[RecordBatch]) -> anyhow::Result<()> {
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
