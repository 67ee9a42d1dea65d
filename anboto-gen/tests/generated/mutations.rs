//! Contracts as nobody would write them: each is generated or refused, and none is too much.

use serde_json::{Value, json};

use super::{OVERLAY, PIN, as_json, generate_from, read};

/// SplitMix64: the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or_default()
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }
}

#[test]
fn a_damaged_pin_is_generated_or_refused() {
    damage(&as_json(&read(PIN)), &read(OVERLAY), 30);
}

#[test]
fn a_damaged_contract_of_odd_things_is_generated_or_refused() {
    damage(&as_json(ODD.as_bytes()), NO_OVERLAY.as_bytes(), 30);
}

#[test]
fn a_damaged_small_contract_is_generated_or_refused() {
    damage(&as_json(ORDERS.as_bytes()), NO_OVERLAY.as_bytes(), 300);
}

const ODD: &str = include_str!("../fixtures/odd.yml");
const ORDERS: &str = include_str!("../fixtures/orders.yml");
const NO_OVERLAY: &str = "overlay: 1.0.0
info: { title: T, version: '1' }
actions:
- { target: $.info, description: Why not., x-source: this test, update: { title: Another } }
";

fn damage(whole: &Value, overlay: &[u8], rounds: usize) {
    let places = pointers(whole);
    let mut numbers = Numbers(20_260_701);
    let mut generated = 0;
    for round in 0..rounds {
        let mut contract = whole.clone();
        let mut done = Vec::new();
        for _ in 0..=numbers.below(3) {
            done.extend(
                numbers
                    .of(&places)
                    .map(|place| mutate(&mut contract, place, &mut numbers)),
            );
        }
        // Shown only when the test fails.
        println!("round {round}: {}", done.join(", "));
        if let Ok(generation) = generate_from(contract.to_string().as_bytes(), overlay) {
            generated += 1;
            for (name, text) in &generation.files {
                assert!(syn::parse_file(text).is_ok(), "{name} does not parse");
            }
        }
    }
    // Were it all refused, or all accepted, this would test one half alone.
    assert!(
        (rounds / 10..rounds * 9 / 10).contains(&generated),
        "{generated} of {rounds}"
    );
}

/// The pointer of every node.
fn pointers(value: &Value) -> Vec<String> {
    fn below(value: &Value, pointer: &str, all: &mut Vec<String>) {
        all.push(pointer.to_owned());
        match value {
            Value::Object(object) => object.iter().for_each(|(key, value)| {
                let key = key.replace('~', "~0").replace('/', "~1");
                below(value, &format!("{pointer}/{key}"), all);
            }),
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    below(value, &format!("{pointer}/{index}"), all);
                }
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    below(value, "", &mut all);
    all
}

/// Changes one node, and says how.
fn mutate(contract: &mut Value, place: &str, numbers: &mut Numbers) -> String {
    let Some(node) = contract.pointer_mut(place) else {
        return format!("{place} is gone already");
    };
    let words = [
        "string",
        "integer",
        "array",
        "object",
        "number",
        "boolean",
        "date-time",
        "Option",
        "self",
        "1m",
        "",
        "ü \u{0}",
    ];
    let word = *numbers.of(&words).unwrap_or(&"");
    let what = match numbers.below(7) {
        0 => {
            let (parent, key) = place.rsplit_once('/').unwrap_or_default();
            match contract.pointer_mut(parent) {
                Some(Value::Object(object)) => {
                    drop(object.remove(&key.replace("~1", "/").replace("~0", "~")))
                }
                Some(Value::Array(items)) => {
                    drop(key.parse().map(|index: usize| items.remove(index)))
                }
                _ => {}
            }
            "dropped".to_owned()
        }
        1 => {
            *node = Value::from(word);
            format!("made {word:?}")
        }
        2 => {
            let values = [
                json!(null),
                json!(7),
                json!(-1.5),
                json!([]),
                json!({}),
                json!(true),
                json!([{}]),
                json!({ "$ref": "#" }),
            ];
            *node = numbers.of(&values).cloned().unwrap_or_default();
            format!("made {node}")
        }
        3 => match node.as_object_mut() {
            Some(object) => {
                let keys: Vec<String> = object.keys().cloned().collect();
                let renamed = numbers.of(&keys).and_then(|key| object.remove(key));
                renamed.map(|value| object.insert(word.to_owned(), value));
                format!("an entry renamed to {word:?}")
            }
            None => "left".to_owned(),
        },
        4 => match node.as_object_mut() {
            Some(object) => {
                let additions = [
                    ("nullable", json!(true)),
                    ("type", json!(word)),
                    ("format", json!(word)),
                    ("enum", json!(["1m", "1M", null, 3])),
                    ("oneOf", json!([{ "$ref": "#/components/schemas/Side" }])),
                    (
                        "allOf",
                        json!([{ "$ref": "#/components/schemas/OrderSummary" }]),
                    ),
                    ("additionalProperties", json!({ "type": "number" })),
                    (
                        "properties",
                        json!({ "self": { "$ref": "#/components/schemas/OrderDetails" } }),
                    ),
                    ("items", json!({ "type": "array", "items": {} })),
                    ("required", json!(["no", "such"])),
                    ("$ref", json!("#/components/schemas/TriggerInfo")),
                ];
                let (key, value) = numbers.of(&additions).cloned().unwrap_or_default();
                object.insert(key.to_owned(), value);
                format!("given a `{key}`")
            }
            None => "left".to_owned(),
        },
        5 => match node.as_array_mut() {
            Some(items) => {
                items.extend(items.clone());
                "doubled".to_owned()
            }
            None => "left".to_owned(),
        },
        _ => match node {
            Value::String(text) => {
                text.insert_str(0, word);
                format!("preceded by {word:?}")
            }
            _ => "left".to_owned(),
        },
    };
    format!("{place} {what}")
}
