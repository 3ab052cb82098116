//! What a site's log promises of its answer, judged: it must be about this question and these bytes.

use renkei_audit::receipt::Given;
use renkei_audit::tree::Hash;
use renkei_proto::v1::Receipt;
use renkei_types::QueryId;

use crate::audit::Audit;
use crate::sites::Site;

/// The site's receipt; `None` from a node of a version that gives none.
///
/// # Errors
/// A sentence, where it promises something else: the answer is not used then.
pub(super) fn judge(
    audit: &Audit,
    site: &Site,
    (query, part): (&QueryId, u32),
    digest: &[u8; 32],
    receipt: Option<Receipt>,
) -> Result<Option<Given>, &'static str> {
    let Some(Receipt { key, note, salt }) = receipt else { return Ok(None) };
    let salt = salt.as_slice().try_into().map(Hash).map_err(|_| "its receipt has no salt")?;
    let given = Given { key, note, part, salt: Some(salt), site: Some(site.id.clone()) };
    let (receipt, key) = given.open().map_err(|_| "its receipt is not signed by its log")?;
    if !audit.is_log_of(&key, &site.id) {
        return Err("its receipt is signed with another key than its log");
    }
    if receipt.query != *query || given.promises(digest).is_err() {
        return Err("its receipt is of another answer");
    }
    Ok(Some(given))
}
