//! x

pub mod entry;
pub mod note;
pub mod receipt;
pub mod tree;
pub mod witness;
