//! What a program sees of its calls through the crates `tracing` and `metrics`, and what nobody ever does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at the first surprise"
)]

mod common;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once};

use anboto_api::{Client, Guard};
use common::{API_KEY, Answer, SECRET, SHORT, Server, order};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tracing::field::{Field, Visit};
use tracing::span;

/// The one subscriber of all tests, which run at once: it hands what happens on a thread to the test of that thread.
///
/// A subscriber of each test's own would miss things now and then: whether a place in the source is of interest to anyone, tracing
/// asks the subscriber of whatever thread gets there first.
struct ToTheTest;

thread_local! {
    static SEEN: RefCell<Option<Seen>> = const { RefCell::new(None) };
}

/// Shows the calling test what happens on its thread, until it is dropped.
struct Watching;

fn watch(seen: &Seen) -> Watching {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(ToTheTest).unwrap());
    SEEN.set(Some(seen.clone()));
    Watching
}

impl Drop for Watching {
    fn drop(&mut self) {
        SEEN.set(None);
    }
}

fn on_this_thread<T>(tell: impl FnOnce(&Seen) -> T) -> Option<T> {
    SEEN.with_borrow(|seen| seen.as_ref().map(tell))
}

impl tracing::Subscriber for ToTheTest {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        on_this_thread(|seen| seen.new_span(span)).unwrap_or(span::Id::from_u64(1))
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        on_this_thread(|seen| seen.record(values));
    }

    fn event(&self, event: &tracing::Event<'_>) {
        on_this_thread(|seen| seen.event(event));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// All that there was, down to TRACE and from every crate.
#[derive(Clone, Default)]
struct Seen {
    spans: Arc<AtomicU64>,
    text: Arc<Mutex<String>>,
    /// The fields of the events of the client.
    events: Arc<Mutex<Vec<BTreeMap<&'static str, String>>>>,
}

struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Seen {
    fn keep(&self, what: &str, of: &tracing::Metadata<'_>, fields: &Fields) {
        let mut text = self.text.lock().unwrap();
        let (target, name, level) = (of.target(), of.name(), of.level());
        writeln!(text, "{what} {level} {target} {name} {:?}", fields.0).unwrap();
    }

    fn events(&self) -> Vec<BTreeMap<&'static str, String>> {
        self.events.lock().unwrap().clone()
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        let mut fields = Fields(BTreeMap::new());
        span.record(&mut fields);
        self.keep("span", span.metadata(), &fields);
        span::Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, values: &span::Record<'_>) {
        let mut fields = Fields(BTreeMap::new());
        values.record(&mut fields);
        writeln!(self.text.lock().unwrap(), "record {:?}", fields.0).unwrap();
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields(BTreeMap::new());
        event.record(&mut fields);
        self.keep("event", event.metadata(), &fields);
        if event.metadata().target() == "anboto_api" {
            let level = event.metadata().level().to_string();
            fields.0.insert("level", level);
            self.events.lock().unwrap().push(fields.0);
        }
    }
}

/// A recorder of its own for each test: every key with its labels, and what came to it.
#[derive(Clone, Default)]
struct Recorded(Arc<Mutex<BTreeMap<String, Vec<f64>>>>);

struct One(Recorded, String);

impl One {
    fn keep(&self, value: f64) {
        let mut all = self.0.0.lock().unwrap();
        all.entry(self.1.clone()).or_default().push(value);
    }
}

impl metrics::CounterFn for One {
    fn increment(&self, value: u64) {
        self.keep(value as f64);
    }
    fn absolute(&self, value: u64) {
        self.keep(value as f64);
    }
}

impl metrics::HistogramFn for One {
    fn record(&self, value: f64) {
        self.keep(value);
    }
}

impl Recorded {
    fn one(&self, key: &Key) -> Arc<One> {
        let labels: Vec<_> = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        let name = format!("{}{{{}}}", key.name(), labels.join(","));
        Arc::new(One(self.clone(), name))
    }

    fn take(&self) -> BTreeMap<String, Vec<f64>> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl metrics::Recorder for Recorded {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.one(key))
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.one(key))
    }
}

/// The last event of one failed order.
async fn failed_order(client: &Client) -> BTreeMap<&'static str, String> {
    let seen = Seen::default();
    let here = watch(&seen);
    let result = client.create_order().body(order()).send().await;
    drop(here);
    result.unwrap_err();
    seen.events().pop().unwrap()
}

#[tokio::test]
async fn a_call_that_succeeds_is_one_span_and_one_event() {
    let server = Server::answering(Answer::ok(r#"{"orders":[]}"#)).await;
    let seen = Seen::default();
    let here = watch(&seen);
    server.client().get_open_orders().send().await.unwrap();
    drop(here);
    let text = seen.text.lock().unwrap().clone();
    let span =
        r#"span DEBUG anboto_api anboto_attempt {"attempt": "1", "operation": "getOpenOrders"}"#;
    assert_eq!(text.matches(span).count(), 1, "{text}");
    let mut events = seen.events();
    let latency: f64 = events[0].remove("latency_ms").unwrap().parse().unwrap();
    assert!(latency > 0.0 && latency < 30_000.0);
    let expected = [
        ("attempt", "1"),
        ("level", "DEBUG"),
        ("message", "a call was answered"),
        ("operation", "getOpenOrders"),
        ("result", "ok"),
        ("status", "200"),
    ];
    let expected = expected.map(|(name, value)| (name, value.to_owned()));
    assert_eq!(events, [BTreeMap::from(expected)]);
}

#[tokio::test]
async fn each_way_to_fail_has_its_name() {
    let server = |answer| async move { Server::answering(answer).await };
    for (answer, result, status, may_have_been) in [
        (
            Answer::json("401 Unauthorized", "{}"),
            "refused",
            Some("401"),
            "false",
        ),
        (
            Answer::json("429 Slow Down", "{}"),
            "rate_limited",
            Some("429"),
            "false",
        ),
        (
            Answer::json("503 Later", "{}"),
            "server_error",
            Some("503"),
            "true",
        ),
        (
            Answer::json("201 Created", "{"),
            "unreadable",
            Some("201"),
            "true",
        ),
        (Answer::raw("").then_resets(), "no_answer", None, "true"),
    ] {
        let server = server(answer).await;
        let event = failed_order(&server.client()).await;
        assert_eq!(event["result"], result);
        assert_eq!(event.get("status").map(String::as_str), status);
        assert_eq!(event["may_have_been_executed"], may_have_been);
        assert_eq!(event["level"], "WARN");
    }
    let silent = server(Answer::never()).await;
    let hasty = silent.client_with(|builder| builder.timeout(SHORT));
    assert_eq!(failed_order(&hasty).await["result"], "timeout");
    let guarded = silent.client_with(|builder| builder.guard(Guard::new().read_only()));
    assert_eq!(failed_order(&guarded).await["result"], "guarded");
    let nobody = Client::new(silent.environment()).unwrap();
    assert_eq!(failed_order(&nobody).await["result"], "no_credentials");
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let lost = common::client(base_url.parse().unwrap(), |builder| builder);
    let event = failed_order(&lost).await;
    assert_eq!(
        (&*event["result"], &*event["may_have_been_executed"]),
        ("not_connected", "false")
    );
}

#[tokio::test]
async fn only_error_codes_of_the_contract_are_shown() {
    for (code, shown) in [("INVALID_SIGNATURE", true), (API_KEY, false)] {
        let body = format!(r#"{{"error_code":"{code}","message":"no"}}"#);
        let server = Server::answering(Answer::json("401 Unauthorized", &body)).await;
        let event = failed_order(&server.client()).await;
        assert_eq!(event.contains_key("code"), shown, "{event:?}");
    }
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_is_abandoned() {
    let server = Server::answering(Answer::never()).await;
    let client = server.client();
    let (seen, recorded) = (Seen::default(), Recorded::default());
    let here = watch(&seen);
    let there = metrics::set_default_local_recorder(&recorded);
    let call = client.create_order().body(order()).send();
    tokio::time::timeout(SHORT, call).await.unwrap_err();
    drop((here, there));
    let events = seen.events();
    assert_eq!(events.len(), 1);
    assert_eq!(
        (&*events[0]["result"], &*events[0]["may_have_been_executed"]),
        ("abandoned", "true")
    );
    let counted = recorded.take();
    let names: Vec<_> = counted.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["anboto_attempts_total{operation=createOrder,result=abandoned}"]
    );
}

#[tokio::test]
async fn calls_are_counted_and_timed() {
    let server = Server::answering(Answer::ok("[]")).await;
    let client = server.client();
    let recorded = Recorded::default();
    let here = metrics::set_default_local_recorder(&recorded);
    client.exchanges().send().await.unwrap();
    client.exchanges().send().await.unwrap();
    client.get_open_orders().send().await.unwrap_err();
    // Nothing is sent, and so nothing is timed.
    client.create_order().send().await.unwrap_err();
    drop(here);
    let counted = recorded.take();
    let counters: Vec<_> = counted
        .iter()
        .map(|(key, values)| (key.as_str(), values.len()))
        .collect();
    assert_eq!(
        counters,
        [
            ("anboto_attempt_seconds{operation=exchanges}", 2),
            ("anboto_attempt_seconds{operation=getOpenOrders}", 1),
            (
                "anboto_attempts_total{operation=createOrder,result=invalid_request}",
                1
            ),
            ("anboto_attempts_total{operation=exchanges,result=ok}", 2),
            (
                "anboto_attempts_total{operation=getOpenOrders,result=unreadable}",
                1
            ),
        ]
    );
    let seconds = &counted["anboto_attempt_seconds{operation=exchanges}"];
    assert!(
        seconds
            .iter()
            .all(|seconds| *seconds > 0.0 && *seconds < 30.0)
    );
}

/// Answers each connection's first request with all that it was sent, under this status; or with a reset, if there is none.
async fn echoing(status: Option<&'static str>) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !String::from_utf8_lossy(&request).contains("\"MARKET\"") {
            stream.read_buf(&mut request).await.unwrap();
        }
        let request = String::from_utf8(request).unwrap();
        if let Some(status) = status {
            let headers = request.split("\r\n\r\n").next().unwrap();
            let headers = headers.lines().skip(1).collect::<Vec<_>>().join(" ");
            let body = serde_json::json!({ "error_code": headers, "message": request }).to_string();
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status}\r\nx-echo: {headers}\r\ncontent-length: {length}");
            let answer = format!("{head}\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        request
    });
    (base_url, serving)
}

#[tokio::test]
async fn nothing_secret_is_shown_and_nothing_of_what_is_traded() {
    let (seen, recorded) = (Seen::default(), Recorded::default());
    let here = watch(&seen);
    let there = metrics::set_default_local_recorder(&recorded);
    let mut secrets = vec![API_KEY.to_owned(), SECRET.to_owned()];
    // What the order says, and what the query will.
    secrets.extend(["desk-7-1", "BTC/USDT", "0.0150"].map(str::to_owned));
    for status in [
        Some("201 Created"),
        Some("401 Unauthorized"),
        Some("502 Bad Gateway"),
        None,
    ] {
        let (base_url, serving) = echoing(status).await;
        let client = common::client(base_url.parse().unwrap(), |builder| builder);
        let _ = client.create_order().body(order()).send().await;
        let request = serving.await.unwrap();
        for header in ["x-sign: ", "x-timestamp: "] {
            let value = request.lines().find_map(|line| line.strip_prefix(header));
            secrets.push(value.unwrap().to_owned());
        }
    }
    // A good answer, and a call with a query.
    let server = Server::answering(Answer::ok(r#"{"orders":[]}"#)).await;
    let look_up = server
        .client()
        .get_orders()
        .client_order_ids(["desk-7-1"])
        .send()
        .await;
    look_up.unwrap();
    secrets.push(server.only().header("x-sign").to_owned());
    // And what is refused here, in words that name the value.
    let guarded = server.client_with(|builder| builder.guard(Guard::new().symbols([""; 0])));
    let refused = guarded.create_order().body(order()).send().await;
    assert!(refused.unwrap_err().to_string().contains("BTC/USDT"));
    drop((here, there));

    let events = seen.events().len();
    assert_eq!(events, 6);
    let shown = format!("{}\n{:?}", seen.text.lock().unwrap(), recorded.take());
    for secret in &secrets {
        assert!(!shown.contains(secret), "{shown}\nshows {secret}");
        let longest = secret
            .split(|c: char| !c.is_ascii_alphanumeric())
            .max_by_key(|run| run.len())
            .filter(|run| run.len() >= 8);
        if let Some(longest) = longest {
            assert!(!shown.contains(longest), "{shown}\nshows {longest}");
        }
    }
}
