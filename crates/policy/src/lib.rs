//! May this be asked? Pure: policy, facts, who and when in; a [`Permit`] or a [`Denial`] out.
//!
//! What must stay true: a [`Permit`] can be made by [`decide`] alone, and everything that touches records demands one;
//! what no rule allows is denied; the site's own numbers can only be tightened by a project, never loosened. A minimum
//! below [`FLOOR`] persons is possible only on a snapshot that was sealed as synthetic or public when it was made.

mod decide;
mod site;

pub use decide::{Ask, Denial, Permit, decide};
pub use site::{Grant, Seal, SitePolicy, Tables};

/// The lowest minimum of persons that a site may set for clinical records (SECURITY: compile-time floor).
pub const FLOOR: u32 = 5;

/// The minimum of persons per cell unless a site sets another: the publication rule of the NDB, 10.
pub const DEFAULT_MINIMUM: u32 = 10;
