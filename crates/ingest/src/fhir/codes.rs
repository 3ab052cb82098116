//! From CodeableConcepts and quantities to canonical codes.

use super::model::{Coding, Concept, Quantity};
use super::systems::{self, Known};
use crate::code::Coding as Code;
use crate::codes::canonical;
use crate::record::Codes;
use crate::{Extract, System};

/// What MEDIS gives diseases that have no number (未コード化傷病名).
const UNCODED_DISEASE: &str = "99999999";

/// Every code of a concept, each once, the national ones first.
pub(super) fn all(concept: &Concept<'_>, out: &mut Extract) -> Codes {
    let mut codes = Vec::with_capacity(concept.coding.len());
    for coding in concept.coding.iter() {
        if let Some(code) = one(coding, concept.text.text(), out)
            && !codes.contains(&code)
        {
            codes.push(code);
        }
    }
    codes.sort_by_key(|code| systems::rank(code.system));
    codes
}

/// The first of its codes.
pub(super) fn first(concept: &Concept<'_>, out: &mut Extract) -> Option<Code> {
    all(concept, out).into_iter().next()
}

/// A code, noted with the text that is shown for it; `None` where the coding says that there is none.
pub(super) fn one(coding: &Coding<'_>, text: Option<&str>, out: &mut Extract) -> Option<Code> {
    let raw = coding.code.as_deref()?.trim();
    let (system, raw) = match coding.system.as_deref().map_or(Known::Codes(System::Local), systems::of) {
        Known::Nothing => return None,
        Known::Codes(System::Medis) if raw == UNCODED_DISEASE => return None,
        Known::Codes(system) => (system, raw),
        Known::LongHot => (System::Hot9, raw.get(..9).unwrap_or(raw)),
    };
    let code = canonical(system, raw, &mut out.remarks)?;
    out.seen.see(&code, coding.display.text().or(text));
    Some(code)
}

/// The unit of a quantity: its code, or else how it is written.
pub(super) fn unit(quantity: &Quantity<'_>, out: &mut Extract) -> Option<Code> {
    const LONGEST: usize = 40;
    let shown = quantity.unit.text();
    let code = quantity.code.as_deref().map(str::trim).filter(|code| !code.is_empty());
    let (system, raw) = match (code, quantity.system.as_deref().map(systems::of)) {
        (Some(code), Some(Known::Codes(system))) => (system, code),
        (Some(code), _) => (System::Local, code),
        (None, _) => (System::Local, shown.filter(|unit| unit.len() <= LONGEST)?),
    };
    let code = canonical(system, raw, &mut out.remarks)?;
    out.seen.see(&code, shown);
    Some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(json: &str) -> Vec<String> {
        all(&serde_json::from_str(json).unwrap(), &mut Extract::default()).iter().map(Code::to_string).collect()
    }

    #[test]
    fn national_codes_come_first_each_once_and_none_where_there_is_none() {
        let json = r#"{"coding":[
            {"code":"100"},
            {"system":"http://loinc.org","code":"2823-3"},
            {"system":"http://jpfhir.jp/fhir/clins/CodeSystem/JLAC10/JP_CLINS_ObsLabResult_CoreLabo_CS","code":"3H015000002326101"},
            {"system":"http://medis.or.jp/CodeSystem/master-JLAC10-17digits","code":"3H015000002326101"},
            {"system":"http://loinc.org"}]}"#;
        assert_eq!(codes(json), ["JLAC10:3H015000002326101", "LOINC:2823-3", "LOCAL:100"]);
        let json = r#"{"coding":[
            {"system":"http://medis.or.jp/CodeSystem/master-disease-keyNumber","code":"99999999"},
            {"system":"http://jpfhir.jp/fhir/eCS/CodeSystem/MedicationCodeNocoded_CS","code":"NOCODED"}],"text":"x"}"#;
        assert!(codes(json).is_empty() && codes(r#"{"text":"only"}"#).is_empty());
    }

    #[test]
    fn thirteen_digits_of_hot_are_cut_to_nine() {
        let json = r#"{"coding":[{"system":"http://medis.or.jp/CodeSystem/master-HOT13","code":"1038316010101"}]}"#;
        assert_eq!(codes(json), ["HOT9:103831601"]);
    }

    #[test]
    fn texts_shown_for_codes_stay_in_the_dictionary() {
        let mut out = Extract::default();
        let concept = r#"{"coding":[{"code":"1","display":"甲"},{"code":"2"}],"text":"乙"}"#;
        all(&serde_json::from_str(concept).unwrap(), &mut out);
        let seen: Vec<_> = out.seen.iter().map(|(code, text)| (code.to_string(), text)).collect();
        assert_eq!(seen, [("LOCAL:1".into(), Some("甲")), ("LOCAL:2".into(), Some("乙"))]);
    }

    #[test]
    fn units_are_codes_or_short_texts() {
        for (json, expect) in [
            (r#"{"unit":"mg/dl","code":"mg/dL","system":"http://unitsofmeasure.org"}"#, Some("UCUM:mg/dL")),
            (r#"{"unit":"錠","code":"TAB","system":"urn:oid:1.2.392.100495.20.2.101"}"#, Some("MERIT9:TAB")),
            (r#"{"unit":"mEq/L"}"#, Some("LOCAL:mEq/L")),
            (r#"{"code":"x"}"#, Some("LOCAL:x")),
            (r#"{"code":" ","unit":"this is a whole sentence that somebody wrote there"}"#, None),
            (r#"{"value":1}"#, None),
        ] {
            let unit = unit(&serde_json::from_str(json).unwrap(), &mut Extract::default());
            assert_eq!(unit.map(|unit| unit.to_string()).as_deref(), expect);
        }
    }
}
