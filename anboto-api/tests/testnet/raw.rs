//! Requests as other clients write them, byte by byte.

use std::time::SystemTime;

use anboto_api::testnet::Testnet;
use anboto_auth::{CanonicalQuery, RequestView, Signer, client_builder};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;

use super::{paused, seconds};

pub(crate) const CREATE: &str = "/api/v2/trading/order/create";
pub(crate) const BALANCE: &str = "/api/v2/trading/balance?exchange=BINANCE";

/// A request in the making: signed as it should be, unless a test spoils it.
pub(crate) struct Raw {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) headers: HeaderMap,
}

pub(crate) fn get(testnet: &Testnet, path: &'static str) -> Raw {
    let signer = Signer::new(&testnet.environment(), testnet.credentials());
    signed_by(testnet, &signer, Method::GET, path, b"", SystemTime::now())
}

pub(crate) fn post(testnet: &Testnet, path: &'static str, body: &str) -> Raw {
    let signer = Signer::new(&testnet.environment(), testnet.credentials());
    signed_by(
        testnet,
        &signer,
        Method::POST,
        path,
        body.as_bytes(),
        SystemTime::now(),
    )
}

pub(crate) fn signed_by(
    testnet: &Testnet,
    signer: &Signer,
    method: Method,
    path: &'static str,
    body: &[u8],
    now: SystemTime,
) -> Raw {
    // What is signed is the canonical query, however it is then written on the wire.
    let mut url = url(testnet, path);
    let query = CanonicalQuery::parse(url.query().unwrap_or_default()).unwrap();
    url.set_query(query.to_url_query());
    let view = RequestView::new(&url).with_query(&query).with_body(body);
    let mut headers = HeaderMap::new();
    signer
        .sign(&view, now)
        .unwrap()
        .add_to(&mut headers)
        .unwrap();
    Raw {
        method,
        path,
        body: body.to_vec(),
        headers,
    }
}

fn url(testnet: &Testnet, path: &str) -> Url {
    Url::parse(&format!("{}{path}", testnet.environment().base_url())).unwrap()
}

impl Raw {
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers
            .insert(name, HeaderValue::from_str(value).unwrap());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    pub(crate) async fn send(&self, testnet: &Testnet) -> (u16, Value) {
        let http = client_builder(&testnet.environment()).build().unwrap();
        let response = http
            .request(self.method.clone(), url(testnet, self.path))
            .headers(self.headers.clone())
            .body(self.body.clone())
            .send()
            .await
            .unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }
}

#[tokio::test]
async fn orders_are_taken_as_the_vendors_examples_write_them() {
    let (testnet, _) = paused();
    // Lower case, numbers for decimals and for seconds, the exchange's own symbol, fields that the contract does not have.
    let body = r#"{"exchange":"binance","symbol":"btcusdt","asset_category":"spot","side":"buy","quantity":0.015,"strategy":"twap","allOrNone":true,"client_order_id":"ABC-12345^12-10-23","clip_size_type":"AUTOMATIC","params":{"duration_seconds":60,"urgency":"low","later":{}}}"#;
    let (status, answer) = post(&testnet, CREATE, body).send(&testnet).await;
    assert_eq!(
        (status, &answer["status"]),
        (201, &Value::from("PENDING_NEW")),
        "{answer}"
    );
    assert!(answer["order_id"].as_i64().unwrap() > 1 << 53);
    assert!(
        answer.as_object().unwrap().contains_key("error_code"),
        "null, and not left out"
    );

    testnet.advance(seconds(60));
    let path = "/api/v2/trading/order/byId?clientOrderIds=ABC-12345%5E12-10-23&include_fees=true";
    let (status, answer) = get(&testnet, path).send(&testnet).await;
    assert_eq!(
        (status, &answer["orders"][0]["status"]),
        (200, &Value::from("FILLED")),
        "{answer}"
    );
}

#[tokio::test]
async fn a_body_with_spaces_may_be_signed_without_them() {
    let (testnet, _) = paused();
    let compact = r#"{"order_id":42,"client_order_id":"a b, \"c\": d"}"#;
    let mut request = post(&testnet, "/api/v2/trading/order/cancel", compact);
    request.body = br#"{"order_id": 42, "client_order_id": "a b, \"c\": d"}"#.to_vec();
    assert_eq!(request.send(&testnet).await.0, 200);
    // And nothing else may be changed.
    request.body = br#"{"order_id": 43, "client_order_id": "a b, \"c\": d"}"#.to_vec();
    assert_eq!(request.send(&testnet).await.0, 401);
}

#[tokio::test]
async fn a_rejection_comes_as_a_201_with_a_null_id() {
    let (testnet, _) = paused();
    let body = r#"{"exchange":"BINANCE","symbol":"DOGE/USDT","asset_category":"SPOT","side":"BUY","quantity":"1","strategy":"MARKET"}"#;
    let (status, answer) = post(&testnet, CREATE, body).send(&testnet).await;
    assert_eq!(status, 201);
    assert_eq!(answer["status"], "REJECTED");
    assert_eq!(answer["error_code"], "INVALID_SYMBOL");
    let answer = answer.as_object().unwrap();
    for null in ["order_id", "client_order_id", "created_at"] {
        assert_eq!(answer.get(null), Some(&Value::Null));
    }
    assert!(testnet.orders().is_empty());
}

#[tokio::test]
async fn ids_may_be_joined_by_commas_or_repeated() {
    let (testnet, client) = paused();
    for id in ["a", "b", "c"] {
        super::place(&client, super::twap(id)).await;
    }
    for path in [
        "/api/v2/trading/order/byId?clientOrderIds=a,b,c",
        "/api/v2/trading/order/byId?clientOrderIds=a%2Cb%2Cc",
        "/api/v2/trading/order/byId?clientOrderIds=a&clientOrderIds=b&clientOrderIds=c",
    ] {
        let (status, answer) = get(&testnet, path).send(&testnet).await;
        assert_eq!(status, 200);
        assert_eq!(answer["orders"].as_array().unwrap().len(), 3, "{path}");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_answered_as_micronaut_would() {
    let (testnet, _) = paused();
    for body in [
        "",
        "{",
        "[]",
        r#"{"exchange":"BINANCE"}"#,
        r#"{"exchange":"BINANCE","symbol":"BTC/USDT","asset_category":"SPOT","side":"BUY","quantity":"lots","strategy":"MARKET"}"#,
        "\u{0}\u{1}",
    ] {
        let (status, answer) = post(&testnet, CREATE, body).send(&testnet).await;
        assert_eq!(status, 400, "{body}");
        assert_eq!(answer["message"], "Bad Request");
        assert_eq!(answer["_links"]["self"]["href"], CREATE);
        assert!(answer["_embedded"]["errors"][0]["message"].is_string());
    }
    for path in [
        "/api/v2/trading/balance",
        "/api/v2/trading/balance?exchange=NOWHERE",
        "/api/v2/trading/order/byId",
        "/api/v2/trading/order/byId?orderIds=one",
        "/api/v2/trading/order/byId?orderIds=1&include_trades=perhaps",
        "/api/v2/trading/order/find?limit=0",
        "/api/v2/trading/order/find?startMs=yesterday",
        "/api/v2/data/fundingRateHistory?exchange=binance",
        "/api/v2/trading/userTrades?exchange=BINANCE",
    ] {
        assert_eq!(get(&testnet, path).send(&testnet).await.0, 400, "{path}");
    }
    assert_eq!(
        get(&testnet, "/api/v2/trading/nothing")
            .send(&testnet)
            .await
            .0,
        404
    );
    assert_eq!(get(&testnet, CREATE).send(&testnet).await.0, 405);
    assert!(testnet.orders().is_empty());
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_not_kept() {
    let testnet = Testnet::builder()
        .rules(|rules| rules.largest_body = 1_000)
        .start()
        .unwrap();
    for length in [1_001, 100_000, 5_000_000] {
        let mut request = post(&testnet, CREATE, "{}");
        request.body = vec![b' '; length];
        assert_eq!(request.send(&testnet).await.0, 413);
    }
    assert!(
        testnet
            .requests()
            .iter()
            .all(|request| request.body.len() <= 1_001)
    );
}
