//! The door towards clients: Arrow Flight SQL, as the stock ADBC and JDBC drivers speak it.
//!
//! A statement is planned when its FlightInfo is asked for and runs when its stream is fetched, so that dropping the
//! fetch cancels all of it; only a question that is polled runs between calls. Handles and tickets are random, known to
//! this process alone and bound to the person who got them; SQL never rides in one. The per-site outcome travels as
//! metadata of the stream's schema message, which stock clients ignore.

mod actions;
mod auditing;
mod cancel;
mod describe;
mod door;
mod fetch;
mod handles;
mod keys;
mod metadata;
mod note;
mod parameters;
mod poll;
mod polled;
mod prepare;
mod prove;
mod service;
mod session;
mod shared;
mod sql;
mod status;
mod types;

use std::sync::Arc;

use arrow_flight::flight_service_server::FlightServiceServer;

pub(crate) use handles::{Bounds as HandleBounds, Handles};
pub use status::{ANSWER_TRAILER, REFUSAL_TRAILER};

use crate::state::State;

/// The largest message in either direction; the stock driver's own limit.
const MESSAGE_BYTES: usize = 16 * 1024 * 1024;

/// The Flight SQL service.
pub(crate) fn service(state: Arc<State>) -> FlightServiceServer<door::Door> {
    FlightServiceServer::new(door::Door::new(state))
        .max_decoding_message_size(MESSAGE_BYTES)
        .max_encoding_message_size(MESSAGE_BYTES)
}
