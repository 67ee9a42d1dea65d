//! The promises about orders, over real sockets, against a server on which everything goes wrong that can be asked for.
#![allow(
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, and so may what several tests share"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anboto_api::submit::{Stage, Submit};
use anboto_api::testnet::{CannedAnswer, Moment, Testnet};
use anboto_api::types::*;
use anboto_api::{
    Cancellation, Client, Decimal, Guard, Outcome, RecvWindow, Signer, Unknown, operations,
};

/// Requests die early here, so that the tests need not wait for long.
fn client_of(testnet: &Testnet) -> Client {
    let signer = Signer::new(&testnet.environment(), testnet.credentials())
        .with_recv_window(RecvWindow::from_millis(400).unwrap());
    Client::builder(testnet.environment())
        .signer(signer)
        .submitting(|settings| settings.margin = Duration::from_millis(100))
        .build()
        .unwrap()
}

fn start() -> (Testnet, Client) {
    let testnet = Testnet::builder().paused().start().unwrap();
    let client = client_of(&testnet);
    (testnet, client)
}

fn order() -> builder::CreateParentOrderRequest {
    CreateParentOrderRequest::builder()
        .exchange(TradingExchange::Binance)
        .symbol("BTC/USDT")
        .asset_category(AssetCategory::Spot)
        .side(Side::Buy)
        .quantity(Decimal::new(1, 1))
        .strategy(ExecutionStrategy::Market)
}

/// One that the server takes, and that no two requests may place twice.
fn submit(client: &Client) -> Submit {
    client.submit(order())
}

fn creations(testnet: &Testnet) -> usize {
    testnet.requests_of(&operations::CREATE_ORDER).len()
}

#[tokio::test]
async fn an_order_without_an_id_is_given_one_and_accepted() {
    let (testnet, client) = start();
    let submission = submit(&client);
    let id = submission.client_order_id().to_owned();
    assert_eq!(id.len(), 27);
    let Outcome::Accepted(accepted) = submission.await else {
        panic!("not accepted")
    };
    assert_eq!(accepted.client_order_id(), id);
    let orders = testnet.orders();
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0].client_order_id.as_deref(), Some(&*id));
    assert_eq!(orders[0].order_id, accepted.order_id());
    assert!(accepted.found().is_none());
}

#[tokio::test]
async fn an_order_whose_answer_is_lost_is_found() {
    for lose in [
        |testnet: &Testnet| testnet.faults().next(1).reset(Moment::AfterExecution),
        |testnet: &Testnet| testnet.faults().next(1).cut_off(),
        |testnet: &Testnet| testnet.faults().next(1).invalid_json(),
        |testnet: &Testnet| {
            let answer = CannedAnswer::new(502).html().after_execution();
            testnet.faults().next(1).answer(answer);
        },
    ] {
        let (testnet, client) = start();
        lose(&testnet);
        let outcome = submit(&client).await;
        let Outcome::Accepted(accepted) = &outcome else {
            panic!("{outcome}")
        };
        assert!(accepted.found().is_some());
        assert_eq!(accepted.order_id(), testnet.orders()[0].order_id);
        assert_eq!(creations(&testnet), 1);
    }
}

#[tokio::test]
async fn an_order_that_never_arrived_is_known_to_be_none_after_its_window() {
    let (testnet, client) = start();
    let lost = testnet.faults().next(1).of(&operations::CREATE_ORDER);
    lost.reset(Moment::BeforeExecution);
    let outcome = submit(&client).await;
    assert!(matches!(outcome, Outcome::NeverArrived(_)), "{outcome}");
    assert_eq!(creations(&testnet), 1);
    assert!(testnet.orders().is_empty());
}

#[tokio::test]
async fn it_is_sent_again_if_that_was_asked_for_and_then_exists_once() {
    let (testnet, client) = start();
    let lost = testnet.faults().next(1).of(&operations::CREATE_ORDER);
    lost.reset(Moment::BeforeExecution);
    let outcome = submit(&client).resubmit(1).await;
    assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome}");
    assert_eq!(creations(&testnet), 2);
    assert_eq!(testnet.orders().len(), 1);
}

/// The request is executed after the client has given its answer up: a second one would double the order.
#[tokio::test]
async fn nothing_is_sent_again_while_the_first_could_still_be_accepted() {
    let (testnet, _) = start();
    let client = client_of(&testnet)
        .to_builder()
        .timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    let late = testnet.faults().next(1).of(&operations::CREATE_ORDER);
    late.delay_request(Duration::from_millis(300));
    let outcome = submit(&client).resubmit(5).await;
    assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome}");
    assert_eq!(testnet.orders().len(), 1);
    assert_eq!(creations(&testnet), 1);
}

#[tokio::test]
async fn a_rejection_inside_a_success_is_a_rejection() {
    let (testnet, client) = start();
    let outcome = client.submit(order().quantity(Decimal::new(1, 12))).await;
    let Outcome::Rejected(rejected) = &outcome else {
        panic!("{outcome}")
    };
    assert_eq!(rejected.code(), Some(&ApiErrorCode::InvalidQuantity));
    assert_eq!(rejected.status(), Some(201));
    assert!(rejected.message().is_some());
    assert!(testnet.orders().is_empty());
}

/// The copy of a request is refused because the first took the id; the client is told of the copy alone.
#[tokio::test]
async fn a_rejection_that_a_copy_earned_is_not_believed() {
    let testnet = Testnet::builder()
        .rules(|rules| rules.duplicate_client_order_ids = false)
        .paused()
        .start()
        .unwrap();
    let client = client_of(&testnet);
    let first = client.create_order().body(order().client_order_id("twice"));
    first.send().await.unwrap();
    let outcome = client.submit(order().client_order_id("twice")).await;
    assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome}");
    assert_eq!(testnet.orders().len(), 1);
}

#[tokio::test]
async fn what_cannot_connect_was_not_sent() {
    let (testnet, client) = start();
    drop(testnet);
    let outcome = submit(&client).await;
    let Outcome::NotSent(not_sent) = &outcome else {
        panic!("{outcome}")
    };
    assert!(not_sent.error().unwrap().is_connect());
}

#[tokio::test]
async fn what_cannot_be_persisted_is_not_sent() {
    let (testnet, client) = start();
    let outcome = submit(&client)
        .persist(|_| async { Err("the disk is full") })
        .await;
    let Outcome::NotSent(not_sent) = &outcome else {
        panic!("{outcome}")
    };
    assert!(not_sent.is_not_persisted());
    assert!(outcome.to_string().contains("the disk is full"));
    assert!(testnet.requests().is_empty());
}

/// As if the process had died with the request on its way, and another one read what it had written down.
#[tokio::test]
async fn what_was_persisted_is_resolved_in_another_process() {
    let (testnet, client) = start();
    let written = Arc::new(Mutex::new(String::new()));
    let book = Arc::clone(&written);
    let submission = submit(&client).persist(move |unknowns| {
        *book.lock().unwrap() = serde_json::to_string(&unknowns).unwrap();
        async { Ok::<(), std::convert::Infallible>(()) }
    });
    let id = submission.client_order_id().to_owned();
    testnet
        .faults()
        .next(1)
        .delay_answer(Duration::from_secs(60));
    let interrupted = tokio::time::timeout(Duration::from_millis(100), submission).await;
    assert!(interrupted.is_err());

    let unknowns: Vec<Unknown> = serde_json::from_str(&written.lock().unwrap()).unwrap();
    assert_eq!(unknowns[0].stage(), Stage::Sending);
    let outcome = client_of(&testnet).resolve(unknowns[0].clone()).await;
    assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome}");
    assert_eq!(outcome.client_order_id(), id);
}

#[tokio::test]
async fn a_dropped_future_leaves_what_is_needed_to_resolve_it() {
    let (testnet, client) = start();
    testnet
        .faults()
        .next(1)
        .delay_answer(Duration::from_secs(60));
    let submission = submit(&client);
    let in_flight = submission.in_flight();
    assert!(in_flight.unknowns().is_empty());
    let interrupted = tokio::time::timeout(Duration::from_millis(100), submission).await;
    assert!(interrupted.is_err());
    let unknowns = in_flight.unknowns();
    assert_eq!(unknowns.len(), 1);
    let outcome = client.resolve(unknowns[0].clone()).await;
    assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome}");
}

/// One of the two is accepted at once, the other has to be looked up: neither outcome has been given when the future is dropped.
#[tokio::test]
async fn a_dropped_batch_leaves_what_was_accepted_already() {
    let (testnet, client) = start();
    let look_ups = testnet.faults().of(&operations::GET_ORDERS);
    look_ups.delay_answer(Duration::from_secs(60));
    let poor = order().quantity(Decimal::from(500));
    let submission = client.submit_many([order().client_order_id("good"), poor]);
    let in_flight = submission.in_flight();
    let is_looked_up = async {
        while testnet.requests_of(&operations::GET_ORDERS).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        outcomes = submission => panic!("{outcomes:?}"),
        () = is_looked_up => {}
    }
    let unknowns = in_flight.unknowns();
    let ids: Vec<&str> = unknowns.iter().map(Unknown::client_order_id).collect();
    assert!(ids.contains(&"good"), "{ids:?}");
    testnet.faults().clear();
    let outcomes = client.resolve_many(unknowns).await;
    let is_there = |outcome: &Outcome| outcome.exists() == Some(true);
    assert_eq!(
        outcomes.iter().filter(|outcome| is_there(outcome)).count(),
        1
    );
}

#[tokio::test]
async fn a_batch_has_one_outcome_for_each_order_in_their_order() {
    let (testnet, client) = start();
    let outcomes = client
        .submit_many([
            order().client_order_id("good"),
            order().client_order_id("unlisted").symbol("NO/SUCH"),
            order().client_order_id("comma,comma"),
            order().client_order_id("good"),
            order(),
        ])
        .await;
    let told: Vec<&str> = outcomes.iter().map(Outcome::as_str).collect();
    assert_eq!(
        told,
        ["accepted", "rejected", "not_sent", "not_sent", "accepted"]
    );
    assert_eq!(testnet.orders().len(), 2);
}

#[tokio::test]
async fn an_order_that_the_guard_refuses_does_not_hold_back_its_batch() {
    let (testnet, client) = start();
    let guard = Guard::new().symbols(["BTC/USDT"]);
    let client = client.to_builder().guard(guard).build().unwrap();
    let outcomes = client
        .submit_many([order(), order().symbol("ETH/USDT"), order()])
        .await;
    let told: Vec<&str> = outcomes.iter().map(Outcome::as_str).collect();
    assert_eq!(told, ["accepted", "not_sent", "accepted"]);
    let Outcome::NotSent(refused) = &outcomes[1] else {
        panic!("{}", outcomes[1])
    };
    assert!(refused.error().unwrap().is_guarded());
    assert_eq!(testnet.orders().len(), 2);
}

#[tokio::test]
async fn batches_are_split_and_a_lost_part_is_looked_up() {
    let (testnet, _) = start();
    let client = client_of(&testnet)
        .to_builder()
        .submitting(|settings| settings.batch_size = 3)
        .build()
        .unwrap();
    testnet.faults().next(1).reset(Moment::AfterExecution);
    let outcomes = client.submit_many((0..7).map(|_| order())).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.exists() == Some(true))
    );
    assert_eq!(testnet.orders().len(), 7);
    let batches = testnet.requests_of(&operations::CREATE_MANY_ORDERS);
    assert_eq!(batches.len(), 3);
}

#[tokio::test]
async fn a_deadline_ends_in_an_unknown_that_can_be_resolved() {
    let (testnet, client) = start();
    let lost = testnet.faults().next(1).of(&operations::CREATE_ORDER);
    lost.reset(Moment::BeforeExecution);
    let outcome = submit(&client).deadline(Duration::from_millis(150)).await;
    let Outcome::Unknown(unknown) = outcome else {
        panic!("{outcome}")
    };
    assert_eq!(unknown.stage(), Stage::NoAnswer);
    assert_eq!(unknown.operation(), "createOrder");
    let outcome = client.resolve(unknown).await;
    assert!(matches!(outcome, Outcome::NeverArrived(_)), "{outcome}");
}

#[tokio::test]
async fn after_the_deadline_nothing_more_is_sent() {
    let (testnet, client) = start();
    let client = client
        .to_builder()
        .submitting(|settings| settings.batch_size = 1)
        .build()
        .unwrap();
    let slow = testnet.faults().next(1).of(&operations::CREATE_MANY_ORDERS);
    slow.delay_answer(Duration::from_secs(60));
    let deadline = Duration::from_millis(150);
    let outcomes = client
        .submit_many([order(), order()])
        .deadline(deadline)
        .await;
    assert!(
        matches!(&outcomes[0], Outcome::Unknown(_)),
        "{}",
        outcomes[0]
    );
    let Outcome::NotSent(not_sent) = &outcomes[1] else {
        panic!("{}", outcomes[1])
    };
    assert!(not_sent.is_out_of_time());
    assert_eq!(
        testnet.requests_of(&operations::CREATE_MANY_ORDERS).len(),
        1
    );
}

/// A file may have been written by anybody.
#[tokio::test]
async fn an_unknown_with_an_absurd_time_can_be_shown_and_resolved() {
    let (testnet, client) = start();
    let json = format!(
        r#"{{"client_order_id":"odd","base_url":"{}","operation":"createOrder","stage":"no_answer",
            "accepted_until":{},"attempts":1,"cause":"none"}}"#,
        testnet.environment().base_url(),
        u64::MAX
    );
    let unknown: Unknown = serde_json::from_str(&json).unwrap();
    assert!(unknown.to_string().contains("18446744073709551615 ms"));
    let client = client
        .to_builder()
        .submitting(|settings| settings.deadline = Duration::from_millis(300))
        .build()
        .unwrap();
    let outcome = client.resolve(unknown).await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome}");
}

#[tokio::test]
async fn an_unknown_of_another_server_is_not_looked_up_here() {
    let (testnet, client) = start();
    let lost = testnet.faults().next(1).of(&operations::CREATE_ORDER);
    lost.reset(Moment::BeforeExecution);
    let outcome = submit(&client).deadline(Duration::from_millis(150)).await;
    let Outcome::Unknown(unknown) = outcome else {
        panic!("{outcome}")
    };
    let (elsewhere, client) = start();
    let outcome = client.resolve(unknown).await;
    assert!(outcome.to_string().contains("it was sent to"), "{outcome}");
    assert!(matches!(outcome, Outcome::Unknown(_)));
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn where_the_key_is_refused_nothing_is_claimed() {
    let (testnet, client) = start();
    testnet.faults().answer(401);
    let outcome = submit(&client).await;
    let Outcome::Unknown(unknown) = outcome else {
        panic!("{outcome}")
    };
    assert_eq!(unknown.stage(), Stage::Refused);
    assert!(unknown.look_up().unwrap().contains("401"));
}

// Cancelling.

async fn place(client: &Client, id: &str) -> i64 {
    let lasting = order()
        .client_order_id(id)
        .strategy(ExecutionStrategy::Twap)
        .params(OrderParams::builder().duration_seconds(Duration::from_secs(3_600)));
    let Outcome::Accepted(accepted) = client.submit(lasting).await else {
        panic!("not accepted")
    };
    accepted.order_id().unwrap()
}

/// A market that goes on by itself, so that a cancellation takes effect.
fn start_live() -> (Testnet, Client) {
    let testnet = Testnet::builder().speed(60.0).start().unwrap();
    let client = client_of(&testnet);
    (testnet, client)
}

#[tokio::test]
async fn a_cancelled_order_is_followed_to_its_end() {
    let (_testnet, client) = start_live();
    let id = place(&client, "by-either-id").await;
    assert!(client.cancel_and_confirm(id).await.is_cancelled());
    // A second time it has ended already.
    let again = client.cancel_and_confirm("by-either-id").await;
    assert!(again.is_cancelled(), "{again}");
}

#[tokio::test]
async fn a_lost_cancellation_is_sent_again() {
    let (testnet, client) = start_live();
    let id = place(&client, "lost").await;
    let lost = testnet.faults().next(2).of(&operations::CANCEL_ORDER);
    lost.reset(Moment::BeforeExecution);
    let cancellation = client.cancel_and_confirm(id).await;
    assert!(cancellation.is_cancelled(), "{cancellation}");
    assert_eq!(testnet.requests_of(&operations::CANCEL_ORDER).len(), 3);
}

#[tokio::test]
async fn what_is_not_there_cannot_be_cancelled() {
    let (_testnet, client) = start();
    let cancellation = client.cancel_and_confirm(42).await;
    assert!(matches!(cancellation, Cancellation::NotFound));
}

#[tokio::test]
async fn a_cancellation_that_is_not_confirmed_in_time_is_unknown() {
    let (_testnet, client) = start();
    // The market stands still, so the order stays in PENDING_CANCEL.
    let id = place(&client, "stuck").await;
    let client = client
        .to_builder()
        .submitting(|settings| settings.deadline = Duration::from_millis(300))
        .build()
        .unwrap();
    let cancellation = client.cancel_and_confirm(id).await;
    let Cancellation::Unknown { last_seen, .. } = &cancellation else {
        panic!("{cancellation}")
    };
    let status = last_seen.as_ref().unwrap().status.clone();
    assert_eq!(status, Some(OrderStatus::PendingCancel));
}
