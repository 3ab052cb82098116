//! Days and times of day as records have them: without zone, some without the time.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

const MICROS_PER_DAY: i64 = 86_400_000_000;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// A calendar day, as days since 1970-01-01 (Arrow's Date32).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Day(pub i32);

impl Day {
    /// The day of a date; `None` where there is no such day, or the year is not of four digits.
    #[must_use]
    pub fn of(year: i32, month: u32, day: u32) -> Option<Self> {
        let date = NaiveDate::from_ymd_opt(year, month, day).filter(|_| (1..=9999).contains(&year))?;
        let epoch = NaiveDate::default().num_days_from_ce();
        Some(Self(date.num_days_from_ce() - epoch))
    }

    /// Year, month (1 to 12) and day of the month.
    #[must_use]
    pub fn date(self) -> (i32, u32, u32) {
        let epoch = NaiveDate::default().num_days_from_ce();
        let date = NaiveDate::from_num_days_from_ce_opt(self.0.saturating_add(epoch)).unwrap_or_default();
        (date.year(), date.month(), date.day())
    }

    /// That many days later, or earlier.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }
}

/// A point in a record's time: a day, and the time of day where the source has one. Ordered by day; of one day, what
/// has no time comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct When {
    /// The day, in the hospital's own calendar and zone.
    pub day: Day,
    /// Microseconds since midnight.
    pub time: Option<i64>,
}

impl When {
    /// A day without a time.
    #[must_use]
    pub fn day(day: Day) -> Self {
        Self { day, time: None }
    }

    /// A time of a day. Seconds at or past 24 hours run into the days that follow (some systems write 25:30 for half
    /// past one in the night that follows).
    #[must_use]
    pub fn at(day: Day, seconds: i64) -> Self {
        let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let days = i32::try_from(days).unwrap_or(i32::MAX);
        Self { day: day.plus(days), time: Some(rest * MICROS_PER_SECOND) }
    }

    /// Microseconds since 1970-01-01T00:00 (Arrow's Timestamp without zone), where there is a time.
    #[must_use]
    pub fn micros(self) -> Option<i64> {
        self.time.map(|time| i64::from(self.day.0) * MICROS_PER_DAY + time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_1970_and_days_that_do_not_exist_are_none() {
        for (date, days) in [((1970, 1, 1), 0), ((2000, 2, 29), 11_016), ((1969, 12, 31), -1)] {
            assert_eq!(Day::of(date.0, date.1, date.2), Some(Day(days)));
            assert_eq!(Day(days).date(), date);
        }
        for (year, month, day) in [(2001, 2, 29), (2001, 13, 1), (2001, 0, 1), (0, 1, 1), (10_000, 1, 1)] {
            assert_eq!(Day::of(year, month, day), None);
        }
    }

    #[test]
    fn hours_past_midnight_belong_to_the_days_that_follow() {
        let day = Day(0);
        assert_eq!(When::at(day, 25 * 3600).micros(), Some(MICROS_PER_DAY + 3_600_000_000));
        assert_eq!(When::at(day, 47 * 3600).day, Day(1));
        assert!(When::day(day) < When::at(day, 0) && When::at(day, 86_399) < When::day(Day(1)));
    }
}
