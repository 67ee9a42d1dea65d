//! Each fault, as the client sees it.

use std::time::{Duration, Instant, SystemTime};

use anboto_api::testnet::{CannedAnswer, Moment, Testnet};
use anboto_api::types::*;
use anboto_api::{Client, Error, operations};

use super::{look, paused, place, single, twap};

async fn fail(client: &Client) -> Error {
    client
        .create_order()
        .body(twap("one"))
        .send()
        .await
        .unwrap_err()
}

#[tokio::test]
async fn answers_of_every_kind_are_the_right_errors_and_nothing_is_executed() {
    let (testnet, _) = paused();
    for (answer, may_be) in [
        (CannedAnswer::new(401), false),
        (CannedAnswer::new(429), false),
        (CannedAnswer::new(500), true),
        (CannedAnswer::new(502).html(), true),
        (CannedAnswer::new(503).text(), true),
        (CannedAnswer::new(504).empty(), true),
    ] {
        testnet
            .faults()
            .next(1)
            .of(&operations::CREATE_ORDER)
            .answer(answer.clone());
        // Each by a client of its own: after a 429, one pauses.
        let error = fail(&single(&testnet)).await;
        assert!(error.is_status());
        assert_eq!(error.may_have_been_executed(), may_be, "{error}");
        assert_eq!(error.is_server_error(), may_be);
        let status = error.status().unwrap();
        assert_eq!(error.is_unauthorized(), status == 401);
        assert_eq!(error.is_rate_limited(), status == 429);
        assert_eq!(error.retry_after(SystemTime::now()), None);
    }
    assert!(testnet.orders().is_empty());
    assert!(
        testnet
            .requests()
            .iter()
            .all(|request| !request.executed && request.fault.is_some())
    );

    let answer = CannedAnswer::new(429).retry_after(Duration::from_secs(7));
    testnet.faults().next(1).answer(answer);
    let error = fail(&single(&testnet)).await;
    assert_eq!(
        error.retry_after(SystemTime::now()),
        Some(Duration::from_secs(7))
    );
    testnet
        .faults()
        .next(1)
        .answer(CannedAnswer::new(502).html());
    assert_eq!(
        fail(&single(&testnet)).await.vendor_message(),
        Some("502 Bad Gateway")
    );
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_order_was_placed() {
    let (testnet, client) = paused();
    testnet
        .faults()
        .next(1)
        .answer(CannedAnswer::new(502).after_execution());
    assert!(fail(&client).await.may_have_been_executed());
    assert_eq!(testnet.orders().len(), 1);
}

#[tokio::test]
async fn a_reset_leaves_an_order_or_none_and_the_client_can_not_tell() {
    for (moment, orders) in [
        (Moment::BeforeRead, 0),
        (Moment::BeforeExecution, 0),
        (Moment::AfterExecution, 1),
    ] {
        let (testnet, client) = paused();
        // On a connection that is already there, as in the middle of a day.
        client.status().send().await.unwrap();
        testnet
            .faults()
            .next(1)
            .of(&operations::CREATE_ORDER)
            .reset(moment);
        let error = fail(&client).await;
        assert!(error.may_have_been_executed(), "{error}");
        assert!(!error.is_status() && !error.is_timeout() && error.status().is_none());
        assert_eq!(testnet.orders().len(), orders, "{moment:?}");
        let requests = testnet.requests_of(&operations::CREATE_ORDER);
        assert_eq!(requests.len(), 1, "nothing was repeated");
        assert_eq!(
            (requests[0].executed, requests[0].status),
            (orders == 1, None)
        );
        assert_eq!(requests[0].body.is_empty(), moment == Moment::BeforeRead);
        client.status().send().await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_not_taken_for_a_whole_one() {
    let (testnet, client) = paused();
    testnet.faults().next(1).cut_off();
    let error = fail(&client).await;
    assert_eq!(error.status().map(|status| status.as_u16()), Some(201));
    assert!(error.is_decode() && error.may_have_been_executed());
    assert!(error.body().starts_with(b"{\"order_id\":"), "{error}");
    testnet.faults().next(1).invalid_json();
    let error = fail(&client).await;
    assert!(error.is_decode() && error.may_have_been_executed());
    assert_eq!(testnet.orders().len(), 2);
}

#[tokio::test]
async fn values_of_tomorrow_lose_nothing() {
    let (testnet, client) = paused();
    testnet
        .faults()
        .next(1)
        .of(&operations::CREATE_ORDER)
        .unknown_enums();
    let placed = client
        .create_order()
        .body(twap("one"))
        .send()
        .await
        .unwrap();
    assert!(placed.status.as_ref().unwrap().is_unknown());
    let id = placed.order_id.unwrap();
    testnet
        .faults()
        .next(1)
        .of(&operations::GET_ORDERS)
        .unknown_enums();
    let order = look(&client, id).await;
    assert_eq!(order.status.unwrap().as_str(), "OF_TOMORROW");
    assert!(order.side.unwrap().is_unknown());
    assert_eq!(look(&client, id).await.side, Some(Side::Buy));
}

#[tokio::test]
async fn an_answer_that_is_late_is_a_timeout_and_the_order_is_there() {
    let testnet = Testnet::builder().paused().start().unwrap();
    let client = Client::builder(testnet.environment())
        .credentials(testnet.credentials())
        .timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    testnet
        .faults()
        .next(1)
        .delay_answer(Duration::from_secs(60));
    let error = fail(&client).await;
    assert!(error.is_timeout() && error.may_have_been_executed());
    assert_eq!(testnet.orders().len(), 1);
}

#[tokio::test]
async fn a_request_that_is_late_is_executed_after_its_client_has_gone_or_past_its_window() {
    let testnet = Testnet::builder().paused().start().unwrap();
    let client = Client::builder(testnet.environment())
        .credentials(testnet.credentials())
        .timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    testnet
        .faults()
        .next(1)
        .delay_request(Duration::from_millis(150));
    assert!(fail(&client).await.is_timeout());
    assert!(testnet.orders().is_empty(), "not there yet");
    let began = Instant::now();
    while testnet.orders().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(30));
        tokio::task::yield_now().await;
    }

    let signer = anboto_auth::Signer::new(&testnet.environment(), testnet.credentials())
        .with_recv_window(anboto_auth::RecvWindow::from_millis(20).unwrap());
    let hasty = Client::builder(testnet.environment())
        .signer(signer)
        .build()
        .unwrap();
    testnet
        .faults()
        .next(1)
        .delay_request(Duration::from_millis(100));
    let error = hasty
        .create_order()
        .body(twap("two"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("INVALID_TIMESTAMP"));
}

#[tokio::test]
async fn a_skewed_clock_refuses_and_tells_its_time() {
    let (testnet, client) = paused();
    for skew in [-60_000, 60_000] {
        testnet
            .faults()
            .next(1)
            .of(&operations::CREATE_ORDER)
            .clock_skew(skew);
        assert_eq!(fail(&client).await.code(), Some("INVALID_TIMESTAMP"));
        testnet
            .faults()
            .next(1)
            .of(&operations::STATUS)
            .clock_skew(skew);
        let told: SystemTime = client.status().send().await.unwrap().timestamp.into();
        let now = SystemTime::now();
        let off = told
            .duration_since(now)
            .or_else(|_| now.duration_since(told))
            .unwrap();
        assert!(off > Duration::from_secs(50), "{off:?}");
    }
    place(&client, twap("one")).await;
}

#[tokio::test]
async fn faults_by_chance_follow_the_seed() {
    let run = async |seed| {
        let testnet = Testnet::builder().seed(seed).start().unwrap();
        let client = single(&testnet);
        testnet.faults().chance(0.5).answer(503);
        let mut course = Vec::new();
        for _ in 0..32 {
            course.push(client.status().send().await.is_ok());
        }
        testnet.faults().clear();
        client.status().send().await.unwrap();
        course
    };
    let course = run(1).await;
    assert_eq!(course, run(1).await);
    assert_ne!(course, run(2).await);
    assert!(course.contains(&true) && course.contains(&false));
}

#[tokio::test]
async fn a_testnet_that_is_dropped_is_gone() {
    let testnet = Testnet::start().unwrap();
    let client = testnet.client().unwrap();
    client.status().send().await.unwrap();
    let address = testnet.address();
    drop(testnet);
    assert!(client.status().send().await.is_err());
    std::net::TcpListener::bind(address).unwrap();
}

#[test]
fn it_is_up_within_twenty_milliseconds() {
    // The quickest of some, since the machine may be busy with other things.
    let quickest = (0..20).map(|_| {
        let began = Instant::now();
        let testnet = Testnet::start().unwrap();
        std::net::TcpStream::connect(testnet.address()).unwrap();
        began.elapsed()
    });
    assert!(quickest.min() < Some(Duration::from_millis(20)));
}

#[test]
fn what_can_not_be_started_says_why() {
    let testnet = Testnet::start().unwrap();
    let port = testnet.address().port();
    let error = Testnet::builder().port(port).start().unwrap_err();
    assert_eq!(error.to_string(), format!("port {port} is in use"));
    // Plain http is for this very machine.
    assert!(
        Testnet::builder()
            .address("192.0.2.1:0".parse().unwrap())
            .start()
            .is_err()
    );
    for speed in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(Testnet::builder().speed(speed).start().is_err());
    }
}
