//! What must hold throughout a contract, and no type can say.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToSnakeCase;
use serde_json::Value;

use super::document::{Node, join, push, shown, shown_pointer};
use crate::Error;

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// The fields of OpenAPI that map names to objects. What looks like a keyword below them is a name.
const NAMED: [&str; 16] = [
    "callbacks",
    "content",
    "encoding",
    "examples",
    "headers",
    "links",
    "mapping",
    "parameters",
    "paths",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
    "scopes",
    "securitySchemes",
    "variables",
];

/// The fields that hold a value of the API's own, in which `$ref` means nothing.
const OPAQUE: [&str; 4] = ["default", "enum", "example", "value"];

/// The keywords by which a schema is made of others, with nothing in between that could be absent.
const COMPOSING: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// How many schemas of a circle an error names.
const MOST_NAMED: usize = 8;

pub(super) fn check(root: &Node) -> Result<(), Error> {
    let references = References::collect(root)?;
    references.resolve()?;
    references.end()?;
    operations(root)
}

/// The references of a contract.
struct References<'a> {
    root: &'a Node,
    /// The pointer of each object that is a reference, and the text of its `$ref`.
    found: Vec<(String, &'a str)>,
}

impl<'a> References<'a> {
    fn collect(root: &'a Node) -> Result<Self, Error> {
        let mut references = Self {
            root,
            found: Vec::new(),
        };
        references.object(&root.value, &mut String::new())?;
        Ok(references)
    }

    /// Walks an object of OpenAPI, or a list of them.
    fn object(&mut self, value: &'a Value, pointer: &mut String) -> Result<(), Error> {
        match value {
            Value::Object(fields) => {
                if let Some(reference) = fields.get("$ref") {
                    let Value::String(reference) = reference else {
                        let place = self.root.place(&join(pointer, "$ref"));
                        return Err(Error::at(place, "`$ref` must be text"));
                    };
                    self.found.push((pointer.clone(), reference));
                }
                for (name, value) in fields {
                    if OPAQUE.contains(&name.as_str()) || name.starts_with("x-") {
                        continue;
                    }
                    let named = NAMED.contains(&name.as_str());
                    below(pointer, name, |pointer| match value {
                        Value::Object(named_values) if named => {
                            named_values.iter().try_for_each(|(name, value)| {
                                below(pointer, name, |pointer| self.object(value, pointer))
                            })
                        }
                        _ => self.object(value, pointer),
                    })?;
                }
                Ok(())
            }
            Value::Array(items) => items.iter().enumerate().try_for_each(|(index, value)| {
                below(pointer, &index.to_string(), |pointer| {
                    self.object(value, pointer)
                })
            }),
            _ => Ok(()),
        }
    }

    /// Refuses references that lead out of the document, or to nothing.
    fn resolve(&self) -> Result<(), Error> {
        for (pointer, reference) in &self.found {
            let problem = match target(reference) {
                None => {
                    "leads out of the document; this generator reads one document, so bring it in"
                }
                Some(target) if self.root.value.pointer(&target).is_none() => {
                    "leads to nothing; correct the name, or define what it names"
                }
                Some(_) => continue,
            };
            let place = self.root.place(&join(pointer, "$ref"));
            let message = format!("the reference `{}` {problem}", shown(reference));
            return Err(Error::at(place, message));
        }
        Ok(())
    }

    /// Refuses what leads back to itself by references and composition alone: such a schema would have to contain itself whole.
    ///
    /// A depth-first search with its own stack, since a chain of references may be as long as the document.
    fn end(&self) -> Result<(), Error> {
        let mut done = BTreeSet::new();
        for start in self.found.iter().filter_map(|(_, to)| target(to)) {
            let mut path: Vec<(String, Vec<String>)> = Vec::new();
            let mut on_path = BTreeSet::new();
            let mut next = Some(start);
            loop {
                if let Some(pointer) = next.take() {
                    if on_path.contains(&pointer) {
                        return Err(self.endless(&path, &pointer));
                    }
                    if !done.contains(&pointer) {
                        let parts = self.parts(&pointer);
                        on_path.insert(pointer.clone());
                        path.push((pointer, parts));
                    }
                }
                match path.last_mut() {
                    None => break,
                    Some((_, parts)) if !parts.is_empty() => next = parts.pop(),
                    Some(_) => {
                        if let Some((pointer, _)) = path.pop() {
                            on_path.remove(&pointer);
                            done.insert(pointer);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The nodes without which the node at a pointer cannot be.
    fn parts(&self, pointer: &str) -> Vec<String> {
        let Some(value) = self.root.value.pointer(pointer) else {
            return Vec::new();
        };
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            return target(reference).into_iter().collect();
        }
        let parts = COMPOSING.iter().flat_map(|keyword| {
            let list = join(pointer, keyword);
            let length = value
                .get(keyword)
                .and_then(Value::as_array)
                .map_or(0, Vec::len);
            (0..length).map(move |index| join(&list, &index.to_string()))
        });
        parts.collect()
    }

    fn endless(&self, path: &[(String, Vec<String>)], back_to: &str) -> Error {
        let pointers = path.iter().map(|(pointer, _)| pointer.as_str());
        let mut circle: Vec<&str> = pointers.skip_while(|pointer| *pointer != back_to).collect();
        // What is composed names its parts well enough.
        circle.dedup_by(|part, whole| part.starts_with(&format!("{whole}/")));
        let more = if circle.len() > MOST_NAMED {
            " -> …"
        } else {
            ""
        };
        circle.truncate(MOST_NAMED);
        let circle: Vec<_> = circle.into_iter().map(shown_pointer).collect();
        let message = format!(
            "this schema contains itself: {}{more} -> {}; only through properties or items may it come back to itself",
            circle.join(" -> "),
            shown_pointer(back_to)
        );
        Error::at(self.root.place(back_to), message)
    }
}

/// The JSON pointer that a reference into the same document carries.
fn target(reference: &str) -> Option<String> {
    let fragment = reference.strip_prefix('#')?;
    (fragment.is_empty() || fragment.starts_with('/')).then(|| percent_decoded(fragment))
}

fn percent_decoded(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |digit: &u8| char::from(*digit).to_digit(16);
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if hex(high).is_some() && hex(low).is_some() => {
                let byte = hex(high).zip(hex(low)).map(|(high, low)| high * 16 + low);
                decoded.extend(byte.and_then(|byte| u8::try_from(byte).ok()));
                rest = after;
            }
            _ => {
                decoded.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Runs `visit` with the pointer extended by one token.
fn below<T>(pointer: &mut String, token: &str, visit: impl FnOnce(&mut String) -> T) -> T {
    let length = pointer.len();
    push(pointer, token);
    let result = visit(pointer);
    pointer.truncate(length);
    result
}

/// Every path begins with a slash, and every operation has a name of its own.
fn operations(root: &Node) -> Result<(), Error> {
    let mut taken: BTreeMap<String, (String, &str)> = BTreeMap::new();
    let paths = root.value.get("paths").and_then(Value::as_object);
    for (path, item) in paths.into_iter().flatten() {
        if path.starts_with("x-") {
            continue;
        }
        let path_pointer = join("/paths", path);
        if !path.starts_with('/') {
            let message = format!("the path `{}` must begin with `/`", shown(path));
            return Err(Error::at(root.place(&path_pointer), message));
        }
        for method in METHODS {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let pointer = join(&path_pointer, method);
            statuses(root, operation, &join(&pointer, "responses"))?;
            let id_pointer = join(&pointer, "operationId");
            let id = operation
                .get("operationId")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let name = id.to_snake_case();
            if name.is_empty() {
                let message = format!(
                    "{} {} has no `operationId` to name its method after; give it one",
                    method.to_uppercase(),
                    shown(path)
                );
                return Err(Error::at(root.place(&id_pointer), message));
            }
            if let Some((other, other_id)) = taken.get(&name) {
                let message = format!(
                    "the operationId `{}` is taken by `{}` ({}); each needs its own, in snake_case too",
                    shown(id),
                    shown(other_id),
                    root.place(other),
                );
                return Err(Error::at(root.place(&id_pointer), message));
            }
            taken.insert(name, (id_pointer, id));
        }
    }
    Ok(())
}

/// Every response has a status; `openapiv3` drops those that have another key.
fn statuses(root: &Node, operation: &Value, pointer: &str) -> Result<(), Error> {
    let responses = operation.get("responses").and_then(Value::as_object);
    let unknown = responses.into_iter().flatten().find(|(status, _)| {
        let known = match status.as_bytes() {
            [b'1'..=b'5', b'X', b'X'] => true,
            [b'1'..=b'5', rest @ ..] => rest.len() == 2 && rest.iter().all(u8::is_ascii_digit),
            _ => *status == "default" || status.starts_with("x-"),
        };
        !known
    });
    match unknown {
        None => Ok(()),
        Some((status, _)) => {
            let message = format!(
                "`{}` is no status; write one such as 200, 2XX or default",
                shown(status)
            );
            Err(Error::at(root.place(&join(pointer, status)), message))
        }
    }
}
