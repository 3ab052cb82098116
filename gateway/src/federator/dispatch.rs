//! Asking all sites at once; each ends in exactly one outcome.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use futures::future::join_all;
use renkei_audit::entry::Seal;
use renkei_audit::receipt::Given;
use renkei_plan::SiteCells;
use renkei_proto::ipc;
use renkei_proto::v1::{AskRequest, Feed};
use renkei_service::{Failure, chain, classify};
use renkei_types::{Code, QueryId, SiteId, SiteOutcome, SiteState, SnapshotId};
use tokio::time::Instant;
use tonic::Status;

use super::collect::{Collected, Collector, Expected, Malformed};
use super::{Question, Terms, receipts};
use crate::audit::OpenPart;
use crate::config::Project;
use crate::sites::Site;
use crate::state::State;

/// One site's end in a question.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) outcome: SiteOutcome,
    /// Cells with the index of their release point; empty unless the site contributes.
    pub(super) cells: Vec<(usize, SiteCells)>,
    /// Codes of each code set that the site holds data for, by feed.
    pub(super) codes_held: BTreeMap<usize, u64>,
    /// What the site's log promises of the cells.
    pub(super) receipt: Option<Given>,
}

impl Reply {
    /// The salted digest of the cells, as the site's log has it.
    fn promised(&self) -> Option<Seal> {
        let (receipt, _) = self.receipt.as_ref()?.open().ok()?;
        receipt.result.map(Seal)
    }

    /// Cells that came.
    fn rows(&self) -> u64 {
        let batches = self.cells.iter().flat_map(|(_, cells)| &cells.cells);
        batches.map(|batch| batch.num_rows() as u64).sum()
    }
}

/// One round of a question.
pub(super) struct Round {
    pub(super) number: usize,
    pub(super) until: Instant,
    /// Released results that rows are compared with in this round.
    pub(super) feeds: Vec<Feed>,
    /// The sites that are asked, with the snapshot from which they answered before.
    pub(super) sites: BTreeMap<SiteId, Option<SnapshotId>>,
}

/// A site's end that is not its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Silence {
    state: SiteState,
    code: Code,
    message: &'static str,
}

const OFFLINE: Silence =
    Silence { state: SiteState::Offline, code: Code::Offline, message: "the site has no connection" };
const LOST: Silence = Silence {
    state: SiteState::Offline,
    code: Code::Offline,
    message: "the connection was lost before the answer came",
};
const LATE: Silence = Silence { state: SiteState::Late, code: Code::Late, message: "no answer before the deadline" };

const fn failed(message: &'static str) -> Silence {
    Silence { state: SiteState::Failed, code: Code::Failed, message }
}

/// Asks every site of a round, as one part of the question's record. Dropping the future drops every call.
pub(super) async fn all(
    state: &State,
    question: &Question,
    terms: &Terms,
    project: &Project,
    round: &Round,
    part: &OpenPart,
) -> Vec<Reply> {
    let Some(request) = request(state, question, terms, project, round) else {
        let sites = round.sites.keys();
        let replies: Vec<_> = sites.map(|site| silent(site, failed("the parameters cannot be sent"), 0)).collect();
        replies.iter().for_each(|reply| part.site(&reply.outcome, 0, None));
        return replies;
    };
    let one = |(id, snapshot): (&SiteId, &Option<SnapshotId>)| {
        let snapshot_id = snapshot.as_ref().map(ToString::to_string).unwrap_or_default();
        let request = AskRequest { snapshot_id, part: part.number(), ..request.clone() };
        let (id, site) = (id.clone(), state.sites.get(id).cloned());
        async move {
            let started = Instant::now();
            let asking = async {
                match site.filter(|site| site.link.is_connected()) {
                    Some(site) => ask(state, question, project, &site, (&terms.query_id, round.number), request).await,
                    None => Err(OFFLINE),
                }
            };
            let ended = within(round.until, asking).await;
            let reply = reply(&id, ended, elapsed(started));
            log(&terms.query_id, &reply.outcome);
            part.site(&reply.outcome, reply.rows(), reply.promised());
            terms.seen.add(&reply);
            // A site that contributes to an earlier round is asked again.
            if round.number + 1 >= question.split.rounds() || !reply.outcome.state.contributes() {
                terms.progress.ended(&reply.outcome);
            }
            reply
        }
    };
    join_all(round.sites.iter().map(one)).await
}

async fn within<T>(until: Instant, asking: impl Future<Output = Result<T, Silence>>) -> Result<T, Silence> {
    tokio::time::timeout_at(until, asking).await.unwrap_or(Err(LATE))
}

fn elapsed(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The question as it travels.
pub(super) fn request(
    state: &State,
    question: &Question,
    terms: &Terms,
    project: &Project,
    round: &Round,
) -> Option<AskRequest> {
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    Some(AskRequest {
        query_id: terms.query_id.to_string(),
        project: project.id.to_string(),
        subject: terms.person.to_string(),
        sql: question.sql.clone(),
        parameters: encode(&question.parameters)?,
        bound_at_micros: question.bound_at.0,
        asked_at_micros: state.clock.now().0,
        time_left_micros: micros(round.until.saturating_duration_since(Instant::now())),
        split_digest: question.split.digest.0.to_vec(),
        snapshot_id: String::new(),
        round: u32::try_from(round.number).ok()?,
        feeds: round.feeds.clone(),
        vocabulary_tables: question.vocabulary.iter().cloned().collect(),
        part: 0,
    })
}

/// Parameters as one row with the columns `$1`, `$2`, …; nothing where there are none.
fn encode(parameters: &[ScalarValue]) -> Option<Bytes> {
    if parameters.is_empty() {
        return Some(Bytes::new());
    }
    let arrays = parameters.iter().map(|value| value.to_array_of_size(1)).collect::<Result<Vec<_>, _>>().ok()?;
    let fields =
        arrays.iter().enumerate().map(|(i, array)| Field::new(format!("${}", i + 1), array.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).ok()?;
    ipc::encode(&schema, &[batch]).ok()
}

async fn ask(
    state: &State,
    question: &Question,
    project: &Project,
    site: &Site,
    (query, round): (&QueryId, usize),
    request: AskRequest,
) -> Result<(Collected, Option<Given>), Silence> {
    let part = request.part;
    let expected = Expected {
        site: site.id.clone(),
        split: Arc::clone(&question.split),
        round,
        minimum_persons: project.minimum_persons,
        bytes: state.limits.site_answer_mib.saturating_mul(1024 * 1024),
    };
    let mut collector = Collector::new(expected);
    let broken = |status: Status| transport(site, &status);
    let mut stream = site.client().ask(request).await.map_err(broken)?.into_inner();
    while let Some(part) = stream.message().await.map_err(broken)? {
        match collector.take(part) {
            Ok(true) => {}
            Ok(false) => break,
            Err(malformed) => return Ok((malformed.collected(), None)),
        }
    }
    drop(stream);
    // Decoding foreign bytes may take time and may even panic; the pool takes both.
    let collected = state.pool.run(move || Ok(collector.finish())).await;
    let mut collected = collected.map_err(|_| failed("the site's answer could not be read"))?;
    let receipt = collected.receipt.take();
    match receipts::judge(&state.audit, site, (query, part), &collected.digest, receipt) {
        Ok(given) => Ok((collected, given)),
        Err(wrong) => Ok((Malformed::new(wrong).collected(), None)),
    }
}

fn transport(site: &Site, status: &Status) -> Silence {
    tracing::debug!(site = %site.id, error = chain(status), "the call to a site failed");
    match (classify(status), status.code()) {
        (Failure::Offline, _) => LOST,
        (Failure::Late, _) => LATE,
        (Failure::Answered, tonic::Code::OutOfRange) => failed("the site's answer is larger than a message may be"),
        (Failure::Answered | Failure::Cancelled, _) => failed("the node ended the call"),
        (Failure::Protocol, _) => failed("the node does not speak this protocol"),
    }
}

fn silent(site: &SiteId, silence: Silence, elapsed_ms: u64) -> Reply {
    let outcome = SiteOutcome {
        site: site.clone(),
        state: silence.state,
        code: Some(silence.code),
        message: Some(silence.message.to_owned()),
        snapshot: None,
        vocabulary: None,
        minimum_persons: None,
        policy: None,
        elapsed_ms,
    };
    Reply { outcome, cells: Vec::new(), codes_held: BTreeMap::new(), receipt: None }
}

fn reply(site: &SiteId, ended: Result<(Collected, Option<Given>), Silence>, elapsed_ms: u64) -> Reply {
    let (collected, receipt) = match ended {
        Ok(collected) => collected,
        Err(silence) => return silent(site, silence, elapsed_ms),
    };
    let (minimum_persons, codes_held) = (collected.minimum_persons, collected.codes_held);
    let cells = collected.cells.into_iter().map(|(point, cells)| {
        let minimum_persons = minimum_persons.unwrap_or(u32::MAX);
        (point, SiteCells { site: site.clone(), minimum_persons, cells })
    });
    let cells = cells.collect();
    let outcome = SiteOutcome {
        site: site.clone(),
        state: collected.state,
        code: collected.code,
        message: collected.message,
        snapshot: collected.snapshot,
        vocabulary: collected.vocabulary,
        minimum_persons,
        policy: collected.policy,
        elapsed_ms,
    };
    Reply { outcome, cells, codes_held, receipt }
}

fn log(query_id: &QueryId, outcome: &SiteOutcome) {
    let (site, state, elapsed_ms) = (&outcome.site, outcome.state, outcome.elapsed_ms);
    match outcome.code {
        None => tracing::debug!(%query_id, %site, %state, elapsed_ms, "site"),
        Some(code) => tracing::info!(%query_id, %site, %state, %code, elapsed_ms, "site"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_site_is_late_at_the_deadline_and_not_before() {
        let until = Instant::now() + Duration::from_secs(30);
        let slow = |seconds| async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok::<_, Silence>(seconds)
        };
        assert_eq!(within(until, slow(29)).await, Ok(29));
        let started = Instant::now();
        assert_eq!(within(until, slow(100)).await, Err(LATE));
        assert_eq!(started.elapsed(), Duration::from_secs(1));
    }

    #[test]
    fn parameters_travel_as_one_row() {
        let bytes = encode(&[ScalarValue::from(7_i64), ScalarValue::from("x"), ScalarValue::Null]).unwrap();
        let batches = ipc::decode(&bytes).unwrap();
        assert_eq!((batches.len(), batches[0].num_rows()), (1, 1));
        let names: Vec<_> = batches[0].schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(names, ["$1", "$2", "$3"]);
        assert_eq!(ScalarValue::try_from_array(batches[0].column(0), 0).unwrap(), ScalarValue::from(7_i64));
        assert_eq!(encode(&[]).unwrap(), Bytes::new());
    }
}
