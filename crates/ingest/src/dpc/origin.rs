//! From when a file is: its month, its fiscal year, and so its layout and the version of what it says.

use super::kind::FileKind;
use super::layout::{self, Layout};
use super::line::Line;
use super::remarks;
use crate::remark::Remarks;

#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    pub(super) layout: &'static Layout,
    /// Grows with the month of the file, `yyyymm`; 0 where the name does not tell it.
    pub(super) version: i64,
}

impl Origin {
    /// By the month in the name, else a year in the folders, else the first line's day.
    pub(super) fn of(file: &str, kind: FileKind, line: &Line, remarks: &mut Remarks) -> Self {
        let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let month = month(name);
        let year = month
            .map(|(year, month)| fiscal(year, month))
            .or_else(|| folder_year(file.strip_suffix(name).unwrap_or("")))
            .or_else(|| content_year(kind, line));
        let (layout, known) = Layout::of(year.unwrap_or(layout::LAST));
        let converted = matches!(
            kind,
            FileKind::Form1 | FileKind::Inpatient | FileKind::Outpatient | FileKind::CaseGroup | FileKind::Nursing
        );
        if converted && (!known || year.is_none()) {
            remarks.add(&remarks::YEAR);
        }
        let version = month.map_or(0, |(year, month)| i64::from(year) * 100 + i64::from(month));
        Self { layout, version }
    }
}

/// The fiscal year, which begins in April.
fn fiscal(year: i32, month: u32) -> i32 {
    if month < 4 { year - 1 } else { year }
}

/// `yymm` or `yyyymm` as a run of digits of its own, the last of them.
fn month(name: &str) -> Option<(i32, u32)> {
    let runs = name.split(|c: char| !c.is_ascii_digit()).filter(|run| matches!(run.len(), 4 | 6));
    runs.filter_map(|run| {
        let (year, month) = run.split_at(run.len() - 2);
        let century = if year.len() == 2 { 2000 } else { 0 };
        let (year, month) = (year.parse::<i32>().ok()? + century, month.parse::<u32>().ok()?);
        ((2003..=2099).contains(&year) && (1..=12).contains(&month)).then_some((year, month))
    })
    .next_back()
}

/// A year in the names of the folders: `2026`, `FY2026`, `R8`, `令和8年度`; the innermost.
fn folder_year(folders: &str) -> Option<i32> {
    folders.split(['/', '\\']).rev().find_map(|folder| {
        let digits = |text: &str| -> Option<i32> {
            let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            text[..end].parse().ok()
        };
        let after = |mark: &str| folder.find(mark).and_then(|at| digits(&folder[at + mark.len()..]));
        let era = after("令和").or_else(|| folder.strip_prefix(['R', 'r']).and_then(digits));
        let plain = folder.find(|c: char| c.is_ascii_digit()).and_then(|at| digits(&folder[at..]));
        era.filter(|year| (1..=60).contains(year))
            .map(|year| year + 2018)
            .or(plain.filter(|year| (2003..=2099).contains(year)))
    })
}

fn content_year(kind: FileKind, line: &Line) -> Option<i32> {
    let column = match kind {
        FileKind::Form1 => layout::form1::ADMISSION,
        FileKind::CaseGroup => layout::d::DATE,
        FileKind::Inpatient | FileKind::Outpatient => layout::ef::DATE,
        FileKind::Nursing => layout::h::DATE,
        _ => return None,
    };
    let (year, month, _) = line.day(column)?.date();
    Some(fiscal(year, month))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charset::Charset;

    #[test]
    fn the_month_is_in_the_name_and_years_begin_in_april() {
        for (name, expect) in [
            ("EFn_131234567_2604.txt", Some((2026, 4))),
            ("FF1_131234567_202603.txt", Some((2026, 3))),
            ("FF1_131234567_2613.txt", None),
            ("ef.txt", None),
        ] {
            assert_eq!(month(name), expect, "{name}");
        }
        assert_eq!((fiscal(2026, 3), fiscal(2026, 4)), (2025, 2026));
    }

    #[test]
    fn folders_name_years_in_both_calendars() {
        for (folders, expect) in [
            ("dpc/FY2026/", Some(2026)),
            ("dpc/令和8年度/", Some(2026)),
            ("2024/R6/", Some(2024)),
            ("dpc/raw/", None),
            ("R99999999999999/", None),
        ] {
            assert_eq!(folder_year(folders), expect, "{folders}");
        }
    }

    #[test]
    fn a_year_that_is_not_known_is_remarked_upon() {
        let mut remarks = Remarks::default();
        let mut line = Line::default();
        line.restore(b"131234567\t1\t20260401", 1, Charset::Utf8);
        let known = Origin::of("yoshiki1.txt", FileKind::Form1, &line, &mut remarks);
        assert_eq!((known.layout.year, known.version), (2016, 0));
        assert!(remarks.is_empty());
        assert_eq!(Origin::of("FF1_1_3504.txt", FileKind::Form1, &line, &mut remarks).version, 203_504);
        assert_eq!(remarks.count(&remarks::YEAR), 1);
    }
}
