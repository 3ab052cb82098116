//! Results: OML-11 for the laboratory, one file per sampling; OMG-13 for vital signs.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;

use super::Piece;
use super::message::{Message, Subject, number, stamp};
use crate::terms::japanese;
use crate::{Lab, Visit};

pub(super) fn pieces(subject: &Subject<'_>, visit: &Visit) -> Vec<Piece> {
    let mut samplings: BTreeMap<(NaiveDateTime, bool), Vec<&Lab>> = BTreeMap::new();
    for lab in &visit.labs {
        samplings.entry((lab.at, lab.assay.is_vital())).or_default().push(lab);
    }
    let file = |((at, vital), labs): ((NaiveDateTime, bool), Vec<&Lab>)| {
        let message = if vital { chart(subject, visit, at, &labs) } else { sample(subject, visit, at, &labs) };
        let kind = if vital { "OMG-13" } else { "OML-11" };
        let order = labs.first().map(|lab| lab.id);
        Piece { day: Some(at.date()), kind, order, at, department: Some(visit.care_site), message }
    };
    samplings.into_iter().map(file).collect()
}

/// The three characters of JLAC10 that name the material.
fn material(lab: &Lab) -> (String, &'static str) {
    let source = lab.code.source("");
    let code = source.get(16..19).unwrap_or("099").to_owned();
    let name = if code == "023" { "血清" } else { "全血" };
    (code, name)
}

fn sample(subject: &Subject<'_>, visit: &Visit, at: NaiveDateTime, labs: &[&Lab]) -> Message {
    let mut message = Message::new(subject, "OUL^R22^OUL_R22", at);
    subject.pid(&mut message, false);
    subject.pv1(&mut message, visit, "", &[]);
    let mut specimens: BTreeMap<(String, &str), Vec<&Lab>> = BTreeMap::new();
    for lab in labs {
        specimens.entry(material(lab)).or_default().push(lab);
    }
    let order = labs.first().map_or(0, |lab| lab.id);
    for (index, ((code, name), labs)) in specimens.iter().enumerate() {
        let (set, at) = ((index + 1).to_string(), stamp(at));
        let tube = format!("{}{set}", number(order));
        message.segment("SPM", &[(1, &set), (2, &tube), (4, &format!("{code}^{name}^JC10")), (17, &at)]);
        let group = "L001^血液検査^99LAB";
        let doctor = subject.doctor(visit);
        message.segment(
            "OBR",
            &[(1, &set), (2, &number(order)), (3, &tube), (4, group), (7, &at), (8, &at), (16, &doctor), (22, &at)],
        );
        subject.orc(&mut message, visit, "SC", order, "", &at);
        labs.iter().enumerate().for_each(|(index, lab)| observation(&mut message, index, lab));
    }
    message
}

fn chart(subject: &Subject<'_>, visit: &Visit, at: NaiveDateTime, labs: &[&Lab]) -> Message {
    let mut message = Message::new(subject, "ORU^R01^ORU_R01", at);
    subject.pid(&mut message, false);
    subject.pv1(&mut message, visit, "", &[]);
    let order = number(labs.first().map_or(0, |lab| lab.id));
    let (at, doctor) = (stamp(at), subject.doctor(visit));
    message.segment(
        "OBR",
        &[(1, "1"), (2, &order), (4, "V001^バイタルサイン^99VIT"), (7, &at), (16, &doctor), (22, &at), (25, "F")],
    );
    labs.iter().enumerate().for_each(|(index, lab)| observation(&mut message, index, lab));
    message
}

/// One result. A sample that could not be measured has a comment in its place.
fn observation(message: &mut Message, index: usize, lab: &Lab) {
    let source = lab.code.source("");
    let code = source.trim_start_matches("JLAC10:");
    let unit = lab.assay.unit.name;
    let value = lab.assay.shown(lab.value);
    let kind = if lab.value.is_some() { "NM" } else { "ST" };
    message.segment(
        "OBX",
        &[
            (1, &(index + 1).to_string()),
            (2, kind),
            (3, &format!("{code}^{}^JC10", japanese(&lab.assay.term))),
            (5, value.as_deref().unwrap_or("検体不良")),
            (6, &format!("{unit}^{unit}^ISO+")),
            (7, &lab.assay.range_shown()),
            (8, lab.assay.flag(lab.value)),
            (11, "F"),
            (14, &stamp(lab.at)),
        ],
    );
}
