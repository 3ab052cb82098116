//! Codes and units.

use renkei_ingest::codes::{self, canonical as spelled};
use renkei_ingest::{Remarks, System};

/// A code has one spelling in every system, and that spelling is its own.
pub fn canonical(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for system in System::NAMED.into_iter().chain([System::Hl7(112)]) {
        let Some(coding) = spelled(system, &text, &mut Remarks::default()) else { continue };
        assert!(!coding.code.is_empty() && !coding.code.chars().any(char::is_control));
        assert!(coding.source_value().chars().count() <= 50);
        let again = spelled(coding.system, &coding.code, &mut Remarks::default());
        assert_eq!(again.as_ref(), Some(&coding), "{system:?}");
    }
}

/// A unit is one of UCUM's or none, and that unit is its own.
pub fn ucum(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(unit) = codes::ucum(&text) {
        assert_eq!(codes::ucum(unit), Some(unit));
    }
}
