//! Connections between programs, from the byte stream up to the gRPC channel.

pub(crate) mod backoff;
pub(crate) mod dial;
pub(crate) mod failure;
pub(crate) mod greeting;
pub mod http2;
pub(crate) mod listen;
pub(crate) mod node_listener;
pub(crate) mod session;
pub(crate) mod site;
pub(crate) mod stream;
pub(crate) mod trouble;
