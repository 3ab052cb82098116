//! The binary forms of PostgreSQL's types to the values that Arrow holds.
//!
//! What must stay true: a value comes out exactly, or not at all. Integers never pass through a float; a decimal
//! becomes the double nearest to it.

/// Days from 1970-01-01 to 2000-01-01, where PostgreSQL counts from.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * DAY_MICROS;
const DAY_MICROS: i64 = 86_400_000_000;
/// 0001-01-01 and the day after 9999-12-31, as days since 1970-01-01: what every reader of dates understands.
const FIRST_DAY: i32 = -719_162;
const END_DAY: i32 = 2_932_897;

/// A two-, four- or eight-byte integer.
pub(super) fn integer(bytes: &[u8]) -> Option<i64> {
    match bytes.len() {
        2 => Some(i16::from_be_bytes(bytes.try_into().ok()?).into()),
        4 => Some(i32::from_be_bytes(bytes.try_into().ok()?).into()),
        8 => Some(i64::from_be_bytes(bytes.try_into().ok()?)),
        _ => None,
    }
}

/// A finite four- or eight-byte float.
pub(super) fn float(bytes: &[u8]) -> Option<f64> {
    let value = match bytes.len() {
        4 => f32::from_be_bytes(bytes.try_into().ok()?).into(),
        8 => f64::from_be_bytes(bytes.try_into().ok()?),
        _ => return None,
    };
    f64::is_finite(value).then_some(value)
}

/// A date as days since 1970-01-01; `None` for infinities and years outside of 1 to 9999.
pub(super) fn date(bytes: &[u8]) -> Option<i32> {
    let days = i32::from_be_bytes(bytes.try_into().ok()?).checked_add(EPOCH_DAYS)?;
    (FIRST_DAY..END_DAY).contains(&days).then_some(days)
}

/// A timestamp as microseconds since 1970-01-01; `None` for infinities and years outside of 1 to 9999.
pub(super) fn timestamp(bytes: &[u8]) -> Option<i64> {
    let micros = i64::from_be_bytes(bytes.try_into().ok()?).checked_add(EPOCH_MICROS)?;
    let (first, end) = (i64::from(FIRST_DAY) * DAY_MICROS, i64::from(END_DAY) * DAY_MICROS);
    (first..end).contains(&micros).then_some(micros)
}

/// A `numeric`: digits to the base of 10,000, the first of which stands for 10,000 to the power of `weight`.
pub(super) struct Numeric<'a> {
    digits: &'a [u8],
    weight: i32,
    negative: bool,
}

impl<'a> Numeric<'a> {
    /// `None` for NaN and infinities.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (head, digits) = bytes.split_first_chunk::<8>()?;
        let [n0, n1, w0, w1, s0, s1, _, _] = *head;
        if digits.len() != 2 * usize::from(u16::from_be_bytes([n0, n1])) {
            return None;
        }
        let negative = match u16::from_be_bytes([s0, s1]) {
            0x0000 => false,
            0x4000 => true,
            _ => return None,
        };
        Some(Self { digits, weight: i16::from_be_bytes([w0, w1]).into(), negative })
    }

    fn digits(&self) -> impl Iterator<Item = u16> {
        self.digits.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
    }

    /// The integer, where it is one that fits.
    pub(super) fn integer(&self) -> Option<i64> {
        let whole = usize::try_from(self.weight + 1).unwrap_or(0);
        if self.digits().skip(whole).any(|digit| digit != 0) {
            return None;
        }
        let mut value: i128 = 0;
        for digit in self.digits().chain(std::iter::repeat(0)).take(whole) {
            value = value.checked_mul(10_000)?.checked_add(digit.into())?;
            if value > i128::from(i64::MAX) + 1 {
                return None;
            }
        }
        i64::try_from(if self.negative { -value } else { value }).ok()
    }

    /// The nearest double; `None` where it is beyond all of them.
    pub(super) fn float(&self) -> Option<f64> {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(2 * self.digits.len() + 8);
        text.push(if self.negative { '-' } else { '+' });
        text.push('0');
        for digit in self.digits() {
            let _ = write!(text, "{digit:04}");
        }
        let exponent = 4 * (self.weight + 1 - i32::try_from(self.digits.len() / 2).ok()?);
        let _ = write!(text, "e{exponent}");
        text.parse().ok().filter(|value: &f64| value.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numeric(weight: i16, sign: u16, digits: &[u16]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(u16::try_from(digits.len()).unwrap().to_be_bytes());
        bytes.extend(weight.to_be_bytes());
        bytes.extend(sign.to_be_bytes());
        bytes.extend(0u16.to_be_bytes());
        digits.iter().for_each(|digit| bytes.extend(digit.to_be_bytes()));
        bytes
    }

    #[test]
    fn decimals() {
        for (weight, sign, digits, integer, float) in [
            (0, 0, &[][..], Some(0), Some(0.0)),
            (0, 0, &[7], Some(7), Some(7.0)),
            (1, 0x4000, &[12, 3456], Some(-123_456), Some(-123_456.0)),
            (1, 0, &[5], Some(50_000), Some(50_000.0)),
            (0, 0, &[5, 2500], None, Some(5.25)),
            (-1, 0, &[1000], None, Some(0.1)),
            (-2, 0, &[1], None, Some(1e-8)),
            (4, 0, &[922, 3372, 368, 5477, 5807], Some(i64::MAX), Some(9_223_372_036_854_775_807.0)),
            (4, 0x4000, &[922, 3372, 368, 5477, 5808], Some(i64::MIN), Some(-9_223_372_036_854_775_808.0)),
            (4, 0, &[922, 3372, 368, 5477, 5808], None, Some(9_223_372_036_854_775_808.0)),
            (9_000, 0, &[1], None, None),
        ] {
            let bytes = numeric(weight, sign, digits);
            let value = Numeric::read(&bytes).unwrap();
            assert_eq!((value.integer(), value.float()), (integer, float), "{weight} {digits:?}");
        }
        for sign in [0xC000, 0xD000, 0xF000] {
            assert!(Numeric::read(&numeric(0, sign, &[])).is_none());
        }
    }

    #[test]
    fn days_and_moments() {
        for (value, expected) in [
            (0, Some(10_957)),
            (-10_957, Some(0)),
            (i32::MAX, None),
            (i32::MIN, None),
            (2_921_939, Some(2_932_896)),
            (2_921_940, None),
            (-730_119, Some(-719_162)),
            (-730_120, None),
        ] {
            assert_eq!(date(&value.to_be_bytes()), expected, "{value}");
            let micros = i64::from(value).saturating_mul(DAY_MICROS);
            let expected = expected.map(|days| i64::from(days) * DAY_MICROS);
            assert_eq!(timestamp(&micros.to_be_bytes()), expected, "{value}");
        }
        for infinity in [i64::MAX, i64::MIN] {
            assert_eq!(timestamp(&infinity.to_be_bytes()), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_value_or_none(bytes: Vec<u8>) {
            let _ = (integer(&bytes), float(&bytes), date(&bytes), timestamp(&bytes));
            if let Some(value) = Numeric::read(&bytes) {
                let _ = (value.integer(), value.float());
            }
        }

        #[test]
        fn integers_survive(value: i64) {
            let (mut rest, mut digits) = (value.unsigned_abs(), Vec::new());
            while rest > 0 {
                digits.insert(0, (rest % 10_000) as u16);
                rest /= 10_000;
            }
            let weight = i16::try_from(digits.len()).unwrap() - 1;
            let bytes = numeric(weight, if value < 0 { 0x4000 } else { 0 }, &digits);
            let numeric = Numeric::read(&bytes).unwrap();
            prop_assert_eq!(numeric.integer(), Some(value));
            prop_assert_eq!(numeric.float(), Some(value as f64));
        }
    }
}
