//! Which operation and which schema of the new contract is which of the old one.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToPascalCase, ToSnakeCase};
use serde_json::Value;

use super::ledger::leaves;
use super::normal::{Document, METHODS};
use crate::contract::document::join;

pub(super) const SCHEMAS: &str = "/components/schemas";
const REFERENCE: &str = "#/components/schemas/";

/// How much of two schemas must be the same before one may be taken for the other under a new name.
const ALIKE: f64 = 0.5;

/// An operation, by where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) pointer: String,
    pub(super) path: String,
    pub(super) method: String,
    pub(super) id: String,
}

/// What became of what.
#[derive(Debug, Default)]
pub(super) struct Matches {
    pub(super) operations: Vec<(Operation, Operation)>,
    pub(super) operations_removed: Vec<Operation>,
    pub(super) operations_added: Vec<Operation>,
    /// Schemas under their own names, and those that have another one, as (old, new). In a group that was merged or split one
    /// name stands more than once.
    pub(super) schemas: BTreeSet<(String, String)>,
}

pub(super) fn operations(document: &Document) -> Vec<Operation> {
    let paths = document.get("/paths").and_then(Value::as_object);
    let items = paths.into_iter().flatten();
    let operations = items.flat_map(|(path, item)| {
        METHODS.iter().filter_map(move |method| {
            let operation = item.get(method)?;
            Some(Operation {
                pointer: join(&join("/paths", path), method),
                path: path.clone(),
                method: method.to_uppercase(),
                id: operation
                    .get("operationId")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
            })
        })
    });
    operations.collect()
}

/// The name in a reference to a schema.
pub(super) fn referred(value: &Value) -> Option<&str> {
    value.get("$ref")?.as_str()?.strip_prefix(REFERENCE)
}

impl Matches {
    pub(super) fn find(old: &Document, new: &Document) -> Self {
        let mut matches = Self::default();
        matches.match_operations(operations(old), operations(new));
        matches.match_schemas(old, new);
        matches
    }

    /// Whether a schema of the old contract is one of the new contract.
    pub(super) fn is(&self, old: &str, new: &str) -> bool {
        self.schemas.contains(&(old.to_owned(), new.to_owned()))
    }

    /// By name first, in any style of spelling; then by place.
    fn match_operations(&mut self, mut old: Vec<Operation>, mut new: Vec<Operation>) {
        let same: [fn(&Operation, &Operation) -> bool; 3] = [
            |old, new| !old.id.is_empty() && old.id == new.id,
            |old, new| !old.id.is_empty() && old.id.to_snake_case() == new.id.to_snake_case(),
            |old, new| (&old.path, &old.method) == (&new.path, &new.method),
        ];
        for same in same {
            old.retain(|old| {
                let found = new.iter().position(|new| same(old, new));
                if let Some(found) = found {
                    let new = new.remove(found);
                    self.operations.push((old.clone(), new));
                }
                found.is_none()
            });
        }
        self.operations_removed = old;
        self.operations_added = new;
    }

    fn match_schemas(&mut self, old: &Document, new: &Document) {
        let (olds, news) = (schemas(old), schemas(new));
        for name in olds.keys().filter(|name| news.contains_key(*name)) {
            self.schemas.insert((name.clone(), name.clone()));
        }
        let gone = |name: &String| !news.contains_key(name);
        let come = |name: &String| !olds.contains_key(name);
        // A name that is only spelt in another style makes the same type.
        for old in olds.keys().filter(|name| gone(name)) {
            let mut same = news
                .keys()
                .filter(|name| come(name) && name.to_pascal_case() == old.to_pascal_case());
            if let (Some(new), None) = (same.next(), same.next()) {
                self.schemas.insert((old.clone(), new.clone()));
            }
        }
        // Each round may show that what holds a reference has only moved, and so tell more of what it refers to.
        for _ in 0..4 {
            let before = self.schemas.len();
            self.match_by_use(old, new, &olds, &news);
            self.match_by_shape(&olds, &news);
            if self.schemas.len() == before {
                break;
            }
        }
    }

    /// Schemas that stand in each other's place, and are alike. Several that are the same may have become one, or one several.
    fn match_by_use(&mut self, old: &Document, new: &Document, olds: &Named<'_>, news: &Named<'_>) {
        let mut pairs: Vec<(f64, &str, &str)> = Vec::new();
        let homes = self
            .operations
            .iter()
            .map(|(old, new)| (old.pointer.clone(), new.pointer.clone()))
            .chain(self.schemas.iter().map(|(old, new)| (home(old), home(new))));
        for (old_home, new_home) in homes {
            let (Some(old), Some(new)) = (old.get(&old_home), new.get(&new_home)) else {
                continue;
            };
            let (old, new) = (references(old), references(new));
            for (at, old) in &old {
                let Some(new) = new.get(at) else { continue };
                if news.contains_key(*old) || olds.contains_key(*new) || self.is(old, new) {
                    continue;
                }
                if let (Some(old_schema), Some(new_schema)) = (olds.get(*old), news.get(*new)) {
                    pairs.push((alike(old_schema, new_schema), old, new));
                }
            }
        }
        pairs.retain(|(alike, _, _)| *alike >= ALIKE);
        // The same order whichever document is the old one.
        pairs.sort_by(|a, b| {
            let names = |pair: &(f64, &str, &str)| {
                let (old, new) = (pair.1.to_owned(), pair.2.to_owned());
                (old.clone().min(new.clone()), old.max(new))
            };
            b.0.total_cmp(&a.0).then_with(|| names(a).cmp(&names(b)))
        });
        for (_, old, new) in pairs {
            let new_names = self.new_names(old);
            let old_names = self.old_names(new);
            let fits = match (new_names.as_slice(), old_names.as_slice()) {
                ([], []) => true,
                // Merged: the others are only this one under more names.
                ([], others) => others.iter().all(|other| {
                    self.new_names(other).len() == 1 && Shapes::within(olds).same(old, other)
                }),
                // Split.
                (others, []) => others.iter().all(|other| {
                    self.old_names(other).len() == 1 && Shapes::within(news).same(new, other)
                }),
                _ => false,
            };
            if fits {
                self.schemas.insert((old.to_owned(), new.to_owned()));
            }
        }
    }

    /// Schemas of equal shape, where there is only one such pair.
    fn match_by_shape(&mut self, olds: &Named<'_>, news: &Named<'_>) {
        let free_old = olds.keys().filter(|name| self.new_names(name).is_empty());
        let free_new: Vec<_> = news
            .keys()
            .filter(|name| self.old_names(name).is_empty())
            .collect();
        let pairs: Vec<(&String, &String)> = free_old
            .flat_map(|old| free_new.iter().map(move |new| (old, *new)))
            .filter(|(old, new)| {
                let mut shapes = Shapes {
                    left: olds,
                    right: news,
                    matches: Some(&*self),
                    assumed: BTreeSet::new(),
                };
                shapes.same(old, new)
            })
            .collect();
        let only = |(old, new): &&(&String, &String)| {
            let same_old = pairs.iter().filter(|pair| pair.0 == *old).count();
            let same_new = pairs.iter().filter(|pair| pair.1 == *new).count();
            (same_old, same_new) == (1, 1)
        };
        let found: Vec<_> = pairs
            .iter()
            .filter(only)
            .map(|(old, new)| ((*old).clone(), (*new).clone()))
            .collect();
        self.schemas.extend(found);
    }

    pub(super) fn new_names(&self, old: &str) -> Vec<String> {
        let pairs = self.schemas.iter().filter(|pair| pair.0 == old);
        pairs.map(|pair| pair.1.clone()).collect()
    }

    pub(super) fn old_names(&self, new: &str) -> Vec<String> {
        let pairs = self.schemas.iter().filter(|pair| pair.1 == new);
        pairs.map(|pair| pair.0.clone()).collect()
    }
}

type Named<'a> = BTreeMap<String, &'a Value>;

/// The schemas of a document by name.
pub(super) fn schemas(document: &Document) -> Named<'_> {
    let schemas = document.get(SCHEMAS).and_then(Value::as_object);
    schemas
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.clone(), schema))
        .collect()
}

/// Where a schema stands.
pub(super) fn home(name: &str) -> String {
    join(SCHEMAS, name)
}

/// The references to schemas in a value: where, and to which.
pub(super) fn references(value: &Value) -> BTreeMap<String, &str> {
    leaves(value)
        .into_iter()
        .filter(|(pointer, _)| pointer.ends_with("/$ref"))
        .filter_map(|(pointer, value)| Some((pointer, value.as_str()?.strip_prefix(REFERENCE)?)))
        .collect()
}

/// How much two schemas have in common, from 0 to 1.
fn alike(old: &Value, new: &Value) -> f64 {
    if old.get("type") != new.get("type") {
        return 0.0;
    }
    let names = |schema: &Value| -> BTreeSet<String> {
        let of = |key| schema.get(key).and_then(Value::as_object);
        let properties = of("properties").into_iter().flatten();
        let values = of("enum").into_iter().flatten();
        properties
            .map(|(name, _)| name.to_snake_case())
            .chain(values.map(|(value, _)| value.clone()))
            .collect()
    };
    let (old, new) = (names(old), names(new));
    #[expect(clippy::cast_precision_loss, reason = "schemas have few properties")]
    match old.union(&new).count() {
        0 => 0.0,
        all => old.intersection(&new).count() as f64 / all as f64,
    }
}

/// Compares schemas by all that is more than words, through references.
pub(super) struct Shapes<'a> {
    pub(super) left: &'a Named<'a>,
    pub(super) right: &'a Named<'a>,
    pub(super) matches: Option<&'a Matches>,
    /// Pairs that are being compared further up: a circle is equal if the rest is.
    pub(super) assumed: BTreeSet<(String, String)>,
}

impl<'a> Shapes<'a> {
    fn within(schemas: &'a Named<'a>) -> Self {
        Self {
            left: schemas,
            right: schemas,
            matches: None,
            assumed: BTreeSet::new(),
        }
    }

    pub(super) fn same(&mut self, left: &str, right: &str) -> bool {
        let matched = match self.matches {
            Some(matches) => matches.is(left, right),
            None => left == right,
        };
        if matched || !self.assumed.insert((left.to_owned(), right.to_owned())) {
            return true;
        }
        match (self.left.get(left), self.right.get(right)) {
            (Some(left), Some(right)) => self.same_value(left, right, false),
            _ => false,
        }
    }

    /// `named`: the keys are names of the contract's own, and none of them is a keyword.
    fn same_value(&mut self, left: &Value, right: &Value, named: bool) -> bool {
        match (left, right) {
            (Value::Object(left), Value::Object(right)) => {
                let counts = |key: &&String| named || !is_words(key);
                let keys: BTreeSet<&String> =
                    left.keys().chain(right.keys()).filter(counts).collect();
                keys.into_iter().all(|key| {
                    let (Some(left), Some(right)) = (left.get(key), right.get(key)) else {
                        return false;
                    };
                    if key == "$ref" && !named {
                        let name = |value: &'_ Value| {
                            let text = value.as_str()?;
                            text.strip_prefix(REFERENCE).map(str::to_owned)
                        };
                        if let (Some(left), Some(right)) = (name(left), name(right)) {
                            return self.same(&left, &right);
                        }
                    }
                    self.same_value(left, right, !named && key == "properties")
                })
            }
            (Value::Array(left), Value::Array(right)) => {
                left.len() == right.len()
                    && left
                        .iter()
                        .zip(right)
                        .all(|(left, right)| self.same_value(left, right, false))
            }
            _ => left == right,
        }
    }
}

/// Whether a field of a schema is for readers only.
pub(super) fn is_words(key: &str) -> bool {
    let key = key.strip_suffix(" (inner)").unwrap_or(key);
    matches!(
        key,
        "description" | "title" | "summary" | "example" | "examples" | "externalDocs"
    ) || key.starts_with("x-")
}
