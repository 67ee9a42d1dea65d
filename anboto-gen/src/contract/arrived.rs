//! Which document was wanted, and what arrived instead.

use serde_json::Value;

use super::document::{Node, shown};
use super::yaml;
use crate::{Error, Source};

/// A kind of document, told by the field at its head that carries the version.
pub(crate) struct Wanted {
    /// What an error calls it, with its article.
    pub(crate) name: &'static str,
    pub(crate) field: &'static str,
    /// Major and minor version; any patch level will do.
    pub(crate) version: &'static str,
}

impl Wanted {
    /// Reads a document of this kind.
    pub(crate) fn load(&self, source: Source<'_>) -> Result<Node, Error> {
        let root = yaml::load(source, self.name)?;
        let what_to_do = match root.value.get(self.field) {
            Some(Value::String(version)) if self.reads(version) => return Ok(root),
            Some(Value::String(_)) => format!("this generator reads {}.x", self.version),
            Some(_) => format!(
                "write the version as text: `{}: {}.0`",
                self.field, self.version
            ),
            None => "check the path or URL".to_owned(),
        };
        let message = format!(
            "expected {}, got {}; {what_to_do}",
            self.name,
            describe(&root.value)
        );
        Err(Error::at(root.place(&format!("/{}", self.field)), message))
    }

    fn reads(&self, version: &str) -> bool {
        let patch = version
            .strip_prefix(self.version)
            .and_then(|rest| rest.strip_prefix('.'));
        patch.is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|b| b.is_ascii_digit()))
    }
}

/// Recognises by its first bytes what is no YAML at all; YAML would say the oddest things about it.
pub(super) fn foreign(bytes: &[u8]) -> Option<String> {
    match bytes {
        [0x1f, 0x8b, ..] => return Some("a gzip archive".to_owned()),
        [b'P', b'K', 0x03, 0x04, ..] => return Some("a zip archive".to_owned()),
        [b'%', b'P', b'D', b'F', b'-', ..] => return Some("a PDF".to_owned()),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            return Some("text in UTF-16, where UTF-8 is read".to_owned());
        }
        _ => {}
    }
    const ENOUGH: usize = 16 * 1024;
    let head = String::from_utf8_lossy(bytes.get(..ENOUGH).unwrap_or(bytes));
    let head = head.trim_start_matches('\u{feff}').trim_start();
    if !head.starts_with('<') || head.starts_with("<<") {
        return None;
    }
    let lower = head.to_ascii_lowercase();
    if !lower.starts_with("<!doctype html") && !lower.contains("<html") {
        return Some("an XML document".to_owned());
    }
    let title = lower
        .find("<title>")
        .map(|at| at + "<title>".len())
        .and_then(|from| {
            let to = lower.get(from..)?.find("</title>")?;
            head.get(from..from + to)
        });
    Some(match title.map(shown).filter(|title| !title.is_empty()) {
        Some(title) => format!("an HTML page (\"{title}\")"),
        None => "an HTML page".to_owned(),
    })
}

/// Says what a document is that was read, but is not the one that was wanted.
fn describe(root: &Value) -> String {
    let fields = match root {
        Value::Null => return "nothing: the document is empty".to_owned(),
        Value::Bool(_) | Value::Number(_) => return format!("a single value ({root})"),
        Value::String(text) => return format!("plain text (\"{}\")", shown(text)),
        Value::Array(_) => return "a list".to_owned(),
        Value::Object(fields) => fields,
    };
    let text = |name: &str| {
        fields.get(name).map(|value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        })
    };
    for (name, what) in [
        ("openapi", "an OpenAPI"),
        ("swagger", "a Swagger"),
        ("overlay", "an OpenAPI Overlay"),
    ] {
        if let Some(version) = text(name) {
            return format!("{what} {} document", shown(&version));
        }
    }
    for name in ["message", "error", "detail", "title"] {
        if let Some(message) = fields.get(name).and_then(Value::as_str) {
            return format!("an error message (\"{}\")", shown(message));
        }
    }
    if fields.is_empty() {
        return "an empty mapping".to_owned();
    }
    let keys: Vec<_> = fields
        .keys()
        .take(5)
        .map(|key| format!("`{}`", shown(key)))
        .collect();
    let more = if fields.len() > keys.len() {
        ", …"
    } else {
        ""
    };
    format!("a mapping with the keys {}{more}", keys.join(", "))
}
