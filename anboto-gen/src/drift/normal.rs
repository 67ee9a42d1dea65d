//! Both documents in one form, in which what says the same looks the same.
//!
//! What is levelled out here is never reported, so this is all of it:
//!
//! - the order of keys (the parser's work), of enum values, `required`, `tags`, parameters, alternatives of a composition, and
//!   security requirements;
//! - folding: white space in prose is one space;
//! - `allOf` round one schema, beside which nothing but prose, an example, a default or the type once more is said;
//! - what a missing field means anyway: `nullable: false`, `required: []`, `style: form` in a query, empty maps of components;
//! - where a parameter, body, answer or header stands: in `components`, at the path, or at the operation.
//!
//! Lists whose order means nothing become mappings, so that a JSON pointer names an entry by what it is (`/enum/BUY`,
//! `/parameters/query:limit`) and holds across revisions. Prose becomes a mapping of its parts, see [`prose`](super::prose).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::ledger::is_empty;
use super::matching::is_words;
use super::prose;
use crate::contract::document::join;
use crate::model::resolve;

pub(super) const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// A contract in normal form.
pub(super) struct Document {
    pub(super) value: Value,
    /// Pointers of normal nodes that stand elsewhere in the contract, with the pointers there.
    origins: BTreeMap<String, String>,
}

impl Document {
    pub(super) fn read(contract: &Value) -> Self {
        let mut normaliser = Normaliser {
            contract,
            origins: BTreeMap::new(),
            inlined: BTreeSet::new(),
        };
        let value = normaliser.document();
        Self {
            value,
            origins: normaliser.origins,
        }
    }

    pub(super) fn get(&self, pointer: &str) -> Option<&Value> {
        self.value.pointer(pointer)
    }

    /// Where a normal node stands in the contract.
    pub(super) fn origin(&self, pointer: &str) -> String {
        let mut nearest = pointer;
        loop {
            if let Some(origin) = self.origins.get(nearest) {
                return format!("{origin}{}", &pointer[nearest.len()..]);
            }
            match nearest.rfind('/') {
                Some(slash) => nearest = &nearest[..slash],
                None => return pointer.to_owned(),
            }
        }
    }
}

struct Normaliser<'a> {
    contract: &'a Value,
    origins: BTreeMap<String, String>,
    /// Pointers of the components that operations have taken in.
    inlined: BTreeSet<String>,
}

/// A node of the contract, and where it stands in normal form and in the contract.
#[derive(Clone)]
struct At<'a> {
    value: &'a Value,
    normal: String,
    raw: String,
}

impl<'a> At<'a> {
    fn child(&self, key: &str, value: &'a Value) -> At<'a> {
        At {
            value,
            normal: join(&self.normal, key),
            raw: join(&self.raw, key),
        }
    }

    fn members(&self) -> impl Iterator<Item = (&'a String, At<'a>)> + use<'a> {
        let this = self.clone();
        this.value
            .as_object()
            .into_iter()
            .flatten()
            .map(move |(key, value)| (key, this.child(key, value)))
    }

    fn get(&self, key: &str) -> Option<At<'a>> {
        self.value.get(key).map(|value| self.child(key, value))
    }
}

/// A mapping that leaves out what is empty.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, key: &str, value: Value) {
        if !is_empty(&value) {
            self.0.insert(key.to_owned(), value);
        }
    }

    fn done(self) -> Value {
        Value::Object(self.0)
    }
}

impl<'a> Normaliser<'a> {
    fn document(&mut self) -> Value {
        let root = At {
            value: self.contract,
            normal: String::new(),
            raw: String::new(),
        };
        let mut fields = Fields::default();
        for (key, node) in root.members() {
            let value = match key.as_str() {
                "info" => self.info(&node),
                "paths" => self.each(&node, Self::path_item),
                // After the paths, which take in what they use.
                "components" => continue,
                "servers" => self.named(&node, "url"),
                "tags" => self.named(&node, "name"),
                // Told with the operations.
                "security" => continue,
                _ => self.other(&node),
            };
            fields.put(key, value);
        }
        if let Some(components) = root.get("components") {
            fields.put("components", self.components(&components));
        }
        fields.done()
    }

    fn info(&mut self, node: &At<'a>) -> Value {
        let mut fields = Fields::default();
        for (key, node) in node.members() {
            match key.as_str() {
                "description" => fields.put(key, prose::parts(node.value, true)),
                _ => fields.put(key, self.other(&node)),
            }
        }
        fields.done()
    }

    fn components(&mut self, node: &At<'a>) -> Value {
        let mut fields = Fields::default();
        for (kind, node) in node.members() {
            let value = match kind.as_str() {
                "schemas" => self.each_named(&node, Self::schema),
                "securitySchemes" => {
                    let mut schemes = Fields::default();
                    for (name, scheme) in node.members() {
                        let mut parts = Fields::default();
                        for (key, node) in scheme.members() {
                            match key.as_str() {
                                "description" => parts.put(key, prose::parts(node.value, true)),
                                _ => parts.put(key, self.other(&node)),
                            }
                        }
                        schemes.0.insert(name.clone(), parts.done());
                    }
                    schemes.done()
                }
                _ => {
                    let mut unused = Fields::default();
                    for (name, node) in node.members() {
                        if !self.inlined.contains(&node.raw) {
                            unused.0.insert(name.clone(), self.other(&node));
                        }
                    }
                    unused.done()
                }
            };
            fields.put(kind, value);
        }
        fields.done()
    }

    fn path_item(&mut self, node: &At<'a>) -> Value {
        let mut fields = Fields::default();
        for (key, child) in node.members() {
            match key.as_str() {
                // Taken in by the operations.
                "parameters" => {}
                method if METHODS.contains(&method) && child.value.is_object() => {
                    let operation = self.operation(&child, node.get("parameters").as_ref());
                    fields.0.insert(key.clone(), operation);
                }
                "servers" => fields.put(key, self.named(&child, "url")),
                _ => fields.put(key, self.other(&child)),
            }
        }
        fields.done()
    }

    fn operation(&mut self, node: &At<'a>, shared: Option<&At<'a>>) -> Value {
        let mut fields = Fields::default();
        for (key, child) in node.members() {
            let value = match key.as_str() {
                "parameters" => continue,
                "requestBody" => {
                    let child = self.resolved(&child);
                    self.body(&child)
                }
                "responses" => self.each(&child, |this, response| {
                    let response = this.resolved(response);
                    this.body(&response)
                }),
                "tags" => set(child.value),
                "security" => continue,
                "servers" => self.named(&child, "url"),
                _ => self.other(&child),
            };
            match key.as_str() {
                // An answer that says nothing is documented all the same.
                "requestBody" | "responses" => {
                    fields.0.insert(key.clone(), value);
                }
                _ => fields.put(key, value),
            }
        }
        // What the document says for all operations holds for one that does not speak for itself.
        let security = node.value.get("security").or(self.contract.get("security"));
        fields.put(
            "security",
            security.map_or(Value::Array(Vec::new()), requirements),
        );
        let own = node.get("parameters");
        let parameters = [shared, own.as_ref()];
        fields.put("parameters", self.parameters(node, &parameters));
        fields.done()
    }

    fn parameters(&mut self, operation: &At<'a>, lists: &[Option<&At<'a>>]) -> Value {
        let normal = join(&operation.normal, "parameters");
        let mut parameters = Fields::default();
        for list in lists.iter().copied().flatten() {
            for (index, value) in list.value.as_array().into_iter().flatten().enumerate() {
                let parameter = self.resolved(&list.child(&index.to_string(), value));
                let text = |key| parameter.value.get(key).and_then(Value::as_str);
                let key = match (text("in"), text("name")) {
                    (Some(location), Some(name)) => format!("{location}:{name}"),
                    _ => format!("#{index}"),
                };
                let at = At {
                    value: parameter.value,
                    normal: join(&normal, &key),
                    raw: parameter.raw,
                };
                self.origins.insert(at.normal.clone(), at.raw.clone());
                let value = self.parameter(&at);
                parameters.0.insert(key, value);
            }
        }
        parameters.done()
    }

    /// A parameter, or a header of an answer.
    fn parameter(&mut self, node: &At<'a>) -> Value {
        let text = |key| node.value.get(key).and_then(Value::as_str);
        let usual_style = match text("in") {
            Some("query" | "cookie") => "form",
            _ => "simple",
        };
        let style = text("style").unwrap_or(usual_style);
        let mut fields = Fields::default();
        for (key, child) in node.members() {
            match key.as_str() {
                "name" | "in" => {}
                "style" if text("style") == Some(usual_style) => {}
                "explode" if child.value == &Value::Bool(style == "form") => {}
                "schema" => {
                    let schema = self.schema(&child);
                    fields.0.insert(key.clone(), schema);
                }
                "content" => fields.put(key, self.content(&child)),
                _ => fields.put(key, self.other(&child)),
            }
        }
        fields.done()
    }

    /// A request body or an answer.
    fn body(&mut self, node: &At<'a>) -> Value {
        let mut fields = Fields::default();
        for (key, child) in node.members() {
            let value = match key.as_str() {
                "content" => self.content(&child),
                "headers" => self.each_named(&child, |this, header| {
                    let header = this.resolved(header);
                    this.parameter(&header)
                }),
                _ => self.other(&child),
            };
            fields.put(key, value);
        }
        fields.done()
    }

    fn content(&mut self, node: &At<'a>) -> Value {
        self.each_named(node, |this, media| {
            let mut fields = Fields::default();
            for (key, child) in media.members() {
                match key.as_str() {
                    "schema" => {
                        let schema = this.schema(&child);
                        fields.0.insert(key.clone(), schema);
                    }
                    _ => fields.put(key, this.other(&child)),
                }
            }
            fields.done()
        })
    }

    fn schema(&mut self, node: &At<'a>) -> Value {
        if !node.value.is_object() {
            return node.value.clone();
        }
        let mut fields = Fields::default();
        for (key, child) in self.fields(node) {
            if child.raw != join(&node.raw, &key) {
                self.origins.insert(child.normal.clone(), child.raw.clone());
            }
            let value = match key.as_str() {
                "properties" => self.each_named(&child, Self::schema),
                "items" | "not" => {
                    let schema = self.schema(&child);
                    fields.0.insert(key, schema);
                    continue;
                }
                "additionalProperties" => {
                    let schema = self.schema(&child);
                    fields.0.insert(key, schema);
                    continue;
                }
                "allOf" | "oneOf" | "anyOf" => self.alternatives(&child),
                "required" | "enum" => set(child.value),
                "default" | "example" => {
                    fields.0.insert(key, number(child.value));
                    continue;
                }
                _ => self.other(&child),
            };
            fields.put(&key, value);
        }
        fields.done()
    }

    /// The parts of a composition, each by what it is.
    fn alternatives(&mut self, node: &At<'a>) -> Value {
        let mut parts = Fields::default();
        for (index, value) in node.value.as_array().into_iter().flatten().enumerate() {
            let raw = join(&node.raw, &index.to_string());
            let name = match value.get("$ref").and_then(Value::as_str) {
                Some(reference) => reference.rsplit('/').next().unwrap_or_default().to_owned(),
                None => without_words(value).to_string(),
            };
            let mut key = name.clone();
            while parts.0.contains_key(&key) {
                key.push('\'');
            }
            let at = At {
                value,
                normal: join(&node.normal, &key),
                raw,
            };
            self.origins.insert(at.normal.clone(), at.raw.clone());
            let schema = self.schema(&at);
            parts.0.insert(key, schema);
        }
        parts.done()
    }

    /// The fields of a schema that stands in an `allOf` alone, with those beside the `allOf`; `None` when that is not so.
    ///
    /// Of a field that both have with different values, the inner one gets a name of its own.
    fn unwrapped(&self, node: &At<'a>) -> Option<Vec<(String, At<'a>)>> {
        let list = node.get("allOf")?;
        let parts = list.value.as_array()?.iter().enumerate();
        let parts: Vec<Vec<(String, At<'a>)>> = parts
            .map(|(index, value)| {
                let part = list.child(&index.to_string(), value);
                part.value.as_object().map(|_| self.fields(&part))
            })
            .collect::<Option<_>>()?;
        let refers = |part: &&Vec<(String, At<'a>)>| part.iter().any(|(key, _)| key == "$ref");
        let mut referring = parts.iter().filter(refers);
        let main = match (referring.next(), referring.next(), parts.as_slice()) {
            (Some(main), None, _) => main,
            (None, None, [only]) => only,
            _ => return None,
        };
        let referred = main
            .iter()
            .find(|(key, _)| key == "$ref")
            .and_then(|(_, at)| self.contract.pointer(at.value.as_str()?.strip_prefix('#')?));
        let main_type = referred.and_then(|schema| resolve(self.contract, schema).get("type"));
        let mut fields: BTreeMap<String, At<'a>> = node
            .members()
            .filter(|(key, at)| *key != "allOf" && !(*key == "type" && main_type == Some(at.value)))
            .map(|(key, at)| (key.clone(), at))
            .collect();
        for part in &parts {
            let beside = !std::ptr::eq(part, main);
            for (key, at) in part {
                let says_nothing = matches!(
                    key.as_str(),
                    "description" | "title" | "example" | "default" | "nullable"
                );
                if beside && key == "type" && main_type == Some(at.value) {
                    continue;
                }
                if beside && !says_nothing {
                    return None;
                }
                let key = match fields.get(key) {
                    Some(other) if other.value == at.value => continue,
                    Some(_) if says_nothing => format!("{key} (inner)"),
                    Some(_) => return None,
                    None => key.clone(),
                };
                let at = At {
                    value: at.value,
                    normal: join(&node.normal, &key),
                    raw: at.raw.clone(),
                };
                fields.insert(key, at);
            }
        }
        Some(fields.into_iter().collect())
    }

    /// The fields of a schema, unwrapped.
    fn fields(&self, node: &At<'a>) -> Vec<(String, At<'a>)> {
        self.unwrapped(node)
            .unwrap_or_else(|| node.members().map(|(key, at)| (key.clone(), at)).collect())
    }

    /// Whatever needs no treatment of its own: prose is split, what a missing field means anyway is left out.
    fn other(&mut self, node: &At<'a>) -> Value {
        let key = node.normal.rsplit('/').next().unwrap_or_default();
        match (key, node.value) {
            (
                "nullable" | "required" | "deprecated" | "readOnly" | "writeOnly" | "uniqueItems"
                | "exclusiveMinimum" | "exclusiveMaximum" | "allowEmptyValue" | "allowReserved",
                Value::Bool(false),
            ) => Value::Array(Vec::new()),
            (
                "description" | "summary" | "title" | "description (inner)" | "title (inner)",
                Value::String(_),
            ) => prose::parts(node.value, false),
            ("example" | "examples" | "default" | "value", _) => node.value.clone(),
            (_, Value::Object(_)) => self.each_named(node, Self::other),
            (_, Value::Array(items)) => Value::Array(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, value)| self.other(&node.child(&index.to_string(), value)))
                    .collect(),
            ),
            (_, value) => number(value),
        }
    }

    /// The entries of a mapping of OpenAPI, without those that say nothing.
    fn each(&mut self, node: &At<'a>, mut read: impl FnMut(&mut Self, &At<'a>) -> Value) -> Value {
        let mut fields = Fields::default();
        for (key, child) in node.members() {
            let value = if key.starts_with("x-") {
                child.value.clone()
            } else {
                read(self, &child)
            };
            fields.0.insert(key.clone(), value);
        }
        fields.done()
    }

    /// The entries of a mapping by names of the contract's own.
    fn each_named(
        &mut self,
        node: &At<'a>,
        mut read: impl FnMut(&mut Self, &At<'a>) -> Value,
    ) -> Value {
        let mut fields = Fields::default();
        for (key, child) in node.members() {
            let value = read(self, &child);
            if !(is_empty(&value) && value.is_array()) {
                fields.0.insert(key.clone(), value);
            }
        }
        fields.done()
    }

    /// A list of objects as a mapping by one of their fields.
    fn named(&mut self, node: &At<'a>, by: &str) -> Value {
        let Some(items) = node.value.as_array() else {
            return node.value.clone();
        };
        let mut fields = Fields::default();
        for (index, item) in items.iter().enumerate() {
            let name = item.get(by).and_then(Value::as_str);
            let name = name.map_or_else(|| format!("#{index}"), str::to_owned);
            let child = At {
                value: item,
                normal: join(&node.normal, &name),
                raw: join(&node.raw, &index.to_string()),
            };
            self.origins.insert(child.normal.clone(), child.raw.clone());
            let value = self.other(&child);
            fields.0.insert(name, value);
        }
        fields.done()
    }

    /// What a reference to anything but a schema leads to.
    fn resolved(&mut self, node: &At<'a>) -> At<'a> {
        let mut node = node.clone();
        for _ in 0..32 {
            let reference = node.value.get("$ref").and_then(Value::as_str);
            let Some(pointer) = reference.and_then(|reference| reference.strip_prefix('#')) else {
                break;
            };
            let Some(value) = self.contract.pointer(pointer) else {
                break;
            };
            self.inlined.insert(pointer.to_owned());
            self.origins.insert(node.normal.clone(), pointer.to_owned());
            node = At {
                value,
                normal: node.normal,
                raw: pointer.to_owned(),
            };
        }
        node
    }
}

/// A schema without what is for readers only, at its top.
fn without_words(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => fields
            .iter()
            .filter(|(key, _)| !is_words(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        other => other.clone(),
    }
}

/// A list in which order and repetition mean nothing, by its values.
fn set(value: &Value) -> Value {
    let Some(items) = value.as_array() else {
        return value.clone();
    };
    let name = |item: &Value| match item {
        Value::String(text) => text.clone(),
        other => format!("={other}"),
    };
    items
        .iter()
        .map(|item| (name(item), number(item)))
        .collect()
}

/// Security requirements, any of which will do, so in any order; nothing if an unsigned request will do and no other is named.
fn requirements(value: &Value) -> Value {
    let Some(items) = value.as_array() else {
        return value.clone();
    };
    let mut items = items.clone();
    items.sort_by_cached_key(Value::to_string);
    if items.iter().all(is_empty) {
        items.clear();
    }
    Value::Array(items)
}

/// `1.0` is 1.
fn number(value: &Value) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
        Some(float) if value.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => {
            Value::from(float as i64)
        }
        _ => value.clone(),
    }
}
