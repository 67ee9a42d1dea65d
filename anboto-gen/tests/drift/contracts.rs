//! Small contracts, and how to change one place of them.

use anboto_gen::contract::Contract;
use anboto_gen::drift::{self, Report};
use anboto_gen::overlay::Overlay;
use anboto_gen::{Error, Source};
use serde_json::{Map, Value, json};

pub(crate) fn parse(name: &str, text: &str) -> Result<Contract, Error> {
    Contract::parse(Source {
        name,
        bytes: text.as_bytes(),
    })
}

pub(crate) fn overlay(text: &str) -> Overlay {
    let source = Source {
        name: "overlay.yml",
        bytes: text.as_bytes(),
    };
    Overlay::parse(source).expect("an overlay")
}

pub(crate) fn compare(old: &Value, new: &Value) -> Result<Report, Error> {
    let old = parse("old.yml", &old.to_string())?;
    let new = parse("new.yml", &new.to_string())?;
    drift::compare(&old, &new, None)
}

/// The ids of the rules that a pair of contracts shows, sorted.
pub(crate) fn rules(old: &Value, new: &Value) -> Vec<&'static str> {
    let report = compare(old, new).expect("two contracts");
    let mut rules: Vec<_> = report
        .findings
        .iter()
        .map(|finding| finding.rule.id)
        .collect();
    rules.sort_unstable();
    rules
}

/// Sends and reads a `Thing`.
pub(crate) fn things() -> Value {
    json!({
        "openapi": "3.0.1",
        "info": { "title": "Things", "version": "1" },
        "paths": {
            "/thing": {
                "get": {
                    "operationId": "getThing",
                    "parameters": [
                        { "name": "limit", "in": "query", "schema": { "type": "integer", "format": "int32" } },
                    ],
                    "responses": {
                        "200": {
                            "description": "The thing.",
                            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } },
                        },
                        "401": { "description": "No." },
                    },
                },
                "post": {
                    "operationId": "putThing",
                    "requestBody": {
                        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } },
                    },
                    "responses": { "201": { "description": "Done." } },
                },
            },
        },
        "components": {
            "schemas": {
                "Thing": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "name": { "type": "string" },
                        "kind": { "$ref": "#/components/schemas/Kind" },
                        "size": { "type": "integer", "format": "int32" },
                        "share": { "type": "number" },
                        "text": { "type": "string" },
                        "parts": { "type": "array", "items": { "type": "string" } },
                    },
                },
                "Kind": { "type": "string", "enum": ["BIG", "SMALL"] },
            },
        },
    })
}

/// A contract with other values at some JSON pointers; null takes the place away.
pub(crate) fn with(mut contract: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, value) in changes {
        let (holder, key) = pointer.rsplit_once('/').expect("a pointer");
        let key = key.replace("~1", "/").replace("~0", "~");
        let mut node = &mut contract;
        for token in holder.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            node = match node {
                Value::Array(items) => &mut items[token.parse::<usize>().expect("an index")],
                node => {
                    let fields = node.as_object_mut().expect("a mapping");
                    fields
                        .entry(token)
                        .or_insert_with(|| Value::Object(Map::new()))
                }
            };
        }
        match (node, value) {
            (Value::Object(fields), Value::Null) => drop(fields.remove(&key)),
            (Value::Object(fields), value) => drop(fields.insert(key, value.clone())),
            (Value::Array(items), value) if key == "-" => items.push(value.clone()),
            (Value::Array(items), value) => items[key.parse::<usize>().unwrap()] = value.clone(),
            _ => panic!("{pointer}: nothing can be put there"),
        }
    }
    contract
}
