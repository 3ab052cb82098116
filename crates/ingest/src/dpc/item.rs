//! Answers of 様式1 that become observations and measurements.
//!
//! Listed are the items whose payload and meaning have not changed since fiscal 2014. Where an item is the same thing
//! that a vital sign message carries, it has that code first.

use super::layout::form1::PAYLOAD;
use super::line::Line;
use super::remarks;
use crate::record::{Measurement, Observation, Provenance, Record, Value};
use crate::when::When;
use crate::{Coding, Extract, System};

/// When an answer holds.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Moment {
    Admission,
    Discharge,
}

/// How an answer is read.
#[derive(Clone, Copy)]
enum Reading {
    /// A number in a unit; a measurement where it has one.
    Number(Option<&'static str>),
    /// A number that letters may follow, as in JCS: `3RI`.
    Level,
    /// Ten digits, each a fifth of the points of the Barthel index; 9 is unknown.
    Barthel,
    /// A code.
    Choice,
}

pub(super) struct Item {
    code: &'static str,
    payload: usize,
    moment: Moment,
    reading: Reading,
    /// Answers that say that nothing is known.
    unknown: &'static [&'static str],
    jlac10: Option<&'static str>,
}

const fn item(code: &'static str, payload: usize, moment: Moment, reading: Reading) -> Item {
    Item { code, payload, moment, reading, unknown: &[], jlac10: None }
}

impl Item {
    const fn unknown(self, unknown: &'static [&'static str]) -> Self {
        Self { unknown, ..self }
    }

    const fn jlac10(self, code: &'static str) -> Self {
        Self { jlac10: Some(code), ..self }
    }
}

use Moment::{Admission, Discharge};
use Reading::{Barthel, Choice, Level, Number};

const ITEMS: &[Item] = &[
    // Planned, emergency and its kind; ambulance; home care before admission.
    item("A000020", 5, Admission, Choice),
    item("A000020", 6, Admission, Choice),
    item("A000020", 7, Admission, Choice),
    // Outcome; home care afterwards.
    item("A000030", 3, Discharge, Choice),
    item("A000030", 5, Discharge, Choice),
    // Height, weight at admission and at discharge.
    item("A001010", 2, Admission, Number(Some("cm"))).unknown(&["0", "000"]).jlac10("9N001000000000001"),
    item("A001010", 3, Admission, Number(Some("kg"))).unknown(&["0", "000"]).jlac10("9N006000000000001"),
    item("A001010", 4, Discharge, Number(Some("kg"))).unknown(&["0", "000"]).jlac10("9N006000000000001"),
    // Cigarettes a day × years.
    item("A001020", 2, Admission, Number(None)).unknown(&["9999"]),
    // Pregnancy, its weeks; weight and weeks at birth.
    item("A002010", 2, Admission, Choice),
    item("A002010", 3, Admission, Number(None)),
    item("A003010", 2, Admission, Number(Some("g"))),
    item("A003010", 3, Admission, Number(None)),
    item("ADL0010", 2, Admission, Barthel),
    item("ADL0020", 2, Discharge, Barthel),
    item("JCS0010", 2, Admission, Level).unknown(&["999"]),
    item("JCS0020", 2, Discharge, Level).unknown(&["999"]),
    // First or recurrent cancer; T, N, M and edition of UICC; stage; chemotherapy.
    item("CAN0010", 3, Admission, Choice),
    item("CAN0020", 3, Admission, Choice),
    item("CAN0020", 4, Admission, Choice),
    item("CAN0020", 5, Admission, Choice),
    item("CAN0020", 6, Admission, Choice),
    item("CAN0030", 3, Admission, Choice),
    item("CAN0040", 3, Admission, Choice),
    // Modified Rankin scale before onset and at discharge.
    item("M010010", 2, Admission, Choice).unknown(&["9"]),
    item("M010020", 2, Discharge, Choice).unknown(&["9"]),
    // Hugh-Jones; severity of pneumonia; NYHA; CCS; Killip; Child-Pugh.
    item("M040010", 2, Admission, Choice),
    item("M040020", 2, Admission, Choice),
    item("M050010", 2, Admission, Choice),
    item("M050020", 2, Admission, Choice),
    item("M050030", 2, Admission, Choice),
    item("M060010", 2, Admission, Choice),
];

/// The items of one code of 様式1.
pub(super) fn items(code: &str) -> impl Iterator<Item = &'static Item> {
    ITEMS.iter().filter(move |item| item.code == code)
}

/// The canonical spelling of an answer.
pub(super) fn answer(code: &str, payload: usize, text: &str) -> Coding {
    Coding::new(System::Local, format!("DPC1-{code}-{payload}={text}"))
}

impl Item {
    pub(super) fn moment(&self) -> Moment {
        self.moment
    }

    /// Whether the line has an answer at all.
    pub(super) fn answered(&self, line: &Line) -> bool {
        let raw = line.raw(PAYLOAD + self.payload);
        !raw.is_empty() && !self.unknown.iter().any(|unknown| unknown.as_bytes() == raw)
    }

    /// The record of an answer; nothing, with a remark, where it cannot be read.
    pub(super) fn record(&self, line: &Line, at: When, visit: &str, out: &mut Extract) -> Option<Record> {
        let Some(value) = self.value(line) else {
            out.remark(&remarks::ANSWER);
            return None;
        };
        let own = Coding::new(System::Local, format!("DPC1-{}-{}", self.code, self.payload));
        let shared = self.jlac10.map(|code| Coding::new(System::Jlac10, code));
        // A question and its answer in one code can be asked for by its source value, an answer alone cannot.
        let both = value.code.clone().filter(|_| matches!(self.reading, Choice));
        let codes: Vec<Coding> = shared.into_iter().chain(both).chain([own]).map(|code| out.code(code, None)).collect();
        if let Some(code) = &value.code {
            out.seen.see(code, None);
        }
        let (provenance, link) = (Provenance::Claim, super::stay::link(visit));
        Some(match self.reading {
            Number(Some(_)) => Record::Measurement(Measurement {
                codes,
                at,
                value,
                preliminary: false,
                part_of: None,
                provenance,
                link,
            }),
            _ => Record::Observation(Observation { codes, at, value, provenance, link }),
        })
    }

    fn value(&self, line: &Line) -> Option<Value> {
        let column = PAYLOAD + self.payload;
        let mut value = Value::default();
        match self.reading {
            Number(unit) => {
                value.number = Some(line.number_in(column)?);
                value.unit = unit.map(|unit| Coding::new(System::Ucum, unit));
                return Some(value);
            }
            Level => {
                let text = line.code(column);
                let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
                value.number = Some(text[..end].parse().ok()?);
            }
            Barthel => {
                let digits = line.raw(column);
                if digits.len() != 10 || !digits.iter().all(u8::is_ascii_digit) {
                    return None;
                }
                let points = digits.iter().map(|digit| 5 * u32::from(digit - b'0')).sum::<u32>();
                value.number = (!digits.contains(&b'9')).then_some(f64::from(points));
            }
            Choice => {}
        }
        let (text, _) = line.text(column);
        // Stages are written with full-width brackets; an answer is never a sentence.
        if text.chars().count() > 16 {
            return None;
        }
        value.code = Some(answer(self.code, self.payload, &text));
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charset::Charset;

    fn read(code: &str, payload: usize, text: &str) -> Option<Value> {
        let mut line = Line::default();
        let blank = "\t".repeat(PAYLOAD + payload - 1);
        line.restore(format!("{blank}{text}").as_bytes(), 1, Charset::Utf8);
        let item = items(code).find(|item| item.payload == payload).unwrap();
        if item.answered(&line) { item.value(&line) } else { None }
    }

    #[test]
    fn answers_are_read_as_their_item_says() {
        for (code, payload, text, number, answer) in [
            ("A001010", 2, "165", Some(165.0), None),
            ("A001010", 3, "54.5", Some(54.5), None),
            ("A001020", 2, "400", Some(400.0), None),
            ("JCS0010", 2, "3RI", Some(3.0), Some("DPC1-JCS0010-2=3RI")),
            ("JCS0020", 2, "0", Some(0.0), Some("DPC1-JCS0020-2=0")),
            ("ADL0010", 2, "2312132222", Some(100.0), Some("DPC1-ADL0010-2=2312132222")),
            ("ADL0020", 2, "0000000000", Some(0.0), Some("DPC1-ADL0020-2=0000000000")),
            ("ADL0020", 2, "9312132222", None, Some("DPC1-ADL0020-2=9312132222")),
            ("CAN0020", 3, "Tis（DCIS）", None, Some("DPC1-CAN0020-3=Tis（DCIS）")),
        ] {
            let value = read(code, payload, text).unwrap();
            assert_eq!(value.number, number, "{code} {text}");
            assert_eq!(value.code.map(|code| code.code.into_string()).as_deref(), answer, "{code} {text}");
        }
        for (code, payload, text) in [
            ("A001010", 2, "000"),
            ("A001020", 2, "9999"),
            ("A001010", 2, "abc"),
            ("JCS0010", 2, "R"),
            ("ADL0010", 2, "123"),
            ("CAN0030", 3, "この患者については不明であるが再確認する"),
        ] {
            assert_eq!(read(code, payload, text), None, "{code} {text}");
        }
    }
}
