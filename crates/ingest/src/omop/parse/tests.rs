use proptest::prelude::*;

use super::*;

fn check<T: PartialEq + std::fmt::Debug>(parse: fn(&[u8]) -> Result<T, Bad>, input: &str, expect: Result<T, Bad>) {
    assert_eq!(parse(input.as_bytes()), expect, "{input:?}");
}

#[test]
fn null_is_empty_or_marked() {
    for null in ["", " ", "\t ", "\\N", "NULL", "null", " NULL "] {
        assert_eq!(bare(null.as_bytes()), None, "{null:?}");
    }
    for value in ["0", "NA", "N", "nul", "\\n", "-"] {
        assert_eq!(bare(format!(" {value} ").as_bytes()), Some(value.as_bytes()), "{value:?}");
    }
}

#[test]
fn ids() {
    for (input, expect) in [
        ("0", Ok(0)),
        ("-0", Ok(0)),
        ("42", Ok(42)),
        ("+42", Ok(42)),
        ("007", Ok(7)),
        ("-9066461348710750663", Ok(-9_066_461_348_710_750_663)),
        ("9223372036854775807", Ok(i64::MAX)),
        ("-9223372036854775808", Ok(i64::MIN)),
        ("9007199254740993.0", Ok(9_007_199_254_740_993)),
        ("123.000", Ok(123)),
        ("9223372036854775808", Err(Bad::Range)),
        ("-9223372036854775809", Err(Bad::Range)),
        ("99999999999999999999999.0", Err(Bad::Range)),
        ("99999999999999999999999x", Err(Bad::Type)),
        ("123.", Err(Bad::Type)),
        ("123.5", Err(Bad::Type)),
        ("123.05", Err(Bad::Type)),
        (".0", Err(Bad::Type)),
        ("1e5", Err(Bad::Type)),
        ("", Err(Bad::Type)),
        ("-", Err(Bad::Type)),
        ("--1", Err(Bad::Type)),
        ("1 2", Err(Bad::Type)),
        ("0x1f", Err(Bad::Type)),
        ("NA", Err(Bad::Type)),
        ("\u{ff11}\u{ff12}", Err(Bad::Type)),
        ("1,234", Err(Bad::Type)),
    ] {
        check(id, input, expect);
    }
}

#[test]
fn ints() {
    for (input, expect) in [
        ("2147483647", Ok(i32::MAX)),
        ("-2147483648", Ok(i32::MIN)),
        ("8532.0", Ok(8532)),
        ("2147483648", Err(Bad::Range)),
        ("-2147483649", Err(Bad::Range)),
        ("8532.1", Err(Bad::Type)),
    ] {
        check(int, input, expect);
    }
}

#[test]
fn floats() {
    for (input, expect) in [
        ("1", Ok(1.0)),
        ("-1.5", Ok(-1.5)),
        ("+1.5E+3", Ok(1500.0)),
        ("1e-3", Ok(0.001)),
        (".5", Ok(0.5)),
        ("5.", Ok(5.0)),
        ("1e-999", Ok(0.0)),
        ("1e999", Err(Bad::Range)),
        ("NaN", Err(Bad::Type)),
        ("inf", Err(Bad::Type)),
        ("-Infinity", Err(Bad::Type)),
        ("1,5", Err(Bad::Type)),
        ("1.2.3", Err(Bad::Type)),
        ("e", Err(Bad::Type)),
        (".", Err(Bad::Type)),
        ("", Err(Bad::Type)),
        ("<5", Err(Bad::Type)),
    ] {
        check(float, input, expect);
    }
}

#[test]
fn dates() {
    for (input, expect) in [
        ("1970-01-01", Ok(0)),
        ("19700102", Ok(1)),
        ("1969/12/31", Ok(-1)),
        ("2000-02-29", Ok(11_016)),
        ("2099-12-31", Ok(47_481)),
        ("0001-01-01", Ok(-719_162)),
        ("9999-12-31", Ok(2_932_896)),
        ("2020-01-01 00:00:00", Ok(18_262)),
        ("2020-01-01T00:00:00.000Z", Ok(18_262)),
        ("2020-01-01T00:00:00+09:00", Ok(18_262)),
        ("2020-01-01 00:00", Ok(18_262)),
        ("2020-01-01 00:00:01", Err(Bad::Type)),
        ("2020-01-01T", Err(Bad::Type)),
        ("2023-02-30", Err(Bad::Type)),
        ("2023-02-29", Err(Bad::Type)),
        ("1900-02-29", Err(Bad::Type)),
        ("2020-13-01", Err(Bad::Type)),
        ("2020-00-01", Err(Bad::Type)),
        ("2020-01-00", Err(Bad::Type)),
        ("2020-04-31", Err(Bad::Type)),
        ("0000-01-01", Err(Bad::Type)),
        ("2020-01/01", Err(Bad::Type)),
        ("2020-1-1", Err(Bad::Type)),
        ("01/02/2020", Err(Bad::Type)),
        ("2020-01-01x", Err(Bad::Type)),
        ("202001010", Err(Bad::Type)),
        ("-020-01-01", Err(Bad::Type)),
        ("令和2年1月1日", Err(Bad::Type)),
        ("", Err(Bad::Type)),
    ] {
        check(date, input, expect);
    }
}

#[test]
fn datetimes() {
    for (input, expect) in [
        ("1970-01-01", Ok(0)),
        ("19700102", Ok(MICROS_PER_DAY)),
        ("1970-01-01 00:00:01", Ok(1_000_000)),
        ("1970/01/01 00:01", Ok(60_000_000)),
        ("1970-01-01T00:00:00.5", Ok(500_000)),
        ("1970-01-01T00:00:00.123456789", Ok(123_456)),
        ("1969-12-31T23:59:59.999999Z", Ok(-1)),
        ("1970-01-01T09:00:00+09:00", Ok(0)),
        ("1970-01-01 09:00:00+09", Ok(0)),
        ("1970-01-01 09:00:00 +0900", Ok(0)),
        ("1969-12-31 19:00:00-0500", Ok(0)),
        ("1970-01-01T00:00:00z", Ok(0)),
        ("1970-01-01 24:00:00", Err(Bad::Type)),
        ("1970-01-01 23:60:00", Err(Bad::Type)),
        ("1970-01-01 23:59:60", Err(Bad::Type)),
        ("1970-01-01 00:00:00.", Err(Bad::Type)),
        ("1970-01-01 00:00:00.1234567890", Err(Bad::Type)),
        ("1970-01-01 00:00:00 JST", Err(Bad::Type)),
        ("1970-01-01 00:00:00+24:00", Err(Bad::Type)),
        ("1970-01-01 00", Err(Bad::Type)),
        ("1970-01-01  00:00:00", Err(Bad::Type)),
        ("2023-02-30 00:00:00", Err(Bad::Type)),
        ("", Err(Bad::Type)),
    ] {
        check(datetime, input, expect);
    }
}

/// A slow calendar to compare with: it walks from 1970-01-01 year by year and month by month.
fn walk(days: i32) -> (u32, u32, u32) {
    let (mut year, mut month, mut left) = (1970, 1, days);
    let length = |year: u32| if days_in(year, 2) == 29 { 366 } else { 365 };
    while left < 0 {
        year -= 1;
        left += length(year);
    }
    while left >= length(year) {
        left -= length(year);
        year += 1;
    }
    while left >= days_in(year, month).cast_signed() {
        left -= days_in(year, month).cast_signed();
        month += 1;
    }
    (year, month, left.cast_unsigned() + 1)
}

proptest! {
    #[test]
    fn integers_survive_the_round_trip(value: i64) {
        prop_assert_eq!(id(value.to_string().as_bytes()), Ok(value));
        prop_assert_eq!(id(format!("{value}.0").as_bytes()), Ok(value));
        prop_assert_eq!(int(value.to_string().as_bytes()), i32::try_from(value).map_err(|_| Bad::Range));
    }

    #[test]
    fn floats_survive_the_round_trip(value in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO) {
        prop_assert_eq!(float(format!("{value}").as_bytes()), Ok(value));
        prop_assert_eq!(float(format!("{value:e}").as_bytes()), Ok(value));
    }

    #[test]
    fn days_survive_the_round_trip(days in -719_162..=2_932_896_i32) {
        let (y, m, d) = walk(days);
        for text in [format!("{y:04}-{m:02}-{d:02}"), format!("{y:04}/{m:02}/{d:02}"), format!("{y:04}{m:02}{d:02}")] {
            prop_assert_eq!(date(text.as_bytes()), Ok(days));
        }
    }

    #[test]
    fn times_survive_the_round_trip(days in -719_162..=2_932_896_i32, micros in 0..MICROS_PER_DAY, minutes in -840..=840_i64) {
        let (y, m, d) = walk(days);
        let (s, f) = (micros / 1_000_000, micros % 1_000_000);
        let local = format!("{y:04}-{m:02}-{d:02} {:02}:{:02}:{:02}.{f:06}", s / 3600, s / 60 % 60, s % 60);
        let instant = i64::from(days) * MICROS_PER_DAY + micros;
        prop_assert_eq!(datetime(local.as_bytes()), Ok(instant));
        let sign = if minutes < 0 { '-' } else { '+' };
        let zoned = format!("{local}{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60);
        prop_assert_eq!(datetime(zoned.as_bytes()), Ok(instant - minutes * 60_000_000));
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let text = bare(&bytes).unwrap_or_default();
        let _ = (id(text), int(text), float(text), date(text), datetime(text));
    }
}
