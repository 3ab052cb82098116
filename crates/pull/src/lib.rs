//! Records that a hospital has behind a server, fetched into a local folder that ingest then reads as files.
//!
//! What must stay true: this crate only reads, from servers that the hospital's own configuration names; what it
//! fetches stays in the folder it is given. A folder is complete or visibly not: an attempt that ends half-way leaves
//! nothing that could be taken for the whole, and two at a time do not get the same folder. Bodies and rows of any size
//! pass through bounded memory. Connections are encrypted and the server's name is checked, unless the server is this
//! machine. Errors say what is wrong, where, and what to do, and never repeat a value, a password or a token
//! ([`Error`]).
//!
//! Rejected: reading servers as the query engine's tables. A question would then load the hospital's server at any
//! hour, and there would be no snapshot to which an answer belongs.

pub mod bulk;
mod disk;
mod error;
pub mod postgres;
mod secret;
mod tls;

pub use error::{Error, Kind};
