//! Points in time as HL7 writes them, and as hospitals do.

use crate::{Day, When};

/// `YYYYMMDD[HH[MM[SS[fraction]]]][.fraction][+zone]`: a day with as much of a time as there is. Hours of 24 to 47
/// belong to the next day. A time that does not exist leaves the day; a day that does not exist is `None`, and so
/// are zeros. Fractions of a second are left out, as is the zone: records are in the hospital's own time.
#[must_use]
pub fn when(text: &str) -> Option<When> {
    let text = text.trim();
    let length = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(length)?;
    if !matches!(rest.bytes().next(), None | Some(b'.' | b'+' | b'-')) || rest.len() > 16 {
        return None;
    }
    if !rest.bytes().skip(1).all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b':')) {
        return None;
    }
    let day = day(digits.get(..8)?)?;
    match digits.len() {
        8 => Some(When::day(day)),
        10 | 12 | 14..=17 => Some(seconds(digits).map_or(When::day(day), |seconds| When::at(day, seconds))),
        _ => None,
    }
}

/// As [`when`], and years and months stand for their first day. The flag tells whether that was so.
#[must_use]
pub fn about(text: &str) -> Option<(When, bool)> {
    let text = text.trim();
    if !matches!(text.len(), 4 | 6) || !text.bytes().all(|b| b.is_ascii_digit()) {
        return when(text).map(|when| (when, false));
    }
    let month = number(text, 4, 6).unwrap_or(1);
    let day = Day::of(i32::try_from(number(text, 0, 4)?).ok()?, month, 1)?;
    Some((When::day(day), true))
}

fn day(digits: &str) -> Option<Day> {
    Day::of(i32::try_from(number(digits, 0, 4)?).ok()?, number(digits, 4, 6)?, number(digits, 6, 8)?)
}

fn seconds(digits: &str) -> Option<i64> {
    let part = |from: usize| number(digits, from, from + 2);
    let hour = part(8)?;
    let (minute, second) = (part(10).unwrap_or(0), part(12).unwrap_or(0));
    (hour < 48 && minute < 60 && second < 61).then(|| i64::from(hour * 3600 + minute * 60 + second))
}

/// The number that some of the digits make.
pub(super) fn number(digits: &str, from: usize, to: usize) -> Option<u32> {
    digits.get(from..to)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn show(when: When) -> String {
        let (year, month, day) = when.day.date();
        let time = when.time.map(|time| time / 1_000_000);
        let time = time.map_or(String::new(), |t| format!("T{:02}:{:02}:{:02}", t / 3600, t / 60 % 60, t % 60));
        format!("{year:04}-{month:02}-{day:02}{time}")
    }

    #[test]
    fn times_of_all_widths_and_shapes() {
        for (text, expect) in [
            ("20111219", "2011-12-19"),
            ("2011070100", "2011-07-01T00:00:00"),
            ("201112191500", "2011-12-19T15:00:00"),
            ("20111219150059", "2011-12-19T15:00:59"),
            ("201112191500591", "2011-12-19T15:00:59"),
            ("20111219150059123", "2011-12-19T15:00:59"),
            ("20111220224447.3399", "2011-12-20T22:44:47"),
            ("20111220224447.3399+0900", "2011-12-20T22:44:47"),
            ("20111220+0900", "2011-12-20"),
            (" 20111219 ", "2011-12-19"),
            ("2011121924", "2011-12-20T00:00:00"),
            ("201112312530", "2012-01-01T01:30:00"),
            ("201112314759", "2012-01-01T23:59:00"),
            ("201112314800", "2011-12-31"),
            ("201112311260", "2011-12-31"),
            ("20240229", "2024-02-29"),
        ] {
            assert_eq!(when(text).map(show).as_deref(), Some(expect), "{text}");
        }
        for text in [
            "",
            "-",
            "00000000",
            "00000000000000",
            "20230229",
            "20231301",
            "20230100",
            "2011",
            "201112",
            "2011121",
            "201112191",
            "20111219150",
            "2011121915005",
            "201112191500591234",
            "2011/12/19",
            "20111219 1500",
            "不明",
            "20111219.５",
            "99999999",
        ] {
            assert_eq!(when(text), None, "{text}");
        }
    }

    #[test]
    fn years_and_months_stand_for_their_first_day() {
        let show = |text| about(text).map(|(when, imputed)| (show(when), imputed));
        assert_eq!(show("199601"), Some(("1996-01-01".into(), true)));
        assert_eq!(show("1996"), Some(("1996-01-01".into(), true)));
        assert_eq!(show("20070710"), Some(("2007-07-10".into(), false)));
        for text in ["199613", "199600", "0000", "小学校", ""] {
            assert_eq!(about(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_of_four_digit_years_or_none(text in "[0-9.+-]{0,24}|\\PC{0,12}") {
            if let Some(when) = when(&text) {
                prop_assert!((1..=10_000).contains(&when.day.date().0));
            }
            let _ = about(&text);
        }
    }
}
