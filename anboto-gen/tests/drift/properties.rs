//! What holds for every pair of contracts. The seed is fixed: the same cases in every run.

use std::collections::BTreeSet;

use anboto_gen::drift::{self, Rule};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use crate::contracts::{compare, parse, rules};

const SCHEMAS: [&str; 4] = ["Order", "Kind", "OrderList", "Side_1"];
const NAMES: [&str; 6] = [
    "id",
    "clientOrderId",
    "client_order_id",
    "price",
    "side",
    "parts",
];
const VALUES: [&str; 5] = ["BUY", "SELL", "SHORT_SELL", "SHORTSELL", "Both"];
const WORDS: [&str; 4] = [
    "Cancels what is open.",
    "Shows it.",
    "Sign with X-SIGN.",
    "See https://api.example/v1 for it.",
];

fn kind() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(json!({ "type": "string" })),
        Just(json!({ "type": "string", "format": "date-time" })),
        Just(json!({ "type": "string", "maxLength": 9 })),
        Just(json!({ "type": "integer", "format": "int32" })),
        Just(json!({ "type": "integer", "format": "int64" })),
        Just(json!({ "type": "number" })),
        Just(json!({ "type": "boolean", "default": true })),
        select(&SCHEMAS[..])
            .prop_map(|name| json!({ "$ref": format!("#/components/schemas/{name}") })),
        values(),
    ];
    scalar.prop_recursive(2, 4, 1, |inner| {
        inner.prop_map(|items| json!({ "type": "array", "items": items }))
    })
}

fn values() -> impl Strategy<Value = Value> {
    btree_set(select(&VALUES[..]), 1..4)
        .prop_map(|values| json!({ "type": "string", "enum": values }))
}

prop_compose! {
    fn property()(
        kind in kind(),
        nullable in any::<bool>(),
        words in proptest::option::of(select(&WORDS[..])),
        required in any::<bool>(),
    ) -> (Value, bool) {
        let mut schema = kind;
        // Beside a reference nothing may stand but by way of an `allOf`.
        if schema.get("$ref").is_none() {
            if nullable {
                schema["nullable"] = json!(true);
            }
            if let Some(words) = words {
                schema["description"] = json!(words);
            }
        }
        (schema, required)
    }
}

fn schema() -> impl Strategy<Value = Value> {
    let object = btree_map(select(&NAMES[..]), property(), 1..5).prop_map(|properties| {
        let required: Vec<_> = properties
            .iter()
            .filter(|(_, (_, required))| *required)
            .map(|(name, _)| *name)
            .collect();
        let properties: Map<String, Value> = properties
            .iter()
            .map(|(name, (schema, _))| ((*name).to_owned(), schema.clone()))
            .collect();
        let mut schema = json!({ "type": "object", "properties": properties });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        schema
    });
    prop_oneof![3 => object, 1 => values()]
}

prop_compose! {
    fn operation()(
        parameters in btree_map(select(&NAMES[..]), (kind(), any::<bool>()), 0..3),
        answer in kind(),
        body in proptest::option::of(kind()),
        statuses in btree_set(select(vec!["401", "429", "500"]), 0..3),
        signed in any::<bool>(),
        words in proptest::option::of(select(&WORDS[..])),
        tag in proptest::option::of(select(vec!["Data", "Trading"])),
    ) -> Value {
        let content = |schema: &Value| json!({ "application/json": { "schema": schema } });
        let parameters: Vec<Value> = parameters
            .iter()
            .map(|(name, (schema, required))| {
                let mut parameter = json!({ "name": name, "in": "query", "schema": schema });
                if *required {
                    parameter["required"] = json!(true);
                }
                parameter
            })
            .collect();
        let mut responses = json!({ "200": { "description": "Well.", "content": content(&answer) } });
        for status in statuses {
            responses[status] = json!({ "description": "Not well." });
        }
        let mut operation = json!({ "responses": responses });
        if !parameters.is_empty() {
            operation["parameters"] = json!(parameters);
        }
        if let Some(body) = body {
            operation["requestBody"] = json!({ "required": true, "content": content(&body) });
        }
        if signed {
            operation["security"] = json!([{ "Key": [] }]);
        }
        if let Some(words) = words {
            operation["description"] = json!(words);
        }
        if let Some(tag) = tag {
            operation["tags"] = json!([tag]);
        }
        operation
    }
}

prop_compose! {
    fn contract()(
        schemas in vec(schema(), SCHEMAS.len()),
        operations in btree_map((select(vec!["/a", "/b"]), select(vec!["get", "post"])), (operation(), select(vec!["A", "B"])), 1..4),
        words in select(&WORDS[..]),
    ) -> Value {
        let schemas: Map<String, Value> = SCHEMAS.iter().map(|name| (*name).to_owned()).zip(schemas).collect();
        let mut contract = json!({
            "openapi": "3.0.1",
            "info": { "title": "Orders", "version": "1", "description": words },
            "paths": {},
            "components": { "schemas": schemas },
        });
        for ((path, method), (mut operation, id)) in operations {
            // One name for one operation: what moved keeps its own.
            operation["operationId"] = json!(format!("{method}{}{id}", &path[1..].to_uppercase()));
            contract["paths"][path][method] = operation;
        }
        contract
    }
}

/// Contracts that the generator would refuse, such as two schemas that hold each other whole, say nothing here.
fn sound(contract: &Value) -> bool {
    let parsed = parse("contract.yml", &contract.to_string());
    parsed.and_then(|contract| contract.openapi()).is_ok()
}

fn check<S: Strategy>(
    cases: u32,
    strategy: S,
    test: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[5; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    if let Err(error) = runner.run(&strategy, test) {
        panic!("{error}");
    }
}

#[test]
fn equal_contracts_do_not_differ() {
    check(24, contract(), |contract| {
        prop_assume!(sound(&contract));
        prop_assert_eq!(rules(&contract, &contract), Vec::<&str>::new());
        Ok(())
    });
}

/// Keys, enum values, `required`, `tags` and parameters the other way round; prose folded; other quotes and indents.
fn restyled(value: &Value, key: &str, depth: usize) -> String {
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let mut text = String::new();
            for (key, value) in fields.iter().rev() {
                text.push_str(&format!(
                    "\n{pad}\"{key}\": {}",
                    restyled(value, key, depth + 1)
                ));
            }
            text
        }
        Value::Array(items) if !items.is_empty() => {
            let turned = ["enum", "required", "tags", "parameters"].contains(&key);
            let mut items: Vec<&Value> = items.iter().collect();
            if turned {
                items.reverse();
            }
            let mut text = String::new();
            for item in items {
                let item = restyled(item, "", depth + 1);
                text.push_str(&format!("\n{pad}- {}", item.trim_start()));
            }
            text
        }
        Value::String(words) if key == "description" => {
            format!(">-\n{pad}{}", words.replace(' ', &format!("\n{pad}")))
        }
        Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        other => other.to_string(),
    }
}

#[test]
fn order_folding_and_quotes_are_nothing() {
    check(24, contract(), |contract| {
        prop_assume!(sound(&contract));
        let old = parse("old.yml", &contract.to_string()).expect("JSON");
        let text = restyled(&contract, "", 0);
        let new = parse("new.yml", &text).expect(&text);
        let report = drift::compare(&old, &new, None).expect("two contracts");
        let rules: Vec<_> = report
            .findings
            .iter()
            .map(|finding| finding.rule.id)
            .collect();
        prop_assert_eq!(rules, Vec::<&str>::new());
        Ok(())
    });
}

/// Every schema in an `allOf`, alone or with an element that says nothing.
fn wrapped(value: &Value, schema: bool, beside: bool) -> Value {
    let fields = match value {
        Value::Object(fields) => fields,
        Value::Array(items) => {
            return items
                .iter()
                .map(|item| wrapped(item, false, beside))
                .collect();
        }
        other => return other.clone(),
    };
    if let Some(reference) = fields.get("$ref") {
        let reference = json!({ "$ref": reference });
        return if beside {
            json!({ "allOf": [reference, { "description": "" }] })
        } else {
            json!({ "allOf": [reference] })
        };
    }
    let inner = fields.iter().map(|(key, value)| {
        let value = match key.as_str() {
            "properties" | "schemas" => value
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, schema)| (name.clone(), wrapped(schema, true, beside)))
                .collect(),
            "items" | "schema" => wrapped(value, true, beside),
            _ => wrapped(value, false, beside),
        };
        (key.clone(), value)
    });
    let inner: Value = inner.collect();
    if schema && !beside {
        json!({ "allOf": [inner] })
    } else {
        inner
    }
}

#[test]
fn an_all_of_round_one_schema_is_nothing() {
    check(24, (contract(), any::<bool>()), |(contract, beside)| {
        prop_assume!(sound(&contract));
        let wrapped = wrapped(&contract, false, beside);
        prop_assert_eq!(rules(&contract, &wrapped), Vec::<&str>::new());
        prop_assert_eq!(rules(&wrapped, &contract), Vec::<&str>::new());
        Ok(())
    });
}

#[test]
fn swapped_contracts_mirror_every_finding() {
    check(40, (contract(), contract()), |(old, new)| {
        prop_assume!(sound(&old) && sound(&new));
        let mut mirrored: Vec<&str> = rules(&old, &new)
            .into_iter()
            .map(|id| Rule::find(id).expect("a rule").mirror)
            .collect();
        mirrored.sort_unstable();
        prop_assert_eq!(mirrored, rules(&new, &old));
        Ok(())
    });
}

#[test]
fn every_differing_place_is_claimed() {
    check(40, (contract(), contract()), |(old, new)| {
        prop_assert_eq!(drift::unclaimed(&old, &new), Vec::<String>::new());
        // And what the rules know is not left to the rule for what nobody knows.
        prop_assume!(sound(&old) && sound(&new));
        prop_assert!(!rules(&old, &new).contains(&"unknown"));
        Ok(())
    });
}

/// Every node of a document but the root, by its pointer.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut below = |token: &str, value: &Value| {
        let at = format!("{at}/{}", token.replace('~', "~0").replace('/', "~1"));
        found.push(at.clone());
        pointers(value, &at, found);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| below(name, value)),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, value)| below(&index.to_string(), value));
        }
        _ => {}
    }
}

#[derive(Debug, Clone, Copy)]
enum Mutation {
    Change,
    Remove,
    Add,
}

fn mutated(mut contract: Value, at: &str, mutation: Mutation) -> Value {
    let (holder, key) = at.rsplit_once('/').expect("a pointer");
    let key = key.replace("~1", "/").replace("~0", "~");
    match mutation {
        Mutation::Change => {
            let node = contract.pointer_mut(at).expect("a node");
            *node = match &*node {
                Value::String(text) => json!(format!("{text} changed")),
                Value::Bool(flag) => json!(!flag),
                Value::Number(number) => json!(number.as_i64().unwrap() + 1),
                _ => json!("changed"),
            };
        }
        Mutation::Remove => match contract.pointer_mut(holder).expect("a node") {
            Value::Object(fields) => drop(fields.remove(&key)),
            Value::Array(items) => drop(items.remove(key.parse::<usize>().expect("an index"))),
            _ => {}
        },
        Mutation::Add => match contract.pointer_mut(at).expect("a node") {
            Value::Object(fields) => {
                fields.insert("x-added".to_owned(), json!({ "type": "string" }));
            }
            Value::Array(items) => items.push(json!("added")),
            _ => {}
        },
    }
    contract
}

#[test]
fn no_mutation_goes_unnoticed() {
    let mutation = select(vec![Mutation::Change, Mutation::Remove, Mutation::Add]);
    check(
        400,
        (contract(), any::<Index>(), mutation),
        |(contract, index, mutation)| {
            prop_assume!(sound(&contract));
            let mut all = Vec::new();
            pointers(&contract, "", &mut all);
            let at = index.get(&all);
            let mutant = mutated(contract.clone(), at, mutation);
            prop_assume!(mutant != contract);
            // A mutant that is no contract any more is refused, which is noticed too.
            if let Ok(report) = compare(&contract, &mutant) {
                prop_assert!(!report.findings.is_empty(), "{mutation:?} {at}");
            }
            Ok(())
        },
    );
}

#[test]
fn schemas_that_hold_each_other_come_to_an_end() {
    let tree = |name: &str, leaf: &str| {
        json!({
            "openapi": "3.0.1",
            "info": { "title": "Trees", "version": "1" },
            "paths": { "/tree": { "get": { "operationId": "getTree", "responses": { "200": {
                "description": "A tree.",
                "content": { "application/json": { "schema": { "$ref": format!("#/components/schemas/{name}") } } },
            } } } } },
            "components": { "schemas": {
                name: { "type": "object", "properties": {
                    "children": { "type": "array", "items": { "$ref": format!("#/components/schemas/{name}") } },
                    "leaf": { "$ref": "#/components/schemas/Leaf" },
                } },
                "Leaf": { "type": "object", "properties": { leaf: { "type": "string" }, "of": { "$ref": format!("#/components/schemas/{name}") } } },
            } },
        })
    };
    let sites = |old: &Value, new: &Value| -> BTreeSet<String> {
        let report = compare(old, new).expect("two contracts");
        let sites = report.findings.iter().flat_map(|finding| &finding.sites);
        sites.map(ToString::to_string).collect()
    };
    assert_eq!(
        rules(&tree("Tree", "a"), &tree("Bush", "a")),
        ["schema-renamed"]
    );
    let found = rules(&tree("Tree", "a"), &tree("Tree", "b"));
    assert_eq!(
        found,
        ["optional-property-added", "optional-property-removed"]
    );
    let sites = sites(&tree("Tree", "a"), &tree("Tree", "b"));
    assert!(sites.contains("getTree response leaf.a"), "{sites:?}");
}
