//! Words make documentation, and nothing else.

use serde_json::Value;
use syn::visit_mut::VisitMut;

use super::{OVERLAY, PIN, as_json, generate_from, read, summary};

#[test]
fn a_contract_without_words_makes_the_same_code() {
    let pin = as_json(&read(PIN));
    let mut wordless = pin.clone();
    strip(&mut wordless, true);
    assert_ne!(pin, wordless);
    let overlay = read(OVERLAY);
    let [with, without] = [pin, wordless].map(|contract| {
        let files = generate_from(contract.to_string().as_bytes(), &overlay)
            .expect("generates")
            .files;
        files
            .into_iter()
            .map(|(name, text)| (name, without_docs(&text)))
            .collect::<Vec<_>>()
    });
    for ((name, with), (_, without)) in with.iter().zip(&without) {
        assert!(with == without, "{name} differs in more than documentation");
    }
    assert_eq!(with.len(), without.len());
}

/// Takes the prose out of a contract; the names of properties are no prose, whatever they are.
fn strip(value: &mut Value, names_are_keywords: bool) {
    match value {
        Value::Object(object) => {
            if names_are_keywords {
                for (key, value) in object.iter_mut() {
                    // Emptied and not removed: an info has to have a title, a response a description.
                    if matches!(key.as_str(), "summary" | "title" | "description")
                        && value.is_string()
                    {
                        *value = Value::from("");
                    }
                }
            }
            for (key, value) in object {
                strip(value, !(names_are_keywords && key == "properties"));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| strip(item, true)),
        _ => {}
    }
}

fn without_docs(source: &str) -> String {
    struct Docs;
    impl VisitMut for Docs {
        fn visit_attributes_mut(&mut self, attributes: &mut Vec<syn::Attribute>) {
            attributes.retain(|attribute| !attribute.path().is_ident("doc"));
        }
    }
    let mut file = summary::parse(source);
    Docs.visit_file_mut(&mut file);
    prettyplease::unparse(&file)
}
