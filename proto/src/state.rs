//! States on the wire and states in the program.

use renkei_types::SiteState;

use crate::v1::State;

/// A state that this version does not know: the answer is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the node answered with a state that this version does not know ({0})")]
pub struct UnknownState(pub i32);

/// The state that a node reports.
///
/// # Errors
/// [`UnknownState`] for a number that is none, unspecified included.
pub fn site_state(wire: i32) -> Result<SiteState, UnknownState> {
    match State::try_from(wire) {
        Ok(State::Answered) => Ok(SiteState::Answered),
        Ok(State::AnsweredHeld) => Ok(SiteState::AnsweredHeld),
        Ok(State::Refused) => Ok(SiteState::Refused),
        Ok(State::NotMapped) => Ok(SiteState::NotMapped),
        Ok(State::NotApproved) => Ok(SiteState::NotApproved),
        Ok(State::Failed) => Ok(SiteState::Failed),
        Ok(State::Unspecified) | Err(_) => Err(UnknownState(wire)),
    }
}

/// The state as a node sends it; what a node cannot say about itself is a failure.
#[must_use]
pub fn node_state(state: SiteState) -> State {
    match state {
        SiteState::Answered => State::Answered,
        SiteState::AnsweredHeld => State::AnsweredHeld,
        SiteState::Refused => State::Refused,
        SiteState::NotMapped => State::NotMapped,
        SiteState::NotApproved => State::NotApproved,
        SiteState::Failed | SiteState::Offline | SiteState::Late | SiteState::Pooled => State::Failed,
    }
}
