//! Walks two contracts side by side. Each differing place becomes part of one fact, by the rule that knows it.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToPascalCase, ToSnakeCase};
use serde_json::{Map, Value, json};

use super::ledger::{Ledger, Side, is_empty, leaves};
use super::matching::{Matches, Operation, home, is_words, referred, schemas};
use super::normal::Document;
use super::prose;
use super::rules::{self, Level, Rule, Use};
use super::uses::Uses;
use crate::contract::document::join;

/// A change, before it is judged.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) rule: &'static Rule,
    /// Where it stands: in the old document, or in the new one if the old one has no such place. More than one place when the
    /// same change was made in each of them.
    pub(super) at: Vec<(Side, String)>,
    pub(super) old: Value,
    pub(super) new: Value,
    /// What differs inside, where that decides.
    pub(super) parts: Vec<String>,
    /// What the parts do to the wire, where the rule leaves that to them.
    pub(super) inside: Level,
    /// Holds for the whole API, whatever its place.
    pub(super) everywhere: bool,
}

/// A node of the old document, and the node of the new one that it became.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    old: String,
    new: String,
}

impl Pair {
    fn both(pointer: &str) -> Self {
        Self {
            old: pointer.to_owned(),
            new: pointer.to_owned(),
        }
    }

    fn child(&self, key: &str) -> Self {
        self.children(key, key)
    }

    fn children(&self, old: &str, new: &str) -> Self {
        Self {
            old: join(&self.old, old),
            new: join(&self.new, new),
        }
    }
}

/// Two documents, what became of what, and what has been found so far.
pub(super) struct Walk<'a> {
    old: &'a Document,
    new: &'a Document,
    /// The same with the overlay applied: these the code is generated from.
    effective: (&'a Document, &'a Document),
    matches: &'a Matches,
    uses: &'a Uses,
    pub(super) ledger: Ledger,
    pub(super) facts: Vec<Fact>,
    by_key: BTreeMap<(&'static str, String), usize>,
    renames: BTreeMap<(String, String), usize>,
    /// Pairs of schemas that are being held against each other.
    probing: BTreeSet<Pair>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        old: &'a Document,
        new: &'a Document,
        effective: (&'a Document, &'a Document),
        matches: &'a Matches,
        uses: &'a Uses,
    ) -> Self {
        Self {
            ledger: Ledger::open(&old.value, &new.value),
            old,
            new,
            effective,
            matches,
            uses,
            facts: Vec::new(),
            by_key: BTreeMap::new(),
            renames: BTreeMap::new(),
            probing: BTreeSet::new(),
        }
    }

    /// Finds every fact.
    pub(super) fn run(&mut self) {
        self.schemas();
        self.document();
        self.operations();
        self.unknown();
    }

    // Facts.

    fn value(&self, side: Side, pointer: &str) -> Option<&'a Value> {
        match side {
            Side::Old => self.old.get(pointer),
            Side::New => self.new.get(pointer),
        }
    }

    fn values(&self, pair: &Pair) -> (Option<&'a Value>, Option<&'a Value>) {
        (self.old.get(&pair.old), self.new.get(&pair.new))
    }

    /// The fact of a rule at a place, or the one that is already known under the key.
    fn fact(
        &mut self,
        rule: &'static Rule,
        key: Option<String>,
        side: Side,
        at: &str,
        old: Value,
        new: Value,
    ) -> usize {
        let document = match side {
            Side::Old => self.old,
            Side::New => self.new,
        };
        let origin = document.origin(at);
        // What stands once in the components and was taken in by many is one fact.
        let shared = origin.starts_with("/components/") && !at.starts_with("/components/");
        let key = key.unwrap_or_else(|| if shared { origin } else { at.to_owned() });
        let place = (side, at.to_owned());
        if let Some(known) = self.by_key.get(&(rule.id, key.clone())) {
            if let Some(fact) = self.facts.get_mut(*known)
                && !fact.at.contains(&place)
            {
                fact.at.push(place);
            }
            return *known;
        }
        self.by_key.insert((rule.id, key), self.facts.len());
        self.facts.push(Fact {
            rule,
            at: vec![place],
            old,
            new,
            parts: Vec::new(),
            inside: Level::None,
            everywhere: false,
        });
        self.facts.len() - 1
    }

    fn claim(&mut self, pair: &Pair, fact: usize) {
        self.ledger.claim(Side::Old, &pair.old, fact);
        self.ledger.claim(Side::New, &pair.new, fact);
    }

    /// Something that only the one document has.
    fn one_sided(&mut self, rule: &'static Rule, side: Side, at: &str, what: Value) -> usize {
        let (old, new) = match side {
            Side::Old => (what, Value::Null),
            Side::New => (Value::Null, what),
        };
        let fact = self.fact(rule, None, side, at, old, new);
        self.ledger.claim(side, at, fact);
        fact
    }

    /// A node whose change is one fact, whatever changed in it. `None` if it did not change.
    fn whole(&mut self, rule: &'static Rule, pair: &Pair) -> Option<usize> {
        let (old, new) = self.values(pair);
        if old == new {
            return None;
        }
        let (side, at) = match old {
            Some(_) => (Side::Old, &pair.old),
            None => (Side::New, &pair.new),
        };
        let fact = self.fact(rule, None, side, at, or_null(old), or_null(new));
        self.claim(pair, fact);
        Some(fact)
    }

    /// Gives what is equal in both, and differs only in where it stands, to the fact that moved it.
    fn settle(&mut self, pair: &Pair, fact: usize) {
        let (Some(old), Some(new)) = self.values(pair) else {
            return;
        };
        let (old, new) = (leaves(old), leaves(new));
        for (at, value) in &old {
            // Of a mapping that was empty, what fills it now is told; and the reverse.
            let filled =
                is_empty(value) && new.keys().any(|other| other.starts_with(&format!("{at}/")));
            if filled || new.get(at) == Some(value) {
                self.ledger
                    .claim(Side::Old, &format!("{}{at}", pair.old), fact);
            }
        }
        for (at, value) in &new {
            let filled =
                is_empty(value) && old.keys().any(|other| other.starts_with(&format!("{at}/")));
            if filled || old.get(at) == Some(value) {
                self.ledger
                    .claim(Side::New, &format!("{}{at}", pair.new), fact);
            }
        }
    }

    /// What nobody has claimed, each at the highest node that only one document has.
    fn unknown(&mut self) {
        for (side, pointer) in self.ledger.unclaimed() {
            let (here, there) = match side {
                Side::Old => (self.old, self.new),
                Side::New => (self.new, self.old),
            };
            let mut top = pointer.as_str();
            while let Some(slash) = top.rfind('/') {
                if slash == 0 || there.get(&top[..slash]).is_some() {
                    break;
                }
                // A part of what is claimed by others is told by itself.
                top = &top[..slash];
            }
            let value = or_null(here.get(top));
            let other = or_null(there.get(top));
            let (old, new) = match side {
                Side::Old => (value, other),
                Side::New => (other, value),
            };
            let top = top.to_owned();
            let fact = self.fact(&rules::UNKNOWN, Some(top.clone()), side, &top, old, new);
            self.ledger.claim(side, &pointer, fact);
        }
    }

    // The document.

    fn document(&mut self) {
        let root = Pair::both("");
        for key in self.keys(&root) {
            let pair = root.child(&key);
            match key.as_str() {
                "openapi" | "externalDocs" => {
                    self.whole(&rules::INFO_CHANGED, &pair);
                }
                "info" => {
                    for key in self.keys(&pair) {
                        let pair = pair.child(&key);
                        match key.as_str() {
                            "description" => self.prose(&pair),
                            _ => {
                                self.whole(&rules::INFO_CHANGED, &pair);
                            }
                        }
                    }
                }
                "servers" => self.servers(&pair),
                "tags" => {
                    self.whole(&rules::TAGS_CHANGED, &pair);
                }
                "paths" => self.path_items(&pair),
                "components" => self.components(&pair),
                other => self.extension(other, &pair),
            }
        }
    }

    fn keys(&self, pair: &Pair) -> Vec<String> {
        let (old, new) = self.values(pair);
        let keys: BTreeSet<String> = [old, new]
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .flat_map(Map::keys)
            .cloned()
            .collect();
        keys.into_iter().collect()
    }

    fn extension(&mut self, key: &str, pair: &Pair) {
        // Our own extensions would steer the generator: nobody but the overlay may set them.
        if key.starts_with("x-") && !key.starts_with("x-anboto-") {
            self.whole(&rules::EXTENSION_CHANGED, pair);
        }
    }

    fn servers(&mut self, pair: &Pair) {
        for url in self.keys(pair) {
            let server = pair.child(&url);
            match self.values(&server) {
                (Some(_), None) => {
                    let fact =
                        self.one_sided(&rules::SERVER_REMOVED, Side::Old, &server.old, json!(url));
                    self.make_general(fact, &server.old);
                }
                (None, Some(_)) => {
                    let fact =
                        self.one_sided(&rules::SERVER_ADDED, Side::New, &server.new, json!(url));
                    self.make_general(fact, &server.new);
                }
                _ => {
                    self.prose(&server.child("description"));
                }
            }
        }
    }

    /// Servers of the document are those of every operation.
    fn make_general(&mut self, fact: usize, at: &str) {
        if let Some(fact) = self.facts.get_mut(fact) {
            fact.everywhere = at.starts_with("/servers") || at.starts_with("/components");
        }
    }

    fn path_items(&mut self, paths: &Pair) {
        for path in self.keys(paths) {
            let item = paths.child(&path);
            if path.starts_with("x-") {
                self.extension(&path, &item);
                continue;
            }
            for key in self.keys(&item) {
                let pair = item.child(&key);
                match key.as_str() {
                    "summary" | "description" => self.prose(&pair),
                    "servers" => self.servers(&pair),
                    _ if super::normal::METHODS.contains(&key.as_str()) => {}
                    _ => self.extension(&key, &pair),
                }
            }
        }
    }

    fn components(&mut self, components: &Pair) {
        for kind in self.keys(components) {
            let pair = components.child(&kind);
            match kind.as_str() {
                "schemas" => {}
                "securitySchemes" => self.security_schemes(&pair),
                other if other.starts_with("x-") => self.extension(other, &pair),
                _ => {
                    for name in self.keys(&pair) {
                        self.whole(&rules::UNUSED_COMPONENT_CHANGED, &pair.child(&name));
                    }
                }
            }
        }
    }

    fn security_schemes(&mut self, schemes: &Pair) {
        for name in self.keys(schemes) {
            let pair = schemes.child(&name);
            let (rule, side, at) = match self.values(&pair) {
                (Some(_), None) => (&rules::SECURITY_SCHEME_REMOVED, Side::Old, pair.old.clone()),
                (None, Some(_)) => (&rules::SECURITY_SCHEME_ADDED, Side::New, pair.new.clone()),
                _ => {
                    self.prose(&pair.child("description"));
                    for key in self.keys(&pair) {
                        if key.starts_with("x-") {
                            self.extension(&key, &pair.child(&key));
                        } else if key != "description"
                            && let Some(fact) =
                                self.whole(&rules::SECURITY_SCHEME_CHANGED, &pair.child(&key))
                        {
                            self.make_general(fact, "/components");
                        }
                    }
                    continue;
                }
            };
            let value = or_null(self.value(side, &at));
            let fact = self.one_sided(rule, side, &at, value);
            self.make_general(fact, "/components");
        }
    }

    // Prose.

    fn prose(&mut self, pair: &Pair) {
        let (old, new) = self.values(pair);
        if old == new {
            return;
        }
        let part = |value: Option<&'a Value>, name: &str| value.and_then(|value| value.get(name));
        let names = |value: Option<&'a Value>| -> BTreeSet<&'a str> {
            let names = value.and_then(Value::as_object).into_iter().flatten();
            names.map(|(name, _)| name.as_str()).collect()
        };
        let mut replaced: Vec<(&str, usize)> = Vec::new();
        for (name, rule) in [
            ("hosts", &rules::HOSTS_CHANGED),
            ("headers", &rules::HEADERS_CHANGED),
        ] {
            let (olds, news) = (names(part(old, name)), names(part(new, name)));
            if olds == news {
                continue;
            }
            let gone: Vec<&str> = olds.difference(&news).copied().collect();
            let come: Vec<&str> = news.difference(&olds).copied().collect();
            let key = format!("{gone:?} {come:?}");
            let at = self.side_of(&pair.child(name));
            let fact = self.fact(rule, Some(key), at.0, &at.1, json!(gone), json!(come));
            self.claim(&pair.child(name), fact);
            replaced.extend(gone.into_iter().chain(come).map(|word| (word, fact)));
        }
        // The longest first, for one host may begin like another.
        replaced.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        for (name, rule) in [
            ("signing", &rules::SIGNING_CHANGED),
            ("words", &rules::PROSE_CHANGED),
        ] {
            let pair = pair.child(name);
            if !self.ledger.is_open(Side::Old, &pair.old)
                && !self.ledger.is_open(Side::New, &pair.new)
            {
                continue;
            }
            let text = |value| {
                part(value, name)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            let (old, new) = (text(old), text(new));
            let blanked = |text: &str| {
                let replace = |text: String, (word, _): &(&str, usize)| text.replace(word, "\u{0}");
                replaced.iter().fold(text.to_owned(), replace)
            };
            if let Some((_, fact)) = replaced.first()
                && !old.is_empty()
                && blanked(old) == blanked(new)
            {
                self.claim(&pair, *fact);
                continue;
            }
            if old == new {
                // Only where it stands has changed: that is for whoever moved it.
                continue;
            }
            let (gone, come) = prose::differing_sentences(old, new);
            let key = format!("{gone:?} {come:?}");
            let text = |texts: Vec<String>| match texts.join(" ") {
                text if text.is_empty() => Value::Null,
                text => Value::String(text),
            };
            let at = self.side_of(&pair);
            let fact = self.fact(rule, Some(key), at.0, &at.1, text(gone), text(come));
            self.claim(&pair, fact);
        }
    }

    fn side_of(&self, pair: &Pair) -> (Side, String) {
        match self.old.get(&pair.old) {
            Some(_) => (Side::Old, pair.old.clone()),
            None => (Side::New, pair.new.clone()),
        }
    }

    /// Title, description, example and what else is there for readers; whether the key is one of those.
    fn words(&mut self, key: &str, pair: &Pair) -> bool {
        match key.strip_suffix(" (inner)").unwrap_or(key) {
            "description" | "summary" | "title" => self.prose(pair),
            "example" | "examples" => {
                self.whole(&rules::EXAMPLE_CHANGED, pair);
            }
            "externalDocs" => {
                self.whole(&rules::PROSE_CHANGED, pair);
            }
            "deprecated" => match self.values(pair) {
                (None, Some(_)) => {
                    self.one_sided(&rules::DEPRECATED, Side::New, &pair.new, json!(true));
                }
                (Some(_), None) => {
                    let rule = &rules::NO_LONGER_DEPRECATED;
                    self.one_sided(rule, Side::Old, &pair.old, json!(true));
                }
                _ => {}
            },
            _ if key.starts_with("x-") => self.extension(key, pair),
            _ => return false,
        }
        true
    }

    // Operations.

    fn operations(&mut self) {
        let matches = self.matches;
        for operation in &matches.operations_removed {
            let rules = (&rules::OPERATION_REMOVED, &rules::WRITING_GET_REMOVED);
            self.whole_operation(rules, Side::Old, operation);
        }
        for operation in &matches.operations_added {
            let rules = (&rules::OPERATION_ADDED, &rules::WRITING_GET_ADDED);
            self.whole_operation(rules, Side::New, operation);
        }
        for (old, new) in &matches.operations {
            self.operation(old, new);
        }
    }

    fn writing_word(&self, side: Side, operation: &Operation) -> Option<String> {
        let value = self.value(side, &operation.pointer)?;
        (operation.method == "GET")
            .then(|| prose::writing_word(&operation.path, value))
            .flatten()
    }

    fn whole_operation(
        &mut self,
        (plain, writing): (&'static Rule, &'static Rule),
        side: Side,
        operation: &Operation,
    ) {
        let what = json!(format!("{} {}", operation.method, operation.path));
        let word = self.writing_word(side, operation);
        let rule = if word.is_some() { writing } else { plain };
        let fact = self.one_sided(rule, side, &operation.pointer, what);
        if let (Some(fact), Some(word)) = (self.facts.get_mut(fact), word) {
            fact.parts.push(format!("it says \"{word}\""));
        }
    }

    fn operation(&mut self, old: &Operation, new: &Operation) {
        let pair = Pair {
            old: old.pointer.clone(),
            new: new.pointer.clone(),
        };
        let moved = (old.pointer != new.pointer).then(|| {
            let place =
                |operation: &Operation| json!(format!("{} {}", operation.method, operation.path));
            let rule = &rules::OPERATION_MOVED;
            self.fact(rule, None, Side::Old, &old.pointer, place(old), place(new))
        });
        let words = (
            self.writing_word(Side::Old, old),
            self.writing_word(Side::New, new),
        );
        let writes = match &words {
            (None, Some(word)) => Some((&rules::GET_NOW_WRITES, word)),
            (Some(word), None) => Some((&rules::GET_NO_LONGER_WRITES, word)),
            _ => None,
        };
        if let Some((rule, word)) = writes {
            let said =
                |word: &Option<String>| word.as_ref().map_or(Value::Null, |word| json!(word));
            let fact = self.fact(
                rule,
                None,
                Side::Old,
                &old.pointer,
                said(&words.0),
                said(&words.1),
            );
            for key in ["summary", "description"] {
                self.claim(&pair.child(key).child("words"), fact);
            }
            if let Some(fact) = self.facts.get_mut(fact) {
                fact.parts.push(format!("it says \"{word}\""));
            }
        }
        for key in self.keys(&pair) {
            let child = pair.child(&key);
            match key.as_str() {
                "operationId" => {
                    let rule = if old.id.to_snake_case() == new.id.to_snake_case() {
                        &rules::OPERATION_RESTYLED
                    } else {
                        &rules::OPERATION_RENAMED
                    };
                    self.whole(rule, &child);
                }
                "tags" => {
                    let (old, new) = self.values(&child);
                    if old != new {
                        let (old, new) = (or_null(old), or_null(new));
                        let names = |value: &Value| {
                            let names = value.as_object().into_iter().flatten();
                            json!(names.map(|(name, _)| name).collect::<Vec<_>>())
                        };
                        let (old, new) = (names(&old), names(&new));
                        let (side, at) = self.side_of(&child);
                        let key = Some(format!("{old} {new}"));
                        let fact = self.fact(&rules::TAGS_CHANGED, key, side, &at, old, new);
                        self.claim(&child, fact);
                    }
                }
                "parameters" => self.parameters(&child),
                "requestBody" => self.request_body(&child),
                "responses" => self.responses(&child),
                "security" => self.security(&child),
                "servers" => self.servers(&child),
                _ => {
                    self.words(&key, &child);
                }
            }
        }
        if let Some(moved) = moved {
            self.settle(&pair, moved);
        }
    }

    fn security(&mut self, pair: &Pair) {
        let (old, new) = self.values(pair);
        let rule = match (old, new) {
            (None, Some(_)) => &rules::SECURITY_ADDED,
            (Some(_), None) => &rules::SECURITY_REMOVED,
            (Some(old), Some(new)) if old != new => &rules::SECURITY_CHANGED,
            _ => return,
        };
        let (old, new) = (or_null(old), or_null(new));
        let (side, at) = self.side_of(pair);
        let fact = self.fact(rule, Some(format!("{old} {new}")), side, &at, old, new);
        self.claim(pair, fact);
    }

    fn parameters(&mut self, pair: &Pair) {
        let (olds, news) = self.values(pair);
        let names = Names::of(olds, news, |name| {
            let (place, name) = name.split_once(':').unwrap_or(("", name));
            format!("{place}:{}", name.to_snake_case())
        });
        for name in &names.removed {
            let at = join(&pair.old, name);
            self.parameter_come_or_gone(
                (
                    &rules::OPTIONAL_PARAMETER_REMOVED,
                    &rules::REQUIRED_PARAMETER_REMOVED,
                ),
                Side::Old,
                &at,
            );
        }
        for name in &names.added {
            let at = join(&pair.new, name);
            self.parameter_come_or_gone(
                (
                    &rules::OPTIONAL_PARAMETER_ADDED,
                    &rules::REQUIRED_PARAMETER_ADDED,
                ),
                Side::New,
                &at,
            );
        }
        for (old, new) in &names.same {
            let pair = pair.children(old, new);
            let renamed = (old != new).then(|| {
                let rule = &rules::PARAMETER_RENAMED;
                self.fact(rule, None, Side::Old, &pair.old, json!(old), json!(new))
            });
            self.parameter(&pair);
            if let Some(renamed) = renamed {
                self.settle(&pair, renamed);
            }
        }
    }

    fn parameter_come_or_gone(
        &mut self,
        (optional, required): (&'static Rule, &'static Rule),
        side: Side,
        at: &str,
    ) {
        let value = self.value(side, at);
        let schema = value.and_then(|value| value.get("schema"));
        let rule = match value.and_then(|value| value.get("required")) {
            Some(Value::Bool(true)) => required,
            _ => optional,
        };
        self.one_sided(rule, side, at, json!(schema.map(shown_type)));
    }

    fn parameter(&mut self, pair: &Pair) {
        for key in self.keys(pair) {
            let child = pair.child(&key);
            match key.as_str() {
                "required" => match self.values(&child) {
                    (None, Some(_)) => {
                        let rule = &rules::PARAMETER_BECAME_REQUIRED;
                        self.one_sided(rule, Side::New, &child.new, json!(true));
                    }
                    (Some(_), None) => {
                        let rule = &rules::PARAMETER_BECAME_OPTIONAL;
                        self.one_sided(rule, Side::Old, &child.old, json!(true));
                    }
                    _ => {}
                },
                "style" | "explode" | "allowEmptyValue" | "allowReserved" => {
                    let (old, new) = self.values(&child);
                    if old != new {
                        let written = |value: Option<&Value>| {
                            ["style", "explode", "allowEmptyValue", "allowReserved"]
                                .into_iter()
                                .filter_map(|key| Some((key.to_owned(), value?.get(key)?.clone())))
                                .collect::<Value>()
                        };
                        let (old, new) = self.values(pair);
                        let (old, new) = (written(old), written(new));
                        let rule = &rules::PARAMETER_STYLE_CHANGED;
                        let fact = self.fact(rule, None, Side::Old, &pair.old, old, new);
                        self.claim(&child, fact);
                    }
                }
                "schema" => self.schema_or_none(&child),
                "content" => self.content(&child),
                _ => {
                    self.words(&key, &child);
                }
            }
        }
    }

    fn request_body(&mut self, pair: &Pair) {
        match self.values(pair) {
            (None, Some(_)) => {
                let what = self.shown_body(Side::New, &pair.new);
                self.one_sided(&rules::BODY_ADDED, Side::New, &pair.new, what);
            }
            (Some(_), None) => {
                let what = self.shown_body(Side::Old, &pair.old);
                self.one_sided(&rules::BODY_REMOVED, Side::Old, &pair.old, what);
            }
            _ => {
                for key in self.keys(pair) {
                    let child = pair.child(&key);
                    match (key.as_str(), self.values(&child)) {
                        ("required", (None, Some(_))) => {
                            let rule = &rules::BODY_BECAME_REQUIRED;
                            self.one_sided(rule, Side::New, &child.new, json!(true));
                        }
                        ("required", (Some(_), None)) => {
                            let rule = &rules::BODY_BECAME_OPTIONAL;
                            self.one_sided(rule, Side::Old, &child.old, json!(true));
                        }
                        ("content", _) => self.content(&child),
                        _ => {
                            self.words(&key, &child);
                        }
                    }
                }
            }
        }
    }

    fn shown_body(&self, side: Side, at: &str) -> Value {
        let content = self.value(side, &join(at, "content"));
        let media = content.and_then(Value::as_object).into_iter().flatten();
        let schema = media.filter_map(|(_, media)| media.get("schema")).next();
        schema.map_or(Value::Null, |schema| json!(shown_type(schema)))
    }

    fn responses(&mut self, pair: &Pair) {
        let (olds, news) = self.values(pair);
        let statuses = Names::of(olds, news, str::to_owned);
        let is_success = |status: &&String| status.starts_with('2');
        let mut same = statuses.same.clone();
        let (mut removed, mut added) = (statuses.removed.clone(), statuses.added.clone());
        // One success that became another.
        let successes = |statuses: &[String]| -> Vec<String> {
            statuses.iter().filter(is_success).cloned().collect()
        };
        if let ([old], [new]) = (&successes(&removed)[..], &successes(&added)[..]) {
            let (old, new) = (old.clone(), new.clone());
            removed.retain(|status| *status != old);
            added.retain(|status| *status != new);
            same.push((old, new));
        }
        for (statuses, side, home, success, error) in [
            (
                removed,
                Side::Old,
                &pair.old,
                &rules::SUCCESS_STATUS_REMOVED,
                &rules::ERROR_STATUS_REMOVED,
            ),
            (
                added,
                Side::New,
                &pair.new,
                &rules::SUCCESS_STATUS_ADDED,
                &rules::ERROR_STATUS_ADDED,
            ),
        ] {
            for status in statuses {
                let at = join(home, &status);
                if status.starts_with("x-") {
                    self.extension(&status, &pair.child(&status));
                    continue;
                }
                let rule = if is_success(&&status) { success } else { error };
                let (old, new) = match side {
                    Side::Old => (json!(status), Value::Null),
                    Side::New => (Value::Null, json!(status)),
                };
                let fact = self.fact(rule, Some(status), side, &at, old, new);
                self.ledger.claim(side, &at, fact);
            }
        }
        for (old, new) in same {
            if old.starts_with("x-") {
                self.extension(&old, &pair.child(&old));
                continue;
            }
            let child = pair.children(&old, &new);
            let moved = (old != new).then(|| {
                let rule = &rules::SUCCESS_STATUS_CHANGED;
                let key = Some(format!("{old} {new}"));
                self.fact(rule, key, Side::Old, &child.old, json!(old), json!(new))
            });
            self.response(&child);
            if let Some(moved) = moved {
                self.settle(&child, moved);
                // Two answers that say nothing are leaves themselves.
                self.claim_if_equal(&child, moved);
            }
        }
    }

    fn claim_if_equal(&mut self, pair: &Pair, fact: usize) {
        let (old, new) = self.values(pair);
        if old == new {
            self.claim(pair, fact);
        }
    }

    fn response(&mut self, pair: &Pair) {
        for key in self.keys(pair) {
            let child = pair.child(&key);
            match key.as_str() {
                "content" => self.content(&child),
                "headers" => {
                    for name in self.keys(&child) {
                        let header = child.child(&name);
                        match self.values(&header) {
                            (Some(_), None) => {
                                let rule = &rules::RESPONSE_HEADER_REMOVED;
                                self.one_sided(rule, Side::Old, &header.old, json!(name));
                            }
                            (None, Some(_)) => {
                                let rule = &rules::RESPONSE_HEADER_ADDED;
                                self.one_sided(rule, Side::New, &header.new, json!(name));
                            }
                            _ => self.parameter(&header),
                        }
                    }
                }
                _ => {
                    self.words(&key, &child);
                }
            }
        }
    }

    fn content(&mut self, pair: &Pair) {
        let (old, new) = self.values(pair);
        match (old, new) {
            (None, Some(_)) => {
                let what = self.shown_body(Side::New, parent(&pair.new));
                self.one_sided(&rules::BODY_ADDED, Side::New, &pair.new, what);
                return;
            }
            (Some(_), None) => {
                let what = self.shown_body(Side::Old, parent(&pair.old));
                self.one_sided(&rules::BODY_REMOVED, Side::Old, &pair.old, what);
                return;
            }
            _ => {}
        }
        let types = Names::of(old, new, |name| name.to_ascii_lowercase());
        for name in &types.removed {
            let at = join(&pair.old, name);
            self.one_sided(&rules::MEDIA_TYPE_REMOVED, Side::Old, &at, json!(name));
        }
        for name in &types.added {
            let at = join(&pair.new, name);
            self.one_sided(&rules::MEDIA_TYPE_ADDED, Side::New, &at, json!(name));
        }
        for (old, new) in &types.same {
            let media = pair.children(old, new);
            for key in self.keys(&media) {
                let child = media.child(&key);
                match key.as_str() {
                    "schema" => self.schema_or_none(&child),
                    _ => {
                        self.words(&key, &child);
                    }
                }
            }
        }
    }

    // Schemas.

    fn schemas(&mut self) {
        let (olds, news) = (schemas(self.old), schemas(self.new));
        let matches = self.matches;
        for name in olds
            .keys()
            .filter(|name| matches.new_names(name).is_empty())
        {
            let what = json!(shown_type(olds[name]));
            self.one_sided(&rules::SCHEMA_REMOVED, Side::Old, &home(name), what);
        }
        for name in news
            .keys()
            .filter(|name| matches.old_names(name).is_empty())
        {
            let what = json!(shown_type(news[name]));
            self.one_sided(&rules::SCHEMA_ADDED, Side::New, &home(name), what);
        }
        for (old, new) in &matches.schemas {
            if old == new {
                continue;
            }
            let (all_old, all_new) = (matches.old_names(new), matches.new_names(old));
            let rule = match (all_old.len(), all_new.len()) {
                (1, 1) if old.to_pascal_case() == new.to_pascal_case() => &rules::SCHEMA_RESTYLED,
                (1, 1) => &rules::SCHEMA_RENAMED,
                (1, _) => &rules::SCHEMA_SPLIT,
                _ => &rules::SCHEMAS_MERGED,
            };
            let key = match rule.id {
                "schemas-merged" => new.clone(),
                _ => old.clone(),
            };
            let names = |names: &[String]| match names {
                [one] => json!(one),
                all => json!(all),
            };
            let fact = self.fact(
                rule,
                Some(key),
                Side::Old,
                &home(old),
                names(&all_old),
                names(&all_new),
            );
            self.renames.insert((old.clone(), new.clone()), fact);
        }
        for (old, new) in &matches.schemas {
            let pair = Pair {
                old: home(old),
                new: home(new),
            };
            let first = matches.old_names(new).first() == Some(old)
                && matches.new_names(old).first() == Some(new);
            let moved = self.renames.get(&(old.clone(), new.clone())).copied();
            if first {
                self.schema(&pair, false);
            }
            if let Some(moved) = moved {
                if first {
                    self.settle(&pair, moved);
                } else {
                    // The same as the first, and so told by it; only its name is its own.
                    if matches.old_names(new).len() > 1 {
                        self.ledger.claim(Side::Old, &pair.old, moved);
                    }
                    if matches.new_names(old).len() > 1 {
                        self.ledger.claim(Side::New, &pair.new, moved);
                    }
                }
            }
        }
    }

    fn schema_or_none(&mut self, pair: &Pair) {
        match self.values(pair) {
            (Some(_), Some(_)) => self.schema(pair, false),
            _ => {
                let (old, new) = self.values(pair);
                let (side, at) = self.side_of(pair);
                let shown = |value: Option<&Value>| json!(value.map(shown_type));
                let fact = self.fact(
                    &rules::TYPE_CHANGED,
                    None,
                    side,
                    &at,
                    shown(old),
                    shown(new),
                );
                self.claim(pair, fact);
            }
        }
    }

    /// Compares two schemas. `presence_told`: whether they may be missing or null has been told with the object they are in.
    fn schema(&mut self, pair: &Pair, presence_told: bool) {
        let (Some(old), Some(new)) = self.values(pair) else {
            return;
        };
        let (Value::Object(_), Value::Object(_)) = (old, new) else {
            return;
        };
        let same_kind = match (Kind::of(old), Kind::of(new)) {
            (Kind::Reference(from), Kind::Reference(to)) if self.matches.is(from, to) => {
                let renamed = self.renames.get(&(from.to_owned(), to.to_owned()));
                if let Some(renamed) = renamed.copied() {
                    self.claim(&pair.child("$ref"), renamed);
                }
                true
            }
            (Kind::Reference(_), _) | (_, Kind::Reference(_)) => {
                self.referred(pair);
                false
            }
            (Kind::Type(from), Kind::Type(to)) if is_scalar(from) && is_scalar(to) => {
                self.scalar(pair)
            }
            (from, to) if from == to => true,
            _ => {
                let (old, new) = (json!(shown_type(old)), json!(shown_type(new)));
                let fact = self.fact(&rules::TYPE_CHANGED, None, Side::Old, &pair.old, old, new);
                self.claim_structure(pair, fact);
                false
            }
        };
        let told = presence_told;
        for key in self.keys(pair) {
            let child = pair.child(&key);
            match key.as_str() {
                "nullable" => match self.values(&child) {
                    _ if told => {}
                    (None, Some(_)) => {
                        let rule = &rules::VALUE_NULL_ALLOWED;
                        self.one_sided(rule, Side::New, &child.new, json!(true));
                    }
                    (Some(_), None) => {
                        let rule = &rules::VALUE_NULL_REFUSED;
                        self.one_sided(rule, Side::Old, &child.old, json!(true));
                    }
                    _ => {}
                },
                "default" | "default (inner)" => {
                    self.whole(&rules::DEFAULT_CHANGED, &child);
                }
                "readOnly" | "writeOnly" => {
                    let (added, removed) = match key.as_str() {
                        "readOnly" => (&rules::READ_ONLY_ADDED, &rules::READ_ONLY_REMOVED),
                        _ => (&rules::WRITE_ONLY_ADDED, &rules::WRITE_ONLY_REMOVED),
                    };
                    match self.values(&child) {
                        (None, Some(_)) => {
                            self.one_sided(added, Side::New, &child.new, json!(true));
                        }
                        (Some(_), None) => {
                            self.one_sided(removed, Side::Old, &child.old, json!(true));
                        }
                        _ => {}
                    }
                }
                _ if self.words(&key, &child) => {}
                _ if !same_kind => {}
                "properties" => {}
                "items" => self.schema_or_none(&child),
                "enum" => self.enum_values(&child),
                "allOf" | "anyOf" | "oneOf" => self.composition(&child),
                "additionalProperties" => match self.values(&child) {
                    (Some(Value::Object(_)), Some(Value::Object(_))) => self.schema(&child, false),
                    _ => {
                        self.whole(&rules::ADDITIONAL_PROPERTIES_CHANGED, &child);
                    }
                },
                _ => self.constraint(&key, &child),
            }
        }
        if same_kind {
            self.properties(pair);
        }
    }

    /// Everything of a schema that makes its type.
    fn claim_structure(&mut self, pair: &Pair, fact: usize) {
        for key in self.keys(pair) {
            let apart = matches!(
                key.as_str(),
                "nullable"
                    | "default"
                    | "default (inner)"
                    | "readOnly"
                    | "writeOnly"
                    | "deprecated"
            );
            if !apart && !is_words(&key) {
                self.claim(&pair.child(&key), fact);
            }
        }
    }

    /// A reference that leads to another schema now, or to one where there was none, or the reverse.
    fn referred(&mut self, pair: &Pair) {
        let (Some(old), Some(new)) = self.values(pair) else {
            return;
        };
        let ends = Pair {
            old: resolved(self.old, &pair.old),
            new: resolved(self.new, &pair.new),
        };
        let kind = |document: &'a Document, pointer: &str| document.get(pointer).map(Kind::of);
        let fits = kind(self.old, &ends.old) == kind(self.new, &ends.new);
        let inside = fits.then(|| self.probe(&ends));
        let uses: BTreeSet<Use> = self
            .uses
            .sites(&pair.old)
            .iter()
            .map(|site| site.used)
            .collect();
        let wire = |fact: &Fact| {
            let levels = uses.iter().map(|used| fact.rule.wire.of(*used));
            levels.max().unwrap_or_default().max(fact.inside)
        };
        let (old, new) = (shown_type(old), shown_type(new));
        let (rule, parts, level) = match &inside {
            Some(inside) => {
                let parts = inside
                    .iter()
                    .filter(|fact| !fact.rule.is_documentation())
                    .map(|fact| format!("inside, {}", fact.rule.summary))
                    .collect::<BTreeSet<_>>();
                let level = inside.iter().map(wire).max().unwrap_or_default();
                (
                    &rules::REFERENCE_CHANGED,
                    parts.into_iter().collect(),
                    level,
                )
            }
            None => (&rules::TYPE_CHANGED, Vec::new(), Level::None),
        };
        let key = Some(format!("{old} -> {new}"));
        let fact = self.fact(rule, key, Side::Old, &pair.old, json!(old), json!(new));
        if let Some(fact) = self.facts.get_mut(fact) {
            fact.inside = fact.inside.max(level);
            if fact.parts.is_empty() {
                fact.parts = parts;
            }
        }
        self.claim_structure(pair, fact);
    }

    /// What differs between two schemas, without telling.
    fn probe(&self, pair: &Pair) -> Vec<Fact> {
        let mut probing = self.probing.clone();
        if !probing.insert(pair.clone()) {
            return Vec::new();
        }
        let mut inner = Walk {
            ledger: Ledger::open(&Value::Null, &Value::Null),
            facts: Vec::new(),
            by_key: BTreeMap::new(),
            renames: BTreeMap::new(),
            probing,
            ..*self
        };
        inner.schema(pair, false);
        inner.facts
    }

    fn properties(&mut self, pair: &Pair) {
        let properties = pair.child("properties");
        let (olds, news) = self.values(&properties);
        let names = Names::of(olds, news, ToSnakeCase::to_snake_case);
        let (old, new) = self.values(pair);
        let always = |schema: Option<&Value>, name: &str| {
            Presence::of(schema, name)
                == (Presence {
                    required: true,
                    nullable: false,
                })
        };
        let none_always = |schema: Option<&Value>, names: Option<&Value>| {
            let mut names = names.and_then(Value::as_object).into_iter().flatten();
            !names.any(|(name, _)| always(schema, name))
        };
        let (none_before, none_after) = (none_always(old, olds), none_always(new, news));
        for name in &names.removed {
            let rule = match (Presence::of(old, name).required, none_after) {
                (false, _) => &rules::OPTIONAL_PROPERTY_REMOVED,
                (true, true) if always(old, name) => &rules::LAST_REQUIRED_PROPERTY_REMOVED,
                (true, _) => &rules::REQUIRED_PROPERTY_REMOVED,
            };
            let at = join(&properties.old, name);
            let what = json!(self.old.get(&at).map(shown_type));
            let fact = self.one_sided(rule, Side::Old, &at, what);
            let required = join(&join(&pair.old, "required"), name);
            self.ledger.claim(Side::Old, &required, fact);
        }
        for name in &names.added {
            let rule = match (Presence::of(new, name).required, none_before) {
                (false, _) => &rules::OPTIONAL_PROPERTY_ADDED,
                (true, true) if always(new, name) => &rules::FIRST_REQUIRED_PROPERTY_ADDED,
                (true, _) => &rules::REQUIRED_PROPERTY_ADDED,
            };
            let at = join(&properties.new, name);
            let what = json!(self.new.get(&at).map(shown_type));
            let fact = self.one_sided(rule, Side::New, &at, what);
            let required = join(&join(&pair.new, "required"), name);
            self.ledger.claim(Side::New, &required, fact);
        }
        for (old_name, new_name) in &names.same {
            let property = properties.children(old_name, new_name);
            let required = pair.child("required").children(old_name, new_name);
            let renamed = (old_name != new_name).then(|| {
                let (from, to) = (json!(old_name), json!(new_name));
                let rule = &rules::PROPERTY_RENAMED;
                self.fact(rule, None, Side::Old, &property.old, from, to)
            });
            let from = Presence::of(old, old_name);
            let to = Presence::of(new, new_name);
            if let Some(rule) = from.change(to) {
                let fact = self.fact(
                    rule,
                    None,
                    Side::Old,
                    &property.old,
                    json!(from.shown()),
                    json!(to.shown()),
                );
                if from.required != to.required {
                    self.claim(&required, fact);
                }
                if from.nullable != to.nullable {
                    self.claim(&property.child("nullable"), fact);
                }
            }
            self.schema(&property, true);
            if let Some(renamed) = renamed {
                self.settle(&property, renamed);
                self.claim_if_equal(&property, renamed);
                self.claim(&required, renamed);
            }
        }
    }

    /// Numbers, text and flags: their types, formats and whether their values are listed. Whether they are the same kind still.
    fn scalar(&mut self, pair: &Pair) -> bool {
        let (Some(old), Some(new)) = self.values(pair) else {
            return false;
        };
        let text = |value: &'a Value, key: &str| value.get(key).and_then(Value::as_str);
        let (old_type, new_type) = (
            text(old, "type").unwrap_or_default(),
            text(new, "type").unwrap_or_default(),
        );
        let (old_format, new_format) = (text(old, "format"), text(new, "format"));
        if (old_type, old_format) == (new_type, new_format) {
            return true;
        }
        let listed = old.get("enum").is_some() || new.get("enum").is_some();
        let decimal = |document: &Document, pointer: &str| {
            let schema = document.get(pointer);
            let text = |key| schema?.get(key)?.as_str();
            text("type") == Some("number")
                || (text("type"), text("format")) == (Some("string"), Some("decimal"))
        };
        let decimals = (
            decimal(self.effective.0, &pair.old),
            decimal(self.effective.1, &pair.new),
        );
        let bits = |format: Option<&str>| match format {
            None | Some("int64") => Some(64),
            Some("int32") => Some(32),
            Some(_) => None,
        };
        let rule = match (old_type, new_type) {
            _ if listed && old_type != new_type => &rules::TYPE_CHANGED,
            ("number", "string") | ("string", "number") if decimals == (true, true) => {
                &rules::DECIMAL_FORM_CHANGED
            }
            ("number", "string") => &rules::DECIMAL_BECAME_TEXT,
            ("string", "number") => &rules::TEXT_BECAME_DECIMAL,
            ("number", "integer") => &rules::NUMBER_NARROWED,
            ("integer", "number") => &rules::NUMBER_WIDENED,
            ("number", "number") => &rules::FORMAT_RESTATED,
            ("integer", "integer") => match (bits(old_format), bits(new_format)) {
                (Some(32), Some(64)) => &rules::INTEGER_WIDENED,
                (Some(64), Some(32)) => &rules::INTEGER_NARROWED,
                (Some(_), Some(_)) => &rules::FORMAT_RESTATED,
                _ => &rules::FORMAT_CHANGED,
            },
            ("string", "string") => match (old_format, new_format) {
                (None, Some(_)) => &rules::FORMAT_ADDED,
                (Some(_), None) => &rules::FORMAT_REMOVED,
                _ => &rules::FORMAT_CHANGED,
            },
            _ if old_type == new_type => &rules::FORMAT_CHANGED,
            _ => &rules::TYPE_CHANGED,
        };
        let (old, new) = (json!(shown_type(old)), json!(shown_type(new)));
        let fact = self.fact(rule, None, Side::Old, &pair.old, old, new);
        if old_type == new_type {
            self.claim(&pair.child("format"), fact);
            return true;
        }
        self.claim_structure(pair, fact);
        false
    }

    fn enum_values(&mut self, pair: &Pair) {
        let (old, new) = self.values(pair);
        match (old, new) {
            (None, Some(_)) => {
                self.whole(&rules::ENUM_ADDED, pair);
                return;
            }
            (Some(_), None) => {
                self.whole(&rules::ENUM_REMOVED, pair);
                return;
            }
            _ => {}
        }
        let letters = |value: &str| -> String {
            let letters = value.chars().filter(|c| c.is_alphanumeric());
            letters.flat_map(char::to_lowercase).collect()
        };
        let values = Names::of(old, new, letters);
        for value in &values.removed {
            let at = join(&pair.old, value);
            let what = or_null(self.old.get(&at));
            self.one_sided(&rules::ENUM_VALUE_REMOVED, Side::Old, &at, what);
        }
        for value in &values.added {
            let at = join(&pair.new, value);
            let what = or_null(self.new.get(&at));
            self.one_sided(&rules::ENUM_VALUE_ADDED, Side::New, &at, what);
        }
        for (from, to) in values.same.iter().filter(|(from, to)| from != to) {
            let rule = if from.to_pascal_case() == to.to_pascal_case() {
                &rules::ENUM_VALUE_RESTYLED
            } else {
                &rules::ENUM_VALUE_RESPELT
            };
            let value = pair.children(from, to);
            let (old, new) = self.values(&value);
            let (old, new) = (or_null(old), or_null(new));
            let fact = self.fact(rule, None, Side::Old, &value.old, old, new);
            self.claim(&value, fact);
        }
    }

    fn composition(&mut self, pair: &Pair) {
        let (old, new) = self.values(pair);
        let matches = self.matches;
        let mut parts = Names::of(old, new, str::to_owned);
        // A part that is another one's new name.
        let added = parts.added.clone();
        parts.removed.retain(|old| {
            let found = added.iter().find(|new| matches.is(old, new));
            if let Some(new) = found {
                parts.same.push((old.clone(), new.clone()));
                parts.added.retain(|name| name != new);
            }
            found.is_none()
        });
        if !parts.removed.is_empty() || !parts.added.is_empty() {
            let shown = |value: Option<&Value>, names: &[String]| {
                let parts = names
                    .iter()
                    .filter_map(|name| Some(shown_type(value?.get(name)?)));
                json!(parts.collect::<Vec<_>>())
            };
            let (side, at) = self.side_of(pair);
            let (gone, come) = (shown(old, &parts.removed), shown(new, &parts.added));
            let fact = self.fact(&rules::COMPOSITION_CHANGED, None, side, &at, gone, come);
            for name in &parts.removed {
                self.ledger.claim(Side::Old, &join(&pair.old, name), fact);
            }
            for name in &parts.added {
                self.ledger.claim(Side::New, &join(&pair.new, name), fact);
            }
        }
        for (old, new) in &parts.same {
            let part = pair.children(old, new);
            self.schema(&part, false);
            if let Some(renamed) = self.renames.get(&(old.clone(), new.clone())).copied() {
                self.settle(&part, renamed);
            }
        }
    }

    fn constraint(&mut self, key: &str, pair: &Pair) {
        let (old, new) = self.values(pair);
        if old == new {
            return;
        }
        let numbers = (old.and_then(Value::as_f64), new.and_then(Value::as_f64));
        let tighter = match key {
            "minimum" | "minLength" | "minItems" | "minProperties" => match numbers {
                (None, Some(_)) if old.is_none() => true,
                (Some(_), None) if new.is_none() => false,
                (Some(old), Some(new)) => new > old,
                _ => return,
            },
            "maximum" | "maxLength" | "maxItems" | "maxProperties" => match numbers {
                (None, Some(_)) if old.is_none() => true,
                (Some(_), None) if new.is_none() => false,
                (Some(old), Some(new)) => new < old,
                _ => return,
            },
            "exclusiveMinimum" | "exclusiveMaximum" | "uniqueItems" => match (old, new) {
                (None, Some(Value::Bool(true))) => true,
                (Some(Value::Bool(true)), None) => false,
                _ => return,
            },
            "pattern" | "multipleOf" => {
                self.whole(&rules::PATTERN_CHANGED, pair);
                return;
            }
            _ => return,
        };
        let rule = if tighter {
            &rules::CONSTRAINT_TIGHTENED
        } else {
            &rules::CONSTRAINT_LOOSENED
        };
        self.whole(rule, pair);
    }
}

/// Whether a property must be there, and whether it may be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Presence {
    required: bool,
    nullable: bool,
}

impl Presence {
    fn of(schema: Option<&Value>, name: &str) -> Self {
        let below = |key: &str| schema?.get(key)?.get(name);
        Self {
            required: below("required").is_some(),
            nullable: below("properties").and_then(|property| property.get("nullable"))
                == Some(&Value::Bool(true)),
        }
    }

    fn change(self, to: Self) -> Option<&'static Rule> {
        let states = |presence: Self| (presence.required, presence.nullable);
        Some(match (states(self), states(to)) {
            (from, to) if from == to => return None,
            ((true, false), _) => &rules::PROPERTY_BECAME_OPTIONAL,
            (_, (true, false)) => &rules::PROPERTY_BECAME_REQUIRED,
            ((true, true), _) => &rules::NULLABLE_PROPERTY_BECAME_OPTIONAL,
            (_, (true, true)) => &rules::NULLABLE_PROPERTY_BECAME_REQUIRED,
            (_, (false, true)) => &rules::NULL_ALLOWED,
            _ => &rules::NULL_REFUSED,
        })
    }

    fn shown(self) -> &'static str {
        match (self.required, self.nullable) {
            (true, false) => "required",
            (true, true) => "required nullable",
            (false, false) => "optional",
            (false, true) => "optional nullable",
        }
    }
}

/// The names of two mappings: those that both have, those that have another spelling, those that only one has.
struct Names {
    same: Vec<(String, String)>,
    removed: Vec<String>,
    added: Vec<String>,
}

impl Names {
    /// Two names are one in two spellings if `letters` makes the same of them, and of no third.
    fn of(old: Option<&Value>, new: Option<&Value>, letters: impl Fn(&str) -> String) -> Self {
        let names = |value: Option<&Value>| -> BTreeSet<String> {
            let fields = value.and_then(Value::as_object).into_iter().flatten();
            fields.map(|(name, _)| name.clone()).collect()
        };
        let (old, new) = (names(old), names(new));
        let mut same: Vec<(String, String)> = old
            .intersection(&new)
            .map(|name| (name.clone(), name.clone()))
            .collect();
        let mut removed: Vec<String> = old.difference(&new).cloned().collect();
        let mut added: Vec<String> = new.difference(&old).cloned().collect();
        let spelt = |names: &[String]| {
            let mut spelt: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for name in names {
                spelt.entry(letters(name)).or_default().push(name.clone());
            }
            spelt
        };
        let (old_spelt, new_spelt) = (spelt(&removed), spelt(&added));
        let mut respelt = Vec::new();
        for (letters, old) in &old_spelt {
            if let ([from], Some([to])) = (&old[..], new_spelt.get(letters).map(Vec::as_slice)) {
                respelt.push((from.clone(), to.clone()));
            }
        }
        let (from, to): (BTreeSet<_>, BTreeSet<_>) = respelt.iter().cloned().unzip();
        removed.retain(|name| !from.contains(name));
        added.retain(|name| !to.contains(name));
        same.extend(respelt);
        Self {
            same,
            removed,
            added,
        }
    }
}

/// What a schema is, at its top.
#[derive(Debug, PartialEq, Eq)]
enum Kind<'a> {
    Reference(&'a str),
    Type(&'a str),
    Composed,
    Anything,
}

impl<'a> Kind<'a> {
    fn of(schema: &'a Value) -> Self {
        if let Some(name) = referred(schema) {
            return Self::Reference(name);
        }
        match schema.get("type").and_then(Value::as_str) {
            Some(name) => Self::Type(name),
            None if ["allOf", "anyOf", "oneOf"]
                .iter()
                .any(|key| schema.get(key).is_some()) =>
            {
                Self::Composed
            }
            None => Self::Anything,
        }
    }
}

fn is_scalar(name: &str) -> bool {
    matches!(name, "string" | "number" | "integer" | "boolean")
}

/// Where references to schemas lead in the end, at most 32 steps away.
fn resolved(document: &Document, pointer: &str) -> String {
    let mut pointer = pointer.to_owned();
    for _ in 0..32 {
        match document.get(&pointer).and_then(referred) {
            Some(name) if document.get(&home(name)).is_some() => pointer = home(name),
            _ => break,
        }
    }
    pointer
}

/// A type in one or two words.
pub(super) fn shown_type(schema: &Value) -> String {
    if let Some(name) = referred(schema) {
        return name.to_owned();
    }
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    match text("type") {
        Some("array") => match schema.get("items") {
            Some(items) => format!("[{}]", shown_type(items)),
            None => "[anything]".to_owned(),
        },
        Some("object") => match schema.get("additionalProperties") {
            Some(values @ Value::Object(_)) => format!("{{{}}}", shown_type(values)),
            _ => "object".to_owned(),
        },
        Some(name) if schema.get("enum").is_some() => format!("{name} (enum)"),
        Some(name) => match text("format") {
            Some(format) => format!("{name} ({format})"),
            None => name.to_owned(),
        },
        None => {
            let composed = ["allOf", "anyOf", "oneOf"]
                .into_iter()
                .find_map(|key| Some((key, schema.get(key)?.as_object()?)));
            match composed {
                Some((key, parts)) => {
                    let parts: Vec<String> = parts.values().map(shown_type).collect();
                    format!("{key} ({})", parts.join(", "))
                }
                None => "anything".to_owned(),
            }
        }
    }
}

fn or_null(value: Option<&Value>) -> Value {
    value.cloned().unwrap_or(Value::Null)
}

fn parent(pointer: &str) -> &str {
    pointer.rfind('/').map_or("", |slash| &pointer[..slash])
}
