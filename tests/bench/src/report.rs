//! Medians, ratios and memory, as lines of the report.

use std::time::{Duration, Instant};

use crate::say;

/// How long the work took.
pub(crate) async fn timed<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<Duration> {
    let started = Instant::now();
    work.await?;
    Ok(started.elapsed())
}

/// The middle one, the upper of two.
pub(crate) fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// As milliseconds.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// A line of the report: the median, and its ratio to the median of the yardstick.
pub(crate) fn row(what: &str, times: &[Duration], bare: &[Duration]) {
    let (median, unit) = (median(times), median(bare));
    let ratio = median.as_secs_f64() / unit.as_secs_f64();
    say(format!("  {what:52} median {:8.1} ms   ratio {ratio:.2}", millis(median)));
}

/// A line of the report about memory.
pub(crate) fn memory(when: &str, programs: &[(String, u64)]) -> String {
    let text: Vec<String> = programs.iter().map(|(name, mib)| format!("{name} {mib} MiB")).collect();
    format!("memory {when}: {}", text.join(", "))
}
