//! Who the patient is, and comings and goings: ADT-00, ADT-12, ADT-22, ADT-42, ADT-52.

use chrono::{Days, NaiveDateTime, TimeDelta};

use super::Piece;
use super::message::{Message, Subject, inpatient, location, stamp};
use crate::Visit;

/// PV1-36 of those who went home, and of those who died.
const HOME: &str = "01";
const DIED: &str = "20";
/// Nights after which some stays move to another ward.
const LONG: i64 = 8;

/// The patient's basic data.
pub(super) fn basics(subject: &Subject<'_>) -> Option<Piece> {
    let visit = subject.patient.visits.first()?;
    let at = visit.start - TimeDelta::minutes(30);
    let mut message = Message::new(subject, "ADT^A08^ADT_A01", at);
    message.segment("EVN", &[(2, &stamp(at))]);
    subject.pid(&mut message, true);
    let self_same = "SEL^本人^HL70063";
    let (name, address, phone) = (subject.name(), subject.address(), subject.phone());
    message.segment("NK1", &[(1, "1"), (2, &name), (3, self_same), (4, &address), (5, &phone)]);
    subject.pv1(&mut message, visit, "", &[]);
    let who = &subject.identity;
    let age = (visit.start.date() - subject.patient.born).num_days() / 365;
    let plan = if age >= 75 { "39^後期高齢者医療^JHSD0001" } else { "06^組合管掌健康保険^JHSD0001" };
    message.segment(
        "IN1",
        &[
            (1, "1"),
            (2, plan),
            (3, &who.insurer),
            (10, &who.symbol),
            (11, &who.number),
            (12, &visit.start.format("%Y%m01").to_string()),
            (17, self_same),
        ],
    );
    Some(Piece { day: None, kind: "ADT-00", order: None, at, department: None, message })
}

/// What a visit's beginning, course and end leave behind.
pub(super) fn pieces(subject: &Subject<'_>, visit: &Visit) -> Vec<Piece> {
    if !inpatient(visit) {
        return vec![contact(subject, visit)];
    }
    let moved = transferred(visit);
    let mut all = vec![admission(subject, visit)];
    all.extend(moved.map(|at| transfer(subject, visit, at)));
    all.push(discharge(subject, visit, moved.is_some()));
    all
}

/// When a stay moves to another ward, if it does.
fn transferred(visit: &Visit) -> Option<NaiveDateTime> {
    let nights = (visit.end.date() - visit.start.date()).num_days();
    let day = visit.start.date() + Days::new(u64::try_from(nights / 2).unwrap_or(0));
    (nights >= LONG && visit.id % 3 == 0).then(|| day.and_hms_opt(14, 0, 0).unwrap_or(visit.start))
}

fn contact(subject: &Subject<'_>, visit: &Visit) -> Piece {
    let mut message = opening(subject, "ADT^A04^ADT_A01", visit.start, "");
    subject.pv1(&mut message, visit, "", &[(44, &stamp(visit.start))]);
    piece(visit, "ADT-12", Some(visit.id), visit.start, message)
}

fn admission(subject: &Subject<'_>, visit: &Visit) -> Piece {
    let mut message = opening(subject, "ADT^A01^ADT_A01", visit.start, "");
    subject.pv1(&mut message, visit, "", &[(44, &stamp(visit.start))]);
    piece(visit, "ADT-22", None, visit.start, message)
}

fn transfer(subject: &Subject<'_>, visit: &Visit, at: NaiveDateTime) -> Piece {
    let mut message = opening(subject, "ADT^A02^ADT_A02", at, &stamp(at));
    subject.pv1(&mut message, visit, &location(visit, true), &[]);
    piece(visit, "ADT-42", None, at, message)
}

/// Every second discharge states the admission as well.
fn discharge(subject: &Subject<'_>, visit: &Visit, moved: bool) -> Piece {
    let mut message = opening(subject, "ADT^A03^ADT_A03", visit.end, &stamp(visit.end));
    let admitted = if visit.id % 2 == 0 { stamp(visit.start) } else { String::new() };
    let prior = if moved { location(visit, true) } else { String::new() };
    let to = if visit.died { DIED } else { HOME };
    subject.pv1(&mut message, visit, &prior, &[(36, to), (44, &admitted), (45, &stamp(visit.end))]);
    piece(visit, "ADT-52", None, visit.end, message)
}

fn opening(subject: &Subject<'_>, kind: &str, at: NaiveDateTime, occurred: &str) -> Message {
    let mut message = Message::new(subject, kind, at);
    message.segment("EVN", &[(2, &stamp(at)), (6, occurred)]);
    subject.pid(&mut message, false);
    message
}

fn piece(visit: &Visit, kind: &'static str, order: Option<i64>, at: NaiveDateTime, message: Message) -> Piece {
    Piece { day: Some(at.date()), kind, order, at, department: Some(visit.care_site), message }
}
