//! The gateway's state behind a face that the compiler does not look through.
//!
//! Each Flight method is a boxed future that has to be `Send`, and each time the compiler proves it for everything that
//! the state is made of, down to the engine's plans: three seconds a method, a minute for the crate. Behind a trait
//! object the proof is made once, here.

use std::ops::Deref;
use std::sync::Arc;

use crate::state::State;

trait Holds: Send + Sync {
    fn state(&self) -> &Arc<State>;
}

impl Holds for Arc<State> {
    fn state(&self) -> &Self {
        self
    }
}

/// Cheap to share.
pub(super) struct Shared(Arc<dyn Holds>);

impl Shared {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self(Arc::new(state))
    }
}

impl Deref for Shared {
    type Target = Arc<State>;

    fn deref(&self) -> &Arc<State> {
        self.0.state()
    }
}
