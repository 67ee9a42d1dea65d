use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};

use crate::error_body::VendorError;
use crate::transport::Failure;
use crate::{GuardRefusal, InvalidRequest, Operation};

/// What went wrong with a call, whatever it was: the one error type of the client.
///
/// It keeps all that is known: the operation, and from the moment that an answer began to arrive also its status, its headers
/// and its body. Ask it by predicate what to do next:
///
/// | question | method | what to do |
/// |---|---|---|
/// | may the server have carried it out? | [`may_have_been_executed`](Self::may_have_been_executed) | look the order up before sending it again |
/// | was the request itself wrong? | [`is_invalid_request`](Self::is_invalid_request) | mend it; nothing was sent |
/// | did a guard of the client refuse it? | [`is_guarded`](Self::is_guarded) | ask why it was tried; nothing was sent |
/// | did the server refuse the signature? | [`is_unauthorized`](Self::is_unauthorized) | check key, clock and signature encoding |
/// | was it too fast? | [`is_rate_limited`](Self::is_rate_limited), [`is_held_back`](Self::is_held_back) | call less often; the client itself waits for [`retry_after`](Self::retry_after) before the next call |
/// | did time run out? | [`is_timeout`](Self::is_timeout) | see the first row |
/// | did the answer not make sense? | [`is_decode`](Self::is_decode) | read [`body`](Self::body), report it |
///
/// `Display` is one line, complete by itself: it ends with the innermost cause, so that a log needs nothing else. Where a server
/// echoes the API key or the signature, the texts made from its answer ([`code`](Self::code),
/// [`vendor_message`](Self::vendor_message), `Display`) leave them out; [`body`](Self::body) and [`headers`](Self::headers) are
/// as they came.
pub struct Error(Box<Inner>);

struct Inner {
    operation: &'static Operation,
    kind: Kind,
    answer: Option<Answer>,
    attempts: u32,
}

pub(crate) enum Kind {
    /// The request was refused before anything was sent.
    Invalid(InvalidRequest),
    /// A guard of the client refused it before anything was sent.
    Guarded(GuardRefusal),
    /// The operation has to be signed and the client has nothing to sign with.
    NoCredentials,
    /// The call was held back for too long, by the client's rate or by a pause that the server asked for.
    HeldBack,
    /// The request could not be signed.
    Sign(anboto_auth::SignError),
    /// No connection; the request never left.
    Connect(Failure),
    /// The request may have left, and no answer came.
    Send(Failure),
    /// The answer broke off in the middle of its body.
    Body(Failure),
    /// The answer is larger than the client's limit.
    TooLarge { limit: usize },
    /// A status other than 2xx.
    Status(VendorError),
    /// A 2xx whose body is not what the contract says.
    Decode(String),
    /// An answer as it should be, without the order that was asked for.
    NoSuchOrder,
}

impl Kind {
    /// Whether it came to no attempt to send anything.
    fn is_before_any_attempt(&self) -> bool {
        matches!(
            self,
            Self::Invalid(_)
                | Self::Guarded(_)
                | Self::NoCredentials
                | Self::HeldBack
                | Self::Sign(_)
        )
    }
}

/// What arrived of an answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// How much of a body an error keeps: 1 MiB, so that errors can be held on to without harm.
const KEPT: usize = 1 << 20;

impl Error {
    pub(crate) fn new(operation: &'static Operation, kind: Kind) -> Self {
        let attempts = u32::from(!kind.is_before_any_attempt());
        Self(Box::new(Inner {
            operation,
            kind,
            answer: None,
            attempts,
        }))
    }

    pub(crate) fn with_answer(
        operation: &'static Operation,
        kind: Kind,
        mut answer: Answer,
    ) -> Self {
        // Copied, not sliced: a slice would keep the whole body in memory.
        if answer.body.len() > KEPT {
            answer.body = Bytes::copy_from_slice(&answer.body[..KEPT]);
        }
        Self(Box::new(Inner {
            operation,
            kind,
            answer: Some(answer),
            attempts: 1,
        }))
    }

    /// Says that this is the error of the last of so many attempts, unless it came before that attempt was made.
    pub(crate) fn count(&mut self, attempts: u32) {
        self.0.attempts = attempts - u32::from(self.0.kind.is_before_any_attempt());
    }

    /// The operation that was called.
    pub fn operation(&self) -> &'static Operation {
        self.0.operation
    }

    /// How many attempts were made to send the call, of which this is the last one's error; 0 when it was refused before any.
    ///
    /// [`Retries`](crate::Retries) says when there is more than one.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The status of the answer; `None` when no answer came.
    ///
    /// It is a 2xx when the call succeeded as far as HTTP goes and its answer could not be read.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.answer.as_ref().map(|answer| answer.status)
    }

    /// The headers of the answer; `None` when no answer came.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.answer.as_ref().map(|answer| &answer.headers)
    }

    /// The body of the answer as far as it arrived, at most its first MiB; empty when there was none.
    pub fn body(&self) -> &[u8] {
        self.0.answer.as_ref().map_or(&[], |answer| &answer.body)
    }

    /// The vendor's error code, such as `INVALID_SIGNATURE`, when the answer carries one.
    ///
    /// [`ApiErrorCode`](crate::types::ApiErrorCode) has the documented ones: `code.parse::<ApiErrorCode>()`.
    pub fn code(&self) -> Option<&str> {
        self.vendor().and_then(|vendor| vendor.code.as_deref())
    }

    /// The vendor's words, when the answer carries any: from a JSON body, a plain text, or the title of an HTML page.
    pub fn vendor_message(&self) -> Option<&str> {
        self.vendor().and_then(|vendor| vendor.message.as_deref())
    }

    /// How long the server asks to wait before the next call, by its `Retry-After` header (RFC 9110, section 10.2.3).
    ///
    /// The contract documents no such header; something in front of the server may still send one. A date counts from `now`, and
    /// one that has passed is no wait at all.
    pub fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        let value = self.headers()?.get(RETRY_AFTER)?.to_str().ok()?.trim();
        match value.parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => Some(
                httpdate::parse_http_date(value)
                    .ok()?
                    .duration_since(now)
                    .unwrap_or(Duration::ZERO),
            ),
        }
    }

    /// Whether the server may have carried the operation out, so that sending it again may do it twice.
    ///
    /// `false` for a read, for whatever never left this machine, and for a status by which a server says that it refused the
    /// request (400, 401, 403, 404, 405, 413, 414, 415, 422, 429). `true` in every other case, a timeout and a 5xx among them.
    pub fn may_have_been_executed(&self) -> bool {
        self.0.operation.effect.is_write()
            && !self.has_never_left()
            && self.refused_with().is_none()
    }

    /// Whether nothing of the request has left this machine.
    pub(crate) fn has_never_left(&self) -> bool {
        matches!(self.0.kind, Kind::Connect(_)) || self.0.kind.is_before_any_attempt()
    }

    /// The status by which a server said that it refused the request, if it did.
    pub(crate) fn refused_with(&self) -> Option<u16> {
        let status = self.status()?.as_u16();
        matches!(
            status,
            400 | 401 | 403 | 404 | 405 | 413 | 414 | 415 | 422 | 429
        )
        .then_some(status)
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.0.kind
    }

    /// Whether the request was refused here, before anything was sent, because something in it is missing or wrong.
    pub fn is_invalid_request(&self) -> bool {
        matches!(self.0.kind, Kind::Invalid(_))
    }

    /// Whether a [`Guard`](crate::Guard) of the client refused the call. Nothing was sent; the source is the
    /// [`GuardRefusal`].
    pub fn is_guarded(&self) -> bool {
        matches!(self.0.kind, Kind::Guarded(_))
    }

    /// Whether the operation has to be signed and the client has no credentials. Nothing was sent.
    pub fn is_missing_credentials(&self) -> bool {
        matches!(self.0.kind, Kind::NoCredentials)
    }

    /// Whether the request could not be signed: its origin, the clock, or the key. Nothing was sent.
    pub fn is_signing(&self) -> bool {
        matches!(self.0.kind, Kind::Sign(_))
    }

    /// Whether the call was held back for longer than [`queue_timeout`](crate::ClientBuilder::queue_timeout), by the client's
    /// own rate or because the server had asked for fewer calls. Nothing was sent.
    pub fn is_held_back(&self) -> bool {
        matches!(self.0.kind, Kind::HeldBack)
    }

    /// Whether no connection could be made. Nothing was sent.
    pub fn is_connect(&self) -> bool {
        matches!(self.0.kind, Kind::Connect(_))
    }

    /// Whether a time limit ran out: while connecting, while waiting for the answer, or while reading it.
    pub fn is_timeout(&self) -> bool {
        match &self.0.kind {
            Kind::Connect(error) | Kind::Send(error) | Kind::Body(error) => error.is_timeout(),
            _ => false,
        }
    }

    /// Whether the server answered with a status other than 2xx, even if the body after it broke off.
    pub fn is_status(&self) -> bool {
        self.status().is_some_and(|status| !status.is_success())
    }

    /// Whether the server refused who asked: 401 or 403.
    pub fn is_unauthorized(&self) -> bool {
        matches!(
            self.status(),
            Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
        )
    }

    /// Whether the server asks for fewer calls: 429, or an error code that says so.
    pub fn is_rate_limited(&self) -> bool {
        self.status() == Some(StatusCode::TOO_MANY_REQUESTS)
            || matches!(self.code(), Some("RATE_LIMIT_EXCEEDED" | "DDOS_PROTECTION"))
    }

    /// Whether the server, or something in front of it, failed: 5xx.
    pub fn is_server_error(&self) -> bool {
        self.status().is_some_and(|status| status.is_server_error())
    }

    /// Whether a 2xx came whose body could not be read: cut off, too large, or not what the contract says.
    pub fn is_decode(&self) -> bool {
        self.status().is_some_and(|status| status.is_success())
    }

    /// Whether the request may have left, and nothing of an answer came.
    pub(crate) fn is_unanswered(&self) -> bool {
        matches!(self.0.kind, Kind::Send(_))
    }

    /// Whether the server refused the request for its timestamp.
    pub(crate) fn is_about_the_clock(&self) -> bool {
        self.code() == Some("INVALID_TIMESTAMP")
    }

    /// Whether the server may have refused the request for its timestamp: it says so, or gives no reason for its 401, of which the
    /// contract documents no body at all (FACTS, section 3).
    pub(crate) fn may_be_about_the_clock(&self) -> bool {
        let is_wordless = self.code().is_none();
        self.is_about_the_clock()
            || (self.status() == Some(StatusCode::UNAUTHORIZED) && is_wordless)
    }

    /// Whether the answer broke off in the middle of its body.
    pub(crate) fn is_cut_off(&self) -> bool {
        matches!(self.0.kind, Kind::Body(_))
    }

    /// Whether an order was looked up, as often as was asked for, and the server knows none by that id. No single call gives this
    /// error: [`Client::follow`](crate::Client::follow) does.
    pub fn is_no_such_order(&self) -> bool {
        matches!(self.0.kind, Kind::NoSuchOrder)
    }

    /// What to say of a status whose answer says nothing.
    fn without_words(&self) -> &'static str {
        match self.status().map(|status| status.as_u16()) {
            Some(300..400) => "the server points elsewhere, where the client does not follow",
            Some(400..500) => "refused without a word",
            _ => "failed without a word",
        }
    }

    fn vendor(&self) -> Option<&VendorError> {
        match &self.0.kind {
            Kind::Status(vendor) => Some(vendor),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.0.operation.id)?;
        match &self.0.kind {
            Kind::Invalid(invalid) => write!(f, "not sent: {invalid}")?,
            Kind::Guarded(refusal) => write!(f, "not sent: {refusal}")?,
            Kind::NoCredentials => f.write_str(
                "not sent: the operation is signed, and the client was given no credentials",
            )?,
            Kind::HeldBack => f.write_str(
                "not sent: held back for too long, by the client's rate limit or since the server asked for fewer calls",
            )?,
            Kind::Sign(error) => write!(f, "not sent: {error}")?,
            Kind::Connect(error) if error.is_timeout() => {
                f.write_str("not sent: no connection to the server within the time limit")?
            }
            Kind::Connect(error) => write!(f, "not sent: no connection to the server: {error}")?,
            Kind::Send(error) if error.is_timeout() => {
                f.write_str("no answer within the time limit")?
            }
            Kind::Send(error) => write!(f, "no answer: {error}")?,
            Kind::Body(error) if error.is_timeout() => write!(
                f,
                "the answer stopped after {} bytes and did not end within the time limit",
                self.body().len()
            )?,
            Kind::Body(error) => write!(
                f,
                "the answer broke off after {} bytes: {error}",
                self.body().len()
            )?,
            Kind::TooLarge { limit } => {
                write!(f, "the answer is larger than the limit of {limit} bytes")?
            }
            Kind::Status(vendor) => match (&vendor.code, &vendor.message) {
                (Some(code), Some(message)) => write!(f, "{code}: {message}")?,
                (Some(text), None) | (None, Some(text)) => f.write_str(text)?,
                (None, None) => f.write_str(self.without_words())?,
            },
            Kind::NoSuchOrder => f.write_str("the server knows no order by that id")?,
            Kind::Decode(message) => {
                write!(f, "the answer is not what the contract says: {message}")?
            }
        }
        if let Some(answer) = &self.0.answer {
            write!(f, " ({}", answer.status)?;
            if let Some(media_type) = media_type(&answer.headers) {
                write!(f, ", {media_type}")?;
            }
            f.write_str(")")?;
        }
        if self.attempts() > 1 {
            write!(f, "; tried {} times", self.attempts())?;
        }
        if self.may_have_been_executed() {
            f.write_str("; the server may have carried it out")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("operation", &self.0.operation.id)
            .field("message", &self.to_string())
            .field("body_bytes", &self.body().len())
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.kind {
            Kind::Invalid(invalid) => Some(invalid),
            Kind::Guarded(refusal) => Some(refusal),
            Kind::Sign(error) => Some(error),
            Kind::Connect(error) | Kind::Send(error) | Kind::Body(error) => error.cause(),
            Kind::NoCredentials
            | Kind::HeldBack
            | Kind::TooLarge { .. }
            | Kind::Status(_)
            | Kind::Decode(_)
            | Kind::NoSuchOrder => None,
        }
    }
}

/// The media type of an answer without its parameters, if it looks like one.
fn media_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let media_type = value.split(';').next()?.trim();
    (media_type.len() <= 40 && media_type.split('/').count() == 2).then_some(media_type)
}

#[cfg(test)]
mod tests {
    use anboto_auth::{Credentials, Environment, RequestView, Signer};

    use super::*;
    use crate::operations;

    /// Only a broken clock or a failing RSA backend gets here: the client is made with a signer of its own origin.
    #[test]
    fn what_could_not_be_signed_was_not_sent() {
        let credentials = Credentials::hmac("test-api-key", "c2VjcmV0").unwrap();
        let signer = Signer::new(&Environment::testnet(), credentials);
        let url = reqwest::Url::parse(Environment::testnet().base_url()).unwrap();
        let before_the_epoch = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        let failed = signer.sign(&RequestView::new(&url), before_the_epoch);
        let error = Error::new(&operations::CREATE_ORDER, Kind::Sign(failed.unwrap_err()));
        assert!(error.is_signing() && !error.may_have_been_executed());
        assert!(
            error.to_string().starts_with("createOrder: not sent: "),
            "{error}"
        );
    }
}
