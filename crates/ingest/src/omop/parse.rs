//! Bytes of a field to a value: pure functions without allocation, on a field that [`bare`] has trimmed.
//!
//! Integers never pass through a float: 64-bit ids would lose digits. Days that do not exist are no dates.

#[cfg(test)]
mod tests;

/// Why a field is not a value of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bad {
    /// It is not written as one.
    Type,
    /// It is, but does not fit.
    Range,
}

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// Microseconds of a day.
pub const MICROS_PER_DAY: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;

/// The field without blanks around it; `None` where it means NULL (empty, `\N`, `NULL`). For columns other than text.
#[inline]
#[must_use]
pub fn bare(field: &[u8]) -> Option<&[u8]> {
    let text = field.trim_ascii();
    match text {
        b"" | b"\\N" => None,
        _ if text.eq_ignore_ascii_case(b"null") => None,
        _ => Some(text),
    }
}

/// A 64-bit integer: digits with an optional sign; a fraction of zeros (`123.0`) is accepted.
///
/// # Errors
/// [`Bad::Type`] where it is not an integer, [`Bad::Range`] where it does not fit 64 bits.
#[inline]
pub fn id(text: &[u8]) -> Result<i64, Bad> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let mut value: i64 = 0;
    let mut fits = true;
    let mut read = 0;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        let signed = if negative { -i64::from(digit) } else { i64::from(digit) };
        match value.checked_mul(10).and_then(|v| v.checked_add(signed)) {
            Some(next) => value = next,
            None => fits = false,
        }
        read += 1;
    }
    match &digits[read..] {
        _ if read == 0 => Err(Bad::Type),
        [] => fits.then_some(value).ok_or(Bad::Range),
        [b'.', zeros @ ..] if !zeros.is_empty() && zeros.iter().all(|b| *b == b'0') => {
            fits.then_some(value).ok_or(Bad::Range)
        }
        _ => Err(Bad::Type),
    }
}

/// A 32-bit integer, written as [`id`] has it: concept ids, years, counts.
///
/// # Errors
/// [`Bad::Type`] where it is not an integer, [`Bad::Range`] where it does not fit 32 bits.
#[inline]
pub fn int(text: &[u8]) -> Result<i32, Bad> {
    i32::try_from(id(text)?).map_err(|_| Bad::Range)
}

/// A finite double: digits, at most one decimal point, optional sign and exponent.
///
/// # Errors
/// [`Bad::Type`] where it is not a number (`NaN` and infinities included), [`Bad::Range`] where it overflows.
#[inline]
pub fn float(text: &[u8]) -> Result<f64, Bad> {
    let numeric = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'+' | b'-' | b'e' | b'E');
    if !text.iter().all(numeric) {
        return Err(Bad::Type);
    }
    let text = std::str::from_utf8(text).map_err(|_| Bad::Type)?;
    let value: f64 = text.parse().map_err(|_| Bad::Type)?;
    if value.is_finite() { Ok(value) } else { Err(Bad::Range) }
}

/// Days since 1970-01-01: `YYYY-MM-DD`, `YYYY/MM/DD`, `YYYYMMDD`, or one of them with a time of midnight, whose zone
/// does not matter: the day is the one that is written.
///
/// # Errors
/// [`Bad::Type`] where it is none of these, or a day that does not exist.
#[inline]
pub fn date(text: &[u8]) -> Result<i32, Bad> {
    let (day, rest) = day(text).ok_or(Bad::Type)?;
    if rest.is_empty() {
        return Ok(day);
    }
    match clock(rest) {
        Some((0, rest)) if offset(rest).is_some() => Ok(day),
        _ => Err(Bad::Type),
    }
}

/// Microseconds since 1970-01-01 00:00:00: a day as [`date`] has it, alone or followed by `T` or a blank and
/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.f` (up to nine digits, cut to microseconds), then perhaps `Z` or an offset, which
/// is converted to UTC.
///
/// # Errors
/// [`Bad::Type`] where it is none of these, or a day or time that does not exist.
#[inline]
pub fn datetime(text: &[u8]) -> Result<i64, Bad> {
    let (day, rest) = day(text).ok_or(Bad::Type)?;
    let midnight = i64::from(day) * MICROS_PER_DAY;
    if rest.is_empty() {
        return Ok(midnight);
    }
    let (micros, rest) = clock(rest).ok_or(Bad::Type)?;
    let offset = offset(rest).ok_or(Bad::Type)?;
    Ok(midnight + micros - offset * MICROS_PER_SECOND)
}

/// The day at the start of `text`, and what follows it.
#[inline]
fn day(text: &[u8]) -> Option<(i32, &[u8])> {
    let (year, month, day, rest) = match text {
        [a, b, c, d, b'-', e, f, b'-', g, h, rest @ ..] | [a, b, c, d, b'/', e, f, b'/', g, h, rest @ ..] => {
            (number([*a, *b, *c, *d])?, number([*e, *f])?, number([*g, *h])?, rest)
        }
        [a, b, c, d, e, f, g, h, rest @ ..] => (number([*a, *b, *c, *d])?, number([*e, *f])?, number([*g, *h])?, rest),
        _ => return None,
    };
    if year == 0 || !(1..=12).contains(&month) || day == 0 || day > days_in(year, month) {
        return None;
    }
    Some((days_since_epoch(year, month, day), rest))
}

/// The time of day after its separator, in microseconds, and what follows it.
#[inline]
fn clock(text: &[u8]) -> Option<(i64, &[u8])> {
    let [b'T' | b't' | b' ', a, b, b':', c, d, rest @ ..] = text else { return None };
    let (hour, minute) = (number([*a, *b])?, number([*c, *d])?);
    let (second, rest) = match rest {
        [b':', e, f, rest @ ..] => (number([*e, *f])?, rest),
        _ => (0, rest),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => micros(rest)?,
        _ => (0, rest),
    };
    Some((i64::from(hour * 3600 + minute * 60 + second) * MICROS_PER_SECOND + fraction, rest))
}

/// One to nine digits after a decimal point, in microseconds.
#[inline]
fn micros(text: &[u8]) -> Option<(i64, &[u8])> {
    let length = text.iter().take_while(|b| b.is_ascii_digit()).count();
    if !(1..=9).contains(&length) {
        return None;
    }
    let (digits, rest) = text.split_at(length);
    let micros = (0..6).fold(0, |sum, i| sum * 10 + digits.get(i).map_or(0, |b| i64::from(b - b'0')));
    Some((micros, rest))
}

/// The offset from UTC in seconds: nothing, `Z`, `±hh`, `±hhmm` or `±hh:mm`, perhaps after a blank.
#[inline]
fn offset(text: &[u8]) -> Option<i64> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let (sign, hour, minute) = match text {
        [] | b"Z" | b"z" => return Some(0),
        [sign, a, b] => (sign, number([*a, *b])?, 0),
        [sign, a, b, c, d] | [sign, a, b, b':', c, d] => (sign, number([*a, *b])?, number([*c, *d])?),
        _ => return None,
    };
    let sign = match sign {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    (hour <= 23 && minute <= 59).then(|| sign * i64::from(hour * 3600 + minute * 60))
}

#[inline]
fn number<const N: usize>(digits: [u8; N]) -> Option<u32> {
    let mut value = 0;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u32::from(digit);
    }
    Some(value)
}

#[inline]
fn days_in(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, for years 1 to 9999. Years are counted from March, so
/// that the leap day is the last of its year.
#[inline]
fn days_since_epoch(year: u32, month: u32, day: u32) -> i32 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    let from_march = (153 * month + 2) / 5 + day - 1;
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    (year * 365 + leap_days + from_march).cast_signed() - 719_468
}
