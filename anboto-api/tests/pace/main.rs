//! When calls are sent, and how often: by a network in place of sockets, on tokio's paused clock, so that every wait is exact and
//! none takes any time.
#![allow(
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, and so may what several tests share"
)]
#![allow(
    clippy::result_large_err,
    reason = "an answer is as large as it is, and there are few of them"
)]

mod calibrate;
mod rate_limit;
mod retry;
mod server_time;

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anboto_api::testnet::{Broken, Exchange, Network};
use anboto_api::{Client, ClientBuilder, Credentials, Environment};
use bytes::Bytes;
use tokio::time::Instant;

pub(crate) type Request = http::Request<Bytes>;
type Script = Box<dyn Fn(&Request, usize) -> Answer + Send + Sync>;
pub(crate) type Answer = Result<http::Response<Bytes>, Broken>;

/// The wall clock when a test begins, unless it says otherwise.
pub(crate) const START_MS: u64 = 1_800_000_000_000;

/// A server that answers as the test says, and what it was asked.
pub(crate) struct Scripted {
    began: Instant,
    answer: Script,
    number: AtomicUsize,
    received: Mutex<Vec<(Duration, Request)>>,
    /// On the way there and on the way back, for each request in turn.
    latencies: Mutex<Vec<(Duration, Duration)>>,
    /// By how much the client's clock was put forward, in ms.
    step: AtomicI64,
    random: AtomicU64,
}

impl Scripted {
    /// A server that gives this answer to the request of this number, counted from 0.
    pub(crate) fn new(
        answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            answer: Box::new(answer),
            number: AtomicUsize::default(),
            received: Mutex::default(),
            latencies: Mutex::new(vec![(Duration::ZERO, Duration::ZERO)]),
            step: AtomicI64::default(),
            random: AtomicU64::new(u64::MAX),
        })
    }

    /// Every answer takes so long, the same in both directions.
    pub(crate) fn set_latency(&self, latency: Duration) {
        self.set_latencies([(latency / 2, latency / 2)]);
    }

    /// Requests take so long there and back, one after the other, and then again from the first.
    pub(crate) fn set_latencies(&self, latencies: impl Into<Vec<(Duration, Duration)>>) {
        *self.latencies.lock().unwrap() = latencies.into();
    }

    /// Puts the client's clock forward by so many ms in all, or back.
    pub(crate) fn step_clock(&self, ms: i64) {
        self.step.store(ms, Ordering::Relaxed);
    }

    /// All that is drawn from now on; the largest there is unless said otherwise.
    pub(crate) fn set_random(&self, random: u64) {
        self.random.store(random, Ordering::Relaxed);
    }

    /// When each request was sent, in ms since the test began.
    pub(crate) fn times(&self) -> Vec<u64> {
        let received = self.received.lock().unwrap();
        received.iter().map(|(at, _)| millis(*at)).collect()
    }

    /// What these requests said in this header.
    pub(crate) fn headers(&self, name: &str) -> Vec<String> {
        let received = self.received.lock().unwrap();
        let text = |(_, request): &(Duration, Request)| {
            request.headers()[name].to_str().unwrap().to_owned()
        };
        received.iter().map(text).collect()
    }

    /// The same of those that were signed.
    pub(crate) fn headers_of_signed(&self, name: &str) -> Vec<String> {
        let received = self.received.lock().unwrap();
        let signed = received.iter().map(|(_, request)| request.headers());
        signed
            .filter(|headers| headers.contains_key("x-sign"))
            .map(|headers| headers[name].to_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) fn forget(&self) {
        self.received.lock().unwrap().clear();
    }

    /// A client of it.
    pub(crate) fn client(
        self: &Arc<Self>,
        set: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Client {
        let builder = Client::builder(Environment::testnet())
            .credentials(Credentials::hmac("test-api-key", "c2VjcmV0").unwrap())
            .network(Arc::clone(self) as Arc<dyn Network>);
        set(builder).build().unwrap()
    }
}

impl Network for Scripted {
    fn now(&self) -> SystemTime {
        let step = self.step.load(Ordering::Relaxed);
        let start = Duration::from_millis(START_MS.checked_add_signed(step).unwrap());
        UNIX_EPOCH + start + self.began.elapsed()
    }

    fn random(&self) -> u64 {
        self.random.load(Ordering::Relaxed)
    }

    fn send(&self, request: Request) -> Exchange<'_> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let at = self.began.elapsed();
        self.received.lock().unwrap().push((at, request.clone()));
        Box::pin(async move {
            let (there, back) = {
                let latencies = self.latencies.lock().unwrap();
                latencies[number % latencies.len()]
            };
            pass(there).await;
            let answer = (self.answer)(&request, number);
            pass(back).await;
            answer
        })
    }
}

async fn pass(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap()
}

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// An answer that every list of orders is content with.
pub(crate) fn good() -> Answer {
    answer(200, r#"{"orders":[]}"#)
}

pub(crate) fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
    Ok(http::Response::builder()
        .status(status)
        .body(body.into())
        .unwrap())
}

/// A refusal that says for how many seconds to stay away.
pub(crate) fn stay_away(status: u16, seconds: u64) -> Answer {
    answer(status, "").map(|mut response| {
        response.headers_mut().insert("retry-after", seconds.into());
        response
    })
}
