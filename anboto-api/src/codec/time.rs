use std::fmt;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use serde::ser::Error as _;
use serde::{Deserializer, Serializer};

use super::{Excerpt, Form};

/// A point in time written as RFC 3339 text in UTC: `"2024-01-22T22:05:00Z"`.
pub(crate) struct DateTimeText;

/// A point in time written as the milliseconds since the Unix epoch: `1705961100000`.
pub(crate) struct UnixMs;

/// A duration written as whole seconds in a string: `"120"`.
pub(crate) struct SecondsText;

impl Form<DateTime<Utc>> for DateTimeText {
    fn write<S: Serializer>(value: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        deserializer.deserialize_any(TimeVisitor)
    }
}

impl Form<DateTime<Utc>> for UnixMs {
    fn write<S: Serializer>(value: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(value.timestamp_millis())
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        deserializer.deserialize_any(TimeVisitor)
    }
}

/// Reads a time in any form that the API uses for one: the same kind of field is text in one answer and a number in another.
struct TimeVisitor;

impl serde::de::Visitor<'_> for TimeVisitor {
    type Value = DateTime<Utc>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time, as RFC 3339 text or as milliseconds since the Unix epoch")
    }

    fn visit_i64<E: serde::de::Error>(self, ms: i64) -> Result<Self::Value, E> {
        DateTime::from_timestamp_millis(ms).ok_or_else(|| {
            E::custom(format_args!(
                "`{ms}` ms since the Unix epoch is out of the range of times"
            ))
        })
    }

    fn visit_u64<E: serde::de::Error>(self, ms: u64) -> Result<Self::Value, E> {
        // What exceeds an i64 exceeds the range of times too; the largest i64 reports it as such.
        self.visit_i64(i64::try_from(ms).unwrap_or(i64::MAX))
    }

    /// The contract calls some times `number`, which Java may print as `1.7059611E12`. Whole milliseconds below 2^53 are exact
    /// in such a float; a fraction of one is not a time that this API gives.
    fn visit_f64<E: serde::de::Error>(self, ms: f64) -> Result<Self::Value, E> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if ms.fract() == 0.0 && ms.abs() < EXACT {
            self.visit_i64(ms as i64)
        } else {
            Err(E::custom(format_args!(
                "`{ms}` is not a whole number of milliseconds since the Unix epoch"
            )))
        }
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if let Some(time) = parse(text) {
            return Ok(time);
        }
        match text.parse() {
            Ok(ms) => self.visit_i64(ms),
            Err(_) => Err(E::custom(format_args!(
                "{} is neither an RFC 3339 time nor milliseconds since the Unix epoch",
                Excerpt(text)
            ))),
        }
    }
}

/// RFC 3339, and what Java makes of it: an offset without a colon, no seconds where they are zero, no zone where it is UTC, as
/// all times of this API are.
fn parse(text: &str) -> Option<DateTime<Utc>> {
    const ZONED: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"];
    const LOCAL: [&str; 3] = [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
    ];
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    let zoned = |format: &&str| DateTime::parse_from_str(text, format).ok();
    let local = |format: &&str| NaiveDateTime::parse_from_str(text, format).ok();
    ZONED
        .iter()
        .find_map(zoned)
        .map(|time| time.to_utc())
        .or_else(|| LOCAL.iter().find_map(local).map(|time| time.and_utc()))
}

impl Form<Duration> for SecondsText {
    fn write<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        if value.subsec_nanos() != 0 {
            return Err(S::Error::custom(format_args!(
                "{value:?} is not a whole number of seconds"
            )));
        }
        serializer.collect_str(&value.as_secs())
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        deserializer.deserialize_any(SecondsVisitor)
    }
}

/// Reads seconds from a string or a number: the contract has the one, the vendor's own examples send the other.
struct SecondsVisitor;

impl serde::de::Visitor<'_> for SecondsVisitor {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number of seconds, as a string or as a number")
    }

    fn visit_u64<E>(self, seconds: u64) -> Result<Self::Value, E> {
        Ok(Duration::from_secs(seconds))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        match text.parse() {
            Ok(seconds) => Ok(Duration::from_secs(seconds)),
            Err(_) => Err(E::custom(format_args!(
                "{} is not a whole number of seconds",
                Excerpt(text)
            ))),
        }
    }
}

/// The milliseconds of a time, as a query parameter.
pub(crate) fn unix_ms(time: DateTime<Utc>) -> String {
    time.timestamp_millis().to_string()
}
