//! Names of files in the standardized storage, and of content folders in the extended one.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;

use encoding_rs::SHIFT_JIS;

use super::kind::Kind;
use crate::Day;

/// No name of a file system is longer.
const MAX_NAME: usize = 1024;
/// `YYYYMMDDHHMMSSFFF`.
const STAMP_DIGITS: usize = 17;

/// The standing of a file. It is part of the name: files are never changed, only renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// `0`: deleted.
    Deleted,
    /// `1`: valid.
    Valid,
    /// `2`: replaced by a later file.
    Superseded,
}

/// `patient_day_kind_order_stamp_department_flag`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The hospital's patient number.
    pub patient: String,
    /// Eight digits, or `-` for kinds without a date. Not a clinical date: see the fields of the message.
    pub day: String,
    /// Kind of data.
    pub kind: Kind,
    /// Order number; nines where the kind has none. In the extended storage, the key of the content.
    pub order: String,
    /// When it was written: 8 to 17 digits.
    pub stamp: String,
    /// Department.
    pub department: Option<String>,
    /// Standing.
    pub flag: Flag,
}

impl Name {
    /// Reads a name from both ends, so that patient numbers and keys may hold `_`, and the department may be missing.
    /// `None` for what is no such name.
    #[must_use]
    pub fn parse(name: &OsStr) -> Option<Self> {
        let text = decode(name)?;
        let (rest, flag) = text.rsplit_once('_')?;
        let flag = match flag {
            "0" => Flag::Deleted,
            "1" => Flag::Valid,
            "2" => Flag::Superseded,
            _ => return None,
        };
        let (before, last) = rest.rsplit_once('_')?;
        let (before, stamp, department) = if is_stamp(last) {
            (before, last, None)
        } else {
            let (before, stamp) = before.rsplit_once('_').filter(|(_, stamp)| is_stamp(stamp))?;
            (before, stamp, Some(last).filter(|last| !matches!(*last, "" | "-")))
        };
        let (patient, day, kind, order) = front(before)?;
        Some(Self {
            patient: patient.to_owned(),
            day: day.to_owned(),
            kind: Kind::of(kind),
            order: order.to_owned(),
            stamp: stamp.to_owned(),
            department: department.map(str::to_owned),
            flag,
        })
    }

    /// The name of a file by its path: the names of the folders it lies in have to agree. A file within a content
    /// folder of the extended storage goes by the name of that folder, and its kind is that of the folder above.
    #[must_use]
    pub fn at(path: &Path) -> Option<Self> {
        let mut parts = path.components().rev().map(|part| part.as_os_str());
        let (file, above) = (parts.next()?, parts.next()?);
        if let Some(name) = Self::parse(file) {
            let agrees = name.lies_in(parts.next(), parts.next()) && above == name.kind.as_str();
            return agrees.then_some(name);
        }
        let name = Self::parse(above)?;
        let kind = Kind::of(&decode(parts.next()?)?);
        let extended = matches!(kind, Kind::Extended(_) | Kind::Other(_)) && name.lies_in(parts.next(), parts.next());
        extended.then_some(Self { kind, ..name })
    }

    fn lies_in(&self, day: Option<&OsStr>, patient: Option<&OsStr>) -> bool {
        day.is_some_and(|day| day == self.day.as_str())
            && patient.and_then(decode).is_some_and(|patient| patient == self.patient)
    }

    /// What identifies the statement of this file among those of its patient.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}/{}", self.day, self.kind, self.order)
    }

    /// The stamp as a number that grows with time, however many digits it was written with.
    #[must_use]
    pub fn version(&self) -> i64 {
        let digits = self.stamp.bytes().chain(std::iter::repeat(b'0')).take(STAMP_DIGITS);
        digits.fold(0, |version, digit| version * 10 + i64::from(digit.wrapping_sub(b'0') % 10))
    }

    /// The day of the folder, where it has one.
    #[must_use]
    pub fn date(&self) -> Option<Day> {
        let number = |from: usize, to: usize| self.day.get(from..to)?.parse::<u32>().ok();
        Day::of(i32::try_from(number(0, 4)?).ok()?, number(4, 6)?, number(6, 8)?)
    }
}

/// Patient, day, kind and order. The order has no `_` in the standardized storage; where reading it so gives no day,
/// the first day from the left counts, and the key is all that follows the kind.
fn front(text: &str) -> Option<(&str, &str, &str, &str)> {
    let strict = || {
        let (rest, order) = text.rsplit_once('_')?;
        let (rest, kind) = rest.rsplit_once('_')?;
        let (patient, day) = rest.rsplit_once('_')?;
        Some((patient, day, kind, order))
    };
    let whole = |parts: &(&str, &str, &str, &str)| {
        let (patient, day, kind, order) = *parts;
        !patient.is_empty() && is_day(day) && !kind.is_empty() && !order.is_empty()
    };
    strict().filter(whole).or_else(|| {
        let starts = text.match_indices('_').map(|(at, _)| at);
        starts.map(|at| (&text[..at], &text[at + 1..])).find_map(|(patient, rest)| {
            let (day, rest) = rest.split_once('_')?;
            let (kind, order) = rest.split_once('_')?;
            Some((patient, day, kind, order)).filter(whole)
        })
    })
}

fn is_day(text: &str) -> bool {
    text == "-" || (text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()))
}

fn is_stamp(text: &str) -> bool {
    matches!(text.len(), 8 | 10 | 12 | 14..=STAMP_DIGITS) && text.bytes().all(|b| b.is_ascii_digit())
}

/// The text of a name of the file system: UTF-8, or CP932 as old shares have it. Decoded before it is split, since
/// `_` and `^` are halves of characters there.
fn decode(name: &OsStr) -> Option<Cow<'_, str>> {
    if let Some(text) = name.to_str() {
        return (text.len() <= MAX_NAME).then_some(Cow::Borrowed(text));
    }
    let bytes = name.as_encoded_bytes();
    (bytes.len() <= MAX_NAME).then(|| SHIFT_JIS.decode_without_bom_handling(bytes).0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(name: &str) -> Option<([String; 5], Option<String>, Flag)> {
        let name = Name::parse(OsStr::new(name))?;
        let kind = name.kind.as_str().to_owned();
        Some(([name.patient, name.day, kind, name.order, name.stamp], name.department, name.flag))
    }

    #[test]
    fn names_are_read_from_both_ends() {
        let stamp = "20111220224447339";
        for (text, patient, day, kind, order, department, flag) in [
            ("9013_-_ADT-00_999999999999999_@_-_1", "9013", "-", "ADT-00", "999999999999999", None, Flag::Valid),
            (
                "9013_20110701_OMP-01_000000011000185_@_01_2",
                "9013",
                "20110701",
                "OMP-01",
                "000000011000185",
                Some("01"),
                Flag::Superseded,
            ),
            (
                "9013_20111220_OMG-11_2011122000300_@_024_0",
                "9013",
                "20111220",
                "OMG-11",
                "2011122000300",
                Some("024"),
                Flag::Deleted,
            ),
            (
                "9013_20111220_OMG-11_2011122000300_@_1",
                "9013",
                "20111220",
                "OMG-11",
                "2011122000300",
                None,
                Flag::Valid,
            ),
            ("A_1_2_20111220_OMD_1_@__1", "A_1_2", "20111220", "OMD", "1", None, Flag::Valid),
            ("12_20111220_L-X^Y^99_k_1_@_01_1", "12", "20111220", "L-X^Y^99", "k_1", Some("01"), Flag::Valid),
            ("1_00000000_XYZ_1_@_-_1", "1", "00000000", "XYZ", "1", None, Flag::Valid),
        ] {
            let texts = [patient, day, kind, order, stamp].map(str::to_owned);
            let expect = (texts, department.map(str::to_owned), flag);
            assert_eq!(parts(&text.replace('@', stamp)), Some(expect), "{text}");
        }
    }

    #[test]
    fn what_is_no_such_name_is_none() {
        for text in [
            "",
            "_",
            "______",
            "Thumbs.db",
            "1_-_ADT-00_9_20111220_-_3",
            "1_-_ADT-00_9_20111220_-_1.tmp",
            "1_-_ADT-00_9_201_-_1",
            "1_2011122_ADT-00_9_20111220_-_1",
            "_-_ADT-00_9_20111220_-_1",
            "1_-__9_20111220_-_1",
            "1_-_ADT-00__20111220_-_1",
            "ADT-00_9_20111220_-_1",
        ] {
            assert_eq!(parts(text), None, "{text}");
        }
        assert_eq!(parts(&format!("{}_-_ADT-00_9_20111220_-_1", "1".repeat(2000))), None);
    }

    #[test]
    fn stamps_of_any_width_compare() {
        let version = |stamp: &str| Name::parse(OsStr::new(&format!("1_-_ADT-00_9_{stamp}_-_1"))).unwrap().version();
        let ascending =
            ["20111220", "201112200000", "201112200001", "20111220224447", "201112202244473", "20111220224447339"];
        let versions: Vec<_> = ascending.map(version).to_vec();
        assert_eq!(versions[0], versions[1]);
        assert!(versions.is_sorted());
        assert_eq!(version("20111220224447339"), 20_111_220_224_447_339);
    }

    #[test]
    fn folders_have_to_agree() {
        let standard = "r/901/3/9013/-/ADT-00/9013_-_ADT-00_9_20111220_-_1";
        assert_eq!(Name::at(Path::new(standard)).unwrap().key(), "-/ADT-00/9");
        assert_eq!(Name::at(Path::new(standard)).unwrap().date(), None);
        let extended = "r/901/3/9013/20111220/L-V^V^99Z/9013_20111220_L-V_7_20111220_1/main_document.hl7";
        let name = Name::at(Path::new(extended)).unwrap();
        assert_eq!((name.key().as_str(), name.date()), ("20111220/L-V^V^99Z/7", Day::of(2011, 12, 20)));
        for wrong in [
            standard.replace("/-/", "/20111220/"),
            standard.replace("/9013/", "/9014/"),
            standard.replace("/ADT-00/", "/ADT-12/"),
            extended.replace("L-V^V^99Z", "ADT-00"),
            extended.replace("/9013/", "/9014/"),
            "9013_-_ADT-00_9_20111220_-_1".into(),
        ] {
            assert_eq!(Name::at(Path::new(&wrong)), None, "{wrong}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn cp932_names_of_old_shares_are_read() {
        use std::os::unix::ffi::OsStrExt;
        // The second byte of the last character of the name is that of `_`.
        let (bytes, _, _) = SHIFT_JIS.encode("1_20200101_X^体温ソ^99_5_20200101_-_1");
        let name = Name::parse(OsStr::from_bytes(&bytes)).unwrap();
        assert_eq!(name.kind.as_str(), "X^体温ソ^99");
    }

    proptest! {
        #[test]
        fn any_text_is_a_name_or_none(text in "[0-9A-Z_^-]{0,60}") {
            if let Some(name) = Name::parse(OsStr::new(&text)) {
                prop_assert!(name.version() >= 0 && text.starts_with(&name.patient));
            }
        }
    }
}
