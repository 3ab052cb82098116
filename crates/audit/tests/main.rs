//! The promises of the audit log, kept on real files: what is acknowledged stays, what is changed is found.

mod common;
mod compat;
mod kill;
mod mutate;
mod reconcile;
mod speed;
mod store;
mod witness;
