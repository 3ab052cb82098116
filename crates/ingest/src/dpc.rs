//! Files of the DPC survey (退院患者調査): 様式1, 入院EF, 外来EF, D, H; K and the rest are recognised and counted.
//!
//! What must stay true: memory does not grow with a file, no line is dropped in silence, and a month that is submitted
//! again replaces itself. Source: MHLW's 実施説明資料 of the fiscal year; see [`Layout`] for what differs by year.
//!
//! # What becomes of what
//! | File | Records |
//! |---|---|
//! | 様式1, one stay (統括診療情報番号 0) | [`Person`], [`Visit`], conditions, surgery, [`Death`], observations |
//! | 様式1, ward group of a stay (1, 2, …) | a [`Visit`] that is part of it (A000031); its other lines repeat the whole |
//! | 入院EF | drugs (6…), procedures (1…), devices (7…), the stay, its runs of wards |
//! | 外来EF | outpatient visits, drugs, procedures, devices, diagnoses (`SY`) |
//! | D | the case group (診断群分類番号) as an observation of the stay |
//! | H | the need of nursing on each day (重症度、医療・看護必要度), an observation for each payload |
//!
//! Lines of 様式1 are brought together by stay before anything is said, since a complication's day is known only with
//! the discharge: at most [`form1::OPEN_BYTES`] of lines wait, and a stay whose lines lie further apart is rejected
//! rather than half told. **Complications (A006050) are dated at discharge**, the first day on which they are known to
//! have happened: the form has no date for them, and at admission they would precede their own stay.
//!
//! A line of EF is a statement of its own. Lines with detail number 000 state an act as a whole and repeat what the
//! numbered lines after them list, so they are never counted. Amount × 行為回数 is what was given. Drugs brought from
//! home were dispensed elsewhere: they are counted and left out. Bed, meal, visit and dispensing fees are not acts.
//! Files E and F separately hold day and amount apart, so they are counted and not converted. What a payload of
//! H means changes with the fee schedule: its version is in the code, so that different years are not pooled unread.
//!
//! # Keys
//! A stay is `facility/data id/admission` ([`Visit::key`]), with the 回数管理番号 added where it is not 0: EF knows no
//! such number, and it differs from 0 only for a second admission on one day. The visit is stated by 様式1 and by EF
//! under one key; 様式1 has the greater version. Versions grow with the month in the file's name.
//!
//! # Codes
//! Answers of 様式1 are `LOCAL:DPC1-<code>-<payload>=<answer>` and their questions `LOCAL:DPC1-<code>-<payload>`, the
//! same text at every DPC hospital; those of H are `LOCAL:DPC-H-<code>-<version>-<payload>`; an answer that is a code is its observation's first code. Units of EF are
//! `LOCAL:RECEIPT-UNIT-<code>`, data classes as routes `LOCAL:DPC-CLASS-<code>`, departments `LOCAL:DPC-DEPT-<code>`,
//! wards the hospital's own codes. [`System::Dpc`] is for case groups only. Disease codes of receipts (7 digits) are
//! `RECEIPT:`, beside the ICD-10 code.
//!
//! [`Person`]: crate::record::Person
//! [`Visit`]: crate::record::Visit
//! [`Visit::key`]: crate::record::Visit::key
//! [`Death`]: crate::record::Death
//! [`System::Dpc`]: crate::System::Dpc

mod act;
mod case_group;
mod ef;
mod form1;
mod item;
mod kind;
mod layout;
mod line;
mod nursing;
mod origin;
mod outpatient;
mod remarks;
mod sink;
mod stay;
mod ward;

use std::collections::VecDeque;
use std::io::{self, BufRead};

pub use form1::OPEN_BYTES;
pub use kind::FileKind;
pub use layout::Layout;
pub use remarks::REMARKS;

use crate::{Extract, Rule, Rules};
use line::{Line, Lines, Next};
use origin::Origin;
use sink::Sink;

/// Reads one file, and hands over what it says in pieces of about 2,048 statements; `each` returns whether to go on.
/// `file` is its name, with or without its folder: kind and year are looked for in it.
///
/// # Errors
/// What the reader says. Whatever was read before has been handed over.
pub fn read(reader: impl BufRead, file: &str, rules: &Rules, each: &mut dyn FnMut(Extract) -> bool) -> io::Result<()> {
    let mut lines = Lines::open(reader)?;
    let mut sink = Sink::new(file, each);
    let mut ahead = look(&mut lines, &mut sink)?;
    // Files that are not for submission often begin with the names of the columns; others begin with a cut line.
    while ahead.len() > 1 && ahead.back().is_some_and(FileKind::fits) {
        match ahead.pop_front() {
            Some(line) if line.is_dated() => sink.reject(&line, Rule::Fields, None),
            _ => sink.out.remark(&remarks::HEADER),
        }
    }
    if let Some(line) = ahead.pop_front() {
        let kind = FileKind::of(file, &line, &mut sink.out.remarks);
        let origin = Origin::of(file, kind, &line, &mut sink.out.remarks);
        convert(kind, &mut Input { lines, line, ahead, origin, rules }, &mut sink)?;
    }
    sink.finish();
    Ok(())
}

/// Lines that are looked at for one that shows what kind of file it is.
const LOOK: usize = 8;

/// The lines at the beginning, up to one that has the shape of a line of the survey.
fn look<R: BufRead>(lines: &mut Lines<R>, sink: &mut Sink<'_>) -> io::Result<VecDeque<Line>> {
    let mut ahead = VecDeque::new();
    while ahead.len() < LOOK {
        let mut line = Line::default();
        match lines.next(&mut line)? {
            Next::End => break,
            Next::TooLong => sink.reject(&line, Rule::Size, None),
            Next::Line if line.is_blank() => {}
            Next::Line => {
                let fits = FileKind::fits(&line);
                ahead.push_back(line);
                if fits {
                    break;
                }
            }
        }
        if !sink.listens() {
            break;
        }
    }
    Ok(ahead)
}

/// What every kind of file is read with.
struct Input<'a, R> {
    lines: Lines<R>,
    /// The line to be looked at next.
    line: Line,
    /// Lines after it that were read already.
    ahead: VecDeque<Line>,
    origin: Origin,
    rules: &'a Rules,
}

impl<R: BufRead> Input<'_, R> {
    /// Shows every line, from the one at hand on, until the end or until nobody listens. Lines that are too long or
    /// have another number of columns are put aside.
    fn each(
        &mut self,
        sink: &mut Sink<'_>,
        columns: usize,
        show: &mut dyn FnMut(&Line, &mut Sink<'_>),
    ) -> io::Result<()> {
        let mut next = Next::Line;
        loop {
            match next {
                Next::End => return Ok(()),
                Next::TooLong => sink.reject(&self.line, Rule::Size, None),
                Next::Line if self.line.is_blank() => {}
                Next::Line if self.line.is_cut(columns) => sink.reject(&self.line, Rule::Fields, None),
                Next::Line => show(&self.line, sink),
            }
            if !sink.listens() {
                return Ok(());
            }
            next = match self.ahead.pop_front() {
                Some(line) => {
                    self.line = line;
                    Next::Line
                }
                None => self.lines.next(&mut self.line)?,
            };
        }
    }
}

fn convert<R: BufRead>(kind: FileKind, input: &mut Input<'_, R>, sink: &mut Sink<'_>) -> io::Result<()> {
    match kind {
        FileKind::Form1 => form1::read(input, sink),
        FileKind::Inpatient => ef::read(input, sink),
        FileKind::Outpatient => outpatient::read(input, sink),
        FileKind::CaseGroup => case_group::read(input, sink),
        FileKind::Nursing => nursing::read(input, sink),
        FileKind::Unknown => {
            sink.reject(&input.line, Rule::Format, None);
            Ok(())
        }
        FileKind::Act | FileKind::Detail | FileKind::Common | FileKind::Other => {
            let remark = kind.counted();
            input.each(sink, 0, &mut |_, sink| sink.out.remark(remark))
        }
    }
}
