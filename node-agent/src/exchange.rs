//! The node's side of cosigning: it shows the gateway what its log has signed, and cosigns what it is shown.
//!
//! The gateway passes on checkpoints and cosignatures of other sites, so that each node is a witness of the others. The
//! gateway is not believed in any of it: every checkpoint is signed by its own log and every cosignature by its witness,
//! under keys that were configured or are remembered from their first sight. Sites that it invents look like real ones,
//! so that there is a bound to what is recorded of all of them ([`allowance`]).

mod allowance;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use renkei_audit::note::VerifierKey;
use renkei_audit::store::ReadError;
use renkei_audit::witness::Ask;
use renkei_pki::{PeerName, PeerRole};
use renkei_proto::cosigning::{cosigned, proof, read_cosigned, read_showing, showing};
use renkei_proto::v1::said::What;
use renkei_proto::v1::{ExchangeRequest, ExchangeResponse, Proof, ProveResponse, Said as Told, Showing};
use renkei_service::signed_log::{Cosigner, Said, head};
use renkei_types::Clock;
use tokio::sync::Mutex;

use allowance::Allowances;

/// Logs that are looked at in one exchange, and proofs that are made.
const MOST: usize = 256;

/// The node's half of an exchange.
#[derive(Debug)]
pub(crate) struct Exchange {
    cosigner: Arc<Cosigner>,
    gateway: PeerName,
    clock: Arc<dyn Clock>,
    /// Held through an exchange: one comes after the other.
    allowances: Mutex<Allowances>,
}

impl Exchange {
    /// The side of this log, towards one gateway.
    pub(crate) fn new(cosigner: Arc<Cosigner>, gateway: PeerName, clock: Arc<dyn Clock>) -> Self {
        let allowances = Mutex::new(Allowances::full(clock.now()));
        Self { cosigner, gateway, clock, allowances }
    }

    /// Looks at what is shown, takes up what was cosigned, and shows the newest checkpoint.
    pub(crate) async fn answer(&self, request: ExchangeRequest) -> ExchangeResponse {
        let mut allowed = self.allowances.lock().await;
        allowed.fill(self.clock.now());
        if !request.refused.is_empty() {
            // Whoever refuses may lie: it is somebody's to look at, and nothing more.
            self.cosigner.alarm(self.cosigner.key().name(), "the gateway does not cosign this log").await;
        }
        for sent in request.cosigned.iter().take(MOST).take_while(|_| allowed.cosigned.take()) {
            let taken = match read_cosigned(sent) {
                Ok((key, note)) if self.is_witness(&key) => self.cosigner.take(&key, note).await,
                _ => Err("not a cosignature of the consortium"),
            };
            if let Err(reason) = taken {
                tracing::warn!(reason, "a cosignature is not taken");
            }
        }
        let mut said = Vec::new();
        if let Some(shown) = request.own.as_ref().filter(|_| allowed.gateway.take()) {
            said.extend(self.witness(shown, |name| *name == self.gateway).await);
        }
        for shown in request.others.iter().take(MOST).take_while(|_| allowed.sites.take()) {
            said.extend(self.witness(shown, |name| name.role() == PeerRole::Site).await);
        }
        if allowed.exceeded() {
            tracing::warn!(
                "the gateway shows more checkpoints and cosignatures than this log takes; it may invent sites"
            );
        }
        drop(allowed);
        let (own, proofs) = self.show(request.seen, request.prove_from).await;
        ExchangeResponse { own, proofs, said }
    }

    /// The proof that the log holds an entry, under its newest checkpoint.
    pub(crate) fn prove(&self, index: u64) -> Result<ProveResponse, ReadError> {
        let reader = self.cosigner.reader();
        let Some(note) = reader.checkpoint()? else { return Ok(ProveResponse::default()) };
        let size = head(&note).map_or(0, |head| head.size);
        let path = if index < size { reader.inclusion(index, size)?.path } else { Vec::new() };
        let path = path.into_iter().map(|hash| hash.0.to_vec()).collect();
        Ok(ProveResponse { checkpoint: note.to_string(), size, path })
    }

    async fn witness(&self, shown: &Showing, expected: impl Fn(&PeerName) -> bool) -> Option<Told> {
        let (key, ask) = read_showing(shown).ok()?;
        let what = if self.named(&key).is_some_and(|name| expected(&name)) {
            match self.cosigner.witness(&key, ask).await {
                Said::Cosigned(note) => What::Cosigned(cosigned(self.cosigner.witness_key(), &note)),
                Said::From(size) => What::From(size),
                Said::Refused(why) => What::Refused(why.to_owned()),
            }
        } else {
            What::Refused("it is not the log of a member of the consortium".to_owned())
        };
        Some(Told { log: key.name().to_string(), what: Some(what) })
    }

    /// The peer whose key it says it is, if that is of this consortium.
    fn named(&self, key: &VerifierKey) -> Option<PeerName> {
        let name: PeerName = key.name().as_str().parse().ok()?;
        (name.consortium() == self.gateway.consortium()).then_some(name)
    }

    fn is_witness(&self, key: &VerifierKey) -> bool {
        self.named(key).is_some_and(|name| name == self.gateway || name.role() == PeerRole::Site)
    }

    /// The newest checkpoint with a proof from what the gateway saw, and further proofs to it for other witnesses.
    async fn show(&self, seen: u64, prove_from: Vec<u64>) -> (Option<Showing>, Vec<Proof>) {
        let cosigner = Arc::clone(&self.cosigner);
        let made = tokio::task::spawn_blocking(move || -> Result<(Option<Showing>, Vec<Proof>), ReadError> {
            let Some(ask) = cosigner.show(seen)? else { return Ok((None, Vec::new())) };
            let proofs = prove_from.into_iter().take(MOST).map(|from| {
                let Some(Ask { note, proof: path, .. }) = cosigner.show(from)? else { return Ok(None) };
                // One that was signed meanwhile is proven in the next exchange.
                Ok((note.text() == ask.note.text()).then(|| proof(from, &path)))
            });
            let proofs = proofs.collect::<Result<Vec<_>, ReadError>>()?;
            Ok((Some(showing(cosigner.key(), &ask)), proofs.into_iter().flatten().collect()))
        });
        match made.await {
            Ok(Ok(shown)) => shown,
            Ok(Err(error)) => {
                tracing::error!(
                    error = renkei_service::chain(&error),
                    "the audit log cannot be shown to its witnesses"
                );
                (None, Vec::new())
            }
            Err(_) => (None, Vec::new()),
        }
    }
}
