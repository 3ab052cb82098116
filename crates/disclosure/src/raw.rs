//! Cells as the engine computed them; they never leave the process in this form.

use arrow_array::{ArrayRef, Int64Array, StructArray};
use arrow_schema::SchemaRef;

/// Raw cells of one release point, one row per cell.
pub struct Raw {
    /// The schema of the cells on the wire: keys, then one struct per state.
    pub schema: SchemaRef,
    /// Group keys.
    pub keys: Vec<ArrayRef>,
    /// States, in order.
    pub states: Vec<RawState>,
    /// Distinct persons per cell; `None` where the permit does not ask for them.
    pub persons: Option<Int64Array>,
}

/// One aggregate's state in every cell.
pub struct RawState {
    /// The state's struct, without nulls.
    pub state: StructArray,
    /// Distinct persons who contribute; `None` where all of the cell's do.
    pub contributors: Option<Int64Array>,
    /// Whether the rest of the cell has to be protected as well.
    pub conditional: bool,
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Raw")
            .field("keys", &self.keys.len())
            .field("states", &self.states.len())
            .finish_non_exhaustive()
    }
}
