//! SS-MIX2: HL7 v2.5 messages, one to a file, in folders by patient, day and kind.
//!
//! # What is read
//! A storage is a folder of folders: `123/456/1234567/20200401/OML-11/file`, where the name of the file says patient,
//! day, kind, order number, time of writing, department and flag ([`Name`]). [`Walk`] finds the files, [`convert`]
//! turns one of them into at most one statement of its patient. Files are never changed, only renamed: a file that was
//! replaced gets the flag 2 and one that was deleted the flag 0, so only files with flag 1 speak, and of those with one
//! day, kind and order number the one that was written last.
//!
//! # What must stay true
//! The kind comes from the place and never from the message, and so does the patient: a file that names another one is
//! counted, or put aside where [`Rules::strict_patient`] says so. Dates come from the message; that of the folder is
//! the day of registration and stands in only where there is no other. A code is taken by the name of its system, not
//! by its position, and the hospital's own codes (`99…`) are kept beside the standard ones, with the name of their
//! table before them (`LOCAL:99XYZ:12`), since they mean nothing without it. No name, address or free text leaves the
//! message, and what should be a code but holds a text is left out and counted.
//!
//! # What is not converted
//! Planned events, changes of doctors, orders of tests, diets, documents of the extended storage other than vital
//! signs (ORU^R30), and kinds that are not known: counted by kind, without being opened ([`Kind::is_converted`]).

mod allergy;
mod diagnosis;
mod draft;
mod drug;
mod kind;
mod label;
mod name;
mod order;
mod performed;
mod person;
mod remarks;
mod result;
pub mod time;
mod timing;
pub mod value;
mod visit;
mod walk;

pub use kind::Kind;
pub use name::{Flag, Name};
pub use remarks::REMARKS;
pub use walk::{Found, Reason, Trouble, Walk, looks_like};

use crate::hl7::{self, Charset, Message};
use crate::record::{Provenance, Record, Statement, Step};
use crate::{Extract, Rule, Rules};
use draft::Draft;
use remarks::{CP932, DELETED, MISMATCH, NO_PATIENT, REPLACED, SECOND_MESSAGE, STRAY, SUPERSEDED, UTF_8, not_read};

/// Messages are a few kilobytes; a larger file is none.
const MAX_BYTES: usize = 4 << 20;

/// Converts one file. `file` is what the quarantine calls it. Files that are not valid, and kinds that are not
/// converted, are counted without a look at `bytes`.
pub fn convert(name: &Name, file: &str, bytes: &[u8], rules: &Rules, extract: &mut Extract) {
    match name.flag {
        Flag::Deleted => return extract.remark(&DELETED),
        Flag::Superseded => return extract.remark(&SUPERSEDED),
        Flag::Valid if !name.kind.is_converted() => return extract.remark(not_read(&name.kind)),
        Flag::Valid => {}
    }
    let extended = matches!(name.kind, Kind::Extended(_));
    if extended && !bytes.trim_ascii_start().starts_with(b"MSH") {
        return extract.remark(not_read(&name.kind));
    }
    if bytes.len() > MAX_BYTES {
        return extract.reject(file, 1, Rule::Size, "");
    }
    let decoded = hl7::decode(bytes);
    let Some(message) = Message::parse(&decoded.text) else {
        return extract.reject(file, 1, Rule::Format, draft::cut(&decoded.text));
    };
    if extended && event(&message) != "R30" {
        return extract.remark(not_read(&name.kind));
    }
    note(&decoded, &message, extract);
    let inpatient = message.segment("PV1").and_then(|pv1| draft::inpatient(pv1.value(2)));
    let written = draft::written(name, &message);
    let mut draft = Draft { name, file, rules, extract, records: Vec::new(), inpatient, written };
    if !is_patient(&mut draft, &message) {
        return;
    }
    records(&mut draft, &message);
    if draft.name.kind != Kind::Adt00
        && !draft.records.is_empty()
        && let Some(born) = message.segment("PID").and_then(person::born)
    {
        draft.push(Record::Born(born));
    }
    let statement = Statement { key: name.key(), version: name.version(), records: draft.records };
    extract.statements.push((name.patient.clone(), statement));
}

fn note(decoded: &hl7::Decoded<'_>, message: &Message<'_>, extract: &mut Extract) {
    match decoded.charset {
        Charset::Utf8 => extract.remark(&UTF_8),
        Charset::Cp932 => extract.remark(&CP932),
        Charset::Ascii | Charset::Iso2022Jp => {}
    }
    extract.remarks.add_many(&REPLACED, decoded.replaced);
    extract.remarks.add_many(&STRAY, message.stray);
    if message.more {
        extract.remark(&SECOND_MESSAGE);
    }
}

/// Whether the file may speak for the patient of its folder.
fn is_patient(draft: &mut Draft<'_>, message: &Message<'_>) -> bool {
    let Some(pid) = message.segment("PID") else {
        draft.remark(&NO_PATIENT);
        return true;
    };
    let bare = |number: &str| number.trim_start_matches('0').to_owned();
    let folder = bare(&draft.name.patient);
    let mut numbers =
        pid.field(3).repetitions().map(|id| id.component(1).text()).filter(|id| !id.is_empty()).peekable();
    if numbers.peek().is_none() {
        draft.remark(&NO_PATIENT);
        return true;
    }
    if numbers.any(|number| bare(&number) == folder) {
        return true;
    }
    draft.remark(&MISMATCH);
    if draft.rules.strict_patient {
        draft.reject(pid, Rule::Mismatch);
    }
    !draft.rules.strict_patient
}

fn records(draft: &mut Draft<'_>, message: &Message<'_>) {
    match draft.name.kind {
        Kind::Adt00 => person::basics(draft, message),
        Kind::Adt12 => visit::reception(draft, message),
        Kind::Adt22 => visit::movement(draft, message, Step::Admission),
        Kind::Adt31 => visit::movement(draft, message, Step::LeaveStart),
        Kind::Adt32 => visit::movement(draft, message, Step::LeaveEnd),
        Kind::Adt42 => visit::movement(draft, message, Step::Transfer),
        Kind::Adt52 => visit::movement(draft, message, Step::Discharge),
        Kind::Adt61 => allergy::allergies(draft, message),
        Kind::Ppr01 => diagnosis::diagnoses(draft, message),
        Kind::Omp01 => drug::prescriptions(draft, message),
        Kind::Omp02 => drug::injections(draft, message),
        Kind::Omp11 | Kind::Omp12 => drug::administrations(draft, message),
        Kind::Oml11 => result::results(draft, message, Provenance::Lab),
        Kind::Omg11 | Kind::Omg12 => performed::examinations(draft, message),
        Kind::Omg13 | Kind::Extended(_) => result::results(draft, message, Provenance::Ehr),
        _ => {}
    }
}

/// The event of a message: MSH-9 or, where it has none, EVN-1.
fn event<'m>(message: &'m Message<'_>) -> &'m str {
    let field = |id, number, part| message.segment(id).map_or("", |s| s.field(number).first().component(part).raw());
    match field("MSH", 9, 2) {
        "" => field("EVN", 1, 1),
        event => event,
    }
}
