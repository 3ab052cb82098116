//! x

pub mod entry;
pub mod note;
pub mod receipt;
pub mod store;
pub mod tree;
pub mod verify;
pub mod witness;
