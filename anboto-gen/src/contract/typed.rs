//! From values to the types of `openapiv3`, with a place for what does not fit.
//!
//! Read in one go, a mistake in a schema is reported by `openapiv3` without its place, and read twice at every level on the way
//! up: the time doubles with each. So each node is first read by itself, the innermost first, with what it holds replaced by a
//! stand-in that always fits.

use openapiv3::{
    Header, Info, MediaType, OpenAPI, Operation, Parameter, PathItem, ReferenceOr, RequestBody,
    Response, Schema, SecurityScheme,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::document::{Node, join, shown, shown_pointer};
use crate::Error;

pub(super) fn read(root: &Node) -> Result<OpenAPI, Error> {
    check(root, Kind::Document, root.value.clone(), "")?;
    OpenAPI::deserialize(&root.value)
        .map_err(|error| refused(root, Kind::Document, "", None, &error))
}

/// What a node has to be, by its place in the document.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Document,
    Info,
    PathItem,
    Operation,
    Parameter,
    RequestBody,
    Response,
    Header,
    MediaType,
    Schema,
    SecurityScheme,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Info => "info",
            Self::PathItem => "path item",
            Self::Operation => "operation",
            Self::Parameter => "parameter",
            Self::RequestBody => "request body",
            Self::Response => "response",
            Self::Header => "header",
            Self::MediaType => "media type",
            Self::Schema => "schema",
            Self::SecurityScheme => "security scheme",
        }
    }

    /// The parts of such a node that are read by themselves; `*` is every entry of a mapping or list.
    fn parts(self) -> &'static [(&'static [&'static str], Kind)] {
        match self {
            Self::Document => &[
                (&["info"], Self::Info),
                (&["paths", "*"], Self::PathItem),
                (&["components", "schemas", "*"], Self::Schema),
                (&["components", "parameters", "*"], Self::Parameter),
                (&["components", "requestBodies", "*"], Self::RequestBody),
                (&["components", "responses", "*"], Self::Response),
                (&["components", "headers", "*"], Self::Header),
                (
                    &["components", "securitySchemes", "*"],
                    Self::SecurityScheme,
                ),
            ],
            Self::PathItem => &[
                (&["parameters", "*"], Self::Parameter),
                (&["get"], Self::Operation),
                (&["put"], Self::Operation),
                (&["post"], Self::Operation),
                (&["delete"], Self::Operation),
                (&["options"], Self::Operation),
                (&["head"], Self::Operation),
                (&["patch"], Self::Operation),
                (&["trace"], Self::Operation),
            ],
            Self::Operation => &[
                (&["parameters", "*"], Self::Parameter),
                (&["requestBody"], Self::RequestBody),
                (&["responses", "*"], Self::Response),
            ],
            Self::Parameter | Self::Header => &[
                (&["schema"], Self::Schema),
                (&["content", "*"], Self::MediaType),
            ],
            Self::RequestBody => &[(&["content", "*"], Self::MediaType)],
            Self::Response => &[
                (&["headers", "*"], Self::Header),
                (&["content", "*"], Self::MediaType),
            ],
            Self::MediaType => &[(&["schema"], Self::Schema)],
            Self::Schema => &[
                (&["properties", "*"], Self::Schema),
                (&["items"], Self::Schema),
                (&["additionalProperties"], Self::Schema),
                (&["allOf", "*"], Self::Schema),
                (&["anyOf", "*"], Self::Schema),
                (&["oneOf", "*"], Self::Schema),
                (&["not"], Self::Schema),
            ],
            Self::Info | Self::SecurityScheme => &[],
        }
    }

    /// Reads a value as such a node.
    fn read(self, value: &Value) -> serde_json::Result<()> {
        fn is<T: DeserializeOwned>(value: &Value) -> serde_json::Result<()> {
            T::deserialize(value).map(drop)
        }
        match self {
            Self::Document => is::<OpenAPI>(value),
            Self::Info => is::<Info>(value),
            Self::PathItem => is::<ReferenceOr<PathItem>>(value),
            Self::Operation => is::<Operation>(value),
            Self::Parameter => is::<ReferenceOr<Parameter>>(value),
            Self::RequestBody => is::<ReferenceOr<RequestBody>>(value),
            Self::Response => is::<ReferenceOr<Response>>(value),
            Self::Header => is::<ReferenceOr<Header>>(value),
            Self::MediaType => is::<MediaType>(value),
            Self::Schema => is::<ReferenceOr<Schema>>(value),
            Self::SecurityScheme => is::<ReferenceOr<SecurityScheme>>(value),
        }
    }
}

/// Checks the node at `pointer`, whose value this is, after everything inside it.
fn check(root: &Node, kind: Kind, mut value: Value, pointer: &str) -> Result<(), Error> {
    for &(pattern, part) in kind.parts() {
        take(&mut value, pattern, pointer, &mut |value, pointer| {
            if is_extension(part, pointer) {
                return Ok(());
            }
            check(root, part, value, pointer)
        })?;
    }
    kind.read(&value)
        .map_err(|error| refused(root, kind, pointer, culprit(kind, &value), &error))
}

/// Whether this is an extension among the paths or the responses, and so may be anything.
fn is_extension(kind: Kind, pointer: &str) -> bool {
    let name = pointer.rsplit('/').next().unwrap_or_default();
    matches!(kind, Kind::PathItem | Kind::Response) && name.starts_with("x-")
}

/// Hands every part that a pattern names to `visit`, and leaves a stand-in where it was.
fn take(
    value: &mut Value,
    pattern: &[&str],
    pointer: &str,
    visit: &mut dyn FnMut(Value, &str) -> Result<(), Error>,
) -> Result<(), Error> {
    let Some((&step, rest)) = pattern.split_first() else {
        // `additionalProperties` may be a boolean, and is not a schema then.
        if value.is_boolean() {
            return Ok(());
        }
        return visit(std::mem::replace(value, stand_in()), pointer);
    };
    match value {
        Value::Object(fields) if step == "*" => fields
            .iter_mut()
            .try_for_each(|(name, value)| take(value, rest, &join(pointer, name), visit)),
        Value::Array(items) if step == "*" => {
            items.iter_mut().enumerate().try_for_each(|(index, value)| {
                take(value, rest, &join(pointer, &index.to_string()), visit)
            })
        }
        Value::Object(fields) => match fields.get_mut(step) {
            Some(value) => take(value, rest, &join(pointer, step), visit),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// What fits in the place of any part: a reference, an operation without responses, an info without words.
fn stand_in() -> Value {
    json!({ "$ref": "", "responses": {}, "title": "", "version": "" })
}

/// The one field without which the node would fit. Looked for among the first fields alone, for the node may have any number.
fn culprit(kind: Kind, value: &Value) -> Option<String> {
    const ENOUGH: usize = 50;
    let names = value.as_object()?.keys().take(ENOUGH);
    let mut to_blame = names.filter(|name| {
        let mut without = value.clone();
        if let Some(fields) = without.as_object_mut() {
            fields.remove(*name);
        }
        kind.read(&without).is_ok()
    });
    to_blame.next().cloned()
}

fn refused(
    root: &Node,
    kind: Kind,
    pointer: &str,
    culprit: Option<String>,
    error: &serde_json::Error,
) -> Error {
    let (pointer, problem) = match culprit {
        Some(field) => {
            let problem = format!("`{}` does not fit in", shown(&field));
            (join(pointer, &field), problem)
        }
        None => (pointer.to_owned(), "this is not".to_owned()),
    };
    let message = format!(
        "{problem} an OpenAPI 3.0 {}: {} (`{}`)",
        kind.name(),
        shown(&error.to_string()),
        shown_pointer(&pointer)
    );
    Error::at(root.place(&pointer), message)
}
