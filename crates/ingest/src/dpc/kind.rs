//! What kind of file it is, by its name and by the shape of its first line.

use super::layout::ef;
use super::line::Line;
use super::remarks;
use crate::remark::{Remark, Remarks};

/// The kinds of files of the survey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// 様式1.
    Form1,
    /// 入院EF統合.
    Inpatient,
    /// 外来EF統合.
    Outpatient,
    /// D (包括診療明細).
    CaseGroup,
    /// E by itself.
    Act,
    /// F by itself.
    Detail,
    /// H (重症度、医療・看護必要度).
    Nursing,
    /// K (3情報から生成した一次共通ID).
    Common,
    /// 様式3, 様式4.
    Other,
    /// None of them.
    Unknown,
}

impl FileKind {
    /// The kind that a name says, with or without its folder: the survey's own names (`FF1_…`, `EFn_…`, `EFg_…`,
    /// `Dn_…`, `Hn_…`, `Kn_…`), or words that people use.
    #[must_use]
    pub fn by_name(file: &str) -> Option<Self> {
        let name = file.rsplit(['/', '\\']).next().unwrap_or(file).to_lowercase().replace('１', "1");
        let begins = |start: &str| {
            let rest = name.strip_prefix(start);
            rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphabetic()))
        };
        let has = |word: &str| name.contains(word);
        let kinds = [
            (begins("ff1") || has("様式1") || has("yoshiki1"), Self::Form1),
            (begins("ff3") || begins("ff4") || has("様式3") || has("様式4"), Self::Other),
            (begins("efg") || has("外来ef"), Self::Outpatient),
            (begins("efn") || begins("ef") || has("入院ef"), Self::Inpatient),
            (begins("dn") || has("dファイル"), Self::CaseGroup),
            (begins("hn") || has("hファイル"), Self::Nursing),
            (begins("kn") || has("kファイル"), Self::Common),
            (begins("en"), Self::Act),
            (begins("fn"), Self::Detail),
        ];
        kinds.into_iter().find(|(fits, _)| *fits).map(|(_, kind)| kind)
    }

    /// The kind of a file with this name and this first line. The shape decides where the two differ.
    pub(super) fn of(file: &str, line: &Line, remarks: &mut Remarks) -> Self {
        let name = Self::by_name(file);
        match (name, Self::by_shape(line, name)) {
            (Some(name), Some(shape)) if name != shape => {
                remarks.add(&remarks::NAME);
                shape
            }
            // These have no shape that is known.
            (Some(name @ (Self::Common | Self::Other)), None) => name,
            (_, Some(shape)) => shape,
            (_, None) => Self::Unknown,
        }
    }

    /// Whether a line has the shape of a line of the survey.
    pub(super) fn fits(line: &Line) -> bool {
        Self::by_shape(line, None).is_some()
    }

    /// The two editions of EF have one shape; where the column that divides them is empty, the name does.
    fn by_shape(line: &Line, name: Option<Self>) -> Option<Self> {
        let facility = |column| line.raw(column).len() == 9 && line.raw(column).iter().all(u8::is_ascii_digit);
        let dated = |column| line.date(column).is_some();
        match line.columns() {
            17 if dated(3) && line.raw(6).len() == 7 => Some(Self::Form1),
            31 if dated(ef::ADMISSION) && dated(ef::DATE) => Some(match line.code(ef::IN_OUT) {
                "1" => Self::Outpatient,
                "0" => Self::Inpatient,
                _ => name.filter(|name| *name == Self::Outpatient).unwrap_or(Self::Inpatient),
            }),
            30 if dated(4) && dated(18) => Some(Self::CaseGroup),
            29 if facility(1) && dated(5) && dated(6) && line.raw(7).len() == 7 => Some(Self::Nursing),
            25 if dated(4) && dated(18) => Some(Self::Act),
            19 if dated(4) && line.raw(7).len() == 3 => Some(Self::Detail),
            _ => None,
        }
    }

    /// The remark that counts its lines, of kinds that are only counted.
    pub(super) fn counted(self) -> &'static Remark {
        match self {
            Self::Act => &remarks::E_LINE,
            Self::Detail => &remarks::F_LINE,
            Self::Common => &remarks::K_LINE,
            _ => &remarks::FORM_LINE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charset::Charset;

    #[test]
    fn names_of_the_survey_and_of_people_are_known() {
        for (name, kind) in [
            ("FF1_131234567_2604.txt", Some(FileKind::Form1)),
            ("2026/様式１.txt", Some(FileKind::Form1)),
            ("yoshiki1.txt", Some(FileKind::Form1)),
            ("FF4_131234567_2604.txt", Some(FileKind::Other)),
            ("EFn_131234567_2604.txt", Some(FileKind::Inpatient)),
            ("ef.txt", Some(FileKind::Inpatient)),
            ("efgh.txt", None),
            ("EFg_131234567_2604.txt", Some(FileKind::Outpatient)),
            ("外来EF統合ファイル.txt", Some(FileKind::Outpatient)),
            ("C:\\dpc\\Dn_131234567_2604.txt", Some(FileKind::CaseGroup)),
            ("Hn_131234567_2604.txt", Some(FileKind::Nursing)),
            ("Kn_131234567_2604.txt", Some(FileKind::Common)),
            ("En_131234567_0904.txt", Some(FileKind::Act)),
            ("readme.txt", None),
        ] {
            assert_eq!(FileKind::by_name(name), kind, "{name}");
        }
    }

    #[test]
    fn the_shape_decides() {
        let mut line = Line::default();
        line.restore(
            "131234567\t1\t20260401\t0\t0\tA000010\t20140401\t0\t\t\t\t\t\t\t\t\t".as_bytes(),
            1,
            Charset::Utf8,
        );
        let mut remarks = Remarks::default();
        assert_eq!(FileKind::of("x.txt", &line, &mut remarks), FileKind::Form1);
        assert!(remarks.is_empty());
        assert_eq!(FileKind::of("EFn_x.txt", &line, &mut remarks), FileKind::Form1);
        assert_eq!(remarks.count(&remarks::NAME), 1);
        for (in_out, name, kind, named) in [
            ("1", "EFn.txt", FileKind::Outpatient, 1),
            ("0", "EFn.txt", FileKind::Inpatient, 0),
            ("", "EFg.txt", FileKind::Outpatient, 0),
            ("", "x.txt", FileKind::Inpatient, 0),
        ] {
            let ef = format!("1\t7\t0\t20260401{}\t20260401{}\t{in_out}\t", "\t".repeat(19), "\t".repeat(5));
            line.restore(ef.as_bytes(), 1, Charset::Utf8);
            let mut remarks = Remarks::default();
            assert_eq!((FileKind::of(name, &line, &mut remarks), remarks.count(&remarks::NAME)), (kind, named));
        }
        line.restore(b"a\tb", 1, Charset::Utf8);
        assert_eq!(FileKind::of("EFn_x.txt", &line, &mut remarks), FileKind::Unknown);
        assert_eq!(FileKind::of("Kn_x.txt", &line, &mut remarks), FileKind::Common);
    }
}
