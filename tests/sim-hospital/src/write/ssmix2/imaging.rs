//! Imaging: OMG-11 for X-rays and ultrasound, OMG-12 for endoscopy.

use super::Piece;
use super::message::{Message, Subject, number, stamp};
use crate::terms::japanese;
use crate::{Procedure, Visit, carry};

pub(super) fn pieces(subject: &Subject<'_>, visit: &Visit) -> Vec<Piece> {
    visit.procedures.iter().filter_map(|item| performed(subject, visit, item)).collect()
}

fn performed(subject: &Subject<'_>, visit: &Visit, item: &Procedure) -> Option<Piece> {
    let (kind, system, code) = carry::imaging(item.code.term)?;
    let (system, code) = if item.code.mapped { (system, code) } else { (carry::IMAGES, item.code.term.stem) };
    let at = visit.start.max(item.date.and_hms_opt(10, 0, 0).unwrap_or(visit.start));
    let mut message = Message::new(subject, "OMI^Z23^OMI_Z23", at);
    subject.pid(&mut message, true);
    subject.pv1(&mut message, visit, "", &[]);
    subject.orc(&mut message, visit, "NW", item.id, "", &stamp(at));
    message.segment("TQ1", &[(1, "1"), (9, "R^^HL70485")]);
    let doctor = subject.doctor(visit);
    message.segment(
        "OBR",
        &[
            (2, &number(item.id)),
            (4, &format!("{code}^{}^{system}", japanese(item.code.term))),
            (7, &item.date.format("%Y%m%d").to_string()),
            (16, &doctor),
            (22, &stamp(at)),
            (25, "F"),
        ],
    );
    let modality = match item.code.term.stem {
        "E001" => "CR^^DCM",
        "D215" => "US^^DCM",
        _ => "ES^^DCM",
    };
    let (study, uid) = (format!("P{}", item.id), format!("1.2.392.999999.1.{}", item.id));
    message.segment("IPC", &[(1, &format!("A{}", number(item.id))), (2, &study), (3, &uid), (5, modality)]);
    Some(Piece { day: Some(item.date), kind, order: Some(item.id), at, department: Some(visit.care_site), message })
}
