//! The sites: a link to each, and what its node last said about itself.
//!
//! A profile is for showing and for coverage; nothing is decided on it. It outlives its connection, so that the share
//! of persons at silent sites stays known.

mod codes;
mod copies;
mod cosign;
mod profile;
mod watch;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use renkei_service::{LinkState, PeerStream, SiteLink};
use renkei_types::{Clock, SiteId};

pub(crate) use codes::{Code, Codes};
pub(crate) use copies::{Copies, folder as copy_folder};
pub(crate) use cosign::{Cosigning, LogState};
pub(crate) use profile::{Profile, Seal, plain};
pub(crate) use watch::{watch, watch_dialled};

use crate::config;

/// The largest message that a node may send.
pub(crate) const MESSAGE_BYTES: usize = 16 * 1024 * 1024;

/// One site.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) id: SiteId,
    pub(crate) name: String,
    pub(crate) link: SiteLink,
    profile: RwLock<Option<Arc<Profile>>>,
    codes: RwLock<Arc<Codes>>,
    log: RwLock<LogState>,
    /// Whether what it hands out of its log is not what it signed.
    forged: AtomicBool,
}

impl Site {
    /// What the node last said about itself.
    pub(crate) fn profile(&self) -> Option<Arc<Profile>> {
        self.profile.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_profile(&self, profile: Profile) {
        *self.profile.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(profile));
    }

    /// The codes that it last published.
    pub(crate) fn codes(&self) -> Arc<Codes> {
        Arc::clone(&self.codes.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_codes(&self, codes: Codes) {
        *self.codes.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(codes);
    }

    /// How its log stands; nothing is known of the log of a site without connection, unless it was an alarm.
    pub(crate) fn log(&self) -> LogState {
        let mut state = *self.log.read().unwrap_or_else(PoisonError::into_inner);
        if self.forged.load(Ordering::Relaxed) {
            state = LogState::Alarm;
        }
        if self.link.is_connected() || state == LogState::Alarm { state } else { LogState::Unwitnessed }
    }

    pub(crate) fn set_log(&self, state: LogState) {
        *self.log.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    pub(crate) fn set_forged(&self, forged: bool) {
        self.forged.store(forged, Ordering::Relaxed);
    }

    /// The state of the link at this moment.
    pub(crate) fn state(&self) -> LinkState {
        self.link.state().borrow().clone()
    }

    pub(crate) fn client(&self) -> renkei_proto::v1::node_client::NodeClient<tonic::transport::Channel> {
        renkei_proto::v1::node_client::NodeClient::new(self.link.channel())
            .max_decoding_message_size(MESSAGE_BYTES)
            .max_encoding_message_size(MESSAGE_BYTES)
    }
}

/// Every site of the consortium. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Sites(Arc<BTreeMap<SiteId, Arc<Site>>>);

impl Sites {
    /// Links without connections; make them within the runtime that uses them.
    pub(crate) fn new(sites: &[config::Site], clock: &Arc<dyn Clock>) -> Self {
        let site = |site: &config::Site| {
            let link = SiteLink::new(site.id.clone(), Arc::clone(clock));
            let (profile, codes, log) = (RwLock::new(None), RwLock::default(), RwLock::default());
            let (name, forged) = (site.name.clone(), AtomicBool::new(false));
            (site.id.clone(), Arc::new(Site { id: site.id.clone(), name, link, profile, codes, log, forged }))
        };
        Self(Arc::new(sites.iter().map(site).collect()))
    }

    pub(crate) fn get(&self, id: &SiteId) -> Option<&Arc<Site>> {
        self.0.get(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Site>> {
        self.0.values()
    }

    /// Takes a connection that a node dialled; one of an unknown site is dropped.
    pub(crate) fn attach(&self, id: &SiteId, stream: PeerStream) {
        match self.get(id) {
            Some(site) => site.link.attach(stream),
            None => tracing::warn!(site = %id, "a node dialled whose site is not in the configuration"),
        }
    }

    /// Ends every connection.
    pub(crate) fn disconnect(&self) {
        self.iter().for_each(|site| site.link.disconnect());
    }
}
