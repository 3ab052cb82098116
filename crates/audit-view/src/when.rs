//! Times as people read them: Japan's, and UTC for machines.

use renkei_types::Timestamp;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// Microseconds from UTC to Japan's time, which has known no summer since 1951.
const JAPAN: i64 = 9 * 3_600 * 1_000_000;

const DAY: i64 = 86_400 * 1_000_000;

fn civil(at: Timestamp, shift: i64) -> OffsetDateTime {
    let nanos = i128::from(at.0.saturating_add(shift)) * 1_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// `2026-11-30 10:15:03`, in Japan.
#[must_use]
pub fn japan(at: Timestamp) -> String {
    let t = civil(at, JAPAN);
    let (year, month, day) = t.to_calendar_date();
    format!("{year:04}-{:02}-{day:02} {:02}:{:02}:{:02}", u8::from(month), t.hour(), t.minute(), t.second())
}

/// `2026年11月30日 10:15`, in Japan.
#[must_use]
pub fn japanese(at: Timestamp) -> String {
    let t = civil(at, JAPAN);
    let (year, month, day) = t.to_calendar_date();
    format!("{year}年{}月{day}日 {}:{:02}", u8::from(month), t.hour(), t.minute())
}

/// `2026-11-30T01:15:03.000000Z`.
#[must_use]
pub fn utc(at: Timestamp) -> String {
    let t = civil(at, 0);
    let (year, month, day) = t.to_calendar_date();
    let (hour, minute, second, micro) = (t.hour(), t.minute(), t.second(), t.microsecond());
    format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micro:06}Z", u8::from(month))
}

/// The month in Japan, `2026-11`.
#[must_use]
pub fn month(at: Timestamp) -> String {
    let (year, month, _) = civil(at, JAPAN).to_calendar_date();
    format!("{year:04}-{:02}", u8::from(month))
}

/// The day in Japan, `2026-11-30`.
#[must_use]
pub fn day(at: Timestamp) -> String {
    let (year, month, day) = civil(at, JAPAN).to_calendar_date();
    format!("{year:04}-{:02}-{day:02}", u8::from(month))
}

/// Reads a time as a person writes it: a month, a day or a minute in Japan, or an instant with `Z`. A month or a day is a
/// span; its first instant and the one behind its last come back.
#[must_use]
pub fn parse(text: &str) -> Option<(Timestamp, Timestamp)> {
    let text = text.trim();
    let (text, shift) = text.strip_suffix('Z').map_or((text, JAPAN), |rest| (rest, 0));
    let (date, clock) = match text.split_once(['T', ' ']) {
        Some((date, clock)) => (date, Some(clock)),
        None => (text, None),
    };
    let mut parts = date.split('-').map(|part| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?);
    let year: u16 = parts.next()??;
    let month: u16 = parts.next()??;
    let day: Option<u16> = parts.next().map_or(Some(None), |day| day.map(Some))?;
    if parts.next().is_some() || year < 1_970 {
        return None;
    }
    let on = |year: u16, month: u16, day: u16| {
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?).ok()
    };
    let micros = |date: Date, time: Time| {
        let nanos = PrimitiveDateTime::new(date, time).assume_offset(UtcOffset::UTC).unix_timestamp_nanos();
        i64::try_from(nanos / 1_000).ok()?.checked_sub(shift)
    };
    let span = |from: i64, to: i64| Some((Timestamp(from), Timestamp(to)));
    match (day, clock) {
        (None, None) => {
            let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            span(micros(on(year, month, 1)?, Time::MIDNIGHT)?, micros(on(next_year, next, 1)?, Time::MIDNIGHT)?)
        }
        (Some(day), None) => {
            let from = micros(on(year, month, day)?, Time::MIDNIGHT)?;
            span(from, from + DAY)
        }
        (Some(day), Some(clock)) => {
            let mut fields = clock.split(':').map(|part| part.parse::<f64>().ok());
            let (hour, minute) = (fields.next()??, fields.next()??);
            let second = fields.next().unwrap_or(Some(0.0))?;
            let whole = |value: f64, most: f64| (value >= 0.0 && value < most).then_some(value);
            let seconds = whole(hour, 24.0)? * 3_600.0 + whole(minute, 60.0)? * 60.0 + whole(second, 60.0)?;
            let from = micros(on(year, month, day)?, Time::MIDNIGHT)? + (seconds * 1e6).round() as i64;
            span(from, from)
        }
        (None, Some(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japan_is_nine_hours_ahead() {
        let at = Timestamp(1_790_000_000_123_456);
        assert_eq!(utc(at), "2026-09-21T14:13:20.123456Z");
        assert_eq!(japan(at), "2026-09-21 23:13:20");
        assert_eq!(japanese(at), "2026年9月21日 23:13");
        assert_eq!((month(at).as_str(), day(at).as_str()), ("2026-09", "2026-09-21"));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let at = Timestamp(1_790_000_000_123_456);
        assert_eq!(parse(&utc(at)).unwrap().0, at);
        assert_eq!(parse(&japan(at)).unwrap().0, Timestamp(1_790_000_000_000_000));
        let (from, to) = parse("2026-12").unwrap();
        assert_eq!((utc(from).as_str(), japan(to).as_str()), ("2026-11-30T15:00:00.000000Z", "2027-01-01 00:00:00"));
        let (from, to) = parse("2026-11-30").unwrap();
        assert_eq!(to.0 - from.0, DAY);
        for bad in ["", "2026", "2026-13", "2026-02-30", "2026-1x-01", "2026-01-01 25:00", "+2026-01", "昨日"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
