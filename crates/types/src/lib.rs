//! The vocabulary that every other crate shares: identifiers, error codes, site states, the clock, the grid
//! of percentiles.
//!
//! What must stay true: this crate does no IO, reads no clock of its own and draws no randomness, so that everything
//! above it can be tested with data alone. Identifiers are newtypes that are validated once, at the edge; a
//! [`Code`] is stable for ever, since people search for it, scripts branch on it and the audit log keeps it.

mod clock;
mod code;
pub mod grid;
mod id;
mod refusal;
mod site_state;

pub use clock::{Clock, FixedClock, SystemClock, Timestamp};
pub use code::{Class, Code};
pub use id::{ConsortiumId, IdError, PersonId, ProjectId, QueryId, SiteId, SnapshotId};
pub use refusal::{Position, Refusal};
pub use site_state::{SiteOutcome, SiteState};
