//! PollFlightInfo: a question that tells how far it has come.
//!
//! The first poll begins it and answers at once; each later one waits for a change. While the question runs, its
//! FlightInfo has the schema and the sites' states but no endpoint, since a merged answer is there as a whole or not at
//! all. At the end no descriptor comes back, and the one endpoint's ticket gives the answer without asking again.

use std::sync::Arc;
use std::time::Duration;

use arrow_flight::sql::{ProstMessageExt, TicketStatementQuery};
use arrow_flight::{FlightDescriptor, FlightEndpoint, FlightInfo, PollInfo, Ticket};
use bytes::Bytes;
use prost::Message;
use renkei_types::{PersonId, Refusal};
use tokio::runtime::Handle;
use tonic::Status;

use super::fetch::admitted;
use super::polled::{self, Polled};
use super::prepare::{Planned, refuse};
use super::status;
use crate::options::Options;
use crate::state::State;

/// How long a client whose call broke off has to call again.
const GRACE: Duration = Duration::from_secs(3);

/// Begins a question.
pub(super) async fn start(
    state: &Arc<State>,
    person: PersonId,
    options: &Options,
    planned: Planned,
) -> Result<PollInfo, Status> {
    let place = match state.admission.enter(&person) {
        Ok(place) => place,
        Err(refusal) => return Err(refuse(state, &person, options, &planned.question.sql, &refusal).await),
    };
    let asking = admitted(state, person.clone(), options, planned, place).await?;
    let polled = Arc::new(Polled::start(state, asking));
    let handle = state.handles.poll(&person, Arc::clone(&polled));
    tell(state, &polled, &handle)
}

/// Waits for a change in a question.
pub(super) async fn again(state: &State, person: &PersonId, handle: &[u8]) -> Result<PollInfo, Status> {
    let (id, seen) = polled::read(handle);
    let refuse = |refusal: Refusal| status::status(&refusal);
    let polled = state.handles.polled(person, id).map_err(refuse)?;
    let waiting = Waiting::begin(&polled);
    polled.wait(seen, state.limits.answer_lifetime).await;
    waiting.end();
    // It may have been cancelled or fetched meanwhile.
    let polled = state.handles.polled(person, id).map_err(refuse)?;
    tell(state, &polled, id)
}

/// A poll at work. One that is dropped before its answer was polled by a client that has gone: unless somebody polls
/// again soon, nobody wants the question any more, and it ends at the hospitals.
struct Waiting(Option<Arc<Polled>>);

impl Waiting {
    fn begin(polled: &Arc<Polled>) -> Self {
        polled.touch();
        Self(Some(Arc::clone(polled)))
    }

    fn end(mut self) {
        self.0 = None;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let (Some(polled), Ok(runtime)) = (self.0.take(), Handle::try_current()) else { return };
        let polls = polled.polls();
        runtime.spawn(async move {
            tokio::time::sleep(GRACE).await;
            if polled.polls() == polls && !polled.is_finished() {
                polled.cancel();
            }
        });
    }
}

/// What was known without asking anybody.
pub(super) fn known(info: FlightInfo) -> PollInfo {
    PollInfo { info: Some(info), progress: Some(1.0), ..PollInfo::default() }
}

fn tell(state: &State, polled: &Polled, id: &[u8]) -> Result<PollInfo, Status> {
    let seen = polled.seen()?;
    let next = descriptor(polled::write(id, seen.changes));
    let info = FlightInfo::new()
        .try_with_schema(&polled.schema)
        .map_err(|_| Status::internal("the schema could not be encoded"))?
        .with_app_metadata(seen.json)
        // By which it can be cancelled while there is no ticket.
        .with_descriptor(next.clone());
    let info = match seen.finished {
        true => info.with_endpoint(FlightEndpoint::new().with_ticket(Ticket::new(ticket(id.to_vec().into())))),
        false => info,
    };
    let mut poll = PollInfo { info: Some(info), progress: Some(seen.share), ..PollInfo::default() };
    poll.flight_descriptor = (!seen.finished).then_some(next);
    let micros = state.clock.now().after(state.limits.answer_lifetime).0;
    let expires = poll.expiration_time.get_or_insert_default();
    expires.seconds = micros.div_euclid(1_000_000);
    expires.nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap_or(0);
    Ok(poll)
}

fn descriptor(handle: Bytes) -> FlightDescriptor {
    FlightDescriptor::new_cmd(ticket(handle))
}

fn ticket(handle: Bytes) -> Vec<u8> {
    TicketStatementQuery { statement_handle: handle }.as_any().encode_to_vec()
}
