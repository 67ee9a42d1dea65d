//! For every rule a pair of contracts that shows it and nothing else, and its mirror when they are swapped.

use std::collections::BTreeSet;

use anboto_gen::drift::{Level, RULES, Rule, Use};
use serde_json::{Value, json};

use crate::contracts::{compare, rules, things, with};

type Changes = Vec<(&'static str, Value)>;

/// What to change in `things` for the old contract, and what for the new one.
struct Case(&'static str, Changes, Changes);

const THING: &str = "/components/schemas/Thing";

fn case(rule: &'static str, old: Changes, new: Changes) -> Case {
    Case(rule, old, new)
}

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    const LIMIT: &str = "/paths/~1thing/get/parameters/0";
    let limit = |more: Value| {
        let mut limit = json!({ "name": "limit", "in": "query", "schema": { "type": "integer", "format": "int32" } });
        limit.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([limit])
    };
    let parameters = "/paths/~1thing/get/parameters";
    let signed = || json!([{ "Key": [] }]);
    let get = |id: &str| json!({ "operationId": id, "responses": { "200": { "description": "Well." } } });
    let _ = LIMIT;
    vec![
        case("unknown", vec![], vec![("/components/schemas/Thing/xml", json!({ "name": "thing" }))]),
        case("unknown", vec![], vec![("/paths/~1thing/post/callbacks", json!({ "done": {} , "gone": {"x": {"post": {"responses": {"200": {"description": "Well."}}}}}}))]),
        case("hosts-changed", vec![("/info/description", json!("Call https://api.old.example now."))],
            vec![("/info/description", json!("Call https://api.new.example now."))]),
        case("headers-changed", vec![("/info/description", json!("Send X-KEY with it."))],
            vec![("/info/description", json!("Send X-API-KEY with it."))]),
        case("signing-changed", vec![("/info/description", json!("Welcome. Write the signature as hex."))],
            vec![("/info/description", json!("Welcome. Write the signature as Base64."))]),
        case("server-added", vec![], vec![("/servers", json!([{ "url": "https://api.example" }]))]),
        case("security-added", vec![], vec![("/paths/~1thing/get/security", signed())]),
        case("security-changed", vec![("/paths/~1thing/get/security", signed())],
            vec![("/paths/~1thing/get/security", json!([{ "Other": [] }]))]),
        case("security-scheme-added", vec![], vec![("/components/securitySchemes/Key", json!({ "type": "apiKey", "in": "header", "name": "X-KEY" }))]),
        case("security-scheme-changed", vec![("/components/securitySchemes/Key", json!({ "type": "apiKey", "in": "header", "name": "X-KEY" }))],
            vec![("/components/securitySchemes/Key", json!({ "type": "apiKey", "in": "header", "name": "X-API-KEY" }))]),
        case("operation-added", vec![], vec![("/paths/~1more/get", get("getMore"))]),
        case("writing-get-added", vec![], vec![("/paths/~1more/get", get("cancelAll"))]),
        case("get-now-writes", vec![("/paths/~1thing/get/summary", json!("Shows the thing."))],
            vec![("/paths/~1thing/get/summary", json!("Creates the thing."))]),
        case("operation-moved", vec![("/paths/~1old/get", get("getMore"))], vec![("/paths/~1new/get", get("getMore"))]),
        case("operation-renamed", vec![], vec![("/paths/~1thing/get/operationId", json!("readThing"))]),
        case("operation-restyled", vec![], vec![("/paths/~1thing/get/operationId", json!("get_thing"))]),
        case("optional-parameter-added", vec![(parameters, json!([]))], vec![]),
        case("required-parameter-added", vec![(parameters, json!([]))], vec![(parameters, limit(json!({ "required": true })))]),
        case("parameter-became-required", vec![], vec![(parameters, limit(json!({ "required": true })))]),
        case("parameter-renamed", vec![(parameters, limit(json!({ "name": "startMs" })))], vec![(parameters, limit(json!({ "name": "start_ms" })))]),
        case("parameter-style-changed", vec![], vec![(parameters, limit(json!({ "explode": false })))]),
        case("body-added", vec![("/paths/~1thing/post/requestBody", Value::Null)], vec![]),
        case("body-added", vec![("/paths/~1thing/get/responses/200/content", Value::Null)], vec![]),
        case("body-became-required", vec![], vec![("/paths/~1thing/post/requestBody/required", json!(true))]),
        case("media-type-added", vec![], vec![("/paths/~1thing/get/responses/200/content/text~1plain", json!({ "schema": { "type": "string" } }))]),
        case("success-status-changed", vec![], vec![("/paths/~1thing/post/responses", json!({ "200": { "description": "Done." } }))]),
        case("success-status-added", vec![], vec![("/paths/~1thing/post/responses/202", json!({ "description": "Done." }))]),
        case("error-status-added", vec![], vec![("/paths/~1thing/get/responses/429", json!({ "description": "Later." })),
            ("/paths/~1thing/post/responses/429", json!({ "description": "Later." }))]),
        case("response-header-added", vec![], vec![("/paths/~1thing/get/responses/401/headers/Retry-After", json!({ "schema": { "type": "integer" } }))]),
        case("schema-added", vec![], vec![("/components/schemas/More", json!({ "type": "object", "properties": { "more": { "type": "boolean" } } }))]),
        case("schema-renamed", vec![], vec![("/components/schemas/Kind", Value::Null),
            ("/components/schemas/Sort", json!({ "type": "string", "enum": ["SMALL", "BIG"] })),
            ("/components/schemas/Thing/properties/kind", json!({ "allOf": [{ "$ref": "#/components/schemas/Sort" }] }))]),
        case("schema-restyled", vec![("/components/schemas/my_kind", json!({ "type": "boolean" }))], vec![("/components/schemas/MyKind", json!({ "type": "boolean" }))]),
        case("schemas-merged", vec![("/components/schemas/Kind", Value::Null),
            ("/components/schemas/Kind_1", json!({ "type": "string", "enum": ["BIG", "SMALL"] })),
            ("/components/schemas/Kind_2", json!({ "type": "string", "enum": ["BIG", "SMALL"] })),
            ("/components/schemas/Thing/properties/kind", json!({ "$ref": "#/components/schemas/Kind_1" })),
            ("/components/schemas/Thing/properties/other", json!({ "$ref": "#/components/schemas/Kind_2" }))],
            vec![("/components/schemas/Kind", Value::Null),
            ("/components/schemas/Sort", json!({ "type": "string", "enum": ["BIG", "SMALL"] })),
            ("/components/schemas/Thing/properties/kind", json!({ "$ref": "#/components/schemas/Sort" })),
            ("/components/schemas/Thing/properties/other", json!({ "$ref": "#/components/schemas/Sort" }))]),
        case("optional-property-added", vec![], vec![("/components/schemas/Thing/properties/more", json!({ "type": "string" }))]),
        case("required-property-added", vec![], vec![("/components/schemas/Thing/properties/more", json!({ "type": "string" })),
            ("/components/schemas/Thing/required", json!(["more", "name"]))]),
        case("first-required-property-added", vec![("/components/schemas/Thing/required", json!([]))],
            vec![("/components/schemas/Thing/properties/more", json!({ "type": "string" })), ("/components/schemas/Thing/required", json!(["more"]))]),
        case("property-renamed", vec![("/components/schemas/Thing/properties/clientOrderId", json!({ "type": "string", "description": "Its id." })),
            ("/components/schemas/Thing/required", json!(["name", "clientOrderId"]))],
            vec![("/components/schemas/Thing/properties/client_order_id", json!({ "type": "string", "description": "Its id." })),
            ("/components/schemas/Thing/required", json!(["name", "client_order_id"]))]),
        case("property-became-required", vec![], vec![("/components/schemas/Thing/required", json!(["name", "text"]))]),
        case("property-became-required", vec![("/components/schemas/Thing/properties/name/nullable", json!(true))], vec![]),
        case("nullable-property-became-required", vec![("/components/schemas/Thing/properties/text/nullable", json!(true))],
            vec![("/components/schemas/Thing/properties/text/nullable", json!(true)), ("/components/schemas/Thing/required", json!(["name", "text"]))]),
        case("null-allowed", vec![], vec![("/components/schemas/Thing/properties/text/nullable", json!(true))]),
        case("value-null-allowed", vec![], vec![("/components/schemas/Thing/properties/parts/items/nullable", json!(true))]),
        case("type-changed", vec![], vec![("/components/schemas/Thing/properties/text", json!({ "type": "boolean" }))]),
        case("type-changed", vec![], vec![("/components/schemas/Thing/properties/text", json!({ "type": "array", "items": { "type": "string" } }))]),
        case("type-changed", vec![], vec![("/paths/~1thing/get/responses/200/content/application~1json/schema",
            json!({ "type": "array", "items": { "$ref": "#/components/schemas/Thing" } }))]),
        case("reference-changed", vec![("/components/schemas/Size", json!({ "type": "string", "enum": ["BIG", "SMALL"] }))],
            vec![("/components/schemas/Size", json!({ "type": "string", "enum": ["BIG", "SMALL"] })),
            ("/components/schemas/Thing/properties/kind", json!({ "$ref": "#/components/schemas/Size" }))]),
        case("decimal-form-changed", vec![], vec![("/components/schemas/Thing/properties/share", json!({ "type": "string", "format": "decimal" }))]),
        case("decimal-became-text", vec![], vec![("/components/schemas/Thing/properties/share", json!({ "type": "string" }))]),
        case("number-narrowed", vec![], vec![("/components/schemas/Thing/properties/share", json!({ "type": "integer" }))]),
        case("integer-narrowed", vec![("/components/schemas/Thing/properties/size", json!({ "type": "integer", "format": "int64" }))], vec![]),
        case("format-added", vec![], vec![("/components/schemas/Thing/properties/text/format", json!("date-time"))]),
        case("format-changed", vec![("/components/schemas/Thing/properties/text/format", json!("date"))],
            vec![("/components/schemas/Thing/properties/text/format", json!("date-time"))]),
        case("format-restated", vec![], vec![("/components/schemas/Thing/properties/share/format", json!("double"))]),
        case("enum-value-added", vec![], vec![("/components/schemas/Kind/enum", json!(["BIG", "MIDDLE", "SMALL"]))]),
        case("enum-value-respelt", vec![("/components/schemas/Kind/enum", json!(["VERYBIG", "SMALL"]))],
            vec![("/components/schemas/Kind/enum", json!(["VERY_BIG", "SMALL"]))]),
        case("enum-value-restyled", vec![], vec![("/components/schemas/Kind/enum", json!(["big", "SMALL"]))]),
        case("enum-added", vec![("/components/schemas/Kind", json!({ "type": "string" }))], vec![]),
        case("composition-changed", vec![("/components/schemas/Either", json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }] }))],
            vec![("/components/schemas/Either", json!({ "oneOf": [{ "type": "string" }, { "type": "boolean" }] }))]),
        case("additional-properties-changed", vec![], vec![("/components/schemas/Thing/additionalProperties", json!(false))]),
        case("constraint-tightened", vec![], vec![("/components/schemas/Thing/properties/size/maximum", json!(10))]),
        case("constraint-tightened", vec![("/components/schemas/Thing/properties/text/minLength", json!(1))],
            vec![("/components/schemas/Thing/properties/text/minLength", json!(2))]),
        case("pattern-changed", vec![], vec![("/components/schemas/Thing/properties/text/pattern", json!("^a"))]),
        case("default-changed", vec![], vec![("/components/schemas/Thing/properties/text/default", json!("a"))]),
        case("read-only-added", vec![], vec![("/components/schemas/Thing/properties/text/readOnly", json!(true))]),
        case("write-only-added", vec![], vec![("/components/schemas/Thing/properties/text/writeOnly", json!(true))]),
        case("deprecated", vec![], vec![("/paths/~1thing/get/deprecated", json!(true))]),
        case("prose-changed", vec![], vec![("/components/schemas/Thing/properties/text/description", json!("Any text."))]),
        case("prose-changed", vec![("/info/description", json!("Things to come."))], vec![("/info/description", json!("Things that came."))]),
        case("example-changed", vec![], vec![("/components/schemas/Thing/properties/text/example", json!("a"))]),
        case("tags-changed", vec![], vec![("/paths/~1thing/get/tags", json!(["Things"]))]),
        case("info-changed", vec![], vec![("/info/version", json!("2"))]),
        case("extension-changed", vec![], vec![("/paths/~1thing/get/x-vendor", json!({ "a": 1 }))]),
        case("unused-component-changed", vec![], vec![("/components/parameters/Unused", json!({ "name": "a", "in": "query", "schema": { "type": "string" } }))]),
    ]
}

fn pair(Case(_, old, new): &Case) -> (Value, Value) {
    (with(things(), old), with(things(), new))
}

#[test]
fn every_rule_has_a_pair_that_shows_it_and_nothing_else() {
    for case in cases() {
        let (old, new) = pair(&case);
        assert_eq!(rules(&old, &new), [case.0]);
    }
}

#[test]
fn swapped_contracts_show_the_mirror() {
    for case in cases() {
        let (old, new) = pair(&case);
        let mirror = Rule::find(case.0).expect("a rule").mirror;
        assert_eq!(rules(&new, &old), [mirror], "{}", case.0);
    }
}

#[test]
fn the_table_is_covered_and_its_mirrors_mirror_each_other() {
    let mut covered = BTreeSet::new();
    for Case(id, ..) in cases() {
        covered.extend([id, Rule::find(id).expect("a rule").mirror]);
    }
    // A GET that writes goes by the same way as any other operation that goes.
    covered.extend(["writing-get-removed"]);
    let all: BTreeSet<_> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(covered, all);
    assert_eq!(all.len(), RULES.len(), "an id stands twice");
    for rule in RULES {
        let mirror = Rule::find(rule.mirror).expect("a mirror");
        assert_eq!(mirror.mirror, rule.id);
    }
}

/// The schema is sent, read, or both: the verdicts are those of the table, and the worse of the two.
#[test]
fn the_wire_follows_from_the_old_contract() {
    for case in cases() {
        let rule = Rule::find(case.0).expect("a rule");
        let schema_rule = case
            .1
            .iter()
            .chain(&case.2)
            .all(|(at, _)| at.starts_with(THING));
        if !schema_rule || rule.id == "unknown" {
            continue;
        }
        let (old, new) = pair(&case);
        for (path, uses) in [
            ("/paths/~1thing/post", &[Use::Response][..]),
            ("/paths/~1thing/get", &[Use::Request]),
            ("/none", &[Use::Request, Use::Response]),
        ] {
            let without = |contract: Value| match path {
                "/none" => contract,
                path => with(contract, &[(path, Value::Null)]),
            };
            let report =
                compare(&without(old.clone()), &without(new.clone())).expect("two contracts");
            let wire = uses.iter().map(|used| rule.wire.of(*used)).max();
            let source = uses.iter().map(|used| rule.source.of(*used)).max();
            assert_eq!(
                (report.wire, report.source),
                (wire.unwrap(), source.unwrap()),
                "{} at {uses:?}",
                rule.id
            );
        }
    }
}

/// A reference that leads to another schema is as bad as what differs between the two, the way it is used.
#[test]
fn another_reference_is_judged_by_what_differs_inside() {
    let at = "/components/schemas/Thing/properties/kind";
    let with_size = |values: Value| {
        with(
            things(),
            &[(
                "/components/schemas/Size",
                json!({ "type": "string", "enum": values }),
            )],
        )
    };
    for (values, wire) in [
        (json!(["BIG", "SMALL", "TINY"]), Level::Compatible),
        (json!(["BIG"]), Level::Breaking),
    ] {
        let old = with_size(values);
        let new = with(
            old.clone(),
            &[(at, json!({ "$ref": "#/components/schemas/Size" }))],
        );
        assert_eq!(rules(&old, &new), ["reference-changed"]);
        let report = compare(&old, &new).expect("two contracts");
        assert_eq!((report.wire, report.source), (wire, Level::Breaking));
    }
}

/// What nothing uses breaks no wire, but is a type in the code.
#[test]
fn an_unused_schema_breaks_source_alone() {
    let unused = |values: Value| {
        with(
            things(),
            &[(
                "/components/schemas/Lost",
                json!({ "type": "string", "enum": values }),
            )],
        )
    };
    let report = compare(&unused(json!(["A", "B"])), &unused(json!(["A"]))).expect("two contracts");
    assert_eq!((report.wire, report.source), (Level::None, Level::Breaking));
}
