//! The forms of the report: the page of rules, and JSON as its schema describes it.

use anboto_gen::drift::{self, RULES};
use serde_json::{Value, json};

use crate::contracts::{compare, things, with};

#[test]
fn the_page_of_rules_is_made_from_the_table() {
    let page = include_str!("../../drift-rules.md");
    assert!(
        page == drift::documentation(),
        "anboto-gen/drift-rules.md is not what the table gives; write `drift::documentation()` to it:\n{}",
        drift::documentation()
    );
    for rule in RULES {
        assert!(page.contains(&format!("| `{}`", rule.id)), "{}", rule.id);
    }
}

fn schema() -> Value {
    serde_json::from_str(include_str!("../../drift-report.schema.json")).expect("JSON")
}

/// As much of JSON Schema as the schema of the report needs; a keyword that is not known is an error.
fn problems(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (keyword, says) in schema.as_object().expect("a schema") {
        let holds = match keyword.as_str() {
            "$schema" | "$id" | "title" | "description" => true,
            "type" => {
                let is = |name: &Value| match name.as_str().expect("a type") {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_u64(),
                    "null" => value.is_null(),
                    other => panic!("the type {other}"),
                };
                says.as_array()
                    .map_or_else(|| is(says), |names| names.iter().any(is))
            }
            "const" => says == value,
            "enum" => says.as_array().expect("values").contains(value),
            "required" => {
                let names = says.as_array().expect("names").iter();
                let mut names = names.map(|name| name.as_str().expect("a name"));
                !value.is_object() || names.all(|name| value.get(name).is_some())
            }
            "properties" => {
                for (name, schema) in says.as_object().expect("schemas") {
                    if let Some(value) = value.get(name) {
                        found.extend(problems(schema, value, &format!("{at}/{name}")));
                    }
                }
                true
            }
            "additionalProperties" => {
                assert_eq!(*says, json!(false));
                let known = schema["properties"].as_object().expect("properties");
                value
                    .as_object()
                    .is_none_or(|fields| fields.keys().all(|name| known.contains_key(name)))
            }
            "items" => {
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    found.extend(problems(says, value, &format!("{at}/{index}")));
                }
                true
            }
            "minLength" => value.as_str().is_none_or(|text| !text.is_empty()),
            other => panic!("the keyword {other} at {at}"),
        };
        if !holds {
            found.push(format!("{at}: {keyword} {says}, and is {value}"));
        }
    }
    found
}

#[test]
fn json_is_as_its_schema_says() {
    let changed = with(
        things(),
        &[
            (
                "/info/description",
                json!("Sign by X-SIGN at https://api.example."),
            ),
            ("/components/schemas/Kind/enum", json!(["BIG"])),
            ("/components/schemas/Thing/xml", json!({ "name": "thing" })),
        ],
    );
    for (old, new) in [(things(), things()), (things(), changed)] {
        let report = compare(&old, &new).expect("two contracts").to_json();
        assert_eq!(problems(&schema(), &report, ""), Vec::<String>::new());
    }
    let wrong = json!({ "schema_version": 2, "findings": [{}] });
    assert_eq!(problems(&schema(), &wrong, "").len(), 3);
}

#[test]
fn fingerprints_tell_changes_apart_and_nothing_else() {
    let prints = |old: &Value, new: &Value| -> Vec<String> {
        let report = compare(old, new).expect("two contracts");
        report
            .findings
            .iter()
            .map(drift::Finding::fingerprint)
            .collect()
    };
    let less = with(
        things(),
        &[("/components/schemas/Kind/enum", json!(["BIG"]))],
    );
    let other = with(
        things(),
        &[("/components/schemas/Kind/enum", json!(["SMALL"]))],
    );
    let and_more = with(less.clone(), &[("/info/version", json!("2"))]);
    assert_eq!(prints(&things(), &less), prints(&things(), &less));
    assert_ne!(prints(&things(), &less), prints(&things(), &other));
    assert_eq!(prints(&things(), &less)[0], prints(&things(), &and_more)[0]);
    // Whoever keeps fingerprints relies on this very one.
    assert_eq!(prints(&things(), &less), ["54d9a27b33e852e1"]);
}
