//! Orders that are refused at once, each with its code; and the switches about orders.

use anboto_api::Decimal;
use anboto_api::testnet::Testnet;
use anboto_api::types::*;

use super::operations::pair;
use super::{create, decimal, order, paused, place, seconds, twap};

#[tokio::test]
async fn an_order_that_can_not_be_is_rejected_with_the_contracts_code() {
    use ApiErrorCode as Code;
    let (testnet, client) = paused();
    let market = || order("x", ExecutionStrategy::Market);
    let params = OrderParams::builder;
    let now: chrono::DateTime<chrono::Utc> = testnet.time().into();
    let trigger = |price: i64| {
        TriggerInfo::builder()
            .trigger_price(price)
            .trigger_condition(TriggerCondition::Above)
            .build()
            .unwrap()
    };
    let would = |price: i64, pct: i64| {
        let would = WouldInfo::builder().would_price(price).would_pct(pct);
        would.would_style(TradingStyle::Aggressive).build().unwrap()
    };
    let cases = [
        (
            market().exchange(TradingExchange::Kucoin),
            Code::InvalidExchange,
        ),
        (
            market().exchange(TradingExchange::verbatim("NOWHERE")),
            Code::InvalidExchange,
        ),
        (market().symbol("DOGE/USDT"), Code::InvalidSymbol),
        (
            market()
                .asset_category(AssetCategory::Future)
                .symbol("BTC/USDC:USDC"),
            Code::InvalidSymbol,
        ),
        (
            market().asset_category(AssetCategory::verbatim("CFD")),
            Code::InvalidParam,
        ),
        (market().side(Side::verbatim("HOLD")), Code::InvalidParam),
        (
            order("x", ExecutionStrategy::verbatim("SNIPER")),
            Code::InvalidTradeStrategy,
        ),
        (market().quantity(0), Code::InvalidQuantity),
        (market().quantity(-1), Code::InvalidQuantity),
        (
            market().quantity(decimal("0.000001")),
            Code::InvalidQuantity,
        ),
        (market().quantity(decimal("0.00001")), Code::InvalidQuantity),
        (market().quantity(1_001), Code::QuantityExceed),
        (market().quantity(Decimal::MAX), Code::QuantityExceed),
        (market().quantity(100), Code::InsufficientFunds),
        (
            market().side(Side::Sell).quantity(11),
            Code::InsufficientFunds,
        ),
        (
            order("x", ExecutionStrategy::Limit),
            Code::InvalidLimitPrice,
        ),
        (
            market().limit_price(decimal("60000.001")),
            Code::InvalidLimitPrice,
        ),
        (market().limit_price(0), Code::InvalidLimitPrice),
        (market().limit_price(Decimal::MAX), Code::InvalidLimitPrice),
        (order("x", ExecutionStrategy::Twap), Code::InvalidParam),
        (order("x", ExecutionStrategy::Vwap), Code::InvalidParam),
        (
            twap("x").params(params().duration_seconds(seconds(0))),
            Code::InvalidTradeTime,
        ),
        (
            twap("x").params(params().duration_seconds(seconds(u64::MAX))),
            Code::InvalidTradeTime,
        ),
        (
            twap("x").start_time(now + seconds(61 * 86_400)),
            Code::InvalidTradeTime,
        ),
        (twap("x").end_time(now - seconds(1)), Code::InvalidEndTime),
        (
            twap("x").end_time(now + seconds(61 * 86_400)),
            Code::InvalidEndTime,
        ),
        (
            market().clip_size_type(ClipSizeType::Absolute),
            Code::InvalidParam,
        ),
        (
            market()
                .clip_size_type(ClipSizeType::Absolute)
                .clip_size_val(1),
            Code::InvalidParam,
        ),
        (
            market()
                .clip_size_type(ClipSizeType::Percentage)
                .clip_size_val(101),
            Code::InvalidParam,
        ),
        (
            market().params(params().trigger(trigger(0))),
            Code::InvalidTriggerPrice,
        ),
        (
            market().params(params().would(would(0, 50))),
            Code::InvalidWouldPrice,
        ),
        (
            market().params(params().would(would(60_000, 101))),
            Code::InvalidParam,
        ),
        (
            market().params(params().start_ladder_price(60_000)),
            Code::InvalidParam,
        ),
        (
            market().params(params().reduce_only(true)),
            Code::InvalidOrder,
        ),
        (market().subaccount("nobody's"), Code::InvalidParam),
        (market().client_order_id(""), Code::InvalidParam),
        (
            market().client_order_id("x".repeat(200)),
            Code::InvalidParam,
        ),
    ];
    let client = super::unchecked(&client);
    for (case, code) in cases {
        let shown = format!("{case:?}");
        let answer = create(&client, case).await;
        assert_eq!(
            answer.error_code,
            Some(code),
            "{shown}: {:?}",
            answer.message
        );
        assert_eq!(
            (answer.status, answer.order_id),
            (Some(OrderStatus::Rejected), None)
        );
        assert!(answer.message.is_some());
    }
    assert!(testnet.orders().is_empty());
    let balances = client
        .get_balance()
        .exchange(TradingExchange::Binance)
        .send()
        .await
        .unwrap();
    assert!(balances.iter().all(|asset| asset.balance == asset.free));
}

#[tokio::test]
async fn a_pair_that_can_not_be_is_rejected_and_reserves_nothing() {
    let (testnet, client) = paused();
    let legs = pair("x").build().unwrap().legs;
    let one = pair("x").legs([legs[0].clone()]);
    let mut dear = legs.clone();
    dear[1].target_value = 50_000_000.into();
    let mut foreign = legs;
    foreign[0].ccy = "EUR".to_owned();
    for (case, code) in [
        (one, ApiErrorCode::InvalidOrder),
        (pair("x").legs(dear), ApiErrorCode::InsufficientFunds),
        (pair("x").legs(foreign), ApiErrorCode::InvalidParam),
        (
            pair("x").algo(MultiLegsAlgo::verbatim("TRIO")),
            ApiErrorCode::InvalidTradeStrategy,
        ),
    ] {
        let answer = client
            .create_multi_legs_order()
            .body(case)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.error_code, Some(code), "{answer:?}");
    }
    let balances = client
        .get_balance()
        .exchange(TradingExchange::Okx)
        .send()
        .await
        .unwrap();
    assert!(balances.iter().all(|asset| asset.balance == asset.free));
    assert!(testnet.orders().is_empty());
}

#[tokio::test]
async fn a_second_order_with_an_id_is_taken_or_refused_by_choice() {
    let (testnet, client) = paused();
    place(&client, twap("same")).await;
    place(&client, twap("same")).await;
    let found = client
        .get_orders()
        .client_order_ids(["same"])
        .send()
        .await
        .unwrap();
    assert_eq!((found.orders.len(), testnet.orders().len()), (2, 2));
    let newest = found.orders[1].order_id;
    let cancel = CancelUpstreamOrderRequest::builder().client_order_id("same");
    let cancelled = client.cancel_order().body(cancel).send().await.unwrap();
    assert_eq!(cancelled.order_id, newest);

    let strict = Testnet::builder()
        .rules(|rules| rules.duplicate_client_order_ids = false)
        .start()
        .unwrap();
    let client = strict.client().unwrap();
    place(&client, twap("same")).await;
    let refused = create(&client, twap("same")).await;
    assert_eq!(refused.error_code, Some(ApiErrorCode::InvalidOrder));
    assert_eq!(strict.orders().len(), 1);
}

#[tokio::test]
async fn a_batch_that_is_too_large_is_rejected_as_a_whole() {
    let testnet = Testnet::builder()
        .rules(|rules| {
            rules.batch_limit = 2;
            rules.open_orders_limit = 3;
        })
        .paused()
        .start()
        .unwrap();
    let client = testnet.client().unwrap();
    let batch = |count: usize| {
        let orders = (0..count).map(|n| twap(&format!("{n}")).build().unwrap());
        CreateManyParentOrdersRequest::builder().orders(orders)
    };
    let answer = client
        .create_many_orders()
        .body(batch(3))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.orders.len(), 3);
    for (number, order) in answer.orders.iter().enumerate() {
        assert_eq!(order.client_order_id, Some(number.to_string()));
        assert_eq!(order.error_code, Some(ApiErrorCode::BatchOversize));
    }
    assert!(testnet.orders().is_empty());
    let mut codes = Vec::new();
    for _ in 0..2 {
        let answer = client
            .create_many_orders()
            .body(batch(2))
            .send()
            .await
            .unwrap();
        codes.extend(
            answer
                .into_inner()
                .orders
                .into_iter()
                .map(|order| order.error_code),
        );
    }
    assert_eq!(codes, [None, None, None, Some(ApiErrorCode::SystemBusy)]);
}

#[tokio::test]
async fn some_orders_of_a_batch_can_fail() {
    let (testnet, client) = paused();
    let batch = CreateManyParentOrdersRequest::builder().orders([
        twap("good").build().unwrap(),
        twap("bad").quantity(0).build().unwrap(),
    ]);
    let answer = client
        .create_many_orders()
        .body(batch)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.orders[0].error_code, None);
    assert_eq!(
        answer.orders[1].error_code,
        Some(ApiErrorCode::InvalidQuantity)
    );
    assert_eq!(testnet.orders().len(), 1);
}

#[tokio::test]
async fn sub_accounts_have_money_of_their_own() {
    let testnet = Testnet::builder()
        .subaccount("desk")
        .paused()
        .start()
        .unwrap();
    let client = testnet.client().unwrap();
    place(
        &client,
        order("one", ExecutionStrategy::Market).subaccount("desk"),
    )
    .await;
    testnet.advance(seconds(1));
    let bitcoin = async |subaccount: Option<&str>| {
        let mut call = client.get_balance().exchange(TradingExchange::Binance);
        if let Some(name) = subaccount {
            call = call.subaccount(name);
        }
        let balances = call.send().await.unwrap().into_inner();
        balances
            .into_iter()
            .find(|asset| asset.symbol == "BTC")
            .and_then(|asset| asset.balance)
    };
    assert_eq!(bitcoin(None).await, Some(decimal("10")));
    assert_eq!(bitcoin(Some("desk")).await, Some(decimal("10.1")));
    assert_eq!(bitcoin(Some("other")).await, None);
    testnet.deposit(TradingExchange::Binance, "BTC", 5);
    assert_eq!(bitcoin(None).await, Some(decimal("15")));
}
