//! 外来EF: contacts of the outpatient department, what was done, and the diagnoses they were charged under.

use std::io::{self, BufRead};

use super::ef::{Acts, Keys, written};
use super::layout::ef::{CLASS, DATE, DEPARTMENT, FACILITY, NAME, PATIENT, RECEIPT};
use super::line::Line;
use super::origin::Origin;
use super::sink::Sink;
use super::stay::department_code;
use super::{Input, act, remarks};
use crate::record::{Condition, Link, Provenance, Record, Setting, Visit};
use crate::when::{Day, When};
use crate::{Coding, Rule, System};

pub(super) fn read<R: BufRead>(input: &mut Input<'_, R>, sink: &mut Sink<'_>) -> io::Result<()> {
    let origin = input.origin;
    let mut contact: Option<Contact> = None;
    let mut acts = Acts::default();
    input.each(sink, origin.layout.ef, &mut |line, sink| {
        if acts.is_whole(line, sink) {
            return;
        }
        let day = line.day(origin.layout.visit).or_else(|| line.day(DATE));
        let (Some(day), false) = (day, line.code(PATIENT).is_empty()) else {
            let column = if day.is_none() { "実施年月日" } else { "データ識別番号" };
            return sink.reject(line, Rule::Essential, Some(column));
        };
        if contact.as_ref().is_none_or(|contact| !contact.has(line, day)) {
            contact = Some(Contact::begin(line, day, &origin, sink));
        }
        if let Some(contact) = &mut contact {
            contact.take(line, &origin, sink);
        }
    })?;
    acts.end(sink);
    Ok(())
}

/// The contact that is being read: one patient on one day.
struct Contact {
    patient: String,
    facility: String,
    day: Day,
    key: String,
    keys: Keys,
}

impl Contact {
    fn begin(line: &Line, day: Day, origin: &Origin, sink: &mut Sink<'_>) -> Self {
        let [facility, patient] = [FACILITY, PATIENT].map(|column| line.code(column).to_owned());
        let key = format!("{facility}/{patient}/out/{}", written(day));
        let department = Some(line.code(DEPARTMENT)).filter(|code| (1..=3).contains(&code.len()));
        let visit = Visit {
            key: Some(key.clone()),
            part_of: None,
            setting: Setting::Outpatient,
            start: When::day(day),
            end: None,
            department: department.map(|code| sink.out.code(department_code(code), None)),
            admitted_from: None,
            discharged_to: None,
            provenance: Provenance::Claim,
        };
        sink.state(&patient, format!("dpc/visit/{key}"), origin.version, vec![Record::Visit(visit)]);
        Self { patient, facility, day, key, keys: Keys::default() }
    }

    fn has(&self, line: &Line, day: Day) -> bool {
        self.day == day && line.code(PATIENT) == self.patient && line.code(FACILITY) == self.facility
    }

    fn take(&mut self, line: &Line, origin: &Origin, sink: &mut Sink<'_>) {
        let at = When::day(line.day(DATE).unwrap_or(self.day));
        let link = Link { visit: Some(self.key.clone()), inpatient: Some(false) };
        let record = if line.raw(CLASS).eq_ignore_ascii_case(b"SY") {
            diagnosis(line, at, link, sink)
        } else {
            // The flags of the outpatient edition mean other things: the third is the sex, not 持参薬区分.
            let layout = super::Layout { brought: None, ..*origin.layout };
            act::record(line, &layout, at, link, &mut sink.out)
        };
        if let Some(record) = record {
            let start = format!("dpc/efg/{}/{}", self.facility, written(self.day));
            let key = self.keys.of(line, &start, sink);
            sink.state(&self.patient, key, origin.version, vec![record]);
        }
    }
}

/// A diagnosis, by its code of receipts (7 digits). Whether it is suspected is told by its name only.
fn diagnosis(line: &Line, at: When, link: Link, sink: &mut Sink<'_>) -> Option<Record> {
    let code = line.code(RECEIPT);
    let code = code.strip_prefix("00").filter(|_| code.len() == 9).unwrap_or(code);
    let (name, whole) = line.text(NAME);
    if !whole {
        sink.out.remark(&remarks::TEXT);
    }
    if code.len() != 7 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        sink.reject(line, Rule::Essential, Some("傷病名コード"));
        return None;
    }
    let suspected = name.ends_with("疑い") || name.ends_with("疑");
    let display = Some(&*name).filter(|_| code != super::stay::UNCODED);
    let codes = vec![sink.out.code(Coding::new(System::Receipt, code), display)];
    let provenance = Provenance::Claim;
    Some(Record::Condition(Condition { codes, start: at, end: None, standing: None, suspected, provenance, link }))
}
