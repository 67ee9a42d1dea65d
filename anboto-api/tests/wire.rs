//! What goes over the wire, for every operation: the bytes of the request, and that they are signed as the server checks it.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use anboto_api::types::{
    AssetCategory, CancelManyUpstreamOrdersRequest, CancelUpstreamOrderRequest,
    CreateManyMultiLegsParentOrdersRequest, CreateManyParentOrdersRequest,
    CreateMultiLegsParentOrderRequest, CreateOrderLegRequest, ExecutionStrategy, MultiLegsAlgo,
    OrderParams, Side, TradingExchange, Urgency, builder,
};
use anboto_api::{Client, Credentials, Error, Operation, Signer, operations};
use anboto_auth::{
    ListStyle, QueryForm, ReceivedRequest, SignatureEncoding, Verifier, VerifyingKey,
};
use chrono::DateTime;
use common::{API_KEY, Answer, Arrived, SECRET, Server, decimal, order};

/// One operation: how it is called, and what has to arrive.
struct Case {
    operation: &'static Operation,
    send: Send,
    target: &'static str,
    body: &'static str,
    answer: &'static str,
}

/// The futures are `Send`, or this would not compile.
type Send = for<'a> fn(&'a Client) -> Sending<'a>;
type Sending<'a> = Pin<Box<dyn Future<Output = Result<u16, Error>> + core::marker::Send + 'a>>;

/// A case, from the builder of its call.
macro_rules! case {
    ($operation:ident, $call:expr, $target:literal, $body:expr, $answer:literal) => {
        Case {
            operation: &operations::$operation,
            send: |client| {
                fn with<'a, T>(client: &'a Client, call: impl FnOnce(&'a Client) -> T) -> T {
                    call(client)
                }
                Box::pin(async move { Ok(with(client, $call).send().await?.status().as_u16()) })
            },
            target: $target,
            body: $body,
            answer: $answer,
        }
    };
}

const SUMMARY: &str = r#"{"created_at":null}"#;

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    vec![
        case!(STATUS, |client| client.status(),
            "GET /status/ping", "", "{status=ok, timestamp=1783329083000}"),
        case!(EXCHANGES, |client| client.exchanges(),
            "GET /api/v2/data/exchanges", "", r#"["binance"]"#),
        case!(INSTRUMENTS, |client| client.instruments().symbol("BTC/USDT:USDT").exchange("binance"),
            "GET /api/v2/data/instruments?exchange=binance&symbol=BTC/USDT:USDT", "", "[]"),
        case!(LAST_FUNDING_RATES, |client| client.last_funding_rates(),
            "GET /api/v2/data/lastFundingRates", "", "[]"),
        case!(FUNDING_RATE_HISTORY, |client| client.funding_rate_history().symbol("ETH/USDT").exchange("bybit"),
            "GET /api/v2/data/fundingRateHistory?exchange=bybit&symbol=ETH/USDT", "", "[]"),
        case!(GET_BALANCE, |client| client.get_balance().subaccount("my desk & co").exchange(TradingExchange::Okx),
            "GET /api/v2/trading/balance?exchange=OKX&subaccount=my%20desk%20%26%20co", "", "[]"),
        case!(GET_POSITION, |client| client.get_position().exchange(TradingExchange::B2c2).subaccount("zażółć"),
            "GET /api/v2/trading/position?exchange=B2C2&subaccount=za%C5%BC%C3%B3%C5%82%C4%87", "", "[]"),
        case!(LISTEN_KEY, |client| client.listen_key(),
            "GET /api/v2/trading/listenKey", "", "header.payload.signature"),
        case!(GET_ORDERS, |client| client.get_orders()
                .order_ids([596_990_285_759_373_312_i64, 2]).client_order_ids(["a:1", "b^2"])
                .include_trades(true).include_fees(false),
            "GET /api/v2/trading/order/byId?clientOrderIds=a:1,b%5E2&include_fees=false&include_trades=true&orderIds=596990285759373312,2",
            "", r#"{"orders":[]}"#),
        case!(FIND_ORDERS, |client| client.find_orders()
                .start_ms(DateTime::UNIX_EPOCH + Duration::from_millis(1_690_000_000_000))
                .end_ms(DateTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_000)).limit(10),
            "GET /api/v2/trading/order/find?endMs=1700000000000&limit=10&startMs=1690000000000", "", r#"{"orders":[]}"#),
        case!(GET_OPEN_ORDERS, |client| client.get_open_orders(),
            "GET /api/v2/trading/order/open", "", r#"{"orders":[]}"#),
        case!(GET_USER_TRADES, |client| client.get_user_trades().exchange(TradingExchange::Kucoin).client_order_ids(["a#b"]),
            "GET /api/v2/trading/userTrades?clientOrderIds=a%23b&exchange=KUCOIN", "", r#"{"trades":[]}"#),
        case!(CREATE_ORDER, |client| client.create_order().body(twap()),
            "POST /api/v2/trading/order/create",
            r#"{"asset_category":"FUTURE","client_order_id":"desk-7-1","end_time":"2023-11-14T22:13:20.500Z","exchange":"BINANCE","limit_price":"67012.10","params":{"duration_seconds":"600","urgency":"HIGH"},"quantity":"0.0150","side":"BUY","start_time":"2023-11-14T22:13:20Z","strategy":"TWAP","symbol":"BTC/USDT:USDT"}"#,
            r#"{"created_at":1783329083000,"status":"ACCEPTED","order_id":596990285759373312}"#),
        case!(CREATE_MANY_ORDERS, |client| client.create_many_orders().body(
                CreateManyParentOrdersRequest::builder().orders(vec![order().build().unwrap()])),
            "POST /api/v2/trading/order/createMany",
            r#"{"orders":[{"asset_category":"FUTURE","client_order_id":"desk-7-1","exchange":"BINANCE","quantity":"0.0150","side":"BUY","strategy":"MARKET","symbol":"BTC/USDT:USDT"}]}"#,
            r#"{"orders":[]}"#),
        case!(CREATE_MULTI_LEGS_ORDER, |client| client.create_multi_legs_order().body(pair()),
            "POST /api/v2/trading/order/create_multiLegs",
            r#"{"algo":"PAIR","legs":[{"asset_category":"SPOT","ccy":"USDT","exchange":"OKX","side":"SELL","strategy":"LIMIT","symbol":"BTC/USDT","target_value":"1000"}]}"#,
            r#"{"created_at":"2026-07-06T09:11:23Z"}"#),
        case!(CREATE_MANY_MULTI_LEGS_ORDERS, |client| client.create_many_multi_legs_orders().body(
                CreateManyMultiLegsParentOrdersRequest::builder().orders(vec![pair().build().unwrap()])),
            "POST /api/v2/trading/order/createMany/multilegs",
            r#"{"orders":[{"algo":"PAIR","legs":[{"asset_category":"SPOT","ccy":"USDT","exchange":"OKX","side":"SELL","strategy":"LIMIT","symbol":"BTC/USDT","target_value":"1000"}]}]}"#,
            r#"{"orders":[]}"#),
        case!(CANCEL_ORDER, |client| client.cancel_order().body(
                CancelUpstreamOrderRequest::builder().client_order_id("zażółć \"7\"")),
            "POST /api/v2/trading/order/cancel", r#"{"client_order_id":"zażółć \"7\""}"#, r#"{"created_at":null}"#),
        case!(CANCEL_MANY, |client| client.cancel_many().body(
                CancelManyUpstreamOrdersRequest::builder().orders(vec![
                    CancelUpstreamOrderRequest::builder().order_id(596_990_285_759_373_312).build()])),
            "POST /api/v2/trading/order/cancelMany", r#"{"orders":[{"order_id":596990285759373312}]}"#, "[]"),
        case!(CANCEL_ALL_OPEN_ORDERS, |client| client.cancel_all_open_orders(),
            "GET /api/v2/trading/order/cancelAll", "", r#"{"orders":[]}"#),
    ]
}

fn twap() -> builder::CreateParentOrderRequest {
    let start = DateTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    order()
        .strategy(ExecutionStrategy::Twap)
        .limit_price(decimal("67012.10"))
        .start_time(start)
        .end_time(start + Duration::from_millis(500))
        .params(
            OrderParams::builder()
                .duration_seconds(Duration::from_secs(600))
                .urgency(Urgency::High)
                .build(),
        )
}

fn pair() -> builder::CreateMultiLegsParentOrderRequest {
    let leg = CreateOrderLegRequest::builder()
        .asset_category(AssetCategory::Spot)
        .ccy("USDT")
        .exchange(TradingExchange::Okx)
        .side(Side::Sell)
        .strategy(ExecutionStrategy::Limit)
        .symbol("BTC/USDT")
        .target_value(1_000)
        .build()
        .unwrap();
    CreateMultiLegsParentOrderRequest::builder()
        .algo(MultiLegsAlgo::Pair)
        .legs(vec![leg])
}

/// An operation that the contract gains has no wire test until someone writes its case.
#[test]
fn every_operation_has_its_case() {
    let all: BTreeSet<_> = operations::ALL
        .iter()
        .map(|operation| operation.id)
        .collect();
    let cases: BTreeSet<_> = cases().iter().map(|case| case.operation.id).collect();
    assert_eq!(cases, all);
}

#[tokio::test]
async fn every_operation_with_an_hmac_key_pair() {
    let credentials = Credentials::hmac(API_KEY, SECRET).unwrap();
    every_operation(credentials, VerifyingKey::hmac(SECRET).unwrap()).await;
}

/// The keys are those of `anboto-auth`'s tests, and for tests only.
#[cfg(feature = "rsa")]
#[tokio::test]
async fn every_operation_with_an_rsa_key_pair() {
    let key = anboto_auth::RsaKey::from_pem(include_str!(
        "../../anboto-auth/tests/vectors/keys/rsa2048.pkcs8.pem"
    ))
    .unwrap();
    let credentials = Credentials::rsa(API_KEY, key).unwrap();
    let public = VerifyingKey::rsa_from_pem(include_str!(
        "../../anboto-auth/tests/vectors/keys/rsa2048.spki.pem"
    ))
    .unwrap();
    every_operation(credentials, public).await;
}

async fn every_operation(credentials: Credentials, key: VerifyingKey) {
    for encoding in [SignatureEncoding::Base64, SignatureEncoding::Hex] {
        for form in [QueryForm::Decoded, QueryForm::AsSent] {
            let cases = cases();
            let success = |case: &Case| case.operation.success.as_u16();
            let answer = |case: &Case| Answer::json(&success(case).to_string(), case.answer);
            let server = Server::scripted(cases.iter().map(answer).collect()).await;
            let signer = Signer::new(&server.environment(), credentials.clone())
                .with_encoding(encoding)
                .with_query_form(form);
            let client = server.client_with(|builder| builder.signer(signer));
            for case in &cases {
                let status = (case.send)(&client).await;
                assert_eq!(status.unwrap(), success(case), "{}", case.operation);
            }
            let verifier = Verifier::new()
                .with_encoding(encoding)
                .with_query_form(form)
                // Two calls without a payload have one signature if they are made in one millisecond.
                .without_replay_protection();
            let arrived = server.arrived();
            assert_eq!(arrived.len(), cases.len());
            for (case, arrived) in cases.iter().zip(&arrived) {
                assert_request(case, arrived);
                if case.operation.signed {
                    verify(&verifier, arrived, &key);
                }
            }
        }
    }
}

fn assert_request(case: &Case, arrived: &Arrived) {
    assert_eq!(arrived.line, format!("{} HTTP/1.1", case.target));
    assert_eq!(
        str::from_utf8(&arrived.body),
        Ok(case.body),
        "{}",
        case.operation
    );
    // These, each once, and none besides.
    let mut names = vec!["accept", "host"];
    if case.operation.signed {
        names.extend(["x-api-key", "x-recv-window", "x-sign", "x-timestamp"]);
    }
    if !case.body.is_empty() {
        names.extend(["content-length", "content-type"]);
        assert_eq!(arrived.header("content-type"), "application/json");
    }
    names.sort_unstable();
    let mut arrived_names = arrived.header_names.clone();
    arrived_names.sort_unstable();
    assert_eq!(arrived_names, names, "{}", case.operation);
    assert_eq!(arrived.header("accept"), "application/json");
}

fn verify(verifier: &Verifier, arrived: &Arrived, key: &VerifyingKey) {
    let received = ReceivedRequest {
        headers: &arrived.headers,
        query: &arrived.query,
        body: &arrived.body,
    };
    let known = |api_key: &anboto_auth::ApiKey| (api_key.expose() == API_KEY).then(|| key.clone());
    if let Err(error) = verifier.verify(&received, SystemTime::now(), known) {
        panic!("{}: {error}", arrived.line);
    }
}

#[tokio::test]
async fn every_attempt_is_signed_afresh() {
    let server = Server::answering(Answer::ok(r#"{"orders":[]}"#)).await;
    let client = server.client();
    let call = client.get_open_orders();
    call.clone().send().await.unwrap();
    tokio::time::sleep(Duration::from_millis(2)).await;
    call.send().await.unwrap();
    let signatures: BTreeSet<_> = server
        .arrived()
        .iter()
        .map(|arrived| arrived.header("x-sign").to_owned())
        .collect();
    assert_eq!(signatures.len(), 2);
}

#[tokio::test]
async fn a_list_can_be_repeated_keys() {
    let server = Server::answering(Answer::ok(r#"{"orders":[]}"#)).await;
    let client = server.client_with(|builder| builder.list_style(ListStyle::Repeated));
    // A comma divides nothing here, so it is as good as any other character.
    let call = client.get_orders().client_order_ids(["b,c", "a"]);
    call.send().await.unwrap();
    let arrived = server.only();
    assert_eq!(arrived.query, "clientOrderIds=b,c&clientOrderIds=a");
    verify(
        &Verifier::new(),
        &arrived,
        &VerifyingKey::hmac(SECRET).unwrap(),
    );
}

#[tokio::test]
async fn a_parameter_given_twice_goes_out_once() {
    let server = Server::answering(Answer::ok("[]")).await;
    let client = server.client();
    let call = client.instruments().exchange("okx").exchange("bybit");
    call.send().await.unwrap();
    assert_eq!(server.only().query, "exchange=bybit");
}

#[tokio::test]
async fn the_path_of_a_base_url_is_kept() {
    let server = Server::answering(Answer::ok("{status=ok, timestamp=1}")).await;
    let environment = format!("{}/proxy/", server.base_url()).parse().unwrap();
    let client = Client::new(environment).unwrap();
    client.status().send().await.unwrap();
    assert_eq!(server.only().line, "GET /proxy/status/ping HTTP/1.1");
}

/// A connection that the server closes while it is idle: whether the client notices in time or not, no order arrives twice, and
/// none is given up for lost that did not leave.
#[tokio::test]
async fn a_closed_idle_connection_doubles_no_order() {
    let accepted = Answer::json("201 Created", SUMMARY);
    let server = Server::answering(accepted.then_closes()).await;
    let client = server.client();
    for round in 0..20 {
        let id = format!("desk-7-{round}");
        let call = client.create_order().body(order().client_order_id(&*id));
        let outcome = call.send().await;
        let arrived = server
            .arrived()
            .iter()
            .filter(|arrived| String::from_utf8_lossy(&arrived.body).contains(&format!("{id:?}")))
            .count();
        match outcome {
            Ok(_) => assert_eq!(arrived, 1),
            Err(error) => assert!(arrived <= 1 && error.may_have_been_executed(), "{error}"),
        }
        // The end of the connection is noticed in some rounds, and not in others.
        for _ in 0..round % 4 {
            tokio::task::yield_now().await;
        }
    }
}

/// The same connection, closed after the request was read: now nobody knows, and nothing is sent again.
#[tokio::test]
async fn a_request_that_was_read_is_not_sent_again() {
    let accepted = Answer::json("201 Created", SUMMARY);
    let server = Server::scripted(vec![accepted, Answer::raw("").then_closes()]).await;
    let client = server.client();
    client.create_order().body(order()).send().await.unwrap();
    let error = client
        .create_order()
        .body(order())
        .send()
        .await
        .unwrap_err();
    assert!(error.may_have_been_executed());
    assert_eq!(server.arrived().len(), 2);
}
