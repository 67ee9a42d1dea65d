//! Runs a schedule to its end, and holds what the client said against what the exchange did.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anboto_api::submit::{Sabotage, Submit, SubmitMany};
use anboto_api::types::OrderStatus;
use anboto_api::{Cancellation, Client, OrderId, Outcome, RateLimit, Retries, Unknown};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::network::{Counts, Seen, World};
use super::random::Random;
use super::schedule::{Errand, Form, Named, Schedule};
use super::trace::Trace;
use super::{client, on_virtual_time, purpose, world};

/// After the network has healed, what is unknown has to be known within this time. A window of 20 s, signed by a clock that was
/// a minute and more ahead, is the longest there is to wait for; an hour is beyond all measure.
const PROGRESS: Duration = Duration::from_secs(240);
const END: Duration = Duration::from_secs(3_600);

/// What the client has to do without, to show that it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Safeguard(Sabotage),
    /// It believes every refusal at once, also where requests are copied.
    Confirmation,
    /// It is told that orders show in look-ups at once.
    Margin,
}

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Violation {
    /// Two orders with one client order id.
    ExecutedTwice {
        id: String,
    },
    /// An order was sent again while what was sent before could still be accepted.
    SentTooEarly {
        id: String,
    },
    /// An order that exists is said not to.
    Denied {
        id: String,
        outcome: String,
    },
    /// An order that exists is not mentioned at all.
    Silent {
        id: String,
    },
    /// An order that is said to exist does not, or is another one.
    Invented {
        id: String,
        outcome: String,
    },
    /// Not one outcome for each order, in their order.
    OutcomesDoNotMatch {
        ids: Vec<String>,
        outcomes: Vec<String>,
    },
    /// Unknown for good, although all goes well again.
    NoProgress {
        id: String,
    },
    /// What was said of a cancelled order is not so.
    NotCancelled {
        id: String,
        said: String,
    },
    /// The schedule does not end.
    Endless,
    Panicked(String),
}

/// What clients have said and done, for the count of what a simulation has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Told {
    AcceptedByAnswer,
    AcceptedByLookUp,
    Rejected,
    NotSent,
    NotPersisted,
    NeverArrived,
    Unknown,
    AcceptedAfterDrop,
    AcceptedAfterDeath,
    NeverArrivedAfterDeath,
    AcceptedAfterUnknown,
    AcceptedAtLaterAttempt,
    CancellationEnded,
    CancellationUnknown,
}

impl Told {
    pub(crate) const ALL: [Self; 14] = [
        Self::AcceptedByAnswer,
        Self::AcceptedByLookUp,
        Self::Rejected,
        Self::NotSent,
        Self::NotPersisted,
        Self::NeverArrived,
        Self::Unknown,
        Self::AcceptedAfterDrop,
        Self::AcceptedAfterDeath,
        Self::NeverArrivedAfterDeath,
        Self::AcceptedAfterUnknown,
        Self::AcceptedAtLaterAttempt,
        Self::CancellationEnded,
        Self::CancellationUnknown,
    ];
}

/// What came of one schedule.
pub(crate) struct Run {
    pub(crate) violations: Vec<Violation>,
    pub(crate) trace: Trace,
    pub(crate) seen: Counts,
    pub(crate) told: [u64; Told::ALL.len()],
    pub(crate) requests: u64,
}

/// How an outcome came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Submission,
    Unknown,
    Drop,
    Death,
}

/// What outlives a process: the disk, and what it has told the world.
#[derive(Default)]
struct Record {
    /// The client order ids of all orders that were to be submitted.
    ids: Vec<String>,
    outcomes: BTreeMap<String, Outcome>,
    /// What was written down before an order was sent, as JSON.
    disk: BTreeMap<String, String>,
    /// How many times each order was written down, which is once for each attempt.
    attempts: BTreeMap<String, u32>,
    /// How cancelled orders ended, and in which words that was said.
    ended: BTreeMap<String, (Option<OrderStatus>, String)>,
    violations: Vec<Violation>,
    told: [u64; Told::ALL.len()],
}

struct Simulation {
    schedule: Schedule,
    world: Arc<World>,
    record: Mutex<Record>,
    disk_random: Mutex<Random>,
    missing: Option<Missing>,
}

/// Runs the schedule of a seed.
pub(crate) fn run(seed: u64, missing: Option<Missing>) -> Run {
    on_virtual_time(async {
        let schedule = Schedule::new(seed);
        let world = world(seed, schedule.rules.clone(), schedule.weather.clone());
        let simulation = Arc::new(Simulation {
            schedule,
            world,
            record: Mutex::default(),
            disk_random: Mutex::new(Random::new(seed, purpose::DISK)),
            missing,
        });
        if timeout(END, Arc::clone(&simulation).whole()).await.is_err() {
            simulation.record().violations.push(Violation::Endless);
        }
        simulation.check();
        let mut record = simulation.record();
        Run {
            violations: std::mem::take(&mut record.violations),
            trace: simulation.world.take_trace(),
            seen: simulation.world.counts(),
            told: record.told,
            requests: u64::from(simulation.world.requests()),
        }
    })
}

impl Simulation {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap()
    }

    async fn whole(self: Arc<Self>) {
        let first = self.process(0);
        let mut tasks = JoinSet::new();
        for (number, errand) in self.schedule.errands.iter().enumerate() {
            let errand = errand.clone();
            tasks.spawn(Arc::clone(&self).errand(first.clone(), number, errand));
        }
        let Some((at, until_restart)) = self.schedule.killed else {
            return self.end(tasks).await;
        };
        // What the first process does after its death is nothing.
        if timeout(at, async { while tasks.join_next().await.is_some() {} })
            .await
            .is_ok()
        {
            return self.end(tasks).await;
        }
        tasks.shutdown().await;
        self.world.note("the process is killed".to_owned());
        sleep(until_restart).await;
        let second = self.process(1);
        let left: Vec<String> = {
            let record = self.record();
            let is_open = |id: &String| !matches!(record.outcomes.get(id), Some(outcome) if outcome.exists().is_some());
            record
                .disk
                .iter()
                .filter(|(id, _)| is_open(id))
                .map(|(_, unknown)| unknown.clone())
                .collect()
        };
        self.world
            .note(format!("another process takes over {} orders", left.len()));
        for unknown in left {
            let unknown = serde_json::from_str(&unknown).unwrap();
            let (this, client) = (Arc::clone(&self), second.clone());
            tasks.spawn(async move { this.find_out(&client, unknown, After::Death).await });
        }
        self.end(tasks).await;
    }

    async fn end(&self, mut tasks: JoinSet<()>) {
        while let Some(task) = tasks.join_next().await {
            if let Err(error) = task {
                let violation = Violation::Panicked(error.to_string());
                self.record().violations.push(violation);
            }
        }
        while !self.world.is_still() {
            sleep(Duration::from_secs(1)).await;
        }
    }

    fn process(&self, number: usize) -> Client {
        let clock = self.schedule.clocks[number].clone();
        let schedule = &self.schedule;
        let mut builder = client(&self.world, schedule.seed, number as u32, clock)
            .sign_by_server_clock(schedule.signs_by_server_clock);
        if let Some(rate) = schedule.rate {
            builder = builder.rate_limit(RateLimit::new(rate, Duration::from_secs(1)));
        }
        if !schedule.repeats {
            builder = builder.retries(Retries::none());
        }
        builder
            .submitting(|settings| {
                settings.margin = schedule.margin;
                settings.batch_size = schedule.batch_size;
                settings.confirm_rejections = schedule.confirms_rejections;
                match self.missing {
                    Some(Missing::Safeguard(sabotage)) => settings.sabotage(sabotage),
                    Some(Missing::Confirmation) => settings.confirm_rejections = false,
                    Some(Missing::Margin) => settings.margin = Duration::ZERO,
                    None => {}
                }
            })
            .build()
            .unwrap()
    }

    async fn errand(self: Arc<Self>, client: Client, number: usize, errand: Errand) {
        sleep(errand.after).await;
        let plans = &errand.orders;
        let orders = || plans.iter().map(|plan| plan.order());
        let multi_legs = || plans.iter().map(|plan| plan.multi_legs());
        match errand.form {
            Form::One => {
                let order = plans[0].order();
                self.one(&client, number, &errand, client.submit(order))
                    .await;
            }
            Form::MultiLegs => {
                let order = plans[0].multi_legs();
                let submit = client.submit_multi_legs(order);
                self.one(&client, number, &errand, submit).await;
            }
            Form::Batch => {
                let submit = client.submit_many(orders());
                self.many(&client, number, &errand, submit).await;
            }
            Form::ManyMultiLegs => {
                let submit = client.submit_many_multi_legs(multi_legs());
                self.many(&client, number, &errand, submit).await;
            }
        }
    }

    async fn one(
        self: &Arc<Self>,
        client: &Client,
        number: usize,
        errand: &Errand,
        submit: Submit,
    ) {
        let mut submit = submit
            .resubmit(errand.resubmissions)
            .deadline(errand.deadline);
        if self.schedule.disk.is_some() {
            let this = Arc::clone(self);
            submit = submit.persist(move |unknowns| Arc::clone(&this).write_down(unknowns));
        }
        let ids = vec![submit.client_order_id().to_owned()];
        let in_flight = submit.in_flight();
        let outcomes = async { vec![submit.await] };
        self.await_outcomes(
            client,
            number,
            errand,
            ids,
            || in_flight.unknowns(),
            outcomes,
        )
        .await;
    }

    async fn many(
        self: &Arc<Self>,
        client: &Client,
        number: usize,
        errand: &Errand,
        submit: SubmitMany,
    ) {
        let mut submit = submit
            .resubmit(errand.resubmissions)
            .deadline(errand.deadline);
        if self.schedule.disk.is_some() {
            let this = Arc::clone(self);
            submit = submit.persist(move |unknowns| Arc::clone(&this).write_down(unknowns));
        }
        let ids = submit.client_order_ids().to_vec();
        let in_flight = submit.in_flight();
        let outcomes = submit.into_future();
        self.await_outcomes(
            client,
            number,
            errand,
            ids,
            || in_flight.unknowns(),
            outcomes,
        )
        .await;
    }

    async fn write_down(self: Arc<Self>, unknowns: Vec<Unknown>) -> Result<(), String> {
        let Some(disk) = &self.schedule.disk else {
            return Ok(());
        };
        sleep(disk.takes).await;
        if self.disk_random.lock().unwrap().percent(disk.fails) {
            return Err("the disk is full".to_owned());
        }
        let mut record = self.record();
        for unknown in unknowns {
            let id = unknown.client_order_id().to_owned();
            let text = serde_json::to_string(&unknown).unwrap();
            *record.attempts.entry(id.clone()).or_default() += 1;
            record.disk.insert(id, text);
        }
        Ok(())
    }

    async fn await_outcomes(
        self: &Arc<Self>,
        client: &Client,
        number: usize,
        errand: &Errand,
        ids: Vec<String>,
        in_flight: impl Fn() -> Vec<Unknown>,
        outcomes: impl Future<Output = Vec<Outcome>>,
    ) {
        self.record().ids.extend(ids.iter().cloned());
        self.world
            .note(format!("errand {number} submits {}", ids.join(", ")));
        let limit = errand.dropped_after.unwrap_or(END);
        let open: Vec<(Unknown, After)> = match timeout(limit, outcomes).await {
            Ok(outcomes) => {
                let named = outcomes.iter().map(Outcome::client_order_id);
                if !named.eq(ids.iter()) {
                    let ids = ids.clone();
                    let outcomes = outcomes.iter().map(Outcome::to_string).collect();
                    let violation = Violation::OutcomesDoNotMatch { ids, outcomes };
                    self.record().violations.push(violation);
                    return;
                }
                outcomes
                    .into_iter()
                    .filter_map(|outcome| self.tell(outcome, After::Submission))
                    .map(|unknown| (unknown, After::Unknown))
                    .collect()
            }
            Err(_) => {
                let unknowns = in_flight();
                self.world.note(format!(
                    "errand {number} is dropped with {} orders in flight",
                    unknowns.len()
                ));
                unknowns
                    .into_iter()
                    .map(|unknown| (unknown, After::Drop))
                    .collect()
            }
        };
        let mut tasks = JoinSet::new();
        for (unknown, after) in open {
            let (this, client) = (Arc::clone(self), client.clone());
            tasks.spawn(async move { this.find_out(&client, unknown, after).await });
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        if let Some(named) = errand.cancels {
            self.cancel(client, named, &ids).await;
        }
    }

    /// Cancels what was accepted, one after the other.
    async fn cancel(&self, client: &Client, named: Named, ids: &[String]) {
        for id in ids {
            let order_id = match self.record().outcomes.get(id) {
                Some(Outcome::Accepted(accepted)) => accepted.order_id(),
                _ => continue,
            };
            let order = match (named, order_id) {
                (Named::ByAnboto, Some(order_id)) => OrderId::Anboto(order_id),
                _ => OrderId::Client(id.clone()),
            };
            loop {
                let is_last = self.has_to_be_known();
                let cancellation = client.cancel_and_confirm(order.clone()).await;
                let said = cancellation.to_string();
                self.world.note(format!("cancelling {order}: {said}"));
                let mut record = self.record();
                match cancellation {
                    Cancellation::Ended(order) => {
                        record.told[Told::CancellationEnded as usize] += 1;
                        record.ended.insert(id.clone(), (order.status, said));
                        break;
                    }
                    Cancellation::Unknown { .. } if !is_last => {
                        record.told[Told::CancellationUnknown as usize] += 1;
                    }
                    _ => {
                        let id = id.clone();
                        record.violations.push(Violation::NotCancelled { id, said });
                        break;
                    }
                }
            }
        }
    }

    /// Whether it has been well for so long that nothing may be unknown any more.
    fn has_to_be_known(&self) -> bool {
        let healed = Duration::from_millis(self.schedule.weather.heals_ms);
        self.world.elapsed() > healed + PROGRESS
    }

    /// Notes an outcome, and gives it back if it leaves something to be found out.
    fn tell(&self, outcome: Outcome, after: After) -> Option<Unknown> {
        self.world.note(format!("told after {after:?}: {outcome}"));
        let id = outcome.client_order_id().to_owned();
        let mut record = self.record();
        let attempts = record.attempts.get(&id).copied().unwrap_or_default();
        let mut count = |told: Told| record.told[told as usize] += 1;
        match &outcome {
            Outcome::Accepted(accepted) => {
                count(if accepted.found().is_some() {
                    Told::AcceptedByLookUp
                } else {
                    Told::AcceptedByAnswer
                });
                match after {
                    After::Submission if attempts > 1 => count(Told::AcceptedAtLaterAttempt),
                    After::Submission => {}
                    After::Unknown => count(Told::AcceptedAfterUnknown),
                    After::Drop => count(Told::AcceptedAfterDrop),
                    After::Death => count(Told::AcceptedAfterDeath),
                }
            }
            Outcome::Rejected(_) => count(Told::Rejected),
            Outcome::NotSent(not_sent) if not_sent.is_not_persisted() => count(Told::NotPersisted),
            Outcome::NotSent(_) => count(Told::NotSent),
            Outcome::NeverArrived(_) if after == After::Death => {
                count(Told::NeverArrivedAfterDeath);
            }
            Outcome::NeverArrived(_) => count(Told::NeverArrived),
            Outcome::Unknown(_) => count(Told::Unknown),
        }
        let unknown = match &outcome {
            Outcome::Unknown(unknown) => Some(unknown.clone()),
            _ => None,
        };
        record.outcomes.insert(id, outcome);
        unknown
    }

    /// Asks until there is a definite answer, or there has to be one.
    async fn find_out(&self, client: &Client, mut unknown: Unknown, after: After) {
        let id = unknown.client_order_id().to_owned();
        loop {
            let is_last = self.has_to_be_known();
            let outcome = client.resolve(unknown).await;
            if outcome.client_order_id() != id {
                let violation = Violation::OutcomesDoNotMatch {
                    ids: vec![id],
                    outcomes: vec![outcome.to_string()],
                };
                return self.record().violations.push(violation);
            }
            match self.tell(outcome, after) {
                None => return,
                Some(_) if is_last => {
                    return self.record().violations.push(Violation::NoProgress { id });
                }
                Some(still) => unknown = still,
            }
            sleep(Duration::from_secs(5)).await;
        }
    }

    /// What was said against what is.
    fn check(&self) {
        let mut record = self.record();
        let record = &mut *record;
        let mut orders: BTreeMap<String, Vec<(Option<i64>, bool)>> = BTreeMap::new();
        for order in self.world.orders() {
            let ended = order.client_order_id.as_ref();
            if let Some((id, (status, said))) = ended.and_then(|id| record.ended.get_key_value(id))
                && *status != order.status
            {
                let (id, said) = (id.clone(), said.clone());
                record.violations.push(Violation::NotCancelled { id, said });
            }
            let is_alive = order.status != Some(OrderStatus::Rejected);
            let id = order.client_order_id.unwrap_or_default();
            orders
                .entry(id)
                .or_default()
                .push((order.order_id, is_alive));
        }
        let too_early = self.world.sent_too_early().into_iter();
        let too_early = too_early.map(|id| Violation::SentTooEarly { id });
        record.violations.extend(too_early);
        for (id, copies) in &orders {
            if copies.len() > 1 {
                let id = id.clone();
                record.violations.push(Violation::ExecutedTwice { id });
            }
            let is_alive = copies.iter().any(|(_, is_alive)| *is_alive);
            let (id, outcome) = (id.clone(), record.outcomes.get(id));
            match outcome {
                Some(outcome) if is_alive && outcome.exists() == Some(false) => {
                    let outcome = outcome.to_string();
                    record.violations.push(Violation::Denied { id, outcome });
                }
                None if is_alive => record.violations.push(Violation::Silent { id }),
                _ => {}
            }
        }
        for (id, outcome) in &record.outcomes {
            let Outcome::Accepted(accepted) = outcome else {
                continue;
            };
            let exists = orders.get(id).is_some_and(|copies| {
                copies
                    .iter()
                    .any(|(order_id, _)| *order_id == accepted.order_id())
            });
            if !exists || !record.ids.contains(id) {
                record.violations.push(Violation::Invented {
                    id: id.clone(),
                    outcome: outcome.to_string(),
                });
            }
        }
    }
}

/// What came of many schedules.
#[derive(Default)]
pub(crate) struct Summary {
    pub(crate) schedules: u64,
    pub(crate) requests: u64,
    pub(crate) orders: u64,
    pub(crate) seen: Counts,
    pub(crate) told: [u64; Told::ALL.len()],
    /// The seeds of those in which a promise was broken, and the promises, in the order of the seeds.
    pub(crate) broken: Vec<(u64, Vec<Violation>)>,
}

/// Runs so many schedules from a seed on, on all cores; until the first in which a promise is broken in this way, if one is given.
pub(crate) fn explore(
    first: u64,
    count: u64,
    missing: Option<Missing>,
    until: Option<&(dyn Fn(&Violation) -> bool + Sync)>,
) -> Summary {
    let next = AtomicU64::new(0);
    let whole = Mutex::new(Summary::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut mine = Summary::default();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    mine.add(first.wrapping_add(number), missing);
                    let is_it = |(_, violations): &(u64, Vec<Violation>)| {
                        until.is_some_and(|is_it| violations.iter().any(is_it))
                    };
                    if mine.broken.iter().any(is_it) {
                        next.store(count, Ordering::Relaxed);
                    }
                }
                whole.lock().unwrap().merge(mine);
            });
        }
    });
    let mut whole = whole.into_inner().unwrap();
    whole.broken.sort_by_key(|(seed, _)| *seed);
    whole
}

impl Summary {
    fn add(&mut self, seed: u64, missing: Option<Missing>) {
        self.schedules += 1;
        self.orders += Schedule::new(seed).orders() as u64;
        match catch_unwind(AssertUnwindSafe(|| run(seed, missing))) {
            Ok(run) => {
                self.requests += run.requests;
                sum(&mut self.seen, &run.seen);
                sum(&mut self.told, &run.told);
                if !run.violations.is_empty() {
                    self.broken.push((seed, run.violations));
                }
            }
            Err(_) => {
                let panicked = Violation::Panicked("see above".to_owned());
                self.broken.push((seed, vec![panicked]));
            }
        }
    }

    fn merge(&mut self, other: Self) {
        self.schedules += other.schedules;
        self.requests += other.requests;
        self.orders += other.orders;
        sum(&mut self.seen, &other.seen);
        sum(&mut self.told, &other.told);
        self.broken.extend(other.broken);
    }

    /// A line for each kind of fate and of outcome.
    pub(crate) fn counts(&self) -> Vec<(String, u64)> {
        let seen = Seen::ALL
            .iter()
            .map(|seen| (format!("{seen:?}"), self.seen[*seen as usize]));
        let told = Told::ALL
            .iter()
            .map(|told| (format!("told: {told:?}"), self.told[*told as usize]));
        seen.chain(told).collect()
    }
}

fn sum<const N: usize>(whole: &mut [u64; N], part: &[u64; N]) {
    for (whole, part) in whole.iter_mut().zip(part) {
        *whole += part;
    }
}

/// All that is needed to understand a broken promise, and to see it again.
pub(crate) fn explain(seed: u64, missing: Option<Missing>) -> String {
    let run = run(seed, missing);
    format!(
        "the schedule:\n{:#?}\n\nits course:\n{}\nbroken: {:#?}\n\nagain: ANBOTO_SIMULATION_SEED={seed} cargo test -p anboto-api --features testnet \
         --test simulation no_order_is_lost_and_none_is_doubled -- --nocapture\n",
        Schedule::new(seed),
        run.trace,
        run.violations,
    )
}
