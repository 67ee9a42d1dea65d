//! Strict YAML 1.2, and so JSON, which is a part of it: one loader for the contract and for the overlay.
//!
//! The scanner is `granit-parser`'s; what is ours is what a document may mean. Refused are a second document, a key that stands
//! twice, tags, directives, merge keys, text that is not UTF-8, numbers that do not fit, and anything too large, too deep or
//! too often repeated through aliases. Plain scalars are read by the core schema of YAML 1.2: `NO`, `on` and `2024-03-01` are
//! text. A key is always text, as it was written: `200:` and `'200':` are the same key.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use granit_parser::{
    ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag,
};
use serde_json::{Map, Value};

use super::document::{Children, MAX_DEPTH, Marks, Node, measure, shown};
use super::{arrived, scalar};
use crate::error::Place;
use crate::{Error, Source};

/// The largest document that is read.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// How many nodes aliases may add to those that are written out.
const MAX_COPIES: usize = 100_000;

/// Reads a document. `wanted` says in an error what it should have been.
pub(crate) fn load(source: Source<'_>, wanted: &str) -> Result<Node, Error> {
    let whole = |message: String| Error::at(Place::whole(source.name), message);
    if source.bytes.len() > MAX_BYTES {
        let message = format!(
            "expected {wanted}, got {} bytes, more than the {MAX_BYTES} that are read; check the path or URL",
            source.bytes.len()
        );
        return Err(whole(message));
    }
    if let Some(arrived) = arrived::foreign(source.bytes) {
        return Err(whole(format!(
            "expected {wanted}, got {arrived}; check the path or URL"
        )));
    }
    let text =
        std::str::from_utf8(source.bytes).map_err(|error| not_utf8(source, error.valid_up_to()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Loader::new(source.name, text).document()
}

fn not_utf8(source: Source<'_>, valid_up_to: usize) -> Error {
    let (valid, rest) = source.bytes.split_at(valid_up_to);
    let valid = String::from_utf8_lossy(valid);
    let line = valid.matches('\n').count() + 1;
    let column = valid
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    let byte = rest.first().copied().unwrap_or_default();
    Error::at(
        Place::position(source.name, line, column),
        format!("the byte 0x{byte:02x} is not UTF-8; save the document as UTF-8"),
    )
}

struct Loader<'a> {
    name: Arc<str>,
    text: &'a str,
    events: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Rc<Anchored>>,
    copies: usize,
}

/// A node that aliases can repeat.
struct Anchored {
    node: Node,
    nodes: usize,
    depth: usize,
}

impl<'a> Loader<'a> {
    fn new(name: &str, text: &'a str) -> Self {
        let options = granit_parser::options! {
            strict_indentation: true,
            disallow_directives: true,
            emit_comments: false,
            // One more than is accepted, so that the limit is always reported in our words and at the node.
            flow_nesting_limit: MAX_DEPTH + 1,
            block_nesting_limit: MAX_DEPTH + 1,
        };
        Self {
            name: name.into(),
            text,
            events: Parser::new_from_str_with_options(text, options),
            anchors: HashMap::new(),
            copies: 0,
        }
    }

    /// The one document; `null` if there is none.
    fn document(mut self) -> Result<Node, Error> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) if root.is_some() => {
                    return Err(self.error(
                        span.start,
                        "a second document begins here; keep one, and remove this line",
                    ));
                }
                Event::DocumentStart(..) => {
                    let (event, span) = self.next()?;
                    root = Some(self.node(event, span, 1)?);
                }
                Event::StreamEnd => break,
                other => return Err(self.unexpected(&other, span)),
            }
        }
        let nothing = || {
            Node::new(
                Value::Null,
                self.marks(Marker::new(0, 1, 0), Children::None),
            )
        };
        Ok(root.unwrap_or_else(nothing))
    }

    /// The node that begins with `event`. Recursion is bounded by [`MAX_DEPTH`].
    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Error> {
        if depth > MAX_DEPTH {
            return Err(self.too_deep(span.start));
        }
        let (anchor, node) = match event {
            Event::Alias(anchor) => return self.alias(anchor, span, depth),
            Event::Scalar(text, style, anchor, tag) => {
                self.no_tag(tag.as_deref(), span)?;
                let value = self.scalar(&text, style, span)?;
                (
                    anchor,
                    Node::new(value, self.marks(span.start, Children::None)),
                )
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.no_tag(tag.as_deref(), span)?;
                (anchor, self.sequence(span, depth)?)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.no_tag(tag.as_deref(), span)?;
                (anchor, self.mapping(span, depth)?)
            }
            other => return Err(self.unexpected(&other, span)),
        };
        if anchor != 0 {
            self.anchor(anchor, &node, span)?;
        }
        Ok(node)
    }

    fn sequence(&mut self, span: Span, depth: usize) -> Result<Node, Error> {
        let (mut values, mut marks) = (Vec::new(), Vec::new());
        loop {
            let (event, item) = self.next()?;
            if event == Event::SequenceEnd {
                break;
            }
            let node = self.node(event, item, depth + 1)?;
            values.push(node.value);
            marks.push(node.marks);
        }
        let marks = self.marks(span.start, Children::Items(marks));
        Ok(Node::new(Value::Array(values), marks))
    }

    fn mapping(&mut self, span: Span, depth: usize) -> Result<Node, Error> {
        let (mut values, mut marks) = (Map::new(), BTreeMap::<String, Marks>::new());
        loop {
            let (event, key_span) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let key = self.key(event, key_span)?;
            if let Some(first) = marks.get(&key) {
                let (line, column) = (first.line, first.column);
                let message = format!(
                    "the key `{}` stands twice, first at {line}:{column}; keep one of the two",
                    shown(&key)
                );
                return Err(self.error(key_span.start, message));
            }
            let (event, span) = self.next()?;
            let mut node = self.node(event, span, depth + 1)?;
            (node.marks.line, node.marks.column) = position(key_span.start);
            marks.insert(key.clone(), node.marks);
            values.insert(key, node.value);
        }
        let marks = self.marks(span.start, Children::Fields(marks));
        Ok(Node::new(Value::Object(values), marks))
    }

    /// A key: the text of a scalar, whatever it would mean as a value.
    fn key(&mut self, event: Event<'a>, span: Span) -> Result<String, Error> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.no_tag(tag.as_deref(), span)?;
                if style == ScalarStyle::Plain && text == "<<" {
                    let message =
                        "a merge key (`<<`) is not part of YAML 1.2; write the entries out";
                    return Err(self.error(span.start, message));
                }
                let key = text.into_owned();
                if anchor != 0 {
                    let marks = self.marks(span.start, Children::None);
                    let node = Node::new(Value::String(key.clone()), marks);
                    self.anchor(anchor, &node, span)?;
                }
                Ok(key)
            }
            _ => Err(self.error(
                span.start,
                "a key must be written out as text; this one is a list, a mapping or an alias",
            )),
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle, span: Span) -> Result<Value, Error> {
        if style != ScalarStyle::Plain {
            return Ok(Value::String(text.to_owned()));
        }
        scalar::value(text).ok_or_else(|| {
            let message = format!(
                "the number {} is too large or not finite; if it is meant as text, quote it",
                shown(text)
            );
            self.error(span.start, message)
        })
    }

    /// Remembers a node for the aliases to come, at the price of a copy.
    fn anchor(&mut self, anchor: usize, node: &Node, span: Span) -> Result<(), Error> {
        let (nodes, depth) = measure(&node.value);
        self.copy(nodes, span.start)?;
        let node = node.clone();
        self.anchors
            .insert(anchor, Rc::new(Anchored { node, nodes, depth }));
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span, depth: usize) -> Result<Node, Error> {
        let Some(anchored) = self.anchors.get(&anchor).map(Rc::clone) else {
            let message = "this alias stands inside the node that it repeats; write the node out";
            return Err(self.error(span.start, message));
        };
        if depth + anchored.depth - 1 > MAX_DEPTH {
            return Err(self.too_deep(span.start));
        }
        self.copy(anchored.nodes, span.start)?;
        Ok(anchored.node.clone())
    }

    fn copy(&mut self, nodes: usize, at: Marker) -> Result<(), Error> {
        self.copies += nodes;
        if self.copies > MAX_COPIES {
            let message = format!(
                "anchors and aliases copy more than {MAX_COPIES} nodes up to here, as in a document that is made to \
                 fill the memory; write the nodes out"
            );
            return Err(self.error(at, message));
        }
        Ok(())
    }

    fn no_tag(&self, tag: Option<&Tag>, span: Span) -> Result<(), Error> {
        match tag {
            None => Ok(()),
            Some(tag) => {
                let written = shown(&format!("{}{}", tag.original_handle(), tag.suffix()));
                let message = format!(
                    "the tag `{written}` is not read; remove it, and quote a value that must be text"
                );
                Err(self.error(span.tag_start().unwrap_or(span.start), message))
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Error> {
        match self.events.next() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Err(Error::at(
                Place::whole(&*self.name),
                "the document ends too early",
            )),
        }
    }

    fn syntax(&self, error: &ScanError) -> Error {
        let at = *error.marker();
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            return self.too_deep(at);
        }
        let at_the_end = at
            .byte_offset()
            .is_some_and(|offset| offset >= self.text.trim_end().len());
        let unclosed = matches!(
            error.kind(),
            ErrorKind::UnclosedFlowCollection { .. } | ErrorKind::UnclosedQuotedScalar
        );
        let hint = if at_the_end || unclosed {
            "; the document may have been cut off"
        } else {
            ""
        };
        self.error(
            at,
            format!("this is not YAML: {}{hint}", shown(&error.info())),
        )
    }

    fn too_deep(&self, at: Marker) -> Error {
        let message = format!(
            "mappings and lists nest deeper than {MAX_DEPTH} levels here; no contract needs that"
        );
        self.error(at, message)
    }

    fn unexpected(&self, event: &Event<'_>, span: Span) -> Error {
        self.error(
            span.start,
            format!(
                "this is not YAML: {} was not expected here",
                shown(&format!("{event:?}"))
            ),
        )
    }

    fn error(&self, at: Marker, message: impl Into<String>) -> Error {
        let (line, column) = position(at);
        Error::at(Place::position(&*self.name, line, column), message)
    }

    fn marks(&self, at: Marker, children: Children) -> Marks {
        let (line, column) = position(at);
        Marks {
            document: Arc::clone(&self.name),
            line,
            column,
            children,
        }
    }
}

/// Line and column, both counted from 1.
fn position(marker: Marker) -> (usize, usize) {
    (marker.line(), marker.col() + 1)
}
