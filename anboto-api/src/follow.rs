//! One order, watched until its end.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use tokio::time::{Sleep, sleep};

use crate::error::Kind;
use crate::types::{OrderDetails, OrderDetailsList, OrderStatus};
use crate::{Client, Error, OrderId, ResponseValue, operations};

impl Client {
    /// Watches one order, by its order id or its client order id, until it has come to its end.
    ///
    /// The order is looked up at once, and then again and again, each time an interval after the last look-up has ended. It is
    /// given when it is first found, whenever anything of it has changed since it was given last, and a last time in its
    /// [final](OrderStatus::is_final) state, with which it ends.
    ///
    /// A look-up that fails or finds no such order ends nothing, since the next one may go well: it takes
    /// [ten of them](Follow::patience) in a row. Then the last error is given, as the end.
    ///
    /// Of several orders with one client order id, the one that was placed last (by its order id) is followed, and no other from
    /// when it is first found.
    ///
    /// ```no_run
    /// # async fn run(client: anboto_api::Client) -> Result<(), anboto_api::Error> {
    /// let mut progress = client.follow("desk-7-000001");
    /// while let Some(order) = progress.next().await {
    ///     let order = order?;
    ///     println!("{:?}: {} filled", order.status, order.filled_quantity);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn follow(&self, id: impl Into<OrderId>) -> Follow {
        Follow {
            client: self.clone(),
            id: id.into(),
            interval: Duration::from_secs(1),
            patience: 10,
            failures: 0,
            followed: None,
            last: None,
            step: Step::LookUp,
        }
    }
}

/// The progress of one order: what [`Client::follow`] makes.
#[must_use = "nothing is looked up until `next` is awaited"]
pub struct Follow {
    client: Client,
    id: OrderId,
    interval: Duration,
    patience: u32,
    /// How many look-ups in a row have failed.
    failures: u32,
    /// The order id of the order, once it was found.
    followed: Option<i64>,
    /// The order as it was given last.
    last: Option<OrderDetails>,
    step: Step,
}

/// What comes next. It is kept between polls, so that whoever stops waiting in the middle loses nothing.
enum Step {
    LookUp,
    Looking(Pin<Box<dyn Future<Output = LookUp> + Send>>),
    Waiting(Pin<Box<Sleep>>),
    Ended,
}

type LookUp = Result<ResponseValue<OrderDetailsList>, Error>;

impl Follow {
    /// How long to wait between two look-ups; 1 s unless said otherwise. Each is a signed call that counts toward the vendor's
    /// rate limit, of which no number is documented.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// How many look-ups in a row may fail, or find no such order, before the error is given and nothing more comes; 10 unless
    /// said otherwise, and at least 1.
    pub fn patience(mut self, look_ups: u32) -> Self {
        self.patience = look_ups;
        self
    }

    /// The order once it has changed; `None` after its end, or after an error.
    ///
    /// Cancel safe: a future that is dropped before it is ready has taken nothing with it, and the next one goes on where it was,
    /// in the middle of a look-up too. So it can stand in a `select!`.
    ///
    /// # Errors
    /// The last of as many errors in a row as its [patience](Self::patience) bears; or one that
    /// [found no order](Error::is_no_such_order). Nothing comes after it.
    pub async fn next(&mut self) -> Option<Result<OrderDetails, Error>> {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    /// The same as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<OrderDetails, Error>> + Send + Unpin {
        Progress(self)
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<OrderDetails, Error>>> {
        loop {
            match &mut self.step {
                Step::LookUp => self.step = Step::Looking(self.look_up()),
                Step::Looking(look_up) => {
                    let result = ready!(look_up.as_mut().poll(context));
                    self.step = Step::Waiting(Box::pin(sleep(self.interval)));
                    if let Some(item) = self.found(result) {
                        return Poll::Ready(Some(item));
                    }
                }
                Step::Waiting(wait) => {
                    ready!(wait.as_mut().poll(context));
                    self.step = Step::LookUp;
                }
                Step::Ended => return Poll::Ready(None),
            }
        }
    }

    fn look_up(&self) -> Pin<Box<dyn Future<Output = LookUp> + Send>> {
        let (client, id) = (self.client.clone(), self.id.clone());
        Box::pin(async move {
            let call = client.get_orders();
            match id {
                OrderId::Anboto(id) => call.order_ids([id]),
                OrderId::Client(id) => call.client_order_ids([id]),
            }
            .send()
            .await
        })
    }

    /// What there is to give after a look-up.
    fn found(&mut self, result: LookUp) -> Option<Result<OrderDetails, Error>> {
        let error = match result.map(|list| self.pick(list.into_inner())) {
            Ok(Some(order)) => {
                self.failures = 0;
                self.followed = order.order_id.or(self.followed);
                if order.status.as_ref().is_some_and(OrderStatus::is_final) {
                    self.step = Step::Ended;
                }
                if self.last.as_ref() == Some(&order) {
                    return None;
                }
                self.last = Some(order.clone());
                return Some(Ok(order));
            }
            Ok(None) => Error::new(&operations::GET_ORDERS, Kind::NoSuchOrder),
            Err(error) => error,
        };
        self.failures = self.failures.saturating_add(1);
        // What is wrong with the request here stays wrong.
        let is_hopeless = error.is_invalid_request() || error.is_missing_credentials();
        if self.failures >= self.patience || is_hopeless {
            self.step = Step::Ended;
            return Some(Err(error));
        }
        None
    }

    /// The order that is followed, out of an answer that may hold others.
    fn pick(&self, list: OrderDetailsList) -> Option<OrderDetails> {
        let orders = list.orders.into_iter();
        orders
            .filter(|order| match &self.id {
                OrderId::Anboto(id) => order.order_id == Some(*id),
                OrderId::Client(id) => order.client_order_id.as_ref() == Some(id),
            })
            .filter(|order| self.followed.is_none() || order.order_id == self.followed)
            .max_by_key(|order| order.order_id)
    }
}

/// Shows the id.
impl fmt::Debug for Follow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follow")
            .field("id", &self.id)
            .field("interval", &self.interval)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

struct Progress(Follow);

impl Stream for Progress {
    type Item = Result<OrderDetails, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll(context)
    }
}
