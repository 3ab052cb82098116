//! What the gateway reads of the site's log, for the copy of it that it keeps.
//!
//! What must stay true: only what the log has published leaves, entries under a head that it signed, in which whatever
//! the site keeps to itself is a commitment; what opens these stays. That the log is read is in the log itself before
//! the first byte leaves, once for each run of the program: a copy is continued every ten seconds.

use std::sync::Arc;

use renkei_audit::store::{ReadError, Reader};
use renkei_audit::tree::{WIDTH, bundle};
use renkei_pki::PeerName;
use renkei_proto::v1::{ReadLogRequest, ReadLogResponse};
use renkei_service::chain;
use renkei_service::signed_log::head;
use tokio::sync::OnceCell;

use crate::audit::Audit;

/// Entries of a bundle.
const ENTRIES: u64 = WIDTH as u64;
/// Bundles in one answer at most.
const BUNDLES: usize = 16;
/// Bytes behind which no further bundle is added.
const BYTES: usize = 4 << 20;
/// Cosigned checkpoints in one answer at most, and their bytes.
const NOTES: usize = 256;
const NOTE_BYTES: usize = 256 << 10;

/// The node's half of a copy.
#[derive(Debug)]
pub(crate) struct Share {
    /// Whether the site gives copies away, by its configuration.
    pub(crate) shared: bool,
    pub(crate) audit: Arc<Audit>,
    pub(crate) gateway: PeerName,
    /// That it is read is recorded.
    pub(crate) recorded: OnceCell<()>,
}

impl Share {
    /// The next bundles under a head, with the proof that they belong there; `None` where the log cannot be read, or
    /// takes no entry about it.
    pub(crate) async fn answer(&self, request: ReadLogRequest) -> Option<ReadLogResponse> {
        if !self.shared {
            return Some(ReadLogResponse::default());
        }
        if let Err(error) = self.recorded.get_or_try_init(|| self.audit.read_by(&self.gateway)).await {
            tracing::error!(error = chain(&error), "that the log is read cannot be recorded, so it is not handed out");
            return None;
        }
        let reader = self.audit.cosigner.reader();
        match tokio::task::spawn_blocking(move || read(&reader, &request)).await {
            Ok(Ok(response)) => Some(response),
            Ok(Err(error)) => {
                tracing::error!(error = chain(&error), "the audit log cannot be handed out");
                None
            }
            Err(_) => None,
        }
    }
}

fn read(reader: &Reader, request: &ReadLogRequest) -> Result<ReadLogResponse, ReadError> {
    let signed = reader.checkpoint()?.and_then(|note| head(&note)).map_or(0, |head| head.size);
    // Nothing that is not signed yet.
    let (size, first) = (request.size.min(signed), reader.first());
    let (mut bundles, mut bytes, mut until) = (Vec::new(), 0, 0);
    let wanted =
        if request.bundle.saturating_mul(ENTRIES) < first { 0..0 } else { request.bundle..size.div_ceil(ENTRIES) };
    for number in wanted {
        if bundles.len() == BUNDLES || bytes >= BYTES {
            break;
        }
        let mut entries = reader.bundle(number)?;
        entries.truncate(usize::try_from(size - number * ENTRIES).unwrap_or(usize::MAX));
        let one = bundle(&entries).ok_or_else(|| ReadError::Damaged(format!("entries of bundle {number}")))?;
        (until, bytes) = (number * ENTRIES + entries.len() as u64, bytes + one.len());
        bundles.push(one);
    }
    let proof = if bundles.is_empty() { Vec::new() } else { reader.consistency(until, size)? };
    // A copy whose list is not the beginning of this one gets no more of it.
    let cosigned = reader.cosigned_from(request.cosigned_from, NOTE_BYTES).unwrap_or_default();
    Ok(ReadLogResponse {
        shared: true,
        first,
        bundles,
        proof: proof.into_iter().map(|hash| hash.0.to_vec()).collect(),
        cosigned: cosigned.iter().take(NOTES).map(ToString::to_string).collect(),
    })
}
