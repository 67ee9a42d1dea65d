//! Requests that are not let in.

use std::time::{Duration, SystemTime};

use anboto_api::testnet::{Refusals, SignatureEncodings, Testnet};
use anboto_api::{Client, Credentials};
use anboto_auth::{QueryForm, RecvWindow, SignatureEncoding, Signer};
use reqwest::Method;
use serde_json::Value;

use super::paused;
use super::raw::{BALANCE, CREATE, get, post, signed_by};

async fn code(request: &super::raw::Raw, testnet: &Testnet) -> String {
    let (status, answer) = request.send(testnet).await;
    assert_eq!(status, 401, "{answer}");
    answer["error_code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_signature_has_to_be_that_of_key_and_request() {
    let (testnet, _) = paused();
    let good = get(&testnet, BALANCE);
    assert_eq!(good.send(&testnet).await.0, 200);
    let sign = "x-sign";
    let other = get(&testnet, "/api/v2/trading/balance?exchange=OKX").headers[sign].clone();
    let wrong = get(&testnet, BALANCE).with(sign, other.to_str().unwrap());
    assert_eq!(code(&wrong, &testnet).await, "INVALID_SIGNATURE");
    let unknown = get(&testnet, BALANCE).with("x-api-key", "somebody");
    assert_eq!(code(&unknown, &testnet).await, "INVALID_API_KEY");
    for header in ["x-api-key", "x-timestamp", "x-recv-window", "x-sign"] {
        let missing = get(&testnet, BALANCE).without(header);
        let refused = code(&missing, &testnet).await;
        assert!(
            ["AUTHENTICATION_ERROR", "INVALID_API_KEY"].contains(&&*refused),
            "{header}"
        );
        let malformed = get(&testnet, BALANCE).with(header, "?");
        code(&malformed, &testnet).await;
    }
    let changed = get(&testnet, BALANCE).with("x-recv-window", "4999");
    assert_eq!(code(&changed, &testnet).await, "INVALID_SIGNATURE");
}

#[tokio::test]
async fn a_client_sees_a_refusal_as_one() {
    let (testnet, _) = paused();
    let wrong = Credentials::hmac(Testnet::API_KEY, "d3Jvbmc=").unwrap();
    let client = Client::with_credentials(testnet.environment(), wrong).unwrap();
    let error = client
        .create_order()
        .body(super::twap("one"))
        .send()
        .await
        .unwrap_err();
    assert!(error.is_unauthorized() && !error.may_have_been_executed());
    assert_eq!(error.code(), Some("INVALID_SIGNATURE"));
    assert!(testnet.orders().is_empty());
}

/// A balance request that is signed by a clock so many ms off.
fn off(testnet: &Testnet, ms: i64, window: u32) -> super::raw::Raw {
    let signer = Signer::new(&testnet.environment(), testnet.credentials())
        .with_recv_window(RecvWindow::from_millis(window).unwrap());
    let by = Duration::from_millis(ms.unsigned_abs());
    let now = SystemTime::now();
    let now = if ms < 0 { now - by } else { now + by };
    signed_by(testnet, &signer, Method::GET, BALANCE, b"", now)
}

#[tokio::test]
async fn a_timestamp_may_be_neither_stale_nor_of_the_future() {
    let (testnet, _) = paused();
    assert_eq!(off(&testnet, -3_000, 5_000).send(&testnet).await.0, 200);
    assert_eq!(
        code(&off(&testnet, -6_000, 5_000), &testnet).await,
        "INVALID_TIMESTAMP"
    );
    assert_eq!(off(&testnet, -6_000, 30_000).send(&testnet).await.0, 200);
    assert_eq!(off(&testnet, 500, 5_000).send(&testnet).await.0, 200);
    assert_eq!(
        code(&off(&testnet, 1_500, 5_000), &testnet).await,
        "INVALID_TIMESTAMP"
    );

    testnet.set_clock_skew(60_000);
    assert_eq!(
        code(&off(&testnet, 0, 5_000), &testnet).await,
        "INVALID_TIMESTAMP"
    );
    assert_eq!(off(&testnet, 60_000, 5_000).send(&testnet).await.0, 200);
}

#[tokio::test]
async fn tolerance_and_window_are_switches() {
    let testnet = Testnet::builder()
        .rules(|rules| {
            rules.clock_tolerance = Duration::from_secs(20);
            rules.largest_window = Duration::from_secs(10);
        })
        .start()
        .unwrap();
    assert_eq!(off(&testnet, 15_000, 5_000).send(&testnet).await.0, 200);
    assert_eq!(
        code(&off(&testnet, 25_000, 5_000), &testnet).await,
        "INVALID_TIMESTAMP"
    );
    assert_eq!(
        code(&off(&testnet, 0, 10_001), &testnet).await,
        "INVALID_TIMESTAMP"
    );
    let strict = Testnet::builder()
        .rules(|rules| rules.clock_tolerance = Duration::ZERO)
        .start()
        .unwrap();
    assert_eq!(
        code(&off(&strict, 500, 5_000), &strict).await,
        "INVALID_TIMESTAMP"
    );
    assert_eq!(off(&strict, 0, 5_000).send(&strict).await.0, 200);
}

#[tokio::test]
async fn replays_are_refused_when_asked() {
    let (testnet, _) = paused();
    let body = r#"{"order_id":1}"#;
    let request = post(&testnet, "/api/v2/trading/order/cancel", body);
    for _ in 0..2 {
        assert_eq!(request.send(&testnet).await.0, 200);
    }
    for encoding in [SignatureEncodings::Base64, SignatureEncodings::Both] {
        let testnet = Testnet::builder()
            .rules(|rules| {
                rules.replay_protection = true;
                rules.signature_encoding = encoding;
                rules.clock_tolerance = Duration::from_secs(20);
            })
            .start()
            .unwrap();
        let request = post(&testnet, "/api/v2/trading/order/cancel", body);
        assert_eq!(request.send(&testnet).await.0, 200);
        assert_eq!(code(&request, &testnet).await, "AUTHENTICATION_ERROR");
        let ahead = off(&testnet, 10_000, 5_000);
        assert_eq!(ahead.send(&testnet).await.0, 200);
        assert_eq!(code(&ahead, &testnet).await, "AUTHENTICATION_ERROR");
    }
}

#[tokio::test]
async fn the_encoding_of_signatures_is_a_switch() {
    for (accepted, base64, hex) in [
        (SignatureEncodings::Base64, 200, 401),
        (SignatureEncodings::Hex, 401, 200),
        (SignatureEncodings::Both, 200, 200),
    ] {
        let testnet = Testnet::builder()
            .rules(|rules| rules.signature_encoding = accepted)
            .start()
            .unwrap();
        for (encoding, expected) in [
            (SignatureEncoding::Base64, base64),
            (SignatureEncoding::Hex, hex),
        ] {
            let signer =
                Signer::new(&testnet.environment(), testnet.credentials()).with_encoding(encoding);
            let request = signed_by(
                &testnet,
                &signer,
                Method::GET,
                BALANCE,
                b"",
                SystemTime::now(),
            );
            assert_eq!(
                request.send(&testnet).await.0,
                expected,
                "{accepted:?} {encoding:?}"
            );
        }
        #[cfg(feature = "rsa")]
        Client::with_credentials(testnet.environment(), testnet.rsa_credentials())
            .unwrap()
            .exchanges()
            .send()
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn the_form_of_the_query_is_a_switch() {
    let path = "/api/v2/trading/order/byId?clientOrderIds=a%20b";
    for accepted in [QueryForm::Decoded, QueryForm::AsSent] {
        let testnet = Testnet::builder()
            .rules(|rules| rules.query_form = accepted)
            .start()
            .unwrap();
        for form in [QueryForm::Decoded, QueryForm::AsSent] {
            let signer =
                Signer::new(&testnet.environment(), testnet.credentials()).with_query_form(form);
            let request = signed_by(&testnet, &signer, Method::GET, path, b"", SystemTime::now());
            let expected = if form == accepted { 200 } else { 401 };
            assert_eq!(request.send(&testnet).await.0, expected);
        }
    }
}

#[tokio::test]
async fn what_a_401_says_is_a_switch() {
    for (refusals, has_code, is_empty) in [
        (Refusals::Coded, true, false),
        (Refusals::Bare, false, false),
        (Refusals::Empty, false, true),
    ] {
        let testnet = Testnet::builder()
            .rules(|rules| rules.refusals = refusals)
            .start()
            .unwrap();
        let (status, answer) = post(&testnet, CREATE, "{}")
            .without("x-sign")
            .send(&testnet)
            .await;
        assert_eq!(status, 401);
        assert_eq!(answer.get("error_code").is_some(), has_code);
        assert_eq!(answer == Value::String(String::new()), is_empty);
    }
}

#[tokio::test]
async fn accounts_do_not_see_each_other() {
    let (testnet, first) = paused();
    let second = Client::with_credentials(testnet.environment(), testnet.open_account()).unwrap();
    let id = super::place(&first, super::twap("one")).await;
    assert!(
        second
            .get_orders()
            .order_ids([id])
            .send()
            .await
            .unwrap()
            .orders
            .is_empty()
    );
    assert!(
        second
            .get_open_orders()
            .send()
            .await
            .unwrap()
            .orders
            .is_empty()
    );
    second.cancel_all_open_orders().send().await.unwrap();
    assert_eq!(testnet.orders().len(), 1);
    assert_eq!(
        super::status(&first, id).await,
        anboto_api::types::OrderStatus::PendingNew
    );
}

#[cfg(feature = "rsa")]
#[tokio::test]
async fn keys_of_ones_own_can_be_registered() {
    const PUBLIC: &str = include_str!("../../../anboto-auth/tests/vectors/keys/rsa2048.spki.pem");
    const PRIVATE: &str = include_str!("../../../anboto-auth/tests/vectors/keys/rsa2048.pkcs8.pem");
    let testnet = Testnet::start().unwrap();
    let key = anboto_auth::RsaKey::from_pem(PRIVATE).unwrap();
    let credentials = Credentials::rsa("mine", key).unwrap();
    let client = Client::with_credentials(testnet.environment(), credentials).unwrap();
    assert!(
        client
            .exchanges()
            .send()
            .await
            .unwrap_err()
            .is_unauthorized()
    );
    testnet.register_rsa_key("mine", PUBLIC).unwrap();
    client.exchanges().send().await.unwrap();
}
