//! The effective contract (overlay applied) as the passes need it: operations with all that the generated code must know.
//!
//! What the contract cannot say stands in its `x-anboto-…` extensions, put there by the overlay:
//!
//! | extension | on | meaning |
//! |---|---|---|
//! | `x-anboto-effect` | operation | `read`, `repeatable-write`, `write` or `never-repeated-write` |
//! | `x-anboto-unsigned` | operation | `true`: a person has confirmed that it goes out without a signature |
//! | `x-anboto-answer` | operation | how the answer is read where it is not the JSON of its schema; see [`Answer`] |
//! | `x-anboto-retired` | enum schema | values that left the contract, each with when |
//! | `x-anboto-converts-to` | enum schema | the enum that this one converts to and from, by the values they share |

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::names::{method_name, static_name, type_name};
use crate::{Error, caught};

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
    /// A person has confirmed that it is not signed.
    pub(crate) confirmed_unsigned: bool,
    /// `None`: nobody has classified it.
    pub(crate) effect: Option<Effect>,
    pub(crate) success: u16,
    pub(crate) answer: Answer,
    /// What the answer holds, if it holds anything.
    pub(crate) answer_schema: Option<Value>,
    pub(crate) summary: String,
    pub(crate) description: String,
    /// Documented statuses other than success, with their descriptions.
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
    pub(crate) schema: Value,
    /// It takes several values, and the effective contract does not say that they are joined by commas (`explode: false`).
    pub(crate) unsettled_list: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location {
    Query,
    Path,
}

pub(crate) struct Body {
    pub(crate) required: bool,
    pub(crate) description: String,
    pub(crate) schema: Value,
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
#[derive(Default)]
pub(crate) struct Schema {
    /// What errors call it: ``schema `Order` ``, or where it stands if it has no name.
    pub(crate) what: String,
    pub(crate) description: String,
    /// Of an object, sorted by name.
    pub(crate) properties: Vec<Property>,
    /// Of an enum, in the order of the contract.
    pub(crate) values: Vec<String>,
    /// Value that left the contract, to when it did.
    pub(crate) retired: BTreeMap<String, String>,
    /// The Rust name of the enum that this one converts to and from.
    pub(crate) converts_to: Option<String>,
}

pub(crate) struct Property {
    pub(crate) name: String,
    pub(crate) description: String,
}

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

impl Operation {
    pub(crate) fn method_name(&self) -> String {
        method_name(&self.id)
    }
    pub(crate) fn type_name(&self) -> String {
        type_name(&self.id)
    }
    pub(crate) fn static_name(&self) -> String {
        static_name(&self.id)
    }
}

impl Schema {
    /// What a schema says beside its properties or values.
    pub(crate) fn read(schema: &Value, what: &str) -> Self {
        Self {
            what: what.to_owned(),
            description: Self::description(schema),
            retired: object(schema, "/x-anboto-retired")
                .map(|(value, when)| (value.clone(), when.as_str().unwrap_or_default().to_owned()))
                .collect(),
            converts_to: schema
                .get("x-anboto-converts-to")
                .and_then(Value::as_str)
                .map(type_name),
            ..Self::default()
        }
    }

    /// Whether the names in it are the same.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let names = |schema: &Self| -> Vec<String> {
            schema
                .properties
                .iter()
                .map(|property| property.name.clone())
                .collect()
        };
        self.values == other.values && names(self) == names(other)
    }

    pub(crate) fn description(schema: &Value) -> String {
        text(schema, "description")
    }
}

impl Model {
    /// The schema of a type.
    pub(crate) fn schema(&self, type_name: &str) -> Option<&Schema> {
        self.schemas.get(type_name)
    }

    /// Pairs of enums that convert into each other.
    pub(crate) fn conversions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.wanted_conversions()
            .filter(|(from, to)| self.is_enum(from) && self.is_enum(to))
    }

    /// Pairs that the overlay wants converted, and of which one is no enum of the contract.
    pub(crate) fn lost_conversions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.wanted_conversions()
            .filter(|(from, to)| !self.is_enum(from) || !self.is_enum(to))
    }

    fn wanted_conversions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.schemas
            .iter()
            .filter_map(|(from, schema)| Some((from.as_str(), schema.converts_to.as_deref()?)))
    }

    fn is_enum(&self, type_name: &str) -> bool {
        self.schema(type_name)
            .is_some_and(|schema| !schema.values.is_empty())
    }
}

/// The operations of the effective contract, sorted by id.
pub(crate) fn operations(contract: &Value) -> Result<Vec<Operation>, Error> {
    let mut operations = Vec::new();
    for (path, item) in object(contract, "/paths") {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                let pointer = format!("/paths/{}/{method}", escape(path));
                let name = match text(operation, "operationId") {
                    id if id.is_empty() => format!("operation {method} {path}"),
                    id => format!("operation `{id}`"),
                };
                operations.push(caught::item("model", name, || {
                    read_operation(contract, pointer, path, method, item, operation)
                })?);
            }
        }
    }
    operations.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(operations)
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
    let (success, answer_value) = responses
        .clone()
        .find_map(|(status, response)| Some((success(status)?, resolve(contract, response))))
        .ok_or_else(|| fail("no 2xx response is documented".to_owned()))?;
    let failures = responses
        .filter(|(status, _)| self::success(status).is_none() && !status.starts_with("x-"))
        .map(|(status, response)| {
            (
                status.clone(),
                text(resolve(contract, response), "description"),
            )
        })
        .collect();
    let (answer, answer_schema) = read_answer(answer_value).map_err(fail)?;
    let answer = match operation.get("x-anboto-answer").and_then(Value::as_str) {
        None => answer,
        Some("text") => Answer::Text,
        Some("java-map") => Answer::JavaMap,
        Some("one-or-many-orders") => Answer::OneOrManyOrders,
        Some(other) => {
            return Err(fail(format!(
                "x-anboto-answer is `{other}`, which is none of text, java-map, one-or-many-orders"
            )));
        }
    };
    if answer_schema.is_none() && answer != Answer::Nothing {
        return Err(fail(
            "x-anboto-answer says how an answer is read that the contract does not have; delete it from the overlay".to_owned(),
        ));
    }
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
            let (_, media) = object(body, "/content")
                .find(|(media_type, _)| is_json(media_type))
                .ok_or_else(|| fail("its request body is not application/json".to_owned()))?;
            Some(Body {
                required: flag(body, "required"),
                description: text(body, "description"),
                schema: media.get("schema").cloned().unwrap_or_default(),
            })
        }
    };
    let security = operation
        .get("security")
        .or_else(|| contract.get("security"));
    let schemes = security
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let signed = schemes.iter().any(|one| one.get("ApiKeyAuth").is_some());
    if !signed
        && schemes
            .iter()
            .any(|one| one.as_object().is_some_and(|one| !one.is_empty()))
    {
        // Taken for unsigned, it would go out without its signature and nobody would be told.
        return Err(fail(
            "its security names another scheme than `ApiKeyAuth`; mend it in the overlay"
                .to_owned(),
        ));
    }
    let confirmed_unsigned = match operation.get("x-anboto-unsigned") {
        None => false,
        Some(Value::Bool(true)) => true,
        Some(other) => {
            return Err(fail(format!(
                "x-anboto-unsigned is `{other}`; it is `true`, or left out"
            )));
        }
    };
    Ok(Operation {
        signed,
        confirmed_unsigned,
        pointer,
        method: method.to_uppercase(),
        path: path.to_owned(),
        effect,
        success,
        answer,
        answer_schema,
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
    let style = text(parameter, "style");
    let usual = if location == Location::Path {
        "simple"
    } else {
        "form"
    };
    if !style.is_empty() && style != usual {
        return Err(format!(
            "parameter `{name}` is written in the style `{style}`; the client knows `{usual}` alone"
        ));
    }
    let schema = parameter
        .get("schema")
        .ok_or_else(|| format!("parameter `{name}` has no schema"))?;
    let is_list = text(resolve(contract, schema), "type") == "array";
    if is_list && location == Location::Path {
        return Err(format!("path parameter `{name}` is a list"));
    }
    Ok(Parameter {
        required: location == Location::Path || flag(parameter, "required"),
        description: text(parameter, "description"),
        schema: schema.clone(),
        unsettled_list: is_list && parameter.get("explode") != Some(&Value::Bool(false)),
        name,
        location,
    })
}

/// The status of a success; `2XX` counts as 200.
fn success(status: &str) -> Option<u16> {
    match status {
        "2XX" => Some(200),
        _ => status
            .parse()
            .ok()
            .filter(|status| (200..300).contains(status)),
    }
}

/// How the answer of a response is read, and its schema: JSON where there is a choice.
fn read_answer(response: &Value) -> Result<(Answer, Option<Value>), String> {
    let mut content = object(response, "/content");
    if let Some((_, media)) = content.clone().find(|(media_type, _)| is_json(media_type)) {
        return Ok((
            Answer::Json,
            Some(media.get("schema").cloned().unwrap_or_default()),
        ));
    }
    if content
        .clone()
        .any(|(media_type, _)| media_type.starts_with("text/"))
    {
        return Ok((Answer::Text, Some(json!({ "type": "string" }))));
    }
    match content.next() {
        None => Ok((Answer::Nothing, None)),
        Some((media_type, _)) => Err(format!(
            "answers with `{media_type}`; the client reads application/json and text/plain"
        )),
    }
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

fn is_json(media_type: &str) -> bool {
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

fn flag(value: &Value, key: &str) -> bool {
    value.get(key) == Some(&Value::Bool(true))
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
