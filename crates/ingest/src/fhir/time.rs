//! Dates and times of FHIR: as precise as they are written, with the clock of the offset that is written with them.

use crate::{Day, When};

/// A `date`, `dateTime` or `instant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time {
    year: i32,
    month: Option<u32>,
    day: Option<u32>,
    /// Microseconds since midnight.
    clock: Option<i64>,
    /// Seconds east of UTC.
    offset: Option<i64>,
}

impl Time {
    /// Reads `YYYY`, `YYYY-MM`, `YYYY-MM-DD` or the last with a time, with or without a zone. `None` for anything else
    /// and for days that do not exist.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = text.trim_ascii().as_bytes();
        let (year, rest) = digits(bytes, 4)?;
        let year = i32::try_from(year).ok()?;
        let Some((month, rest)) = part(rest)? else {
            return Self::dated(year, None, None);
        };
        let Some((day, rest)) = part(rest)? else {
            return Self::dated(year, Some(month), None);
        };
        let date = Self::dated(year, Some(month), Some(day))?;
        if rest.is_empty() {
            return Some(date);
        }
        let [b'T' | b't' | b' ', rest @ ..] = rest else { return None };
        let (clock, rest) = clock(rest)?;
        Some(Self { clock: Some(clock), offset: offset(rest)?, ..date })
    }

    fn dated(year: i32, month: Option<u32>, day: Option<u32>) -> Option<Self> {
        Day::of(year, month.unwrap_or(1), day.unwrap_or(1))?;
        Some(Self { year, month, day, clock: None, offset: None })
    }

    /// The parts of a date of birth.
    pub(super) fn date(self) -> (i32, Option<u32>, Option<u32>) {
        (self.year, self.month, self.day)
    }

    /// Whether month or day is missing.
    pub(super) fn is_partial(self) -> bool {
        self.day.is_none()
    }

    /// Whether it is written in UTC, so that its day may not be that of the hospital.
    pub(super) fn is_utc(self) -> bool {
        self.offset == Some(0)
    }

    /// Its first moment.
    pub(super) fn start(self) -> Option<When> {
        let day = Day::of(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1))?;
        Some(self.timed(day))
    }

    /// Its last day: FHIR's periods include all of their end.
    pub(super) fn end(self) -> Option<When> {
        let (year, month) = (self.year, self.month.unwrap_or(12));
        let last = |month| (28..=31).rev().find_map(|day| Day::of(year, month, day));
        let day = match self.day {
            Some(day) => Day::of(year, month, day)?,
            None => last(month)?,
        };
        Some(self.timed(day))
    }

    fn timed(self, day: Day) -> When {
        const MICROS_PER_DAY: i64 = 86_400_000_000;
        match self.clock {
            Some(MICROS_PER_DAY..) => When { day: day.plus(1), time: Some(0) },
            time => When { day, time },
        }
    }

    /// Microseconds since 1970 in UTC, which order the versions of a resource.
    pub(super) fn micros(self) -> Option<i64> {
        const SECOND: i64 = 1_000_000;
        let start = self.start()?;
        let local = start.micros().unwrap_or(i64::from(start.day.0) * 86_400 * SECOND);
        Some(local - self.offset.unwrap_or(0) * SECOND)
    }
}

/// A hyphen and two digits, unless the text ends before.
fn part(text: &[u8]) -> Option<Option<(u32, &[u8])>> {
    match text {
        [] => Some(None),
        [b'-', rest @ ..] => digits(rest, 2).map(Some),
        _ => None,
    }
}

fn digits(text: &[u8], count: usize) -> Option<(u32, &[u8])> {
    let (head, rest) = text.split_at_checked(count)?;
    let value = head.iter().try_fold(0_u32, |sum, b| b.is_ascii_digit().then(|| sum * 10 + u32::from(b - b'0')))?;
    Some((value, rest))
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.f` in microseconds; 24:00 is the midnight that ends the day, second 60 a leap second.
fn clock(text: &[u8]) -> Option<(i64, &[u8])> {
    let (hour, rest) = digits(text, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(b":")?, 2)?;
    let (second, rest) = match rest {
        [b':', rest @ ..] => digits(rest, 2)?,
        _ => (0, rest),
    };
    let midnight = hour == 24 && minute == 0 && second == 0;
    if (hour > 23 && !midnight) || minute > 59 || second > 60 {
        return None;
    }
    let (micros, rest) = match rest {
        [b'.', rest @ ..] => fraction(rest)?,
        _ => (0, rest),
    };
    Some((i64::from(hour * 3600 + minute * 60 + second.min(59)) * 1_000_000 + micros, rest))
}

fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let length = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(length);
    let micros = (0..6).fold(0, |sum, i| sum * 10 + digits.get(i).map_or(0, |b| i64::from(b - b'0')));
    (length > 0).then_some((micros, rest))
}

/// Nothing, `Z`, or an offset; in seconds.
fn offset(text: &[u8]) -> Option<Option<i64>> {
    let (sign, rest) = match text {
        [] => return Some(None),
        b"Z" | b"z" => return Some(Some(0)),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hour, rest) = digits(rest, 2)?;
    let (minute, rest) = match rest {
        [] => (0, rest),
        [b':', rest @ ..] => digits(rest, 2)?,
        _ => digits(rest, 2)?,
    };
    (rest.is_empty() && hour <= 14 && minute <= 59).then(|| Some(sign * i64::from(hour * 3600 + minute * 60)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn when(year: i32, month: u32, day: u32, seconds: Option<i64>) -> When {
        let day = Day::of(year, month, day).unwrap();
        seconds.map_or(When::day(day), |seconds| When::at(day, seconds))
    }

    #[test]
    fn times_keep_their_precision_and_the_clock_that_is_written() {
        for (text, start, end) in [
            ("2019", when(2019, 1, 1, None), when(2019, 12, 31, None)),
            ("2020-02", when(2020, 2, 1, None), when(2020, 2, 29, None)),
            ("2020-02-03", when(2020, 2, 3, None), when(2020, 2, 3, None)),
            ("2020-02-03T23:59+09:00", when(2020, 2, 3, Some(86_340)), when(2020, 2, 3, Some(86_340))),
            (
                "2020-02-03T00:00:01.5Z",
                When { time: Some(1_500_000), ..when(2020, 2, 3, None) },
                When { time: Some(1_500_000), ..when(2020, 2, 3, None) },
            ),
            ("2020-02-03T24:00:00-0500", when(2020, 2, 4, Some(0)), when(2020, 2, 4, Some(0))),
            ("2016-12-31T23:59:60", when(2016, 12, 31, Some(86_399)), when(2016, 12, 31, Some(86_399))),
        ] {
            let time = Time::parse(text).unwrap();
            assert_eq!((time.start(), time.end()), (Some(start), Some(end)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "x",
            "19",
            "0000",
            "2020-",
            "2020-13",
            "2020-00",
            "2021-02-29",
            "2020-1-1",
            "20200101",
            "2020-01-01T",
            "2020-01-01T25:00",
            "2020-01-01T24:01",
            "2020-01-01T10",
            "2020-01-01T10:00:00.",
            "2020-01-01T10:00:00+9",
            "2020-01-01T10:00:00+15:00",
            "2020-01-01T10:00:00 JST",
            "2020年",
            "令和2年",
        ] {
            assert_eq!(Time::parse(text), None, "{text}");
        }
    }

    #[test]
    fn versions_are_ordered_in_utc() {
        let micros = |text: &str| Time::parse(text).unwrap().micros().unwrap();
        assert_eq!(micros("1970-01-01T09:00:00+09:00"), 0);
        assert!(micros("2020-01-01T08:00:00+09:00") < micros("2020-01-01T00:00:00Z"));
        assert!(Time::parse("2020-01-01T00:00:00Z").unwrap().is_utc());
        assert!(!Time::parse("2020-01-01T00:00:00").unwrap().is_utc());
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_or_none(text in any::<String>(), near in "[0-9]{1,5}(-[0-9]{1,2}){0,2}(T[0-9:.]{0,12}(Z|[+-][0-9:]{0,5})?)?") {
            for text in [text, near] {
                if let Some(time) = Time::parse(&text) {
                    prop_assert!(time.start() <= time.end() && time.micros().is_some());
                }
            }
        }
    }
}
