//! How soon hostile texts are refused: `cargo run --release -p renkei-plan --example refusals`.
//!
//! Prints the best and the median of 50 runs of each text of the tests, and of the largest statement that is taken.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use renkei_plan::{Catalogue, Planner, Question};
use renkei_types::Timestamp;

#[path = "../tests/main/hostile.rs"]
mod hostile;

const RUNS: usize = 50;

fn main() -> io::Result<()> {
    let planner = Planner::new(Catalogue::cdm());
    let codes = (0..9_990).map(|i| (200_000 + i).to_string()).collect::<Vec<_>>().join(",");
    let taken = format!("SELECT count(*) FROM condition_occurrence WHERE condition_concept_id IN ({codes})");
    let mut texts = hostile::texts();
    texts.push(("9,990 codes, which are taken", taken));
    let mut out = io::stdout().lock();
    for (name, sql) in texts {
        let (mut times, mut refused) = (Vec::with_capacity(RUNS), false);
        for _ in 0..RUNS {
            let begun = Instant::now();
            refused = planner.split(&Question { sql: &sql, parameters: &[], bound_at: Timestamp(0) }).is_err();
            times.push(begun.elapsed());
        }
        times.sort();
        let at = |i: usize| times.get(i).copied().unwrap_or(Duration::MAX).as_secs_f64() * 1e3;
        let ended = if refused { "refused" } else { "taken" };
        writeln!(out, "{:8.3} ms {:8.3} ms  {ended:8} {:6} bytes  {name}", at(0), at(RUNS / 2), sql.len())?;
    }
    Ok(())
}
