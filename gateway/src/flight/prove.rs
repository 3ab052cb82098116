//! `renkei.ProveReceipt`: the proof that a log holds what its receipt promised.
//!
//! The request is JSON, `{"log": name, "index": number}`; the answer is `{"checkpoint": note, "inclusion": proof}`, the
//! latter null as long as the log has not signed a head over the entry. The proof of a site's log comes from its node.
//! It is made of hashes alone, so that whoever is known here may have it.

use std::time::Duration;

use bytes::Bytes;
use renkei_audit::note::MAX_NOTE;
use renkei_audit::receipt::Inclusion;
use renkei_audit::store::{ReadError, Reader};
use renkei_audit::tree::Hash;
use renkei_proto::v1::ProveRequest;
use renkei_service::signed_log::head;
use serde::{Deserialize, Serialize};
use tonic::Status;

use crate::sites::Site;
use crate::state::State;

/// The action.
pub(super) const ACTION: &str = "renkei.ProveReceipt";

const PATIENCE: Duration = Duration::from_secs(5);
/// Hashes of a proof at most.
const MAX_PATH: usize = 64;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    log: String,
    index: u64,
}

#[derive(Debug, Serialize)]
struct Proof {
    checkpoint: String,
    inclusion: Option<Inclusion>,
}

/// Answers the action.
pub(super) async fn answer(state: &State, body: &[u8]) -> Result<Bytes, Status> {
    let asked: Asked = serde_json::from_slice(body)
        .map_err(|_| Status::invalid_argument("the request cannot be read: send {\"log\": name, \"index\": number}"))?;
    let own = state.audit.cosigner.key().name();
    let proof = if asked.log == own.as_str() {
        let reader = state.audit.cosigner.reader();
        let made = tokio::task::spawn_blocking(move || prove(&reader, asked.index)).await;
        made.map_err(|_| Status::unavailable("the proof could not be made"))?.map_err(|error| {
            tracing::error!(error = renkei_service::chain(&error), "the audit log cannot be read");
            Status::unavailable("the gateway's log cannot be read")
        })?
    } else {
        let site = state.sites.iter().find(|site| state.audit.log_of(&site.id) == asked.log);
        of_site(site.ok_or_else(|| Status::not_found("the gateway does not know this log"))?, asked.index).await?
    };
    Ok(serde_json::to_vec(&proof).unwrap_or_default().into())
}

fn prove(reader: &Reader, index: u64) -> Result<Proof, ReadError> {
    let Some(note) = reader.checkpoint()? else { return Ok(Proof { checkpoint: String::new(), inclusion: None }) };
    let size = head(&note).map_or(0, |head| head.size);
    let inclusion = (index < size).then(|| reader.inclusion(index, size)).transpose()?;
    Ok(Proof { checkpoint: note.to_string(), inclusion })
}

async fn of_site(site: &Site, index: u64) -> Result<Proof, Status> {
    if !site.link.is_connected() {
        return Err(Status::unavailable("the site has no connection; ask again later"));
    }
    let mut client = site.client();
    let asked = tokio::time::timeout(PATIENCE, client.prove(ProveRequest { index })).await;
    let answer = match asked {
        Ok(Ok(answer)) => answer.into_inner(),
        Ok(Err(_)) => return Err(Status::unavailable("the site gives no proofs")),
        Err(_) => return Err(Status::unavailable("the site did not answer in time; ask again later")),
    };
    let path: Option<Vec<Hash>> =
        answer.path.iter().take(MAX_PATH + 1).map(|hash| hash.as_slice().try_into().map(Hash).ok()).collect();
    let path = path.filter(|path| path.len() <= MAX_PATH && answer.checkpoint.len() <= MAX_NOTE);
    let Some(path) = path else { return Err(Status::unavailable("the site's proof cannot be read")) };
    let inclusion = (index < answer.size).then_some(Inclusion { index, size: answer.size, path });
    Ok(Proof { checkpoint: answer.checkpoint, inclusion })
}
