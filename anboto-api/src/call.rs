use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anboto_auth::{CanonicalQuery, ListStyle};
use bytes::Bytes;
use reqwest::Url;
use serde::Serialize;

use crate::outgoing::Outgoing;
use crate::{InvalidRequest, Operation};

/// One call in the making: what the generated builders fill and the client sends.
///
/// What is wrong with a part is kept in its place and reported by `send`, so that the builders can be chained and a part given
/// again replaces a wrong one.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) operation: &'static Operation,
    path: Vec<(&'static str, String)>,
    query: Vec<(&'static str, Result<Value, InvalidRequest>)>,
    body: Option<Result<Bytes, InvalidRequest>>,
    /// What the body was made from, for the checks that look into it.
    value: Option<Arc<dyn Any + Send + Sync>>,
    missing: Option<InvalidRequest>,
    pub(crate) attempts: Attempts,
}

/// How many times a call has been tried. Who clones a call in the making makes another one, which has not been.
#[derive(Default)]
pub(crate) struct Attempts(AtomicU32);

impl Attempts {
    /// The number of the attempt that begins now; the first is 1.
    pub(crate) fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }
}

impl Clone for Attempts {
    fn clone(&self) -> Self {
        Self::default()
    }
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
            value: None,
            missing: None,
            attempts: Attempts::default(),
        }
    }

    /// A query parameter; given a second time it replaces the first.
    pub(crate) fn query(&mut self, name: &'static str, value: impl fmt::Display) {
        self.set(name, Ok(Value::One(value.to_string())));
    }

    /// A query parameter whose values the contract lists.
    pub(crate) fn query_listed(&mut self, name: &'static str, value: impl Outgoing + fmt::Display) {
        let checked = crate::outgoing::check_field(name, &value);
        self.set(name, checked.map(|()| Value::One(value.to_string())));
    }

    /// A list parameter. An empty list is refused: the server could not tell it from no parameter at all, which means the very
    /// opposite (no restriction).
    pub(crate) fn query_list<T: Outgoing + fmt::Display>(
        &mut self,
        name: &'static str,
        values: impl IntoIterator<Item = T>,
    ) {
        let values: Vec<T> = values.into_iter().collect();
        let list = if values.is_empty() {
            Err(InvalidRequest::at(
                name,
                "an empty list; leave the parameter out to ask for all",
            ))
        } else {
            crate::outgoing::check_field(name, &values)
                .map(|()| Value::List(values.iter().map(T::to_string).collect()))
        };
        self.set(name, list);
    }

    fn set(&mut self, name: &'static str, value: Result<Value, InvalidRequest>) {
        self.query.retain(|(other, _)| *other != name);
        self.query.push((name, value));
    }

    /// The JSON body: compact, and serialised once, since the signature covers these very bytes.
    pub(crate) fn json<B>(&mut self, body: Result<B, InvalidRequest>)
    where
        B: Serialize + Outgoing + Send + Sync + 'static,
    {
        self.value = None;
        self.body = Some(body.and_then(|body| {
            body.check()?;
            match serde_json::to_vec(&body) {
                Ok(bytes) => {
                    self.value = Some(Arc::new(body));
                    Ok(bytes.into())
                }
                Err(error) => Err(InvalidRequest::new(error.to_string())),
            }
        }));
    }

    /// What the body says, as the type that it was made from.
    pub(crate) fn value(&self) -> Option<&dyn Any> {
        self.value.as_deref().map(|value| value as &dyn Any)
    }

    /// Whether a query parameter was given.
    pub(crate) fn has_query(&self, name: &str) -> bool {
        self.query.iter().any(|(given, _)| *given == name)
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
            self.miss(name);
        }
    }

    /// Reports a body that the contract requires and nobody has given.
    pub(crate) fn require_body(&mut self) {
        if self.body.is_none() {
            self.miss("body");
        }
    }

    fn miss(&mut self, name: &str) {
        let missing = || InvalidRequest::at(name, "required, and not given");
        self.missing.get_or_insert_with(missing);
    }

    /// The body as it goes out, if there is one.
    pub(crate) fn body(&self) -> Result<Option<Bytes>, InvalidRequest> {
        self.body.clone().transpose()
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

    /// The query as it goes out.
    ///
    /// # Errors
    /// The first thing that is wrong with it; or else that something required was not given.
    pub(crate) fn canonical_query(
        &self,
        lists: ListStyle,
    ) -> Result<CanonicalQuery, InvalidRequest> {
        let mut query = CanonicalQuery::builder(lists);
        for (name, value) in &self.query {
            match value.as_ref().map_err(Clone::clone)? {
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
        self.missing.clone().map_or(Ok(query.build()), Err)
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
            .field("body", &self.body.is_some())
            .finish_non_exhaustive()
    }
}
