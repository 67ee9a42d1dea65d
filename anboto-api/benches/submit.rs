//! What `submit` costs beside the raw call, and what many at a time cost beside bare reqwest.
//!
//! ```text
//! cargo bench -p anboto-api --features testnet --bench submit
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark may stop at the first surprise"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use anboto_api::testnet::{Account, Core, Exchange, Network, Rules, Testnet};
use anboto_api::types::*;
use anboto_api::{Client, Credentials, Decimal, Environment, Outcome, Signer, anboto_auth};
use tokio::task::JoinSet;

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    good_path().await;
    for concurrency in [1, 16, 256] {
        side_by_side(concurrency).await;
    }
}

/// Purchases and sales in turn, so that the money never runs out.
fn order() -> CreateParentOrderRequest {
    static PLACED: AtomicU64 = AtomicU64::new(0);
    let is_even = PLACED.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
    CreateParentOrderRequest::builder()
        .client_order_id("desk-7-000001")
        .exchange(TradingExchange::Binance)
        .symbol("BTC/USDT")
        .asset_category(AssetCategory::Spot)
        .side(if is_even { Side::Buy } else { Side::Sell })
        .quantity(Decimal::new(1, 3))
        .strategy(ExecutionStrategy::Market)
        .build()
        .unwrap()
}

/// An exchange without sockets, so that what is compared is not lost in the noise of a network.
struct Direct {
    core: Mutex<Core>,
}

impl Network for Direct {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn random(&self) -> u64 {
        7
    }

    fn send(&self, request: http::Request<bytes::Bytes>) -> Exchange<'_> {
        let mut core = self.core.lock().unwrap();
        let now = SystemTime::now();
        core.advance(now);
        let answer = core.handle(&request, now);
        Box::pin(async move { Ok(answer) })
    }
}

/// The raw call and `submit` in turn.
async fn good_path() {
    const ROUNDS: usize = 20_000;
    let mut core = Core::new(1, Rules::default(), SystemTime::now()).with_history(100);
    core.add_hmac_key(Account::FIRST, "key", SECRET).unwrap();
    let network = Arc::new(Direct {
        core: Mutex::new(core),
    });
    let client = Client::builder(Environment::testnet())
        .credentials(Credentials::hmac("key", SECRET).unwrap())
        .network(network)
        .build()
        .unwrap();
    let (mut raw, mut submitted) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (first, second) = (order(), order());
        let began = Instant::now();
        let answer = client.create_order().body(first).send().await;
        raw.push(began.elapsed());
        assert!(answer.unwrap().order_id.is_some());
        let began = Instant::now();
        let outcome = client.submit(second).await;
        submitted.push(began.elapsed());
        assert!(matches!(outcome, Outcome::Accepted(_)));
    }
    let (raw, submitted) = (at(&mut raw, 50), at(&mut submitted, 50));
    println!(
        "good path, without sockets, {ROUNDS} rounds in turn: raw {raw:.2?}, submit {submitted:.2?}, {:+.2} µs (medians)",
        submitted.as_secs_f64() * 1e6 - raw.as_secs_f64() * 1e6
    );
}

/// `submit` and bare reqwest, both signed, over loopback, in turn.
async fn side_by_side(concurrency: usize) {
    const ROUNDS: usize = 8;
    let calls = 4_000;
    let testnet = Testnet::builder().history(100).log(100).start().unwrap();
    let client = testnet.client().unwrap();
    let bare = Bare::new(&testnet);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut our_time, mut their_time) = (Duration::ZERO, Duration::ZERO);
    for round in 0..=ROUNDS {
        let began = Instant::now();
        let submitted = many(concurrency, calls, || {
            let client = client.clone();
            async move {
                let outcome = client.submit(order()).await;
                assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome}");
            }
        })
        .await;
        let between = Instant::now();
        let sent = many(concurrency, calls, || {
            let bare = bare.clone();
            async move { bare.create_order().await }
        })
        .await;
        // The first round warms up.
        if round > 0 {
            our_time += between - began;
            their_time += between.elapsed();
            ours.extend(submitted);
            theirs.extend(sent);
        }
    }
    let rate = |time: Duration| (ROUNDS * calls) as f64 / time.as_secs_f64();
    println!(
        "{concurrency:>3} at a time: submit {:.0}/s, p99 {:.2?}; bare reqwest {:.0}/s, p99 {:.2?}; rate {:.2}, p99 {:.2}",
        rate(our_time),
        at(&mut ours, 99),
        rate(their_time),
        at(&mut theirs, 99),
        rate(our_time) / rate(their_time),
        at(&mut ours, 99).as_secs_f64() / at(&mut theirs, 99).as_secs_f64(),
    );
}

/// So many calls, so many at a time; how long each took.
async fn many<F: Future<Output = ()> + Send + 'static>(
    concurrency: usize,
    calls: usize,
    call: impl Fn() -> F,
) -> Vec<Duration> {
    let mut running = JoinSet::new();
    let mut took = Vec::with_capacity(calls);
    for _ in 0..calls {
        if running.len() == concurrency {
            took.push(running.join_next().await.unwrap().unwrap());
        }
        let call = call();
        running.spawn(async move {
            let began = Instant::now();
            call.await;
            began.elapsed()
        });
    }
    took.extend(running.join_all().await);
    took
}

/// What a hundred lines of reqwest would do: sign, send, read, and look at the status alone.
#[derive(Clone)]
struct Bare {
    http: reqwest::Client,
    signer: Signer,
    url: String,
}

impl Bare {
    fn new(testnet: &Testnet) -> Self {
        let environment = testnet.environment();
        Self {
            http: anboto_auth::client_builder(&environment).build().unwrap(),
            signer: Signer::new(&environment, testnet.credentials()),
            url: format!("{}/api/v2/trading/order/create", environment.base_url()),
        }
    }

    async fn create_order(&self) {
        let mut request = self
            .http
            .post(&self.url)
            .header("content-type", "application/json")
            .body(serde_json::to_vec(&order()).unwrap())
            .build()
            .unwrap();
        self.signer
            .sign_request(&mut request, SystemTime::now())
            .unwrap();
        let answer = self.http.execute(request).await.unwrap();
        assert_eq!(answer.status(), 201);
        answer.bytes().await.unwrap();
    }
}

fn at(took: &mut [Duration], hundredths: usize) -> Duration {
    took.sort_unstable();
    took[took.len() * hundredths / 100]
}
