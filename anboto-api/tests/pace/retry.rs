//! What is sent again, when, and how often.

use std::time::Duration;

use anboto_api::testnet::{Broken, Moment, Testnet};
use anboto_api::types::{
    AssetCategory, CancelUpstreamOrderRequest, CreateParentOrderRequest, ExecutionStrategy, Side,
    TradingExchange, builder,
};
use anboto_api::{Client, Decimal, Effect, Error, Retries, operations};
use bytes::Bytes;

use super::{Answer, Scripted, answer, good, ms, stay_away};

async fn read(client: &Client) -> Result<(), Error> {
    client.get_open_orders().send().await.map(drop)
}

fn order() -> builder::CreateParentOrderRequest {
    CreateParentOrderRequest::builder()
        .client_order_id("one")
        .exchange(TradingExchange::Binance)
        .symbol("BTC/USDT")
        .asset_category(AssetCategory::Spot)
        .side(Side::Buy)
        .quantity(Decimal::new(1, 1))
        .strategy(ExecutionStrategy::Market)
}

/// One write of each effect that there is.
async fn write(client: &Client, effect: Effect) -> Error {
    let failed = match effect {
        Effect::Write => client.create_order().body(order()).send().await.map(drop),
        Effect::RepeatableWrite => {
            let cancel = CancelUpstreamOrderRequest::builder().client_order_id("one");
            client.cancel_order().body(cancel).send().await.map(drop)
        }
        _ => client.cancel_all_open_orders().send().await.map(drop),
    };
    let error = failed.unwrap_err();
    assert_eq!(error.operation().effect, effect);
    error
}

fn cut_off() -> Answer {
    Err(Broken::CutOff(http::Response::new(Bytes::from_static(
        b"{\"ord",
    ))))
}

/// What a server does, by its name.
type Failure = (&'static str, fn() -> Answer);

/// What may have another chance.
fn passing() -> [Failure; 8] {
    [
        ("429", || stay_away(429, 0)),
        ("500", || answer(500, "")),
        ("502", || answer(502, "<html>")),
        ("503", || answer(503, "")),
        ("504", || answer(504, "")),
        ("reset", || Err(Broken::Reset)),
        ("cut off", cut_off),
        ("not connected", || Err(Broken::NotConnected)),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_read_is_sent_again_where_another_attempt_may_do_better() {
    for (name, failure) in passing() {
        let server = Scripted::new(move |_, number| match number {
            0 => failure(),
            _ => good(),
        });
        read(&server.client(|builder| builder)).await.unwrap();
        assert_eq!(server.times(), [0, 200], "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_is_not_sent_again_where_nothing_would_change() {
    let lasting: [Failure; 8] = [
        ("400", || answer(400, "")),
        ("401", || answer(401, "")),
        ("403", || answer(403, "")),
        ("404", || answer(404, "")),
        ("409", || answer(409, "")),
        ("501", || answer(501, "")),
        ("undecodable", || answer(200, "[]]")),
        ("elsewhere", || answer(302, "")),
    ];
    for (name, failure) in lasting {
        let server = Scripted::new(move |_, _| failure());
        let error = read(&server.client(|builder| builder)).await.unwrap_err();
        assert_eq!((server.times(), error.attempts()), (vec![0], 1), "{name}");
    }
    let server = Scripted::new(|_, _| good());
    let client = server.client(|builder| builder);
    let nobody: [&str; 0] = [];
    let error = client.get_orders().client_order_ids(nobody).send().await;
    let error = error.unwrap_err();
    assert!(error.is_invalid_request());
    assert_eq!((server.times(), error.attempts()), (vec![], 0));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_in_time_is_asked_for_again() {
    let server = Scripted::new(|_, _| good());
    server.set_latency(Duration::from_secs(20));
    let client = server.client(|builder| builder.timeout(Duration::from_secs(2)));
    let error = read(&client).await.unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(server.times(), [0, 2_200, 4_600]);
}

/// Whatever its verb: `cancelAllOpenOrders` is a GET.
#[tokio::test(start_paused = true)]
async fn a_write_that_may_have_left_is_sent_once_whatever_comes_of_it() {
    for effect in [
        Effect::Write,
        Effect::RepeatableWrite,
        Effect::NeverRepeatedWrite,
    ] {
        for (name, failure) in passing() {
            if name == "not connected" {
                continue;
            }
            let server = Scripted::new(move |_, _| failure());
            let error = write(&server.client(|builder| builder), effect).await;
            assert_eq!(server.times(), [0], "{effect:?} {name}");
            assert_eq!(error.attempts(), 1);
        }
        let server = Scripted::new(|_, _| good());
        server.set_latency(Duration::from_secs(60));
        let client = server.client(|builder| builder);
        assert!(write(&client, effect).await.is_timeout());
        assert_eq!(server.times(), [0], "{effect:?} timeout");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_never_left_is_sent_again_within_the_same_limits() {
    for effect in [
        Effect::Write,
        Effect::RepeatableWrite,
        Effect::NeverRepeatedWrite,
    ] {
        let server = Scripted::new(|_, _| Err(Broken::NotConnected));
        let error = write(&server.client(|builder| builder), effect).await;
        assert!(error.is_connect() && !error.may_have_been_executed());
        assert_eq!(server.times(), [0, 200, 600], "{effect:?}");
        assert_eq!(error.attempts(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_error_is_the_one_and_says_how_often_it_was_tried() {
    let server = Scripted::new(|_, number| match number {
        0 => Err(Broken::Reset),
        1 => answer(500, ""),
        _ => answer(502, "<title>502 Bad Gateway</title>"),
    });
    let error = read(&server.client(|builder| builder)).await.unwrap_err();
    assert_eq!(error.attempts(), 3);
    assert_eq!(
        error.to_string(),
        "getOpenOrders: 502 Bad Gateway (502 Bad Gateway); tried 3 times"
    );
}

#[tokio::test(start_paused = true)]
async fn there_can_be_more_attempts_or_just_one() {
    let attempts = async |retries| {
        let server = Scripted::new(|_, _| Err(Broken::Reset));
        let client = server.client(|builder| builder.retries(retries));
        let error = read(&client).await.unwrap_err();
        assert_eq!(error.attempts() as usize, server.times().len());
        error.attempts()
    };
    assert_eq!(attempts(Retries::none()).await, 1);
    assert_eq!(attempts(Retries::default().attempts(0)).await, 1);
    assert_eq!(attempts(Retries::default().attempts(1)).await, 1);
    assert_eq!(attempts(Retries::default()).await, 3);
    assert_eq!(attempts(Retries::default().attempts(7)).await, 7);
}

#[tokio::test(start_paused = true)]
async fn waits_are_drawn_from_all_that_lies_below_a_limit_that_doubles() {
    let waits = async |random| {
        let server = Scripted::new(|_, _| Err(Broken::Reset));
        server.set_random(random);
        let retries = Retries::default().attempts(5).backoff(ms(1_000), ms(3_000));
        read(&server.client(|builder| builder.retries(retries)))
            .await
            .unwrap_err();
        let times = server.times();
        times
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .collect::<Vec<_>>()
    };
    assert_eq!(waits(0).await, [0, 0, 0, 0]);
    assert_eq!(waits(1 << 63).await, [500, 1_000, 1_500, 1_500]);
    assert_eq!(waits(u64::MAX).await, [1_000, 2_000, 3_000, 3_000]);
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_signed_afresh() {
    let server = Scripted::new(|_, _| Err(Broken::Reset));
    read(&server.client(|builder| builder)).await.unwrap_err();
    assert_eq!(
        server.headers("x-timestamp"),
        ["1800000000000", "1800000000200", "1800000000600"]
    );
    let signatures = server.headers("x-sign");
    assert!(signatures[0] != signatures[1] && signatures[1] != signatures[2]);
}

#[tokio::test(start_paused = true)]
async fn no_attempt_begins_after_the_time_limit() {
    let server = Scripted::new(|_, _| Err(Broken::Reset));
    server.set_latency(ms(400));
    let retries = Retries::default().attempts(100).within(ms(3_000));
    let client = server.client(|builder| builder.retries(retries));
    read(&client).await.unwrap_err();
    let last = *server.times().last().unwrap();
    assert!((2_000..=3_000).contains(&last), "{last}");
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_is_honoured_and_one_beyond_the_limit_ends_the_call() {
    let server = Scripted::new(|_, number| match number {
        0 => stay_away(503, 4),
        1 => stay_away(429, 6),
        _ => good(),
    });
    read(&server.client(|builder| builder)).await.unwrap();
    assert_eq!(server.times(), [0, 4_000, 10_000]);

    for status in [503, 429] {
        let server = Scripted::new(move |_, _| stay_away(status, 31));
        let began = tokio::time::Instant::now();
        let error = read(&server.client(|builder| builder)).await.unwrap_err();
        assert_eq!((error.attempts(), began.elapsed()), (1, Duration::ZERO));
    }

    // That of a 503 is for this call alone.
    let server = Scripted::new(|_, number| match number {
        0 => stay_away(503, 4),
        _ => good(),
    });
    let client = server.client(|builder| builder.retries(Retries::none()));
    read(&client).await.unwrap_err();
    read(&client).await.unwrap();
    assert_eq!(server.times(), [0, 0]);
}

#[tokio::test(start_paused = true)]
async fn when_most_calls_fail_retries_end_for_all_clones_until_calls_succeed() {
    let server = Scripted::new(|request, _| match request.uri().path() {
        "/api/v2/trading/order/open" => Err(Broken::Reset),
        _ => answer(200, "[]"),
    });
    let client = server.client(|builder| builder.retries(Retries::default().attempts(2)));
    let retried = async |calls: usize| {
        server.forget();
        for _ in 0..calls {
            read(&client.clone()).await.unwrap_err();
        }
        server.times().len() - calls
    };
    assert_eq!(retried(150).await, 100, "500 tokens at 5");
    for _ in 0..9 {
        client.exchanges().send().await.unwrap();
    }
    assert_eq!(retried(10).await, 1, "9 successes pay for one, not for two");
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_succeeds_pays_itself_back() {
    let server = Scripted::new(|_, number| match number % 2 {
        0 => Err(Broken::Reset),
        _ => good(),
    });
    let client = server.client(|builder| builder);
    for _ in 0..300 {
        read(&client).await.unwrap();
    }
    assert_eq!(server.times().len(), 600);
}

#[tokio::test]
async fn over_real_sockets_a_read_survives_what_would_end_a_write() {
    let testnet = Testnet::start().unwrap();
    let client = testnet.client().unwrap();
    for moment in [Moment::BeforeRead, Moment::AfterExecution] {
        testnet.faults().next(1).reset(moment);
        client.get_open_orders().send().await.unwrap();
    }
    testnet.faults().next(2).answer(503);
    client.get_open_orders().send().await.unwrap();
    assert_eq!(testnet.requests_of(&operations::GET_OPEN_ORDERS).len(), 7);

    testnet.faults().next(1).reset(Moment::AfterExecution);
    let error = client.create_order().body(order()).send().await;
    assert!(error.unwrap_err().may_have_been_executed());
    assert_eq!(testnet.orders().len(), 1);
}
