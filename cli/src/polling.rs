//! Asking by polls, so that whoever sits at the terminal sees which hospitals are still at work.
//!
//! A question that is polled goes on without a call, so that going away does not end it: an interrupted command has to
//! cancel it, and [`Running`] is what it cancels.

use std::sync::{Arc, Mutex, PoisonError};

use arrow_flight::FlightInfo;
use serde::Deserialize;

use crate::client::Client;

/// How far a question has come, as the gateway tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Stage {
    /// Sites that were asked.
    pub sites_asked: usize,
    /// Sites that have ended.
    pub sites_done: usize,
    sites: Vec<Site>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Site {
    site: String,
    state: String,
}

impl Stage {
    /// Reads it. It is for showing only, so that one that cannot be read is as good as none.
    pub fn read(json: &[u8]) -> Self {
        serde_json::from_slice(json).unwrap_or_default()
    }

    /// The sites that have not ended.
    pub fn waiting(&self) -> impl Iterator<Item = &str> {
        self.sites.iter().filter(|site| site.state == "waiting").map(|site| site.site.as_str())
    }
}

/// The question that goes on between polls, if there is one.
#[derive(Debug, Clone, Default)]
pub struct Running(Arc<Mutex<Option<(Client, FlightInfo)>>>);

impl Running {
    /// A question goes on.
    pub fn set(&self, client: Client, info: FlightInfo) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((client, info));
    }

    /// It has ended.
    pub fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Cancels it, so that the hospitals stop.
    pub async fn cancel(&self) {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((mut client, info)) = running {
            client.cancel(info).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_tells_who_is_waited_for() {
        let json = br#"{"query_id":"q","sites_asked":3,"sites_done":1,"sites":[{"site":"kyoto","state":"waiting"},
            {"site":"osaka","state":"offline","code":"E-OFFLINE"},{"site":"tokyo","state":"waiting"}],"novelty":1}"#;
        let stage = Stage::read(json);
        assert_eq!((stage.sites_done, stage.sites_asked), (1, 3));
        assert_eq!(stage.waiting().collect::<Vec<_>>(), ["kyoto", "tokyo"]);
        for nothing in [b"".as_slice(), b"{", b"7", b"null"] {
            assert_eq!(Stage::read(nothing), Stage::default());
        }
    }
}
