//! Orders held against the instruments that a client has loaded.

use anboto_api::operations;
use anboto_api::testnet::Testnet;
use anboto_api::types::*;
use anboto_api::{Client, Error};

use super::{decimal, order, paused};

/// A client that has loaded the testnet's instruments.
async fn loaded() -> (Testnet, Client) {
    let (testnet, client) = paused();
    // Three assets, spot and perpetual, on three exchanges, and the delisted one.
    assert_eq!(client.load_instruments().await.unwrap(), 19);
    (testnet, client)
}

/// What is said to an order that does not reach the server.
async fn refused(
    testnet: &Testnet,
    client: &Client,
    order: builder::CreateParentOrderRequest,
) -> String {
    let error = client.create_order().body(order).send().await.unwrap_err();
    not_sent(testnet, &operations::CREATE_ORDER, error)
}

fn not_sent(testnet: &Testnet, operation: &'static anboto_api::Operation, error: Error) -> String {
    assert!(error.is_invalid_request(), "{error}");
    assert!(testnet.requests_of(operation).is_empty());
    let text = error.to_string();
    let said = text.split_once(": not sent: ").unwrap().1;
    said.to_owned()
}

fn limited(quantity: &str, price: &str) -> builder::CreateParentOrderRequest {
    order("limit", ExecutionStrategy::Limit)
        .quantity(decimal(quantity))
        .limit_price(decimal(price))
}

#[tokio::test]
async fn a_quantity_keeps_to_the_decimal_places_of_its_instrument() {
    let (testnet, client) = loaded().await;
    let market =
        |quantity: &str| order("one", ExecutionStrategy::Market).quantity(decimal(quantity));
    assert_eq!(
        refused(&testnet, &client, market("0.100001")).await,
        "quantity: 0.100001 has more than 5 decimal places, the limit of BTC/USDT on BINANCE"
    );
    let sol = market("1.005").symbol("SOL/USDT");
    assert_eq!(
        refused(&testnet, &client, sol).await,
        "quantity: 1.005 has more than 2 decimal places, the limit of SOL/USDT on BINANCE"
    );
    super::place(&client, market("0.10001")).await;
    // Zeros at the end are no decimal places.
    super::place(&client, market("0.1000100000000000000")).await;
}

#[tokio::test]
async fn a_quantity_keeps_to_its_limits() {
    let (testnet, client) = loaded().await;
    let market =
        |quantity: &str| order("one", ExecutionStrategy::Market).quantity(decimal(quantity));
    assert_eq!(
        refused(&testnet, &client, market("0")).await,
        "quantity: a quantity of 0 is below 0.00001 BTC, the limit of BTC/USDT on BINANCE"
    );
    assert_eq!(
        refused(&testnet, &client, market("1000.00001")).await,
        "quantity: a quantity of 1000.00001 is above 1000 BTC, the limit of BTC/USDT on BINANCE"
    );
}

#[tokio::test]
async fn every_price_keeps_to_precision_and_limits() {
    let (testnet, client) = loaded().await;
    assert_eq!(
        refused(&testnet, &client, limited("0.1", "64000.001")).await,
        "limit_price: 64000.001 has more than 2 decimal places, the limit of BTC/USDT on BINANCE"
    );
    assert_eq!(
        refused(&testnet, &client, limited("0.1", "6399.99")).await,
        "limit_price: a price of 6399.99 is below 6400 USDT, the limit of BTC/USDT on BINANCE"
    );
    assert_eq!(
        refused(&testnet, &client, limited("0.1", "640000.01")).await,
        "limit_price: a price of 640000.01 is above 640000 USDT, the limit of BTC/USDT on BINANCE"
    );
    let trigger = |price: &str| {
        TriggerInfo::builder()
            .trigger_price(decimal(price))
            .trigger_condition(TriggerCondition::Above)
            .build()
            .unwrap()
    };
    let would = |price: &str| {
        WouldInfo::builder()
            .would_price(decimal(price))
            .would_pct(50)
            .would_style(TradingStyle::Hybrid)
            .build()
            .unwrap()
    };
    let price = "64000.001";
    for (field, params) in [
        (
            "trigger.trigger_price",
            OrderParams::builder().trigger(trigger(price)),
        ),
        (
            "would.would_price",
            OrderParams::builder().would(would(price)),
        ),
        (
            "start_ladder_price",
            OrderParams::builder().start_ladder_price(decimal(price)),
        ),
        (
            "end_ladder_price",
            OrderParams::builder().end_ladder_price(decimal(price)),
        ),
    ] {
        let said = refused(&testnet, &client, limited("0.1", "64000").params(params)).await;
        assert!(
            said.starts_with(&format!("params.{field}: {price} has more than 2")),
            "{said}"
        );
    }
    super::place(&client, limited("0.1", "64000.010")).await;
}

#[tokio::test]
async fn a_cost_is_refused_where_the_limit_price_tells() {
    let (testnet, client) = loaded().await;
    let small = |strategy| limited("0.00007", "64000").strategy(strategy);
    let said = "quantity: a cost of 4.48 is below 5 USDT, the limit of BTC/USDT on BINANCE";
    let limit = ExecutionStrategy::Limit;
    assert_eq!(refused(&testnet, &client, small(limit.clone())).await, said);
    assert_eq!(
        refused(&testnet, &client, small(ExecutionStrategy::Pov)).await,
        said
    );
    assert_eq!(
        refused(&testnet, &client, small(limit).side(Side::Sell)).await,
        said
    );
    // A sale may fetch more than its limit price, and a market order follows none.
    let cheap = limited("0.0001", "6400").strategy(ExecutionStrategy::Pov);
    super::place(&client, cheap.side(Side::Sell)).await;
    let market = limited("0.0001", "6400").strategy(ExecutionStrategy::Market);
    super::place(&client, market).await;
}

#[tokio::test]
async fn what_is_not_traded_is_refused() {
    let (testnet, client) = loaded().await;
    let one = || order("one", ExecutionStrategy::Market);
    assert_eq!(
        refused(&testnet, &client, one().symbol("LUNA/USDT")).await,
        "symbol: LUNA/USDT is not enabled on BINANCE"
    );
    assert_eq!(
        refused(&testnet, &client, one().symbol("DOGE/USDT")).await,
        "symbol: BINANCE has no SPOT instrument \"DOGE/USDT\""
    );
    let future = one().asset_category(AssetCategory::Future);
    assert_eq!(
        refused(&testnet, &client, future).await,
        "symbol: BINANCE has no FUTURE instrument \"BTC/USDT\""
    );
}

#[tokio::test]
async fn an_exchange_without_instruments_is_left_to_the_server() {
    let (testnet, client) = loaded().await;
    let elsewhere = order("one", ExecutionStrategy::Market).exchange(TradingExchange::Kucoin);
    let rejected = super::create(&client, elsewhere).await;
    assert_eq!(rejected.error_code, Some(ApiErrorCode::InvalidExchange));
    assert_eq!(testnet.requests_of(&operations::CREATE_ORDER).len(), 1);
}

#[tokio::test]
async fn a_symbol_is_found_as_the_exchange_writes_it() {
    let (_testnet, client) = loaded().await;
    let one = || order("one", ExecutionStrategy::Market).symbol("btcusdt");
    super::place(&client, one()).await;
    super::place(&client, one().asset_category(AssetCategory::Future)).await;
    let error = client
        .create_order()
        .body(one().quantity(decimal("0.100001")))
        .send()
        .await
        .unwrap_err();
    assert!(error.is_invalid_request(), "{error}");
}

#[tokio::test]
async fn each_leg_keeps_to_its_instrument() {
    let (testnet, client) = loaded().await;
    let leg = |value: &str, currency: &str| {
        CreateOrderLegRequest::builder()
            .exchange(TradingExchange::Okx)
            .asset_category(AssetCategory::Spot)
            .symbol("ETH/USDT")
            .side(Side::Buy)
            .strategy(ExecutionStrategy::Market)
            .target_value(decimal(value))
            .ccy(currency)
            .build()
            .unwrap()
    };
    let place = async |value: &str, currency: &str| {
        let order = CreateMultiLegsParentOrderRequest::builder()
            .algo(MultiLegsAlgo::Pair)
            .legs([leg("100", "USDT"), leg(value, currency)]);
        client.create_multi_legs_order().body(order).send().await
    };
    for (value, currency, said) in [
        (
            "4.99",
            "USDT",
            "a cost of 4.99 is below 5 USDT, the limit of ETH/USDT on OKX",
        ),
        (
            "10001",
            "ETH",
            "a quantity of 10001 is above 10000 ETH, the limit of ETH/USDT on OKX",
        ),
    ] {
        let error = place(value, currency).await.unwrap_err();
        let operation = &operations::CREATE_MULTI_LEGS_ORDER;
        let expected = format!("legs[1].target_value: {said}");
        assert_eq!(not_sent(&testnet, operation, error), expected);
    }
    // What the server rounds is not refused for its decimal places.
    let placed = place("0.0123456", "ETH").await.unwrap();
    assert_eq!(placed.error_code, None);
}

#[tokio::test]
async fn clones_share_what_was_loaded() {
    let (testnet, client) = paused();
    let clone = client.clone();
    let wrong = || order("one", ExecutionStrategy::Market).quantity(decimal("0.100001"));
    let before = super::create(&clone, wrong()).await;
    assert_eq!(before.error_code, Some(ApiErrorCode::InvalidQuantity));
    client.load_instruments().await.unwrap();
    let error = clone.create_order().body(wrong()).send().await.unwrap_err();
    assert!(error.is_invalid_request());
    assert_eq!(testnet.requests_of(&operations::CREATE_ORDER).len(), 1);
}

#[tokio::test]
async fn a_load_that_fails_changes_nothing() {
    let (testnet, client) = loaded().await;
    testnet
        .faults()
        .of(&operations::INSTRUMENTS)
        .answer(anboto_api::testnet::CannedAnswer::new(401));
    assert!(
        client
            .load_instruments()
            .await
            .unwrap_err()
            .is_unauthorized()
    );
    let wrong = order("one", ExecutionStrategy::Market).quantity(decimal("0.100001"));
    refused(&testnet, &client, wrong).await;
}

/// Near the market, where a price says the same of a cost as the market does.
#[tokio::test]
async fn what_is_refused_here_the_server_refuses_too() {
    let (testnet, loaded) = loaded().await;
    let plain = testnet.client().unwrap();
    let quantities = [
        "0", "0.00001", "0.00007", "0.00009", "0.1", "0.100001", "1000.1",
    ];
    let prices = [
        None,
        Some("60000"),
        Some("64000.01"),
        Some("64000.001"),
        Some("1"),
        Some("640001"),
    ];
    let strategies = [
        ExecutionStrategy::Limit,
        ExecutionStrategy::Market,
        ExecutionStrategy::Pov,
    ];
    let (mut refused, mut taken) = (0, 0);
    for quantity in quantities {
        for price in prices {
            for strategy in &strategies {
                for side in [Side::Buy, Side::Sell] {
                    let one = || {
                        let one = order("one", strategy.clone())
                            .side(side.clone())
                            .quantity(decimal(quantity));
                        match price {
                            Some(price) => one.limit_price(decimal(price)),
                            None => one,
                        }
                    };
                    let result = loaded.create_order().body(one()).send().await;
                    if result.is_err_and(|error| error.is_invalid_request()) {
                        refused += 1;
                        let answer = super::create(&plain, one()).await;
                        assert!(answer.error_code.is_some(), "{:?}", one());
                    } else {
                        taken += 1;
                    }
                }
            }
        }
    }
    assert!(refused > 50 && taken > 50, "{refused} and {taken}");
}
