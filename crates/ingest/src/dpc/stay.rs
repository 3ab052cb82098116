//! One stay of 様式1, from its lines to records.

use super::form1::Waiting;
use super::item::{Moment, answer, items};
use super::layout::form1::{ADMISSION, CODE, FACILITY, PATIENT, PAYLOAD, STAY, SUMMARY};
use super::line::Line;
use super::origin::Origin;
use super::remarks;
use super::sink::Sink;
use crate::charset::Charset;
use crate::codes::canonical;
use crate::record::{
    Birth, Condition, Death, Link, Person, Procedure, Provenance, Record, Setting, Sex, Standing, Visit,
};
use crate::when::{Day, When};
use crate::{Coding, Extract, Rule, Rules, System};

/// The modifier that makes a diagnosis a suspected one (の疑い).
const SUSPECTED: &str = "8002";

/// The disease code of whatever the master does not have; its name is the physician's own words.
pub(super) const UNCODED: &str = "0000999";

/// By how much 様式1 stands above EF in what it says of a visit.
const PRECEDENCE: i64 = 1_000_000;

/// The key of a stay, as every kind of file can say it.
pub(super) fn key(facility: &str, patient: &str, admission: &str) -> String {
    format!("{facility}/{patient}/{admission}")
}

pub(super) fn link(visit: &str) -> Link {
    Link { visit: Some(visit.to_owned()), inpatient: Some(true) }
}

/// What a stay's records have in common.
struct Frame {
    visit: String,
    admission: Day,
    /// Discharge, or else the end of the form's period.
    end: Option<Day>,
    summary: Option<u32>,
}

pub(super) fn tell(lines: &[Waiting], charset: Charset, origin: &Origin, rules: &Rules, sink: &mut Sink<'_>) {
    let mut line = Line::default();
    let Some((number, bytes)) = lines.first() else { return };
    line.restore(bytes, *number, charset);
    let patient = line.code(PATIENT).to_owned();
    let admission = line.day(ADMISSION);
    let (Some(admission), false) = (admission, patient.is_empty()) else {
        let column = if patient.is_empty() { "データ識別番号" } else { "入院年月日" };
        for (number, bytes) in lines {
            line.restore(bytes, *number, charset);
            sink.reject(&line, Rule::Essential, Some(column));
        }
        return;
    };
    let Some(summary) = line.code(SUMMARY).parse::<u32>().ok() else {
        return sink.out.remark(&remarks::SUMMARY);
    };
    let mut visit = key(line.code(FACILITY), &patient, line.code(ADMISSION));
    if !matches!(line.code(STAY), "" | "0") {
        visit = format!("{visit}/{}", line.code(STAY));
    }
    let mut frame = Frame { visit, admission, end: None, summary: (summary > 0).then_some(summary) };
    let mut whole = blank_visit(&frame);
    for (number, bytes) in lines {
        line.restore(bytes, *number, charset);
        frame_from(&line, &mut frame, &mut whole, &mut sink.out);
    }
    frame.end = whole.end.map(|end| end.day).or(frame.end);
    let version = PRECEDENCE + origin.version;
    if frame.summary.is_some() {
        return tell_part(&frame, &patient, whole, version, sink);
    }
    let mut records = Vec::with_capacity(lines.len());
    for (number, bytes) in lines {
        line.restore(bytes, *number, charset);
        if line.raw(CODE) == b"A000010" {
            let person = person(&line, &patient, rules);
            let newest = i64::from(admission.0);
            sink.state(&patient, "dpc/person".to_owned(), newest, vec![Record::Person(person)]);
        } else {
            convert(&line, &frame, &mut records, sink);
        }
    }
    sink.state(&patient, format!("dpc/visit/{}", frame.visit), version, vec![Record::Visit(whole)]);
    sink.state(&patient, format!("dpc/form1/{}", frame.visit), version, records);
}

/// The ward group of a stay.
fn tell_part(frame: &Frame, patient: &str, mut part: Visit, version: i64, sink: &mut Sink<'_>) {
    let number = frame.summary.unwrap_or_default();
    let key = format!("{}/part/{number}", frame.visit);
    part.part_of = Some(frame.visit.clone());
    part.key = Some(key.clone());
    part.end = frame.end.map(When::day);
    (part.admitted_from, part.discharged_to) = (None, None);
    sink.state(patient, format!("dpc/form1/{key}"), version, vec![Record::Visit(part)]);
}

fn blank_visit(frame: &Frame) -> Visit {
    Visit {
        key: Some(frame.visit.clone()),
        part_of: None,
        setting: Setting::Inpatient,
        start: When::day(frame.admission),
        end: None,
        department: None,
        admitted_from: None,
        discharged_to: None,
        provenance: Provenance::Claim,
    }
}

/// What a line says about the stay itself.
fn frame_from(line: &Line, frame: &mut Frame, visit: &mut Visit, out: &mut Extract) {
    let chosen = |payload: usize, out: &mut Extract| {
        let text = line.code(PAYLOAD + payload);
        let short = (1..=3).contains(&text.len());
        short.then(|| out.code(answer(line.code(CODE), payload, text), None))
    };
    match line.code(CODE) {
        "A000020" => visit.admitted_from = chosen(2, out),
        "A000030" => {
            visit.end = line.day(PAYLOAD + 1).map(When::day);
            visit.discharged_to = chosen(2, out);
        }
        "A000031" => {
            if let (Some(start), Some(_)) = (line.day(PAYLOAD + 1), frame.summary) {
                visit.start = When::day(start);
            }
            frame.end = line.day(PAYLOAD + 2);
        }
        "A000040" => {
            let department = Some(line.code(PAYLOAD + 2)).filter(|code| (1..=3).contains(&code.len()));
            visit.department = department.map(|code| out.code(department_code(code), None));
        }
        _ => {}
    }
}

pub(super) fn department_code(code: &str) -> Coding {
    Coding::new(System::Local, format!("DPC-DEPT-{code}"))
}

fn person(line: &Line, patient: &str, rules: &Rules) -> Person {
    let birth = line.date(PAYLOAD + 1).filter(|(year, _, _)| (1850..=2100).contains(year)).map(|(year, month, day)| {
        // Unknown parts are 0; a day that does not exist leaves the month.
        let month = u8::try_from(month).ok().filter(|month| (1..=12).contains(month));
        let exists = |month: u8| Day::of(year, u32::from(month), day).and(u8::try_from(day).ok());
        Birth { year, month, day: month.and_then(exists) }
    });
    let sex = match line.code(PAYLOAD + 2) {
        "1" => Sex::Male,
        "2" => Sex::Female,
        _ => Sex::Unknown,
    };
    let zip = line.code(PAYLOAD + 3);
    let known = zip.len() == 7 && zip.bytes().all(|byte| byte.is_ascii_digit());
    let zip3 = (known && zip != "0000000" && zip != "9999999").then(|| zip[..3].to_owned());
    Person { birth, sex, zip3, test: rules.is_test(patient, &[]) }
}

fn convert(line: &Line, frame: &Frame, records: &mut Vec<Record>, sink: &mut Sink<'_>) {
    let code = line.code(CODE);
    if let Some(standing) = standing(code) {
        return diagnosis(line, frame, standing, records, sink);
    }
    match code {
        "A007010" => return surgery(line, frame, records, sink),
        "A000030" => records.extend(death(line, frame).map(Record::Death)),
        _ => {}
    }
    let mut known = matches!(code, "A000030" | "A000031" | "A000040");
    for item in items(code) {
        known = true;
        if !item.answered(line) {
            continue;
        }
        let day = if item.moment() == Moment::Admission { Some(frame.admission) } else { frame.end };
        match day {
            Some(day) => records.extend(item.record(line, When::day(day), &frame.visit, &mut sink.out)),
            None => sink.out.remark(&remarks::UNDATED),
        }
    }
    if !known {
        sink.out.remark(&remarks::ITEM);
    }
}

fn standing(code: &str) -> Option<Standing> {
    Some(match code {
        "A006010" => Standing::Primary,
        "A006020" => Standing::Trigger,
        "A006030" | "A006031" => Standing::Resource,
        "A006040" => Standing::Comorbidity,
        "A006050" => Standing::Complication,
        _ => return None,
    })
}

fn diagnosis(line: &Line, frame: &Frame, standing: Standing, records: &mut Vec<Record>, sink: &mut Sink<'_>) {
    let disease = line.code(PAYLOAD + 4);
    let coded = disease.len() == 7 && disease != UNCODED && disease.bytes().all(|byte| byte.is_ascii_digit());
    let (name, whole) = line.text(PAYLOAD + 9);
    if !whole {
        sink.out.remark(&remarks::TEXT);
    }
    let display = Some(&*name).filter(|_| coded);
    let icd = canonical(System::Icd10, line.code(PAYLOAD + 2), &mut sink.out.remarks);
    let own = coded.then(|| Coding::new(System::Receipt, disease));
    let codes: Vec<Coding> = icd.into_iter().chain(own).map(|code| sink.out.code(code, display)).collect();
    if codes.is_empty() {
        return sink.reject(line, Rule::Essential, Some("ICD10コード"));
    }
    let day = if standing == Standing::Complication { frame.end } else { Some(frame.admission) };
    let Some(day) = day else { return sink.out.remark(&remarks::UNDATED) };
    records.push(Record::Condition(Condition {
        codes,
        start: When::day(day),
        end: None,
        standing: Some(standing),
        suspected: (5..=8).any(|payload| line.code(PAYLOAD + payload) == SUSPECTED),
        provenance: Provenance::Claim,
        link: link(&frame.visit),
    }));
}

fn surgery(line: &Line, frame: &Frame, records: &mut Vec<Record>, sink: &mut Sink<'_>) {
    let Some(day) = line.day(PAYLOAD + 1) else {
        return sink.reject(line, Rule::Essential, Some("手術日"));
    };
    // The last parts of a K code are half-width katakana.
    let (code, _) = line.text(PAYLOAD + 2);
    let Some(code) = canonical(System::Kcode, &code, &mut sink.out.remarks) else {
        return sink.reject(line, Rule::Essential, Some("点数表コード"));
    };
    let (name, whole) = line.text(PAYLOAD + 9);
    if !whole {
        sink.out.remark(&remarks::TEXT);
    }
    let codes = vec![sink.out.code(code, Some(&name))];
    records.push(Record::Procedure(Procedure {
        codes,
        start: When::day(day),
        end: None,
        quantity: None,
        surgery: true,
        provenance: Provenance::Claim,
        link: link(&frame.visit),
    }));
}

/// Outcome 6 or 7; or death within 24 hours (1), or before admission (2), which is dated at admission if need be.
fn death(line: &Line, frame: &Frame) -> Option<Death> {
    let died = matches!(line.code(PAYLOAD + 3), "6" | "7") || matches!(line.code(PAYLOAD + 4), "1" | "2");
    let day = frame.end.or_else(|| (line.code(PAYLOAD + 4) == "2").then_some(frame.admission))?;
    died.then(|| Death { at: When::day(day), provenance: Provenance::Claim })
}
