//! The comparison that a hospital group would build today: one PostgreSQL server at each site, postgres_fdw at a
//! fourth, with the same rows.
//!
//! Two ways of asking. *As written*: the researcher's statement over views that unite the foreign tables; the wrapper
//! fetches the rows and aggregates at the centre. *By hand*: partial aggregates for each server, which the wrapper
//! sends down, combined by formulas that somebody has to get right for each statement.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use arrow::csv::WriterBuilder;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::processes::SITES;
use crate::say;

/// An account without rights, since PostgreSQL does not run as root.
const NOBODY: u32 = 65_534;
/// Port of the first server; sockets only, so that nothing else is met.
const PORT: u16 = 54_320;

const TABLES: &[(&str, &[(&str, &str)])] = &[
    ("person", &[("person_id", "bigint"), ("gender_concept_id", "int"), ("year_of_birth", "int")]),
    (
        "measurement",
        &[
            ("measurement_id", "bigint"),
            ("person_id", "bigint"),
            ("measurement_concept_id", "int"),
            ("measurement_date", "date"),
            ("measurement_type_concept_id", "int"),
            ("value_as_number", "double precision"),
            ("unit_concept_id", "int"),
        ],
    ),
];

/// Partial aggregates for each server and what the centre makes of them, for each statement of the benchmark.
const BY_HAND: &[(&str, &str)] = &[
    (
        "SELECT measurement_concept_id AS k, count(*) AS n, count(value_as_number) AS c, sum(value_as_number) AS s,
                sum(value_as_number * value_as_number) AS q
         FROM {site}.measurement WHERE measurement_date >= DATE '2021-01-01' GROUP BY measurement_concept_id",
        "k",
    ),
    (
        "SELECT p.gender_concept_id AS g, m.measurement_concept_id AS k, count(*) AS n, count(m.value_as_number) AS c,
                sum(m.value_as_number) AS s, sum(m.value_as_number * m.value_as_number) AS q
         FROM {site}.measurement m JOIN {site}.person p ON m.person_id = p.person_id
         WHERE m.measurement_date >= DATE '2021-01-01' GROUP BY p.gender_concept_id, m.measurement_concept_id",
        "g, k",
    ),
];

/// Running servers; dropping them stops them.
pub(crate) struct Servers {
    root: PathBuf,
    bin: PathBuf,
}

impl Servers {
    /// Loads the sites' current snapshots where that has not been done, and starts the servers.
    pub(crate) fn start(dir: &Path) -> anyhow::Result<Self> {
        let bin = Command::new("pg_config").arg("--bindir").output().context("pg_config is not there")?;
        let bin = PathBuf::from(String::from_utf8(bin.stdout)?.trim());
        // The account must be able to reach its folders, whoever owns the ones above.
        let root = std::env::temp_dir().join(format!("renkei-bench-postgres-{}", fs::metadata(dir)?.ino()));
        fs::create_dir_all(&root)?;
        give(&root)?;
        let servers = Self { root, bin };
        for i in 0..=SITES.len() {
            servers.initialise(i)?;
        }
        for (i, site) in SITES.iter().enumerate() {
            servers.load(dir, i, site)?;
        }
        servers.unite()?;
        Ok(servers)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.current_dir(&self.root).env("PGHOST", &self.root).env("PGUSER", "bench").env("PGDATABASE", "postgres");
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    fn initialise(&self, i: usize) -> anyhow::Result<()> {
        let data = self.root.join(i.to_string());
        if !data.join("PG_VERSION").exists() {
            let mut initdb = self.command("initdb");
            initdb.args(["--username=bench", "--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8", "--pgdata"]);
            run(initdb.arg(&data))?;
        }
        let mut start = self.command("pg_ctl");
        let options = format!(
            "-p {} -c listen_addresses='' -c unix_socket_directories={} -c fsync=off -c max_wal_size=8GB \
             -c shared_buffers=1GB -c work_mem=256MB",
            port(i),
            self.root.display()
        );
        start.args(["start", "--wait", "--silent", "--options", &options, "--pgdata"]).arg(&data);
        run(start.arg("--log").arg(self.root.join(format!("{i}.log"))))
    }

    fn psql(&self, i: usize) -> Command {
        let mut psql = self.command("psql");
        psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--port", &port(i).to_string()]);
        psql
    }

    fn load(&self, dir: &Path, i: usize, site: &str) -> anyhow::Result<()> {
        let done = self.root.join(format!("{i}.loaded"));
        if done.exists() {
            return Ok(());
        }
        for (table, columns) in TABLES {
            let definition: Vec<String> = columns.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
            let create =
                format!("DROP TABLE IF EXISTS {table}; CREATE UNLOGGED TABLE {table} ({})", definition.join(", "));
            run(self.psql(i).arg("--command").arg(create))?;
            let state = dir.join("state").join(site);
            let current = fs::read_to_string(state.join("current"))?;
            let file = state.join("snapshots").join(current.trim()).join(format!("{table}.parquet"));
            let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
            let copy = format!("COPY {table} ({}) FROM STDIN WITH (FORMAT csv)", names.join(", "));
            let mut child = self.psql(i).arg("--command").arg(copy).stdin(Stdio::piped()).spawn()?;
            let input = child.stdin.take().context("psql has no input")?;
            write_csv(&file, &names, BufWriter::with_capacity(1 << 20, input))?;
            ensure!(child.wait()?.success(), "COPY failed");
        }
        run(self.psql(i).arg("--command").arg("VACUUM ANALYZE"))?;
        File::create(done)?;
        Ok(())
    }

    fn unite(&self) -> anyhow::Result<()> {
        let mut sql = String::from("DROP EXTENSION IF EXISTS postgres_fdw CASCADE; CREATE EXTENSION postgres_fdw;");
        for (i, site) in SITES.iter().enumerate() {
            sql += &format!(
                "CREATE SERVER {site} FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{}', port '{}', dbname 'postgres', \
                 fetch_size '10000', async_capable 'true', use_remote_estimate 'true');\
                 CREATE USER MAPPING FOR bench SERVER {site} OPTIONS (user 'bench');\
                 DROP SCHEMA IF EXISTS {site} CASCADE; CREATE SCHEMA {site}; \
                 IMPORT FOREIGN SCHEMA public FROM SERVER {site} INTO {site};",
                self.root.display(),
                port(i)
            );
        }
        for (table, _) in TABLES {
            let parts: Vec<String> = SITES.iter().map(|site| format!("SELECT * FROM {site}.{table}")).collect();
            sql += &format!("CREATE OR REPLACE VIEW {table} AS {};", parts.join(" UNION ALL "));
        }
        run(self.psql(SITES.len()).arg("--command").arg(sql))
    }

    /// Time that the centre takes for a statement, as it says itself.
    pub(crate) fn ask(&self, sql: &str) -> anyhow::Result<Duration> {
        let mut psql = self.psql(SITES.len());
        psql.args(["--output=/dev/null", "--command=\\timing on", "--command", sql]);
        let output = psql.stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "the statement failed");
        let text = String::from_utf8(output.stdout)?;
        let line = text.lines().find_map(|line| line.strip_prefix("Time: ")).context("psql says no time")?;
        let millis: f64 = line.split_whitespace().next().unwrap_or_default().parse()?;
        Ok(Duration::from_secs_f64(millis / 1_000.0))
    }

    /// The statement of the same number with its partial aggregates written out.
    pub(crate) fn by_hand(statement: usize) -> anyhow::Result<String> {
        let (partial, keys) = BY_HAND.get(statement).context("no partial aggregates for this statement")?;
        let parts: Vec<String> = SITES.iter().map(|site| partial.replace("{site}", site)).collect();
        Ok(format!(
            "SELECT {keys}, sum(n) AS n, sum(s) / sum(c) AS mean,
                    sqrt(greatest(sum(q) - sum(s) * sum(s) / sum(c), 0) / (sum(c) - 1)) AS sd
             FROM ({}) parts GROUP BY {keys}",
            parts.join(" UNION ALL ")
        ))
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for i in 0..=SITES.len() {
            let mut stop = self.command("pg_ctl");
            stop.args(["stop", "--silent", "--mode=fast", "--pgdata"]);
            if run(stop.arg(self.root.join(i.to_string()))).is_err() {
                say(format!("PostgreSQL on port {} did not stop", port(i)));
            }
        }
    }
}

fn port(i: usize) -> u16 {
    PORT + u16::try_from(i).unwrap_or(0)
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn give(dir: &Path) -> anyhow::Result<()> {
    if is_root() {
        chown(dir, Some(NOBODY), Some(NOBODY))?;
    }
    Ok(())
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.stdout(Stdio::null()).status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?} failed");
    Ok(())
}

fn write_csv(file: &Path, columns: &[&str], out: impl Write) -> anyhow::Result<()> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(file)?)?;
    let mask = ProjectionMask::columns(reader.parquet_schema(), columns.iter().copied());
    let mut writer = WriterBuilder::new().with_header(false).build(out);
    for batch in reader.with_projection(mask).build()? {
        let batch = batch?;
        let order = columns.iter().map(|name| batch.schema().index_of(name)).collect::<Result<Vec<_>, _>>()?;
        writer.write(&batch.project(&order)?)?;
    }
    Ok(())
}
