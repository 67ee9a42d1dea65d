//! Orders of which it is known what became of them.
//!
//! A generated call such as [`Client::create_order`] is sent once and says what it met; after a timeout or a 502 its error says no
//! more than that the order may exist. [`Client::submit`] goes on from there and finds out: it never sends an order again while
//! the first request could still be accepted, and ends in one of five [outcomes](Outcome) that cannot be confused.
//!
//! ```no_run
//! # async fn run(client: anboto_api::Client, order: anboto_api::types::CreateParentOrderRequest) {
//! use anboto_api::Outcome;
//!
//! match client.submit(order).await {
//!     Outcome::Accepted(order) => println!("{order}"),
//!     Outcome::Rejected(order) => println!("{order}"),
//!     Outcome::NotSent(order) => println!("{order}"),
//!     Outcome::NeverArrived(order) => println!("{order}"),
//!     Outcome::Unknown(order) => {
//!         // Not even now: write it down, and ask again later.
//!         let outcome = client.resolve(order).await;
//!         println!("{outcome}");
//!     }
//! }
//! # }
//! ```
//!
//! # What it rests on
//! - A signed request is not accepted after its receive window, by the server's clock (FACTS, section 2).
//! - What was executed within the window shows in look-ups by client order id within [`SubmitSettings::margin`] after its end.
//! - An empty list that answers a look-up was meant for it: nothing in it could tell. Answers that name orders are held against the
//!   question.
//! - The client order id was never used before. One that is minted never was; one that is given is the caller's word.
//! - A request that something on the way copies, within its window, is executed once: no client can undo what a server does with
//!   a copy. Two orders under one id would show in every look-up.

mod cancel;
mod flow;
mod in_flight;
mod order;
mod outcome;
mod settings;
mod settle;
mod verdict;

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub use self::cancel::Cancellation;
pub use self::in_flight::InFlight;
pub use self::outcome::{Accepted, NeverArrived, NotSent, Outcome, Rejected, Stage, Unknown};
#[cfg(feature = "testnet")]
#[doc(hidden)]
pub use self::settings::Sabotage;
pub use self::settings::SubmitSettings;

use self::flow::Entry;
use self::order::Order;
use self::outcome::Why;
use crate::types::{CreateMultiLegsParentOrderRequest, CreateParentOrderRequest};
use crate::{Client, InvalidRequest};

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Persist = Box<dyn FnMut(Vec<Unknown>) -> Boxed<Result<(), BoxError>> + Send>;
type BoxError = Box<dyn StdError + Send + Sync>;
type Run = Box<dyn FnOnce(Plan) -> Boxed<Vec<Outcome>> + Send>;

impl Client {
    /// Places an order, and finds out what became of it.
    ///
    /// An order without a client order id is given one, at once and before anything is sent: [`Submit::client_order_id`]. Nothing
    /// happens until the result is awaited. It never fails in any other way than by its [`Outcome`], and takes at most
    /// [`SubmitSettings::deadline`].
    pub fn submit<B>(&self, order: B) -> Submit
    where
        B: TryInto<CreateParentOrderRequest>,
        B::Error: Into<InvalidRequest>,
    {
        Submit(SubmitMany::new(self, [order], false))
    }

    /// Places several orders in as few requests as [`SubmitSettings::batch_size`] allows, and finds out what became of each.
    ///
    /// The orders are independent of one another. There is one outcome for each, in their order; an order that the server's
    /// answer does not name is looked up like any other that was lost.
    pub fn submit_many<B>(&self, orders: impl IntoIterator<Item = B>) -> SubmitMany
    where
        B: TryInto<CreateParentOrderRequest>,
        B::Error: Into<InvalidRequest>,
    {
        SubmitMany::new(self, orders, true)
    }

    /// Places an order of several legs; as [`submit`](Self::submit).
    pub fn submit_multi_legs<B>(&self, order: B) -> Submit
    where
        B: TryInto<CreateMultiLegsParentOrderRequest>,
        B::Error: Into<InvalidRequest>,
    {
        Submit(SubmitMany::new(self, [order], false))
    }

    /// Places several orders of several legs each; as [`submit_many`](Self::submit_many).
    pub fn submit_many_multi_legs<B>(&self, orders: impl IntoIterator<Item = B>) -> SubmitMany
    where
        B: TryInto<CreateMultiLegsParentOrderRequest>,
        B::Error: Into<InvalidRequest>,
    {
        SubmitMany::new(self, orders, true)
    }

    /// Goes on finding out what became of an order, for as long as [`SubmitSettings::deadline`] says. Sends nothing but reads.
    ///
    /// The unknown may come from another process, or from one that died in mid-call, if its client talked to the same server
    /// with a key of the same account. One that was made for another server comes back as it is, with the reason in its cause.
    pub async fn resolve(&self, unknown: Unknown) -> Outcome {
        let client_order_id = unknown.client_order_id.clone();
        let mut outcomes = self.resolve_many([unknown]).await;
        // There is one outcome for each.
        outcomes.pop().unwrap_or_else(|| {
            Outcome::NotSent(NotSent {
                client_order_id,
                why: Arc::new(Why::OutOfTime),
            })
        })
    }

    /// As [`resolve`](Self::resolve), for several at a time; the outcomes come in the order of the unknowns.
    pub async fn resolve_many(&self, unknowns: impl IntoIterator<Item = Unknown>) -> Vec<Outcome> {
        let settings = self.submit_settings();
        let deadline = Instant::now() + settings.deadline;
        let here = self.environment().base_url();
        let (ours, foreign): (Vec<_>, Vec<_>) = unknowns
            .into_iter()
            .enumerate()
            .partition(|(_, unknown)| unknown.base_url == here);
        let (places, ours): (Vec<_>, Vec<_>) = ours.into_iter().unzip();
        let settled = settle::settle(self, settings, deadline, ours, &InFlight::default()).await;
        let mut outcomes: Vec<(usize, Outcome)> = places.into_iter().zip(settled).collect();
        outcomes.extend(foreign.into_iter().map(|(place, mut unknown)| {
            unknown.look_up = Some(format!(
                "it was sent to {}, and this client talks to {here}",
                unknown.base_url
            ));
            (place, Outcome::Unknown(unknown))
        }));
        outcomes.sort_by_key(|(place, _)| *place);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

/// An order about to be submitted; from [`Client::submit`]. Await it.
#[must_use = "nothing is sent until it is awaited"]
pub struct Submit(SubmitMany);

impl Submit {
    /// The order's client order id: the one it came with, or the one that was minted for it.
    pub fn client_order_id(&self) -> &str {
        self.0.ids.first().map_or("", String::as_str)
    }

    /// How long it may take in all, in place of [`SubmitSettings::deadline`].
    pub fn deadline(self, limit: Duration) -> Self {
        Self(self.0.deadline(limit))
    }

    /// Sends the order again, so many times at most, when it provably never arrived; in place of
    /// [`SubmitSettings::resubmissions`].
    pub fn resubmit(self, times: u32) -> Self {
        Self(self.0.resubmit(times))
    }

    /// Waits for this before each request that may place the order leaves; see [`SubmitMany::persist`].
    pub fn persist<F, R, E>(self, persist: F) -> Self
    where
        F: FnMut(Vec<Unknown>) -> R + Send + 'static,
        R: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Self(self.0.persist(persist))
    }

    /// What is left of the submission if its future is dropped; see [`InFlight`].
    pub fn in_flight(&self) -> InFlight {
        self.0.in_flight()
    }
}

impl IntoFuture for Submit {
    type Output = Outcome;
    type IntoFuture = Boxed<Outcome>;

    fn into_future(self) -> Self::IntoFuture {
        let client_order_id = self.client_order_id().to_owned();
        Box::pin(async move {
            let mut outcomes = self.0.into_future().await;
            // There is one outcome for each order, and there is one order.
            outcomes.pop().unwrap_or_else(|| {
                Outcome::NotSent(NotSent {
                    client_order_id,
                    why: Arc::new(Why::OutOfTime),
                })
            })
        })
    }
}

/// Orders about to be submitted; from [`Client::submit_many`]. Await it.
#[must_use = "nothing is sent until it is awaited"]
pub struct SubmitMany {
    ids: Vec<String>,
    plan: Plan,
    run: Run,
}

/// How a submission goes about it.
struct Plan {
    settings: SubmitSettings,
    persist: Option<Persist>,
    in_flight: InFlight,
}

impl SubmitMany {
    fn new<O, B>(client: &Client, orders: impl IntoIterator<Item = B>, is_batch: bool) -> Self
    where
        O: Order,
        B: TryInto<O>,
        B::Error: Into<InvalidRequest>,
    {
        let mut taken = BTreeSet::new();
        let (ids, entries): (Vec<_>, Vec<_>) = orders
            .into_iter()
            .map(|order| Entry::<O>::new(client, order, &mut taken))
            .map(|entry| (entry.unknown.client_order_id.clone(), entry))
            .unzip();
        let client = client.clone();
        Self {
            ids,
            plan: Plan {
                settings: *client.submit_settings(),
                persist: None,
                in_flight: InFlight::default(),
            },
            run: Box::new(move |plan| Box::pin(flow::run(client, entries, is_batch, plan))),
        }
    }

    /// The client order ids, in the order of the orders: those they came with, and those that were minted.
    pub fn client_order_ids(&self) -> &[String] {
        &self.ids
    }

    /// How long it may take in all, in place of [`SubmitSettings::deadline`].
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.plan.settings.deadline = limit;
        self
    }

    /// Sends an order again, so many times at most, when it provably never arrived; in place of
    /// [`SubmitSettings::resubmissions`].
    pub fn resubmit(mut self, times: u32) -> Self {
        self.plan.settings.resubmissions = times;
        self
    }

    /// Waits for this before each request that may place an order leaves.
    ///
    /// It is given, for each order of the request, what [`Client::resolve`] needs if the process dies from here on. An order that is
    /// sent again is given again: keep the latest for each client order id, until there is an outcome. When it fails, the request
    /// is not sent. The request's receive window runs while it works, so it should take milliseconds.
    pub fn persist<F, R, E>(mut self, mut persist: F) -> Self
    where
        F: FnMut(Vec<Unknown>) -> R + Send + 'static,
        R: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.plan.persist = Some(Box::new(move |unknowns| {
            let persisted = persist(unknowns);
            Box::pin(async move { persisted.await.map_err(Into::into) })
        }));
        self
    }

    /// What is left of the submission if its future is dropped; see [`InFlight`].
    pub fn in_flight(&self) -> InFlight {
        self.plan.in_flight.clone()
    }
}

impl IntoFuture for SubmitMany {
    type Output = Vec<Outcome>;
    type IntoFuture = Boxed<Vec<Outcome>>;

    fn into_future(self) -> Self::IntoFuture {
        (self.run)(self.plan)
    }
}

impl fmt::Debug for Submit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Submit")
            .field(&self.client_order_id())
            .finish()
    }
}

impl fmt::Debug for SubmitMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SubmitMany").field(&self.ids).finish()
    }
}
