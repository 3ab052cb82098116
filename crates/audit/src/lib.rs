//! The log that two sides sign: who asked what under which approval, and what left.
//!
//! What must stay true: nothing is executed before its INTENT is durable and nothing is answered before its OUTCOME is;
//! no durable record, no answer. An entry that was acknowledged can neither vanish nor change without [`verify`]
//! finding it, as long as the log's owner and all its witnesses do not act together. No entry holds a value derived
//! from a patient's record, and what a site keeps to itself stands in it as a salted commitment.
//!
//! The parts, from the bottom: [`tree`] (RFC 6962, C2SP tlog-tiles), [`note`] (signed notes, checkpoints,
//! cosignatures), [`entry`] (what a leaf says), [`receipt`] (what the asking side keeps), [`witness`] (may this be
//! cosigned), [`signed_file`] (files that one party signs for all), [`clock`] (may the machine's be believed),
//! [`store`] (the log on disk), [`archive`] (old entries, sealed in a folder of their own), [`copy`] (another's log, as
//! far as it was checked), [`verify`] (is it what it was, and do two logs tell the same). Only `store`, `archive`, `copy`
//! and `clock` touch files; time, randomness and keys are given; there is no network and no runtime, so that a node, a
//! gateway and a command line use the same code.
//!
//! One question at a node:
//!
//! ```
//! # use std::sync::Arc;
//! # use renkei_audit::{entry::*, note::*, receipt::Receipt, store::*, tree::Hash};
//! # use renkei_types::*;
//! # fn ask(log: &Log, key: &SigningKey, intent: Draft, outcome: Draft, query: QueryId) -> Result<(), StoreError> {
//! log.append(intent).wait()?; // or .await: durable, so it may be executed
//! let kept = log.append(outcome).wait()?; // durable, so the first byte may leave
//! let Kept { index, leaf, at } = kept;
//! let origin = key.verifier().name().clone();
//! let receipt = Receipt { origin, index, leaf, at, query, result: None };
//! let note = receipt.sign(key).map_err(StoreError::Note)?; // goes with the answer
//! # let _ = note;
//! # Ok(())
//! # }
//! ```

pub mod archive;
pub mod clock;
pub mod copy;
pub mod entry;
pub mod note;
pub mod receipt;
pub mod signed_file;
pub mod store;
pub mod tree;
pub mod verify;
pub mod witness;
