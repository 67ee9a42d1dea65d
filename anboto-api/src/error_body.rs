//! What a body that is not the documented answer says: Micronaut's JSON, plain text, an HTML page, or nothing.

use std::fmt;

use bytes::Bytes;
use reqwest::StatusCode;
use serde_json::Value;

/// What the vendor says of its refusal.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct VendorError {
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    /// What stands in the `Display` of the error when there is neither.
    status: Option<&'static str>,
}

impl fmt::Display for VendorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.code, &self.message) {
            (Some(code), Some(message)) => write!(f, "{code}: {message}"),
            (Some(text), None) | (None, Some(text)) => f.write_str(text),
            (None, None) => f.write_str(self.status.unwrap_or("refused without a word")),
        }
    }
}

impl VendorError {
    pub(crate) fn read(status: StatusCode, body: &Bytes) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}').trim();
        let mut read = match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Self {
                code: ["error_code", "errorCode", "code"]
                    .into_iter()
                    .find_map(|key| scalar(object.get(key)?)),
                message: embedded(&object).or_else(|| {
                    ["message", "error", "title"]
                        .into_iter()
                        .find_map(|key| scalar(object.get(key)?))
                }),
                status: None,
            },
            Ok(Value::String(message)) => Self {
                message: Some(message),
                ..Self::default()
            },
            // Another shape of JSON says nothing that a line could hold; the body is there for who wants it.
            Ok(_) => Self::default(),
            Err(_) if text.starts_with('<') => Self {
                message: title(text),
                ..Self::default()
            },
            Err(_) => Self {
                message: Some(text.to_owned()),
                ..Self::default()
            },
        };
        read.code = read.code.and_then(one_line);
        read.message = read.message.and_then(one_line);
        read.status = status.canonical_reason();
        read
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Micronaut's `{"message": "Bad Request", "_embedded": {"errors": [{"message": "quantity: must not be null"}]}}`, in which the
/// outer message says less than the inner ones.
fn embedded(object: &serde_json::Map<String, Value>) -> Option<String> {
    let errors = object.get("_embedded")?.get("errors")?.as_array()?;
    let messages: Vec<_> = errors
        .iter()
        .filter_map(|error| error.get("message")?.as_str())
        .collect();
    (!messages.is_empty()).then(|| messages.join("; "))
}

fn title(html: &str) -> Option<String> {
    // ASCII lower case keeps the byte offsets.
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    Some(html[start..end].to_owned())
}

/// The text without control characters and runs of white space, at most 300 characters of it; `None` when nothing is left.
fn one_line(text: String) -> Option<String> {
    let mut line = String::new();
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
    {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if let Some((end, _)) = line.char_indices().nth(300) {
        line.truncate(end);
        line.push('…');
    }
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> (Option<String>, Option<String>) {
        let read = VendorError::read(
            StatusCode::BAD_REQUEST,
            &Bytes::copy_from_slice(body.as_bytes()),
        );
        (read.code, read.message)
    }

    fn both(code: &str, message: &str) -> (Option<String>, Option<String>) {
        (Some(code.to_owned()), Some(message.to_owned()))
    }

    fn words(message: &str) -> (Option<String>, Option<String>) {
        (None, Some(message.to_owned()))
    }

    #[test]
    fn the_vendors_words_are_found_in_every_kind_of_body() {
        assert_eq!(
            read(r#"{"error_code":"INVALID_SIGNATURE","message":"signature mismatch"}"#),
            both("INVALID_SIGNATURE", "signature mismatch")
        );
        assert_eq!(
            read(r#"{"message":"Internal Server Error","_links":{"self":{"href":"/"}}}"#),
            words("Internal Server Error")
        );
        assert_eq!(
            read(
                r#"{"message":"Bad Request","_embedded":{"errors":[{"message":"quantity: must not be null"},{"message":"side: unknown"}]}}"#
            ),
            words("quantity: must not be null; side: unknown")
        );
        assert_eq!(
            read("  upstream\r\n\tis away \u{7}"),
            words("upstream is away")
        );
        assert_eq!(read("\u{feff}\"quoted\""), words("quoted"));
        assert_eq!(
            read(
                "<!DOCTYPE html>\n<html><head><TITLE lang=en>502 Bad\nGateway</TITLE></head></html>"
            ),
            words("502 Bad Gateway")
        );
        for nothing in [
            "",
            "  \n",
            "{}",
            "[]",
            "null",
            "17",
            "<html></html>",
            "<title>",
            "{\"message\":{}}",
        ] {
            assert_eq!(read(nothing), (None, None), "{nothing}");
        }
    }

    #[test]
    fn long_words_are_cut_and_bytes_that_are_no_text_do_no_harm() {
        let (_, message) = read(&"é".repeat(1000));
        assert_eq!(message.map(|message| message.chars().count()), Some(301));
        let read = VendorError::read(
            StatusCode::BAD_GATEWAY,
            &Bytes::from_static(b"\xff\xfe\x00"),
        );
        assert!(read.message.is_some());
    }
}
