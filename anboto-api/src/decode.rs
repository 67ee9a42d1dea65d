//! From the bytes of an answer to its type, tolerant of the forms that the API has been seen to use.

use std::fmt::Display;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// How an operation's answer is read. The message of the error says where in the answer and what is wrong.
pub(crate) type Decode<T> = fn(&[u8]) -> Result<T, String>;

/// The JSON that the contract says.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| explain::<T>(body, error))
}

/// An answer without a body, whatever its body says.
#[allow(dead_code, reason = "the contract of today has no such answer")]
pub(crate) fn nothing(_body: &[u8]) -> Result<(), String> {
    Ok(())
}

/// A single text: a JSON string, or the text itself.
pub(crate) fn text<T: TryFrom<String, Error: Display>>(body: &[u8]) -> Result<T, String> {
    let text = unquoted(body)?;
    if text.is_empty() {
        Err("an empty body where a text belongs".to_owned())
    } else {
        T::try_from(text).map_err(|error| error.to_string())
    }
}

/// A Java map as its `toString` prints it, `{status=ok, timestamp=1783329083000}`, bare or as a JSON string; or the JSON object
/// that it stands for.
pub(crate) fn java_map<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let text = unquoted(body)?;
    if let Ok(object @ Value::Object(_)) = serde_json::from_str(&text) {
        return serde_path_to_error::deserialize(object).map_err(|error| error.to_string());
    }
    let entries = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
        .ok_or_else(|| format!("{} is not of the form {{key=value, …}}", excerpt(&text)))?;
    let map = entries
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(|entry| match entry.split_once('=') {
            Some((key, value)) => Ok((
                key.trim().to_owned(),
                Value::String(value.trim().to_owned()),
            )),
            None => Err(format!("{} has an entry without `=`", excerpt(&text))),
        })
        .collect::<Result<serde_json::Map<_, _>, _>>()?;
    serde_path_to_error::deserialize(Value::Object(map)).map_err(|error| error.to_string())
}

/// `{"orders": […]}`, a bare array of orders, or a single order: all of them as the first.
///
/// Every field of an order summary can be absent, so an object that has none of them is no order but something else, such as
/// an error of a gateway that came with a 200.
pub(crate) fn one_or_many_orders<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    const SUMMARY: [&str; 5] = [
        "client_order_id",
        "created_at",
        "error_code",
        "order_id",
        "status",
    ];
    if let Some(b'[') = body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        return json(&[br#"{"orders":"#, body, b"}"].concat());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) if !object.contains_key("orders") => {
            if SUMMARY.iter().any(|key| object.contains_key(*key)) {
                json(&[br#"{"orders":["#, body, b"]}"].concat())
            } else {
                Err("an object that is no order and holds none".to_owned())
            }
        }
        _ => json(body),
    }
}

fn unquoted(body: &[u8]) -> Result<String, String> {
    let text =
        std::str::from_utf8(body).map_err(|error| format!("a text that is not UTF-8: {error}"))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    Ok(serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned()))
}

/// The error once more, with the path of the field that it is about. Only a failure pays for the path.
fn explain<T: DeserializeOwned>(body: &[u8], error: serde_json::Error) -> String {
    if body.is_empty() {
        return "an empty body where JSON belongs".to_owned();
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Err(error) if error.path().iter().next().is_some() => error.to_string(),
        _ => error.to_string(),
    }
}

fn excerpt(text: &str) -> String {
    let head: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    format!("`{head}`")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::{OrderDetailsList, OrderSummaryList, ServerStatus};

    /// Bytes at random, and bytes that look like an answer for a while.
    fn body() -> impl Strategy<Value = Vec<u8>> {
        let seeds: &[&str] = &[
            r#"{"orders":[{"filled_quantity":1.5e3,"average_price":"1","side":"BUY","trades":[{"price":1}]}]}"#,
            r#"[{"created_at":1783329083000,"order_id":596990285759373312,"status":"REJECTED"}]"#,
            "{status=ok, timestamp=1783329083000}",
            "\"{status=ok, timestamp=1}\"",
        ];
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..64),
            "[\\[\\]{}=:,\" a-z0-9.eE+-]{0,48}".prop_map(String::into_bytes),
            (
                prop::sample::select(seeds),
                any::<prop::sample::Index>(),
                any::<u8>()
            )
                .prop_map(|(seed, index, byte)| {
                    let mut bytes = seed.as_bytes().to_vec();
                    let at = index.index(bytes.len());
                    bytes[at] = byte;
                    if byte % 2 == 0 {
                        bytes.truncate(at);
                    }
                    bytes
                }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_make_a_decoder_panic(body in body()) {
            let _ = json::<OrderDetailsList>(&body);
            let _ = one_or_many_orders::<OrderSummaryList>(&body);
            let _ = java_map::<ServerStatus>(&body);
            let _ = text::<crate::ListenKey>(&body);
        }
    }
}
