//! The export on the server: started, waited for, thrown away.

use std::time::Duration;

use http::header::{ACCEPT, CONTENT_LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use renkei_types::Clock;
use tokio::time::{Instant, sleep};
use url::Url;

use super::asking::{Asking, reachable};
use super::http::{Answer, host_of};
use super::manifest::Listing;
use super::state::Job;
use super::trouble::{Trouble, after};
use super::{Config, Progress};
use crate::{Error, Kind};

const FHIR_JSON: HeaderValue = HeaderValue::from_static("application/fhir+json");
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LAST_WAIT: Duration = Duration::from_secs(60);
/// Largest manifest.
const MANIFEST_BYTES: usize = 32 << 20;

/// Starts an export.
pub(super) async fn start(
    config: &Config,
    asking: &mut Asking,
    since: Option<String>,
    clock: &dyn Clock,
) -> Result<Job, Trouble> {
    let query = config.query();
    let base = config.base_url().map_err(Trouble::lasting)?;
    let host = host_of(&base);
    let wrong = |what: String| Trouble::lasting(Error::new(Kind::Source, what, "the server is at fault"));
    let mut url = base.join(&query).map_err(|_| wrong("the base cannot be extended".into()))?;
    if let Some(since) = &since {
        url.query_pairs_mut().append_pair("_since", since);
    }
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, FHIR_JSON);
    headers.insert(HeaderName::from_static("prefer"), HeaderValue::from_static("respond-async"));
    let answer = asking.until(Method::GET, &url, &headers, (&[202], "the request to export")).await?;
    let status = answer.header(CONTENT_LOCATION).and_then(|location| answer.url.join(location).ok());
    let status =
        status.ok_or_else(|| wrong(format!("{host} starts an export without saying where (Content-Location)")))?;
    reachable(&status, &answer.url)?;
    Ok(Job { query, since, status, started: clock.now(), listing: None })
}

/// Waits until the server is ready.
pub(super) async fn wait(
    config: &Config,
    asking: &mut Asking,
    job: &Job,
    clock: &dyn Clock,
    progress: &mut dyn FnMut(Progress),
) -> Result<Listing, Trouble> {
    let host = host_of(&job.status);
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, application/fhir+json;q=0.9"));
    let left = clock.now().until(job.started.after(config.job_timeout()));
    let deadline = Instant::now() + left;
    let (mut tries, mut own) = (0, FIRST_WAIT);
    loop {
        let answer = match asking.once(Method::GET, &job.status, &headers, false).await {
            Ok(answer) if answer.status.as_u16() == 202 => answer,
            Ok(answer) if answer.status.as_u16() == 200 => return manifest(answer, job).await,
            Ok(answer) => {
                let trouble = Trouble::answered(answer, &host, "the question how far the export is").await;
                asking.rest(&mut tries, trouble).await.map_err(failed)?;
                continue;
            }
            Err(trouble) => {
                asking.rest(&mut tries, trouble).await?;
                continue;
            }
        };
        tries = 0;
        let wait = after(&answer).unwrap_or(own).max(SHORTEST_WAIT);
        let waited = job.started.until(clock.now());
        progress(Progress::Preparing { waited, said: said(&answer) });
        drop(answer);
        if Instant::now() + wait > deadline {
            let what = format!("{host} did not finish the export within {} s", config.job_timeout_seconds);
            return Err(Trouble::lasting(Error::new(
                Kind::Unreachable,
                what,
                "raise job_timeout_seconds, or ask for less",
            )));
        }
        sleep(wait).await;
        own = (own * 2).min(LAST_WAIT);
    }
}

/// An export that failed on the server answers so for ever.
fn failed(trouble: Trouble) -> Trouble {
    let over = trouble.status.is_some_and(|status| status.as_u16() == 500);
    Trouble { passing: trouble.passing && !over, ..trouble }
}

async fn manifest(mut answer: Answer, job: &Job) -> Result<Listing, Trouble> {
    let kind = answer.media_type().unwrap_or_default();
    if !kind.is_empty() && !matches!(kind.as_str(), "application/json" | "application/fhir+json") {
        let what = format!("{} answers with {} where the list of files should be", host_of(&job.status), plain(&kind));
        return Err(Trouble::lasting(Error::new(Kind::Source, what, "check base: something else answers there")));
    }
    let from = answer.url.clone();
    Listing::read(&answer.whole(MANIFEST_BYTES).await?, &from)
}

/// What the server says about its progress, if it is short and plain.
fn said(answer: &Answer) -> Option<String> {
    let text = plain(&String::from_utf8_lossy(answer.headers.get("x-progress")?.as_bytes()));
    (!text.is_empty()).then_some(text)
}

/// A server's words, cut to what fits a line.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(100).collect()
}

/// Tells the server that the export is no longer needed; `false` where it does not take that.
pub(super) async fn discard(asking: &mut Asking, status: &Url) -> bool {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, FHIR_JSON);
    match asking.once(Method::DELETE, status, &headers, false).await {
        Ok(answer) => answer.status.is_success() || matches!(answer.status.as_u16(), 404 | 410),
        Err(_) => false,
    }
}
