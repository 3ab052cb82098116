//! SS-MIX2 standardized storage: one file per message, in a tree by patient, day and kind.
//!
//! ```text
//! 000/001/0000123/20240131/OML-11/0000123_20240131_OML-11_000000000004711_20240131093000000_01_1
//! pid     pid     day      kind   pid     day      kind   order           time              dept flag
//! ```
//!
//! Messages are HL7 v2.5 in ISO-2022-JP with CR after each segment. Kinds without a date lie under `-`, kinds without an
//! order have the order 999999999999999. The kinds: ADT-00 (patient), ADT-12 (outpatient contact), ADT-22, ADT-42 and
//! ADT-52 (admission, transfer, discharge), PPR-01 (diagnoses; one file each at a university hospital, one file of all
//! elsewhere), OMP-01 (prescriptions), OMP-02 and OMP-12 (injections: order and administration), OML-11 (results, one
//! specimen per material), OMG-13 (vital signs), OMG-11 and OMG-12 (imaging).
//!
//! With a history, a share of the files has an obsolete version (flag 2) under the same key, and a share of the days has
//! files that were deleted (flag 0). Neither changes what is valid.

mod drug;
mod imaging;
mod message;
mod movement;
mod problem;
mod result;
mod storage;

use std::io;
use std::path::Path;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

use self::message::{Message, Subject};
use self::storage::Storage;
use super::{WriteError, Written};
use crate::draw::Draw;
use crate::{Hospital, Patient, Visit};

/// Streams of histories, one per patient.
const HISTORY: u64 = 1 << 42;
/// Shares of the files that have an obsolete version, and of the visits with deleted files.
const OBSOLETE: f64 = 0.04;
const DELETED: f64 = 0.02;
/// Deleted orders have numbers of their own.
const DELETED_ORDERS: i64 = 500_000_000_000;

/// One message and its place.
struct Piece {
    day: Option<NaiveDate>,
    kind: &'static str,
    order: Option<i64>,
    at: NaiveDateTime,
    department: Option<i64>,
    message: Message,
}

/// Writes the storage; `history` adds what was replaced and deleted.
pub(super) fn write(hospital: &Hospital, history: bool, folder: &Path) -> Result<Written, WriteError> {
    let mut storage = Storage::new(folder);
    for patient in &hospital.patients {
        patient_files(hospital, patient, history, &mut storage)
            .map_err(|error| WriteError::File(folder.into(), error))?;
    }
    Ok(Written { tables: storage.counts(), ..Written::default() })
}

fn patient_files(hospital: &Hospital, patient: &Patient, history: bool, storage: &mut Storage) -> io::Result<()> {
    let subject = Subject::new(hospital, patient);
    storage.enter(&subject.number)?;
    let whole = movement::basics(&subject).into_iter().chain(problem::pieces(&subject));
    whole
        .chain(patient.visits.iter().flat_map(|visit| pieces(&subject, visit)))
        .try_for_each(|piece| storage.put(&piece, '1'))?;
    if !history {
        return Ok(());
    }
    let mut draw = Draw::of(&hospital.spec, HISTORY + patient.id.unsigned_abs());
    for visit in &patient.visits {
        former(&subject, visit, &mut draw, storage)?;
    }
    Ok(())
}

fn pieces(subject: &Subject<'_>, visit: &Visit) -> Vec<Piece> {
    let mut all = movement::pieces(subject, visit);
    all.extend(drug::pieces(subject, visit));
    all.extend(result::pieces(subject, visit));
    all.extend(imaging::pieces(subject, visit));
    all
}

/// What the files of a visit said before they were replaced, and files that should never have been.
fn former(subject: &Subject<'_>, visit: &Visit, draw: &mut Draw, storage: &mut Storage) -> io::Result<()> {
    let wrong = mistaken(visit);
    let orders = || drug::pieces(subject, &wrong).into_iter().chain(result::pieces(subject, &wrong));
    for piece in orders() {
        if draw.chance(OBSOLETE) {
            storage.put(&Piece { at: piece.at - TimeDelta::hours(1), ..piece }, '2')?;
        }
    }
    if draw.chance(DELETED) {
        for piece in orders() {
            let order = piece.order.map(|order| order + DELETED_ORDERS);
            let renamed = Piece { order, ..piece };
            storage.put(&renamed, '0')?;
            storage.put(&Piece { at: renamed.at + TimeDelta::minutes(20), ..renamed }, '0')?;
        }
    }
    Ok(())
}

/// The visit with other amounts and values under the same numbers.
fn mistaken(visit: &Visit) -> Visit {
    let mut wrong = visit.clone();
    for item in &mut wrong.prescriptions {
        item.days += 7;
        item.quantity += 100.0;
    }
    for lab in &mut wrong.labs {
        lab.value = lab.value.map(|value| lab.assay.report(value * 1.5));
    }
    wrong
}
