//! Why a request is not to be served.

use std::{error::Error, fmt};

/// Why a request is not to be served. Shows which header is at fault, never what it holds.
#[derive(Debug)]
pub struct VerifyError {
    kind: VerifyErrorKind,
    header: Option<&'static str>,
}

/// What is wrong with a received request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerifyErrorKind {
    /// One of the four headers is missing.
    MissingHeader,
    /// One of the four headers is there more than once.
    RepeatedHeader,
    /// One of the four headers holds what it can't.
    MalformedHeader,
    /// The receive window is over.
    Expired,
    /// The timestamp is a second or more ahead of the server's clock.
    AheadOfServer,
    /// The query can't be read.
    MalformedQuery,
    /// There are both a query and a body, and the signature can cover only one.
    QueryAndBody,
    /// The API key is unknown, or the signature is not its.
    Unauthorized,
    /// The request was served before.
    Replayed,
    /// The replay memory is full of requests whose window is still open.
    ReplayMemoryFull,
    /// The server's own clock reads a time before 1970.
    ClockBeforeEpoch,
}

impl VerifyError {
    pub(super) fn new(kind: VerifyErrorKind) -> Self {
        Self { kind, header: None }
    }

    pub(super) fn about(mut self, header: &'static str) -> Self {
        self.header = Some(header);
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> VerifyErrorKind {
        self.kind
    }

    /// Whether the sender's clock is at fault, or a request that was under way too long.
    #[must_use]
    pub fn is_outside_window(&self) -> bool {
        matches!(
            self.kind,
            VerifyErrorKind::Expired | VerifyErrorKind::AheadOfServer
        )
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use VerifyErrorKind as Kind;
        if let Some(header) = self.header {
            write!(f, "{header}: ")?;
        }
        f.write_str(match self.kind {
            Kind::MissingHeader => "the header is missing",
            Kind::RepeatedHeader => "the header is there more than once",
            Kind::MalformedHeader => "the header's value is malformed",
            Kind::Expired => "the receive window is over",
            Kind::AheadOfServer => "the timestamp is ahead of the server's clock",
            Kind::MalformedQuery => "the query can't be read",
            Kind::QueryAndBody => "the request has both a query and a body; only one can be signed",
            Kind::Unauthorized => "unknown API key or wrong signature",
            Kind::Replayed => "the request was served before",
            Kind::ReplayMemoryFull => "too many requests are being remembered; try again later",
            Kind::ClockBeforeEpoch => "the server's clock reads a time before 1970",
        })
    }
}

impl Error for VerifyError {}
