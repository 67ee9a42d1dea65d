use std::fmt;

use anboto_auth::{CanonicalQuery, ListStyle};
use bytes::Bytes;
use reqwest::Url;
use serde::Serialize;

use crate::outgoing::Outgoing;
use crate::{InvalidRequest, Operation};

/// One call in the making: what the generated builders fill and the client sends.
///
/// The first thing that is wrong is kept and reported by `send`, so that the builders can be chained.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) operation: &'static Operation,
    path: Vec<(&'static str, String)>,
    query: Vec<(&'static str, Value)>,
    pub(crate) body: Option<Bytes>,
    invalid: Option<InvalidRequest>,
}

#[derive(Clone)]
enum Value {
    One(String),
    List(Vec<String>),
}

impl Call {
    pub(crate) fn new(operation: &'static Operation) -> Self {
        Self {
            operation,
            path: Vec::new(),
            query: Vec::new(),
            body: None,
            invalid: None,
        }
    }

    /// A query parameter; given a second time it replaces the first.
    pub(crate) fn query(&mut self, name: &'static str, value: impl fmt::Display) {
        self.set(name, Value::One(value.to_string()));
    }

    /// A query parameter whose values the contract lists.
    pub(crate) fn query_listed(&mut self, name: &'static str, value: impl Outgoing + fmt::Display) {
        match crate::outgoing::check_field(name, &value) {
            Ok(()) => self.query(name, value),
            Err(invalid) => self.refuse(invalid),
        }
    }

    /// A list parameter. An empty list is refused: the server could not tell it from no parameter at all, which means the very
    /// opposite (no restriction).
    pub(crate) fn query_list<T: fmt::Display>(
        &mut self,
        name: &'static str,
        values: impl IntoIterator<Item = T>,
    ) {
        let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
        if values.is_empty() {
            self.refuse(InvalidRequest::at(
                name,
                "an empty list; leave the parameter out to ask for all",
            ));
        } else {
            self.set(name, Value::List(values));
        }
    }

    fn set(&mut self, name: &'static str, value: Value) {
        self.query.retain(|(other, _)| *other != name);
        self.query.push((name, value));
    }

    /// The JSON body: compact, and serialised once, since the signature covers these very bytes.
    pub(crate) fn json<B>(&mut self, body: Result<B, InvalidRequest>)
    where
        B: Serialize + Outgoing,
    {
        let bytes = body.and_then(|body| {
            body.check()?;
            serde_json::to_vec(&body).map_err(|error| unwritable(&body, &error))
        });
        match bytes {
            Ok(bytes) => self.body = Some(bytes.into()),
            Err(invalid) => self.refuse(invalid),
        }
    }

    /// A part of the path, percent-encoded. A dot segment would change which path it is, so it counts as missing.
    #[allow(dead_code, reason = "the contract of today has no path parameters")]
    pub(crate) fn path(&mut self, name: &'static str, value: impl fmt::Display) {
        self.path.retain(|(other, _)| *other != name);
        self.path.push((name, value.to_string()));
    }

    /// Reports a parameter that the contract requires and nobody has given.
    pub(crate) fn require(&mut self, name: &'static str) {
        let given = self
            .query
            .iter()
            .map(|(given, _)| given)
            .chain(self.path.iter().map(|(given, _)| given));
        if !given.into_iter().any(|given| *given == name) {
            self.refuse(InvalidRequest::at(name, "required, and not given"));
        }
    }

    /// Reports a body that the contract requires and nobody has given.
    pub(crate) fn require_body(&mut self) {
        if self.body.is_none() {
            self.refuse(InvalidRequest::at("body", "required, and not given"));
        }
    }

    fn refuse(&mut self, invalid: InvalidRequest) {
        self.invalid.get_or_insert(invalid);
    }

    /// The URL below a base URL, without its query.
    pub(crate) fn url(&self, base_url: &str) -> Result<Url, InvalidRequest> {
        let unusable = |error: &dyn fmt::Display| {
            InvalidRequest::new(format!("{base_url} is no base of a URL: {error}"))
        };
        let mut url = Url::parse(base_url).map_err(|error| unusable(&error))?;
        let mut segments = url
            .path_segments_mut()
            .map_err(|()| unusable(&"it takes no path"))?;
        segments.pop_if_empty();
        for segment in self.operation.path.split('/').skip(1) {
            let name = segment
                .strip_prefix('{')
                .and_then(|segment| segment.strip_suffix('}'));
            match name.and_then(|name| self.path.iter().find(|(given, _)| *given == name)) {
                Some((name, value)) if matches!(value.as_str(), "" | "." | "..") => {
                    return Err(InvalidRequest::at(
                        name,
                        format!("{value:?} cannot be part of a path"),
                    ));
                }
                Some((_, value)) => segments.push(value),
                None => segments.push(segment),
            };
        }
        drop(segments);
        Ok(url)
    }

    /// The query as it goes out, or the first thing that is wrong with the call.
    pub(crate) fn canonical_query(
        &self,
        lists: ListStyle,
    ) -> Result<CanonicalQuery, InvalidRequest> {
        if let Some(invalid) = &self.invalid {
            return Err(invalid.clone());
        }
        let mut query = CanonicalQuery::builder(lists);
        for (name, value) in &self.query {
            match value {
                Value::One(value) => {
                    query.push(*name, value);
                }
                Value::List(values) => {
                    query
                        .list(*name, values)
                        .map_err(|error| InvalidRequest::at(name, error.to_string()))?;
                }
            }
        }
        Ok(query.build())
    }
}

/// Why a body cannot be written, with the field that it is about. Only a failure pays for the path.
fn unwritable<B: Serialize>(body: &B, error: &serde_json::Error) -> InvalidRequest {
    let mut sink = serde_json::Serializer::new(std::io::sink());
    match serde_path_to_error::serialize(body, &mut sink) {
        Err(located) if located.path().iter().next().is_some() => {
            InvalidRequest::at(&located.path().to_string(), error.to_string())
        }
        _ => InvalidRequest::new(error.to_string()),
    }
}

/// Shows the names alone.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("operation", &self.operation.id)
            .field(
                "query",
                &self.query.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            )
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}
