//! A document as JSON values, with the place where each of them was written.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::error::Place;

/// How deep mappings and lists may nest, aliases expanded. The published contract has 11 levels. Whoever reads the values later
/// recurses on them: a thread with the usual 2 MiB of stack lets `openapiv3` go some 60 schemas deep in a debug build.
pub(crate) const MAX_DEPTH: usize = 40;

/// A value and, in parallel, where it and everything inside it was written.
///
/// The two trees have the same shape at all times: whoever changes one changes the other.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) marks: Marks,
}

/// Where a value was written, and the same for all that it holds.
///
/// The entry of a mapping was written where its key stands, any other value where it begins itself.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    pub(crate) document: Arc<str>,
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) children: Children,
}

/// The marks of what a value holds, in the shape of that value.
#[derive(Debug, Clone)]
pub(crate) enum Children {
    None,
    Items(Vec<Marks>),
    Fields(BTreeMap<String, Marks>),
}

impl Node {
    pub(crate) fn new(value: Value, marks: Marks) -> Self {
        Self { value, marks }
    }

    /// The place of the node at a JSON pointer, or of the nearest node above it that exists.
    pub(crate) fn place(&self, pointer: &str) -> Place {
        let mut nearest = &self.marks;
        for token in tokens(pointer) {
            match nearest.child(&token) {
                Some(child) => nearest = child,
                None => break,
            }
        }
        nearest.place()
    }

    /// The line and column of the node at a JSON pointer, if there is one.
    pub(crate) fn position(&self, pointer: &str) -> Option<(usize, usize)> {
        let marks = tokens(pointer).try_fold(&self.marks, |marks, token| marks.child(&token))?;
        Some((marks.line, marks.column))
    }
}

impl Marks {
    pub(crate) fn place(&self) -> Place {
        Place::position(&*self.document, self.line, self.column)
    }

    /// The marks of an entry, by its name or index as a JSON pointer writes it.
    pub(crate) fn child(&self, token: &str) -> Option<&Marks> {
        match &self.children {
            Children::None => None,
            Children::Items(items) => items.get(token.parse::<usize>().ok()?),
            Children::Fields(fields) => fields.get(token),
        }
    }
}

/// The reference tokens of a JSON pointer (RFC 6901), unescaped.
fn tokens(pointer: &str) -> impl Iterator<Item = String> {
    pointer
        .split('/')
        .skip(1)
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
}

/// Extends a JSON pointer by one token.
pub(crate) fn push(pointer: &mut String, token: &str) {
    pointer.push('/');
    pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
}

/// The JSON pointer of an entry of the node at `pointer`.
pub(crate) fn join(pointer: &str, token: &str) -> String {
    let mut joined = pointer.to_owned();
    push(&mut joined, token);
    joined
}

/// How many nodes a value consists of, and how many levels of them it has.
pub(crate) fn measure(value: &Value) -> (usize, usize) {
    let all = |(nodes, depth): (usize, usize), value: &Value| {
        let (more, below) = measure(value);
        (nodes + more, depth.max(below))
    };
    let (nodes, depth) = match value {
        Value::Array(items) => items.iter().fold((0, 0), all),
        Value::Object(fields) => fields.values().fold((0, 0), all),
        _ => (0, 0),
    };
    (nodes + 1, depth + 1)
}

/// A piece of a document as a message may show it: one line, no control characters, cut off when it is long.
///
/// What is read here may come from any server, and ends up on a terminal.
pub(crate) fn shown(text: &str) -> String {
    let mut characters = printable(text);
    let mut shown: String = characters.by_ref().take(LONGEST_SHOWN).collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// A JSON pointer as a message may show it: like [`shown`], with the end that tells it from others.
pub(crate) fn shown_pointer(pointer: &str) -> String {
    let length = printable(pointer).count();
    let cut = length.saturating_sub(LONGEST_SHOWN);
    let mark = if cut > 0 { "…" } else { "" };
    format!(
        "#{mark}{}",
        printable(pointer).skip(cut).collect::<String>()
    )
}

const LONGEST_SHOWN: usize = 100;

fn printable(text: &str) -> impl Iterator<Item = char> {
    let words = text.split_whitespace().enumerate();
    let spaced =
        words.flat_map(|(index, word)| (index > 0).then_some(' ').into_iter().chain(word.chars()));
    spaced.map(|c| if c.is_control() { '\u{fffd}' } else { c })
}

/// What a value is, with its article.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
