//! Every request that was received, with what became of it; never a secret.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Method;
use serde::{Serialize, Serializer};

use super::faults::Fault;
use crate::Operation;

/// How much of a body is kept.
const KEPT: usize = 16 << 10;

/// A request that a testnet has received. API keys and signatures are no part of it.
///
/// `Display` is one line: method, path, operation, status, time.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// A running number, from 1.
    pub number: u64,
    /// When it came, in ms since the epoch.
    #[serde(serialize_with = "unix_ms")]
    pub at: SystemTime,
    /// The HTTP method.
    #[serde(serialize_with = "text")]
    pub method: Method,
    /// The path.
    pub path: String,
    /// The query as it was sent.
    pub query: Option<String>,
    /// The operation, when the method and path are those of one.
    #[serde(serialize_with = "id")]
    pub operation: Option<&'static Operation>,
    /// The body, its first 16 KiB at most.
    #[serde(serialize_with = "body")]
    pub body: Bytes,
    /// The fault that it met.
    pub fault: Option<Fault>,
    /// Whether it reached the exchange, which may of course have refused it.
    pub executed: bool,
    /// The status of the answer; `None` while there is none, and when the connection was reset.
    pub status: Option<u16>,
    /// From its head to its answer.
    #[serde(serialize_with = "micros")]
    pub took: Duration,
}

impl fmt::Display for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.operation.map_or("-", |operation| operation.id);
        write!(
            f,
            "{:<4} {:<40} {operation:<26}",
            self.method.as_str(),
            printable(&self.path)
        )?;
        match self.status {
            Some(status) => write!(f, " {status}")?,
            None => f.write_str("  no")?,
        }
        write!(f, " {:>8.2} ms", self.took.as_secs_f64() * 1_000.0)?;
        match &self.fault {
            Some(fault) => write!(f, "  fault: {fault:?}"),
            None => Ok(()),
        }
    }
}

/// What a client sent is not to steer the terminal that it is shown in.
fn printable(path: &str) -> String {
    path.chars()
        .take(200)
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

fn unix_ms<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(super::core::unix_ms(*time))
}

fn text<S: Serializer>(method: &Method, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(method.as_str())
}

fn id<S: Serializer>(of: &Option<&'static Operation>, serializer: S) -> Result<S::Ok, S::Error> {
    of.map(|operation| operation.id).serialize(serializer)
}

fn body<S: Serializer>(body: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(body))
}

fn micros<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

/// The latest requests.
#[derive(Debug)]
pub(crate) struct Log {
    requests: VecDeque<ReceivedRequest>,
    capacity: usize,
    received: u64,
}

impl Log {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            requests: VecDeque::new(),
            capacity,
            received: 0,
        }
    }

    /// Notes a request at its arrival; its number comes back.
    pub(crate) fn begin(
        &mut self,
        head: &http::request::Parts,
        operation: Option<&'static Operation>,
        fault: Option<Fault>,
        at: SystemTime,
    ) -> u64 {
        self.received += 1;
        if self.capacity > 0 {
            if self.requests.len() == self.capacity {
                self.requests.pop_front();
            }
            self.requests.push_back(ReceivedRequest {
                number: self.received,
                at,
                method: head.method.clone(),
                path: head.uri.path().to_owned(),
                query: head.uri.query().map(str::to_owned),
                operation,
                body: Bytes::new(),
                fault,
                executed: false,
                status: None,
                took: Duration::ZERO,
            });
        }
        self.received
    }

    /// The note of a request, unless it has been crowded out.
    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut ReceivedRequest> {
        let first = self.requests.front()?.number;
        let index = usize::try_from(number.checked_sub(first)?).ok()?;
        self.requests.get_mut(index)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &ReceivedRequest> {
        self.requests.iter()
    }

    pub(crate) fn clear(&mut self) {
        self.requests.clear();
    }
}

/// As much of a body as is kept: a copy, since the body is part of a connection's buffer and would keep all of that.
pub(crate) fn excerpt(body: &Bytes) -> Bytes {
    Bytes::copy_from_slice(&body[..body.len().min(KEPT)])
}
