//! Actions for auditors: the logs that are here, the gateway's own and its copies of the sites', and their entries, bundle
//! by bundle.
//!
//! What must stay true: an auditor reads logs and asks nothing, and nobody else reads logs; that a log was read is in the
//! gateway's own before the first byte leaves. What is handed out is what the log published: bundles under its signed
//! head, without openings. Whoever gets them checks them; the gateway vouches for nothing.

use arrow_flight::Action;
use bytes::Bytes;
use futures::stream;
use renkei_audit::note::{Checkpoint, Head, Note, Origin, VerifierKey};
use renkei_audit::store::Reader;
use renkei_audit::tree::bundle;
use renkei_service::PeerInfo;
use renkei_types::{Code, PersonId, Refusal, Timestamp};
use serde::{Deserialize, Serialize};
use tonic::{Request, Response, Status};

use super::actions::Results;
use super::status;
use crate::audit;
use crate::sites::copy_folder;
use crate::state::State;

/// Lists the logs.
pub(crate) const LOGS: &str = "renkei.AuditLogs";
/// Reads one.
pub(crate) const READ: &str = "renkei.AuditRead";

/// Bundles of 256 entries in one answer at most.
const BUNDLES: u64 = 16;

/// Bytes of cosigned checkpoints in one answer at most.
const NOTE_BYTES: usize = 1 << 20;

/// A log as it is listed.
#[derive(Debug, Serialize)]
struct Listed {
    log: String,
    /// Its key, as whoever runs the gateway has it.
    key: String,
    /// Entries under its newest checkpoint.
    size: u64,
    /// The first entry that is here.
    first: u64,
}

/// Which entries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    log: String,
    /// The first bundle.
    bundle: u64,
    /// Where in the list of cosigned checkpoints, in bytes, to go on.
    #[serde(default)]
    cosigned: u64,
}

/// What goes before the bundles.
#[derive(Debug, Serialize)]
struct Top {
    checkpoint: String,
    cosigned: Vec<String>,
    /// Entries under the checkpoint.
    size: u64,
    /// Bundles that follow.
    bundles: u64,
    /// Whether there is more to ask for.
    more: bool,
    /// When the gateway's copy of a site's log got this checkpoint, microseconds since 1970 UTC; none for its own log.
    #[serde(skip_serializing_if = "Option::is_none")]
    copied_micros: Option<i64>,
}

/// A log that is here: the gateway's own, or a copy of a site's.
struct Kept {
    key: VerifierKey,
    reader: Reader,
    copied: Option<Timestamp>,
}

/// Whether the action is an auditor's.
pub(super) fn is_audit(action: &Action) -> bool {
    matches!(action.r#type.as_str(), LOGS | READ)
}

/// Does what an auditor asks for.
pub(super) async fn respond(
    state: &State,
    person: &PersonId,
    request: &Request<Action>,
) -> Result<Response<Results>, Status> {
    let proof = audit::proof(request.extensions().get::<PeerInfo>());
    let parts = answer(state, person, &proof, request.get_ref()).await;
    let parts = parts.map_err(|refusal| status::status(&refusal))?;
    let results: Vec<_> = parts.into_iter().map(|body| Ok(arrow_flight::Result { body })).collect();
    Ok(Response::new(Box::pin(stream::iter(results))))
}

async fn answer(state: &State, person: &PersonId, proof: &str, action: &Action) -> Result<Vec<Bytes>, Refusal> {
    if !state.auditors.contains(person) {
        let refusal = Refusal::new(Code::Auditor, format!("`{person}` is not among the auditors of this gateway"));
        return Err(refusal.hint("whoever runs the gateway names auditors in its configuration"));
    }
    match action.r#type.as_str() {
        LOGS => {
            let mut listed = Vec::new();
            for Kept { key, reader, .. } in kept(state) {
                // One that has signed nothing yet has nothing to hand out.
                let Some((_, Head { size, .. })) = checkpoint(&reader)? else { continue };
                listed.push(Listed { log: key.name().to_string(), key: key.to_string(), size, first: reader.first() });
            }
            Ok(vec![encode(&listed)?])
        }
        _ => {
            let wanted: Wanted = serde_json::from_slice(&action.body)
                .map_err(|_| Refusal::new(Code::Parameter, "the request cannot be read").hint("send log and bundle"))?;
            read(state, person, proof, &wanted).await
        }
    }
}

async fn read(state: &State, person: &PersonId, proof: &str, wanted: &Wanted) -> Result<Vec<Bytes>, Refusal> {
    let unknown = || {
        Refusal::new(Code::Parameter, format!("there is no log `{}` here", wanted.log))
            .hint(format!("`{LOGS}` lists them"))
    };
    let log = kept(state).into_iter().find(|kept| kept.key.name().as_str() == wanted.log).ok_or_else(unknown)?;
    let reader = log.reader;
    let (note, Head { size, .. }) = checkpoint(&reader)?.ok_or_else(unknown)?;
    let cosigned = reader.cosigned_from(wanted.cosigned, NOTE_BYTES).map_err(|error| {
        tracing::debug!(error = renkei_service::chain(&error), "a place in the list of cosigned checkpoints");
        Refusal::new(Code::Parameter, "the list of cosigned checkpoints does not go on at that place")
            .hint("move the copy away and copy the log anew")
    })?;
    let last = size.div_ceil(256).min(wanted.bundle.saturating_add(BUNDLES));
    let (from, until) = (wanted.bundle.saturating_mul(256), (last * 256).min(size));
    let mut parts = Vec::new();
    for number in wanted.bundle..last {
        let mut entries = reader.bundle(number).map_err(|error| fault(&error))?;
        // What is not signed yet is not handed out.
        entries.truncate(usize::try_from(size - number * 256).unwrap_or(usize::MAX));
        let bytes = bundle(&entries).ok_or_else(|| Refusal::new(Code::Failed, "the log cannot be read"))?;
        parts.push(Bytes::from(bytes));
    }
    state.audit.handed_out(person, proof, &wanted.log, from..until).await?;
    let top = Top {
        checkpoint: note.to_string(),
        cosigned: cosigned.iter().map(ToString::to_string).collect(),
        size,
        bundles: parts.len() as u64,
        more: last < size.div_ceil(256)
            || cosigned.iter().map(|note| note.to_string().len()).sum::<usize>() > NOTE_BYTES / 2,
        copied_micros: log.copied.map(|at| at.0),
    };
    parts.insert(0, encode(&top)?);
    Ok(parts)
}

/// The logs that are here, the gateway's own first.
fn kept(state: &State) -> Vec<Kept> {
    let cosigner = &state.audit.cosigner;
    let mut logs = vec![Kept { key: cosigner.key().clone(), reader: cosigner.reader(), copied: None }];
    for site in state.sites.iter() {
        let folder = copy_folder(&state.state_dir, &site.id);
        let written = std::fs::metadata(folder.join("checkpoint")).and_then(|file| file.modified());
        let name = Origin::new(state.audit.log_of(&site.id)).ok();
        let key = name.and_then(|name| cosigner.peers().log(&name));
        if let (Ok(written), Some(key)) = (written, key) {
            logs.push(Kept { key, reader: Reader::new(&folder), copied: Some(written.into()) });
        }
    }
    logs
}

fn fault(error: &(dyn std::error::Error + 'static)) -> Refusal {
    tracing::warn!(error = renkei_service::chain(error), "the log cannot be handed out to an auditor");
    Refusal::new(Code::Failed, "the log cannot be read; the gateway's own log has the reason")
}

/// The newest checkpoint, which the log itself has signed.
fn checkpoint(reader: &Reader) -> Result<Option<(Note, Head)>, Refusal> {
    let Some(note) = reader.checkpoint().map_err(|error| fault(&error))? else { return Ok(None) };
    let head = Checkpoint::parse(note.text()).map_err(|error| fault(&error))?.head;
    Ok(Some((note, head)))
}

fn encode<T: Serialize>(value: &T) -> Result<Bytes, Refusal> {
    let fault = |_| Refusal::new(Code::Failed, "the answer cannot be written");
    serde_json::to_vec(value).map(Bytes::from).map_err(fault)
}
