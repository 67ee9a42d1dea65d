//! Cancelling an order, and seeing it end.

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::types::{CancelUpstreamOrderRequest, OrderDetails, OrderStatus};
use crate::{Client, Error, OrderId};

/// How long to wait after the first look, and the longest wait between two; it doubles from one to the next.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How a cancellation ended.
#[derive(Debug, Clone)]
#[must_use = "an order may go on trading"]
pub enum Cancellation {
    /// The order has ended and trades no more. Look at its status and its filled quantity: it may have been filled first.
    Ended(Box<OrderDetails>),
    /// The server refused the cancellation (`CANCEL_REJECTED`): the order goes on.
    Refused(Box<OrderDetails>),
    /// No look-up found such an order, for as long as [`SubmitSettings::margin`](super::SubmitSettings::margin).
    NotFound,
    /// The deadline passed and the order had not ended, or could not be looked up. Cancelling it once more is safe.
    Unknown {
        /// The order as it was last seen.
        last_seen: Option<Box<OrderDetails>>,
        /// What the last request met, in one line, if it failed.
        cause: Option<String>,
    },
}

impl Cancellation {
    /// Whether the order has ended, and by a cancellation.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Ended(order) if order.status == Some(OrderStatus::Cancelled))
    }
}

/// One line for the log.
impl fmt::Display for Cancellation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = |order: &OrderDetails| {
            let status = order
                .status
                .as_ref()
                .map_or("no status", OrderStatus::as_str);
            format!("{status}, {} filled", order.filled_quantity.normalize())
        };
        match self {
            Self::Ended(order) => write!(f, "ended: {}", status(order)),
            Self::Refused(order) => write!(f, "cancellation refused: {}", status(order)),
            Self::NotFound => f.write_str("no such order is found"),
            Self::Unknown { last_seen, cause } => {
                f.write_str("not confirmed within the deadline")?;
                if let Some(order) = last_seen {
                    write!(f, "; last seen {}", status(order))?;
                }
                match cause {
                    Some(cause) => write!(f, "; {cause}"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl Client {
    /// Cancels an order and follows it until it has ended, within [`SubmitSettings::deadline`](super::SubmitSettings::deadline).
    ///
    /// The answer to a cancellation is about the request alone (FACTS, section 3), so the order is looked up. A cancellation that
    /// gets lost is sent again, signed afresh: a second one adds nothing to the first.
    ///
    /// Meant for an order that was accepted. One whose creation is unknown has to be [resolved](Self::resolve) first: that it is
    /// not found says nothing as long as it can still arrive.
    pub async fn cancel_and_confirm(&self, order: impl Into<OrderId>) -> Cancellation {
        let settings = self.submit_settings();
        let now = Instant::now();
        let mut cancelling = Cancelling {
            client: self,
            id: order.into(),
            not_found_after: now + settings.margin,
            last_seen: None,
            cause: None,
        };
        match timeout_at(now + settings.deadline, cancelling.run()).await {
            Ok(cancellation) => cancellation,
            Err(_deadline_passed) => Cancellation::Unknown {
                last_seen: cancelling.last_seen,
                cause: cancelling.cause,
            },
        }
    }
}

struct Cancelling<'a> {
    client: &'a Client,
    id: OrderId,
    not_found_after: Instant,
    last_seen: Option<Box<OrderDetails>>,
    cause: Option<String>,
}

impl Cancelling<'_> {
    async fn run(&mut self) -> Cancellation {
        let mut pause = FIRST_PAUSE;
        let mut is_asked = false;
        loop {
            if !is_asked {
                is_asked = match self.ask().await {
                    Ok(is_taken) => is_taken,
                    Err(error) => {
                        self.cause = Some(error.to_string());
                        if error.has_never_left() && !error.is_connect() {
                            return self.unknown();
                        }
                        false
                    }
                };
            }
            // It is when it was asked that counts: an answer may have been under way for long.
            let is_last_word = Instant::now() >= self.not_found_after;
            match self.look_up().await {
                Ok(Found::This(order)) => match order.status {
                    Some(OrderStatus::CancelRejected) => return Cancellation::Refused(order),
                    Some(ref status) if status.is_final() => return Cancellation::Ended(order),
                    ref status => {
                        is_asked &= *status == Some(OrderStatus::PendingCancel);
                        self.last_seen = Some(order);
                    }
                },
                Ok(Found::Nothing) if is_last_word => return Cancellation::NotFound,
                Ok(Found::Nothing | Found::Others) => {}
                Err(error) => self.cause = Some(error.to_string()),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn unknown(&mut self) -> Cancellation {
        Cancellation::Unknown {
            last_seen: self.last_seen.take(),
            cause: self.cause.take(),
        }
    }

    /// Asks for the cancellation; whether the server took the request.
    async fn ask(&mut self) -> Result<bool, Error> {
        let body = CancelUpstreamOrderRequest::builder();
        let body = match &self.id {
            OrderId::Anboto(id) => body.order_id(*id),
            OrderId::Client(id) => body.client_order_id(id),
        };
        let answer = self.client.cancel_order().body(body).send().await?;
        if let Some(code) = &answer.error_code {
            let message = answer.message.as_deref().unwrap_or("no reason given");
            self.cause = Some(format!("the cancellation was refused: {code}: {message}"));
        }
        Ok(answer.error_code.is_none())
    }

    async fn look_up(&self) -> Result<Found, Error> {
        let look_up = self.client.get_orders();
        let look_up = match &self.id {
            OrderId::Anboto(id) => look_up.order_ids([*id]),
            OrderId::Client(id) => look_up.client_order_ids([id]),
        };
        let mut found = look_up.send().await?.into_inner().orders;
        let is_this = |order: &OrderDetails| match &self.id {
            OrderId::Anboto(id) => order.order_id == Some(*id),
            OrderId::Client(id) => order.client_order_id.as_ref() == Some(id),
        };
        let is_empty = found.is_empty();
        found.retain(is_this);
        // Should there be two under one id, the one that still trades counts.
        found.sort_by_key(|order| order.status.as_ref().is_some_and(OrderStatus::is_final));
        Ok(match found.into_iter().next() {
            Some(order) => Found::This(Box::new(order)),
            None if is_empty => Found::Nothing,
            None => Found::Others,
        })
    }
}

/// What a look-up of one order found.
enum Found {
    This(Box<OrderDetails>),
    Nothing,
    /// Orders that were not asked for: the answer belongs to another question, and says nothing of this order.
    Others,
}
