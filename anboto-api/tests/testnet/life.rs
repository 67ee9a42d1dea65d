//! How an order lives: every state, and the strategies' ways.

use anboto_api::testnet::Testnet;
use anboto_api::types::*;
use anboto_api::{Client, Decimal};

use super::operations::pair;
use super::{create, decimal, look, order, paused, place, seconds, status, twap};

async fn cancel(client: &Client, id: i64) -> OrderSummary {
    let body = CancelUpstreamOrderRequest::builder().order_id(id);
    client
        .cancel_order()
        .body(body)
        .send()
        .await
        .unwrap()
        .into_inner()
}

fn limit(id: &str, price: i64) -> builder::CreateParentOrderRequest {
    order(id, ExecutionStrategy::Limit).limit_price(price)
}

#[tokio::test]
async fn from_new_over_accepted_and_partially_filled_to_filled() {
    let (testnet, client) = paused();
    let id = place(&client, twap("one")).await;
    let mut seen = vec![status(&client, id).await];
    for _ in 0..700 {
        testnet.advance(super::Duration::from_millis(100));
        let now = status(&client, id).await;
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    // The first slice trades with the acceptance, so ACCEPTED is passed through at once.
    assert_eq!(
        seen,
        [
            OrderStatus::PendingNew,
            OrderStatus::PartiallyFilled,
            OrderStatus::Filled
        ]
    );

    let later = place(&client, limit("two", 20_000)).await;
    testnet.advance(seconds(1));
    assert_eq!(status(&client, later).await, OrderStatus::Accepted);
}

#[tokio::test]
async fn a_cancellation_is_pending_and_then_done_and_may_be_asked_for_again() {
    let (testnet, client) = paused();
    let id = place(&client, twap("one")).await;
    testnet.advance(seconds(20));
    assert_eq!(
        cancel(&client, id).await.status,
        Some(OrderStatus::PendingCancel)
    );
    assert_eq!(status(&client, id).await, OrderStatus::PendingCancel);
    assert_eq!(
        cancel(&client, id).await.status,
        Some(OrderStatus::PendingCancel)
    );
    testnet.advance(seconds(1));
    let order = look(&client, id).await;
    assert_eq!(order.status, Some(OrderStatus::Cancelled));
    assert!(order.filled_quantity > Decimal::ZERO);
    assert_eq!(order.leaves_quantity, Decimal::ZERO);
    assert!(order.end_time > order.start_time);
    let again = cancel(&client, id).await;
    assert_eq!(
        (again.status, again.error_code),
        (Some(OrderStatus::Cancelled), None)
    );
}

#[tokio::test]
async fn an_order_that_is_not_accepted_yet_can_be_cancelled() {
    let (testnet, client) = paused();
    let id = place(&client, twap("one")).await;
    cancel(&client, id).await;
    testnet.advance(seconds(1));
    assert_eq!(status(&client, id).await, OrderStatus::Cancelled);
}

#[tokio::test]
async fn what_has_ended_or_never_was_can_not_be_cancelled() {
    let (testnet, client) = paused();
    let id = place(&client, order("one", ExecutionStrategy::Market)).await;
    testnet.advance(seconds(1));
    let refused = cancel(&client, id).await;
    assert_eq!(refused.status, Some(OrderStatus::CancelRejected));
    assert_eq!(
        refused.error_code,
        Some(ApiErrorCode::ParentOrderWasTerminated)
    );
    assert_eq!(status(&client, id).await, OrderStatus::Filled);
    assert_eq!(
        cancel(&client, 1).await.error_code,
        Some(ApiErrorCode::InvalidOrder)
    );
    let unnamed = super::unchecked(&client)
        .cancel_order()
        .body(CancelUpstreamOrderRequest::builder())
        .send()
        .await
        .unwrap();
    assert_eq!(unnamed.error_code, Some(ApiErrorCode::InvalidRequest));
}

#[tokio::test]
async fn an_order_can_still_fill_while_its_cancellation_is_pending() {
    let (testnet, client) = paused();
    let id = place(&client, order("one", ExecutionStrategy::Market)).await;
    // Two of its three parts.
    testnet.advance(super::Duration::from_millis(420));
    assert_eq!(status(&client, id).await, OrderStatus::PartiallyFilled);
    cancel(&client, id).await;
    testnet.advance(seconds(1));
    assert_eq!(status(&client, id).await, OrderStatus::Filled);
}

#[tokio::test]
async fn the_exchange_rejects_what_it_no_longer_lists() {
    let (testnet, client) = paused();
    let id = place(
        &client,
        order("one", ExecutionStrategy::Market)
            .symbol("LUNA/USDT")
            .quantity(10),
    )
    .await;
    testnet.advance(seconds(1));
    assert_eq!(status(&client, id).await, OrderStatus::Rejected);
    let usdt = client
        .get_balance()
        .exchange(TradingExchange::Binance)
        .send()
        .await
        .unwrap();
    assert!(
        usdt.iter().all(|asset| asset.balance == asset.free),
        "nothing stays reserved"
    );
}

#[tokio::test]
async fn what_does_not_fill_in_time_expires() {
    let (testnet, client) = paused();
    let end = chrono(&testnet) + seconds(30);
    let resting = place(&client, limit("one", 20_000).end_time(end)).await;
    let slow = place(&client, twap("two").limit_price(20_000)).await;
    testnet.advance(seconds(29));
    assert_eq!(status(&client, resting).await, OrderStatus::Accepted);
    testnet.advance(seconds(2));
    assert_eq!(status(&client, resting).await, OrderStatus::Expired);
    testnet.advance(seconds(60));
    assert_eq!(status(&client, slow).await, OrderStatus::Expired);
}

fn chrono(testnet: &Testnet) -> chrono::DateTime<chrono::Utc> {
    testnet.time().into()
}

#[tokio::test]
async fn every_strategy_fills_its_quantity_and_not_more() {
    let (testnet, client) = paused();
    testnet.deposit(TradingExchange::Binance, "USDT", 1_000_000);
    let mut ids = Vec::new();
    for (strategy, length) in [
        (ExecutionStrategy::Twap, Some(600)),
        (ExecutionStrategy::Vwap, Some(600)),
        (ExecutionStrategy::Is, None),
        (ExecutionStrategy::Is, Some(300)),
        (ExecutionStrategy::Pov, None),
        (ExecutionStrategy::Iceberg, None),
        (ExecutionStrategy::Market, None),
    ] {
        let mut params = OrderParams::builder()
            .randomize_amount(true)
            .urgency(Urgency::High);
        if let Some(length) = length {
            params = params.duration_seconds(seconds(length));
        }
        ids.push(place(&client, order("x", strategy).quantity(2).params(params)).await);
    }
    ids.push(place(&client, limit("y", 100_000).quantity(2)).await);
    testnet.advance(seconds(3_600));
    for id in ids {
        let order = look(&client, id).await;
        assert_eq!(order.status, Some(OrderStatus::Filled), "{order:?}");
        assert_eq!(order.filled_quantity, decimal("2"));
        let trades = order.trades.unwrap();
        assert!(trades.len() >= 2, "{:?}: {}", order.strategy, trades.len());
        let cost: Decimal = trades
            .iter()
            .map(|trade| trade.price * trade.quantity)
            .sum();
        assert!((cost / decimal("2") - order.average_price).abs() < decimal("0.001"));
        let fees: Decimal = trades.iter().filter_map(|trade| trade.fee).sum();
        assert_eq!(order.fees_infos.unwrap()["USDT"], fees);
    }
}

#[tokio::test]
async fn limits_triggers_ladders_and_clips_are_kept_to() {
    let (testnet, client) = paused();
    let market = place(&client, order("market", ExecutionStrategy::Market)).await;
    testnet.advance(seconds(1));
    let price = look(&client, market).await.average_price.round_dp(0);

    let trigger = TriggerInfo::builder()
        .trigger_price((price * decimal("1.004")).round_dp(2))
        .trigger_condition(TriggerCondition::Above);
    let triggered = place(
        &client,
        order("triggered", ExecutionStrategy::Market)
            .params(OrderParams::builder().trigger(trigger.build().unwrap())),
    )
    .await;
    let below = price * decimal("0.996");
    let resting = place(
        &client,
        order("resting", ExecutionStrategy::Limit).limit_price(below.round_dp(2)),
    )
    .await;
    let ladder = OrderParams::builder()
        .start_ladder_price((price * decimal("0.999")).round_dp(2))
        .end_ladder_price((price * decimal("0.99")).round_dp(2));
    let ladder = place(
        &client,
        order("ladder", ExecutionStrategy::Iceberg).params(ladder),
    )
    .await;
    let clips = place(
        &client,
        order("clips", ExecutionStrategy::Iceberg)
            .clip_size_type(ClipSizeType::Absolute)
            .clip_size_val(decimal("0.02")),
    )
    .await;
    testnet.advance(seconds(2 * 86_400));

    let triggered = look(&client, triggered).await;
    assert_eq!(triggered.status, Some(OrderStatus::Filled));
    assert!(triggered.trades.unwrap()[0].price >= price * decimal("1.003"));
    let resting = look(&client, resting).await;
    assert_eq!(resting.status, Some(OrderStatus::Filled));
    for trade in resting.trades.unwrap() {
        assert!(trade.price <= below);
        assert_eq!(trade.maker_or_taker.as_deref(), Some("MAKER"));
    }
    let ladder = look(&client, ladder).await.trades.unwrap();
    assert_eq!(ladder.len(), 10);
    for (rung, trade) in ladder.iter().enumerate() {
        let rung = price * (decimal("0.999") - decimal("0.001") * Decimal::from(rung));
        assert!(trade.price <= rung + decimal("0.01"), "{trade:?}");
    }
    assert!(
        ladder
            .windows(2)
            .all(|pair| pair[0].exec_time < pair[1].exec_time)
    );
    assert_eq!(look(&client, clips).await.trades.unwrap().len(), 5);
}

#[tokio::test]
async fn a_pair_trades_both_its_legs() {
    let (testnet, client) = paused();
    let placed = client
        .create_multi_legs_order()
        .body(pair("pair"))
        .send()
        .await
        .unwrap();
    let id = placed.order_id.unwrap();
    testnet.advance(seconds(20));
    let half = look(&client, id).await;
    assert_eq!(half.status, Some(OrderStatus::PartiallyFilled));
    assert_eq!(
        half.filled_quantity + half.leaves_quantity,
        decimal("20000")
    );
    testnet.advance(seconds(60));
    let whole = look(&client, id).await;
    assert_eq!(whole.status, Some(OrderStatus::Filled));
    assert_eq!(whole.filled_quantity, decimal("20000"));
    assert_eq!((whole.symbol, whole.side), (None, None));
    assert_eq!(whole.exchange, Some(TradingExchange::Okx));
    let trades = whole.trades.unwrap();
    for (symbol, direction) in [("BTC/USDT", "BUY"), ("BTC/USDT:USDT", "SELL")] {
        let legs: Vec<_> = trades
            .iter()
            .filter(|trade| trade.symbol == symbol)
            .collect();
        assert_eq!(legs.len(), 12);
        assert!(
            legs.iter()
                .all(|trade| trade.direction.as_deref() == Some(direction))
        );
    }
}

#[tokio::test]
async fn a_position_is_opened_reduced_and_closed() {
    let (testnet, client) = paused();
    let future = |id, side, quantity: &str, reduce| {
        order(id, ExecutionStrategy::Market)
            .symbol("BTC/USDT:USDT")
            .asset_category(AssetCategory::Future)
            .side(side)
            .quantity(decimal(quantity))
            .params(OrderParams::builder().reduce_only(reduce))
    };
    let position = async || {
        let positions = client
            .get_position()
            .exchange(TradingExchange::Binance)
            .send()
            .await
            .unwrap();
        positions
            .first()
            .map(|position| (position.side.clone().unwrap(), position.contracts.unwrap()))
    };
    let refused = create(&client, future("none", Side::Sell, "1", true)).await;
    assert_eq!(refused.error_code, Some(ApiErrorCode::InvalidOrder));
    place(&client, future("open", Side::Sell, "1", false)).await;
    testnet.advance(seconds(1));
    assert_eq!(
        position().await,
        Some((AccountPositionSide::Short, decimal("1")))
    );
    place(&client, future("reduce", Side::Buy, "0.4", true)).await;
    testnet.advance(seconds(1));
    assert_eq!(
        position().await,
        Some((AccountPositionSide::Short, decimal("0.6")))
    );
    // More than there is: it closes, and does not turn.
    let over = place(&client, future("over", Side::Buy, "5", true)).await;
    testnet.advance(seconds(1));
    assert_eq!(position().await, None);
    assert_eq!(status(&client, over).await, OrderStatus::Expired);
    place(&client, future("again", Side::Sell, "1", false)).await;
    place(&client, future("turn", Side::Buy, "3", false)).await;
    testnet.advance(seconds(1));
    assert_eq!(
        position().await,
        Some((AccountPositionSide::Long, decimal("2")))
    );
}

#[tokio::test]
async fn the_clock_runs_stands_and_is_sped_up() {
    let testnet = Testnet::builder().speed(100_000.0).start().unwrap();
    let client = testnet.client().unwrap();
    let id = place(&client, twap("one")).await;
    while status(&client, id).await != OrderStatus::Filled {}
    testnet.pause();
    let before = testnet.time();
    assert_eq!(testnet.time(), before);
    testnet.advance(seconds(5));
    assert_eq!(testnet.time(), before + seconds(5));
    testnet.resume();
    while testnet.time() <= before + seconds(5) {}
}

#[tokio::test]
async fn one_seed_gives_one_course_and_another_another() {
    let run = async |seed| {
        let start = std::time::UNIX_EPOCH + seconds(1_800_000_000);
        let testnet = Testnet::builder()
            .seed(seed)
            .market_time(start)
            .paused()
            .start()
            .unwrap();
        let client = testnet.client().unwrap();
        place(&client, twap("one")).await;
        testnet.advance(seconds(120));
        testnet.orders()
    };
    let course = run(1).await;
    assert_eq!(course, run(1).await);
    assert_ne!(course, run(2).await);
}

#[tokio::test]
async fn history_is_three_days_and_bounded() {
    let testnet = Testnet::builder().paused().history(3).start().unwrap();
    let client = testnet.client().unwrap();
    for id in ["a", "b", "c", "d", "e"] {
        place(&client, order(id, ExecutionStrategy::Market)).await;
        testnet.advance(seconds(1));
    }
    let found = client.find_orders().send().await.unwrap();
    let ids: Vec<_> = found
        .orders
        .iter()
        .filter_map(|order| order.client_order_id.as_deref())
        .collect();
    assert_eq!(ids, ["e", "d", "c"]);
    let gone = client
        .get_orders()
        .client_order_ids(["a"])
        .send()
        .await
        .unwrap();
    assert!(gone.orders.is_empty());
    testnet.advance(seconds(3 * 86_400));
    assert!(client.find_orders().send().await.unwrap().orders.is_empty());
    assert!(testnet.orders().is_empty());
}
