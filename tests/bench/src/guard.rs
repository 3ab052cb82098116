//! What the guard costs at one hospital: the same SQL, guarded and in a bare session that keeps no persons.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::client::Client;
use crate::federation::same;
use crate::processes::{self, Consortium, GUARDED};
use crate::report::{median, memory, row, timed};
use crate::{Guard, data, say, single};

/// The one site.
const SITE: &str = "a";

/// A statement, the most that the guarded answer may take of the bare one's time, and the groups it has.
struct Case {
    title: &'static str,
    keys: &'static str,
    aggregates: &'static str,
    bound: f64,
}

const CASES: &[Case] = &[
    Case {
        title: "50 groups: count, joined to person",
        keys: "m.measurement_concept_id",
        aggregates: "count(*) AS n",
        bound: 1.4,
    },
    Case {
        title: "50 groups: count, sum, mean, joined to person",
        keys: "m.measurement_concept_id",
        aggregates: "count(*) AS n, sum(m.value_as_number) AS total, avg(m.value_as_number) AS mean",
        bound: 1.8,
    },
    Case {
        title: "5,000 groups: count, sum, mean, joined to person",
        keys: "p.year_of_birth, m.measurement_concept_id",
        aggregates: "count(*) AS n, sum(m.value_as_number) AS total, avg(m.value_as_number) AS mean",
        bound: 3.0,
    },
];

impl Case {
    fn sql(&self, also: &str) -> String {
        format!(
            "SELECT {keys}, {aggregates}{also} FROM measurement m JOIN person p ON m.person_id = p.person_id GROUP BY {keys}",
            keys = self.keys,
            aggregates = self.aggregates
        )
    }
}

/// Makes the site if it is not there, and measures.
pub(crate) fn run(options: &Guard) -> anyhow::Result<()> {
    let dir = std::path::absolute(&options.dir)?.join(format!("guard-{}-{}", options.rows, options.per_person));
    fs::create_dir_all(&dir)?;
    if !dir.join("state").join(SITE).join("current").exists() {
        let source = dir.join("source");
        data::write_site(&source, 0, options.rows, options.per_person)?;
        processes::ingest(&dir, SITE, &source)?;
        fs::remove_dir_all(&source)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(options.threads).enable_all().build()?;
    runtime.block_on(measure(&dir, options))
}

async fn measure(dir: &Path, options: &Guard) -> anyhow::Result<()> {
    let consortium = Consortium::start(dir, &[SITE], options.threads)?;
    let mut guarded = Client::to(&consortium, GUARDED).await?;
    guarded.wait(1).await?;
    let bare = single::session(dir, &[SITE], options.threads).await?;
    for case in CASES {
        say(format!("\n{} (bound {:.1})", case.title, case.bound));
        let (plain, distinct) = (case.sql(""), case.sql(", count(DISTINCT m.person_id) AS persons"));
        same(&guarded.ask(&plain).await?, &single::ask(&bare, &plain).await?)?;
        let mut times: [Vec<Duration>; 3] = Default::default();
        let [unguarded, asked, counted] = &mut times;
        for _ in 0..options.runs {
            unguarded.push(timed(single::ask(&bare, &plain)).await?);
            asked.push(timed(guarded.ask(&plain)).await?);
            counted.push(timed(single::ask(&bare, &distinct)).await?);
        }
        row("a bare session", unguarded, unguarded);
        row("a bare session that counts persons too", counted, unguarded);
        row("through gateway and node, guarded (k = 10)", asked, unguarded);
        let times = median(counted).as_secs_f64() / median(asked).as_secs_f64();
        say(format!("  guarded is {times:.1} times as fast as counting persons in the bare session"));
        say(format!("  {}", memory("at most", &consortium.peak())));
    }
    Ok(())
}
