//! A refusal together with what the sites said, where they were asked.

use renkei_types::Refusal;

use crate::Answered;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) refusal: Refusal,
    /// How each site ended, where sites were asked.
    pub(crate) answered: Option<Box<Answered>>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, answered: None }
    }
}
