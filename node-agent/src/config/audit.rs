//! What the configuration says of the signed log.

use renkei_service::signed_log::{PeerKey, Settings};
use serde::Deserialize;

/// The signed log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// Keys of other logs and witnesses, in place of those that were first seen.
    pub peers: Vec<PeerKey>,
    /// Whether the gateway may keep a copy of the log. What is sealed in it does not leave.
    pub share: bool,
}

impl Default for Audit {
    fn default() -> Self {
        Self { peers: Vec::new(), share: true }
    }
}

impl Audit {
    /// What a log of any program needs of it.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings { peers: self.peers.clone() }
    }
}
