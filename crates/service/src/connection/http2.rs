//! The HTTP/2 settings that all connections share, with their reasons.
//!
//! - Frames of up to 256 KiB: a fifth to two fifths more throughput than the default of 16 KiB.
//! - Keepalive on both sides, also while idle: a dead peer is noticed within interval plus timeout, and without it
//!   never; the TCP settings do nothing on a connection that was handed over.
//! - Windows are fixed rather than adaptive. Adaptive windows give the connection no more than one stream, so a single
//!   result that is not being read would stop everything else, even a unary reply. Here the connection has room for
//!   sixteen full streams, and that product bounds what unread results can hold in memory.

use std::time::Duration;

use tonic::transport::{Endpoint, Server};

/// The largest frame that is accepted.
pub const FRAME: u32 = 256 * 1024;
/// What one unread stream may hold.
pub const STREAM_WINDOW: u32 = 4 * 1024 * 1024;
/// What all unread streams of a connection may hold together.
pub const CONNECTION_WINDOW: u32 = 16 * STREAM_WINDOW;
/// Streams that a peer may have open on one connection.
pub const STREAMS: u32 = 256;
/// How often a silent peer is asked whether it is there.
pub const KEEPALIVE: Duration = Duration::from_secs(10);
/// How long it has to answer.
pub const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// A server with these settings; add layers and routes.
#[must_use]
pub fn server() -> Server {
    Server::builder()
        .max_frame_size(FRAME)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAMS)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
}

/// The client's side of a connection that was handed over: the scheme must be plain, TLS lies beneath.
pub(crate) fn endpoint() -> Endpoint {
    Endpoint::from_static("http://site.invalid")
        .max_frame_size(FRAME)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
}
