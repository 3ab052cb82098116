//! Cells as the engine computed them; they never leave the process in this form.

use arrow_array::{ArrayRef, BinaryArray, StructArray};
use arrow_schema::SchemaRef;

/// Raw cells of one release point, one row per cell.
pub struct Raw {
    /// The schema of the cells on the wire: keys, then one struct per state.
    pub schema: SchemaRef,
    /// Group keys.
    pub keys: Vec<ArrayRef>,
    /// Whether the last key says to which of several grouping sets a cell belongs: an unsigned integer in which bit i
    /// from the lowest, of as many as there are other keys, is set where the i-th key from the last is left out.
    pub sets: bool,
    /// States, in order.
    pub states: Vec<RawState>,
    /// [`Contributions`](crate::Contributions) of all rows of each cell; `None` where the permit does not ask for them.
    pub persons: Option<BinaryArray>,
}

/// One aggregate's state in every cell.
pub struct RawState {
    /// The state's struct, without nulls.
    pub state: StructArray,
    /// [`Contributions`](crate::Contributions) to it; `None` where all rows of the cell contribute.
    pub contributors: Option<BinaryArray>,
    /// [`Contributions`](crate::Contributions) of those whose values no clip has moved; `None` where nothing is clipped.
    pub free: Option<BinaryArray>,
    /// [`Contributions`](crate::Contributions) of those whose values a clip has moved; `None` where nothing is clipped.
    pub moved: Option<BinaryArray>,
    /// Whether the rest of the cell has to be protected as well.
    pub conditional: bool,
    /// Whether amounts are summed, so that the largest contributors have to be looked at.
    pub amounts: bool,
    /// Whether distinct persons are counted, however many rows each has.
    pub presence: bool,
    /// The same for states to which the same rows contribute by what is asked, whatever the records; `None` where that is
    /// not known.
    pub alike: Option<usize>,
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Raw")
            .field("keys", &self.keys.len())
            .field("states", &self.states.len())
            .finish_non_exhaustive()
    }
}
