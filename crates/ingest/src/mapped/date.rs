//! Days and times as Japanese hospitals write them.
//!
//! An era holds from its first to its last day: 平成31年4月30日 is one, 平成31年5月1日 is not. On the day of a change
//! both eras hold for Meiji/Taisho and Taisho/Showa. Meiji begins with its sixth year (1873), when the calendar became
//! the present one. Hours run to 47: 25:30 is half past one in the night that follows.

use super::fold::half;
use crate::when::{Day, When};

/// How a column writes its days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Year, month, day: `20240401`, `2024-04-01`, `2024/4/1`, `2024.4.1`, `2024年4月1日`.
    Ymd,
    /// With an era: `令和6年4月1日`, `R6.4.1`, `R060401`.
    Wareki,
    /// With a digit for the era, as receipts have it (1 Meiji to 5 Reiwa): `5060401`.
    EraDigit,
    /// Day, month, year: `1/4/2024`.
    Dmy,
    /// Month, day, year: `4/1/2024`.
    Mdy,
}

impl Format {
    /// The names in mapping files.
    pub(super) const NAMES: [(&'static str, Self); 6] = [
        ("ymd", Self::Ymd),
        ("wareki", Self::Wareki),
        ("和暦", Self::Wareki),
        ("era-digit", Self::EraDigit),
        ("dmy", Self::Dmy),
        ("mdy", Self::Mdy),
    ];

    /// What is tried where a mapping names none: nothing that can be read in two ways.
    pub(super) const USUAL: [Self; 2] = [Self::Ymd, Self::Wareki];
}

/// First day, last day, the year before the first, names.
type Era = ((i32, u32, u32), (i32, u32, u32), i32, [&'static str; 3]);

const ERAS: [Era; 5] = [
    ((1873, 1, 1), (1912, 7, 30), 1867, ["明治", "M", "㍾"]),
    ((1912, 7, 30), (1926, 12, 25), 1911, ["大正", "T", "㍽"]),
    ((1926, 12, 25), (1989, 1, 7), 1925, ["昭和", "S", "㍼"]),
    ((1989, 1, 8), (2019, 4, 30), 1988, ["平成", "H", "㍻"]),
    ((2019, 5, 1), (9999, 12, 31), 2018, ["令和", "R", "㋿"]),
];

/// A day, and a time where there is one, written in one of the formats.
pub(super) fn when(text: &str, formats: &[Format]) -> Option<When> {
    let text = half(text);
    formats.iter().find_map(|format| {
        let (day, rest) = day(&text, *format)?;
        let rest = after_weekday(rest).trim_start_matches(['T', 't', ' ']);
        if rest.is_empty() {
            return Some(When::day(day));
        }
        Some(When::at(day, time(rest)?))
    })
}

/// What follows a day of the week: `(月)`.
fn after_weekday(text: &str) -> &str {
    let inside = text.trim_start().strip_prefix('(').and_then(|text| text.split_once(')'));
    inside.filter(|(weekday, _)| "月火水木金土日".contains(weekday)).map_or(text, |(_, rest)| rest)
}

fn day(text: &str, format: Format) -> Option<(Day, &str)> {
    match format {
        Format::Ymd => {
            let ([year, month, day], rest) = parts(text, [4, 2, 2])?;
            Some((Day::of(year, month.cast_unsigned(), day.cast_unsigned())?, rest))
        }
        Format::Dmy | Format::Mdy => {
            let ([first, second, year], rest) = parts(text, [2, 2, 4])?;
            let (day, month) = if format == Format::Dmy { (first, second) } else { (second, first) };
            let year = (year >= 1000).then_some(year)?;
            Some((Day::of(year, month.cast_unsigned(), day.cast_unsigned())?, rest))
        }
        Format::EraDigit => {
            let digit = text.chars().next()?.to_digit(10)?;
            let era = ERAS.get(usize::try_from(digit.checked_sub(1)?).ok()?)?;
            in_era(era, &text[1..])
        }
        Format::Wareki => ERAS.iter().find_map(|era| {
            let name = era
                .3
                .iter()
                .find(|name| text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))?;
            in_era(era, text[name.len()..].trim_start_matches([' ', '.']))
        }),
    }
}

fn in_era<'a>(era: &Era, text: &'a str) -> Option<(Day, &'a str)> {
    let (first, last, before, _) = era;
    let first_year = text.strip_prefix('元').map(|rest| format!("1{rest}"));
    let ([year, month, day], rest) = parts(first_year.as_deref().unwrap_or(text), [2, 2, 2])?;
    let rest = &text[text.len() - rest.len()..];
    let day = Day::of(year + before, month.cast_unsigned(), day.cast_unsigned())?;
    let limit = |(year, month, day): (i32, u32, u32)| Day::of(year, month, day);
    (year >= 1 && limit(*first)? <= day && day <= limit(*last)?).then_some((day, rest))
}

/// Three numbers: of exactly these digits without anything between them, or of at most these with separators.
fn parts(text: &str, digits: [usize; 3]) -> Option<([i32; 3], &str)> {
    let run = text.bytes().take_while(u8::is_ascii_digit).count();
    let mut numbers = [0; 3];
    if run >= digits.iter().sum() {
        let mut rest = text;
        for (number, digits) in numbers.iter_mut().zip(digits) {
            let (head, tail) = rest.split_at(digits);
            *number = head.parse().ok()?;
            rest = tail;
        }
        // A clock may follow at once, other digits may not.
        let clock = rest.bytes().take_while(u8::is_ascii_digit).count();
        return matches!(clock, 0 | 4 | 6).then_some((numbers, rest));
    }
    let mut rest = text;
    for (index, (number, digits)) in numbers.iter_mut().zip(digits).enumerate() {
        rest = rest.trim_start_matches(' ');
        let run = rest.bytes().take_while(u8::is_ascii_digit).count();
        if run == 0 || run > digits || (digits == 4 && run != 4) {
            return None;
        }
        *number = rest[..run].parse().ok()?;
        rest = &rest[run..];
        let separators: [char; 4] = if index == 1 { ['-', '/', '.', '月'] } else { ['-', '/', '.', '年'] };
        rest = if index < 2 { rest.trim_start_matches(' ').strip_prefix(separators)? } else { rest };
    }
    Some((numbers, rest.strip_prefix('日').unwrap_or(rest)))
}

/// Seconds since midnight: `9:05`, `09:05:30`, `0905`, `090530`, `9時5分`, `25:30`, `午後3:05`; Japan's own offset from
/// UTC may follow.
fn time(text: &str) -> Option<i64> {
    let text = text.strip_suffix("+09:00").or_else(|| text.strip_suffix("+0900")).unwrap_or(text);
    let (half_day, text) = match (text.strip_prefix("午前"), text.strip_prefix("午後")) {
        (Some(rest), _) => (Some(0), rest.trim_start()),
        (_, Some(rest)) => (Some(12), rest.trim_start()),
        _ => (None, text),
    };
    let text = text.split('.').next().unwrap_or(text);
    let numbers: Vec<&str> = if text.bytes().all(|byte| byte.is_ascii_digit()) {
        match text.len() {
            4 => vec![&text[..2], &text[2..]],
            6 => vec![&text[..2], &text[2..4], &text[4..]],
            _ => return None,
        }
    } else {
        let parts = text.trim_end_matches(['分', '秒']).split([':', '時', '分']);
        parts.map(str::trim).collect()
    };
    let [hour, minute, second] = match numbers.as_slice() {
        [hour, ""] => [*hour, "0", "0"],
        [hour, minute] => [*hour, *minute, "0"],
        [hour, minute, second] => [*hour, *minute, *second],
        _ => return None,
    };
    let number = |text: &str| -> Option<i64> {
        let plain = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if plain { text.parse().ok() } else { None }
    };
    let (mut hour, minute, second) = (number(hour)?, number(minute)?, number(second)?);
    if let Some(start) = half_day {
        hour = (hour <= 12).then_some(hour % 12 + start)?;
    }
    (hour < 48 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3600;

    fn on(year: i32, month: u32, day: u32) -> Option<When> {
        Some(When::day(Day::of(year, month, day).unwrap()))
    }

    fn at(year: i32, month: u32, day: u32, seconds: i64) -> Option<When> {
        Some(When::at(Day::of(year, month, day).unwrap(), seconds))
    }

    #[test]
    fn days_and_times_as_they_are_written() {
        for (text, expect) in [
            ("20240401", on(2024, 4, 1)),
            ("2024-04-01", on(2024, 4, 1)),
            ("２０２４／４／１", on(2024, 4, 1)),
            ("2024年4月1日", on(2024, 4, 1)),
            ("2024年 4月 1日 9時5分", at(2024, 4, 1, 9 * HOUR + 300)),
            ("2024-04-01T09:05:30", at(2024, 4, 1, 9 * HOUR + 330)),
            ("2024/04/01 9:05", at(2024, 4, 1, 9 * HOUR + 300)),
            ("20240401 0905", at(2024, 4, 1, 9 * HOUR + 300)),
            ("202404010905", at(2024, 4, 1, 9 * HOUR + 300)),
            ("20240401090530", at(2024, 4, 1, 9 * HOUR + 330)),
            ("20240401 24:00", at(2024, 4, 2, 0)),
            ("20240401 25:30", at(2024, 4, 2, HOUR + 1800)),
            ("20240401 9時", at(2024, 4, 1, 9 * HOUR)),
            ("2024/4/1(月) 9:05", at(2024, 4, 1, 9 * HOUR + 300)),
            ("令和６年４月１日（月）", on(2024, 4, 1)),
            ("2024/4/1 午後3:05", at(2024, 4, 1, 15 * HOUR + 300)),
            ("2024/4/1 午前 12:05", at(2024, 4, 1, 300)),
            ("2024/4/1 午後13:05", None),
            ("2024-04-01T09:05:30+09:00", at(2024, 4, 1, 9 * HOUR + 330)),
            ("2024-04-01T09:05:30.25+09:00", at(2024, 4, 1, 9 * HOUR + 330)),
            ("2024-04-01T09:05:30Z", None),
            ("2024/4/1(x)", None),
            ("令和6年4月1日", on(2024, 4, 1)),
            ("令和元年5月1日", on(2019, 5, 1)),
            ("令和元年5月1日 10:00", at(2019, 5, 1, 10 * HOUR)),
            ("R6.4.1", on(2024, 4, 1)),
            ("Ｒ０６．０４．０１", on(2024, 4, 1)),
            ("h310401", on(2019, 4, 1)),
            ("S64/1/7", on(1989, 1, 7)),
            ("㍼50年12月31日", on(1975, 12, 31)),
            ("T1.7.30", on(1912, 7, 30)),
            ("M45.7.30", on(1912, 7, 30)),
            ("2024-02-30", None),
            ("24/04/01", None),
            ("2024-4", None),
            ("20240401 48:00", None),
            ("20240401 9:60", None),
            ("202404019", None),
            ("", None),
            ("不明", None),
        ] {
            assert_eq!(when(text, &Format::USUAL), expect, "{text}");
        }
    }

    #[test]
    fn eras_hold_from_their_first_to_their_last_day() {
        for (inside, outside) in [
            ("M6.1.1", "M5.12.31"),
            ("M45.7.30", "M45.7.31"),
            ("T1.7.30", "T1.7.29"),
            ("T15.12.25", "T15.12.26"),
            ("S1.12.25", "S1.12.24"),
            ("S64.1.7", "S64.1.8"),
            ("H1.1.8", "H1.1.7"),
            ("H31.4.30", "H31.5.1"),
            ("R1.5.1", "R1.4.30"),
            ("R99.12.31", "R0.12.31"),
        ] {
            assert!(when(inside, &Format::USUAL).is_some(), "{inside}");
            assert_eq!(when(outside, &Format::USUAL), None, "{outside}");
        }
    }

    #[test]
    fn ambiguous_forms_are_read_only_where_the_mapping_says_so() {
        assert_eq!(when("1/4/2024", &Format::USUAL), None);
        assert_eq!(when("1/4/2024", &[Format::Dmy]), on(2024, 4, 1));
        assert_eq!(when("1/4/2024", &[Format::Mdy]), on(2024, 1, 4));
        assert_eq!(when("5060401", &Format::USUAL), None);
        assert_eq!(when("5060401", &[Format::EraDigit]), on(2024, 4, 1));
        assert_eq!(when("4310501", &[Format::EraDigit]), None);
    }

    proptest! {
        #[test]
        fn any_text(text in ".{0,24}") {
            for (_, format) in Format::NAMES {
                let _ = when(&text, &[format]);
            }
        }

        #[test]
        fn what_is_nearly_a_day(text in "[0-9０-９RHSTM元年月日令和平成./: T時分-]{0,20}") {
            for (_, format) in Format::NAMES {
                let _ = when(&text, &[format]);
            }
        }

        #[test]
        fn every_day_of_an_era_is_read_as_it_is_written(day in -20_000i32..20_000) {
            let (year, month, number) = Day(day).date();
            let reiwa = Day(day) >= Day::of(2019, 5, 1).unwrap();
            let written = format!("{year:04}{month:02}{number:02}");
            prop_assert_eq!(when(&written, &Format::USUAL), Some(When::day(Day(day))));
            if reiwa {
                let era = format!("令和{}年{month}月{number}日", year - 2018);
                prop_assert_eq!(when(&era, &Format::USUAL), Some(When::day(Day(day))));
            }
        }
    }
}
