//! A statement in the making: where its file lies, what it says so far, and where to note what is odd.

use std::borrow::Cow;

use super::label::Label;
use super::name::Name;
use super::remarks::{DAY_IMPUTED, FOLDER_DATE, NO_CODE, TEXT_CODE};
use super::{time, value};
use crate::hl7::{Field, Message, Segment};
use crate::record::{Codes, Link, Record};
use crate::{Coding, Extract, Remark, Rule, Rules, System, When, codes};

/// No code of any system is longer.
const MAX_CODE: usize = 64;
/// Nor is a unit.
const MAX_UNIT: usize = 20;
/// Of the text of a code, in characters.
const MAX_DISPLAY: usize = 200;
/// Signs of units beside ASCII, squared units (㎎, ㎗) and full-width ASCII.
const UNIT_SIGNS: &str = "μµΩ°℃×・⁰¹²³⁴⁵⁶⁷⁸⁹";
/// Words of units. A text that somebody put into the place of a unit has others.
const UNIT_WORDS: [&str; 42] = [
    "個",
    "本",
    "錠",
    "枚",
    "回",
    "回分",
    "日",
    "日分",
    "週",
    "月",
    "年",
    "倍",
    "秒",
    "分",
    "時",
    "時間",
    "歳",
    "点",
    "滴",
    "包",
    "管",
    "瓶",
    "筒",
    "袋",
    "単位",
    "国際単位",
    "視野",
    "毎視野",
    "万",
    "億",
    "対",
    "比",
    "人",
    "枝",
    "缶",
    "カプセル",
    "アンプル",
    "バイアル",
    "キット",
    "シリンジ",
    "パック",
    "セット",
];
/// Of a record in the quarantine, in bytes.
const MAX_RECORD: usize = 4096;

pub(super) struct Draft<'a> {
    pub(super) name: &'a Name,
    pub(super) file: &'a str,
    pub(super) rules: &'a Rules,
    pub(super) extract: &'a mut Extract,
    pub(super) records: Vec<Record>,
    /// Whether the message as a whole comes from a stay (PV1-2).
    pub(super) inpatient: Option<bool>,
    /// When the message was written.
    pub(super) written: Option<When>,
}

impl Draft<'_> {
    pub(super) fn push(&mut self, record: Record) {
        self.records.push(record);
    }

    pub(super) fn remark(&mut self, remark: &Remark) {
        self.extract.remark(remark);
    }

    /// Puts a segment aside.
    pub(super) fn reject(&mut self, segment: Segment<'_>, rule: Rule) {
        self.extract.reject(self.file, u64::from(segment.line), rule, cut(segment.text()));
    }

    /// All codes of a field, standard before local ones; those without the name of a system are of `bare`. An empty
    /// field has none, and a field with a text only neither.
    pub(super) fn codes(&mut self, field: Field<'_>, bare: System) -> Codes {
        let field = field.first();
        let (mut standard, mut local) = (Codes::new(), Codes::new());
        let mut text = false;
        let [code, display, label, other, other_display, other_label] = field.six();
        for [code, display, label] in [[code, display, label], [other, other_display, other_label]] {
            text |= !display.is_empty();
            if code.is_empty() {
                continue;
            }
            let label_text = label.text();
            let coding = match Label::of(label_text.trim()) {
                Label::Known(system, table) => self.coding(system, table, &code.text(), &display.text()),
                Label::Local(table) => self.coding(System::Local, Some(table), &code.text(), &display.text()),
                Label::Absent => self.coding(bare, None, &code.text(), &display.text()),
            };
            let Some(coding) = coding else { continue };
            let codes = if coding.system == System::Local { &mut local } else { &mut standard };
            if !codes.contains(&coding) {
                codes.push(coding);
            }
        }
        standard.append(&mut local);
        if standard.is_empty() && text {
            self.remark(&NO_CODE);
        }
        standard
    }

    /// The codes that a record cannot do without: where there are none, or some are damaged, the segment is put aside.
    pub(super) fn essential(&mut self, segment: Segment<'_>, number: usize, bare: System) -> Option<Codes> {
        let field = segment.field(number).first();
        if [1, 4].iter().any(|part| field.component(*part).raw().contains(char::REPLACEMENT_CHARACTER)) {
            self.reject(segment, Rule::Encoding);
            return None;
        }
        let codes = self.codes(field, bare);
        // Some systems write segments that say nothing at all; nothing is lost with them.
        if codes.is_empty() && !segment.is_bare() {
            self.reject(segment, Rule::Essential);
        }
        Some(codes).filter(|codes| !codes.is_empty())
    }

    /// The first code of a field.
    pub(super) fn code(&mut self, field: Field<'_>, bare: System) -> Option<Coding> {
        self.codes(field, bare).into_iter().next()
    }

    /// A code of a system, noted with its text. `table` goes before codes that are unique within it only.
    pub(super) fn coding(&mut self, system: System, table: Option<&str>, raw: &str, display: &str) -> Option<Coding> {
        let Some(code) = clean(raw) else {
            self.remark(&TEXT_CODE);
            return None;
        };
        let digits = code.bytes().all(|b| b.is_ascii_digit());
        let coding = match (system, table) {
            // Materials: parts of JLAC10 that stand alone.
            (System::Jlac10, _) if code.len() == 3 => Some(Coding::new(system, &*code)),
            (System::Hot9, _) if digits && matches!(code.len(), 11 | 13) => self.canonical(system, code.get(..9)?),
            (System::Medis, _) if code.len() == 4 => self.canonical(System::MedisExchange, &code),
            (_, Some(table)) => self.canonical(system, &format!("{}:{code}", clean(table)?)),
            (_, None) => self.canonical(system, &code),
        }?;
        Some(self.extract.code(coding, Some(short(display))))
    }

    fn canonical(&mut self, system: System, code: &str) -> Option<Coding> {
        codes::canonical(system, code, &mut self.extract.remarks)
    }

    /// A unit. The hospital's own tables mostly hold what everybody writes (`g/dl^g/dl^99XYZ`), so a code that is not
    /// only a number is read as such, whatever its table.
    pub(super) fn unit(&mut self, field: Field<'_>) -> Option<Coding> {
        let field = field.first();
        let [code, text, label, other, other_text, other_label] = field.six().map(Field::text);
        if code.ends_with("10") && text.starts_with(|c: char| c.is_ascii_digit()) {
            // A raw separator within a power of ten: x10^4/uL.
            return self.readable_unit(&format!("{code}^{text}"), "");
        }
        let standard = |label: &str| matches!(Label::of(label.trim()), Label::Known(..));
        if !other.is_empty() && standard(&other_label) && !standard(&label) {
            return self.labelled_unit(&other, &other_text, &other_label);
        }
        if code.is_empty() { self.readable_unit(&text, "") } else { self.labelled_unit(&code, &text, &label) }
    }

    fn labelled_unit(&mut self, code: &str, text: &str, label: &str) -> Option<Coding> {
        match Label::of(label.trim()) {
            Label::Known(System::Ucum, _) | Label::Absent => self.readable_unit(code, text),
            Label::Known(system, table) => self.coding(system, table, code, text),
            Label::Local(table) if code.bytes().all(|b| b.is_ascii_digit()) => {
                self.coding(System::Local, Some(table), code, text)
            }
            Label::Local(_) => self.readable_unit(code, text),
        }
    }

    fn readable_unit(&mut self, code: &str, text: &str) -> Option<Coding> {
        let code = code.trim();
        if code.is_empty() {
            return None;
        }
        if code.chars().nth(MAX_UNIT).is_some() || !is_unit(code) {
            self.remark(&TEXT_CODE);
            return None;
        }
        let coding = self.canonical(System::Ucum, code)?;
        let display = if text.is_empty() { code } else { short(text) };
        Some(self.extract.code(coding, Some(display)))
    }

    /// The first of several texts that is a time, or else the day of the folder.
    pub(super) fn moment(&mut self, texts: &[&str]) -> Option<When> {
        texts.iter().find_map(|text| time::when(text)).or_else(|| {
            let day = self.name.date()?;
            self.remark(&FOLDER_DATE);
            Some(When::day(day))
        })
    }

    /// The first of several texts that is a time, or a month, or a year.
    pub(super) fn about(&mut self, texts: &[&str]) -> Option<When> {
        let (when, imputed) = texts.iter().find_map(|text| time::about(text))?;
        if imputed {
            self.remark(&DAY_IMPUTED);
        }
        Some(when)
    }

    /// Where a record comes from, by the order it belongs to (ORC-29) or by the message.
    pub(super) fn link(&self, orc: Option<Segment<'_>>) -> Link {
        let order = orc.and_then(|orc| inpatient(orc.value(29)));
        Link { visit: None, inpatient: order.or(self.inpatient) }
    }
}

/// When a message was written: by itself, or by the name of its file.
pub(super) fn written(name: &Name, message: &Message<'_>) -> Option<When> {
    let field = |id, number| message.segment(id).and_then(|segment| time::when(segment.value(number)));
    field("EVN", 2).or_else(|| field("MSH", 7)).or_else(|| time::when(&name.stamp))
}

/// I, or O and E.
pub(super) fn inpatient(class: &str) -> Option<bool> {
    match class {
        "I" => Some(true),
        "O" | "E" => Some(false),
        _ => None,
    }
}

/// A number and nothing else.
pub(super) fn amount(field: Field<'_>) -> Option<f64> {
    match value::read(&field.first().component(1).text()) {
        value::Reading::Number(value::Number { value, comparator: None }) => Some(value),
        _ => None,
    }
}

fn is_unit(text: &str) -> bool {
    let block = |c| matches!(c, '\u{3371}'..='\u{33df}' | '\u{ff01}'..='\u{ff5e}');
    let sign = |c: char| c.is_ascii_graphic() || block(c) || UNIT_SIGNS.contains(c);
    text.split(sign).all(|word| word.is_empty() || UNIT_WORDS.contains(&word))
}

/// The text of a code, as much of it as anybody would read.
fn short(display: &str) -> &str {
    display.char_indices().nth(MAX_DISPLAY).and_then(|(end, _)| display.get(..end)).unwrap_or(display)
}

/// What a record shows in the quarantine.
pub(super) fn cut(text: &str) -> &str {
    let end = (0..=MAX_RECORD.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

/// A code, full-width letters made ASCII. What has blanks or other scripts in it is a text that somebody put into the
/// place of a code, and could be anything, a name included.
fn clean(raw: &str) -> Option<Cow<'_, str>> {
    let raw = raw.trim();
    let graphic = |text: &str| text.len() <= MAX_CODE && text.bytes().all(|b| b.is_ascii_graphic());
    if graphic(raw) {
        return (!raw.is_empty()).then_some(Cow::Borrowed(raw));
    }
    if raw.len() > 3 * MAX_CODE {
        return None;
    }
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    };
    let folded: String = raw.chars().map(narrow).collect();
    graphic(&folded).then_some(Cow::Owned(folded))
}
