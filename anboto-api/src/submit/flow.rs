//! One submission from its orders to their outcomes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, timeout_at};

use super::order::Order;
use super::outcome::{NeverArrived, NotSent, Outcome, Stage, Unknown, Why};
use super::verdict::{self, Verdict};
use super::{Plan, settle};
use crate::call::Call;
use crate::types::{OrderSummary, OrderSummaryList};
use crate::{Client, Error, InvalidRequest, RecvWindow, decode, sight};

/// One order on its way.
pub(super) struct Entry<O> {
    order: Option<O>,
    pub(super) unknown: Unknown,
    state: State,
}

enum State {
    ToSend,
    Open,
    Done(Outcome),
}

impl<O: Order> Entry<O> {
    pub(super) fn new<B>(client: &Client, order: B, taken: &mut BTreeSet<String>) -> Self
    where
        B: TryInto<O>,
        B::Error: Into<InvalidRequest>,
    {
        let (mut order, mut why) = match order.try_into() {
            Ok(order) => (Some(order), None),
            Err(error) => (None, Some(Why::Invalid(error.into()))),
        };
        let given = order
            .as_mut()
            .and_then(|order| order.client_order_id().clone());
        let id = given.or_else(|| mint(client)).unwrap_or_else(|| {
            why.get_or_insert(Why::NoRandomness);
            String::new()
        });
        if let Some(order) = &mut order {
            *order.client_order_id() = Some(id.clone());
            if let Err(invalid) = order.check().and_then(|()| can_be_looked_up(&id)) {
                why.get_or_insert(Why::Invalid(invalid));
            }
            // By itself, so that one that is refused does not hold back the others of its batch.
            if let Err(kind) = client.check(&one(order.clone())) {
                why.get_or_insert_with(|| Why::Call(Error::new(O::ONE, kind)));
            }
        }
        if !taken.insert(id.clone()) {
            why.get_or_insert(Why::Invalid(InvalidRequest::at(
                "client_order_id",
                format!("`{id}` is that of another order in this batch"),
            )));
        }
        Self {
            order,
            state: match why {
                None => State::ToSend,
                Some(why) => State::Done(not_sent(&id, Arc::new(why))),
            },
            unknown: Unknown::new(id, client.environment().base_url()),
        }
    }
}

/// The call that places a single order.
fn one<O: Order>(order: O) -> Call {
    let mut call = Call::new(O::ONE);
    call.json(Ok(order));
    call
}

fn not_sent(id: &str, why: Arc<Why>) -> Outcome {
    Outcome::NotSent(NotSent {
        client_order_id: id.to_owned(),
        why,
    })
}

/// A client order id that nobody has used: the time in ms, so that ids sort by age, and 64 random bits, in 27 hexadecimal digits.
fn mint(client: &Client) -> Option<String> {
    let random = client.random()?;
    Some(format!("{:011x}{random:016x}", unix_ms(client.now())))
}

/// An order is looked up by its id in a list that is joined by commas (FACTS, section 2).
fn can_be_looked_up(id: &str) -> Result<(), InvalidRequest> {
    let problem = if id.is_empty() {
        "is empty; leave it out to have one minted"
    } else if id.contains(',') {
        "holds a comma, so that the order could not be looked up by it"
    } else {
        return Ok(());
    };
    Err(InvalidRequest::at("client_order_id", problem))
}

fn unix_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Sends all orders, finds out what became of those that were lost, and sends again what never arrived, if that was asked for.
pub(super) async fn run<O: Order>(
    client: Client,
    entries: Vec<Entry<O>>,
    is_batch: bool,
    plan: Plan,
) -> Vec<Outcome> {
    let mut submission = Submission {
        deadline: Instant::now() + plan.settings.deadline,
        client,
        entries,
        is_batch,
        plan,
    };
    loop {
        let to_send = submission.indices(|state| matches!(state, State::ToSend));
        for chunk in to_send.chunks(submission.plan.settings.batch_size.max(1)) {
            submission.send(chunk).await;
        }
        submission.settle().await;
        if !submission.send_again() {
            break;
        }
    }
    let in_flight = submission.plan.in_flight;
    let operation = if is_batch { O::MANY } else { O::ONE };
    submission
        .entries
        .into_iter()
        .map(|entry| match entry.state {
            State::Done(outcome) => {
                if outcome.exists().is_some() {
                    in_flight.forget(outcome.client_order_id());
                }
                outcome
            }
            State::ToSend | State::Open => Outcome::Unknown(entry.unknown),
        })
        .inspect(|outcome| sight::outcome(operation, outcome.as_str()))
        .collect()
}

struct Submission<O> {
    client: Client,
    entries: Vec<Entry<O>>,
    is_batch: bool,
    plan: Plan,
    deadline: Instant,
}

impl<O: Order> Submission<O> {
    fn indices(&self, is_wanted: impl Fn(&State) -> bool) -> Vec<usize> {
        (0..self.entries.len())
            .filter(|index| is_wanted(&self.entries[*index].state))
            .collect()
    }

    /// Sends these orders in one request, and notes what its answer proves of each.
    async fn send(&mut self, chunk: &[usize]) {
        let call = self.call(chunk);
        let began = Instant::now();
        let permit = timeout_at(self.deadline, self.client.permit()).await;
        // A permit that is there at once is given even after the deadline.
        if permit.is_err() || Instant::now() >= self.deadline {
            return self.give_up(chunk, Why::OutOfTime);
        }
        let mut attempts = 0;
        loop {
            let timestamp = self.client.now();
            self.put_in_the_air(chunk, &call, timestamp);
            if let Err(why) = self.persist(chunk).await {
                self.land(chunk);
                return self.give_up(chunk, why);
            }
            let mut error = match self.attempt(chunk, &call, timestamp).await {
                Ok(verdicts) => {
                    for (index, verdict) in chunk.iter().zip(verdicts) {
                        self.note(*index, verdict);
                    }
                    return;
                }
                Err(error) => error,
            };
            attempts += 1;
            error.count(attempts);
            if error.has_never_left() {
                self.land(chunk);
                let again = self.client.wait_to_repeat(&error, false, began);
                match timeout_at(self.deadline, again).await {
                    Ok(Some(_)) => continue,
                    _ => return self.give_up(chunk, Why::Call(error)),
                }
            }
            for index in chunk {
                let id = &self.entries[*index].unknown.client_order_id;
                let verdict = verdict::of_error(id, &error, &self.plan.settings);
                self.note(*index, verdict);
            }
            return;
        }
    }

    /// From here on until the answer is judged these orders may exist, whatever happens to this future.
    fn put_in_the_air(&mut self, chunk: &[usize], call: &Call, timestamp: SystemTime) {
        let window = self
            .client
            .signer()
            .map_or(RecvWindow::default(), |signer| signer.recv_window());
        for index in chunk {
            let unknown = &mut self.entries[*index].unknown;
            unknown.operation = call.operation.id.to_owned();
            unknown.accepted_until = unix_ms(timestamp) + u64::from(window.as_millis());
            unknown.attempts += 1;
            unknown.stage = Stage::Sending;
            unknown.refusal = None;
            unknown.look_up = None;
            "no word of its end".clone_into(&mut unknown.cause);
            self.plan.in_flight.note(unknown);
        }
    }

    /// Nothing has left after all.
    fn land(&mut self, chunk: &[usize]) {
        for index in chunk {
            let unknown = &mut self.entries[*index].unknown;
            unknown.attempts -= 1;
            self.plan.in_flight.forget(&unknown.client_order_id);
        }
    }

    /// Nothing was sent this time. What was sent before is known never to have arrived.
    fn give_up(&mut self, chunk: &[usize], why: Why) {
        let why = Arc::new(why);
        for index in chunk {
            let entry = &mut self.entries[*index];
            let id = &entry.unknown.client_order_id;
            entry.state = State::Done(match entry.unknown.attempts {
                0 => not_sent(id, Arc::clone(&why)),
                _ => Outcome::NeverArrived(NeverArrived {
                    client_order_id: id.clone(),
                    cause: entry.unknown.cause.clone(),
                }),
            });
        }
    }

    fn call(&self, chunk: &[usize]) -> Call {
        let mut orders = chunk
            .iter()
            .filter_map(|index| self.entries[*index].order.clone());
        match (self.is_batch, orders.next()) {
            (false, Some(order)) => one(order),
            (_, first) => {
                let mut call = Call::new(O::MANY);
                call.json(Ok(O::batch(first.into_iter().chain(orders).collect())));
                call
            }
        }
    }

    async fn persist(&mut self, chunk: &[usize]) -> Result<(), Why> {
        let Some(persist) = &mut self.plan.persist else {
            return Ok(());
        };
        let unknowns = chunk
            .iter()
            .map(|index| self.entries[*index].unknown.clone())
            .collect();
        match timeout_at(self.deadline, persist(unknowns)).await {
            Ok(persisted) => persisted.map_err(Why::NotPersisted),
            Err(_) => Err(Why::OutOfTime),
        }
    }

    /// One request, and what its answer proves of each of its orders.
    async fn attempt(
        &mut self,
        chunk: &[usize],
        call: &Call,
        timestamp: SystemTime,
    ) -> Result<Vec<Verdict>, Error> {
        let answered = async {
            if self.is_batch {
                let decode = decode::one_or_many_orders::<OrderSummaryList>;
                let answer = self.client.attempt(call, decode, timestamp).await?;
                let status = answer.status();
                Ok((answer.into_inner().orders, status))
            } else {
                let decode = decode::json::<OrderSummary>;
                let answer = self.client.attempt(call, decode, timestamp).await?;
                let status = answer.status();
                Ok((vec![answer.into_inner()], status))
            }
        };
        let answer = timeout_at(self.deadline, answered).await;
        let settings = &self.plan.settings;
        let ids: Vec<&str> = chunk
            .iter()
            .map(|index| self.entries[*index].unknown.client_order_id.as_str())
            .collect();
        Ok(match answer {
            Ok(answer) => {
                let (orders, status) = answer?;
                match (self.is_batch, &ids[..], &orders[..]) {
                    (false, [id], [order]) => {
                        vec![verdict::of_answer(id, order, status, settings)]
                    }
                    _ => verdict::of_answers(&ids, &orders, status, settings),
                }
            }
            Err(_deadline_passed) => ids.iter().map(|_| Verdict::out_of_time()).collect(),
        })
    }

    fn note(&mut self, index: usize, verdict: Verdict) {
        let entry = &mut self.entries[index];
        match verdict {
            Verdict::Decided(outcome) => {
                self.plan.in_flight.note_outcome(&outcome);
                entry.state = State::Done(outcome);
            }
            Verdict::Open {
                stage,
                refusal,
                cause,
            } => {
                entry.unknown.stage = stage;
                entry.unknown.refusal = refusal;
                entry.unknown.cause = cause;
                entry.state = State::Open;
                self.plan.in_flight.note(&entry.unknown);
            }
        }
    }

    /// Looks up what was lost from sight.
    async fn settle(&mut self) {
        let open = self.indices(|state| matches!(state, State::Open));
        if open.is_empty() {
            return;
        }
        let unknowns = open
            .iter()
            .map(|index| self.entries[*index].unknown.clone())
            .collect();
        let (settings, in_flight) = (self.plan.settings, self.plan.in_flight.clone());
        let settled =
            settle::settle(&self.client, &settings, self.deadline, unknowns, &in_flight).await;
        for (index, outcome) in open.into_iter().zip(settled) {
            self.entries[index].state = State::Done(outcome);
        }
    }

    /// Puts what provably never arrived back in line, if it may be sent again and there is time.
    fn send_again(&mut self) -> bool {
        let has_time = Instant::now() < self.deadline;
        let mut is_any = false;
        for entry in &mut self.entries {
            let has_never_arrived = matches!(entry.state, State::Done(Outcome::NeverArrived(_)));
            if has_time
                && has_never_arrived
                && entry.unknown.attempts <= self.plan.settings.resubmissions
            {
                entry.state = State::ToSend;
                is_any = true;
            }
        }
        is_any
    }
}
