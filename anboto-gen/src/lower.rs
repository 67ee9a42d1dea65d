//! The effective contract, brought down to what typify is good at: objects, enums of texts, and lists and maps of them.
//!
//! Everything else is known from the [`Model`](crate::model) and would only get in the way. So this leaves out prose, defaults
//! and examples (a client that fills in defaults decides for the server), error responses (one untyped error serves them all),
//! security and servers. And it settles what typify would decide by itself:
//!
//! - Every type gets its name here, also one that stands inside something else (`AccountPositionSide`).
//! - `allOf` round a single `$ref` is that reference, so that no twin types appear; any other `allOf` is one object.
//! - A schema that is only a name for a text, a number, a list or a map is put where it is used.
//! - A value that has a written form of its own (decimals, times) becomes a marker that the passes find again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::model::{Location, Operation, Property, Schema, resolve};
use crate::names::{inner_type_name, type_name};
use crate::{Error, caught};

/// A written form: how a value stands in JSON, and its Rust type.
#[derive(Debug, PartialEq, Eq)]
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
pub(crate) static FORMS: [Form; 5] = [
    DECIMAL_NUMBER,
    DECIMAL_TEXT,
    DATE_TIME_TEXT,
    UNIX_MS,
    SECONDS_TEXT,
];

/// Formats that stand for a hand-written type of `anboto_api`, with that type.
pub(crate) const OWN_TYPES: [(&str, &str); 1] = [("listen-key", "crate::ListenKey")];

/// The lowered contract.
pub(crate) struct Lowered {
    /// What progenitor gets. All but the types have numbers for names there, so that no name is in its way:
    /// [`operation_name`], [`member_name`].
    pub(crate) document: Value,
    /// Rust type name to the schema that the type is made from.
    pub(crate) schemas: BTreeMap<String, Schema>,
}

/// The name of an operation in the lowered contract, by its place in the model; progenitor makes the same of it.
pub(crate) fn operation_name(index: usize) -> String {
    format!("Operation{index}")
}

/// The name of a parameter, a property or a value in the lowered contract, by its place among its like.
pub(crate) fn member_name(index: usize) -> String {
    // typify sorts properties by their names.
    format!("m{index:04}")
}

/// Lowers a contract whose operations are these.
///
/// # Errors
/// Names the schema or operation that has no Rust type.
pub(crate) fn lower(contract: &Value, operations: &[Operation]) -> Result<Lowered, Error> {
    let mut lowering = Lowering {
        contract,
        types: Map::new(),
        schemas: BTreeMap::new(),
        inlining: Vec::new(),
    };
    let mut named: BTreeMap<String, &str> = BTreeMap::new();
    for (name, schema) in members(contract.pointer("/components/schemas")) {
        let what = format!("schema `{name}`");
        caught::item("lower", &what, || {
            if lowering.alias(schema, &what)? {
                return Ok(());
            }
            let type_name = type_name(name);
            if let Some(other) = named.insert(type_name.clone(), name) {
                return Err(Error::new(format!(
                    "schemas `{other}` and `{name}` would both be the type `{type_name}`; remove one in the overlay"
                )));
            }
            lowering.make_type(&type_name, schema, &what).map(drop)
        })?;
    }
    let mut paths = Map::new();
    for (index, operation) in operations.iter().enumerate() {
        let name = format!("operation `{}`", operation.id);
        let lowered = caught::item("lower", name, || lowering.operation(index, operation))?;
        let path = operation
            .parameters
            .iter()
            .enumerate()
            .filter(|(_, parameter)| parameter.location == Location::Path)
            .fold(format!("/{index}"), |path, (index, _)| {
                format!("{path}/{{{}}}", member_name(index))
            });
        paths.insert(path, json!({ "post": lowered }));
    }
    Ok(Lowered {
        document: json!({
            "openapi": "3.0.3",
            "info": { "title": "contract", "version": "0" },
            "paths": paths,
            "components": { "schemas": lowering.types },
        }),
        schemas: lowering.schemas,
    })
}

struct Lowering<'a> {
    contract: &'a Value,
    /// Type name to the lowered schema.
    types: Map<String, Value>,
    schemas: BTreeMap<String, Schema>,
    /// The references that are being replaced by what they refer to.
    inlining: Vec<String>,
}

/// What a schema is, as far as types go.
enum Shape<'a> {
    /// Nothing but a reference to another schema.
    Reference(&'a str),
    /// One of several texts.
    Enum(Vec<String>),
    /// An object with properties.
    Object(Object<'a>),
    /// An object that may hold anything.
    FreeForm,
    /// A text, a number, a list, a map: what needs no type of its own.
    Plain,
}

/// The properties of an object, with those of every part of its `allOf`.
#[derive(Default)]
struct Object<'a> {
    properties: BTreeMap<&'a str, &'a Value>,
    required: BTreeSet<&'a str>,
}

impl<'a> Lowering<'a> {
    fn operation(&mut self, index: usize, operation: &'a Operation) -> Result<Value, Error> {
        let id = &operation.id;
        let mut lowered = json!({
            "operationId": operation_name(index),
            // The name by which an error calls it.
            "summary": id,
            "parameters": [],
            "responses": { "200": { "description": "" } },
        });
        let mut parameters = Vec::new();
        for (index, parameter) in operation.parameters.iter().enumerate() {
            let what = format!("parameter `{}` of operation `{id}`", parameter.name);
            let name = inner_type_name(id, &parameter.name);
            parameters.push(json!({
                "name": member_name(index),
                "in": if parameter.location == Location::Path { "path" } else { "query" },
                "required": parameter.required,
                "schema": self.schema(&parameter.schema, &name, &what)?,
            }));
        }
        lowered["parameters"] = Value::Array(parameters);
        if let Some(body) = &operation.body {
            let what = format!("the body of operation `{id}`");
            let name = inner_type_name(id, "Body");
            let schema = match self.shape(&body.schema, &what)? {
                // It needs a type that can be checked before it is sent.
                Shape::FreeForm => self.make_type(&name, &body.schema, &what)?,
                _ => self.schema(&body.schema, &name, &what)?,
            };
            lowered["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
        }
        if let Some(schema) = &operation.answer_schema {
            let what = format!("the answer of operation `{id}`");
            let schema = self.schema(schema, &inner_type_name(id, "Response"), &what)?;
            lowered["responses"]["200"]["content"] =
                json!({ "application/json": { "schema": schema } });
        }
        Ok(lowered)
    }

    /// Lowers a schema wherever it stands; if it needs a type, this is what the type is called.
    fn schema(&mut self, schema: &'a Value, name: &str, what: &str) -> Result<Value, Error> {
        match self.shape(schema, what)? {
            Shape::Reference(reference) => self.reference(reference, name, what),
            Shape::Enum(_) | Shape::Object(_) => self.make_type(name, schema, what),
            Shape::FreeForm => Ok(json!({ "type": "object" })),
            Shape::Plain => self.plain(schema, name, what),
        }
    }

    fn reference(&mut self, reference: &str, name: &str, what: &str) -> Result<Value, Error> {
        let pointer = reference.trim_start_matches('#');
        let target = self.contract.pointer(pointer).ok_or_else(|| {
            Error::new(format!(
                "{what} refers to `{reference}`, which is not there"
            ))
        })?;
        let component = pointer
            .strip_prefix("/components/schemas/")
            .filter(|component| !component.contains('/'))
            .map(|component| component.replace("~1", "/").replace("~0", "~"));
        let Some(component) = component else {
            return self.inline(reference, target, name, what);
        };
        let what = format!("schema `{component}`");
        let type_name = type_name(&component);
        if self.alias(target, &what)? {
            self.inline(reference, target, &type_name, &what)
        } else {
            Ok(reference_to(&type_name))
        }
    }

    /// Whether a named schema is only a name for something that needs no type.
    fn alias(&self, schema: &'a Value, what: &str) -> Result<bool, Error> {
        let shape = self.shape(schema, what)?;
        Ok(matches!(shape, Shape::Reference(_) | Shape::Plain))
    }

    /// Puts what a reference leads to in its place.
    fn inline(
        &mut self,
        reference: &str,
        target: &'a Value,
        name: &str,
        what: &str,
    ) -> Result<Value, Error> {
        if self.inlining.iter().any(|outer| outer == reference) {
            return Err(Error::new(format!(
                "{what} contains itself, and no object comes between; mend it in the overlay"
            )));
        }
        self.inlining.push(reference.to_owned());
        let lowered = self.schema(target, name, what);
        self.inlining.pop();
        lowered
    }

    /// Lowers an enum or an object, under the name of its type.
    fn make_type(&mut self, name: &str, schema: &'a Value, what: &str) -> Result<Value, Error> {
        let mut made = Schema::read(schema, what);
        let lowered = match self.shape(schema, what)? {
            Shape::Enum(values) => {
                let names: Vec<_> = (0..values.len()).map(member_name).collect();
                made.values = values;
                json!({ "type": "string", "enum": names })
            }
            Shape::Object(object) => {
                let mut properties = Map::new();
                let mut required = Vec::new();
                for (index, (property, inner)) in object.properties.iter().enumerate() {
                    let inner_what = format!("{what}, property `{property}`");
                    let inner_name = inner_type_name(name, property);
                    properties.insert(
                        member_name(index),
                        self.schema(inner, &inner_name, &inner_what)?,
                    );
                    // A property that may be null may as well be absent: both are `None`.
                    if object.required.contains(property) && !self.nullable(inner) {
                        required.push(member_name(index));
                    }
                    made.properties.push(Property {
                        name: (*property).to_owned(),
                        description: Schema::description(inner),
                    });
                }
                json!({ "type": "object", "properties": properties, "required": required })
            }
            _ => json!({ "type": "object" }),
        };
        match self.types.get(name) {
            // A list that several places refer to brings the type of its items along each time.
            Some(same)
                if *same == lowered
                    && self
                        .schemas
                        .get(name)
                        .is_some_and(|known| made.is_like(known)) => {}
            Some(_) => {
                return Err(Error::new(format!(
                    "{what} would be the type `{name}`, and so would another schema; give it a name of its own under \
                     components.schemas in the overlay"
                )));
            }
            None => {
                self.types.insert(name.to_owned(), lowered);
                self.schemas.insert(name.to_owned(), made);
            }
        }
        Ok(reference_to(name))
    }

    fn plain(&mut self, schema: &'a Value, name: &str, what: &str) -> Result<Value, Error> {
        let kind = text(schema, "type");
        let format = text(schema, "format");
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
            return Ok(json!({ "type": "string", "format": form.format }));
        }
        // Of the other formats only these make a difference to the type; dates, UUIDs and the like stay text.
        let keeps_format = match kind {
            "string" => OWN_TYPES.iter().any(|(own, _)| *own == format),
            "integer" => matches!(format, "int32" | "int64"),
            _ => false,
        };
        let inner_name = inner_type_name(name, "Item");
        Ok(match kind {
            "array" => {
                let items = schema.get("items").unwrap_or(&Value::Null);
                json!({ "type": "array", "items": self.schema(items, &inner_name, what)? })
            }
            "object" => {
                let values = schema.get("additionalProperties").unwrap_or(&Value::Null);
                json!({ "type": "object", "additionalProperties": self.schema(values, &inner_name, what)? })
            }
            "" => json!({}),
            kind if keeps_format => json!({ "type": kind, "format": format }),
            kind => json!({ "type": kind }),
        })
    }

    fn shape(&self, schema: &'a Value, what: &str) -> Result<Shape<'a>, Error> {
        if let Some(reference) = only_reference(schema) {
            return Ok(Shape::Reference(reference));
        }
        if let Some(several) = ["oneOf", "anyOf"]
            .iter()
            .find(|key| schema.get(**key).is_some())
        {
            return Err(Error::new(format!(
                "{what} is one of several schemas (`{several}`), for which there is no one type; say in the overlay which"
            )));
        }
        let kind = text(schema, "type");
        if schema.get("allOf").is_some() || schema.get("properties").is_some() {
            let mut object = Object::default();
            self.collect(schema, what, &mut object)?;
            return Ok(Shape::Object(object));
        }
        let values = schema.get("enum").and_then(Value::as_array);
        if let (Some(values), "string" | "") = (values, kind) {
            return enum_values(values, what);
        }
        let additional = schema.get("additionalProperties");
        Ok(match (kind, additional) {
            ("object", Some(Value::Object(additional))) if !additional.is_empty() => Shape::Plain,
            ("object", _) => Shape::FreeForm,
            _ => Shape::Plain,
        })
    }

    /// Adds the properties of a schema and of every part of its `allOf`; of two with one name the last counts.
    fn collect(&self, schema: &'a Value, what: &str, object: &mut Object<'a>) -> Result<(), Error> {
        for part in array(schema, "allOf") {
            let part = resolve(self.contract, part);
            if !matches!(text(part, "type"), "object" | "")
                || ["oneOf", "anyOf", "enum"]
                    .iter()
                    .any(|key| part.get(key).is_some())
            {
                return Err(Error::new(format!(
                    "{what} is all of several schemas (`allOf`), and not all of them are objects; mend it in the overlay"
                )));
            }
            self.collect(part, what, object)?;
        }
        let properties = members(schema.get("properties"));
        object
            .properties
            .extend(properties.map(|(name, property)| (name.as_str(), property)));
        object
            .required
            .extend(array(schema, "required").filter_map(Value::as_str));
        Ok(())
    }

    /// Whether a value may be null, by its own word or by that of a schema it refers to.
    fn nullable(&self, schema: &Value) -> bool {
        let own = schema.get("nullable") == Some(&Value::Bool(true));
        let target = resolve(self.contract, schema);
        own || (!std::ptr::eq(target, schema) && self.nullable(target))
            || ["allOf", "anyOf", "oneOf"]
                .iter()
                .any(|key| array(schema, key).any(|part| self.nullable(part)))
    }
}

/// The values of an enum of texts; an open enum has no need of null, nor of a value listed twice.
fn enum_values<'a>(values: &[Value], what: &str) -> Result<Shape<'a>, Error> {
    let mut texts: Vec<String> = Vec::new();
    for value in values {
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            Value::Number(number) if number.is_i64() => number.to_string(),
            other => {
                return Err(Error::new(format!(
                    "{what} lists `{other}`, which is no text; put it in quotes in the overlay"
                )));
            }
        };
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    Ok(if texts.is_empty() {
        Shape::Plain
    } else {
        Shape::Enum(texts)
    })
}

fn reference_to(type_name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{type_name}") })
}

/// The `$ref` of a schema that says nothing else: `$ref` itself, or `allOf: [{$ref}, {type: string}]`.
fn only_reference(schema: &Value) -> Option<&str> {
    if let Some(reference) = schema.get("$ref") {
        return reference.as_str();
    }
    if ["properties", "enum", "items", "additionalProperties"]
        .iter()
        .any(|key| schema.get(key).is_some())
    {
        return None;
    }
    let several = ["allOf", "anyOf", "oneOf"]
        .into_iter()
        .find(|key| schema.get(key).is_some())?;
    let (references, others): (Vec<_>, Vec<_>) =
        array(schema, several).partition(|one| one.get("$ref").is_some());
    let says_nothing = |other: &&Value| {
        members(Some(other)).all(|(key, _)| match key.as_str() {
            "description" | "title" | "example" | "default" | "nullable" => true,
            // Of all it is the type that the reference has anyhow; of one or any it would be a choice.
            "type" => several == "allOf",
            _ => false,
        })
    };
    match references.as_slice() {
        [reference] if others.iter().all(says_nothing) => reference.get("$ref")?.as_str(),
        _ => None,
    }
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn array<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
