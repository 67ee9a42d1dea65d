//! The generator against the client in this repository: what is checked in is what it makes, and what it makes is summed up in
//! snapshots that a person can read.

#![expect(
    clippy::expect_used,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

mod mutations;
mod prose;
mod summary;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anboto_gen::{Error, Generation, Source, generate};
use insta::assert_snapshot;
use similar::TextDiff;

const PIN: &str = "spec/anboto-trading-api-2.0.yml";
const OVERLAY: &str = "spec/overlay.yml";
const GENERATED: &str = "anboto-api/src/generated";

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(name)
}

fn read(name: &str) -> Vec<u8> {
    fs::read(path(name)).expect(name)
}

fn generate_from(contract: &[u8], overlay: &[u8]) -> Result<Generation, Error> {
    generate(
        Source {
            name: "contract.yml",
            bytes: contract,
        },
        Source {
            name: "overlay.yml",
            bytes: overlay,
        },
    )
}

fn from_pin() -> Generation {
    generate_from(&read(PIN), &read(OVERLAY)).expect("the pin generates")
}

#[test]
fn the_client_is_what_the_generator_makes_of_the_pin() {
    let mut stale = String::new();
    let new = from_pin().files;
    let entries = fs::read_dir(path(GENERATED)).expect(GENERATED);
    let mut old: BTreeMap<String, String> = entries
        .map(|entry| {
            let entry = entry.expect(GENERATED);
            let text = fs::read_to_string(entry.path()).expect("UTF-8");
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .collect();
    for (name, new) in &new {
        let old = old.remove(name).unwrap_or_default();
        if old != *new {
            let diff = TextDiff::from_lines(&old, new);
            let short: String = diff
                .unified_diff()
                .context_radius(1)
                .to_string()
                .lines()
                .take(20)
                .fold(String::new(), |mut lines, line| {
                    let _ = writeln!(lines, "  {line}");
                    lines
                });
            let _ = write!(
                stale,
                "{GENERATED}/{name} is not what {PIN} and {OVERLAY} make:\n{short}"
            );
        }
    }
    for name in old.keys() {
        let _ = writeln!(stale, "{GENERATED}/{name} is made from nothing");
    }
    assert!(stale.is_empty(), "{stale}run `cargo xtask regen`");
}

#[test]
fn nothing_about_the_pin_is_left_to_settle() {
    assert_eq!(from_pin().findings, []);
}

#[test]
fn the_same_contract_makes_the_same_bytes_in_whatever_order_its_keys_come() {
    let pin: serde_json::Value = as_json(&read(PIN));
    let forwards = pin.to_string();
    let backwards = reversed(&pin);
    assert_ne!(forwards, backwards);
    let overlay = read(OVERLAY);
    let [forwards, backwards] = [forwards, backwards].map(|json| {
        generate_from(json.as_bytes(), &overlay)
            .expect("generates")
            .files
    });
    assert!(forwards == backwards);
    assert!(forwards == from_pin().files);
}

/// The contract as JSON, by way of the contract's own parser.
fn as_json(bytes: &[u8]) -> serde_json::Value {
    let name = "contract.yml";
    let contract = anboto_gen::contract::Contract::parse(Source { name, bytes });
    contract.expect("a contract").into_value()
}

/// JSON with the keys of every object in the reverse of their order.
fn reversed(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(object) => {
            let entries: Vec<_> = object
                .iter()
                .rev()
                .map(|(key, value)| {
                    format!(
                        "{}:{}",
                        serde_json::Value::from(key.as_str()),
                        reversed(value)
                    )
                })
                .collect();
            format!("{{{}}}", entries.join(","))
        }
        serde_json::Value::Array(items) => {
            let items: Vec<_> = items.iter().map(reversed).collect();
            format!("[{}]", items.join(","))
        }
        other => other.to_string(),
    }
}

#[test]
fn operations() {
    assert_snapshot!(summary::operations(&from_pin().files["operations.rs"]));
}

#[test]
fn enums() {
    assert_snapshot!(summary::enums(&from_pin().files["types.rs"]));
}

#[test]
fn structs() {
    assert_snapshot!(summary::structs(&from_pin().files["types.rs"]));
}

#[test]
fn public_items() {
    let all: Vec<_> = from_pin()
        .files
        .iter()
        .map(|(name, text)| format!("{name}\n{}", summary::public_items(text)))
        .collect();
    assert_snapshot!(all.join("\n"));
}
