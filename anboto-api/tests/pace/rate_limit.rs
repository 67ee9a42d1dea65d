//! The rate of a client and its clones, and what a 429 does to it.

use std::time::Duration;

use anboto_api::{Client, Environment, RateLimit, Retries};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{Answer, Scripted, answer, good, ms, stay_away};

const SECOND: Duration = Duration::from_secs(1);

/// So many calls at once, each by a clone of its own, in this order.
async fn at_once(client: &Client, calls: usize) {
    let mut tasks = JoinSet::new();
    for _ in 0..calls {
        let client = client.clone();
        tasks.spawn(async move {
            let _ = client.get_open_orders().send().await;
        });
    }
    tasks.join_all().await;
}

fn refused(number: usize, which: usize, refusal: fn() -> Answer) -> Answer {
    if number == which { refusal() } else { good() }
}

#[tokio::test(start_paused = true)]
async fn there_is_no_limit_unless_one_is_set() {
    let server = Scripted::new(|_, _| good());
    at_once(&server.client(|builder| builder), 100).await;
    assert_eq!(server.times(), [0; 100]);
}

#[tokio::test(start_paused = true)]
async fn clones_share_one_rate() {
    let server = Scripted::new(|_, _| good());
    let client = server.client(|builder| builder.rate_limit(RateLimit::new(10, SECOND)));
    at_once(&client, 5).await;
    assert_eq!(server.times(), [0, 100, 200, 300, 400]);
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_earned_by_a_quiet_time_and_spent_once() {
    let server = Scripted::new(|_, _| good());
    let limit = RateLimit::new(10, SECOND).burst(3);
    let client = server.client(|builder| builder.rate_limit(limit));
    at_once(&client, 5).await;
    assert_eq!(server.times(), [0, 0, 0, 100, 200]);
    sleep(SECOND).await;
    at_once(&client, 4).await;
    assert_eq!(server.times()[5..], [1_200, 1_200, 1_200, 1_300]);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_waiting_takes_no_turn() {
    let server = Scripted::new(|_, _| good());
    let client = server.client(|builder| builder.rate_limit(RateLimit::new(1, SECOND)));
    at_once(&client, 1).await;
    let mut impatient = JoinSet::new();
    for _ in 0..50 {
        let client = client.clone();
        impatient.spawn(async move {
            let call = client.get_open_orders().send();
            assert!(tokio::time::timeout(ms(500), call).await.is_err());
        });
    }
    impatient.join_all().await;
    at_once(&client, 2).await;
    assert_eq!(server.times(), [0, 1_000, 2_000]);
}

#[tokio::test(start_paused = true)]
async fn a_call_is_signed_after_its_wait() {
    let server = Scripted::new(|_, _| good());
    let client = server.client(|builder| builder.rate_limit(RateLimit::new(1, SECOND)));
    at_once(&client, 3).await;
    assert_eq!(
        server.headers("x-timestamp"),
        ["1800000000000", "1800000001000", "1800000002000"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_429_pauses_all_clones_for_as_long_as_it_says() {
    let server = Scripted::new(|_, number| refused(number, 0, || stay_away(429, 7)));
    let client = server.client(|builder| builder.retries(Retries::none()));
    let error = client.get_open_orders().send().await.unwrap_err();
    assert!(error.is_rate_limited());
    // Whatever the operation, signed or not.
    let clone = client.clone();
    let unsigned = tokio::spawn(async move { clone.status().send().await.map(drop) });
    at_once(&client, 3).await;
    let _ = unsigned.await.unwrap();
    assert_eq!(server.times(), [0, 7_000, 7_000, 7_000, 7_000]);
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_back_who_was_waiting_for_a_turn() {
    let server = Scripted::new(|_, number| refused(number, 0, || stay_away(429, 7)));
    server.set_latency(ms(10));
    let client = server.client(|builder| {
        builder
            .rate_limit(RateLimit::new(10, SECOND))
            .retries(Retries::none())
    });
    at_once(&client, 3).await;
    // And then at half the rate.
    assert_eq!(server.times(), [0, 7_010, 7_210]);
}

#[tokio::test(start_paused = true)]
async fn an_error_code_that_asks_for_fewer_calls_pauses_like_a_429() {
    for body in [
        r#"{"error_code":"RATE_LIMIT_EXCEEDED"}"#,
        r#"{"error_code":"DDOS_PROTECTION"}"#,
    ] {
        let server = Scripted::new(move |_, number| match number {
            0 => answer(403, body),
            _ => good(),
        });
        let client = server.client(|builder| builder.retries(Retries::none()));
        at_once(&client, 1).await;
        at_once(&client, 1).await;
        assert_eq!(server.times(), [0, 1_000]);
    }
    let server = Scripted::new(|_, number| refused(number, 0, || answer(403, "")));
    let client = server.client(|builder| builder.retries(Retries::none()));
    at_once(&client, 1).await;
    at_once(&client, 1).await;
    assert_eq!(server.times(), [0, 0], "another refusal is none of that");
}

#[tokio::test(start_paused = true)]
async fn without_a_retry_after_pauses_are_jittered_double_are_bounded_and_begin_anew_after_a_success()
 {
    let server = Scripted::new(|_, number| match number {
        8 => good(),
        _ => answer(429, ""),
    });
    let client = server.client(|builder| {
        builder
            .retries(Retries::none())
            .queue_timeout(Duration::from_secs(60))
    });
    for _ in 0..11 {
        at_once(&client, 1).await;
    }
    let times = server.times();
    let pauses: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(
        pauses,
        [
            1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 0, 1_000
        ]
    );

    for (random, pause) in [(0, 500), (1 << 63, 750), (u64::MAX, 1_000)] {
        let server = Scripted::new(|_, number| refused(number, 0, || answer(429, "")));
        server.set_random(random);
        let client = server.client(|builder| builder.retries(Retries::none()));
        at_once(&client, 1).await;
        at_once(&client, 1).await;
        assert_eq!(server.times(), [0, pause]);
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_refused_together_count_once() {
    let server = Scripted::new(|_, number| match number {
        0..20 => answer(429, ""),
        _ => good(),
    });
    server.set_latency(ms(10));
    let client = server.client(|builder| builder.retries(Retries::none()));
    at_once(&client, 20).await;
    at_once(&client, 1).await;
    assert_eq!(server.times()[20..], [1_010]);
}

#[tokio::test(start_paused = true)]
async fn a_success_that_was_under_way_before_a_refusal_does_not_undo_it() {
    let server = Scripted::new(|_, number| match number {
        0 | 2 => answer(429, ""),
        _ => good(),
    });
    server.set_latencies([(ms(5), ms(5)), (ms(50), ms(50)), (ms(0), ms(0))]);
    let client = server.client(|builder| builder.retries(Retries::none()));
    at_once(&client, 2).await;
    at_once(&client, 1).await;
    server.set_latency(Duration::ZERO);
    at_once(&client, 1).await;
    assert_eq!(server.times(), [0, 0, 1_010, 3_010]);
}

#[tokio::test(start_paused = true)]
async fn who_comes_first_is_served_first() {
    let server = Scripted::new(|_, _| good());
    let client = server.client(|builder| builder.rate_limit(RateLimit::new(10, SECOND)));
    let mut tasks = JoinSet::new();
    for id in 0..20 {
        let client = client.clone();
        tasks.spawn(async move {
            // Five of them come while others wait already, each as a turn is due.
            sleep(ms(if id < 15 { 0 } else { (id - 14) * 100 })).await;
            client
                .find_orders()
                .limit(i32::try_from(id).unwrap())
                .send()
                .await
                .map(drop)
        });
    }
    for sent in tasks.join_all().await {
        sent.unwrap();
    }
    let received = server.received.lock().unwrap();
    let query =
        |(_, request): &(Duration, super::Request)| request.uri().query().unwrap().to_owned();
    let order: Vec<_> = received.iter().map(query).collect();
    let expected: Vec<_> = (0..20).map(|id| format!("limit={id}")).collect();
    assert_eq!(order, expected);
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_of_days_is_a_mistake() {
    let server = Scripted::new(|_, number| refused(number, 0, || stay_away(429, 1_000_000)));
    let client = server.client(|builder| {
        builder
            .retries(Retries::none())
            .queue_timeout(Duration::from_secs(1_000))
    });
    at_once(&client, 1).await;
    at_once(&client, 1).await;
    assert_eq!(server.times(), [0, 600_000]);
}

#[tokio::test(start_paused = true)]
async fn a_429_halves_the_rate_which_recovers_by_and_by() {
    let server = Scripted::new(|_, number| match number {
        0 | 1 => stay_away(429, 1),
        _ => good(),
    });
    let limit = RateLimit::new(10, SECOND).burst(4);
    let client = server.client(|builder| builder.rate_limit(limit).retries(Retries::none()));
    at_once(&client, 1).await;
    at_once(&client, 1).await; // At 1 s, and so refused until 2 s.
    at_once(&client, 4).await;
    assert_eq!(
        server.times()[1..],
        [1_000, 2_000, 2_400, 2_800, 3_200],
        "a quarter, without a burst"
    );
    for spacing in [200, 100] {
        server.forget();
        sleep(Duration::from_secs(30)).await;
        at_once(&client, 6).await;
        let times = server.times();
        assert_eq!(times[3], times[0], "the burst is back");
        assert_eq!([times[4] - times[3], times[5] - times[4]], [spacing; 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_not_held_back_forever_and_says_that_it_was() {
    let server = Scripted::new(|_, number| refused(number, 0, || stay_away(429, 31)));
    let client = server.client(|builder| builder.retries(Retries::none()));
    at_once(&client, 1).await;
    let error = client.cancel_all_open_orders().send().await.unwrap_err();
    assert!(error.is_held_back() && !error.may_have_been_executed());
    assert_eq!((error.attempts(), error.status()), (0, None));
    assert_eq!(
        error.to_string(),
        "cancelAllOpenOrders: not sent: held back for too long, by the client's rate limit or since the server asked for fewer calls"
    );
    assert_eq!(server.times(), [0], "and at once, where the wait is known");

    let server = Scripted::new(|_, _| good());
    let client = server.client(|builder| {
        builder
            .rate_limit(RateLimit::new(1, SECOND))
            .queue_timeout(ms(1_500))
    });
    at_once(&client, 5).await;
    assert_eq!(server.times(), [0, 1_000], "the others gave up");
}

#[test]
fn a_rate_that_lets_nothing_through_makes_no_client() {
    let builder = || Client::builder(Environment::testnet());
    for limit in [
        RateLimit::new(0, SECOND),
        RateLimit::new(1, SECOND).burst(0),
    ] {
        let error = builder().rate_limit(limit).build().unwrap_err();
        assert!(error.to_string().starts_with("no call could ever be sent"));
    }
    assert!(
        builder()
            .rate_limit(RateLimit::new(1, SECOND))
            .build()
            .is_ok()
    );
}
