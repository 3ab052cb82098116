//! Sets of codes that the gateway resolved: how many of them the site holds data for.

use renkei_plan::{ReleasePoint, Split};

use super::execute::Executed;

/// Codes that are recorded for at least the minimum of persons, by feed.
pub(crate) type CodesHeld = Vec<(usize, usize)>;

/// What counts the codes of the question's sets, once a question.
pub(super) fn held_in(split: &Split, round: usize) -> Vec<ReleasePoint> {
    if round > 0 {
        return Vec::new();
    }
    split.code_sets().filter_map(|(_, set)| set.held.clone()).collect()
}

/// How many codes of each set were listed.
pub(super) fn counted(executed: Executed) -> CodesHeld {
    executed.cells.into_iter().map(|(feed, codes)| (feed, codes.batch().num_rows())).collect()
}
