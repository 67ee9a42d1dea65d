//! The network between the computers that trade and the exchange, with all its bad luck, drawn from a seed.
//!
//! Every request is on its own once it has been sent: it arrives, or not, whether its client still waits or not. What may become
//! of it is a [`Fate`]. The exchange is the testnet's [`Core`], which judges signatures and windows as the real one does, by the
//! clock of whichever of its machines the request comes to.
//!
//! # What is assumed
//! The simulation does all that the documents leave possible, and nothing that no client could do anything about:
//!
//! - **A copy that something on the way makes of a create is executed once at most.** It is refused by replay protection or as a
//!   duplicate client order id, whichever is drawn; where the exchange has neither, creates are not copied. What a server makes of
//!   a copy that it takes, no client can undo.
//! - **An order shows in look-ups at most [`Weather::lag`] after it was executed.** Until then each look-up may or may not show
//!   it, since each may be answered by another machine. Their clocks differ by no more than [`Weather::clocks_differ`], and both
//!   together are the margin that the client was told to allow for.
//! - **Answers that are swapped name orders.** An empty list that answers somebody else's look-up can't be told from one's own.
//! - **Replay protection goes by one clock.** What remembers requests until their windows end would take a copy now and then if its
//!   machines disagreed on the time.
//!
//! Refusals prove nothing: a gateway may answer 429 for a request that was executed, and a copy may be refused while the first was
//! taken. Only where a schedule says that [refusals are final](Weather::refusals_are_final) may a client believe them at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anboto_api::testnet::{Broken, Core, Exchange, Network};
use anboto_api::types::OrderDetails;
use anboto_api::{Operation, operations};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Request, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::random::Random;
use super::trace::{Event, Trace};

/// When every schedule begins, by the exchange's clock.
pub(crate) fn beginning() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Fate {
    pub(crate) way: Way,
    /// From the client to the exchange.
    pub(crate) out_ms: u64,
    /// Something on the way sends it a second time.
    pub(crate) copy: Option<Copied>,
    /// Something in front of the exchange answers, and the exchange never sees it.
    pub(crate) instead: Option<Canned>,
    pub(crate) answer: Answer,
    /// From the exchange to the client.
    pub(crate) back_ms: u64,
}

/// How a request gets to the exchange, if it does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    NotConnected,
    /// The connection breaks, and nothing arrives.
    LostWithReset,
    /// Nothing arrives, and the client is told nothing.
    LostInSilence,
    /// The connection breaks after so many ms. What was sent arrives all the same, in its time.
    BrokenOff(u64),
    Arrives,
}

/// A second copy of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Copied {
    /// From the client to the exchange; it may overtake the first.
    pub(crate) out_ms: u64,
    /// Whether it is the answer to this copy that the client gets.
    pub(crate) is_answered: bool,
}

/// An answer that comes from something in front of the exchange.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Canned {
    pub(crate) status: u16,
    pub(crate) is_html: bool,
    pub(crate) retry_after: Option<u64>,
}

/// What becomes of the exchange's answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    Whole,
    Lost,
    Reset,
    CutOff,
    Replaced(Canned),
    /// The next one that waits for an answer of the same operation gets it, and this one gets that one's; or this one gets what
    /// the one before it was answered.
    Swapped,
    /// One order is left out of an answer about several.
    Incomplete,
    /// The orders of an answer come in another order.
    Shuffled,
}

impl Fate {
    /// All goes well.
    pub(crate) fn good(out_ms: u64, back_ms: u64) -> Self {
        Self {
            way: Way::Arrives,
            out_ms,
            copy: None,
            instead: None,
            answer: Answer::Whole,
            back_ms,
        }
    }
}

/// What has happened to a request, for the count of what a simulation has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Seen {
    NotConnected,
    LostWithReset,
    LostInSilence,
    BrokenOff,
    ExecutedWithoutClient,
    LateWithinWindow,
    RefusedPastWindow,
    RefusedForClock,
    CopyRefused,
    AnsweredByCopy,
    CannedBefore401,
    CannedBefore429,
    CannedBefore503,
    AnswerLost,
    AnswerReset,
    AnswerCutOff,
    AnswerLate,
    Replaced429,
    Replaced500,
    Replaced502,
    Replaced503,
    Replaced504,
    AnswersSwapped,
    LookUpsSwapped,
    AnswerIncomplete,
    AnswerShuffled,
    LookUpLagged,
}

impl Seen {
    pub(crate) const ALL: [Self; 27] = [
        Self::NotConnected,
        Self::LostWithReset,
        Self::LostInSilence,
        Self::BrokenOff,
        Self::ExecutedWithoutClient,
        Self::LateWithinWindow,
        Self::RefusedPastWindow,
        Self::RefusedForClock,
        Self::CopyRefused,
        Self::AnsweredByCopy,
        Self::CannedBefore401,
        Self::CannedBefore429,
        Self::CannedBefore503,
        Self::AnswerLost,
        Self::AnswerReset,
        Self::AnswerCutOff,
        Self::AnswerLate,
        Self::Replaced429,
        Self::Replaced500,
        Self::Replaced502,
        Self::Replaced503,
        Self::Replaced504,
        Self::AnswersSwapped,
        Self::LookUpsSwapped,
        Self::AnswerIncomplete,
        Self::AnswerShuffled,
        Self::LookUpLagged,
    ];
}

/// How many times each has been seen.
pub(crate) type Counts = [u64; Seen::ALL.len()];

/// How bad the luck is, and until when.
#[derive(Debug, Clone)]
pub(crate) struct Weather {
    /// When it ends, in ms from the beginning. From then on requests arrive and answers come back.
    pub(crate) heals_ms: u64,
    /// Of a hundred requests, so many meet something on their way out, are copied, are answered before they reach the exchange,
    /// and lose their answer on its way back.
    pub(crate) lost: u64,
    pub(crate) copied: u64,
    pub(crate) refused: u64,
    pub(crate) unanswered: u64,
    /// Of the kinds of bad luck, those that this schedule knows, by bit: few at a time find more than always all.
    pub(crate) kinds: u64,
    /// Whether the exchange refuses a second copy of a create, so that creates may be copied.
    pub(crate) copies_are_refused: bool,
    /// Whether a refusal is the last word: no create is copied, and none that was executed is answered with a 429.
    pub(crate) refusals_are_final: bool,
    /// How long an order may take to show in look-ups.
    pub(crate) lag: Duration,
    /// How far apart the clocks of the exchange's machines are.
    pub(crate) clocks_differ: Duration,
    /// The client's receive window and time limit: delays near them are the interesting ones.
    pub(crate) window_ms: u64,
    pub(crate) timeout_ms: u64,
}

impl Weather {
    /// All goes well from the start.
    pub(crate) fn good() -> Self {
        Self {
            heals_ms: 0,
            lost: 0,
            copied: 0,
            refused: 0,
            unanswered: 0,
            kinds: u64::MAX,
            copies_are_refused: false,
            refusals_are_final: false,
            lag: Duration::ZERO,
            clocks_differ: Duration::ZERO,
            window_ms: 5_000,
            timeout_ms: 15_000,
        }
    }

    fn fate(&self, operation: &Operation, random: &mut Random, now_ms: u64) -> Fate {
        let mut fate = Fate::good(random.between(1, 40), random.between(1, 40));
        if now_ms >= self.heals_ms {
            return fate;
        }
        if random.percent(self.lost) {
            match self.kind(random, 0, &[0, 1, 2, 3, 4]) {
                Some(0) => fate.way = Way::NotConnected,
                Some(1) => fate.way = Way::LostWithReset,
                Some(2) => fate.way = Way::LostInSilence,
                Some(3) => {
                    fate.out_ms = self.delay(random);
                    fate.way = Way::BrokenOff(random.between(1, fate.out_ms));
                }
                Some(_) => fate.out_ms = self.delay(random),
                None => {}
            }
        }
        let is_copied = if is_create(operation) {
            self.copies_are_refused
        } else {
            // They tell little.
            random.percent(25)
        };
        if is_copied && random.percent(self.copied) && self.knows(8) {
            let is_at_once = random.percent(30);
            fate.copy = Some(Copied {
                out_ms: if is_at_once {
                    fate.out_ms
                } else {
                    self.delay(random)
                },
                is_answered: random.percent(50),
            });
        }
        if random.percent(self.refused)
            && let Some(kind) = self.kind(random, 16, &[0, 1, 2])
        {
            fate.instead = Some(Canned::draw([401, 429, 503][kind as usize], random));
        }
        if random.percent(self.unanswered) {
            // What only some answers can meet is drawn more often for those.
            let kinds: &[u64] = if operation.id.contains("Many") {
                &[0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 8, 9, 9, 9, 10, 10, 10]
            } else {
                &[0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 8, 8, 8]
            };
            match self.kind(random, 24, kinds) {
                Some(0) => fate.answer = Answer::Lost,
                Some(1) => fate.answer = Answer::Reset,
                Some(2) => fate.answer = Answer::CutOff,
                Some(3) if self.refusals_are_final => {}
                Some(kind @ 3..=7) => {
                    let status = [429, 500, 502, 503, 504][kind as usize - 3];
                    fate.answer = Answer::Replaced(Canned::draw(status, random));
                }
                Some(8) => fate.answer = Answer::Swapped,
                Some(9) => fate.answer = Answer::Incomplete,
                Some(10) => fate.answer = Answer::Shuffled,
                Some(_) => fate.back_ms = self.delay(random),
                None => {}
            }
        }
        fate
    }

    fn knows(&self, kind: u64) -> bool {
        self.kinds & (1 << kind) != 0
    }

    /// One of some kinds, if this schedule knows it.
    fn kind(&self, random: &mut Random, first: u64, kinds: &[u64]) -> Option<u64> {
        let kind = random.pick(kinds);
        self.knows(first + kind).then_some(kind)
    }

    fn delay(&self, random: &mut Random) -> u64 {
        let near = |ms: u64, random: &mut Random| random.between(ms.saturating_sub(300), ms + 300);
        match random.between(0, 4) {
            0 => random.between(50, 1_500),
            1 => near(self.window_ms, random),
            2 => near(self.timeout_ms, random),
            3 => random.between(1, self.window_ms),
            _ => random.between(1, 40_000),
        }
    }
}

impl Canned {
    pub(crate) fn new(status: u16) -> Self {
        Self {
            status,
            is_html: false,
            retry_after: None,
        }
    }

    fn draw(status: u16, random: &mut Random) -> Self {
        let may_wait = matches!(status, 429 | 503) && random.percent(50);
        Self {
            status,
            is_html: random.percent(50),
            retry_after: may_wait.then(|| random.between(0, 5)),
        }
    }

    fn response(&self) -> Response<Bytes> {
        let status = StatusCode::from_u16(self.status).unwrap();
        let (kind, body) = if self.is_html {
            (
                "text/html",
                format!("<html><head><title>{status}</title></head></html>"),
            )
        } else {
            let reason = status.canonical_reason().unwrap_or_default();
            ("application/json", format!(r#"{{"message":"{reason}"}}"#))
        };
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The exchange, the network in front of it, and the time.
pub(crate) struct World {
    began: Instant,
    pub(crate) weather: Weather,
    state: Mutex<State>,
}

struct State {
    core: Core,
    random: Random,
    trace: Trace,
    counts: Counts,
    /// Until when each order that was sent can be accepted, in ms since the epoch; and those that were sent again before that.
    sent: BTreeMap<String, u64>,
    sent_too_early: Vec<String>,
    /// What was executed, and when, in ms from the beginning.
    executed: Vec<(i64, u64)>,
    parked: Option<Parked>,
    /// The last answer of each operation that may be given to somebody else.
    last: BTreeMap<&'static str, Response<Bytes>>,
    /// What is to become of the next requests, in place of what would be drawn.
    scripted: Vec<Fate>,
    requests: u32,
    under_way: u32,
}

/// An answer that waits for another one to change places with.
struct Parked {
    request: Arc<Sent>,
    response: Response<Bytes>,
    reply: Reply,
}

/// One request, once it has left.
struct Sent {
    number: u32,
    operation: &'static Operation,
    request: Request<Bytes>,
}

type Reply = oneshot::Sender<Result<Response<Bytes>, Broken>>;

impl World {
    /// The world at its beginning, which is now by tokio's clock.
    pub(crate) fn new(core: Core, weather: Weather, random: Random) -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            weather,
            state: Mutex::new(State {
                core,
                random,
                trace: Trace::default(),
                counts: [0; Seen::ALL.len()],
                sent: BTreeMap::new(),
                sent_too_early: Vec::new(),
                executed: Vec::new(),
                parked: None,
                last: BTreeMap::new(),
                scripted: Vec::new(),
                requests: 0,
                under_way: 0,
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// From the beginning.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The exchange's clock.
    fn time(&self) -> SystemTime {
        beginning() + self.elapsed()
    }

    /// Every order that the exchange ever took.
    pub(crate) fn orders(&self) -> Vec<OrderDetails> {
        let mut state = self.state();
        state.core.advance(self.time());
        state.core.orders()
    }

    pub(crate) fn counts(&self) -> Counts {
        self.state().counts
    }

    pub(crate) fn requests(&self) -> u32 {
        self.state().requests
    }

    /// Whether nothing is on its way any more, in either direction.
    pub(crate) fn is_still(&self) -> bool {
        self.state().under_way == 0
    }

    /// The orders that were sent again while what was sent before could still be accepted.
    pub(crate) fn sent_too_early(&self) -> Vec<String> {
        self.state().sent_too_early.clone()
    }

    pub(crate) fn note(&self, text: String) {
        let at = self.elapsed();
        self.state().trace.push(at, Event::Note(text));
    }

    pub(crate) fn take_trace(&self) -> Trace {
        std::mem::take(&mut self.state().trace)
    }

    /// What is to become of the next requests, the last one's first.
    pub(crate) fn script(&self, fates: impl IntoIterator<Item = Fate>) {
        self.state().scripted.extend(fates);
    }

    fn count(&self, seen: Seen) {
        self.state().counts[seen as usize] += 1;
    }

    fn send(self: &Arc<Self>, machine: u32, request: Request<Bytes>, reply: Reply) {
        let path = request.uri().path();
        let operation = *operations::ALL
            .iter()
            .find(|operation| operation.path == path && operation.method == *request.method())
            .unwrap();
        let now = self.elapsed();
        let (sent, fate) = {
            let mut state = self.state();
            let state = &mut *state;
            let fate = state.scripted.pop().unwrap_or_else(|| {
                let now_ms = now.as_millis() as u64;
                self.weather.fate(operation, &mut state.random, now_ms)
            });
            if is_create(operation) && fate.way != Way::NotConnected {
                self.note_sent(state, &request, now);
            }
            state.requests += 1;
            let number = state.requests;
            let sent = Sent {
                number,
                operation,
                request,
            };
            state.trace.push(
                now,
                Event::Sent {
                    number,
                    machine,
                    operation: operation.id,
                    timestamp: timestamp(&sent.request),
                    subject: subject(&sent.request),
                    fate: fate.clone(),
                },
            );
            state.under_way += 1;
            (Arc::new(sent), fate)
        };
        let is_copied = fate.way != Way::NotConnected;
        let (first, second) = match &fate.copy {
            Some(copy) if copy.is_answered && is_copied => (None, Some(reply)),
            _ => (Some(reply), None),
        };
        if let Some(copy) = fate.copy.clone().filter(|_| is_copied) {
            self.state().under_way += 1;
            let fate = Fate {
                way: Way::Arrives,
                out_ms: copy.out_ms,
                copy: None,
                instead: None,
                answer: fate.answer.clone(),
                back_ms: fate.back_ms,
            };
            tokio::spawn(Arc::clone(self).travel(Arc::clone(&sent), fate, second, true));
        }
        tokio::spawn(Arc::clone(self).travel(sent, fate, first, false));
    }

    /// Notes until when the orders of a request can be accepted, by whichever of the exchange's machines is the last to close.
    fn note_sent(&self, state: &mut State, request: &Request<Bytes>, now: Duration) {
        let until = timestamp(request) + sent_window(request);
        let earliest = beginning() + now - self.weather.clocks_differ / 2;
        let earliest_ms = earliest.duration_since(UNIX_EPOCH).unwrap().as_millis();
        for id in rows(request.body())
            .into_iter()
            .filter_map(|row| row.client_order_id)
        {
            let before = state.sent.insert(id.clone(), until);
            if before.is_some_and(|until| earliest_ms <= u128::from(until)) {
                state.sent_too_early.push(id);
            }
        }
    }

    /// One copy of a request, from its client to the exchange and back. Without a reply nobody waits for the answer.
    async fn travel(
        self: Arc<Self>,
        sent: Arc<Sent>,
        fate: Fate,
        reply: Option<Reply>,
        is_copy: bool,
    ) {
        self.go(&sent, fate, reply, is_copy).await;
        self.state().under_way -= 1;
    }

    async fn go(&self, sent: &Arc<Sent>, fate: Fate, mut reply: Option<Reply>, is_copy: bool) {
        let mut out = Duration::from_millis(fate.out_ms);
        match fate.way {
            Way::NotConnected => {
                self.count(Seen::NotConnected);
                sleep(out).await;
                return self.answer(sent, reply, Err(Broken::NotConnected));
            }
            Way::LostWithReset => {
                self.count(Seen::LostWithReset);
                sleep(out).await;
                return self.answer(sent, reply, Err(Broken::Reset));
            }
            Way::LostInSilence => return self.count(Seen::LostInSilence),
            Way::BrokenOff(after) => {
                self.count(Seen::BrokenOff);
                let after = Duration::from_millis(after).min(out);
                sleep(after).await;
                self.answer(sent, reply.take(), Err(Broken::Reset));
                out -= after;
            }
            Way::Arrives => {}
        }
        sleep(out).await;
        if let Some(canned) = &fate.instead {
            match canned.status {
                401 => self.count(Seen::CannedBefore401),
                429 => self.count(Seen::CannedBefore429),
                _ => self.count(Seen::CannedBefore503),
            }
            sleep(Duration::from_millis(fate.back_ms)).await;
            return self.answer(sent, reply, Ok(canned.response()));
        }
        let is_alone = reply.as_ref().is_none_or(oneshot::Sender::is_closed);
        let response = self.execute(sent, is_copy, is_alone, fate.out_ms);
        let back = Duration::from_millis(fate.back_ms);
        if back.as_millis() > u128::from(self.weather.timeout_ms) {
            self.count(Seen::AnswerLate);
        }
        sleep(back).await;
        if is_copy && reply.is_some() {
            self.count(Seen::AnsweredByCopy);
        }
        self.bring_back(sent, fate.answer, reply, response).await;
    }

    /// The exchange gets a copy of a request.
    fn execute(&self, sent: &Sent, is_copy: bool, is_alone: bool, out_ms: u64) -> Response<Bytes> {
        let elapsed = self.elapsed();
        let now_ms = elapsed.as_millis() as u64;
        let mut state = self.state();
        let state = &mut *state;
        let apart = self.weather.clocks_differ.as_millis() as i64 / 2;
        let apart = state.random.either_way(apart);
        state.core.advance(beginning() + elapsed);
        let mut response = state
            .core
            .handle(&sent.request, shifted(beginning() + elapsed, apart));
        let status = response.status().as_u16();
        let mut executed = 0;
        if is_create(sent.operation) && response.status().is_success() {
            for id in order_ids(response.body()) {
                state.executed.push((id, now_ms));
                executed += 1;
            }
        }
        let mut hidden = 0;
        if is_look_up(sent.operation) && response.status().is_success() {
            let lag = self.weather.lag.as_millis() as u64;
            let lag = state.random.between(0, lag);
            let is_hidden = |at: u64| at + lag > now_ms;
            if state.executed.iter().any(|(_, at)| is_hidden(*at)) {
                let executed = &state.executed;
                hidden = keep(&mut response, |row| {
                    executed
                        .iter()
                        .all(|(id, at)| row.order_id != Some(*id) || !is_hidden(*at))
                });
            }
        }
        let mut count = |seen: Seen, is_seen: bool| {
            state.counts[seen as usize] += u64::from(is_seen);
        };
        let window = sent_window(&sent.request);
        let is_write = is_create(sent.operation);
        count(Seen::ExecutedWithoutClient, executed > 0 && is_alone);
        count(Seen::LateWithinWindow, executed > 0 && out_ms > 1_000);
        let is_refused = is_write && executed == 0;
        let is_late = out_ms > window;
        count(
            Seen::RefusedPastWindow,
            is_refused && status == 401 && is_late,
        );
        count(
            Seen::RefusedForClock,
            is_refused && status == 401 && !is_late && !is_copy,
        );
        count(Seen::CopyRefused, is_refused && is_copy);
        count(Seen::LookUpLagged, hidden > 0);
        state.trace.push(
            elapsed,
            Event::Arrived {
                number: sent.number,
                is_copy,
                clock_apart_ms: apart,
                status,
                hidden,
                body: response.body().clone(),
            },
        );
        response
    }

    /// The exchange's answer goes back, or what is left of it.
    async fn bring_back(
        &self,
        sent: &Arc<Sent>,
        answer: Answer,
        reply: Option<Reply>,
        mut response: Response<Bytes>,
    ) {
        let Some(reply) = reply else { return };
        match answer {
            Answer::Lost => return self.count(Seen::AnswerLost),
            Answer::Reset => {
                self.count(Seen::AnswerReset);
                return self.answer(sent, Some(reply), Err(Broken::Reset));
            }
            Answer::CutOff => {
                self.count(Seen::AnswerCutOff);
                let body = response.body();
                *response.body_mut() = body.slice(..body.len() / 2);
                return self.answer(sent, Some(reply), Err(Broken::CutOff(response)));
            }
            Answer::Replaced(canned) => {
                self.count(match canned.status {
                    429 => Seen::Replaced429,
                    500 => Seen::Replaced500,
                    502 => Seen::Replaced502,
                    503 => Seen::Replaced503,
                    _ => Seen::Replaced504,
                });
                return self.answer(sent, Some(reply), Ok(canned.response()));
            }
            Answer::Incomplete if response.status().is_success() && is_create(sent.operation) => {
                let mut is_first = true;
                if keep(&mut response, |_| !std::mem::take(&mut is_first)) > 0 {
                    self.count(Seen::AnswerIncomplete);
                }
            }
            Answer::Shuffled if response.status().is_success() => {
                if reverse(&mut response) {
                    self.count(Seen::AnswerShuffled);
                }
            }
            Answer::Swapped | Answer::Whole => {
                return self
                    .swap(sent, answer == Answer::Swapped, reply, response)
                    .await;
            }
            Answer::Incomplete | Answer::Shuffled => {}
        }
        self.answer(sent, Some(reply), Ok(response));
    }

    /// An answer changes places with one that waits for that, or with the one before it, or waits itself for a while.
    async fn swap(
        &self,
        sent: &Arc<Sent>,
        is_to_be: bool,
        reply: Reply,
        response: Response<Bytes>,
    ) {
        if !may_be_swapped(sent, &response) {
            return self.answer(sent, Some(reply), Ok(response));
        }
        let seen = if is_create(sent.operation) {
            Seen::AnswersSwapped
        } else {
            Seen::LookUpsSwapped
        };
        let (other, last) = {
            let mut state = self.state();
            let state = &mut *state;
            let fits = |parked: &Parked| {
                parked.request.operation == sent.operation
                    && !parked.reply.is_closed()
                    && are_strangers(&parked.request.request, &response)
                    && are_strangers(&sent.request, &parked.response)
            };
            let parked = state.parked.take_if(|parked| fits(parked));
            let last = state.last.insert(sent.operation.id, response.clone());
            let last = last
                .filter(|last| is_to_be && parked.is_none() && are_strangers(&sent.request, last));
            (parked, last.filter(|_| state.random.percent(50)))
        };
        if let Some(other) = other {
            self.count(seen);
            self.answer(&other.request, Some(other.reply), Ok(response));
            return self.answer(sent, Some(reply), Ok(other.response));
        }
        if let Some(last) = last {
            self.count(seen);
            return self.answer(sent, Some(reply), Ok(last));
        }
        if !is_to_be || self.state().parked.is_some() {
            return self.answer(sent, Some(reply), Ok(response));
        }
        self.state().parked = Some(Parked {
            request: Arc::clone(sent),
            response,
            reply,
        });
        sleep(Duration::from_millis(500)).await;
        let mine = self
            .state()
            .parked
            .take_if(|parked| parked.request.number == sent.number);
        if let Some(parked) = mine {
            self.answer(sent, Some(parked.reply), Ok(parked.response));
        }
    }

    fn answer(&self, sent: &Sent, reply: Option<Reply>, answer: Result<Response<Bytes>, Broken>) {
        let Some(reply) = reply else { return };
        let event = Event::Answered {
            number: sent.number,
            answer: match &answer {
                Ok(response) => Ok((response.status().as_u16(), response.body().clone())),
                Err(Broken::NotConnected) => Err("no connection"),
                Err(Broken::Reset) => Err("reset"),
                Err(Broken::CutOff(_)) => Err("cut off"),
            },
            is_heard: reply.send(answer).is_ok(),
        };
        let at = self.elapsed();
        self.state().trace.push(at, event);
    }
}

/// A computer that trades: its own clock, and its own randomness.
pub(crate) struct Computer {
    world: Arc<World>,
    number: u32,
    clock: Clock,
    random: Mutex<Random>,
}

/// The clock of a computer, as far as it differs from the exchange's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock {
    /// So far ahead it begins; behind, if below 0.
    pub(crate) offset_ms: i64,
    /// It gains so many microseconds in a second.
    pub(crate) drift_ppm: i64,
    /// So far it jumps, and when, in ms from the beginning.
    pub(crate) step: Option<(u64, i64)>,
    /// It is put right, to so many ms ahead, and when.
    pub(crate) put_right: Option<(u64, i64)>,
}

impl Clock {
    fn ahead_ms(&self, now_ms: u64) -> i64 {
        if let Some((at, ahead)) = self.put_right
            && now_ms >= at
        {
            return ahead;
        }
        let step = self.step.filter(|(at, _)| now_ms >= *at);
        self.offset_ms + self.drift_ppm * now_ms as i64 / 1_000_000 + step.map_or(0, |(_, by)| by)
    }
}

impl Computer {
    pub(crate) fn new(world: &Arc<World>, number: u32, clock: Clock, random: Random) -> Arc<Self> {
        Arc::new(Self {
            world: Arc::clone(world),
            number,
            clock,
            random: Mutex::new(random),
        })
    }
}

impl Network for Computer {
    fn now(&self) -> SystemTime {
        let elapsed = self.world.elapsed();
        let ahead = self.clock.ahead_ms(elapsed.as_millis() as u64);
        shifted(beginning() + elapsed, ahead)
    }

    fn random(&self) -> u64 {
        self.random.lock().unwrap().next()
    }

    fn send(&self, request: Request<Bytes>) -> Exchange<'_> {
        let (reply, answer) = oneshot::channel();
        self.world.send(self.number, request, reply);
        Box::pin(async move {
            match answer.await {
                Ok(answer) => answer,
                // Nothing ever comes; the client has a time limit.
                Err(_) => std::future::pending().await,
            }
        })
    }
}

fn shifted(time: SystemTime, by_ms: i64) -> SystemTime {
    let by = Duration::from_millis(by_ms.unsigned_abs());
    if by_ms < 0 { time - by } else { time + by }
}

fn is_create(operation: &Operation) -> bool {
    operation.id.starts_with("create")
}

fn is_look_up(operation: &Operation) -> bool {
    matches!(operation.id, "getOrders" | "getOpenOrders" | "findOrders")
}

fn number_in(request: &Request<Bytes>, header: &str) -> u64 {
    let value = request.headers().get(header);
    value
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .unwrap_or_default()
}

fn timestamp(request: &Request<Bytes>) -> u64 {
    number_in(request, "x-timestamp")
}

fn sent_window(request: &Request<Bytes>) -> u64 {
    number_in(request, "x-recv-window")
}

/// What a request is about: its body, or its query.
fn subject(request: &Request<Bytes>) -> Bytes {
    match request.uri().query() {
        Some(query) if request.body().is_empty() => Bytes::copy_from_slice(query.as_bytes()),
        _ => request.body().clone(),
    }
}

/// What answers say of an order that matters here.
#[derive(Deserialize)]
struct Row {
    order_id: Option<i64>,
    client_order_id: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Rows {
    orders: Vec<Box<RawValue>>,
}

fn rows(body: &[u8]) -> Vec<Row> {
    #[derive(Deserialize)]
    struct Named {
        orders: Vec<Row>,
    }
    match serde_json::from_slice::<Named>(body) {
        Ok(named) => named.orders,
        Err(_) => serde_json::from_slice(body).into_iter().collect(),
    }
}

fn order_ids(body: &[u8]) -> impl Iterator<Item = i64> {
    rows(body).into_iter().filter_map(|row| row.order_id)
}

/// Leaves out the orders of an answer that are not to be kept; says how many. An answer about one order stays as it is.
fn keep(response: &mut Response<Bytes>, mut is_kept: impl FnMut(&Row) -> bool) -> u32 {
    let Ok(mut whole) = serde_json::from_slice::<Rows>(response.body()) else {
        return 0;
    };
    let before = whole.orders.len();
    whole
        .orders
        .retain(|order| serde_json::from_str(order.get()).is_ok_and(|row| is_kept(&row)));
    let left_out = before - whole.orders.len();
    if left_out > 0 {
        *response.body_mut() = Bytes::from(serde_json::to_vec(&whole).unwrap());
    }
    left_out as u32
}

/// Turns the orders of an answer round; says whether there are several.
fn reverse(response: &mut Response<Bytes>) -> bool {
    let Ok(mut whole) = serde_json::from_slice::<Rows>(response.body()) else {
        return false;
    };
    whole.orders.reverse();
    *response.body_mut() = Bytes::from(serde_json::to_vec(&whole).unwrap());
    whole.orders.len() > 1
}

/// Whether an answer names an order, so that a client can tell whose it is.
fn may_be_swapped(sent: &Sent, response: &Response<Bytes>) -> bool {
    let names_orders = is_create(sent.operation) || sent.operation.id == "getOrders";
    let name = br#""client_order_id":""#;
    names_orders
        && response.status().is_success()
        && response.body().windows(name.len()).any(|part| part == name)
}

/// Whether an answer names none of the orders that a request is about.
fn are_strangers(request: &Request<Bytes>, response: &Response<Bytes>) -> bool {
    let subject = String::from_utf8_lossy(&subject(request)).into_owned();
    rows(response.body()).iter().all(|row| {
        row.client_order_id
            .as_deref()
            .is_none_or(|id| !subject.contains(id))
    })
}
