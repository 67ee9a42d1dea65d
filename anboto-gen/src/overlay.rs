//! The overlay: what is known better than the contract, as OpenAPI Overlay 1.0 actions.
//!
//! ```yaml
//! overlay: 1.0.0
//! info: { title: What the contract does not say, version: '1' }
//! actions:
//!   - target: $.paths['/order/open'].get
//!     description: Lists orders and changes none.
//!     x-source: what the contract says the operation does
//!     update: { x-anboto-effect: read }
//! ```
//!
//! Stricter than the [specification][]: each action must say why it is there (`description`) and where we know it from
//! (`x-source`), must do exactly one thing (`update` or `remove: true`), and may hold no field that is not known. `extends` is
//! accepted and not followed: the caller says which contract is meant. Wider in one respect: `remove` may select anything, a
//! single value of an `enum` too.
//!
//! [specification]: https://spec.openapis.org/overlay/v1.0.0.html

mod apply;

use serde_json::Value;
use serde_json_path::JsonPath;

use crate::contract::Contract;
use crate::contract::arrived::Wanted;
use crate::contract::document::{Children, Marks, Node, kind, shown};
use crate::error::Place;
use crate::{Error, Finding, Source};

/// How deep the brackets of a target may nest. `serde_json_path` takes twice the time for every filter within a filter, and
/// recurses on each bracket.
const MAX_NESTING: usize = 8;

const WANTED: Wanted = Wanted {
    name: "an OpenAPI Overlay 1.0.x",
    field: "overlay",
    version: "1.0",
};

/// A parsed overlay: an ordered list of corrections.
#[derive(Debug, Clone)]
pub struct Overlay {
    actions: Vec<Action>,
}

/// One correction.
#[derive(Debug, Clone)]
struct Action {
    place: Place,
    target: String,
    path: JsonPath,
    reason: String,
    change: Change,
}

#[derive(Debug, Clone)]
enum Change {
    Update(Node),
    Remove,
}

impl Overlay {
    /// Reads an overlay, YAML or JSON, as strictly as a contract.
    ///
    /// # Errors
    /// When the bytes are not one strict YAML document, or it is not an OpenAPI Overlay 1.0.x with the fields that this module
    /// asks for. The message says what is wrong and where.
    pub fn parse(source: Source<'_>) -> Result<Self, Error> {
        let root = WANTED.load(source)?;
        let overlay = Fields::of("the overlay", &root.value, &root.marks)?;
        overlay.only(&["overlay", "info", "extends", "actions"])?;
        if overlay.get("extends").is_some() {
            overlay.text("extends")?;
        }
        let (value, marks) = overlay.required("info")?;
        let info = Fields::of("`info`", value, marks)?;
        info.only(&["title", "version"])?;
        info.text("title")?;
        info.text("version")?;
        let (value, marks) = overlay.required("actions")?;
        let (Value::Array(values), Children::Items(marks)) = (value, &marks.children) else {
            return Err(Error::at(
                marks.place(),
                format!("`actions` must be a list, and is {}", kind(value)),
            ));
        };
        let actions = values
            .iter()
            .zip(marks)
            .map(|(value, marks)| Action::read(value, marks));
        Ok(Self {
            actions: actions.collect::<Result<_, _>>()?,
        })
    }

    /// Corrects a contract: every action in its order, each on what the ones before it have left.
    ///
    /// An `update` merges mappings recursively, replaces scalars, and appends to lists, a list element by element, anything
    /// else as one element. An element that a list already has is not appended again: what is corrected here (`enum`,
    /// `required`, `tags`, `parameters`) are sets, and the vendor may put back what an action adds.
    ///
    /// An action that matches nothing, or changes nothing in any of its matches, is reported and does no harm.
    ///
    /// # Errors
    /// When an update does not fit what its target selects, such as a mapping for a scalar, or an action would remove the whole
    /// contract.
    pub fn apply(&self, mut contract: Contract) -> Result<(Contract, Vec<Finding>), Error> {
        let mut findings = Vec::new();
        for action in &self.actions {
            findings.extend(action.apply(&mut contract.root)?);
        }
        Ok((contract, findings))
    }
}

impl Action {
    fn read(value: &Value, marks: &Marks) -> Result<Self, Error> {
        let fields = Fields::of("an action", value, marks)?;
        fields.only(&["target", "description", "update", "remove"])?;
        let target = fields.text("target")?;
        let reason = fields.text("description")?;
        fields.text("x-source")?;
        if nesting(target) > MAX_NESTING {
            let message = format!(
                "the target nests brackets deeper than {MAX_NESTING} levels; say it in a simpler way"
            );
            return Err(fields.error_at("target", message));
        }
        let path = JsonPath::parse(target).map_err(|error| {
            let message = format!(
                "`{}` is not a JSONPath (RFC 9535): {}",
                shown(target),
                shown(&error.to_string())
            );
            fields.error_at("target", message)
        })?;
        let change = match (fields.get("update"), fields.get("remove")) {
            (Some((value, marks)), None | Some((Value::Bool(false), _))) => Change::Update(Node {
                value: value.clone(),
                marks: marks.clone(),
            }),
            (None, Some((Value::Bool(true), _))) => Change::Remove,
            (Some(_), Some((Value::Bool(true), _))) => {
                return Err(
                    fields.error("an action updates or removes, not both; make two actions of it")
                );
            }
            (_, Some((value, _))) if !value.is_boolean() => {
                let message = format!("`remove` must be true or false, and is {}", kind(value));
                return Err(fields.error_at("remove", message));
            }
            _ => return Err(fields.error("an action needs `update` or `remove: true`")),
        };
        Ok(Self {
            place: marks.place(),
            target: target.to_owned(),
            path,
            reason: reason.to_owned(),
            change,
        })
    }
}

/// A mapping of the overlay that is being read, and what to call it in an error.
struct Fields<'a> {
    what: &'static str,
    value: &'a Value,
    marks: &'a Marks,
}

impl<'a> Fields<'a> {
    fn of(what: &'static str, value: &'a Value, marks: &'a Marks) -> Result<Self, Error> {
        match value {
            Value::Object(_) => Ok(Self { what, value, marks }),
            _ => Err(Error::at(
                marks.place(),
                format!("{what} must be a mapping, and is {}", kind(value)),
            )),
        }
    }

    fn get(&self, name: &str) -> Option<(&'a Value, &'a Marks)> {
        Some((self.value.get(name)?, self.marks.child(name)?))
    }

    fn required(&self, name: &str) -> Result<(&'a Value, &'a Marks), Error> {
        self.get(name)
            .ok_or_else(|| self.error(format!("{} needs `{name}`{}", self.what, purpose(name))))
    }

    /// A required field that is text and says something.
    fn text(&self, name: &str) -> Result<&'a str, Error> {
        let (value, marks) = self.required(name)?;
        match value {
            Value::String(text) if !text.trim().is_empty() => Ok(text),
            Value::String(_) => Err(Error::at(
                marks.place(),
                format!("`{name}` is empty{}", purpose(name)),
            )),
            _ => {
                let message = format!("`{name}` must be text, and is {}; quote it", kind(value));
                Err(Error::at(marks.place(), message))
            }
        }
    }

    /// Refuses every field but these and extensions: an unknown one is a slip of the pen.
    fn only(&self, known: &[&str]) -> Result<(), Error> {
        let unknown = self
            .value
            .as_object()
            .into_iter()
            .flat_map(|fields| fields.keys())
            .find(|name| {
                let name = name.as_str();
                !known.contains(&name) && !name.starts_with("x-")
            });
        match unknown {
            None => Ok(()),
            Some(name) => {
                let known = known
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(", ");
                Err(self.error_at(
                    name,
                    format!("{} has no field `{}`, only {known}", self.what, shown(name)),
                ))
            }
        }
    }

    fn error(&self, message: impl Into<String>) -> Error {
        Error::at(self.marks.place(), message)
    }

    fn error_at(&self, name: &str, message: impl Into<String>) -> Error {
        Error::at(
            self.marks.child(name).unwrap_or(self.marks).place(),
            message,
        )
    }
}

/// How deep the brackets of a JSONPath nest, those in quotes included.
fn nesting(path: &str) -> usize {
    let depths = path.chars().scan(0_usize, |depth, c| {
        match c {
            '[' | '(' => *depth += 1,
            ']' | ')' => *depth = depth.saturating_sub(1),
            _ => {}
        }
        Some(*depth)
    });
    depths.max().unwrap_or_default()
}

/// What the fields are for that the specification does not ask for.
fn purpose(field: &str) -> &'static str {
    match field {
        "description" => ": the reason for the correction",
        "x-source" => ": where we know it from",
        _ => "",
    }
}
