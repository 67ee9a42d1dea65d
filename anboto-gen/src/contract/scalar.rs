//! What a plain scalar means, by the core schema of YAML 1.2.2 (section 10.3.2).

use serde_json::{Number, Value};

/// The value of a plain scalar; `None` if it is a number that does not fit.
pub(super) fn value(text: &str) -> Option<Value> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Value::Null),
        "true" | "True" | "TRUE" => return Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Some(Value::Bool(false)),
        _ => {}
    }
    match numeric(text) {
        Numeric::No => Some(Value::String(text.to_owned())),
        Numeric::Integer { digits, radix } => integer(digits, radix).map(Value::Number),
        Numeric::Float => Number::from_f64(text.parse().ok()?).map(Value::Number),
        Numeric::NotFinite => None,
    }
}

fn integer(digits: &str, radix: u32) -> Option<Number> {
    let unsigned = u64::from_str_radix(digits, radix).map(Number::from);
    unsigned
        .or_else(|_| i64::from_str_radix(digits, radix).map(Number::from))
        .ok()
}

enum Numeric<'a> {
    No,
    Integer { digits: &'a str, radix: u32 },
    Float,
    NotFinite,
}

/// Whether a plain scalar is written as a number, and as which kind.
fn numeric(text: &str) -> Numeric<'_> {
    let all =
        |digits: &str, radix: u32| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    if let Some(digits) = text.strip_prefix("0x").filter(|digits| all(digits, 16)) {
        return Numeric::Integer { digits, radix: 16 };
    }
    if let Some(digits) = text.strip_prefix("0o").filter(|digits| all(digits, 8)) {
        return Numeric::Integer { digits, radix: 8 };
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if all(unsigned, 10) {
        return Numeric::Integer {
            digits: text,
            radix: 10,
        };
    }
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Numeric::NotFinite;
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)),
        ),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let is_float = digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| all(exponent, 10));
    if is_float {
        Numeric::Float
    } else {
        Numeric::No
    }
}
