//! What a guard lets through, and what it stops before anything is sent.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at the first surprise"
)]

mod common;

use std::error::Error as _;

use anboto_api::types::{
    AssetCategory, CancelManyUpstreamOrdersRequest, CancelUpstreamOrderRequest,
    CreateManyParentOrdersRequest, CreateMultiLegsParentOrderRequest, CreateOrderLegRequest,
    ExecutionStrategy, MultiLegsAlgo, OrderParams, Side, TradingExchange, builder,
};
use anboto_api::{Client, Guard, GuardRefusal, ReferencePrices};
use common::{Answer, Server, decimal, described, order};
use insta::assert_snapshot;

/// A server that takes whatever comes, and a client with this guard.
async fn guarded(guard: Guard) -> (Server, Client) {
    let server = Server::answering(Answer::ok(r#"{"created_at":null,"orders":[]}"#)).await;
    let client = server.client_with(|builder| builder.guard(guard));
    (server, client)
}

async fn place(guard: Guard, order: builder::CreateParentOrderRequest) -> Result<(), String> {
    let (server, client) = guarded(guard).await;
    let result = client.create_order().body(order).send().await;
    assert_eq!(server.arrived().len(), usize::from(result.is_ok()));
    result.map(|_| ()).map_err(|error| {
        assert!(error.is_guarded() && !error.is_invalid_request());
        assert!(!error.may_have_been_executed());
        error.to_string()
    })
}

async fn passes(guard: &Guard, order: builder::CreateParentOrderRequest) {
    assert_eq!(place(guard.clone(), order).await, Ok(()));
}

async fn stops(guard: &Guard, order: builder::CreateParentOrderRequest) -> String {
    place(guard.clone(), order).await.expect_err("stopped")
}

fn limited(side: Side, quantity: &str, price: &str) -> builder::CreateParentOrderRequest {
    order()
        .strategy(ExecutionStrategy::Limit)
        .side(side)
        .quantity(decimal(quantity))
        .limit_price(decimal(price))
}

fn prices(of: &[(&str, i64)]) -> ReferencePrices {
    let prices = ReferencePrices::new();
    for (symbol, price) in of {
        prices.set(symbol, *price);
    }
    prices
}

#[tokio::test]
async fn a_client_that_only_reads_changes_nothing() {
    let (server, client) = guarded(Guard::new().read_only()).await;
    let cancel = CancelUpstreamOrderRequest::builder().order_id(42);
    let many = CancelManyUpstreamOrdersRequest::builder().orders([cancel.clone()]);
    let errors = [
        client.create_order().body(order()).send().await.err(),
        client.cancel_order().body(cancel).send().await.err(),
        client.cancel_many().body(many).send().await.err(),
        // A GET that changes something.
        client.cancel_all_open_orders().send().await.err(),
    ];
    for error in errors {
        assert!(error.expect("stopped").is_guarded());
    }
    assert!(server.arrived().is_empty());
    let error = client.cancel_all_open_orders().send().await.unwrap_err();
    assert_snapshot!(described(&error), @"
    cancelAllOpenOrders: not sent: cancelAllOpenOrders changes something; the guard's read_only allows operations that only read
    is guarded
    ");
    client.get_open_orders().send().await.unwrap();
    assert_eq!(server.arrived().len(), 1);
}

#[tokio::test]
async fn cancellations_pass_a_guard_that_lets_no_order_through() {
    let none: [&str; 0] = [];
    let (server, client) = guarded(Guard::new().symbols(none).largest_notional("USDT", 0)).await;
    let error = client.create_order().body(order()).send().await;
    assert_snapshot!(error.unwrap_err(), @r#"createOrder: not sent: symbol: "BTC/USDT:USDT"; the guard's symbols allows none"#);
    let cancel = CancelUpstreamOrderRequest::builder().order_id(42);
    let many = CancelManyUpstreamOrdersRequest::builder().orders([cancel.clone()]);
    client.cancel_order().body(cancel).send().await.unwrap();
    client.cancel_many().body(many).send().await.unwrap();
    client.cancel_all_open_orders().send().await.unwrap();
    assert_eq!(server.arrived().len(), 3);
}

#[tokio::test]
async fn a_list_closes_everything_else() {
    let guard = Guard::new()
        .exchanges([TradingExchange::Okx, TradingExchange::Binance])
        .symbols(["btc/usdt:usdt"])
        .sides([Side::Buy]);
    passes(&guard, order()).await;
    passes(&guard, order().symbol("BTC/USDT:usdt")).await;
    assert_snapshot!(stops(&guard, order().exchange(TradingExchange::Bybit)).await, @r#"createOrder: not sent: exchange: "BYBIT"; the guard's exchanges allows OKX, BINANCE"#);
    assert_snapshot!(stops(&guard, order().symbol("BTCUSDT")).await, @r#"createOrder: not sent: symbol: "BTCUSDT"; the guard's symbols allows btc/usdt:usdt"#);
    assert_snapshot!(stops(&guard, order().side(Side::Sell)).await, @r#"createOrder: not sent: side: "SELL"; the guard's sides allows BUY"#);
}

/// What is asked for by its very text is judged by that text, as the server would read it.
#[tokio::test]
async fn verbatim_values_get_around_nothing() {
    let guard = Guard::new()
        .sides([Side::Buy])
        .exchanges([TradingExchange::Okx]);
    let on = |exchange: &str, side: &str| {
        order()
            .exchange(TradingExchange::verbatim(exchange))
            .side(Side::verbatim(side))
    };
    passes(&guard, on("okx", "buy")).await;
    stops(&guard, on("binance", "buy")).await;
    stops(&guard, on("okx", "sell")).await;
    let guard = Guard::new().largest_notional("USDT", 1_000);
    let market = limited(Side::Buy, "1", "10").strategy(ExecutionStrategy::verbatim("market"));
    stops(&guard, market).await;
}

#[tokio::test]
async fn an_order_is_worth_its_quantity_at_its_limit_price() {
    let guard = Guard::new().largest_notional("USDT", 1_000);
    passes(&guard, limited(Side::Buy, "0.02", "50000")).await;
    assert_snapshot!(stops(&guard, limited(Side::Buy, "0.02", "50000.01")).await, @"createOrder: not sent: quantity: 0.02 at 50000.01 is 1000.0002 USDT; the guard's largest_notional allows 1000 USDT");
    stops(&guard, limited(Side::Buy, "-0.03", "50000")).await;
    assert_snapshot!(stops(&guard, limited(Side::Buy, "79228162514264337593543950335", "10")).await, @"createOrder: not sent: quantity: 79228162514264337593543950335 at 10 is more than can be counted; the guard's largest_notional allows 1000 USDT");
}

#[tokio::test]
async fn an_order_without_a_limit_price_is_worth_its_quantity_at_the_reference_price() {
    let of = prices(&[("BTC/USDT:USDT", 60_000)]);
    let guard = Guard::new()
        .largest_notional("usdt", 1_000)
        .reference_prices(&of);
    passes(&guard, order().quantity(decimal("0.016"))).await;
    assert_snapshot!(stops(&guard, order().quantity(decimal("0.017"))).await, @"createOrder: not sent: quantity: 0.017 at 60000 is 1020 USDT; the guard's largest_notional allows 1000 USDT");
    // The guard sees what its maker sets later.
    of.set("btc/usdt:usdt", 10_000);
    passes(&guard, order().quantity(decimal("0.017"))).await;
    of.set("BTC/USDT:USDT", 0);
    assert_snapshot!(stops(&guard, order()).await, @"createOrder: not sent: quantity: 0.0150 BTC without a price that bounds them, and BTC/USDT:USDT has no reference price; the guard's largest_notional allows 1000 USDT");
    of.set("BTC/USDT:USDT", 10_000);
    passes(&guard, order()).await;
    of.remove("BTC/USDT:USDT");
    stops(&guard, order()).await;
}

/// A sale at 1 USDT or better may trade at 60,000.
#[tokio::test]
async fn a_limit_price_that_bounds_nothing_makes_no_order_small() {
    let of = prices(&[("BTC/USDT:USDT", 60_000)]);
    let guard = Guard::new()
        .largest_notional("USDT", 1_000)
        .reference_prices(&of);
    passes(&guard, limited(Side::Buy, "1", "10")).await;
    stops(&guard, limited(Side::Sell, "1", "10")).await;
    stops(&guard, limited(Side::verbatim("sell"), "1", "10")).await;
    let market = ExecutionStrategy::Market;
    stops(&guard, limited(Side::Buy, "1", "10").strategy(market)).await;
    // Perhaps the server takes it for no limit at all.
    stops(&guard, limited(Side::Buy, "1", "0")).await;
    let ladder = OrderParams::builder()
        .start_ladder_price(10)
        .end_ladder_price(2_000);
    stops(&guard, limited(Side::Buy, "1", "10").params(ladder)).await;
}

#[tokio::test]
async fn a_notional_limit_is_of_its_quote_currency_alone() {
    let guard = Guard::new()
        .largest_notional("USDT", 1_000)
        .largest_notional("BTC", decimal("0.5"));
    passes(&guard, limited(Side::Buy, "10", "0.05").symbol("ETH/BTC")).await;
    stops(&guard, limited(Side::Buy, "11", "0.05").symbol("ETH/BTC")).await;
    assert_snapshot!(stops(&guard, limited(Side::Buy, "1", "1").symbol("ETH/EUR")).await, @"createOrder: not sent: symbol: ETH/EUR is quoted in EUR; the guard's largest_notional allows 0.5 BTC, 1000 USDT");
    assert_snapshot!(stops(&guard, limited(Side::Buy, "1", "1").symbol("BTCUSDT")).await, @"createOrder: not sent: symbol: BTCUSDT does not tell its quote currency; the guard's largest_notional allows 0.5 BTC, 1000 USDT");
}

#[tokio::test]
async fn one_order_of_a_batch_stops_all_of_it() {
    let (server, client) = guarded(Guard::new().sides([Side::Buy])).await;
    let orders = [order(), order(), order().side(Side::Sell)].map(|order| order.build().unwrap());
    let body = CreateManyParentOrdersRequest::builder().orders(orders);
    let error = client.create_many_orders().body(body).send().await;
    let error = error.unwrap_err();
    let refusal = error.source().unwrap().downcast_ref::<GuardRefusal>();
    let refusal = refusal.unwrap();
    assert_eq!(refusal.field(), Some("orders[2].side"));
    assert_eq!(
        (refusal.rule(), refusal.value(), refusal.limit()),
        ("sides", "\"SELL\"", "BUY")
    );
    assert!(server.arrived().is_empty());
}

/// A pair of which the second leg trades so much.
fn pair(value: &str, currency: &str) -> builder::CreateMultiLegsParentOrderRequest {
    let leg = |value: &str, currency: &str| {
        CreateOrderLegRequest::builder()
            .exchange(TradingExchange::Binance)
            .asset_category(AssetCategory::Spot)
            .symbol("BTC/USDT")
            .side(Side::Buy)
            .strategy(ExecutionStrategy::Market)
            .target_value(decimal(value))
            .ccy(currency)
            .build()
            .unwrap()
    };
    CreateMultiLegsParentOrderRequest::builder()
        .algo(MultiLegsAlgo::Pair)
        .legs([leg("1", "USDT"), leg(value, currency)])
}

#[tokio::test]
async fn each_leg_is_worth_its_target_value() {
    let of = prices(&[("BTC/USDT", 60_000)]);
    let guard = Guard::new()
        .largest_notional("USDT", 1_000)
        .reference_prices(&of);
    let (server, client) = guarded(guard).await;
    let place = async |value: &str, currency: &str| {
        let order = pair(value, currency);
        let result = client.create_multi_legs_order().body(order).send().await;
        result.map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(place("1000", "usdt").await, Ok(()));
    assert_eq!(place("0.016", "BTC").await, Ok(()));
    assert_eq!(server.arrived().len(), 2);
    assert_snapshot!(place("1001", "USDT").await.unwrap_err(), @"createMultiLegsOrder: not sent: legs[1].target_value: 1001 at 1 is 1001 USDT; the guard's largest_notional allows 1000 USDT");
    assert_snapshot!(place("0.017", "BTC").await.unwrap_err(), @"createMultiLegsOrder: not sent: legs[1].target_value: 0.017 at 60000 is 1020 USDT; the guard's largest_notional allows 1000 USDT");
    assert_snapshot!(place("5", "USD").await.unwrap_err(), @"createMultiLegsOrder: not sent: legs[1].target_value: 5 USD, and USD/USDT has no reference price; the guard's largest_notional allows 1000 USDT");
    of.set("USD/USDT", 1);
    assert_eq!(place("1000", "USD").await, Ok(()));
    assert!(place("1001", "USD").await.is_err());
    assert_eq!(server.arrived().len(), 3);
}

/// Neither by another guard nor by the settings of the client.
#[tokio::test]
async fn a_guard_is_never_widened() {
    let (server, client) = guarded(Guard::new().sides([Side::Buy])).await;
    let wider = client
        .to_builder()
        .guard(Guard::new().sides([Side::Buy, Side::Sell]))
        .conditional_rules(false)
        .build()
        .unwrap();
    let sale = order().side(Side::Sell);
    let error = wider.create_order().body(sale).send().await.unwrap_err();
    assert!(error.is_guarded() && server.arrived().is_empty());
    wider.create_order().body(order()).send().await.unwrap();
    assert_eq!(server.arrived().len(), 1);
}
