//! 入院EF: what was done on each day of a stay, and on which ward.

use std::collections::HashMap;
use std::io::{self, BufRead};

use super::layout::ef::{ADMISSION, CLASS, DATE, DETAIL, DISCHARGE, FACILITY, ORDER, PATIENT, WARD};
use super::line::Line;
use super::origin::Origin;
use super::sink::Sink;
use super::stay::{self, link};
use super::ward::Wards;
use super::{Input, act, remarks};
use crate::record::{Provenance, Record, Setting, Visit};
use crate::when::{Day, When};
use crate::{Coding, Rule, System};

pub(super) fn read<R: BufRead>(input: &mut Input<'_, R>, sink: &mut Sink<'_>) -> io::Result<()> {
    let origin = input.origin;
    let mut stay: Option<Stay> = None;
    let mut acts = Acts::default();
    input.each(sink, origin.layout.ef, &mut |line, sink| {
        if acts.is_whole(line, sink) {
            return;
        }
        if stay.as_ref().is_none_or(|stay| !stay.has(line)) {
            if let Some(stay) = stay.take() {
                stay.tell(&origin, sink);
            }
            stay = Stay::begin(line, sink);
        }
        if let Some(stay) = &mut stay {
            stay.take(line, &origin, sink);
        }
    })?;
    acts.end(sink);
    if let Some(stay) = stay {
        stay.tell(&origin, sink);
    }
    Ok(())
}

/// Lines with detail number 000: each is followed by its parts, which say the same and more.
#[derive(Default)]
pub(super) struct Acts {
    /// The columns up to the order number of the last such line, until a part of it comes.
    waiting: Option<Box<[u8]>>,
}

impl Acts {
    pub(super) fn is_whole(&mut self, line: &Line, sink: &mut Sink<'_>) -> bool {
        let act = line.prefix(ORDER);
        if line.raw(DETAIL).iter().all(|byte| *byte == b'0') {
            self.end(sink);
            self.waiting = Some(act.into());
            sink.out.remark(&remarks::WHOLE);
            return true;
        }
        match self.waiting.take() {
            Some(waiting) if *waiting != *act => sink.out.remark(&remarks::LONE),
            _ => {}
        }
        false
    }

    pub(super) fn end(&mut self, sink: &mut Sink<'_>) {
        if self.waiting.take().is_some() {
            sink.out.remark(&remarks::LONE);
        }
    }
}

/// Keys of one stay or visit; a number that comes twice on a day gets a mark, so that neither line is lost.
#[derive(Default)]
pub(super) struct Keys(HashMap<Box<str>, u32>);

impl Keys {
    pub(super) fn of(&mut self, line: &Line, start: &str, sink: &mut Sink<'_>) -> String {
        let [date, class, order, detail] = [DATE, CLASS, ORDER, DETAIL].map(|column| line.code(column));
        let own = format!("{date}/{class}/{order}/{detail}");
        if let Some(times) = self.0.get_mut(own.as_str()) {
            *times += 1;
            sink.out.remark(&remarks::AGAIN);
            return format!("{start}/{own}/{times}");
        }
        let key = format!("{start}/{own}");
        self.0.insert(own.into(), 1);
        key
    }
}

/// The stay that is being read.
struct Stay {
    patient: String,
    facility: String,
    /// As written.
    admission: String,
    key: String,
    visit: Visit,
    wards: Wards,
    keys: Keys,
}

impl Stay {
    /// The stay of a line; nothing, and the line is put aside, where the line does not name one.
    fn begin(line: &Line, sink: &mut Sink<'_>) -> Option<Self> {
        let admitted = line.day(ADMISSION);
        let (Some(admitted), false) = (admitted, line.code(PATIENT).is_empty()) else {
            let column = if admitted.is_none() { "入院年月日" } else { "データ識別番号" };
            sink.reject(line, Rule::Essential, Some(column));
            return None;
        };
        let [facility, patient, admission] = [FACILITY, PATIENT, ADMISSION].map(|column| line.code(column).to_owned());
        let key = stay::key(&facility, &patient, &admission);
        let visit = Visit {
            key: Some(key.clone()),
            part_of: None,
            setting: Setting::Inpatient,
            start: When::day(admitted),
            end: None,
            department: None,
            admitted_from: None,
            discharged_to: None,
            provenance: Provenance::Claim,
        };
        Some(Self { patient, facility, admission, key, visit, wards: Wards::default(), keys: Keys::default() })
    }

    fn has(&self, line: &Line) -> bool {
        line.code(PATIENT) == self.patient
            && line.code(ADMISSION) == self.admission
            && line.code(FACILITY) == self.facility
    }

    fn take(&mut self, line: &Line, origin: &Origin, sink: &mut Sink<'_>) {
        self.visit.end = line.day(DISCHARGE).map(When::day).or(self.visit.end);
        let Some(day) = line.day(DATE) else {
            return sink.reject(line, Rule::Essential, Some("実施年月日"));
        };
        self.wards.see(day, line.code(WARD), matches!(line.code(CLASS), "90" | "92"));
        let record = act::record(line, origin.layout, When::day(day), link(&self.key), &mut sink.out);
        if let Some(record) = record {
            let key = self.keys.of(line, &format!("dpc/ef/{}/{}", self.facility, self.admission), sink);
            sink.state(&self.patient, key, origin.version, vec![record]);
        }
    }

    fn tell(self, origin: &Origin, sink: &mut Sink<'_>) {
        for run in self.wards.runs() {
            let key = format!("{}/ward/{}", self.key, written(run.first));
            let ward = sink.out.code(Coding::new(System::Local, run.ward), None);
            let detail = Visit {
                key: Some(key.clone()),
                part_of: Some(self.key.clone()),
                start: When::day(run.first),
                end: Some(When::day(run.last)),
                department: Some(ward),
                ..self.visit.clone()
            };
            sink.state(&self.patient, format!("dpc/ef/{key}"), origin.version, vec![Record::Visit(detail)]);
        }
        let key = format!("dpc/visit/{}", self.key);
        sink.state(&self.patient, key, origin.version, vec![Record::Visit(self.visit)]);
    }
}

pub(super) fn written(day: Day) -> String {
    let (year, month, day) = day.date();
    format!("{year:04}{month:02}{day:02}")
}
