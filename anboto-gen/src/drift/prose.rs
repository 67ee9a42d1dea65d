//! Prose, taken apart into what a machine can compare: hosts, header names, the words of the signing steps, and the rest.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Hosts that documentation links to; a change there moves no service.
const LIBRARIES: [&str; 7] = [
    "github.com",
    "github.io",
    "ietf.org",
    "rfc-editor.org",
    "wikipedia.org",
    "swagger.io",
    "w3.org",
];

/// First labels by which a host is told from a file name, when no scheme stands before it.
const HOST_LABELS: [&str; 6] = ["api", "testnet", "ws", "wss", "stream", "gateway"];

/// What a sentence about signing holds.
const SIGNING: [&str; 19] = [
    "sign",
    "hmac",
    "rsa",
    "sha256",
    "sha-256",
    "sha_256",
    "base64",
    "base664",
    " hex",
    "secret",
    "recv",
    "payload",
    "timestamp",
    "api key",
    "api-key",
    "nonce",
    "private key",
    "public key",
    "alphabetical",
];

/// Elements of HTML that only shape the text. What else stands in angle brackets may be words.
const TAGS: [&str; 30] = [
    "a", "b", "i", "u", "p", "br", "em", "li", "ol", "ul", "hr", "tr", "td", "th", "pre", "div",
    "sub", "sup", "span", "code", "table", "thead", "tbody", "strong", "h1", "h2", "h3", "h4",
    "h5", "h6",
];

/// Words by which an operation says that it changes something.
const WRITING: [&str; 34] = [
    "cancel",
    "cancels",
    "cancelling",
    "canceling",
    "create",
    "creates",
    "creating",
    "place",
    "places",
    "placing",
    "submit",
    "submits",
    "amend",
    "amends",
    "modify",
    "modifies",
    "delete",
    "deletes",
    "remove",
    "removes",
    "close",
    "closes",
    "transfer",
    "transfers",
    "withdraw",
    "withdraws",
    "liquidate",
    "liquidates",
    "execute",
    "executes",
    "replace",
    "replaces",
    "terminate",
    "terminates",
];

/// A text as a mapping of `words` and, where there are any, `hosts`, `headers` and `signing`.
///
/// Only a text that says how the API is `accessed` has signing steps; elsewhere a signature is just mentioned.
pub(super) fn parts(text: &Value, accessed: bool) -> Value {
    let Some(text) = text.as_str() else {
        return json!({ "words": text });
    };
    let folded = fold(text);
    let mut parts = Map::new();
    let mut put = |name: &str, found: BTreeSet<String>| {
        if !found.is_empty() {
            let found = found.into_iter().map(|one| (one.clone(), json!(one)));
            parts.insert(name.to_owned(), found.collect());
        }
    };
    put("hosts", hosts(&folded));
    put("headers", headers(&folded));
    let (mut signing, mut words) = (Vec::new(), Vec::new());
    for sentence in sentences(&folded) {
        if accessed && is_signing(&sentence) {
            signing.push(plain(&sentence));
        } else {
            words.push(sentence);
        }
    }
    for (name, texts) in [("signing", signing), ("words", words)] {
        if !texts.is_empty() {
            parts.insert(name.to_owned(), json!(texts.join(" ")));
        }
    }
    Value::Object(parts)
}

/// One line, one space between two words.
fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// URLs, and names that begin like a host of an API.
fn hosts(text: &str) -> BTreeSet<String> {
    let part_of_url = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&+,;=%{}".contains(c);
    let mut found = BTreeSet::new();
    for scheme in ["https://", "http://", "wss://", "ws://"] {
        for (at, _) in text.match_indices(scheme) {
            // `wss://` ends in `s://`, which is no scheme; `https://` is found as itself only.
            if text[..at].ends_with(|c: char| c.is_ascii_alphanumeric()) {
                continue;
            }
            let url: String = text[at..].chars().take_while(|c| part_of_url(*c)).collect();
            let url = url.trim_end_matches(['.', ',', ';', ':', '/', '!', '?', ']']);
            let host = url[scheme.len().min(url.len())..]
                .split(['/', ':', '?', '#'])
                .next()
                .unwrap_or_default();
            let library = LIBRARIES
                .iter()
                .any(|library| host == *library || host.ends_with(&format!(".{library}")));
            if !host.is_empty() && !library {
                found.insert(url.to_owned());
            }
        }
    }
    for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.')) {
        let word = word.trim_matches('.');
        let labels: Vec<_> = word.split('.').collect();
        let is_host = labels.len() > 2
            && labels.iter().all(|label| !label.is_empty())
            && HOST_LABELS.contains(&labels[0]);
        if is_host && !found.iter().any(|url: &String| url.contains(word)) {
            found.insert(word.to_owned());
        }
    }
    found
}

/// Names such as `X-API-KEY`.
fn headers(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
        .map(|word| word.trim_matches('-'))
        .filter(|word| {
            let name = word.strip_prefix("X-").or_else(|| word.strip_prefix("x-"));
            name.is_some_and(|name| name.len() > 1)
        })
        .map(str::to_ascii_uppercase)
        .collect()
}

/// The sentences of a folded text, as HTML and full stops tell them, so that folding moves nothing from one to another.
fn sentences(text: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let lower = rest.to_ascii_lowercase();
        let end_of = |mark: &str| lower.find(mark).map(|at| at + mark.len());
        let stop = rest
            .match_indices(['.', '?', '!'])
            .map(|(at, _)| at + 1)
            .find(|at| {
                let mut next = rest[*at..].chars();
                next.next() == Some(' ') && next.next().is_some_and(|c| !c.is_lowercase())
            });
        let end = ["<br>", "<br/>", "<br />", "</p>", "</li>"]
            .iter()
            .filter_map(|mark| end_of(mark))
            .chain(stop)
            .min()
            .unwrap_or(rest.len());
        let sentence = rest[..end].trim();
        if !sentence.is_empty() {
            sentences.push(sentence.to_owned());
        }
        rest = &rest[end..];
    }
    sentences
}

fn is_signing(sentence: &str) -> bool {
    // The names of headers are told by themselves.
    let named = headers(sentence);
    let blank = |text: String, name: &String| text.replace(&name.to_lowercase(), " ");
    let lower = named.iter().fold(sentence.to_lowercase(), blank);
    SIGNING.iter().any(|word| lower.contains(word))
}

/// The words without what only shapes them: elements of HTML, emphasis, code marks.
fn plain(sentence: &str) -> String {
    let mut text = String::new();
    let mut rest = sentence;
    while let Some(open) = rest.find('<') {
        let (before, from) = rest.split_at(open);
        text.push_str(before);
        let tag = from.find('>').map(|close| &from[..=close]);
        match tag.filter(|tag| is_tag(tag)) {
            Some(tag) => {
                text.push(' ');
                rest = &from[tag.len()..];
            }
            None => {
                text.push('<');
                rest = &from[1..];
            }
        }
    }
    text.push_str(rest);
    fold(&text.replace(['*', '`'], ""))
}

fn is_tag(tag: &str) -> bool {
    let name: String = tag
        .trim_start_matches(['<', '/'])
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    TAGS.contains(&name.to_ascii_lowercase().as_str())
}

/// The sentences that only the one text has, and those that only the other has.
pub(super) fn differing_sentences(old: &str, new: &str) -> (Vec<String>, Vec<String>) {
    let (old, new) = (sentences(old), sentences(new));
    let only = |these: &[String], those: &[String]| {
        these
            .iter()
            .filter(|one| !those.contains(one))
            .cloned()
            .collect()
    };
    (only(&old, &new), only(&new, &old))
}

/// The first word by which an operation says that it changes something: in its id, its path or its prose.
pub(super) fn writing_word(path: &str, operation: &Value) -> Option<String> {
    let prose = |key: &str| {
        let words = operation.get(key)?.get("words")?.as_str()?;
        Some(words.to_owned())
    };
    let id = operation
        .get("operationId")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let texts = [
        Some(heck::ToSnakeCase::to_snake_case(id).replace('_', " ")),
        Some(heck::ToSnakeCase::to_snake_case(last).replace('_', " ")),
        prose("summary"),
        prose("description"),
    ];
    texts.into_iter().flatten().find_map(|text| {
        let lower = text.to_lowercase();
        let mut words = lower.split(|c: char| !c.is_alphanumeric());
        words.find(|word| WRITING.contains(word)).map(str::to_owned)
    })
}
