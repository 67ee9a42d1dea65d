//! Where the schemas of a document are used: which operations reach them, which way, and through which fields.

use std::collections::{BTreeMap, BTreeSet};

use super::matching::{SCHEMAS, operations, references, schemas};
use super::normal::Document;
use super::rules::Use;

/// How many ways from one operation to one schema are listed.
const MOST_WAYS: usize = 8;

/// A place that a change reaches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// The operation.
    pub operation: String,
    /// Whether it is sent or read there.
    pub used: Use,
    /// The fields on the way, such as `orders[].side`; empty where the whole body is meant.
    pub fields: String,
}

impl std::fmt::Display for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            operation,
            used,
            fields,
        } = self;
        write!(f, "{operation} {}", used.as_str())?;
        match fields.as_str() {
            "" => Ok(()),
            fields => write!(f, " {fields}"),
        }
    }
}

/// A reference from one schema to another.
#[derive(Debug)]
struct Step {
    fields: String,
    to: String,
}

/// A reference from an operation to a schema.
#[derive(Debug)]
struct Entry {
    pointer: String,
    operation: String,
    used: Use,
    fields: String,
    to: String,
}

pub(super) struct Uses {
    entries: Vec<Entry>,
    steps: BTreeMap<String, Vec<Step>>,
    /// Each operation's id by its pointer.
    operations: BTreeMap<String, String>,
}

impl Uses {
    pub(super) fn of(document: &Document) -> Self {
        let mut entries = Vec::new();
        let mut ids = BTreeMap::new();
        for operation in operations(document) {
            let Some(value) = document.get(&operation.pointer) else {
                continue;
            };
            let name = if operation.id.is_empty() {
                format!("{} {}", operation.method, operation.path)
            } else {
                operation.id
            };
            for (at, to) in references(value) {
                let at = at.trim_end_matches("/$ref");
                let Some((used, fields)) = inside(at) else {
                    continue;
                };
                entries.push(Entry {
                    pointer: operation.pointer.clone(),
                    operation: name.clone(),
                    used,
                    fields,
                    to: to.to_owned(),
                });
            }
            ids.insert(operation.pointer, name);
        }
        let steps = schemas(document)
            .into_iter()
            .map(|(name, schema)| {
                let steps = references(schema).into_iter().map(|(at, to)| Step {
                    fields: path(at.trim_end_matches("/$ref")),
                    to: to.to_owned(),
                });
                (name, steps.collect())
            })
            .collect();
        Self {
            entries,
            steps,
            operations: ids,
        }
    }

    /// Where the node at a pointer is used. For what stands outside of operations and schemas: nowhere.
    pub(super) fn sites(&self, pointer: &str) -> BTreeSet<Site> {
        if let Some((name, rest)) = below_schema(pointer) {
            return self.ways(&name, &path(&rest));
        }
        let Some((operation, rest)) = self.operation(pointer) else {
            return BTreeSet::new();
        };
        // What is neither sent nor read, such as the path, is sent.
        let (used, fields) = inside(rest).unwrap_or((Use::Request, String::new()));
        BTreeSet::from([Site {
            operation: operation.to_owned(),
            used,
            fields,
        }])
    }

    /// The operation that a pointer leads into, and the rest of the pointer.
    pub(super) fn operation<'p>(&self, pointer: &'p str) -> Option<(&str, &'p str)> {
        let mut operations = self.operations.iter();
        let (at, name) = operations.find(|(at, _)| is_below(pointer, at))?;
        Some((name, &pointer[at.len()..]))
    }

    /// Every operation.
    pub(super) fn everywhere(&self) -> BTreeSet<Site> {
        let all = self.operations.values();
        all.map(|operation| Site {
            operation: operation.clone(),
            used: Use::Request,
            fields: String::new(),
        })
        .collect()
    }

    fn ways(&self, schema: &str, rest: &str) -> BTreeSet<Site> {
        let leading = self.leading_to(schema);
        let mut sites = BTreeSet::new();
        let mut found: BTreeMap<(&str, Use), usize> = BTreeMap::new();
        // Breadth first, so that the shortest ways are those that are listed.
        let mut queue: std::collections::VecDeque<(&Entry, Vec<&str>, String)> = self
            .entries
            .iter()
            .filter(|entry| leading.contains(entry.to.as_str()))
            .map(|entry| (entry, vec![entry.to.as_str()], entry.fields.clone()))
            .collect();
        let mut budget = 10_000_usize;
        while let (Some((entry, through, fields)), Some(left)) =
            (queue.pop_front(), budget.checked_sub(1))
        {
            budget = left;
            let Some(last) = through.last().copied() else {
                continue;
            };
            let count = found
                .entry((entry.pointer.as_str(), entry.used))
                .or_default();
            if *count >= MOST_WAYS {
                continue;
            }
            if last == schema {
                *count += 1;
                sites.insert(Site {
                    operation: entry.operation.clone(),
                    used: entry.used,
                    fields: joined(&fields, rest),
                });
                continue;
            }
            for step in self.steps.get(last).into_iter().flatten() {
                let to = step.to.as_str();
                if leading.contains(to) && !through.contains(&to) {
                    let mut through = through.clone();
                    through.push(to);
                    queue.push_back((entry, through, joined(&fields, &step.fields)));
                }
            }
        }
        sites
    }

    /// The schemas from which references lead to a schema, and itself.
    fn leading_to(&self, schema: &str) -> BTreeSet<&str> {
        let mut leading: BTreeSet<&str> = BTreeSet::new();
        let mut next: Vec<String> = vec![schema.to_owned()];
        let name_of = |name: &str| {
            self.steps
                .get_key_value(name)
                .map(|(name, _)| name.as_str())
        };
        while let Some(name) = next.pop() {
            let Some(name) = name_of(&name) else { continue };
            if leading.insert(name) {
                next.extend(
                    self.steps
                        .iter()
                        .filter(|(_, steps)| steps.iter().any(|step| step.to == name))
                        .map(|(from, _)| from.clone()),
                );
            }
        }
        leading
    }
}

/// Whether a pointer leads to a node or to something below it.
pub(super) fn is_below(pointer: &str, node: &str) -> bool {
    pointer
        .strip_prefix(node)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The schema that a pointer leads into, and the rest of the pointer.
pub(super) fn below_schema(pointer: &str) -> Option<(String, String)> {
    let rest = pointer.strip_prefix(SCHEMAS)?.strip_prefix('/')?;
    let (name, rest) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, ""),
    };
    Some((unescaped(name), rest.to_owned()))
}

pub(super) fn unescaped(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// Whether a node of an operation is sent or read, and the fields that lead to it.
fn inside(pointer: &str) -> Option<(Use, String)> {
    let tokens: Vec<String> = pointer.split('/').skip(1).map(unescaped).collect();
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    Some(match tokens.as_slice() {
        ["parameters", key, rest @ ..] => {
            let name = key.split_once(':').map_or(*key, |(_, name)| name);
            (Use::Request, joined(name, &fields(rest)))
        }
        ["requestBody", rest @ ..] => (Use::Request, fields(rest)),
        ["responses", status, rest @ ..] if status.starts_with('2') => {
            (Use::Response, fields(rest))
        }
        ["responses", status, rest @ ..] => (Use::Failure, joined(status, &fields(rest))),
        _ => return None,
    })
}

/// A part of an operation in a few words.
pub(super) fn item(pointer: &str) -> String {
    let tokens: Vec<String> = pointer.split('/').skip(1).map(unescaped).collect();
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let fields = |what: String, rest: &[&str]| match fields(rest) {
        fields if fields.is_empty() => what,
        fields => format!("{what} {fields}"),
    };
    match tokens.as_slice() {
        ["parameters", key, rest @ ..] => {
            let name = key.split_once(':').map_or(*key, |(_, name)| name);
            fields(name.to_owned(), rest)
        }
        ["requestBody", rest @ ..] => fields("body".to_owned(), rest),
        ["responses", status, rest @ ..] => fields(format!("answer {status}"), rest),
        [first, ..] => (*first).to_owned(),
        [] => String::new(),
    }
}

/// The fields on a way through a schema, as code would write them.
pub(super) fn path(pointer: &str) -> String {
    let tokens: Vec<String> = pointer.split('/').skip(1).map(unescaped).collect();
    fields(&tokens.iter().map(String::as_str).collect::<Vec<_>>())
}

fn fields(tokens: &[&str]) -> String {
    let mut fields = String::new();
    let mut rest = tokens;
    loop {
        rest = match rest {
            ["properties", name, rest @ ..] => {
                fields = joined(&fields, name);
                rest
            }
            ["items", rest @ ..] => {
                fields.push_str("[]");
                rest
            }
            ["additionalProperties", rest @ ..] => {
                fields.push_str("{}");
                rest
            }
            ["content", _, rest @ ..] => rest,
            ["headers", name, rest @ ..] => {
                fields = joined(&fields, name);
                rest
            }
            ["required", name] => return joined(&fields, name),
            [_, rest @ ..] => rest,
            [] => return fields,
        };
    }
}

fn joined(first: &str, second: &str) -> String {
    if first.is_empty() || second.is_empty() || second.starts_with(['[', '{']) {
        format!("{first}{second}")
    } else {
        format!("{first}.{second}")
    }
}
