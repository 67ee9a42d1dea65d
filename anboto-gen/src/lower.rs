//! The effective contract, brought down to what progenitor and typify are good at: which types there are and what they hold.
//!
//! Everything else is known from the [`Model`](crate::model) and would only get in their way. So this leaves out prose, defaults
//! and examples (a client that fills in defaults decides for the server), error responses (one untyped error serves them all),
//! security and servers. It unwraps `allOf` round a single `$ref`, so that no twin types appear, and turns every value that has
//! a written form of its own (decimals, times) into a marker that the `structs` pass finds again.

use serde_json::{Map, Value, json};

use crate::model::{is_json, resolve};

/// A written form: how a value stands in JSON, and its Rust type.
pub(crate) struct Form {
    /// The format by which the lowered contract calls it.
    pub(crate) format: &'static str,
    /// The marker type in `anboto_api::codec`.
    pub(crate) marker: &'static str,
    /// The Rust type of the value.
    pub(crate) rust_type: &'static str,
}

pub(crate) const DECIMAL_NUMBER: Form = Form {
    format: "anboto-decimal-number",
    marker: "DecimalNumber",
    rust_type: "Decimal",
};
pub(crate) const DECIMAL_TEXT: Form = Form {
    format: "anboto-decimal-text",
    marker: "DecimalText",
    rust_type: "Decimal",
};
pub(crate) const DATE_TIME_TEXT: Form = Form {
    format: "anboto-date-time-text",
    marker: "DateTimeText",
    rust_type: "DateTime<Utc>",
};
pub(crate) const UNIX_MS: Form = Form {
    format: "anboto-unix-ms",
    marker: "UnixMs",
    rust_type: "DateTime<Utc>",
};
pub(crate) const SECONDS_TEXT: Form = Form {
    format: "anboto-seconds-text",
    marker: "SecondsText",
    rust_type: "Duration",
};

/// Every written form.
pub(crate) const FORMS: [Form; 5] = [
    DECIMAL_NUMBER,
    DECIMAL_TEXT,
    DATE_TIME_TEXT,
    UNIX_MS,
    SECONDS_TEXT,
];

/// Formats that stand for a hand-written type of `anboto_api`, with that type.
pub(crate) const OWN_TYPES: [(&str, &str); 1] = [("listen-key", "crate::ListenKey")];

/// The lowered contract.
pub(crate) fn lower(contract: &Value) -> Value {
    let schemas: Map<String, Value> = members(contract.pointer("/components/schemas"))
        .map(|(name, schema)| (name.clone(), lower_schema(schema)))
        .collect();
    let mut paths = Map::new();
    for (path, item) in members(contract.get("paths")) {
        let shared = item.get("parameters");
        let operations: Map<String, Value> = members(Some(item))
            .filter(|(_, operation)| operation.get("operationId").is_some())
            .map(|(method, operation)| {
                (method.clone(), lower_operation(contract, shared, operation))
            })
            .collect();
        paths.insert(path.clone(), Value::Object(operations));
    }
    json!({
        "openapi": "3.0.3",
        "info": { "title": "contract", "version": "0" },
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

fn lower_operation(contract: &Value, shared: Option<&Value>, operation: &Value) -> Value {
    let mut lowered = json!({ "operationId": operation["operationId"], "responses": {} });
    let mut parameters: Vec<Value> = Vec::new();
    let own = operation.get("parameters");
    for parameter in [shared, own]
        .into_iter()
        .flatten()
        .filter_map(Value::as_array)
        .flatten()
    {
        let parameter = resolve(contract, parameter);
        parameters
            .retain(|other| other["name"] != parameter["name"] || other["in"] != parameter["in"]);
        parameters.push(json!({
            "name": parameter["name"],
            "in": parameter["in"],
            "required": parameter["in"] == "path" || parameter.get("required") == Some(&Value::Bool(true)),
            "schema": lower_schema(&parameter["schema"]),
        }));
    }
    lowered["parameters"] = Value::Array(parameters);
    if let Some(body) = operation
        .get("requestBody")
        .map(|body| resolve(contract, body))
    {
        lowered["requestBody"] = json!({ "required": true, "content": json_content(body) });
    }
    for (status, response) in members(operation.get("responses")) {
        if !status.starts_with('2') {
            continue;
        }
        let content = json_content(resolve(contract, response));
        lowered["responses"][status] = json!({ "description": "", "content": content });
        break;
    }
    lowered
}

/// The schema under `application/json`; a string where there is only text.
fn json_content(body: &Value) -> Value {
    let mut content = Map::new();
    for (media_type, media) in members(body.get("content")) {
        if is_json(media_type) {
            content.insert(
                "application/json".to_owned(),
                json!({ "schema": lower_schema(&media["schema"]) }),
            );
        } else if media_type.starts_with("text/") {
            content
                .entry("application/json")
                .or_insert(json!({ "schema": { "type": "string" } }));
        }
    }
    Value::Object(content)
}

fn lower_schema(schema: &Value) -> Value {
    let Some(schema) = schema.as_object() else {
        return schema.clone();
    };
    if let Some(reference) = schema.get("$ref") {
        return json!({ "$ref": reference });
    }
    if let Some(reference) = only_reference(schema) {
        return json!({ "$ref": reference });
    }
    let kind = schema
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let format = schema
        .get("format")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let form = match (kind, format) {
        (_, "unix-ms") => Some(UNIX_MS),
        ("string", "decimal") => Some(DECIMAL_TEXT),
        ("string", "seconds") => Some(SECONDS_TEXT),
        ("string", "date-time") => Some(DATE_TIME_TEXT),
        // Whatever the contract calls a number is exact here, also a `double`.
        ("number", _) => Some(DECIMAL_NUMBER),
        _ => None,
    };
    if let Some(form) = form {
        return json!({ "type": "string", "format": form.format });
    }
    let mut lowered = Map::new();
    for (key, value) in schema {
        let value = match key.as_str() {
            "type" | "enum" | "format" => value.clone(),
            "items" | "additionalProperties" => lower_schema(value),
            "properties" => members(Some(value))
                .map(|(name, property)| (name.clone(), lower_schema(property)))
                .collect(),
            "allOf" | "oneOf" | "anyOf" => value.as_array().map_or_else(
                || value.clone(),
                |all| all.iter().map(lower_schema).collect(),
            ),
            "required" => lower_required(value, schema.get("properties")),
            _ => continue,
        };
        lowered.insert(key.clone(), value);
    }
    Value::Object(lowered)
}

/// A property that may be null may as well be absent: both are `None`.
fn lower_required(required: &Value, properties: Option<&Value>) -> Value {
    let nullable = |name: &Value| {
        let property = name.as_str().and_then(|name| properties?.get(name));
        property.and_then(|property| property.get("nullable")) == Some(&Value::Bool(true))
    };
    required.as_array().map_or_else(
        || required.clone(),
        |names| {
            names
                .iter()
                .filter(|name| !nullable(name))
                .cloned()
                .collect()
        },
    )
}

/// The `$ref` of an `allOf` in which nothing else says anything: `[{$ref}]`, `[{$ref}, {type: string}]`.
fn only_reference(schema: &Map<String, Value>) -> Option<&Value> {
    let all = schema.get("allOf")?.as_array()?;
    let (references, others): (Vec<_>, Vec<_>) =
        all.iter().partition(|one| one.get("$ref").is_some());
    let says_nothing = |other: &&Value| {
        members(Some(other)).all(|(key, _)| {
            matches!(
                key.as_str(),
                "type" | "description" | "title" | "example" | "default" | "nullable"
            )
        })
    };
    match references.as_slice() {
        [reference] if others.iter().all(says_nothing) => reference.get("$ref"),
        _ => None,
    }
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}
