//! The wire between gateway and node: protobuf messages, their generated Rust, and Arrow IPC for what they carry.
//!
//! What must stay true: these types stop at the door. Handlers turn them into the types of `renkei-types` and
//! `renkei-plan` at once, and unknown enum values mean refusal. The generated code is committed, so that a build needs
//! no protobuf compiler; a test generates it again and compares. Arrow IPC bytes from the other side are hostile until
//! they are decoded: sizes are bounded by [`ipc::MAX_BYTES`] and the schema is checked by whoever asked.

/// Version 1 of the protocol.
#[expect(
    missing_docs,
    clippy::all,
    clippy::allow_attributes_without_reason,
    unused_qualifications,
    reason = "generated"
)]
pub mod v1 {
    include!("generated/renkei.v1.rs");
}

pub mod cells;
pub mod cosigning;
pub mod ipc;
pub mod rows;
mod state;

pub use state::{UnknownState, node_state, site_state};
