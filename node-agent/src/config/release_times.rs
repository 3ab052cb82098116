//! Whether answers leave on a grid of times, so that how long they took tells nothing of records.

use serde::Deserialize;

use crate::store::Seal;

/// When answers leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseTimes {
    /// On the grid where the snapshot is one of patients, at once where it is synthetic or public.
    #[default]
    Clinical,
    /// On the grid, whatever the snapshot.
    Always,
}

impl ReleaseTimes {
    /// Whether answers from a snapshot of that seal wait for the grid.
    #[must_use]
    pub fn hold(self, seal: Seal) -> bool {
        match (self, seal) {
            (Self::Always, _) | (_, Seal::Clinical) => true,
            (Self::Clinical, Seal::Synthetic | Seal::Public) => false,
        }
    }
}
