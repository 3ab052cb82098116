//! Form 1: 17 columns, of which nine hold what the code of the line says.

use std::io;

use super::{FACILITY, Lines, day};
use crate::identity::identity;
use crate::terms::japanese;
use crate::{Diagnosis, Hospital, Patient, Sex, Visit, carry};

/// Versions of the payloads of patients and stays, as the layouts state them.
const VERSION: &str = "20140401";

/// The lines of one stay.
pub(super) fn stay(hospital: &Hospital, patient: &Patient, visit: &Visit, out: &mut Lines) -> io::Result<()> {
    let form = Form { number: format!("{:010}", patient.id), admitted: day(visit.start.date()) };
    let sex = if patient.sex == Sex::Male { "1" } else { "2" };
    let zip = identity(&hospital.spec, patient).zip.replace('-', "");
    form.line(out, "A000010", 0, &[(1, &day(patient.born)), (2, sex), (3, &zip)])?;
    let (kind, ambulance) = if visit.urgent { ("301", "1") } else { ("100", "0") };
    form.line(out, "A000020", 0, &[(1, &form.admitted), (2, "1"), (5, kind), (6, ambulance)])?;
    let (to, outcome) = if visit.died { ("8", "6") } else { ("1", "1") };
    form.line(out, "A000030", 0, &[(1, &day(visit.end.date())), (2, to), (3, outcome), (4, "0")])?;
    for item in visit.diagnoses.iter().filter(|item| item.main) {
        for code in ["A006010", "A006020", "A006030"] {
            form.diagnosis(out, code, 0, item)?;
        }
    }
    for (index, item) in visit.diagnoses.iter().filter(|item| !item.main).enumerate() {
        form.diagnosis(out, "A006040", index + 1, item)?;
    }
    let surgery = visit.procedures.iter().filter(|item| carry::is_surgery(item.code.term));
    for (index, item) in surgery.enumerate() {
        let (date, code) = (day(item.date), carry::k_code(item.code));
        form.line(out, "A007010", index + 1, &[(1, &date), (2, &code), (9, japanese(item.code.term))])?;
    }
    Ok(())
}

/// What all lines of a stay have in common.
struct Form {
    number: String,
    admitted: String,
}

impl Form {
    fn diagnosis(&self, out: &mut Lines, code: &str, place: usize, item: &Diagnosis) -> io::Result<()> {
        let source = item.code.source("");
        let icd = source.trim_start_matches("ICD10:").replace('.', "");
        // The fee tables number diseases with seven digits.
        let number = carry::medis(item.code).split_off(1);
        self.line(out, code, place, &[(2, &icd), (4, &number), (9, japanese(item.code.term))])
    }

    fn line(&self, out: &mut Lines, code: &str, place: usize, payload: &[(usize, &str)]) -> io::Result<()> {
        let place = place.to_string();
        let mut fields = vec![
            FACILITY,
            &self.number,
            &self.admitted,
            "0",
            "0",
            code,
            VERSION,
            &place,
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
        ];
        for (position, value) in payload {
            if let Some(field) = fields.get_mut(7 + position) {
                *field = value;
            }
        }
        out.put(&fields)
    }
}
