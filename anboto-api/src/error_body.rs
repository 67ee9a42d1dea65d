//! What a body that is not the documented answer says: Micronaut's JSON, plain text, an HTML page, or nothing.

use serde_json::Value;

use crate::hidden::Hidden;

/// What the vendor says of its refusal.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct VendorError {
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
}

impl VendorError {
    pub(crate) fn read(body: &[u8], hidden: &Hidden) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}').trim();
        let (code, message) = match serde_json::from_str(text) {
            Ok(Value::Object(object)) => (
                first_scalar(&object, &["error_code", "errorCode", "code"]),
                embedded(&object).or_else(|| first_scalar(&object, &["message", "error", "title"])),
            ),
            Ok(Value::String(message)) => (None, Some(message)),
            // Another shape of JSON says nothing that a line could hold; the body is there for who wants it.
            Ok(_) => (None, None),
            Err(_) if text.starts_with('<') => (None, title(text)),
            Err(_) => (None, Some(text.to_owned())),
        };
        let line = |text: Option<String>| text.and_then(|text| hidden.line(&text));
        Self {
            code: line(code),
            message: line(message),
        }
    }
}

/// The first of these fields that holds a text or a number.
fn first_scalar(object: &serde_json::Map<String, Value>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| match object.get(*key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
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

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    fn read(body: &str) -> (Option<String>, Option<String>) {
        let read = VendorError::read(body.as_bytes(), &Hidden::of(&HeaderMap::new()));
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
    fn bytes_that_are_no_text_do_no_harm() {
        let read = VendorError::read(b"\xff\xfe\x00", &Hidden::of(&HeaderMap::new()));
        assert!(read.message.is_some());
    }
}
