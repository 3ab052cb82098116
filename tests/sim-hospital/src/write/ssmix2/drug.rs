//! Drugs: OMP-01 for what patients take themselves, OMP-02 and OMP-12 for what is injected in the hospital.
//!
//! An injection is ordered and given under the same number. A course of several days is one administration from its
//! first to its last day, so that it remains one exposure in every format.

use super::Piece;
use super::message::{Message, Subject, inpatient, number, stamp};
use crate::terms::japanese;
use crate::write::form::{Form, form};
use crate::{Prescription, Visit};

pub(super) fn pieces(subject: &Subject<'_>, visit: &Visit) -> Vec<Piece> {
    let of = |injected: bool| -> Vec<&Prescription> {
        visit.prescriptions.iter().filter(|item| form(item.code.term).injected == injected).collect()
    };
    let (taken, injected) = (of(false), of(true));
    let mut all = Vec::new();
    if !taken.is_empty() {
        all.push(prescription(subject, visit, &taken));
    }
    if let Some(first) = injected.first() {
        // An order has the number of its first drug.
        let order = first.id;
        all.push(injection(subject, visit, order, &injected));
        all.push(administration(subject, visit, order, &injected));
    }
    all
}

fn group(order: i64, at: usize) -> String {
    format!("{}_{:02}_001", number(order), at + 1)
}

/// Field of type CWE for a drug.
fn coded(subject: &Subject<'_>, item: &Prescription) -> String {
    let source = item.code.source(subject.drugs());
    let (system, code) = source.split_once(':').unwrap_or(("99DRG", &source));
    format!("{code}^{}^{system}", form(item.code.term).product(japanese(item.code.term)))
}

fn prescription(subject: &Subject<'_>, visit: &Visit, items: &[&Prescription]) -> Piece {
    let order = items.first().map_or(visit.id, |first| first.id);
    let at = stamp(visit.start);
    let mut message = opening(subject, visit, "RDE^O11^RDE_O11");
    for (index, item) in items.iter().enumerate() {
        let Form { unit, unit_name, route, .. } = form(item.code.term);
        let unit = format!("{unit}^{unit_name}^MR9P");
        subject.orc(&mut message, visit, "NW", order, &group(order, index), &at);
        let daily = daily(item);
        let category =
            if inpatient(visit) { "IHP^入院処方^MR9P" } else { "OHP^外来処方^MR9P~OHO^院外処方^MR9P" };
        message.segment(
            "RXE",
            &[
                (2, &coded(subject, item)),
                (3, &daily),
                (5, &unit),
                (10, &item.quantity.to_string()),
                (11, &unit),
                (15, &number(order)),
                (19, &format!("{daily}^{}", unit.replace('^', "&"))),
                (21, category),
            ],
        );
        let usage = "1011000400000000&内服・経口・１日１回朝食後&JAMISDP01";
        let (days, start) = (format!("{}^d", item.days), item.start.format("%Y%m%d00").to_string());
        message.segment("TQ1", &[(1, "1"), (3, usage), (6, &days), (7, &start)]);
        message.segment("RXR", &[(1, route)]);
    }
    Piece {
        day: Some(visit.start.date()),
        kind: "OMP-01",
        order: Some(order),
        at: visit.start,
        department: Some(visit.care_site),
        message,
    }
}

/// The amount of a day: one, or two of what is taken twice.
fn daily(item: &Prescription) -> String {
    (item.quantity / f64::from(item.days.max(1))).clamp(1.0, 2.0).round().to_string()
}

fn injection(subject: &Subject<'_>, visit: &Visit, order: i64, items: &[&Prescription]) -> Piece {
    let mut message = opening(subject, visit, "RDE^O11^RDE_O11");
    for (index, item) in items.iter().enumerate() {
        let Form { unit, unit_name, route, kind, .. } = form(item.code.term);
        subject.orc(&mut message, visit, "NW", order, &group(order, index), &stamp(visit.start));
        let category = if inpatient(visit) { "IHP^入院処方^MR9P" } else { "OHP^外来処方^MR9P" };
        message.segment(
            "RXE",
            &[(2, kind), (3, "100"), (5, "ML^ミリリットル^MR9P"), (6, "INJ^注射剤^MR9P"), (21, category)],
        );
        let (start, end) = course(item);
        message.segment("TQ1", &[(1, "1"), (7, &start), (8, &end)]);
        message.segment("RXR", &[(1, route)]);
        let amount = item.quantity.to_string();
        message.segment(
            "RXC",
            &[(1, "B"), (2, &coded(subject, item)), (3, &amount), (4, &format!("{unit}^{unit_name}^MR9P"))],
        );
    }
    Piece {
        day: Some(visit.start.date()),
        kind: "OMP-02",
        order: Some(order),
        at: visit.start,
        department: Some(visit.care_site),
        message,
    }
}

fn administration(subject: &Subject<'_>, visit: &Visit, order: i64, items: &[&Prescription]) -> Piece {
    let mut message = opening(subject, visit, "RAS^O17^RAS_O17");
    for (index, item) in items.iter().enumerate() {
        let Form { unit, unit_name, route, .. } = form(item.code.term);
        subject.orc(&mut message, visit, "NW", order, &group(order, index), &stamp(visit.start));
        let (start, end) = course(item);
        message.segment(
            "RXA",
            &[
                (1, "0"),
                (2, "1"),
                (3, &start),
                (4, &end),
                (5, &coded(subject, item)),
                (6, &item.quantity.to_string()),
                (7, &format!("{unit}^{unit_name}^MR9P")),
                (20, "CP"),
            ],
        );
        message.segment("RXR", &[(1, route)]);
    }
    let day = items.first().map_or(visit.start.date(), |item| item.start);
    Piece {
        day: Some(day),
        kind: "OMP-12",
        order: Some(order),
        at: visit.start,
        department: Some(visit.care_site),
        message,
    }
}

/// First and last moment of a course of injections.
fn course(item: &Prescription) -> (String, String) {
    (item.start.format("%Y%m%d200000").to_string(), item.end().format("%Y%m%d210000").to_string())
}

fn opening(subject: &Subject<'_>, visit: &Visit, kind: &str) -> Message {
    let mut message = Message::new(subject, kind, visit.start);
    subject.pid(&mut message, true);
    subject.pv1(&mut message, visit, "", &[]);
    message
}
