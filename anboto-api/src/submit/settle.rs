//! Finds out what became of requests that were lost from sight.
//!
//! A signed request dies when its receive window ends. Once the server's own clock, as `status` tells it, has passed the end of
//! the window and a margin, whatever was executed shows in look-ups; so a look-up that is sent after that and finds nothing proves
//! that the order does not exist and no longer can. A look-up that finds the order proves the opposite at any time.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep_until, timeout_at};

use super::InFlight;
use super::outcome::{Accepted, NeverArrived, Outcome, Refusal, Rejected, Unknown};
use super::settings::SubmitSettings;
use crate::types::{OrderDetails, OrderStatus};
use crate::{Client, Error};

/// How long to wait after the first look-up, and the longest wait between two; it doubles from one to the next.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How many ids one look-up asks for: with ids of 30 characters its URL stays far below the 8 KiB that servers commonly take.
const IDS_PER_LOOK_UP: usize = 50;

/// After so many look-ups in a row that the server does not let in, a further one will not be let in either.
const REFUSED_LOOK_UPS: u32 = 3;

/// Looks the orders up until each is decided or the deadline passes; those that are not decided stay unknown.
pub(super) async fn settle(
    client: &Client,
    settings: &SubmitSettings,
    deadline: Instant,
    unknowns: Vec<Unknown>,
    in_flight: &InFlight,
) -> Vec<Outcome> {
    let mut search = Search {
        client,
        settings,
        in_flight,
        dead_after: unknowns
            .iter()
            .map(|unknown| unknown.accepted_until() + settings.margin)
            .max()
            .unwrap_or(SystemTime::UNIX_EPOCH),
        items: unknowns
            .into_iter()
            .map(|unknown| (unknown, None))
            .collect(),
    };
    let _deadline_passed = timeout_at(deadline, search.run()).await;
    search
        .items
        .into_iter()
        .map(|(unknown, outcome)| outcome.unwrap_or(Outcome::Unknown(unknown)))
        .collect()
}

struct Search<'a> {
    client: &'a Client,
    settings: &'a SubmitSettings,
    in_flight: &'a InFlight,
    /// The server's time after which a look-up that finds nothing is the last word.
    dead_after: SystemTime,
    items: Vec<(Unknown, Option<Outcome>)>,
}

impl Search<'_> {
    async fn run(&mut self) {
        let mut is_last_word = !self.settings.keeps_window_rule();
        let mut due = None;
        let mut pause = FIRST_PAUSE;
        let mut refused = 0;
        loop {
            match self.look_up(is_last_word).await {
                Ok(()) => refused = 0,
                Err(error) => {
                    refused = if error.is_unauthorized() {
                        refused + 1
                    } else {
                        0
                    };
                    self.note_failure(&error);
                }
            }
            if refused == REFUSED_LOOK_UPS
                || self.items.iter().all(|(_, outcome)| outcome.is_some())
            {
                return;
            }
            let now = Instant::now();
            let next = now + pause;
            sleep_until(due.map_or(next, |due: Instant| next.min(due.max(now)))).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            if !is_last_word && due.is_none_or(|due| Instant::now() >= due) {
                match self.client.status().send().await {
                    Ok(status) => {
                        let server = SystemTime::from(status.timestamp);
                        is_last_word = server > self.dead_after;
                        let left = self.dead_after.duration_since(server).unwrap_or_default();
                        // A clock that shows whole ms has to show one more.
                        due = Some(Instant::now() + left + Duration::from_millis(1));
                    }
                    Err(_) => due = None,
                }
            }
        }
    }

    /// Looks up all that is undecided. What is not found then is decided only by the last word.
    async fn look_up(&mut self, is_last_word: bool) -> Result<(), Error> {
        let open: Vec<usize> = (0..self.items.len())
            .filter(|index| self.items[*index].1.is_none())
            .collect();
        for chunk in open.chunks(IDS_PER_LOOK_UP) {
            let ids = chunk
                .iter()
                .map(|index| self.items[*index].0.client_order_id.clone());
            let found = self
                .client
                .get_orders()
                .client_order_ids(ids)
                .send()
                .await?;
            self.decide(chunk, found.into_inner().orders, is_last_word);
        }
        Ok(())
    }

    fn decide(&mut self, asked: &[usize], found: Vec<OrderDetails>, is_last_word: bool) {
        let answers_the_question = {
            let ids: BTreeSet<&str> = asked
                .iter()
                .map(|index| self.items[*index].0.client_order_id.as_str())
                .collect();
            found.iter().all(|order| {
                let id = order.client_order_id.as_deref();
                id.is_some_and(|id| ids.contains(id))
            })
        };
        for (position, index) in asked.iter().enumerate() {
            let (unknown, outcome) = &mut self.items[*index];
            let is_this = |at: usize, order: &&OrderDetails| match self.settings.matches_ids() {
                true => order.client_order_id.as_deref() == Some(&unknown.client_order_id),
                false => at == position,
            };
            let mut orders = found
                .iter()
                .enumerate()
                .filter(|(at, order)| is_this(*at, order))
                .map(|(_, order)| order)
                .peekable();
            let is_there = orders.peek().is_some();
            let decided = if let Some(alive) = orders.find(|order| !is_dead(order)) {
                let accepted = Accepted::looked_up(&unknown.client_order_id, alive.clone());
                Some(Outcome::Accepted(accepted))
            } else if is_there {
                // Another copy of the request may still be taken, while its window lasts.
                (is_last_word || !self.settings.confirm_rejections)
                    .then(|| rejected(unknown, unknown.refusal.clone()))
            } else if is_last_word && answers_the_question {
                Some(not_there(unknown))
            } else {
                None
            };
            if let Some(decided) = decided {
                self.in_flight.note_outcome(&decided);
                *outcome = Some(decided);
            }
        }
    }

    fn note_failure(&mut self, error: &Error) {
        for (unknown, _) in self
            .items
            .iter_mut()
            .filter(|(_, outcome)| outcome.is_none())
        {
            unknown.look_up = Some(error.to_string());
        }
    }
}

/// Whether the order was rejected, and nothing of it traded.
fn is_dead(order: &OrderDetails) -> bool {
    order.status == Some(OrderStatus::Rejected) && order.filled_quantity.is_zero()
}

fn not_there(unknown: &Unknown) -> Outcome {
    match &unknown.refusal {
        Some(refusal) if !refusal.is_about_the_moment() => rejected(unknown, Some(refusal.clone())),
        _ => Outcome::NeverArrived(NeverArrived {
            client_order_id: unknown.client_order_id.clone(),
            cause: unknown.cause.clone(),
        }),
    }
}

fn rejected(unknown: &Unknown, refusal: Option<Refusal>) -> Outcome {
    Outcome::Rejected(Rejected {
        client_order_id: unknown.client_order_id.clone(),
        refusal: refusal.unwrap_or(Refusal {
            code: None,
            message: None,
            status: None,
        }),
    })
}
