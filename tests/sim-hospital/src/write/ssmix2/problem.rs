//! Diagnoses: PPR-01.

use super::Piece;
use super::message::{Message, Subject, inpatient, number, stamp};
use crate::terms::japanese;
use crate::{Diagnosis, Profile, Visit, carry};

/// The patient's diagnoses, one file each or one file of all.
pub(super) fn pieces(subject: &Subject<'_>) -> Vec<Piece> {
    let visits = &subject.patient.visits;
    let all = visits.iter().flat_map(|visit| visit.diagnoses.iter().map(move |diagnosis| (visit, diagnosis)));
    if subject.hospital.spec.profile == Profile::University {
        return all.map(|found| file(subject, Some(found.1.id), &[found])).collect();
    }
    let all: Vec<(&Visit, &Diagnosis)> = all.collect();
    if all.is_empty() { Vec::new() } else { vec![file(subject, None, &all)] }
}

fn file(subject: &Subject<'_>, order: Option<i64>, all: &[(&Visit, &Diagnosis)]) -> Piece {
    let at = all.iter().map(|(visit, _)| visit.start).max().unwrap_or_default();
    let mut message = Message::new(subject, "PPR^ZD1^PPR_ZD1", at);
    subject.pid(&mut message, false);
    for (visit, diagnosis) in all {
        problem(subject, visit, diagnosis, &mut message);
    }
    let department = all.last().map(|(visit, _)| visit.care_site);
    Piece { day: None, kind: "PPR-01", order, at, department, message }
}

fn problem(subject: &Subject<'_>, visit: &Visit, diagnosis: &Diagnosis, message: &mut Message) {
    let name = japanese(diagnosis.code.term);
    let day = |day: chrono::NaiveDate| day.format("%Y%m%d").to_string();
    let disease = format!("{}^{name}^MDCDX2", carry::medis(diagnosis.code));
    let source = diagnosis.code.source(subject.drugs());
    let icd = source.trim_start_matches("ICD10:").replace('.', "");
    let when = if inpatient(visit) { "H^入院時" } else { "O^外来時" };
    message.segment(
        "PRB",
        &[
            (1, "AD"),
            (2, &stamp(visit.start)),
            (3, &disease),
            (4, &number(diagnosis.id)),
            (7, &day(diagnosis.start)),
            (9, &diagnosis.end.map(day).unwrap_or_default()),
            (10, &format!("{icd}^^I10^{when}^JHSD0004^2013")),
            (14, if diagnosis.end.is_some() { "R^回復^HL70241" } else { "" }),
            (17, name),
            (18, if diagnosis.main { "1^主診断^JHSD0007" } else { "" }),
        ],
    );
    message.segment("ZPR", &[(2, &disease)]);
    subject.orc(message, visit, "NW", diagnosis.id, "", &stamp(visit.start));
}
