//! What exact decimals cost: 1,000 `OrderDetails` decoded as the client decodes them, beside the same structs with `f64`.
//!
//! `cargo bench -p anboto-api --bench decode`
#![allow(
    clippy::expect_used,
    reason = "a benchmark may stop at the first surprise"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use anboto_api::types;
use chrono::{DateTime, Utc};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde::Deserialize;

/// [`types::OrderDetails`] as it would be with floats, and the same in all else.
#[derive(Deserialize)]
#[allow(dead_code, reason = "what counts is that they are decoded")]
struct FloatOrder {
    asset_class: Option<types::AssetCategory>,
    average_price: f64,
    client_order_id: Option<String>,
    #[serde(default, with = "chrono::serde::ts_milliseconds_option")]
    end_time: Option<DateTime<Utc>>,
    exchange: Option<types::TradingExchange>,
    fees_infos: Option<BTreeMap<String, f64>>,
    filled_quantity: f64,
    last_price: f64,
    last_quantity: f64,
    leaves_quantity: f64,
    order_id: Option<i64>,
    side: Option<types::Side>,
    #[serde(default, with = "chrono::serde::ts_milliseconds_option")]
    start_time: Option<DateTime<Utc>>,
    status: Option<types::OrderStatus>,
    strategy: Option<types::ExecutionStrategy>,
    symbol: Option<String>,
    trades: Option<Vec<FloatTrade>>,
}

/// [`types::TradeDetails`] as it would be with floats.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "what counts is that they are decoded")]
struct FloatTrade {
    client_order_id: Option<String>,
    direction: Option<String>,
    exchange_order_id: Option<String>,
    exec_time: Option<i64>,
    fee: Option<f64>,
    fee_currency: Option<String>,
    maker_or_taker: Option<String>,
    price: f64,
    quantity: f64,
    symbol: String,
    #[serde(rename = "trade_id")]
    trade_id: Option<i64>,
}

#[derive(Deserialize)]
struct FloatOrders {
    orders: Vec<FloatOrder>,
}

/// An answer of `getOpenOrders` with this many orders, all different.
fn answer(orders: u32) -> Vec<u8> {
    let mut json = String::from(r#"{"orders":["#);
    for index in 0..orders {
        let separator = if index == 0 { "" } else { "," };
        let _ = write!(
            json,
            r#"{separator}{{"order_id":{id},"client_order_id":"desk-7-{index:08}","symbol":"BTC/USDT:USDT","status":"PARTIALLY_FILLED","filled_quantity":{filled}.{index:04}5,"leaves_quantity":0.{index:04}1,"side":"BUY","last_quantity":0.0125,"last_price":67{index:03}.10,"average_price":67012.34567891,"asset_class":"FUTURE","exchange":"BINANCE","strategy":"TWAP","start_time":1783329083000,"end_time":null}}"#,
            id = 596_990_285_759_373_312_u64 + u64::from(index),
            filled = index % 10,
            index = index % 1000,
        );
    }
    json.push_str("]}");
    json.into_bytes()
}

fn decode(criterion: &mut Criterion) {
    let json = answer(1_000);
    let exact: types::OrderDetailsList =
        serde_json::from_slice(&json).expect("the benchmark's own JSON");
    let float: FloatOrders = serde_json::from_slice(&json).expect("the benchmark's own JSON");
    assert_eq!(exact.orders.len(), float.orders.len());
    let mut group = criterion.benchmark_group("decode 1,000 OrderDetails");
    group.throughput(Throughput::Bytes(json.len() as u64));
    group.bench_function("exact decimals", |bencher| {
        bencher.iter(|| serde_json::from_slice::<types::OrderDetailsList>(&json));
    });
    group.bench_function("f64", |bencher| {
        bencher.iter(|| serde_json::from_slice::<FloatOrders>(&json))
    });
    group.finish();
}

/// The ratio that BENCHMARKS.md quotes: both in turn, round by round, so that it holds when the machine's speed drifts.
fn in_turn(_: &mut Criterion) {
    const ROUNDS: usize = 1_000;
    let json = answer(1_000);
    let time = |work: &dyn Fn()| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e3
    };
    let exact = || {
        drop(black_box(
            serde_json::from_slice::<types::OrderDetailsList>(&json),
        ))
    };
    let float = || drop(black_box(serde_json::from_slice::<FloatOrders>(&json)));
    let rounds: Vec<_> = (0..ROUNDS).map(|_| (time(&exact), time(&float))).collect();
    let median = |of: &dyn Fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[ROUNDS / 2]
    };
    println!(
        "in turn, {ROUNDS} rounds: exact {:.3} ms, f64 {:.3} ms, ratio {:.2} (medians)",
        median(&|(exact, _)| *exact),
        median(&|(_, float)| *float),
        median(&|(exact, float)| exact / float),
    );
}

criterion_group!(benches, decode, in_turn);
criterion_main!(benches);
