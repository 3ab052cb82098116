//! Cosigning with each site, and passing on what the sites show to each other.
//!
//! Every ten seconds each connected node is shown the gateway's newest checkpoint and those of the other sites, shows its
//! own, and brings the cosignatures that it made. A checkpoint travels to a witness with the proof from what that
//! witness saw last; the proofs of a site's log come from its node, on request. What is kept here can be lost: the
//! witnesses say what they saw last, and all of it is asked for again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use renkei_audit::note::{Note, Origin, VerifierKey};
use renkei_audit::tree::Hash;
use renkei_audit::witness::Ask;
use renkei_pki::PeerName;
use renkei_proto::cosigning::{cosigned, read_cosigned, read_proof, read_showing, showing};
use renkei_proto::v1::said::What;
use renkei_proto::v1::{Cosigned, ExchangeRequest, ExchangeResponse};
use renkei_service::LinkState;
use renkei_service::signed_log::{self, Cosigner, Said, head};
use renkei_types::{SiteId, Timestamp};
use tokio_util::sync::CancellationToken;

use super::Site;

const EVERY: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(5);
/// Exchanges in a row, while there is something to bring at once.
const IN_A_ROW: usize = 3;
/// Cosignatures that wait for one site.
const WAITING: usize = 256;

/// How the log of a site stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum LogState {
    /// Gateway and site have not cosigned each other since the gateway started, or the site is of a version that cannot.
    #[default]
    Unwitnessed,
    /// Each has cosigned the other's newest checkpoint.
    Cosigned,
    /// One of the logs contradicts what was seen of it.
    Alarm,
}

impl LogState {
    /// As `renkei.sites` shows it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unwitnessed => "unwitnessed",
            Self::Cosigned => "ok",
            Self::Alarm => "alarm",
        }
    }
}

/// What sites have shown and said. Shared by the exchanges with all of them.
#[derive(Debug)]
pub(crate) struct Cosigning {
    cosigner: Arc<Cosigner>,
    gateway: PeerName,
    board: Mutex<Board>,
}

#[derive(Debug, Default)]
struct Board {
    shown: BTreeMap<SiteId, Shown>,
    /// The size of each log that each site saw last.
    saw: BTreeMap<(SiteId, Origin), u64>,
    /// Cosignatures to bring to each site.
    waiting: BTreeMap<SiteId, Vec<Cosigned>>,
}

/// A site's newest checkpoint that the gateway cosigned, with proofs to it.
#[derive(Debug)]
struct Shown {
    key: VerifierKey,
    note: Note,
    proofs: BTreeMap<u64, Vec<Hash>>,
    /// Since when the connection stands on which it was shown last.
    connected: Option<Timestamp>,
}

/// What came of one exchange.
struct Came {
    state: LogState,
    /// Whether there is something to bring to the site at once.
    again: bool,
    /// Why the site's checkpoint is not cosigned.
    refused: Option<&'static str>,
}

impl Cosigning {
    pub(crate) fn new(cosigner: Arc<Cosigner>, gateway: PeerName) -> Self {
        Self { cosigner, gateway, board: Mutex::default() }
    }

    /// Exchanges with a site while it is connected, until `shutdown`.
    pub(crate) async fn run(self: Arc<Self>, site: Arc<Site>, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.for_ever(&site)).await;
    }

    async fn for_ever(&self, site: &Site) {
        let mut link = site.link.state();
        // The sender lives in the link, which `site` holds.
        while link.wait_for(LinkState::is_connected).await.is_ok() {
            let mut refused = None;
            for _ in 0..IN_A_ROW {
                let came = self.exchange(site, refused.take()).await;
                site.set_log(came.state);
                refused = came.refused;
                if !came.again && refused.is_none() {
                    break;
                }
            }
            drop(tokio::time::timeout(EVERY, link.changed()).await);
        }
    }

    /// The newest checkpoint of a site's log that the gateway cosigned, with the log's key; none before the first
    /// exchange on the present connection: another one may be another log's.
    pub(super) fn shown(&self, site: &Site) -> Option<(VerifierKey, Note)> {
        let now = connected(site)?;
        let board = self.board();
        let shown = board.shown.get(&site.id).filter(|shown| shown.connected == Some(now))?;
        Some((shown.key.clone(), shown.note.clone()))
    }

    async fn exchange(&self, site: &Site, refused: Option<&'static str>) -> Came {
        let nothing = |state| Came { state, again: false, refused: None };
        let request = match self.request(site, refused) {
            Ok(request) => request,
            Err(error) => {
                tracing::error!(
                    error = renkei_service::chain(&error),
                    "the audit log cannot be shown to its witnesses"
                );
                return nothing(LogState::Unwitnessed);
            }
        };
        let showed = request.own.is_some();
        let (mut client, connected) = (site.client(), connected(site));
        match tokio::time::timeout(PATIENCE, client.exchange(request)).await {
            Ok(Ok(response)) => self.take(site, response.into_inner(), showed, connected).await,
            // A node of an earlier version cosigns nothing.
            Ok(Err(status)) => {
                tracing::debug!(site = %site.id, code = ?status.code(), "no exchange of checkpoints");
                nothing(LogState::Unwitnessed)
            }
            Err(_) => nothing(LogState::Unwitnessed),
        }
    }

    /// The name of a site's log.
    pub(super) fn origin(&self, site: &SiteId) -> Option<Origin> {
        Origin::new(PeerName::site(self.gateway.consortium().clone(), site).to_string()).ok()
    }

    /// What a site is shown and brought.
    fn request(
        &self,
        site: &Site,
        refused: Option<&'static str>,
    ) -> Result<ExchangeRequest, renkei_audit::store::ReadError> {
        let own = self.cosigner.key().name();
        let theirs = self.origin(&site.id);
        let seen = theirs.as_ref().map_or(0, |origin| self.cosigner.seen(origin));
        let saw = self.board().saw.get(&(site.id.clone(), own.clone())).copied();
        let ask = self.cosigner.show(saw.unwrap_or(0))?;
        // What the site has cosigned is not shown again.
        let ask = ask.filter(|ask| saw.is_none() || head(&ask.note).is_none_or(|head| Some(head.size) != saw));
        let mut board = self.board();
        let cosigned = board.waiting.remove(&site.id).unwrap_or_default();
        let last = |of: &SiteId, origin: &Origin| board.saw.get(&(of.clone(), origin.clone())).copied().unwrap_or(0);
        let others = board.shown.iter().filter(|(other, _)| **other != site.id).filter_map(|(_, shown)| {
            let old_size = last(&site.id, shown.key.name());
            let size = head(&shown.note)?.size;
            let proof = if old_size == 0 { Some(Vec::new()) } else { shown.proofs.get(&old_size).cloned() };
            let ask = Ask { old_size, proof: proof.filter(|_| old_size != size)?, note: shown.note.clone() };
            Some(showing(&shown.key, &ask))
        });
        let others = others.collect();
        let witnesses: BTreeSet<SiteId> = board.saw.keys().map(|(witness, _)| witness.clone()).collect();
        let sizes = witnesses.iter().filter(|witness| **witness != site.id);
        let prove_from: BTreeSet<u64> =
            theirs.map_or_else(BTreeSet::new, |origin| sizes.map(|witness| last(witness, &origin)).collect());
        Ok(ExchangeRequest {
            own: ask.map(|ask| showing(self.cosigner.key(), &ask)),
            others,
            cosigned,
            seen,
            prove_from: prove_from.into_iter().filter(|size| *size > 0).collect(),
            refused: refused.unwrap_or_default().to_owned(),
        })
    }

    async fn take(&self, site: &Site, response: ExchangeResponse, showed: bool, connected: Option<Timestamp>) -> Came {
        let mut came = Came { state: LogState::Cosigned, again: false, refused: None };
        for told in response.said.iter().take(WAITING) {
            let Ok(origin) = Origin::new(told.log.as_str()) else { continue };
            match &told.what {
                Some(What::Cosigned(sent)) => self.cosigned(site, &origin, sent).await,
                Some(What::From(size)) => {
                    came.again = true;
                    self.board().saw.insert((site.id.clone(), origin), *size);
                }
                Some(What::Refused(why)) => {
                    tracing::warn!(site = %site.id, log = %origin, why = super::plain(why), "not cosigned by a site");
                    if origin == *self.cosigner.key().name() {
                        came.state = LogState::Alarm;
                        let what = format!("the site {} does not cosign this log", site.id);
                        self.cosigner.alarm(&origin, &what).await;
                    }
                }
                None => {}
            }
        }
        if !self.board().saw.contains_key(&(site.id.clone(), self.cosigner.key().name().clone())) {
            came.state = came.state.max_alarm(LogState::Unwitnessed);
        }
        let Some(shown) = &response.own else {
            return Came { state: came.state.max_alarm(LogState::Unwitnessed), ..came };
        };
        let (key, ask) = match read_showing(shown) {
            Ok((key, ask)) if Some(key.name()) == self.origin(&site.id).as_ref() => (key, ask),
            _ => {
                tracing::warn!(site = %site.id, "what the node shows is no checkpoint of its log");
                return Came { state: LogState::Alarm, ..came };
            }
        };
        let proofs = response.proofs.iter().filter_map(|sent| read_proof(sent).ok());
        let proofs: BTreeMap<u64, Vec<Hash>> = proofs.take(WAITING).collect();
        if let Some(known) = self.board().shown.get_mut(&site.id).filter(|known| known.note.text() == ask.note.text()) {
            // Cosigned before.
            known.proofs.extend(proofs);
            known.connected = connected;
            return Came { again: came.again && showed, ..came };
        }
        match self.cosigner.witness(&key, ask.clone()).await {
            Said::Cosigned(note) => {
                let sent = cosigned(self.cosigner.witness_key(), &note);
                let mut board = self.board();
                board.shown.insert(site.id.clone(), Shown { key, note: ask.note, proofs, connected });
                board.bring(&site.id, sent);
                Came { again: true, ..came }
            }
            // Another exchange with this site came between.
            Said::From(_) => Came { again: true, ..came },
            Said::Refused(signed_log::UNRECORDED) => Came { state: LogState::Unwitnessed, ..came },
            Said::Refused(why) => Came { state: LogState::Alarm, again: false, refused: Some(why) },
        }
    }

    /// A site has cosigned a checkpoint: the gateway's, or one of another site, which gets it with the next exchange.
    async fn cosigned(&self, witness: &Site, origin: &Origin, sent: &Cosigned) {
        let Ok((key, note)) = read_cosigned(sent) else { return };
        let Some(size) = head(&note).map(|head| head.size) else { return };
        if Some(key.name()) != self.origin(&witness.id).as_ref() {
            return tracing::warn!(site = %witness.id, "a cosignature under another's name");
        }
        if origin == self.cosigner.key().name() {
            match self.cosigner.take(&key, note).await {
                Ok(()) => _ = self.board().saw.insert((witness.id.clone(), origin.clone()), size),
                Err(reason) => tracing::warn!(site = %witness.id, reason, "a cosignature is not taken"),
            }
            return;
        }
        let mut board = self.board();
        let of = board.shown.iter().find(|(_, shown)| shown.key.name() == origin).map(|(site, _)| site.clone());
        if let Some(of) = of {
            board.saw.insert((witness.id.clone(), origin.clone()), size);
            board.bring(&of, sent.clone());
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Since when the site is connected.
fn connected(site: &Site) -> Option<Timestamp> {
    match site.state() {
        LinkState::Connected { since, .. } => Some(since),
        LinkState::Offline { .. } => None,
    }
}

impl Board {
    fn bring(&mut self, site: &SiteId, sent: Cosigned) {
        let waiting = self.waiting.entry(site.clone()).or_default();
        if waiting.len() < WAITING {
            waiting.push(sent);
        }
    }
}

impl LogState {
    /// The worse of two.
    fn max_alarm(self, other: Self) -> Self {
        if self == Self::Alarm { self } else { other }
    }
}
