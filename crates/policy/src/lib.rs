//! May this be asked? Pure: policy, facts, who and when in; a [`Permit`] or a [`Denial`] out.
//!
//! What must stay true: a [`Permit`] can be made by [`decide`] alone, and everything that touches records demands one;
//! what no rule allows is denied; the site's own numbers can only be tightened by a project, never loosened. A minimum
//! below [`FLOOR`] persons is possible only on a snapshot that was sealed as synthetic or public when it was made. Levels
//! are ordered, and a site's own level caps every grant; what a lower level forbids is refused with a code and what to
//! write instead, never rewritten in silence.

mod ask;
mod decide;
mod registered;
mod site;

pub use ask::{Ask, Exploration, OffGrid};
pub use decide::{Denial, MAX_DIMENSIONS, Permit, decide};
pub use registered::{Exemption, Registration, Registry, Text};
pub use site::{Budget, Grant, Level, Mode, Seal, SitePolicy, Tables};

/// The lowest minimum of persons that a site may set for clinical records (SECURITY: compile-time floor).
pub const FLOOR: u32 = 5;

/// The minimum of persons per cell unless a site sets another: the publication rule of the NDB, 10.
pub const DEFAULT_MINIMUM: u32 = 10;
