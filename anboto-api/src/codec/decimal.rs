use std::borrow::Cow;
use std::fmt;

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Excerpt, Form};

/// A decimal written as a JSON string: `"0.0150"`. Requests, balances and positions.
pub(crate) struct DecimalText;

/// A decimal written as a JSON number: `0.0150`. Orders, trades, instruments and funding rates.
pub(crate) struct DecimalNumber;

impl Form<Decimal> for DecimalText {
    fn write<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        read(deserializer)
    }
}

impl Form<Decimal> for DecimalNumber {
    fn write<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        // Raw text is the only way to a JSON number with all its digits: serde_json's own numbers are floats.
        RawValue::from_string(value.to_string())
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        read(deserializer)
    }
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let json = raw.get();
    let text: Cow<'_, str> = if json.starts_with('"') {
        match serde_json::from_str(json) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(serde_json::from_str::<String>(json).map_err(D::Error::custom)?),
        }
    } else {
        Cow::Borrowed(json)
    };
    parse(&text).map_err(D::Error::custom)
}

/// Why a text is no exact decimal.
#[derive(Debug, PartialEq)]
pub(crate) enum Inexact<'a> {
    NotANumber(&'a str),
    DoesNotFit(&'a str),
}

impl fmt::Display for Inexact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotANumber(text) => write!(f, "{} is not a decimal number", Excerpt(text)),
            Self::DoesNotFit(text) => {
                write!(
                    f,
                    "{} does not fit a decimal of 28 digits without loss",
                    Excerpt(text)
                )
            }
        }
    }
}

/// The exact value of a decimal literal: digits with an optional sign, point and exponent.
///
/// `Decimal::from_str` rounds what has too many digits and `from_scientific` does not take every exponent, so both are used
/// only in their exact forms.
pub(crate) fn parse(text: &str) -> Result<Decimal, Inexact<'_>> {
    parse_short(text).map_or_else(|| parse_any(text), Ok)
}

/// The common case in one pass over the text: at most 18 digits, with a sign and a point at most. `None` for all else.
fn parse_short(text: &str) -> Option<Decimal> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    // One place more for the point; 18 digits always fit an i64.
    if digits.len() > 19 {
        return None;
    }
    let mut mantissa = 0_i64;
    let mut count = 0_usize;
    let mut point = None;
    for &byte in digits {
        match byte {
            b'0'..=b'9' if count < 18 => {
                mantissa = mantissa * 10 + i64::from(byte - b'0');
                count += 1;
            }
            b'.' if point.is_none() => point = Some(count),
            _ => return None,
        }
    }
    let scale = point.map_or(0, |before| count - before);
    (count > 0).then(|| Decimal::new(if negative { -mantissa } else { mantissa }, scale as u32))
}

fn parse_any(text: &str) -> Result<Decimal, Inexact<'_>> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Inexact::NotANumber(text));
            }
            // Saturated: whatever has more digits than fit an i32 is far out of range on either side.
            let exponent = exponent.parse().unwrap_or(if exponent.starts_with('-') {
                i32::MIN
            } else {
                i32::MAX
            });
            (mantissa, exponent)
        }
        None => (text, 0),
    };
    if !is_plain_decimal(mantissa) {
        return Err(Inexact::NotANumber(text));
    }
    let out_of_range = Inexact::DoesNotFit(text);
    let Ok(mut value) = Decimal::from_str_exact(mantissa) else {
        return Err(out_of_range);
    };
    if exponent == 0 || value.is_zero() {
        return Ok(value);
    }
    let scale = i64::from(value.scale()) - i64::from(exponent);
    if (0..=28).contains(&scale) {
        value.set_scale(scale as u32).map_err(|_| out_of_range)?;
        return Ok(value);
    }
    if scale < 0 {
        // Only zeros are added, as long as there is room for them.
        value.set_scale(0).map_err(|_| Inexact::DoesNotFit(text))?;
        let zeros = u32::try_from(-scale).unwrap_or(u32::MAX);
        return 10i128
            .checked_pow(zeros)
            .and_then(|power| Decimal::try_from_i128_with_scale(power, 0).ok())
            .and_then(|power| value.checked_mul(power))
            .ok_or(out_of_range);
    }
    // Too many decimal places; they fit only if the last ones are zeros.
    let (mut mantissa, mut scale) = (value.mantissa(), scale);
    while scale > 28 && mantissa % 10 == 0 {
        mantissa /= 10;
        scale -= 1;
    }
    u32::try_from(scale)
        .ok()
        .and_then(|scale| Decimal::try_from_i128_with_scale(mantissa, scale).ok())
        .ok_or(out_of_range)
}

/// `-12.50`, `.5` and `+1`, but neither `1_000` (which `Decimal` takes) nor an empty text.
fn is_plain_decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    !(whole.is_empty() && fraction.is_empty())
        && whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_of_a_literal_is_kept() {
        for (text, shown) in [
            ("0.015", "0.015"),
            ("-2205.10", "-2205.10"),
            ("0.0", "0.0"),
            ("1E-7", "0.0000001"),
            ("1.0E-4", "0.00010"),
            ("1.5e+3", "1500"),
            ("12.345e2", "1234.5"),
            ("596990285759373312", "596990285759373312"),
            (
                "0.1234567890123456789012345678",
                "0.1234567890123456789012345678",
            ),
            (
                "79228162514264337593543950335",
                "79228162514264337593543950335",
            ),
            ("0e999", "0"),
            (".5", "0.5"),
            ("10e-28", "0.0000000000000000000000000010"),
            ("1000e-30", "0.0000000000000000000000000010"),
        ] {
            assert_eq!(
                parse(text).map(|value| value.to_string()),
                Ok(shown.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_would_lose_a_digit_is_refused() {
        for text in [
            "0.12345678901234567890123456789",
            "79228162514264337593543950336",
            "1.7976931348623157E308",
            "1e-29",
            "1e99999999999",
            "1e-99999999999",
        ] {
            assert_eq!(parse(text), Err(Inexact::DoesNotFit(text)));
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "", " 1", "1 ", "1_000", "NaN", "Infinity", "-", ".", "1e", "1e+", "0x10", "1,5",
            "true", "null", "e5",
        ] {
            assert_eq!(parse(text), Err(Inexact::NotANumber(text)));
        }
    }
}
