//! Orders that are followed to their end, on virtual time.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use anboto_api::testnet::{Account, Core, Exchange, Network, Rules};
use anboto_api::types::*;
use anboto_api::{Client, Credentials, Environment};
use bytes::Bytes;
use futures_core::Stream;
use tokio::time::{Instant, timeout};

use super::{decimal, order, place, seconds, twap};

/// A server without sockets, on tokio's clock.
struct Virtual {
    core: Mutex<Core>,
    epoch: SystemTime,
    begun: Instant,
    answers_take: Duration,
    /// How many of the next look-ups are refused.
    refusals: Mutex<u32>,
    look_ups: Mutex<u32>,
}

impl Network for Virtual {
    fn now(&self) -> SystemTime {
        self.epoch + self.begun.elapsed()
    }

    fn random(&self) -> u64 {
        4
    }

    fn send(&self, request: http::Request<Bytes>) -> Exchange<'_> {
        Box::pin(async move {
            let is_look_up = request.uri().path().ends_with("/byId");
            *self.look_ups.lock().unwrap() += u32::from(is_look_up);
            tokio::time::sleep(self.answers_take).await;
            let mut refusals = self.refusals.lock().unwrap();
            if is_look_up && *refusals > 0 {
                *refusals -= 1;
                let refused = http::Response::builder().status(401).body(Bytes::new());
                return Ok(refused.unwrap());
            }
            let mut core = self.core.lock().unwrap();
            core.advance(self.now());
            Ok(core.handle(&request, self.now()))
        })
    }
}

impl Virtual {
    fn refuse(&self, look_ups: u32) {
        *self.refusals.lock().unwrap() = look_ups;
    }

    fn look_ups(&self) -> u32 {
        *self.look_ups.lock().unwrap()
    }
}

fn virtual_server(answers_take: Duration) -> (Arc<Virtual>, Client) {
    let epoch = std::time::UNIX_EPOCH + seconds(1_800_000_000);
    let mut core = Core::new(1, Rules::default(), epoch);
    core.add_hmac_key(Account::FIRST, "key", "c2VjcmV0")
        .unwrap();
    let server = Arc::new(Virtual {
        core: Mutex::new(core),
        epoch,
        begun: Instant::now(),
        answers_take,
        refusals: Mutex::default(),
        look_ups: Mutex::default(),
    });
    let client = Client::builder(Environment::testnet())
        .credentials(Credentials::hmac("key", "c2VjcmV0").unwrap())
        .network(Arc::clone(&server) as Arc<dyn Network>)
        .build()
        .unwrap();
    (server, client)
}

const SOON: Duration = Duration::from_millis(5);

#[tokio::test(start_paused = true)]
async fn an_order_is_followed_to_its_end() {
    let (_server, client) = virtual_server(SOON);
    let id = place(&client, twap("one")).await;
    for mut progress in [client.follow(id), client.follow("one")] {
        let mut last = None;
        while let Some(order) = progress.next().await {
            last = Some(order.unwrap());
        }
        let last = last.unwrap();
        assert_eq!(last.order_id, Some(id));
        assert_eq!(last.status, Some(OrderStatus::Filled));
        assert_eq!(last.filled_quantity, decimal("0.1"));
        assert!(progress.next().await.is_none(), "and nothing after");
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_is_given_when_it_has_changed_and_not_otherwise() {
    let (server, client) = virtual_server(SOON);
    place(&client, twap("one")).await;
    let mut progress = client.follow("one").interval(Duration::from_millis(100));
    let mut given = Vec::new();
    while let Some(order) = progress.next().await {
        given.push(order.unwrap());
    }
    assert!(given.windows(2).all(|pair| pair[0] != pair[1]));
    let filled: Vec<_> = given.iter().map(|order| order.filled_quantity).collect();
    assert!(filled.is_sorted() && filled[0] < filled[filled.len() - 1]);
    assert!(given.len() > 3, "not the end alone");
    assert!((given.len() as u32) < server.look_ups() / 2);
}

#[tokio::test(start_paused = true)]
async fn look_ups_are_an_interval_apart() {
    let (server, client) = virtual_server(SOON);
    let resting = order("one", ExecutionStrategy::Limit).limit_price(decimal("10000"));
    place(&client, resting).await;
    let mut progress = client.follow("one").interval(seconds(10));
    let nothing = timeout(seconds(95), async {
        // Until it is accepted; then nothing happens to it for 30 days.
        loop {
            progress.next().await.unwrap().unwrap();
        }
    });
    nothing.await.unwrap_err();
    assert_eq!(server.look_ups(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_fails_ends_nothing() {
    let (server, client) = virtual_server(SOON);
    place(&client, twap("one")).await;
    let mut progress = client.follow("one").patience(4);
    let mut last = None;
    while let Some(order) = progress.next().await {
        last = order.unwrap().status;
        // Three in a row, again and again, are one too few.
        server.refuse(3);
    }
    assert_eq!(last, Some(OrderStatus::Filled));
}

#[tokio::test(start_paused = true)]
async fn failures_that_persist_are_the_end() {
    let (server, client) = virtual_server(SOON);
    place(&client, twap("one")).await;
    server.refuse(u32::MAX);
    let mut progress = client.follow("one").patience(4);
    let error = progress.next().await.unwrap().unwrap_err();
    assert!(error.is_unauthorized());
    assert_eq!(server.look_ups(), 4);
    assert!(progress.next().await.is_none());
    assert_eq!(server.look_ups(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_nobody_knows_is_an_error_in_the_end() {
    let (server, client) = virtual_server(SOON);
    let mut progress = client.follow("one");
    let error = progress.next().await.unwrap().unwrap_err();
    assert!(error.is_no_such_order() && !error.is_decode());
    assert_eq!(
        error.to_string(),
        "getOrders: the server knows no order by that id"
    );
    assert_eq!(server.look_ups(), 10);
    assert!(progress.next().await.is_none());
}

/// A look-up may lag behind the order.
#[tokio::test(start_paused = true)]
async fn an_order_may_appear_later() {
    let (_server, client) = virtual_server(SOON);
    let mut progress = client.follow("one");
    timeout(seconds(5), progress.next()).await.unwrap_err();
    let id = place(&client, twap("one")).await;
    let order = progress.next().await.unwrap().unwrap();
    assert_eq!(order.order_id, Some(id));
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_the_request_is_said_at_once() {
    let (server, client) = virtual_server(SOON);
    let mut progress = client.follow("one,two");
    let error = progress.next().await.unwrap().unwrap_err();
    assert!(error.is_invalid_request());
    assert!(progress.next().await.is_none());
    assert_eq!(server.look_ups(), 0);
}

/// Each wait is given up long before an answer can be there.
#[tokio::test(start_paused = true)]
async fn a_wait_that_is_given_up_loses_nothing() {
    let (server, client) = virtual_server(Duration::from_millis(250));
    place(&client, twap("one")).await;
    let mut progress = client.follow("one");
    let mut waits = 0;
    let first = loop {
        waits += 1;
        match timeout(Duration::from_millis(60), progress.next()).await {
            Ok(order) => break order.unwrap().unwrap(),
            Err(_given_up) => continue,
        }
    };
    assert_eq!(waits, 5);
    assert_eq!(server.look_ups(), 1, "the same look-up went on");
    assert_eq!(first.client_order_id.as_deref(), Some("one"));
}

#[tokio::test(start_paused = true)]
async fn of_orders_with_one_id_the_last_is_followed() {
    let (_server, client) = virtual_server(SOON);
    place(&client, twap("one")).await;
    let second = place(&client, twap("one")).await;
    let mut progress = client.follow("one");
    let first_look = progress.next().await.unwrap().unwrap();
    assert_eq!(first_look.order_id, Some(second));
    // One that comes later is another order.
    place(&client, twap("one")).await;
    while let Some(order) = progress.next().await {
        assert_eq!(order.unwrap().order_id, Some(second));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_gives_the_same() {
    let (_server, client) = virtual_server(SOON);
    place(&client, twap("one")).await;
    let mut stream = client.follow("one").into_stream();
    let mut last = None;
    while let Some(order) = poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await {
        last = order.unwrap().status;
    }
    assert_eq!(last, Some(OrderStatus::Filled));
}
