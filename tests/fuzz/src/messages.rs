//! HL7 messages, and the names of the files that they are in.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use renkei_ingest::hl7::{Field, Message, decode};
use renkei_ingest::ssmix2::{Flag, Kind, Name, convert};
use renkei_ingest::{Extract, Rules};

use super::hospital::check_statements;
use super::{choice, pick};

/// Kinds that are converted, one that is not, and one of the extended storage.
const KINDS: [&str; 21] = [
    "ADT-00",
    "ADT-12",
    "ADT-22",
    "ADT-31",
    "ADT-32",
    "ADT-42",
    "ADT-52",
    "ADT-61",
    "PPR-01",
    "OMP-01",
    "OMP-02",
    "OMP-11",
    "OMP-12",
    "OML-11",
    "OMG-11",
    "OMG-12",
    "OMG-13",
    "OML-01",
    "ADT-99",
    "L-VITAL^VITAL^99ZL01",
    "L-VITAL^BITARU^99ZL02",
];

/// Bytes become text and text parts; no part is larger than the whole.
pub fn hl7(bytes: &[u8]) {
    let decoded = decode(bytes);
    // Half-width and two-byte characters take three bytes of UTF-8.
    assert!(decoded.text.len() <= 3 * bytes.len());
    let Some(message) = Message::parse(&decoded.text) else { return };
    let whole = decoded.text.len();
    for segment in message.segments() {
        assert!(segment.text().len() <= whole && segment.value(3).len() <= whole);
        let _ = (segment.id(), segment.is_bare());
        for number in 0..=130 {
            field(segment.field(number), whole);
        }
    }
}

fn field(field: Field<'_>, whole: usize) {
    // Of a field with thousands of repetitions the first hundred are like the others.
    for repetition in field.repetitions().take(100) {
        let _ = repetition.six().map(|part| part.raw().len());
        for number in 0..repetition.components().min(12) {
            let component = repetition.component(number);
            assert!(component.raw().len() <= whole);
            // An escape for a byte may stand for a replacement character, of three bytes.
            assert!(component.text().len() <= 3 * whole && component.subcomponent(number).text().len() <= 3 * whole);
        }
    }
}

/// A file makes one statement about the patient of its folder, or none, and is put aside at most once as a whole.
pub fn ssmix2(bytes: &[u8]) {
    let (kind, rest) = choice(bytes);
    let (rules, text) = choice(rest);
    let name = Name {
        patient: "0012345".to_owned(),
        day: pick(&["20240510", "-", "20241399"], rules >> 2).to_owned(),
        kind: Kind::of(pick(&KINDS, kind)),
        order: "000000000000042".to_owned(),
        stamp: "20240510101112013".to_owned(),
        department: Some("01".to_owned()),
        flag: Flag::Valid,
    };
    let rules = Rules { strict_patient: rules & 1 != 0, keep_suspected: rules & 2 != 0, ..Rules::default() };
    let mut extract = Extract::default();
    convert(&name, "file", text, &rules, &mut extract);
    assert!(extract.statements.len() <= 1);
    for (patient, statement) in &extract.statements {
        assert_eq!((patient.as_str(), &statement.key), (name.patient.as_str(), &name.key()));
    }
    check_statements(&extract, text.len());
}

/// What a name says is in the name, in that order.
pub fn ssmix2_name(bytes: &[u8]) {
    let Some(name) = Name::parse(OsStr::from_bytes(bytes)) else { return };
    assert!(!name.patient.is_empty() && !name.order.is_empty() && !name.kind.as_str().is_empty());
    assert!(name.version() >= 0);
    let _ = name.date();
    let text = [name.patient.as_str(), &name.day, name.kind.as_str(), &name.order, &name.stamp].join("_");
    if let Ok(given) = std::str::from_utf8(bytes) {
        let rest = given.strip_prefix(&text).expect("a name starts with its parts");
        assert!(rest.len() <= 3 + name.department.as_ref().map_or(1, String::len), "{rest:?}");
    }
    assert_eq!(Kind::of(name.kind.as_str()), name.kind);
}
