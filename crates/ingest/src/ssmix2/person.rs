//! ADT-00: who the patient is, sizes, blood group, disability, insurance.

use super::draft::Draft;
use super::remarks::PATIENT_DELETED;
use super::result::{self, Answer};
use super::{allergy, event, time};
use crate::hl7::{Field, Message, Segment};
use crate::record::{Birth, Measurement, Observation, Payer, Person, Provenance, Record, Sex, Value};
use crate::{Rule, System};

/// Basic data. A23 deletes the patient: then nothing is left of it.
pub(super) fn basics(draft: &mut Draft<'_>, message: &Message<'_>) {
    if event(message) == "A23" {
        return draft.remark(&PATIENT_DELETED);
    }
    if let Some(pid) = message.segment("PID") {
        let person = person(draft, pid);
        draft.push(Record::Person(person));
    }
    for segment in message.segments() {
        match segment.id() {
            "OBX" => observed(draft, segment),
            "DB1" => disability(draft, segment),
            "AL1" => allergy::of_basics(draft, segment),
            "IN1" => insurance(draft, segment),
            _ => {}
        }
    }
}

fn person(draft: &Draft<'_>, pid: Segment<'_>) -> Person {
    let names: Vec<_> = pid.field(5).repetitions().map(Field::text).collect();
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    Person {
        birth: born(pid),
        sex: match pid.value(8) {
            "M" => Sex::Male,
            "F" => Sex::Female,
            "O" | "A" => Sex::Other,
            _ => Sex::Unknown,
        },
        zip3: pid.field(11).repetitions().find_map(|address| zip3(&address.component(5).text())),
        test: draft.rules.is_test(&draft.name.patient, &names),
    }
}

/// The date of birth. Some systems write it one place too late, into the field of aliases.
pub(super) fn born(pid: Segment<'_>) -> Option<Birth> {
    birth(pid.value(7)).or_else(|| birth(pid.value(9)))
}

/// A date of birth of eight digits, or only its month or year.
fn birth(text: &str) -> Option<Birth> {
    let (when, _) = time::about(text)?;
    let (year, month, day) = when.day.date();
    let month = u8::try_from(month).ok().filter(|_| text.len() > 4);
    let day = u8::try_from(day).ok().filter(|_| text.len() > 6);
    Some(Birth { year, month, day })
}

/// The first three digits of a postal code.
fn zip3(text: &str) -> Option<String> {
    let digit = |c: char| match c {
        '0'..='9' => Some(c),
        '０'..='９' => char::from_u32(u32::from(c) - 0xfee0),
        _ => None,
    };
    let digits: String = text.chars().filter_map(digit).collect();
    (digits.len() == 7 || digits.len() == 3).then(|| digits.chars().take(3).collect())
}

/// Sizes are measurements; groups and other answers by code are observations.
fn observed(draft: &mut Draft<'_>, obx: Segment<'_>) {
    let Some(Answer { codes, value, preliminary }) = result::answer(draft, obx, None) else { return };
    let Some(at) = time::when(obx.value(14)).or(draft.written) else {
        return draft.reject(obx, Rule::Essential);
    };
    let (provenance, link) = (Provenance::Ehr, draft.link(None));
    draft.push(if value.number.is_some() {
        Record::Measurement(Measurement { codes, at, value, preliminary, part_of: None, provenance, link })
    } else {
        Record::Observation(Observation { codes, at, value, provenance, link })
    });
}

/// Whether the patient is disabled: DB1 of the patient (PT), not of a guarantor.
fn disability(draft: &mut Draft<'_>, db1: Segment<'_>) {
    if !matches!(db1.value(2), "" | "PT") || db1.field(4).is_empty() {
        return;
    }
    let Some(at) = time::when(db1.value(5)).or(draft.written) else {
        return draft.reject(db1, Rule::Essential);
    };
    let Some(question) = draft.coding(System::Hl7(334), None, "PT", "") else { return };
    let code = draft.code(db1.field(4), System::Hl7(136));
    let value = Value { unread: code.is_none(), code, ..Value::default() };
    let (provenance, link) = (Provenance::Ehr, draft.link(None));
    draft.push(Record::Observation(Observation { codes: vec![question], at, value, provenance, link }));
}

fn insurance(draft: &mut Draft<'_>, in1: Segment<'_>) {
    let Some(plan) = draft.essential(in1, 2, System::Local).and_then(|codes| codes.into_iter().next()) else { return };
    let day = |number| time::when(in1.value(number)).map(|when| when.day);
    draft.push(Record::Payer(Payer { plan, start: day(12), end: day(13) }));
}
