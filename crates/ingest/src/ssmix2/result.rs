//! Results: OML-11, OMG-13, vital signs of the extended storage.

use std::collections::HashMap;

use super::draft::Draft;
use super::label::Label;
use super::remarks::{NO_STATUS, NOT_FINAL, REPEATED, TEXT_RESULT, UNREAD};
use super::value::{self, Number, Reading};
use crate::hl7::{Field, Message, Segment};
use crate::record::{Codes, Measurement, Provenance, Record, Specimen, Value};
use crate::{Rule, System};

/// The group that an OBX stands in.
#[derive(Clone, Copy, Default)]
struct Place<'m> {
    spm: Option<Segment<'m>>,
    obr: Option<Segment<'m>>,
    orc: Option<Segment<'m>>,
}

impl<'m> Place<'m> {
    /// When the specimen was taken, or the observation made.
    fn times(&self) -> [&'m str; 3] {
        let value = |segment: Option<Segment<'m>>, number| segment.map_or("", |segment| segment.value(number));
        [value(self.spm, 17), value(self.obr, 7), value(self.obr, 22)]
    }
}

/// All results of a message, and its specimens. A specimen goes by its own time or that of the first OBR below it.
pub(super) fn results(draft: &mut Draft<'_>, message: &Message<'_>, provenance: Provenance) {
    let mut place = Place::default();
    let mut unseen = None;
    let mut organisms = Organisms::default();
    for segment in message.segments() {
        match segment.id() {
            "SPM" => {
                specimen(draft, unseen.replace(segment), Place { obr: None, ..place }, provenance);
                place = Place { spm: Some(segment), ..Place::default() };
            }
            "OBR" => {
                organisms.group();
                place.obr = Some(segment);
                specimen(draft, unseen.take(), place, provenance);
            }
            "ORC" => place.orc = Some(segment),
            "OBX" => result(draft, segment, place, &mut organisms, provenance),
            _ => {}
        }
    }
    specimen(draft, unseen, place, provenance);
}

fn specimen(draft: &mut Draft<'_>, spm: Option<Segment<'_>>, place: Place<'_>, provenance: Provenance) {
    let Some(spm) = spm.filter(|spm| !spm.field(4).is_empty()) else { return };
    let Some(codes) = draft.essential(spm, 4, System::Local) else { return };
    match draft.moment(&[spm.value(17), place.times()[1], place.times()[2]]) {
        Some(at) => draft.push(Record::Specimen(Specimen { codes, at, provenance })),
        None => draft.reject(spm, Rule::Essential),
    }
}

/// Results of a culture: those of one group with one sub-id (OBX-4) tell of one organism, which the first of them with a
/// coded answer names; a group below an organism names its code and sub-id (OBR-26: `code&text&system^sub-id`).
#[derive(Default)]
struct Organisms {
    /// Places in the statement, by sub-id, in the group at hand.
    group: HashMap<String, u16>,
    /// The same of all groups, by code and sub-id.
    all: HashMap<(String, String), u16>,
}

impl Organisms {
    fn group(&mut self) {
        self.group.clear();
    }

    /// The organism that a result belongs to.
    fn of(&self, obx: Segment<'_>, obr: Option<Segment<'_>>) -> Option<u16> {
        let parent = obr.map(|obr| obr.field(26).first()).filter(|parent| !parent.is_empty());
        if let Some(parent) = parent {
            let code = parent.component(1).subcomponent(1).text().into_owned();
            return self.all.get(&(code, parent.component(2).text().into_owned())).copied();
        }
        self.group.get(obx.value(4)).copied()
    }

    /// Keeps a result that was told at a place in the statement, if it can be an organism.
    fn see(&mut self, obx: Segment<'_>, told: usize) {
        let sub = obx.value(4);
        if let (Ok(told), false) = (u16::try_from(told), sub.is_empty()) {
            self.group.insert(sub.to_owned(), told);
            let code = obx.field(3).first().component(1).text().into_owned();
            self.all.insert((code, sub.to_owned()), told);
        }
    }
}

/// Whether a result is a code of JANIS, or a code from a test of microbiology (JLAC10, part 6).
fn names_organism(test: &Codes, value: &Value) -> bool {
    let microbiology = || test.iter().any(|code| code.system == System::Jlac10 && code.code.starts_with('6'));
    value.code.as_ref().is_some_and(|code| code.system == System::Janis || microbiology())
}

fn result(
    draft: &mut Draft<'_>,
    obx: Segment<'_>,
    place: Place<'_>,
    organisms: &mut Organisms,
    provenance: Provenance,
) {
    let Some(Answer { codes, value, preliminary }) = answer(draft, obx, place.obr) else { return };
    let [specimen, observed, reported] = place.times();
    let Some(at) = draft.moment(&[obx.value(14), specimen, observed, reported]) else {
        return draft.reject(obx, Rule::Essential);
    };
    let link = draft.link(place.orc);
    let part_of = organisms.of(obx, place.obr);
    if part_of.is_none() && names_organism(&codes, &value) {
        organisms.see(obx, draft.records.len());
    }
    draft.push(Record::Measurement(Measurement { codes, at, value, preliminary, part_of, provenance, link }));
}

/// What an OBX says.
pub(super) struct Answer {
    pub(super) codes: Codes,
    pub(super) value: Value,
    pub(super) preliminary: bool,
}

/// Reads an OBX; `None` where it says nothing, is left out or put aside.
pub(super) fn answer(draft: &mut Draft<'_>, obx: Segment<'_>, obr: Option<Segment<'_>>) -> Option<Answer> {
    if obx.is_bare() {
        return None;
    }
    let preliminary = match obx.value(11) {
        "F" | "C" => false,
        "P" => true,
        "" => {
            draft.remark(&NO_STATUS);
            false
        }
        _ => {
            draft.remark(&NOT_FINAL);
            return None;
        }
    };
    let field = obx.field(5);
    let read = match obx.value(2) {
        "NM" | "ST" | "" => text,
        "SN" => structured,
        "CWE" | "CE" | "CNE" | "ID" | "IS" => coded,
        _ => {
            draft.remark(&TEXT_RESULT);
            return None;
        }
    };
    let codes = draft.essential(obx, 3, System::Local)?;
    let mut value = read(draft, field);
    if value.unread && obr.is_some_and(|obr| !obr.field(26).is_empty()) {
        susceptibility(draft, field, &mut value);
    }
    if value.unread {
        draft.remark(&UNREAD);
    }
    value.unit = draft.unit(obx.field(6));
    let value::Range { low, high } = value::range(&obx.field(7).text());
    (value.low, value.high) = (low, high);
    Some(Answer { codes, value, preliminary })
}

/// NM and ST. Delimiters in them are part of the text (`480×10^4`), unless the parts are those of a code.
fn text(draft: &mut Draft<'_>, field: Field<'_>) -> Value {
    match value::read(&field.text()) {
        Reading::Unread if is_code(field) => coded(draft, field),
        Reading::Unread if field.repetitions().nth(1).is_some() => {
            draft.remark(&REPEATED);
            said(value::read(&field.first().text()))
        }
        reading => said(reading),
    }
}

/// SN: comparator, number, sign, number.
fn structured(_: &mut Draft<'_>, field: Field<'_>) -> Value {
    let parts = [1, 2, 3, 4].map(|number| field.first().component(number).text());
    said(value::read(&parts.join(" ")))
}

fn is_code(field: Field<'_>) -> bool {
    let label = field.first().component(3).raw();
    matches!(field.first().components(), 3 | 6)
        && match Label::of(label) {
            Label::Known(..) => true,
            Label::Local(label) => label.starts_with("99"),
            Label::Absent => false,
        }
}

/// CWE: a code, and the grade that its text, or the code itself, spells; without a code, a number too.
fn coded(draft: &mut Draft<'_>, field: Field<'_>) -> Value {
    if field.is_empty() {
        return Value::default();
    }
    if field.repetitions().nth(1).is_some() {
        draft.remark(&REPEATED);
    }
    let field = field.first();
    let damaged = field.component(1).raw().contains(char::REPLACEMENT_CHARACTER);
    let code = if damaged { None } else { draft.code(field, System::Local) };
    let spelled = [2, 5, 1].into_iter().map(|part| value::read(&field.component(part).text()));
    let telling = |reading: &Reading| match reading {
        Reading::Grade(_) | Reading::Both(..) => true,
        Reading::Number(_) => code.is_none(),
        _ => false,
    };
    let read = spelled.into_iter().find(telling);
    let mut value = said(read.unwrap_or(Reading::Empty));
    value.unread = code.is_none() && read.is_none();
    value.code = code;
    value
}

/// Susceptible, intermediate, resistant: HL7 table 0078, below an organism (OBR-26).
fn susceptibility(draft: &mut Draft<'_>, field: Field<'_>, value: &mut Value) {
    let text = field.first().component(1).raw();
    if matches!(text, "S" | "I" | "R") {
        value.code = draft.coding(System::Hl7(78), None, text, "");
        value.unread = value.code.is_none();
    }
}

fn said(reading: Reading) -> Value {
    let number = |Number { value, comparator }| Value { number: Some(value), comparator, ..Value::default() };
    match reading {
        Reading::Empty => Value::default(),
        Reading::Number(read) => number(read),
        Reading::Grade(grade) => Value { grade: Some(grade), ..Value::default() },
        Reading::Both(read, grade) => Value { grade: Some(grade), ..number(read) },
        Reading::Between(..) | Reading::Ratio(..) | Reading::Unread => Value { unread: true, ..Value::default() },
    }
}
