//! References between resources, in one form: `Patient/abc`.

use std::collections::HashMap;

use super::model::Identifier;

/// The resources of a bundle, by the URL that the bundle gives them.
#[derive(Debug, Default)]
pub(super) struct Index<'a> {
    entries: HashMap<String, Entry<'a>>,
    /// Whom everything is about that does not say so.
    pub(super) patient: Option<String>,
}

/// A resource of a bundle: how it is named elsewhere, and its JSON.
#[derive(Debug, Clone)]
pub(super) struct Entry<'a> {
    pub(super) key: String,
    pub(super) json: &'a str,
}

impl<'a> Index<'a> {
    pub(super) fn add(&mut self, url: &str, key: String, json: &'a str) {
        self.entries.entry(url.to_owned()).or_insert(Entry { key, json });
    }

    /// The resource that a reference leads to within the bundle.
    pub(super) fn get(&self, reference: &str) -> Option<&Entry<'a>> {
        if self.entries.is_empty() { None } else { self.entries.get(reference) }
    }

    /// A reference in the form `Type/id`, whether it is relative, absolute, versioned or a name within a bundle. A name
    /// that leads nowhere is taken for one of the type that stands in such a place.
    pub(super) fn normal(&self, reference: &str, expected: &str) -> Option<String> {
        let reference = reference.trim();
        if let Some(entry) = self.get(reference) {
            return Some(entry.key.clone());
        }
        if let Some(name) = name_of(reference) {
            return Some(format!("{expected}/{name}"));
        }
        let plain = reference.split("/_history/").next().unwrap_or_default();
        let mut parts = plain.rsplit('/');
        let (id, kind) = (parts.next()?, parts.next()?);
        let typed = kind.starts_with(|c: char| c.is_ascii_uppercase()) && kind.bytes().all(|b| b.is_ascii_alphabetic());
        (typed && !id.is_empty() && !id.contains(['?', '#', ' '])).then(|| format!("{kind}/{id}"))
    }
}

/// The name in a `urn:uuid:` or `urn:oid:`.
pub(super) fn name_of(url: &str) -> Option<&str> {
    let name = url.strip_prefix("urn:uuid:").or_else(|| url.strip_prefix("urn:oid:"))?;
    (!name.is_empty()).then_some(name)
}

/// What an identifier of a patient is good for.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Number {
    /// The hospital's own number, by the system that Japan gives it; the lower, the surer.
    Hospital(u8),
    /// The number of an insured person.
    Insured,
    /// Anything else.
    Other,
}

/// The kind of an identifier, by its system and type.
pub(super) fn number(identifier: &Identifier<'_>) -> Number {
    if identifier.usage.text() == Some("old") {
        return Number::Other;
    }
    let system = identifier.system.as_deref().unwrap_or_default();
    let oid = system.strip_prefix("urn:oid:").unwrap_or(system);
    if oid.starts_with("1.2.392.100495.20.3.51.") {
        return Number::Hospital(0);
    }
    // What referrals and check-ups used before: the number of the institution follows the last 1.
    if oid.starts_with("1.2.392.200119.6.102.1") {
        return Number::Hospital(1);
    }
    match system.rsplit('/').next() {
        Some("JP_Hospital_PatientID") => return Number::Hospital(1),
        Some("JP_Insurance_memberID") => return Number::Insured,
        _ => {}
    }
    let record = identifier.kind.as_ref().is_some_and(|kind| kind.codes().any(|code| code == "MR"));
    if record { Number::Hospital(2) } else { Number::Other }
}

/// The patient whom an insurance number names. The number itself goes nowhere: 128 bits of FNV-1a tell such patients
/// apart, and whoever holds this digest holds their records already.
pub(super) fn insured(number: &str) -> String {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
    const BASIS: u128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D;
    let digest = number.trim().bytes().fold(BASIS, |sum, byte| (sum ^ u128::from(byte)).wrapping_mul(PRIME));
    format!("Patient?insured={digest:032x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_have_one_form() {
        let mut index = Index::default();
        index.add("urn:uuid:1-2", "Patient/a".into(), "{}");
        index.add("https://x.example/fhir/Patient/b", "Patient/b".into(), "{}");
        for (reference, expect) in [
            ("Patient/abc", Some("Patient/abc")),
            (" Patient/abc/_history/3 ", Some("Patient/abc")),
            ("https://host.example/fhir/Patient/abc", Some("Patient/abc")),
            ("https://x.example/fhir/Patient/b", Some("Patient/b")),
            ("urn:uuid:1-2", Some("Patient/a")),
            ("urn:uuid:9-9", Some("Patient/9-9")),
            ("urn:oid:1.2", Some("Patient/1.2")),
            ("Group/g", Some("Group/g")),
            ("Patient?identifier=x|1", None),
            ("Patient/", None),
            ("abc", None),
            ("patient/abc", None),
            ("urn:uuid:", None),
            ("#p", None),
            ("", None),
        ] {
            assert_eq!(index.normal(reference, "Patient").as_deref(), expect, "{reference}");
        }
    }

    #[test]
    fn numbers_are_told_apart_by_system_and_type() {
        for (json, expect) in [
            (r#"{"system":"urn:oid:1.2.392.100495.20.3.51.11311234567"}"#, Number::Hospital(0)),
            (r#"{"system":"http://jpfhir.jp/fhir/eCS/Idsystem/JP_Hospital_PatientID"}"#, Number::Hospital(1)),
            (r#"{"system":"urn:oid:1.2.392.200119.6.102.11234567890"}"#, Number::Hospital(1)),
            (r#"{"type":{"coding":[{"code":"MR"}]}}"#, Number::Hospital(2)),
            (r#"{"type":{"coding":[{"code":"MR"}]},"use":"old"}"#, Number::Other),
            (r#"{"system":"http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID"}"#, Number::Insured),
            (r#"{"system":"http://hl7.org/fhir/sid/us-ssn","type":{"coding":[{"code":"SS"}]}}"#, Number::Other),
        ] {
            assert_eq!(number(&serde_json::from_str(json).unwrap()), expect, "{json}");
        }
    }

    #[test]
    fn an_insurance_number_is_not_to_be_seen_in_its_digest() {
        let digest = insured("00012345:x:187:05");
        assert!(!digest.contains("12345") && digest == insured(" 00012345:x:187:05 ") && digest != insured("0001"));
        // The published value of FNV-1a for the empty text, and for "a".
        assert!(insured("").ends_with("6c62272e07bb014262b821756295c58d"));
        assert!(insured("a").ends_with("d228cb696f1a8caf78912b704e4a8964"));
    }
}
