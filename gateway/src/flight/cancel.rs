//! Cancelling a question by its FlightInfo.
//!
//! A question is known by the handle in its ticket, or, while it is polled, in its descriptor. Ending it drops the
//! calls to the sites, so that the hospitals stop as well. Somebody else's question, one that has ended and one that
//! never was cannot be told apart: none of them can be cancelled.

use arrow_flight::sql::{Any, Command};
use arrow_flight::{CancelStatus, FlightInfo};
use bytes::Bytes;
use prost::Message;
use renkei_types::PersonId;

use super::{Handles, polled};

/// Cancels whatever of the person's the FlightInfo stands for.
pub(super) fn cancel(handles: &Handles, person: &PersonId, info: &FlightInfo) -> CancelStatus {
    let tickets = info.endpoint.iter().filter_map(|endpoint| endpoint.ticket.as_ref()).map(|ticket| &ticket.ticket);
    let descriptor = info.flight_descriptor.iter().map(|descriptor| &descriptor.cmd);
    let questions = tickets.chain(descriptor).filter_map(|command| handle(command));
    match questions.filter(|handle| handles.cancel(person, polled::read(handle).0)).count() {
        0 => CancelStatus::NotCancellable,
        _ => CancelStatus::Cancelled,
    }
}

/// The handle in a ticket or descriptor of a question.
fn handle(command: &[u8]) -> Option<Bytes> {
    match Command::try_from(Any::decode(command).ok()?).ok()? {
        Command::TicketStatementQuery(ticket) => Some(ticket.statement_handle),
        _ => None,
    }
}
