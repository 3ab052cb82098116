//! Receipts: what the logs of the gateway and of the hospitals promised of each answer.
//!
//! One file for each question, `<query id>.json` in the person's data folder, holds what was asked and what came back
//! with it: the statement, its parameters, the account of the answer (sites, states, snapshots), a hash of its rows
//! and the signed receipts. Signatures are checked when the answer arrives; that the logs hold what they promised is
//! checked later, when they have signed a head over it. Keys are remembered in `keys.json` from the first sight of
//! each log, so that another key is noticed. Files are put in place whole; a question's file is written once when its
//! answer is whole, and again when a proof comes.

mod check;
mod store;

pub use check::{Verdict, at_once, prove};
pub use store::{Kept, Rows, Store};
