//! renkei-node, the agent at a hospital: records become snapshots, questions become released cells.
//!
//! What must stay true: the node decides. It parses the researcher's own statement, derives the split, applies its own
//! policy and its own minimum of persons, and trusts no check that the gateway made. Nothing derived from a record
//! goes into a log line, an error text or a state; what a question could not be answered for is one opaque code
//! outside and a sentence without values in the node's own log.
//!
//! One folder is one station: [`query`] is what happens to a question, [`engine`] computes in a
//! process of its own ([`worker`]), [`store`] keeps snapshots,
//! [`ingest`] makes them, [`node`] wires the program and keeps the connection.

mod acts;
pub mod audit;
pub mod cli;
pub mod config;
pub mod engine;
mod exchange;
pub mod ingest;
pub mod maps;
pub mod node;
mod optout;
mod profile;
pub mod query;
pub mod registered;
mod service;
mod share;
mod snapshots;
pub mod store;
pub mod worker;
