//! The effective contract (overlay applied) as the passes need it: operations with all that the generated code must know.
//!
//! What the contract cannot say stands in its `x-anboto-…` extensions, put there by the overlay:
//!
//! | extension | on | meaning |
//! |---|---|---|
//! | `x-anboto-effect` | operation | `read`, `repeatable-write`, `write` or `never-repeated-write` |
//! | `x-anboto-answer` | operation | how the answer is read where it is not the JSON of its schema; see [`Answer`] |
//! | `x-anboto-retired` | enum schema | values that left the contract, each with when |
//! | `x-anboto-converts-to` | enum schema | the enum that this one converts to and from, by the values they share |

use std::collections::BTreeMap;

use heck::{ToPascalCase, ToShoutySnakeCase, ToSnakeCase};
use serde_json::{Map, Value};

use crate::Error;

/// All that the passes know of the effective contract.
pub(crate) struct Model {
    /// Sorted by operation id.
    pub(crate) operations: Vec<Operation>,
    /// Rust type name to the schema that it is made from.
    pub(crate) schemas: BTreeMap<String, Schema>,
}

pub(crate) struct Operation {
    /// JSON pointer to the operation in the contract.
    pub(crate) pointer: String,
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) signed: bool,
    /// `None`: nobody has classified it.
    pub(crate) effect: Option<Effect>,
    pub(crate) success: u16,
    pub(crate) answer: Answer,
    pub(crate) summary: String,
    pub(crate) description: String,
    /// Documented statuses other than the success, with their descriptions.
    pub(crate) failures: Vec<(String, String)>,
    pub(crate) success_description: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<Body>,
}

pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) location: Location,
    pub(crate) required: bool,
    pub(crate) description: String,
    pub(crate) kind: ParameterKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location {
    Query,
    Path,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParameterKind {
    /// Written as its `Display`.
    Plain,
    /// One of an enum's values.
    Listed,
    /// Several values, joined by commas. Settled: the effective contract says so (`explode: false`).
    List { settled: bool },
    /// A time, written as milliseconds since the epoch.
    UnixMs,
}

pub(crate) struct Body {
    pub(crate) required: bool,
    pub(crate) description: String,
}

/// How an answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// As the JSON of its schema.
    Json,
    /// As one text, quoted or not.
    Text,
    /// As a Java map's `toString`, quoted or not.
    JavaMap,
    /// As a list of orders, however it is wrapped.
    OneOrManyOrders,
    /// There is none.
    Nothing,
}

/// What an operation changes; see `anboto_api::Effect`, which this becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Read,
    RepeatableWrite,
    Write,
    NeverRepeatedWrite,
}

impl Effect {
    /// Every effect by the name it has in the overlay.
    pub(crate) const NAMES: [(&'static str, Self); 4] = [
        ("read", Self::Read),
        ("repeatable-write", Self::RepeatableWrite),
        ("write", Self::Write),
        ("never-repeated-write", Self::NeverRepeatedWrite),
    ];
}

/// A schema that becomes a type of its own.
pub(crate) struct Schema {
    pub(crate) description: String,
    /// Wire name of a property to its description.
    pub(crate) properties: BTreeMap<String, String>,
    /// Value that left the contract, to when it did.
    pub(crate) retired: BTreeMap<String, String>,
    /// The Rust name of the enum that this one converts to and from.
    pub(crate) converts_to: Option<String>,
}

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

impl Operation {
    pub(crate) fn method_name(&self) -> String {
        self.id.to_snake_case()
    }
    pub(crate) fn type_name(&self) -> String {
        self.id.to_pascal_case()
    }
    pub(crate) fn static_name(&self) -> String {
        self.id.to_shouty_snake_case()
    }
}

impl Model {
    /// Reads the effective contract.
    pub(crate) fn read(contract: &Value) -> Result<Self, Error> {
        let mut operations = Vec::new();
        for (path, item) in object(contract, "/paths") {
            for method in METHODS {
                if let Some(operation) = item.get(method) {
                    let pointer = format!("/paths/{}/{method}", escape(path));
                    operations.push(read_operation(
                        contract, pointer, path, method, item, operation,
                    )?);
                }
            }
        }
        operations.sort_by(|a, b| a.id.cmp(&b.id));
        let mut schemas = BTreeMap::new();
        for (name, schema) in object(contract, "/components/schemas") {
            let type_name = name.to_pascal_case();
            for (property, inner) in object(schema, "/properties") {
                // A schema that stands inside a property becomes a type named after both.
                schemas.insert(
                    format!("{type_name}{}", property.to_pascal_case()),
                    read_schema(inner)?,
                );
            }
            schemas.insert(type_name, read_schema(schema)?);
        }
        Ok(Self {
            operations,
            schemas,
        })
    }

    /// The schema of a Rust type; an empty one for a type that typify made up by itself.
    pub(crate) fn schema(&self, type_name: &str) -> Option<&Schema> {
        self.schemas.get(type_name)
    }
}

fn read_operation(
    contract: &Value,
    pointer: String,
    path: &str,
    method: &str,
    item: &Value,
    operation: &Value,
) -> Result<Operation, Error> {
    let id = text(operation, "operationId");
    if id.is_empty() {
        return Err(Error::new(format!(
            "{method} {path} has no operationId; give it one in the overlay"
        )));
    }
    let fail = |message: String| Error::new(format!("operation `{id}`: {message}"));
    let effect = match operation.get("x-anboto-effect").and_then(Value::as_str) {
        None => None,
        Some(name) => Some(
            Effect::NAMES
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, effect)| *effect)
                .ok_or_else(|| {
                    let known = Effect::NAMES.map(|(known, _)| known).join(", ");
                    fail(format!(
                        "x-anboto-effect is `{name}`, which is none of {known}"
                    ))
                })?,
        ),
    };
    let responses = object(operation, "/responses");
    let (success, answer_description) = responses
        .clone()
        .filter_map(|(status, response)| Some((status.parse::<u16>().ok()?, response)))
        .find(|(status, _)| (200..300).contains(status))
        .ok_or_else(|| fail("no 2xx response is documented".to_owned()))?;
    let failures = responses
        .filter(|(status, _)| **status != success.to_string())
        .map(|(status, response)| {
            (
                status.clone(),
                text(resolve(contract, response), "description"),
            )
        })
        .collect();
    let answer_value = resolve(contract, answer_description);
    let answer = match operation.get("x-anboto-answer").and_then(Value::as_str) {
        Some("text") => Answer::Text,
        Some("java-map") => Answer::JavaMap,
        Some("one-or-many-orders") => Answer::OneOrManyOrders,
        Some(other) => {
            return Err(fail(format!(
                "x-anboto-answer is `{other}`, which is none of text, java-map, one-or-many-orders"
            )));
        }
        None => match object(answer_value, "/content")
            .next()
            .map(|(media_type, _)| media_type.as_str())
        {
            None => Answer::Nothing,
            Some(media_type) if is_json(media_type) => Answer::Json,
            Some(media_type) if media_type.starts_with("text/") => Answer::Text,
            Some(media_type) => {
                return Err(fail(format!(
                    "answers with `{media_type}`; the client reads application/json and text/plain"
                )));
            }
        },
    };
    // A parameter of the operation replaces one of its path that has the same name and place.
    let mut parameters: Vec<Parameter> = Vec::new();
    for parameter in array(item, "parameters").chain(array(operation, "parameters")) {
        let parameter = read_parameter(contract, parameter).map_err(fail)?;
        parameters
            .retain(|other| (&other.name, other.location) != (&parameter.name, parameter.location));
        parameters.push(parameter);
    }
    let body = match operation
        .get("requestBody")
        .map(|body| resolve(contract, body))
    {
        None => None,
        Some(body) => {
            if !object(body, "/content").any(|(media_type, _)| is_json(media_type)) {
                return Err(fail("its request body is not application/json".to_owned()));
            }
            Some(Body {
                required: body
                    .get("required")
                    .and_then(Value::as_bool)
                    .unwrap_or(false),
                description: text(body, "description"),
            })
        }
    };
    let security = operation
        .get("security")
        .or_else(|| contract.get("security"));
    Ok(Operation {
        signed: security
            .and_then(Value::as_array)
            .is_some_and(|all| all.iter().any(|one| one.get("ApiKeyAuth").is_some())),
        pointer,
        method: method.to_uppercase(),
        path: path.to_owned(),
        effect,
        success,
        answer,
        summary: text(operation, "summary"),
        description: text(operation, "description"),
        failures,
        success_description: text(answer_value, "description"),
        parameters,
        body,
        id,
    })
}

fn read_parameter(contract: &Value, parameter: &Value) -> Result<Parameter, String> {
    let parameter = resolve(contract, parameter);
    let name = text(parameter, "name");
    let location = match text(parameter, "in").as_str() {
        "query" => Location::Query,
        "path" => Location::Path,
        other => {
            return Err(format!(
                "parameter `{name}` is in `{other}`; the client knows query and path"
            ));
        }
    };
    let schema = parameter
        .get("schema")
        .map_or(&Value::Null, |schema| resolve(contract, schema));
    let kind = match (
        text(schema, "type").as_str(),
        text(schema, "format").as_str(),
    ) {
        ("array", _) if location == Location::Path => {
            return Err(format!("path parameter `{name}` is a list"));
        }
        ("array", _) => ParameterKind::List {
            settled: parameter.get("explode") == Some(&Value::Bool(false)),
        },
        (_, "unix-ms") => ParameterKind::UnixMs,
        _ if schema.get("enum").is_some() => ParameterKind::Listed,
        _ => ParameterKind::Plain,
    };
    let required = location == Location::Path
        || parameter
            .get("required")
            .and_then(Value::as_bool)
            .unwrap_or(false);
    Ok(Parameter {
        name,
        location,
        required,
        description: text(parameter, "description"),
        kind,
    })
}

fn read_schema(schema: &Value) -> Result<Schema, Error> {
    let retired = object(schema, "/x-anboto-retired")
        .map(|(value, when)| (value.clone(), when.as_str().unwrap_or_default().to_owned()))
        .collect();
    Ok(Schema {
        description: text(schema, "description"),
        properties: object(schema, "/properties")
            .map(|(name, property)| (name.clone(), text(property, "description")))
            .collect(),
        retired,
        converts_to: schema
            .get("x-anboto-converts-to")
            .and_then(Value::as_str)
            .map(|name| name.to_pascal_case()),
    })
}

/// Follows `$ref`s inside the document, at most 32 of them, so that a circle ends.
pub(crate) fn resolve<'a>(contract: &'a Value, mut value: &'a Value) -> &'a Value {
    for _ in 0..32 {
        let target = value
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| reference.strip_prefix('#'));
        match target.and_then(|pointer| contract.pointer(pointer)) {
            Some(target) => value = target,
            None => break,
        }
    }
    value
}

pub(crate) fn is_json(media_type: &str) -> bool {
    media_type
        .split(';')
        .next()
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// The entries of the object at a pointer; none when there is no object.
fn object<'a>(
    value: &'a Value,
    pointer: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> + Clone {
    static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value
        .pointer(pointer)
        .and_then(Value::as_object)
        .unwrap_or(&EMPTY)
        .iter()
}

fn array<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice)
        .iter()
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// One token of a JSON pointer (RFC 6901, section 3).
fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}
