//! How a write ends: as types that cannot be confused.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use crate::types::{ApiErrorCode, OrderDetails, OrderStatus, OrderSummary};
use crate::{Error, InvalidRequest};

/// What became of one order that was submitted.
///
/// | outcome | does the order exist? | what to do |
/// |---|---|---|
/// | [`Accepted`] | yes | follow it |
/// | [`Rejected`] | no | read the code, mend the order |
/// | [`NotSent`] | no: no request has left | mend what the cause says, or submit it again |
/// | [`NeverArrived`] | no: what left can no longer be executed | submit it again, if it is still wanted |
/// | [`Unknown`] | nobody can say yet | [`Client::resolve`](crate::Client::resolve), now or later; never submit it again before |
#[derive(Debug, Clone)]
#[must_use = "an order that is not accepted does not trade, and an unknown one may"]
pub enum Outcome {
    /// The server has the order.
    Accepted(Accepted),
    /// The server refused the order, and no copy of the request can still be taken.
    Rejected(Rejected),
    /// Nothing was sent.
    NotSent(NotSent),
    /// It was sent and lost: its receive window has ended, and look-ups find nothing.
    NeverArrived(NeverArrived),
    /// It is not known yet whether the server has the order.
    Unknown(Unknown),
}

impl Outcome {
    /// The order's client order id.
    pub fn client_order_id(&self) -> &str {
        match self {
            Self::Accepted(accepted) => &accepted.client_order_id,
            Self::Rejected(rejected) => &rejected.client_order_id,
            Self::NotSent(not_sent) => &not_sent.client_order_id,
            Self::NeverArrived(lost) => &lost.client_order_id,
            Self::Unknown(unknown) => &unknown.client_order_id,
        }
    }

    /// Whether the order exists: `None` as long as nobody can say.
    pub fn exists(&self) -> Option<bool> {
        match self {
            Self::Accepted(_) => Some(true),
            Self::Rejected(_) | Self::NotSent(_) | Self::NeverArrived(_) => Some(false),
            Self::Unknown(_) => None,
        }
    }

    /// The word for logs and metrics: `accepted`, `rejected`, `not_sent`, `never_arrived` or `unknown`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Rejected(_) => "rejected",
            Self::NotSent(_) => "not_sent",
            Self::NeverArrived(_) => "never_arrived",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// One line for the log.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(accepted) => accepted.fmt(f),
            Self::Rejected(rejected) => rejected.fmt(f),
            Self::NotSent(not_sent) => not_sent.fmt(f),
            Self::NeverArrived(lost) => lost.fmt(f),
            Self::Unknown(unknown) => unknown.fmt(f),
        }
    }
}

/// The server has the order. Whether and how it trades is its own story: [`Client::follow`](crate::Client::follow).
#[derive(Debug, Clone)]
pub struct Accepted {
    pub(crate) client_order_id: String,
    pub(crate) order_id: Option<i64>,
    pub(crate) status: Option<OrderStatus>,
    pub(crate) found: Option<Box<OrderDetails>>,
}

impl Accepted {
    pub(super) fn answered(client_order_id: &str, summary: OrderSummary) -> Self {
        Self {
            client_order_id: client_order_id.to_owned(),
            order_id: summary.order_id,
            status: summary.status,
            found: None,
        }
    }

    pub(super) fn looked_up(client_order_id: &str, order: OrderDetails) -> Self {
        Self {
            client_order_id: client_order_id.to_owned(),
            order_id: order.order_id,
            status: order.status.clone(),
            found: Some(Box::new(order)),
        }
    }

    /// The id that the client gave, or that was minted for it.
    pub fn client_order_id(&self) -> &str {
        &self.client_order_id
    }

    /// The id that Anboto gave. An answer that lacks it counts as no acceptance; a look-up may lack it.
    pub fn order_id(&self) -> Option<i64> {
        self.order_id
    }

    /// Where the order stood when it was accepted or found.
    pub fn status(&self) -> Option<&OrderStatus> {
        self.status.as_ref()
    }

    /// The order as a look-up found it; `None` when the answer to its creation told that it was accepted.
    pub fn found(&self) -> Option<&OrderDetails> {
        self.found.as_deref()
    }
}

impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: accepted", self.client_order_id)?;
        if let Some(id) = self.order_id {
            write!(f, " as order {id}")?;
        }
        if self.found.is_some() {
            f.write_str(", found by a look-up")?;
        }
        Ok(())
    }
}

/// The server refused the order.
#[derive(Debug, Clone)]
pub struct Rejected {
    pub(crate) client_order_id: String,
    pub(crate) refusal: Refusal,
}

impl Rejected {
    /// The id that the client gave, or that was minted for it.
    pub fn client_order_id(&self) -> &str {
        &self.client_order_id
    }

    /// The vendor's error code; `None` when the server gave none.
    pub fn code(&self) -> Option<&ApiErrorCode> {
        self.refusal.code.as_ref()
    }

    /// The vendor's words; `None` when the server gave none.
    pub fn message(&self) -> Option<&str> {
        self.refusal.message.as_deref()
    }

    /// The HTTP status of the answer that refused it: a 2xx when the rejection came inside of one. `None` when it was a look-up
    /// that found the order rejected.
    pub fn status(&self) -> Option<u16> {
        self.refusal.status
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: rejected: {}", self.client_order_id, self.refusal)
    }
}

/// A refusal as it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refusal {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<ApiErrorCode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.code, &self.message) {
            (Some(code), Some(message)) => write!(f, "{code}: {message}")?,
            (Some(code), None) => write!(f, "{code}")?,
            (None, Some(message)) => f.write_str(message)?,
            (None, None) => f.write_str("without a word")?,
        }
        match self.status {
            Some(status) => write!(f, " ({status})"),
            None => Ok(()),
        }
    }
}

/// Nothing was sent, and the order does not exist.
#[derive(Debug, Clone)]
pub struct NotSent {
    pub(crate) client_order_id: String,
    pub(crate) why: Arc<Why>,
}

#[derive(Debug)]
pub(crate) enum Why {
    /// The call failed before anything left.
    Call(Error),
    Invalid(InvalidRequest),
    /// It could not be written down first.
    NotPersisted(Box<dyn StdError + Send + Sync>),
    OutOfTime,
    NoRandomness,
}

impl NotSent {
    /// The id that the client gave, or that was minted for it.
    pub fn client_order_id(&self) -> &str {
        &self.client_order_id
    }

    /// The error of the call, when there was one: no connection, no credentials, an order that the guard refused.
    pub fn error(&self) -> Option<&Error> {
        match &*self.why {
            Why::Call(error) => Some(error),
            _ => None,
        }
    }

    /// What is wrong with the order itself, if that is why.
    pub fn invalid(&self) -> Option<&InvalidRequest> {
        match &*self.why {
            Why::Invalid(invalid) => Some(invalid),
            _ => None,
        }
    }

    /// Whether it was not sent because it could not be [persisted](super::Submit::persist) first.
    pub fn is_not_persisted(&self) -> bool {
        matches!(*self.why, Why::NotPersisted(_))
    }

    /// Whether the deadline passed before anything was sent.
    pub fn is_out_of_time(&self) -> bool {
        matches!(*self.why, Why::OutOfTime)
    }
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.client_order_id)?;
        match &*self.why {
            // Says itself that nothing was sent.
            Why::Call(error) => error.fmt(f),
            Why::Invalid(invalid) => write!(f, "not sent: {invalid}"),
            Why::NotPersisted(error) => write!(f, "not sent: it could not be persisted: {error}"),
            Why::OutOfTime => f.write_str("not sent: the deadline passed first"),
            Why::NoRandomness => {
                f.write_str("not sent: the system gives no random numbers to mint an id from")
            }
        }
    }
}

/// It was sent and lost. Its receive window has ended by the server's own clock, and look-ups after that found nothing: the order
/// does not exist, and what was sent can no longer make it exist.
#[derive(Debug, Clone)]
pub struct NeverArrived {
    pub(crate) client_order_id: String,
    pub(crate) cause: String,
}

impl NeverArrived {
    /// The id that the client gave, or that was minted for it. It is free: the order may be submitted again under it.
    pub fn client_order_id(&self) -> &str {
        &self.client_order_id
    }

    /// What the last attempt met, in one line.
    pub fn cause(&self) -> &str {
        &self.cause
    }
}

impl fmt::Display for NeverArrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, cause) = (&self.client_order_id, &self.cause);
        write!(f, "{id}: never arrived, and no longer can: {cause}")
    }
}

/// It is not known whether the server has the order.
///
/// It can be written down (serde) and given to [`Client::resolve`](crate::Client::resolve) at any time, in another process too. It
/// holds no secret. Serialise it as JSON, or in any format that keeps strings, integers and absent fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unknown {
    pub(crate) client_order_id: String,
    /// Where the request went; an order is to be looked up there and nowhere else.
    pub(crate) base_url: String,
    pub(crate) operation: String,
    pub(crate) stage: Stage,
    /// In ms since the epoch, by the server's clock.
    pub(crate) accepted_until: u64,
    pub(crate) attempts: u32,
    /// An answer that refused it, and that a copy of the request may have earned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refusal: Option<Refusal>,
    pub(crate) cause: String,
    /// What the last look-up met, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) look_up: Option<String>,
}

impl Unknown {
    /// What is known of an order that was not sent yet.
    pub(super) fn new(client_order_id: String, base_url: &str) -> Self {
        Self {
            client_order_id,
            base_url: base_url.to_owned(),
            operation: String::new(),
            stage: Stage::Sending,
            accepted_until: 0,
            attempts: 0,
            refusal: None,
            cause: String::new(),
            look_up: None,
        }
    }

    /// The id under which the order can be looked up.
    pub fn client_order_id(&self) -> &str {
        &self.client_order_id
    }

    /// The operation that was called, such as `createOrder`.
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// Where sight of it was lost.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Until when, by the server's clock, the server may still accept the signed request: its timestamp and its receive window
    /// (FACTS, section 2).
    pub fn accepted_until(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(self.accepted_until)
    }

    /// How many times the order was sent. All but the last are known not to have been executed.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// What was met, in one line.
    pub fn cause(&self) -> &str {
        &self.cause
    }

    /// What the last look-up met, in one line, if it failed.
    pub fn look_up(&self) -> Option<&str> {
        self.look_up.as_deref()
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: unknown ({}): {}; the request can be accepted until ",
            self.client_order_id, self.stage, self.cause
        )?;
        // What was read back from a file may hold any number.
        let until = i64::try_from(self.accepted_until)
            .ok()
            .and_then(DateTime::from_timestamp_millis);
        match until {
            Some(until) => write!(f, "{}", until.format("%Y-%m-%dT%H:%M:%S%.3fZ"))?,
            None => write!(f, "{} ms", self.accepted_until)?,
        }
        match &self.look_up {
            Some(look_up) => write!(f, "; the last look-up failed: {look_up}"),
            None => Ok(()),
        }
    }
}

/// Where sight of a request was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stage {
    /// On its way out: written down, and perhaps sent. This is what is left of a call that was dropped, or whose process died.
    Sending,
    /// It may have left, and no answer came.
    NoAnswer,
    /// An answer came, and broke off or could not be read.
    AnswerUnreadable,
    /// The server, or something in front of it, failed: a 5xx, most of all.
    ServerFailed,
    /// An answer came that says nothing of this order.
    NotInAnswer,
    /// The server refused it. It is not known yet whether another copy of the request was taken.
    Refused,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sending => "while sending",
            Self::NoAnswer => "no answer",
            Self::AnswerUnreadable => "answer unreadable",
            Self::ServerFailed => "server failed",
            Self::NotInAnswer => "not in the answer",
            Self::Refused => "refused, not confirmed",
        })
    }
}
