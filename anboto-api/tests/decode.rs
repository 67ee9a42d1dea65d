//! The odd shapes of answers, one by one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    deprecated,
    reason = "a test may stop at the first surprise, and tests what has left the contract"
)]

mod common;

use std::fmt::Debug;

use anboto_api::types::{
    AccountPosition, ApiErrorCode, AssetBalance, AssetCategory, CancelManyUpstreamOrdersRequest,
    CancelUpstreamOrderRequest, CreateParentOrderRequest, Exchange, FundingRate, Instrument,
    OrderDetails, OrderDetailsList, OrderParams, OrderStatus, OrderSummary, OrderSummaryList, Side,
    TradeDetails, TradingExchange,
};
use anboto_api::{Decimal, Error};
use chrono::{DateTime, Utc};
use common::{Answer, Server, decimal};
use insta::assert_snapshot;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn read<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

const ORDER: &str = r#""filled_quantity":0.5,"leaves_quantity":0,"last_quantity":0.25,"last_price":67012.10,"average_price":67000.00"#;

/// An order with these fields besides those that all have.
fn order(fields: &str) -> OrderDetails {
    read(&format!("{{{ORDER}{fields}}}"))
}

/// The error of an answer of `getOpenOrders`.
async fn unreadable(body: &str) -> Error {
    let server = Server::answering(Answer::ok(body)).await;
    let client = server.client();
    client.get_open_orders().send().await.unwrap_err()
}

/// The value that an answer to a call is decoded to.
macro_rules! answered {
    ($call:ident, $answer:expr) => {{
        let server = Server::answering(Answer::new("200 OK", $answer)).await;
        let client = server.client();
        client.$call().send().await
    }};
}

// Texts that are not quite JSON.

#[tokio::test]
async fn status_is_a_printed_java_map_or_what_it_stands_for() {
    for body in [
        "{status=ok, timestamp=1783329083000}",
        "  {timestamp=1783329083000,status = ok }\r\n",
        r#""{status=ok, timestamp=1783329083000}""#,
        r#"{"status":"ok","timestamp":1783329083000}"#,
        r#"{"status":"ok","timestamp":"1783329083000","node":{"id":7}}"#,
        r#""{\"status\":\"ok\",\"timestamp\":1783329083000}""#,
    ] {
        let status = answered!(status, body).unwrap();
        assert_eq!(status.status, "ok", "{body}");
        assert_eq!(status.timestamp, time("2026-07-06T09:11:23Z"), "{body}");
    }
}

#[tokio::test]
async fn a_status_that_makes_no_sense() {
    assert_snapshot!(answered!(status, "OK").unwrap_err(), @"status: the answer is not what the contract says: `OK` is not of the form {key=value, …} (200 OK)");
    assert_snapshot!(answered!(status, "{status}").unwrap_err(), @"status: the answer is not what the contract says: `{status}` has an entry without `=` (200 OK)");
    assert_snapshot!(answered!(status, "{status=ok}").unwrap_err(), @"status: the answer is not what the contract says: missing field `timestamp` (200 OK)");
    assert_snapshot!(answered!(status, "{status=ok, timestamp=noon}").unwrap_err(), @"status: the answer is not what the contract says: timestamp: `noon` is neither an RFC 3339 time nor milliseconds since the Unix epoch (200 OK)");
    assert_snapshot!(answered!(status, b"\xff\xfe").unwrap_err(), @"status: the answer is not what the contract says: a text that is not UTF-8: invalid utf-8 sequence of 1 bytes from index 0 (200 OK)");
}

#[tokio::test]
async fn a_listen_key_is_quoted_or_not_and_never_shown() {
    for body in [
        "head.pay-load_.sign==",
        "\"head.pay-load_.sign==\"",
        " head.pay-load_.sign==\n",
    ] {
        let key = answered!(listen_key, body).unwrap();
        assert_eq!(key.expose(), "head.pay-load_.sign==");
        assert_eq!(format!("{:?}", *key), "ListenKey(…)");
        assert!(!format!("{key:?}").contains("pay-load"));
    }
}

/// A page to sign in at would open no WebSocket.
#[tokio::test]
async fn what_is_no_token_is_no_listen_key() {
    for body in [
        "<html></html>",
        r#"{"message":"later"}"#,
        "try again",
        "\"\"",
        "",
        "===",
    ] {
        let error = answered!(listen_key, body).unwrap_err();
        assert!(error.is_decode(), "{body}");
        assert!(
            body.is_empty() || !error.to_string().contains(body),
            "{error}"
        );
    }
}

#[tokio::test]
async fn cancel_many_answers_in_three_shapes() {
    let one = r#"{"created_at":null,"client_order_id":"a","status":"PENDING_CANCEL"}"#;
    for (body, ids) in [
        (one.to_owned(), vec!["a"]),
        (format!("[{one},{one}]"), vec!["a", "a"]),
        (format!("\n[{one}]"), vec!["a"]),
        (format!("{{\"orders\":[{one}],\"total\":1}}"), vec!["a"]),
        ("[]".to_owned(), vec![]),
    ] {
        let answer = cancel_many(&body).await.unwrap();
        let read: Vec<_> = answer
            .orders
            .iter()
            .filter_map(|order| order.client_order_id.as_deref())
            .collect();
        assert_eq!(read, ids, "{body}");
        assert!(
            answer
                .orders
                .iter()
                .all(|order| order.status == Some(OrderStatus::PendingCancel))
        );
    }
}

#[tokio::test]
async fn an_unreadable_cancel_many_says_where() {
    assert_snapshot!(cancel_many(r#"[{"order_id":1},{"order_id":"x"}]"#).await.unwrap_err(), @r#"cancelMany: the answer is not what the contract says: orders[1].order_id: invalid type: string "x", expected i64 at line 1 column 41 (200 OK, application/json); the server may have carried it out"#);
    assert_snapshot!(cancel_many(r#"{"order_id":"x"}"#).await.unwrap_err(), @r#"cancelMany: the answer is not what the contract says: orders[0].order_id: invalid type: string "x", expected i64 at line 1 column 26 (200 OK, application/json); the server may have carried it out"#);
    assert_snapshot!(cancel_many("cancelled").await.unwrap_err(), @"cancelMany: the answer is not what the contract says: expected value at line 1 column 1 (200 OK, application/json); the server may have carried it out");
}

/// A 200 with something else in it is no cancelled order.
#[tokio::test]
async fn an_object_that_is_no_order_is_no_answer_of_cancel_many() {
    assert_snapshot!(cancel_many(r#"{"error":"down"}"#).await.unwrap_err(), @"cancelMany: the answer is not what the contract says: an object that is no order and holds none (200 OK, application/json); the server may have carried it out");
}

async fn cancel_many(body: &str) -> Result<OrderSummaryList, Error> {
    let server = Server::answering(Answer::ok(body)).await;
    let client = server.client();
    let cancel = CancelUpstreamOrderRequest::builder().order_id(7).build();
    let orders = CancelManyUpstreamOrdersRequest::builder().orders([cancel]);
    Ok(client.cancel_many().body(orders).send().await?.into_inner())
}

// Orders.

#[tokio::test]
async fn a_rejected_order_inside_a_201() {
    let body = r#"{"order_id":null,"client_order_id":null,"created_at":null,"status":"REJECTED","error_code":"INVALID_QUANTITY","message":"too small"}"#;
    let server = Server::answering(Answer::json("201 Created", body)).await;
    let client = server.client();
    let summary = client
        .create_order()
        .body(common::order())
        .send()
        .await
        .unwrap();
    assert_eq!(summary.status(), 201);
    assert_eq!(summary.status, Some(OrderStatus::Rejected));
    assert_eq!(summary.error_code, Some(ApiErrorCode::InvalidQuantity));
    assert_eq!(summary.message.as_deref(), Some("too small"));
    assert_eq!(
        (
            summary.order_id,
            summary.client_order_id.as_deref(),
            summary.created_at
        ),
        (None, None, None)
    );
}

#[test]
fn created_at_is_null_absent_text_or_a_number() {
    let read = |json| read::<OrderSummary>(json).created_at;
    assert_eq!(read(r#"{"created_at":null}"#), None);
    assert_eq!(read("{}"), None);
    let at = Some(time("2026-07-06T09:11:23Z"));
    assert_eq!(read(r#"{"created_at":"2026-07-06T09:11:23Z"}"#), at);
    assert_eq!(read(r#"{"created_at":1783329083000}"#), at);
}

#[test]
fn an_order_without_what_was_once_required() {
    let order = order("");
    assert_eq!(
        (order.status, order.symbol, order.order_id),
        (None, None, None)
    );
}

#[test]
fn an_order_id_beyond_the_integers_of_a_float_is_exact() {
    let id = 596_990_285_759_373_312;
    assert_eq!(
        order(r#","order_id":596990285759373312"#).order_id,
        Some(id)
    );
    assert_eq!(
        order(r#","order_id":596990285759373313"#).order_id,
        Some(id + 1)
    );
    let written = serde_json::to_string(&order(r#","order_id":596990285759373313"#)).unwrap();
    assert!(
        written.contains(r#""order_id":596990285759373313"#),
        "{written}"
    );
}

#[test]
fn unknown_fields_are_ignored() {
    order(r#","allOrNone":true,"children":[{"a":[1e400,{}]}],"":null"#);
}

#[test]
fn unknown_enum_values_cost_nothing_and_come_back() {
    let json = format!(
        r#"{{"orders":[{{{ORDER},"status":"FILLED"}},{{{ORDER},"status":"ON_THE_MOON","side":"","exchange":"Ünknown \"X\"","strategy":"POV"}},{{{ORDER},"status":"ACCEPTED"}}]}}"#
    );
    let list: OrderDetailsList = read(&json);
    let texts: Vec<_> = list
        .orders
        .iter()
        .map(|order| order.status.as_ref().unwrap().as_str())
        .collect();
    assert_eq!(texts, ["FILLED", "ON_THE_MOON", "ACCEPTED"]);
    let odd = &list.orders[1];
    assert!(odd.status.as_ref().unwrap().is_unknown());
    let written: Value = serde_json::to_value(odd).unwrap();
    assert_eq!(written["status"], "ON_THE_MOON");
    assert_eq!(written["side"], "");
    assert_eq!(written["exchange"], "Ünknown \"X\"");
    assert_eq!(
        read::<OrderDetails>(&serde_json::to_string(odd).unwrap()),
        *odd
    );
}

#[test]
fn an_enum_value_that_is_a_number_costs_nothing_either() {
    let order = order(r#","exchange":17,"side":"BUY""#);
    assert_eq!(order.exchange.unwrap().as_str(), "17");
    assert_eq!(order.side, Some(Side::Buy));
}

#[test]
fn enum_values_come_in_any_case() {
    let order = order(r#","exchange":"binance","side":"Buy","status":"partially_filled""#);
    assert_eq!(order.exchange, Some(TradingExchange::Binance));
    assert_eq!(order.side, Some(Side::Buy));
    assert_eq!(order.status, Some(OrderStatus::PartiallyFilled));
    assert_eq!(serde_json::to_value(&order).unwrap()["exchange"], "BINANCE");
}

#[test]
fn values_that_left_the_contract_decode_and_encode() {
    fn both_ways<T: DeserializeOwned + serde::Serialize + PartialEq + Debug>(text: &str, value: T) {
        assert_eq!(serde_json::to_value(&value).unwrap(), text);
        assert_eq!(serde_json::from_value::<T>(json!(text)).unwrap(), value);
        assert_eq!(
            serde_json::from_value::<T>(json!(text.to_lowercase())).unwrap(),
            value
        );
    }
    both_ways("SHORT_SELL", Side::ShortSell);
    both_ways("OPTION", AssetCategory::Option);
    both_ways("KRAKEN", TradingExchange::Kraken);
    both_ways("KRAKEN", Exchange::Kraken);
}

// Decimals.

/// The number as it comes out after it went in as this JSON.
fn through(json: &str) -> Result<String, String> {
    let body = format!(r#"{{"symbol":"BTC/USDT","quantity":{json},"price":1}}"#);
    let trade: TradeDetails = serde_json::from_str(&body).map_err(|error| error.to_string())?;
    let written = serde_json::to_string(&trade).unwrap();
    let (_, rest) = written.split_once(r#""quantity":"#).unwrap();
    Ok(rest.split([',', '}']).next().unwrap().to_owned())
}

#[test]
fn decimals_keep_every_digit() {
    for (json, out) in [
        ("0.015", "0.015"),
        ("\"0.015\"", "0.015"),
        ("0.1500", "0.1500"),
        ("\"0.1500\"", "0.1500"),
        ("67012.10", "67012.10"),
        ("-0.5", "-0.5"),
        ("0", "0"),
        ("0.00", "0.00"),
        ("1E-7", "0.0000001"),
        ("1.5e3", "1500"),
        ("\"1e2\"", "100"),
        ("0.3", "0.3"),
        ("9007199254740993", "9007199254740993"),
        (
            "0.1234567890123456789012345678",
            "0.1234567890123456789012345678",
        ),
        (
            "7.922816251426433759354395033",
            "7.922816251426433759354395033",
        ),
        (
            "79228162514264337593543950335",
            "79228162514264337593543950335",
        ),
        ("\"\\u0031.5\"", "1.5"),
    ] {
        assert_eq!(through(json).as_deref(), Ok(out), "{json}");
    }
}

#[test]
fn what_is_no_decimal_is_refused() {
    for json in [
        "true",
        "null",
        "{}",
        "[]",
        "\"\"",
        "\" 1\"",
        "\"NaN\"",
        "\"1_000\"",
        "\"0x10\"",
        "\"1,5\"",
    ] {
        assert!(through(json).is_err(), "{json}");
    }
}

#[tokio::test]
async fn a_decimal_that_does_not_fit_names_its_field() {
    let orders = |price: &str| {
        let good = format!("{{{ORDER}}}");
        let bad = good.replace("67000.00", price);
        format!(r#"{{"orders":[{good},{good},{good},{bad}]}}"#)
    };
    let error = unreadable(&orders("0.12345678901234567890123456789")).await;
    assert_snapshot!(error, @"getOpenOrders: the answer is not what the contract says: orders[3].average_price: `0.12345678901234567890123456789` does not fit a decimal of 28 digits without loss at line 1 column 481 (200 OK, application/json)");
    assert_snapshot!(unreadable(&orders("1e400")).await, @"getOpenOrders: the answer is not what the contract says: orders[3].average_price: `1e400` does not fit a decimal of 28 digits without loss at line 1 column 455 (200 OK, application/json)");
    assert_snapshot!(unreadable(&orders("\"a lot\"")).await, @"getOpenOrders: the answer is not what the contract says: orders[3].average_price: `a lot` is not a decimal number at line 1 column 457 (200 OK, application/json)");
    assert_snapshot!(unreadable(&orders("null")).await, @"getOpenOrders: the answer is not what the contract says: orders[3].average_price: `null` is not a decimal number at line 1 column 454 (200 OK, application/json)");
}

#[test]
fn decimals_stand_as_text_where_the_contract_says_text() {
    let json = r#"{"symbol":"BTC","balance":"1.50","free":0.70,"timestamp":1783329083000}"#;
    let balance: AssetBalance = read(json);
    assert_eq!(
        (balance.balance, balance.free),
        (Some(decimal("1.50")), Some(decimal("0.70")))
    );
    let written = serde_json::to_string(&balance).unwrap();
    assert_eq!(
        written,
        r#"{"balance":"1.50","free":"0.70","symbol":"BTC","timestamp":1783329083000}"#
    );
}

#[test]
fn decimals_in_a_map_are_exact() {
    let order = order(r#","fees_infos":{"USDT":0.10,"BNB":"1e-8"}"#);
    let written = serde_json::to_string(&order).unwrap();
    assert!(
        written.contains(r#""fees_infos":{"BNB":0.00000001,"USDT":0.10}"#),
        "{written}"
    );
}

#[test]
fn the_smallest_and_the_largest_decimal_go_out_without_an_exponent() {
    for value in [
        Decimal::MAX,
        Decimal::MIN,
        Decimal::new(1, 28),
        Decimal::new(-1, 28),
        Decimal::ZERO,
    ] {
        let request: CreateParentOrderRequest = common::order().quantity(value).build().unwrap();
        let written = serde_json::to_value(&request).unwrap();
        let text = written["quantity"].as_str().unwrap();
        assert!(!text.contains(['e', 'E']), "{text}");
        assert_eq!(text.parse(), Ok(value));
    }
}

/// A limit of serde, which the documentation of the crate states: its buffers keep no text of a number.
#[test]
fn decimals_are_not_read_out_of_serdes_own_buffers() {
    #[derive(serde::Deserialize)]
    #[serde(tag = "kind")]
    enum Note {
        #[allow(dead_code, reason = "it is not decoded")]
        Order(OrderDetails),
    }
    let json = format!(r#"{{"kind":"Order",{ORDER}}}"#);
    assert!(serde_json::from_str::<Note>(&json).is_err());
}

// Times and durations.

#[test]
fn times_are_text_or_milliseconds_with_and_without_a_zone() {
    let read = |json: &str| {
        let json = format!(
            r#"{{"exchange":"okx","symbol":"BTC/USDT","rate":0.0001,"nextTime":{json},"time":{json}}}"#
        );
        serde_json::from_str::<FundingRate>(&json).map(|rate| rate.time)
    };
    let at = time("2026-07-06T09:11:00Z");
    for json in [
        "\"2026-07-06T09:11:00Z\"",
        "\"2026-07-06T09:11:00.000Z\"",
        "\"2026-07-06T11:11:00+02:00\"",
        "\"2026-07-06T09:11:00.000+0000\"",
        "\"2026-07-06T09:11:00\"",
        "\"2026-07-06 09:11:00\"",
        "\"2026-07-06T09:11\"",
        "\"2026-07-06T09:11Z\"",
        "1783329060000",
        "\"1783329060000\"",
        "1.78332906E12",
    ] {
        assert_eq!(read(json).ok(), Some(at), "{json}");
    }
    assert_eq!(
        read("1783329060123").unwrap().timestamp_subsec_millis(),
        123
    );
    for json in [
        "\"\"",
        "\"noon\"",
        "\"2026-07-06\"",
        "0.5",
        "1e300",
        "18446744073709551615",
        "null",
        "true",
    ] {
        assert!(read(json).is_err(), "{json}");
    }
}

#[test]
fn times_of_orders_are_milliseconds_and_of_positions_too() {
    let order = order(r#","start_time":1783329083000,"end_time":null"#);
    assert_eq!(
        (order.start_time, order.end_time),
        (Some(time("2026-07-06T09:11:23Z")), None)
    );
    let json = r#"{"symbol":"BTC/USDT:USDT","timestamp":1783329083000,"side":"long","unrealizedPnl":"-1.20"}"#;
    let position: AccountPosition = read(json);
    assert_eq!(position.timestamp, time("2026-07-06T09:11:23Z"));
    assert_eq!(position.unrealized_pnl, Some(decimal("-1.20")));
}

#[test]
fn a_duration_is_text_or_a_number_of_seconds() {
    let read = |json: &str| {
        let json = format!(r#"{{"duration_seconds":{json}}}"#);
        serde_json::from_str::<OrderParams>(&json)
    };
    for json in ["600", "\"600\""] {
        let params = read(json).unwrap();
        assert_eq!(params.duration_seconds.unwrap().as_secs(), 600);
        assert_eq!(
            serde_json::to_string(&params).unwrap(),
            r#"{"duration_seconds":"600"}"#
        );
    }
    for json in ["-1", "1.5", "\"1.5\"", "\"\"", "\"-1\"", "[]"] {
        assert!(read(json).is_err(), "{json}");
    }
    assert_eq!(read("null").unwrap().duration_seconds, None);
}

// Market data.

#[test]
fn an_instrument() {
    let json = r#"{"symbol":"BTC/USDT:USDT","exchange":"Binance","baseAsset":"BTC","quoteAsset":"USDT","assetClass":"FUTURE","exchangeSymbol":"BTCUSDT","exchangeAssetClass":"swap","enabled":true,"timestamp":"2026-07-06T09:11:23.456Z","pricePrecision":1,"contractSize":1,"minQuantityLimit":0.001,"maxCostLimit":null}"#;
    let instrument: Instrument = read(json);
    assert_eq!(instrument.exchange, Exchange::Binance);
    assert_eq!(instrument.min_quantity_limit, Some(decimal("0.001")));
    assert_eq!(instrument.max_cost_limit, None);
    let written = serde_json::to_value(&instrument).unwrap();
    assert_eq!(written["timestamp"], "2026-07-06T09:11:23.456Z");
}
