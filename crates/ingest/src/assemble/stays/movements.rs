//! Stays from admissions, transfers and discharges, which are recorded one by one.
//!
//! A discharge rarely says when the stay began, so time pairs them: it ends the stay that is open. Of two admissions
//! without a discharge between them, the second ends the first stay. What has no stay to belong to makes none.

use super::super::Fact;
use super::super::remarks::{
    ADMISSION_WHILE_ADMITTED, DISCHARGE_WITHOUT_ADMISSION, LEAVE, OPEN_STAY, RETRACTED, RETRACTION_WITHOUT_EVENT,
    TRANSFER_OUTSIDE,
};
use super::{Part, Stay};
use crate::Remarks;
use crate::record::{Movement, Provenance, Record, Setting, Step};
use crate::when::{Day, When};

/// The stays that the movements of each source make.
pub(super) fn pair(facts: &[Fact], as_of: Day, remarks: &mut Remarks) -> Vec<Stay> {
    let mut movements: Vec<(u16, &Movement)> = facts
        .iter()
        .filter_map(|fact| match &fact.record {
            Record::Movement(movement) => Some((fact.source, movement)),
            _ => None,
        })
        .collect();
    movements.sort_by_key(|(source, movement)| (*source, movement.at, order(movement.step)));
    let mut stays = Vec::new();
    for of_source in movements.chunk_by(|a, b| a.0 == b.0) {
        let kept = without_retracted(of_source, remarks);
        stays.extend(paired(of_source.first().map_or(0, |(source, _)| *source), &kept, as_of, remarks));
    }
    stays
}

/// At one and the same time a discharge ends a stay before an admission starts the next.
fn order(step: Step) -> u8 {
    match step {
        Step::LeaveEnd => 0,
        Step::Transfer => 1,
        Step::Discharge => 2,
        Step::Admission => 3,
        Step::LeaveStart => 4,
    }
}

fn without_retracted<'a>(movements: &[(u16, &'a Movement)], remarks: &mut Remarks) -> Vec<&'a Movement> {
    let mut kept: Vec<&Movement> = movements.iter().map(|(_, m)| *m).filter(|m| !m.retracts).collect();
    for (_, retraction) in movements.iter().filter(|(_, movement)| movement.retracts) {
        let same = |m: &Movement| m.step == retraction.step && m.at == retraction.at;
        let day = |m: &Movement| m.step == retraction.step && m.at.day == retraction.at.day;
        match kept.iter().position(|m| same(m)).or_else(|| kept.iter().position(|m| day(m))) {
            Some(place) => {
                kept.remove(place);
                remarks.add(&RETRACTED);
            }
            None => remarks.add(&RETRACTION_WITHOUT_EVENT),
        }
    }
    kept
}

fn paired(source: u16, movements: &[&Movement], as_of: Day, remarks: &mut Remarks) -> Vec<Stay> {
    let mut stays: Vec<Stay> = Vec::new();
    for movement in movements {
        let open = stays.last_mut().filter(|stay| stay.open);
        match (movement.step, open) {
            (Step::Admission, open) => {
                if let Some(stay) = open {
                    // The same admission said twice within a day is one.
                    if stay.start.day == movement.at.day {
                        continue;
                    }
                    remarks.add(&ADMISSION_WHILE_ADMITTED);
                    close(stay, movement.at);
                }
                stays.push(admitted(source, movement));
            }
            (Step::Discharge, Some(stay)) => {
                stay.discharged_to = movement.discharged_to.clone();
                close(stay, movement.at);
            }
            (Step::Discharge, None) => match movement.admitted.filter(|admitted| *admitted <= movement.at) {
                Some(start) => {
                    let mut stay = admitted(source, movement);
                    stay.start = start;
                    stay.parts.clear();
                    stay.discharged_to = movement.discharged_to.clone();
                    close(&mut stay, movement.at);
                    stays.push(stay);
                }
                None => remarks.add(&DISCHARGE_WITHOUT_ADMISSION),
            },
            (Step::Transfer, Some(stay)) => move_to(stay, movement),
            (Step::Transfer, None) => remarks.add(&TRANSFER_OUTSIDE),
            (Step::LeaveStart | Step::LeaveEnd, _) => remarks.add(&LEAVE),
        }
    }
    if let Some(stay) = stays.last_mut().filter(|stay| stay.open) {
        remarks.add(&OPEN_STAY);
        let end = When::day(as_of).max(stay.start);
        close(stay, end);
        stay.open = true;
    }
    stays
}

fn admitted(source: u16, movement: &Movement) -> Stay {
    let place = movement.ward.clone().or_else(|| movement.department.clone());
    let part = Part { start: movement.at, end: movement.at, place, provenance: Provenance::EhrEncounter.concept() };
    Stay {
        source,
        concept: Setting::Inpatient.concept(),
        inpatient: true,
        start: movement.at,
        end: movement.at,
        open: true,
        department: movement.department.clone(),
        admitted_from: None,
        discharged_to: None,
        provenance: Provenance::EhrEncounter.concept(),
        parts: vec![part],
        row: None,
        id: 0,
    }
}

fn move_to(stay: &mut Stay, movement: &Movement) {
    let place = movement.ward.clone().or_else(|| movement.department.clone());
    if let Some(part) = stay.parts.last_mut() {
        if part.place == place {
            return;
        }
        part.end = movement.at;
    }
    let provenance = Provenance::EhrEncounter.concept();
    stay.parts.push(Part { start: movement.at, end: movement.at, place, provenance });
}

/// Ends a stay. A stay of one part is not divided.
fn close(stay: &mut Stay, at: When) {
    (stay.end, stay.open) = (at.max(stay.start), false);
    if let Some(part) = stay.parts.last_mut() {
        part.end = stay.end.max(part.start);
    }
    if stay.parts.len() == 1 {
        stay.parts.clear();
    }
}
