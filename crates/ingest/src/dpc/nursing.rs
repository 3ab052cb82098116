//! H: what a patient needed of nurses on one day (重症度、医療・看護必要度), observations of the stay.
//!
//! What a payload asks follows from the item's code and its version, which changes with the fee schedule. Both are in the
//! code of the observation, so that answers to different questions are never one: `LOCAL:DPC-H-ASS0021-20240601-3` is the
//! third payload of ASS0021 in the version of June 2024. An answer that is no number is a code `…=<answer>`.

use std::collections::HashMap;
use std::io::{self, BufRead};

use super::layout::h::{ADMISSION, CODE, DATE, FACILITY, NUMBER, PATIENT, PAYLOAD, PAYLOADS, VERSION};
use super::line::Line;
use super::origin::Origin;
use super::sink::Sink;
use super::stay::{self, link};
use super::{Input, remarks};
use crate::record::{Observation, Provenance, Record, Value};
use crate::when::{Day, When};
use crate::{Coding, Extract, Rule, System};

/// A longer answer is a text.
const LONGEST: usize = 8;

pub(super) fn read<R: BufRead>(input: &mut Input<'_, R>, sink: &mut Sink<'_>) -> io::Result<()> {
    let origin = input.origin;
    let mut day = Assessed::default();
    input.each(sink, origin.layout.h, &mut |line, sink| day.take(line, &origin, sink))
}

/// What was assessed of one patient on one day; lines of a day stand together.
#[derive(Default)]
struct Assessed {
    stay: String,
    day: Option<Day>,
    /// How often each item and number came.
    seen: HashMap<String, u32>,
}

impl Assessed {
    fn take(&mut self, line: &Line, origin: &Origin, sink: &mut Sink<'_>) {
        let (code, version) = (line.code(CODE), line.code(VERSION));
        let missing = [
            ("入院年月日", line.day(ADMISSION).is_none()),
            ("データ識別番号", line.code(PATIENT).is_empty()),
            ("コード", !is_word(code, 7)),
            ("バージョン", !is_word(version, LONGEST)),
            ("実施年月日", line.day(DATE).is_none()),
        ];
        let missing = missing.into_iter().find(|(_, missing)| *missing).map(|(column, _)| column);
        let (Some(day), None) = (line.day(DATE), missing) else {
            return sink.reject(line, Rule::Essential, missing);
        };
        let stay = stay::key(line.code(FACILITY), line.code(PATIENT), line.code(ADMISSION));
        if stay != self.stay || self.day != Some(day) {
            (self.stay, self.day) = (stay, Some(day));
            self.seen.clear();
        }
        let records = answers(line, &format!("DPC-H-{code}-{version}"), day, &self.stay, &mut sink.out);
        let own = format!("{code}/{}", line.code(NUMBER));
        let times = self.seen.entry(own.clone()).and_modify(|times| *times += 1).or_insert(1);
        let mut key = format!("dpc/h/{}/{}/{own}", self.stay, super::ef::written(day));
        if *times > 1 {
            sink.out.remark(&remarks::H_AGAIN);
            key = format!("{key}/{times}");
        }
        sink.state(line.code(PATIENT), key, origin.version, records);
    }
}

fn is_word(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// An observation for each payload that has something in it.
fn answers(line: &Line, item: &str, day: Day, stay: &str, out: &mut Extract) -> Vec<Record> {
    let mut records = Vec::new();
    for payload in 1..=PAYLOADS {
        let column = PAYLOAD + payload;
        if line.raw(column).is_empty() {
            continue;
        }
        let question = Coding::new(System::Local, format!("{item}-{payload}"));
        let (mut codes, mut value) = (Vec::new(), Value::default());
        match line.number_in(column) {
            Some(number) => value.number = Some(number),
            None if is_word(line.code(column), LONGEST) => {
                let answer = Coding::new(System::Local, format!("{item}-{payload}={}", line.code(column)));
                let answer = out.code(answer, None);
                value.code = Some(answer.clone());
                codes.push(answer);
            }
            None => {
                out.remark(&remarks::H_TEXT);
                continue;
            }
        }
        codes.push(out.code(question, None));
        let (at, provenance, link) = (When::day(day), Provenance::Claim, link(stay));
        records.push(Record::Observation(Observation { codes, at, value, provenance, link }));
    }
    records
}
