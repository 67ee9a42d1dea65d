//! The server's clock: how it is measured, and what is signed by it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use anboto_api::testnet::Broken;
use anboto_api::{Client, RateLimit, Retries};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::{Answer, Request, START_MS, Scripted, answer, good, millis, ms, stay_away};

/// A server with a clock of its own, by which it refuses what is too old or ahead, as FACTS section 2 has it.
#[derive(Clone)]
struct Judge {
    began: Instant,
    /// By how much its clock is ahead of the client's.
    skew: Arc<AtomicI64>,
    /// What the body of its refusals is.
    refusal: &'static str,
    statuses: Arc<AtomicUsize>,
}

impl Judge {
    fn new(skew: i64) -> Self {
        Self {
            began: Instant::now(),
            skew: Arc::new(AtomicI64::new(skew)),
            refusal: r#"{"error_code":"INVALID_TIMESTAMP"}"#,
            statuses: Arc::default(),
        }
    }

    fn set_skew(&self, skew: i64) {
        self.skew.store(skew, Ordering::Relaxed);
    }

    fn time(&self) -> i64 {
        let passed = millis(self.began.elapsed());
        i64::try_from(START_MS + passed).unwrap() + self.skew.load(Ordering::Relaxed)
    }

    /// How often it was asked the time since the last question.
    fn asked(&self) -> usize {
        self.statuses.swap(0, Ordering::Relaxed)
    }

    fn status(&self) -> Answer {
        self.statuses.fetch_add(1, Ordering::Relaxed);
        answer(200, format!("{{status=ok, timestamp={}}}", self.time()))
    }

    fn answer(&self, request: &Request) -> Answer {
        if request.uri().path() == "/status/ping" {
            return self.status();
        }
        let signed: i64 = request.headers()["x-timestamp"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let age = self.time() - signed;
        if (-999..=5_000).contains(&age) {
            good()
        } else {
            answer(401, self.refusal)
        }
    }

    fn serve(&self) -> Arc<Scripted> {
        let judge = self.clone();
        Scripted::new(move |request, _| judge.answer(request))
    }
}

fn synchronised(server: &Arc<Scripted>) -> Client {
    server.client(|builder| builder.sign_by_server_clock(true))
}

async fn read(client: &Client) {
    client.get_open_orders().send().await.unwrap();
}

/// By how much the latest signed request was behind the server's clock when it was sent.
fn behind(server: &Scripted, judge: &Judge) -> i64 {
    let requests = server.received.lock().unwrap();
    let (at, request) = requests
        .iter()
        .rfind(|(_, request)| request.headers().contains_key("x-sign"))
        .unwrap();
    let signed: i64 = request.headers()["x-timestamp"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let then = judge.time() - i64::try_from(millis(judge.began.elapsed() - *at)).unwrap();
    then - signed
}

#[tokio::test(start_paused = true)]
async fn of_five_answers_the_quickest_decides_and_slow_ones_are_ignored() {
    let judge = Judge::new(8_000);
    let server = judge.serve();
    let client = server.client(|builder| builder);
    server.set_latencies([
        (ms(300), ms(20)),
        (ms(15), ms(10)),
        (ms(5), ms(5)),
        (ms(14), ms(16)),
        (ms(20), ms(11)),
    ]);
    let measured = client.measure_clock().await.unwrap();
    assert_eq!(judge.asked(), 5);
    assert_eq!(measured.offset_ms(), 8_000);
    assert_eq!(measured.uncertainty(), ms(5));
    assert_eq!(
        measured.samples(),
        3,
        "at most twice the quickest and 10 ms"
    );
    assert_eq!(
        measured.to_string(),
        "this machine's clock is 8000 ms behind the server's (± 5 ms, by 3 answers)"
    );

    judge.set_skew(-70);
    let measured = client.measure_clock().await.unwrap();
    assert_eq!(measured.offset_ms(), -70);
    assert!(measured.to_string().contains("70 ms ahead of the server's"));
}

#[tokio::test(start_paused = true)]
async fn the_truth_lies_within_the_uncertainty_however_lopsided_the_way() {
    for way in [(ms(0), ms(80)), (ms(80), ms(0)), (ms(30), ms(50))] {
        let judge = Judge::new(0);
        let server = judge.serve();
        server.set_latencies([way]);
        let measured = server.client(|builder| builder).measure_clock().await;
        let measured = measured.unwrap();
        assert_eq!(measured.uncertainty(), ms(40));
        assert!(measured.offset_ms().abs() <= 40, "{measured}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_corrected_unless_asked_for_but_a_clock_that_is_off_is_told() {
    for (skew, is_tolerated) in [
        (8_000, false),
        (5_001, false),
        (5_000, true),
        (0, true),
        (-999, true),
        (-1_000, false),
    ] {
        let judge = Judge::new(skew);
        let server = judge.serve();
        let client = server.client(|builder| builder);
        let measured = client.measure_clock().await.unwrap();
        assert_eq!(measured.offset_ms(), skew);
        assert_eq!(measured.is_tolerated(), is_tolerated, "{skew}");
        let answer = client.get_open_orders().send().await;
        assert_eq!(answer.is_ok(), is_tolerated, "{skew}");
        assert_eq!(
            server.headers_of_signed("x-timestamp"),
            [START_MS.to_string()]
        );
        assert_eq!(judge.asked(), 5);
    }
}

#[tokio::test(start_paused = true)]
async fn when_asked_for_the_first_signed_call_measures_and_the_others_count_on() {
    for skew in [60_000, -60_000] {
        let judge = Judge::new(skew);
        let server = judge.serve();
        server.set_latency(ms(20));
        let client = synchronised(&server);
        client.status().send().await.unwrap();
        assert_eq!(judge.asked(), 1, "what is not signed needs no clock");
        read(&client).await;
        assert_eq!(judge.asked(), 5);
        assert_eq!(
            behind(&server, &judge),
            60,
            "10 ms of uncertainty, 50 ms of bias"
        );
        sleep(Duration::from_secs(1_800)).await;
        read(&client.clone()).await;
        assert_eq!(behind(&server, &judge), 60);
        assert_eq!(judge.asked(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_signed_is_never_ahead_of_the_server_however_lopsided_the_way() {
    for way in [(ms(0), ms(800)), (ms(800), ms(0))] {
        let judge = Judge::new(-60_000);
        let server = judge.serve();
        server.set_latencies([way]);
        read(&synchronised(&server)).await;
        let behind = behind(&server, &judge);
        assert!((50..=850).contains(&behind), "{behind}");
    }
}

#[tokio::test(start_paused = true)]
async fn clones_measure_once_for_all() {
    let judge = Judge::new(60_000);
    let server = judge.serve();
    server.set_latency(ms(20));
    let client = synchronised(&server);
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let client = client.clone();
        tasks.spawn(async move { read(&client).await });
    }
    tasks.join_all().await;
    assert_eq!(judge.asked(), 5);

    // And once for all that were refused together.
    judge.set_skew(-60_000);
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let client = client.clone();
        tasks.spawn(async move { read(&client).await });
    }
    tasks.join_all().await;
    assert_eq!(judge.asked(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_refused_timestamp_has_the_clock_measured_afresh_once() {
    let judge = Judge::new(0);
    let server = judge.serve();
    let client = synchronised(&server);
    read(&client).await;
    judge.asked();
    server.forget();
    judge.set_skew(-60_000);
    read(&client).await;
    assert_eq!(judge.asked(), 5);
    assert_eq!(server.headers_of_signed("x-timestamp").len(), 2);

    // A write is not sent again, but the next one is right.
    sleep(Duration::from_secs(60)).await;
    judge.set_skew(60_000);
    let cancel = async || client.cancel_all_open_orders().send().await.map(drop);
    let error = cancel().await.unwrap_err();
    assert_eq!(
        (error.code(), error.attempts()),
        (Some("INVALID_TIMESTAMP"), 1)
    );
    cancel().await.unwrap();
    assert_eq!(judge.asked(), 5);
}

/// All that the contract documents of a 401 is that it has no body. It may as well be the key, so the call is not repeated.
#[tokio::test(start_paused = true)]
async fn after_a_refusal_without_a_word_the_next_call_has_the_clock_measured_afresh() {
    let judge = Judge {
        refusal: "",
        ..Judge::new(0)
    };
    let server = judge.serve();
    let client = synchronised(&server);
    read(&client).await;
    judge.asked();
    judge.set_skew(-60_000);
    let error = client.get_open_orders().send().await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), (None, 1));
    read(&client).await;
    assert_eq!(judge.asked(), 5);
}

#[tokio::test(start_paused = true)]
async fn timestamps_that_are_refused_for_no_fault_of_the_clock_make_no_storm() {
    let judge = Judge::new(0);
    let statuses = judge.clone();
    let server = Scripted::new(move |request, _| match request.uri().path() {
        "/status/ping" => statuses.status(),
        _ => answer(401, r#"{"error_code":"INVALID_TIMESTAMP"}"#),
    });
    let client = synchronised(&server);
    for _ in 0..10 {
        let error = client.get_open_orders().send().await.unwrap_err();
        assert_eq!(error.attempts(), 2);
    }
    assert!(judge.asked() <= 15);
}

#[tokio::test(start_paused = true)]
async fn without_the_setting_a_refused_timestamp_is_just_an_error() {
    let judge = Judge::new(60_000);
    let server = judge.serve();
    let client = server.client(|builder| builder);
    let error = client.get_open_orders().send().await.unwrap_err();
    assert_eq!(
        (error.code(), error.attempts()),
        (Some("INVALID_TIMESTAMP"), 1)
    );
    assert_eq!(judge.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_put_right_is_measured_anew() {
    for (step, measured) in [(200, 0), (-200, 0), (300, 5), (-300, 5), (3_600_000, 5)] {
        let judge = Judge::new(60_000);
        let server = judge.serve();
        let client = synchronised(&server);
        read(&client).await;
        judge.asked();
        server.step_clock(step);
        read(&client).await;
        assert_eq!(judge.asked(), measured, "{step}");
        assert_eq!(behind(&server, &judge), 50);
    }
}

#[tokio::test(start_paused = true)]
async fn a_measurement_is_used_for_an_hour() {
    let judge = Judge::new(60_000);
    let server = judge.serve();
    let client = synchronised(&server);
    read(&client).await;
    judge.asked();
    sleep(Duration::from_secs(3_599)).await;
    read(&client).await;
    assert_eq!(judge.asked(), 0);
    sleep(Duration::from_secs(2)).await;
    read(&client).await;
    assert_eq!(judge.asked(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_measurement_that_fails_is_not_fatal_and_not_tried_at_every_call() {
    let failures: [fn() -> Answer; 3] = [
        || answer(500, ""),
        || answer(200, "all is well"),
        || Err(Broken::NotConnected),
    ];
    for failure in failures {
        let server = Scripted::new(move |request, _| match request.uri().path() {
            "/status/ping" => failure(),
            _ => good(),
        });
        let client = synchronised(&server);
        for _ in 0..5 {
            read(&client).await;
        }
        assert_eq!(
            server.headers_of_signed("x-timestamp"),
            vec![START_MS.to_string(); 5]
        );
        assert_eq!(server.times().len(), 7, "two calls of status, and the five");
        sleep(Duration::from_secs(31)).await;
        read(&client).await;
        assert_eq!(server.times().len(), 10);
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_that_hangs_or_crawls_does_not_hold_a_call_up_for_long() {
    for (latency, limit) in [(ms(60_000), ms(5_001)), (ms(2_500), ms(5_001))] {
        let judge = Judge::new(500);
        let server = judge.serve();
        let client = synchronised(&server);
        server.set_latency(latency);
        let clone = client.clone();
        let call = tokio::spawn(async move { clone.get_open_orders().send().await.map(drop) });
        sleep(limit).await;
        let signed = server.headers_of_signed("x-timestamp");
        assert_eq!(signed.len(), 1, "{latency:?}");
        assert!(behind(&server, &judge) == 500, "by the machine's own clock");
        call.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn one_failure_does_not_spoil_a_measurement_and_two_do() {
    let judge = Judge::new(70);
    let statuses = judge.clone();
    let server = Scripted::new(move |_, number| match number {
        0 | 3 => Err(Broken::Reset),
        _ => statuses.status(),
    });
    let client = server.client(|builder| builder);
    let measured = client.measure_clock().await.unwrap();
    assert_eq!((measured.offset_ms(), measured.samples()), (70, 2));

    let server = Scripted::new(|_, _| answer(502, ""));
    let client = server.client(|builder| builder);
    let error = client.measure_clock().await.unwrap_err();
    assert_eq!((error.operation().id, server.times().len()), ("status", 2));
}

#[tokio::test(start_paused = true)]
async fn a_measurement_keeps_the_rate_and_makes_do_with_fewer_answers() {
    let judge = Judge::new(70);
    let server = judge.serve();
    let limit = RateLimit::new(1, Duration::from_secs(2));
    let client = server.client(|builder| builder.rate_limit(limit).sign_by_server_clock(true));
    read(&client).await;
    assert_eq!(server.times(), [0, 2_000, 4_000]);
    assert_eq!(judge.asked(), 2);
    assert_eq!(behind(&server, &judge), 50);
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_the_measurement_back_as_well() {
    let judge = Judge::new(60_000);
    let serving = judge.clone();
    let server = Scripted::new(move |request, number| match number {
        0 => stay_away(429, 20),
        _ => serving.answer(request),
    });
    let client =
        server.client(|builder| builder.sign_by_server_clock(true).retries(Retries::none()));
    client.status().send().await.unwrap_err();
    read(&client).await;
    assert_eq!(server.times()[1..], [20_000; 6]);
    assert_eq!(behind(&server, &judge), 50);
}
