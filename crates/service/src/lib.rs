//! Harness of the programs: configuration, telemetry, signals, signed logs, and TLS connections as gRPC transports.
//!
//! What must stay true:
//! - Every connection carries the name its certificate proved ([`PeerInfo`]); nothing reaches a gRPC service over a
//!   stream whose peer was not admitted by [`Listener`] or checked by a dialler.
//! - The end of a connection is an event that both sides see at once ([`StreamHandle::closed`]), and either side can
//!   force it ([`StreamHandle::abort`]); a drain therefore always has a hard limit.
//! - A node counts as connected when the gateway's first request has arrived, never earlier: with TLS 1.3 the dialler
//!   finishes its handshake before the listener has judged its certificate. Only then does the back-off start anew.
//! - Nothing here is process-wide but the tracing subscriber and the signal handlers, each installed by one call in
//!   `main`.
//!
//! Layout: [`config`], [`telemetry`], [`shutdown`] and [`signed_log`] are the programs' frame. Of the
//! connection, [`PeerStream`] is the
//! byte stream, [`Listener`] admits, [`Dialler`] dials with [`Backoff`], [`NodeSession`] and [`NodeListener`] serve a
//! node's gRPC routes on either kind of stream, [`SiteLink`] is the gateway's channel to one site over whichever stream
//! that site has at the moment, [`http2`] holds the common HTTP/2 settings, and [`classify`] says what a failed call
//! means.
//!
//! Rejected: tonic's own TLS and connectors (no ALPN routing, no peer names, no notice of a lost connection); a
//! tunnelling protocol of our own over the dialled connection; a fresh channel per re-dialled connection (every caller
//! would have to retry; a channel whose connector waits survives a re-dial by itself).

pub mod config;
mod connection;
mod error;
pub mod shutdown;
pub mod signed_log;
pub mod telemetry;

pub use connection::backoff::{Backoff, Jitter};
pub use connection::dial::{Dialler, Target, TargetError};
pub use connection::failure::{Failure, classify};
pub use connection::greeting::GREETING_PATH;
pub use connection::http2;
pub use connection::listen::{Gate, ListenError, Listener};
pub use connection::node_listener::NodeListener;
pub use connection::session::{NodeSession, SessionState};
pub use connection::site::{LinkState, SiteDialler, SiteLink};
pub use connection::stream::{PeerInfo, PeerStream, Protocol, StreamHandle};
pub use connection::trouble::Trouble;
pub use error::chain;

/// The protocol of a connection on which the node is the HTTP/2 server, whoever dialled it.
pub const ALPN_NODE: &str = "renkei-node/1";
/// The protocol of a client's connection to the gateway: plain HTTP/2.
pub const ALPN_CLIENT: &str = "h2";
