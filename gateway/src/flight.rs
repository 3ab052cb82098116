//! The door towards clients: Arrow Flight SQL, as the stock ADBC driver speaks it.
//!
//! A statement is planned when its FlightInfo is asked for and runs when its stream is fetched, so that dropping the
//! fetch cancels all of it. Handles and tickets are random, known to this process alone and bound to the person who got
//! them; SQL never rides in one. The per-site outcome travels as metadata of the stream's schema message, which stock
//! clients ignore.

mod fetch;
mod handles;
mod metadata;
mod parameters;
mod prepare;
mod service;
mod status;

use std::sync::Arc;

use arrow_flight::flight_service_server::FlightServiceServer;

pub(crate) use handles::Handles;
pub use status::{ANSWER_TRAILER, REFUSAL_TRAILER};

use crate::state::State;

/// The largest message in either direction; the stock driver's own limit.
const MESSAGE_BYTES: usize = 16 * 1024 * 1024;

/// The Flight SQL service.
pub(crate) fn service(state: Arc<State>) -> FlightServiceServer<service::FlightSql> {
    FlightServiceServer::new(service::FlightSql::new(state))
        .max_decoding_message_size(MESSAGE_BYTES)
        .max_encoding_message_size(MESSAGE_BYTES)
}
