//! Dates by the eras of Japan.

use chrono::{Datelike, NaiveDate};

/// First day, name and letter of each era, newest first.
const ERAS: [((i32, u32, u32), &str, char); 5] = [
    ((2019, 5, 1), "令和", 'R'),
    ((1989, 1, 8), "平成", 'H'),
    ((1926, 12, 25), "昭和", 'S'),
    ((1912, 7, 30), "大正", 'T'),
    ((1868, 1, 25), "明治", 'M'),
];

/// Name and letter of the era of a day, and the year in it.
fn era(date: NaiveDate) -> (&'static str, char, i32) {
    let [.., oldest] = ERAS;
    let found = ERAS.into_iter().find(|(first, _, _)| (date.year(), date.month(), date.day()) >= *first);
    let ((year, _, _), name, letter) = found.unwrap_or(oldest);
    (name, letter, date.year() - year + 1)
}

/// `昭和30年1月5日`, the first year as 元年.
pub(super) fn long(date: NaiveDate) -> String {
    let (name, _, year) = era(date);
    let year = if year == 1 { "元".to_owned() } else { year.to_string() };
    format!("{name}{year}年{}月{}日", date.month(), date.day())
}

/// `S30.1.5`.
pub(super) fn short(date: NaiveDate) -> String {
    let (_, letter, year) = era(date);
    format!("{letter}{year}.{}.{}", date.month(), date.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eras_change_on_their_day() {
        for (date, expect, brief) in [
            ((2019, 4, 30), "平成31年4月30日", "H31.4.30"),
            ((2019, 5, 1), "令和元年5月1日", "R1.5.1"),
            ((1989, 1, 7), "昭和64年1月7日", "S64.1.7"),
            ((1989, 1, 8), "平成元年1月8日", "H1.1.8"),
            ((1926, 12, 24), "大正15年12月24日", "T15.12.24"),
            ((1912, 7, 29), "明治45年7月29日", "M45.7.29"),
        ] {
            let date = NaiveDate::from_ymd_opt(date.0, date.1, date.2).unwrap();
            assert_eq!((long(date).as_str(), short(date).as_str()), (expect, brief));
        }
    }
}
