//! What a calibration finds out, of a testnet with each of its switches, and of servers that no testnet is.

use std::sync::Arc;

use anboto_api::testnet::{Broken, Refusals, Rules, SignatureEncodings, Testnet};
use anboto_api::types::{
    AssetCategory, CreateParentOrderRequest, ExecutionStrategy, Side, TradingExchange,
};
use anboto_api::{
    Calibration, Client, Credentials, Decimal, Environment, Finding, ListStyle, QueryForm,
    SignatureEncoding, Signer,
};

use super::{Request, Scripted, answer};

fn testnet(set: impl FnOnce(&mut Rules)) -> Testnet {
    Testnet::builder().paused().rules(set).start().unwrap()
}

async fn calibrate(client: &Client) -> Calibration {
    client.calibrate().await.unwrap()
}

/// A read whose query has a character that is escaped.
async fn reads(client: &Client) -> bool {
    let call = client.get_orders().client_order_ids(["of^nobody"]);
    call.send().await.is_ok()
}

/// The report, without what differs from run to run.
fn told(calibration: &Calibration) -> String {
    let text = calibration.to_string();
    let lines = text.lines().map(|line| match line {
        line if line.starts_with("http://127.0.0.1:") => "http://127.0.0.1:PORT",
        line if line.starts_with("  status ") => "  status  CLOCK",
        line => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn of_a_server_as_documented_there_is_nothing_to_do() {
    let testnet = testnet(|_| {});
    let client = testnet.client().unwrap();
    let calibration = calibrate(&client).await;
    assert!(calibration.is_well() && !calibration.is_key_refused());
    assert!(calibration.clock().is_tolerated());
    insta::assert_snapshot!(told(&calibration), @"
    http://127.0.0.1:PORT

    clock
      status  CLOCK
      => good enough to sign by

    signature encoding
      exchanges, signed in Base64       served
      exchanges, signed in hexadecimal  INVALID_SIGNATURE: the signature is not that of this key and request (401 Unauthorized, application/json)
      => Base64 alone

    query form
      getOrders of anboto-calibration^1, signed decoded  served
      getOrders of anboto-calibration^1, signed as sent  INVALID_SIGNATURE: the signature is not that of this key and request (401 Unauthorized, application/json)
      => decoded alone

    list style
      findOrders, two of them  fewer than two orders within the last three days
      => could not be told; the setting stays as it is

    to do
      nothing: the settings fit
    ");
    let only_reads = |request: &anboto_api::testnet::ReceivedRequest| {
        request
            .operation
            .is_some_and(|operation| !operation.effect.is_write())
    };
    assert!(testnet.requests().iter().all(only_reads));
    assert!(testnet.requests().len() <= 12);
}

#[tokio::test]
async fn what_differs_is_told_with_what_to_do_and_can_be_applied() {
    for refusals in [Refusals::Coded, Refusals::Bare, Refusals::Empty] {
        let testnet = testnet(|rules| {
            rules.signature_encoding = SignatureEncodings::Hex;
            rules.query_form = QueryForm::AsSent;
            rules.refusals = refusals;
        });
        testnet.set_clock_skew(-8_000);
        let client = testnet.client().unwrap();
        let calibration = calibrate(&client).await;
        assert_eq!(
            calibration.signature_encoding(),
            Finding::Only(SignatureEncoding::Hex)
        );
        assert_eq!(calibration.query_form(), Finding::Only(QueryForm::AsSent));
        assert_eq!(calibration.list_style(), Finding::Unsettled);
        let clock = calibration.clock();
        assert!(
            !clock.is_tolerated() && (-9_000..=-7_000).contains(&clock.offset_ms()),
            "{clock}"
        );
        if refusals == Refusals::Coded {
            insta::assert_snapshot!(told(&calibration), @"
    http://127.0.0.1:PORT

    clock
      status  CLOCK
      => too far off: what is signed by it is refused

    signature encoding
      exchanges, signed in Base64       INVALID_SIGNATURE: X-SIGN is not lowercase hexadecimal (401 Unauthorized, application/json)
      exchanges, signed in hexadecimal  served
      => hexadecimal alone

    query form
      getOrders of anboto-calibration^1, signed decoded  INVALID_SIGNATURE: the signature is not that of this key and request (401 Unauthorized, application/json)
      getOrders of anboto-calibration^1, signed as sent  served
      => as sent alone

    list style
      findOrders, two of them  fewer than two orders within the last three days
      => could not be told; the setting stays as it is

    to do
      - Set the clock of this machine right, best by NTP; or sign by the server's: ClientBuilder::sign_by_server_clock(true).
      - Write signatures in hexadecimal: Signer::with_encoding(SignatureEncoding::Hex).
      - Sign the query as sent: Signer::with_query_form(QueryForm::AsSent).
    ");
        }
        assert!(
            !reads(&client).await,
            "nothing was changed behind the caller's back"
        );
        let fitting = calibration.apply(client.to_builder()).build().unwrap();
        assert!(reads(&fitting).await);
        let again = calibrate(&fitting).await;
        assert!(again.is_well(), "{again}");
    }
}

#[tokio::test]
async fn a_clock_that_is_behind_is_told_and_hides_nothing() {
    let testnet = testnet(|_| {});
    testnet.set_clock_skew(60_000);
    let client = testnet.client().unwrap();
    let calibration = calibrate(&client).await;
    assert!((59_000..=61_000).contains(&calibration.clock().offset_ms()));
    assert_eq!(
        calibration.signature_encoding(),
        Finding::Only(SignatureEncoding::Base64)
    );
    assert_eq!(calibration.to_do().len(), 1);
    assert!(calibration.to_do()[0].starts_with("Set the clock of this machine right"));
    assert!(!reads(&client).await);
    assert!(reads(&calibration.apply(client.to_builder()).build().unwrap()).await);
}

#[tokio::test]
async fn what_works_either_way_stays_as_it_is() {
    let testnet = testnet(|rules| rules.signature_encoding = SignatureEncodings::Both);
    for encoding in [SignatureEncoding::Base64, SignatureEncoding::Hex] {
        let signer =
            Signer::new(&testnet.environment(), testnet.credentials()).with_encoding(encoding);
        let client = Client::builder(testnet.environment())
            .signer(signer)
            .build()
            .unwrap();
        let calibration = calibrate(&client).await;
        assert_eq!(calibration.signature_encoding(), Finding::Either);
        assert!(calibration.is_well());
        let applied = calibration.apply(client.to_builder());
        assert_eq!(format!("{applied:?}"), format!("{:?}", client.to_builder()));
    }
}

#[tokio::test]
async fn a_key_that_is_refused_is_told_and_nothing_else_is_tried_with_it() {
    let testnet = testnet(|_| {});
    let secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    for api_key in ["of-nobody-at-all", Testnet::API_KEY] {
        testnet.clear_requests();
        let credentials = Credentials::hmac(api_key, secret).unwrap();
        let client = Client::with_credentials(testnet.environment(), credentials).unwrap();
        let calibration = calibrate(&client).await;
        assert!(calibration.is_key_refused() && !calibration.is_well());
        assert_eq!(calibration.signature_encoding(), Finding::Unsettled);
        let text = calibration.to_string();
        assert!(
            text.contains("nothing that was signed with this key was accepted"),
            "{text}"
        );
        assert!(
            text.contains("- Check that the API key belongs to http://127.0.0.1:"),
            "{text}"
        );
        assert!(!text.contains(secret) && !text.contains(api_key), "{text}");
        assert_eq!(testnet.requests().len(), 7);
    }
}

#[cfg(feature = "rsa")]
#[tokio::test]
async fn rsa_signatures_are_tried_in_base64_alone() {
    let testnet = testnet(|_| {});
    let client =
        Client::with_credentials(testnet.environment(), testnet.rsa_credentials()).unwrap();
    let calibration = calibrate(&client).await;
    assert_eq!(
        calibration.signature_encoding(),
        Finding::Only(SignatureEncoding::Base64)
    );
    assert_eq!(calibration.query_form(), Finding::Only(QueryForm::Decoded));
    assert!(calibration.is_well(), "{calibration}");
    assert_eq!(calibration.experiments()[1].trials().len(), 1);
}

#[tokio::test]
async fn with_two_orders_there_the_style_of_lists_can_be_told() {
    let testnet = testnet(|_| {});
    let client = testnet.client().unwrap();
    for _ in 0..2 {
        let order = CreateParentOrderRequest::builder()
            .exchange(TradingExchange::Binance)
            .symbol("BTC/USDT")
            .asset_category(AssetCategory::Spot)
            .side(Side::Buy)
            .quantity(Decimal::new(1, 1))
            .strategy(ExecutionStrategy::Market);
        client.create_order().body(order).send().await.unwrap();
    }
    let calibration = calibrate(&client).await;
    assert_eq!(calibration.list_style(), Finding::Either);
    assert!(calibration.is_well());
}

/// An answer with these orders in it.
fn orders(ids: &[i64]) -> super::Answer {
    let order = |id: &i64| {
        format!(
            r#"{{"order_id":{id},"average_price":0,"filled_quantity":0,"last_price":0,"last_quantity":0,"leaves_quantity":0}}"#
        )
    };
    let orders: Vec<_> = ids.iter().map(order).collect();
    answer(200, format!(r#"{{"orders":[{}]}}"#, orders.join(",")))
}

/// A server of its own making, but for what all of them have in common.
fn serve(
    rest: impl Fn(&Request) -> super::Answer + Send + Sync + 'static,
) -> (Arc<Scripted>, Client) {
    let server = Scripted::new(move |request, _| match request.uri().path() {
        "/status/ping" => answer(200, "{status=ok, timestamp=1800000000000}"),
        _ => rest(request),
    });
    let client = server.client(|builder| builder);
    (server, client)
}

#[tokio::test(start_paused = true)]
async fn a_server_that_reads_lists_in_one_style_is_told_by_what_it_finds() {
    for (style, named, otherwise) in [
        (ListStyle::CommaJoined, "orderIds=1,2", &[2_i64][..]),
        (ListStyle::Repeated, "orderIds=1&orderIds=2", &[]),
    ] {
        let (_server, client) = serve(move |request| match request.uri().query() {
            Some(query) if query.starts_with("orderIds=") && query != named => orders(otherwise),
            _ if request.uri().path().ends_with("exchanges") => answer(200, "[]"),
            _ => orders(&[1, 2]),
        });
        let calibration = calibrate(&client).await;
        assert_eq!(calibration.list_style(), Finding::Only(style));
        let is_default = style == ListStyle::default();
        assert_eq!(calibration.is_well(), is_default, "{calibration}");
        let applied = calibration.apply(client.to_builder()).build().unwrap();
        let found = applied.get_orders().order_ids([1, 2]).send().await.unwrap();
        assert_eq!(found.orders.len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_query_itself_tells_nothing_and_beside_a_refused_signature_all() {
    let escaped = |request: &Request| request.uri().query().is_some_and(|q| q.contains('%'));
    let (_server, client) = serve(move |request| match escaped(request) {
        true => answer(400, ""),
        false if request.uri().path().ends_with("exchanges") => answer(200, "[]"),
        false => orders(&[1, 2]),
    });
    let calibration = calibrate(&client).await;
    assert_eq!(calibration.query_form(), Finding::Unsettled);
    assert!(calibration.is_well());

    let (_server, client) = serve(move |request| match escaped(request) {
        true => answer(401, ""),
        false if request.uri().path().ends_with("exchanges") => answer(200, "[]"),
        false => orders(&[1, 2]),
    });
    let calibration = calibrate(&client).await;
    assert_eq!(calibration.query_form(), Finding::Unsettled);
    assert!(calibration.to_do()[0].starts_with("Keep ids and sub-accounts to"));
}

#[tokio::test(start_paused = true)]
async fn what_is_in_the_way_is_no_verdict_on_the_key() {
    let ways: [fn() -> super::Answer; 4] = [
        || answer(503, ""),
        || answer(403, r#"{"error_code":"DDOS_PROTECTION"}"#),
        || answer(401, r#"{"error_code":"INVALID_TIMESTAMP"}"#),
        || Err(Broken::Reset),
    ];
    for way in ways {
        let (_server, client) = serve(move |_| way());
        let calibration = calibrate(&client).await;
        assert_eq!(calibration.signature_encoding(), Finding::Unsettled);
        assert!(!calibration.is_key_refused() && !calibration.is_well());
        assert!(
            calibration.to_do()[0].starts_with("Try again"),
            "{calibration}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_quotes_what_it_was_sent_is_quoted_without_key_and_signature() {
    let (server, client) = serve(|request| {
        let quoted = |name| request.headers()[name].to_str().unwrap();
        let (key, signature) = (quoted("x-api-key"), quoted("x-sign"));
        answer(401, format!("{key} did not sign {signature}"))
    });
    let calibration = calibrate(&client).await;
    let text = format!("{calibration} {calibration:?}");
    assert!(text.contains("[hidden] did not sign [hidden]"), "{text}");
    for name in ["x-api-key", "x-sign"] {
        let sent = server.headers_of_signed(name);
        assert!(sent.len() == 2 && sent.iter().all(|secret| !text.contains(secret)));
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_server_or_a_key_there_is_no_calibration() {
    let server = Scripted::new(|_, _| Err(Broken::NotConnected));
    let error = server
        .client(|builder| builder)
        .calibrate()
        .await
        .unwrap_err();
    assert!(error.is_connect());
    let nobody = Client::new(Environment::testnet()).unwrap();
    assert!(
        nobody
            .calibrate()
            .await
            .unwrap_err()
            .is_missing_credentials()
    );
}
