//! What reqwest puts on the wire, seen from a server on loopback.
#![cfg(all(feature = "reqwest", feature = "verify"))]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::{sync::Arc, time::SystemTime};

use anboto_auth::{
    Credentials, Environment, QueryForm, ReceivedRequest, SignErrorKind, SignatureEncoding, Signer,
    Verifier, VerifyingKey, client_builder,
};
use common::server::{Arrived, Server};
use reqwest::{Body, Client, Method, Request, Url};

const HEADERS: [&str; 4] = ["x-api-key", "x-timestamp", "x-recv-window", "x-sign"];

/// Every operation of the contract of July 2026 (`status`, the one that is not signed, apart), with a query or a body.
#[rustfmt::skip]
const OPERATIONS: [(&str, &str, &str, &str); 18] = [
    ("GET", "/api/v2/data/exchanges", "", ""),
    ("GET", "/api/v2/data/instruments", "symbol=BTC/USDT:USDT&exchange=BINANCE", ""),
    ("GET", "/api/v2/data/lastFundingRates", "symbol=BTC%2FUSDT&exchange=BYBIT", ""),
    ("GET", "/api/v2/data/fundingRateHistory", "exchange=BYBIT&symbol=BTC%2FUSDT%3AUSDT", ""),
    ("GET", "/api/v2/trading/balance", "subaccount=my+desk+%26+co&exchange=BINANCE", ""),
    ("GET", "/api/v2/trading/position", "subaccount=za%C5%BC%C3%B3%C5%82%C4%87&exchange=OKX", ""),
    ("GET", "/api/v2/trading/listenKey", "", ""),
    ("GET", "/api/v2/trading/order/byId", "orderIds=596990285759373312%2C2&include_trades=true", ""),
    ("GET", "/api/v2/trading/order/find", "startMs=1690000000000&endMs=1700000000000&limit=10", ""),
    ("GET", "/api/v2/trading/order/open", "", ""),
    ("GET", "/api/v2/trading/userTrades", "clientOrderIds=a%23b&exchange=BINANCE", ""),
    ("POST", "/api/v2/trading/order/create", "", r#"{"symbol":"BTC/USDT","quantity":"0.015"}"#),
    ("POST", "/api/v2/trading/order/createMany", "", r#"{"orders":[{"symbol":"ETH/USDT"}]}"#),
    ("POST", "/api/v2/trading/order/create_multiLegs", "", r#"{"legs":[]}"#),
    ("POST", "/api/v2/trading/order/createMany/multilegs", "", r#"{"orders":[]}"#),
    ("POST", "/api/v2/trading/order/cancel", "", r#"{"client_order_id":"zażółć"}"#),
    ("POST", "/api/v2/trading/order/cancelMany", "", r#"{"orders":[{"order_id":42}]}"#),
    ("GET", "/api/v2/trading/order/cancelAll", "", ""),
];

/// A server that serves a request only if a verifier passes it.
async fn verifying_server(verifier: Verifier, key: VerifyingKey) -> Server {
    Server::start(move |request| {
        let received = ReceivedRequest {
            headers: &request.headers,
            query: &request.query,
            body: &request.body,
        };
        let known = |api_key: &anboto_auth::ApiKey| {
            (api_key.expose() == common::API_KEY).then(|| key.clone())
        };
        match verifier.verify(&received, SystemTime::now(), known) {
            Ok(_) => "200 OK".into(),
            Err(error) => format!("401 Unauthorized\r\nwhy: {error}"),
        }
    })
    .await
}

fn request(base_url: &str, (method, path, query, body): (&str, &str, &str, &str)) -> Request {
    let mut url = Url::parse(base_url).unwrap();
    url.set_path(path);
    url.set_query((!query.is_empty()).then_some(query));
    let mut request = Request::new(Method::from_bytes(method.as_bytes()).unwrap(), url);
    if !body.is_empty() {
        *request.body_mut() = Some(Body::from(body.to_owned()));
    }
    request
}

async fn every_operation_passes(credentials: Credentials, key: VerifyingKey) {
    for encoding in [SignatureEncoding::Base64, SignatureEncoding::Hex] {
        for form in [QueryForm::Decoded, QueryForm::AsSent] {
            let verifier = Verifier::new()
                .with_encoding(encoding)
                .with_query_form(form)
                .without_replay_protection();
            let server = verifying_server(verifier, key.clone()).await;
            let environment = Environment::custom(&server.base_url()).unwrap();
            let signer = Signer::new(&environment, credentials.clone())
                .with_encoding(encoding)
                .with_query_form(form);
            let client = client_builder(&environment).build().unwrap();
            for operation in OPERATIONS {
                let mut request = request(environment.base_url(), operation);
                signer
                    .sign_request_for_send(&mut request, SystemTime::now())
                    .await
                    .unwrap();
                let response = client.execute(request).await.unwrap();
                let why = response.headers().get("why").cloned();
                assert_eq!(
                    response.status(),
                    200,
                    "{operation:?} {encoding:?} {form:?}: {why:?}"
                );
            }
            for arrived in server.arrived() {
                for name in HEADERS {
                    assert_eq!(arrived.headers.get_all(name).iter().count(), 1, "{name}");
                }
            }
        }
    }
}

#[tokio::test]
async fn every_operation_with_an_hmac_key_pair() {
    let key = VerifyingKey::hmac(common::SECRET).unwrap();
    every_operation_passes(common::hmac_credentials(), key).await;
}

#[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
#[tokio::test]
async fn every_operation_with_an_rsa_key_pair() {
    let key = VerifyingKey::rsa_from_pem(&common::key_text("rsa2048.spki.pem")).unwrap();
    every_operation_passes(common::rsa_credentials("rsa2048.pkcs8.pem"), key).await;
}

#[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
#[tokio::test]
async fn an_order_with_an_rsa_4096_key_pair_signed_elsewhere() {
    let key = VerifyingKey::rsa_from_pem(&common::key_text("rsa4096.spki.pem")).unwrap();
    let server = verifying_server(Verifier::new(), key).await;
    let environment = Environment::custom(&server.base_url()).unwrap();
    let signer = Signer::new(&environment, common::rsa_credentials("rsa4096.pkcs8.pem"));
    let mut request = request(environment.base_url(), OPERATIONS[11]);
    signer
        .sign_request_for_send(&mut request, SystemTime::now())
        .await
        .unwrap();
    let client = client_builder(&environment).build().unwrap();
    assert_eq!(client.execute(request).await.unwrap().status(), 200);
}

/// What is signed is what arrives: the query is sorted, and encoded no more than it must be.
#[tokio::test]
async fn the_canonical_query_is_on_the_wire() {
    let server = Server::start(|_| "200 OK".into()).await;
    let environment = Environment::custom(&server.base_url()).unwrap();
    let signer = Signer::new(&environment, common::hmac_credentials());
    let client = client_builder(&environment).build().unwrap();
    let query = "symbol=BTC%2FUSDT%3AUSDT&orderIds=1%2C2&note=a+%5E+%27b%27";
    let mut request = request(environment.base_url(), ("GET", "/", query, ""));
    signer
        .sign_request(&mut request, SystemTime::now())
        .unwrap();
    client.execute(request).await.unwrap();
    let arrived = server.only();
    assert_eq!(
        arrived.query,
        "note=a%20%5E%20%27b%27&orderIds=1,2&symbol=BTC/USDT:USDT"
    );
}

/// Two servers, the first of which sends whoever asks on to the second, under another host name.
async fn redirecting_pair(status: &'static str) -> (Arc<Server>, Server) {
    let second = Arc::new(Server::start(|_| "200 OK".into()).await);
    let location = format!("http://localhost:{}/elsewhere", second.address.port());
    let first = Server::start(move |_| format!("{status}\r\nlocation: {location}")).await;
    (second, first)
}

async fn send_signed(first: &Server, client: Client) -> reqwest::StatusCode {
    let environment = Environment::custom(&first.base_url()).unwrap();
    let signer = Signer::new(&environment, common::hmac_credentials());
    let mut request = request(environment.base_url(), OPERATIONS[9]);
    signer
        .sign_request(&mut request, SystemTime::now())
        .unwrap();
    client.execute(request).await.unwrap().status()
}

/// Why [`client_builder`] is there. Should this test fail one day, reqwest has become safer; ours must hold all the same.
#[tokio::test]
async fn stock_reqwest_carries_the_signature_to_another_host() {
    let (second, first) = redirecting_pair("302 Found").await;
    let stock = Client::builder().no_proxy().build().unwrap();
    assert_eq!(send_signed(&first, stock).await, 200);
    let leaked: Arrived = second.only();
    assert_eq!(leaked.path, "/elsewhere");
    for name in HEADERS {
        assert!(leaked.headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn our_client_does_not_carry_it_anywhere() {
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let (second, first) = redirecting_pair(status).await;
        let environment = Environment::custom(&first.base_url()).unwrap();
        let ours = client_builder(&environment).build().unwrap();
        assert_eq!(send_signed(&first, ours).await.as_str(), &status[..3]);
        assert!(second.arrived().is_empty(), "{status}");
    }
}

#[tokio::test]
async fn our_client_speaks_https_alone() {
    let client = client_builder(&Environment::testnet()).build().unwrap();
    let server = Server::start(|_| "200 OK".into()).await;
    client.get(server.base_url()).send().await.unwrap_err();
    assert!(server.arrived().is_empty());
}

/// A request refused is a request untouched.
#[test]
fn a_request_that_is_not_signed_stays_as_it_was() {
    let signer = common::hmac_signer();
    let base = Environment::testnet().base_url().to_owned();
    let unsorted = "b=2&a=1%2C2";
    let get = |base: &str, query: &str| request(base, ("GET", "/", query, ""));

    let mut streamed = request(&base, ("POST", "/", "", ""));
    let stream = reqwest::Response::from(http::Response::new("a stream"));
    *streamed.body_mut() = Some(Body::from(stream));
    let mut with_both = get(&base, unsorted);
    *with_both.body_mut() = Some(Body::from("{}"));

    let mut cases = vec![
        (
            get("https://api.trade.anboto.xyz", unsorted),
            SignErrorKind::ForeignOrigin,
        ),
        (
            get("http://api.testnet.anboto.xyz", unsorted),
            SignErrorKind::InsecureUrl,
        ),
        (get(&base, "b=%&a=1"), SignErrorKind::MalformedQuery),
        (streamed, SignErrorKind::UnreadableBody),
        (with_both, SignErrorKind::QueryAndBody),
    ];
    for name in HEADERS {
        let mut signed = get(&base, unsorted);
        signed.headers_mut().insert(name, "1".parse().unwrap());
        cases.push((signed, SignErrorKind::AlreadySigned));
    }
    for (mut request, expected) in cases {
        let (url, headers) = (request.url().clone(), request.headers().clone());
        let error = signer
            .sign_request(&mut request, common::now())
            .unwrap_err();
        assert_eq!(error.kind(), expected, "{url}");
        assert_eq!((request.url(), request.headers()), (&url, &headers));
    }

    let mut request = get(&base, unsorted);
    let before_epoch = common::instant(0) - std::time::Duration::from_secs(1);
    let error = signer.sign_request(&mut request, before_epoch).unwrap_err();
    assert_eq!(error.kind(), SignErrorKind::ClockBeforeEpoch);
    assert_eq!(request.url().query(), Some(unsorted));
    assert!(request.headers().is_empty());
}

#[test]
fn a_request_is_signed_once() {
    let signer = common::hmac_signer();
    let mut request = request(Environment::testnet().base_url(), OPERATIONS[11]);
    signer.sign_request(&mut request, common::now()).unwrap();
    let first = request.headers().clone();
    let error = signer
        .sign_request(&mut request, SystemTime::now())
        .unwrap_err();
    assert_eq!(error.kind(), SignErrorKind::AlreadySigned);
    assert_eq!(request.headers(), &first);
}

/// A streamed body, and an empty one, in a request that is otherwise fine.
#[test]
fn an_empty_body_is_no_body() {
    let signer = common::hmac_signer();
    let environment = Environment::testnet();
    let base = environment.base_url();
    let mut with = request(base, OPERATIONS[8]);
    *with.body_mut() = Some(Body::from(""));
    let mut without = request(base, OPERATIONS[8]);
    for request in [&mut with, &mut without] {
        signer.sign_request(request, common::now()).unwrap();
    }
    assert_eq!(with.headers()["x-sign"], without.headers()["x-sign"]);
}

#[test]
fn a_signed_request_prints_no_secret() {
    let signer = common::hmac_signer();
    let mut request = request(Environment::testnet().base_url(), OPERATIONS[11]);
    signer.sign_request(&mut request, common::now()).unwrap();
    let signature = request.headers()["x-sign"].to_str().unwrap();
    for secret in [signature, common::API_KEY, common::SECRET] {
        common::assert_debug_hides(&request, secret);
    }
}
