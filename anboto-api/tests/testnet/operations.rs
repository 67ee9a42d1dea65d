//! Each operation, through the generated client, with both kinds of key.

use anboto_api::testnet::Testnet;
use anboto_api::types::*;
use anboto_api::{Client, operations};

use super::{decimal, order, place, seconds, twap};

#[tokio::test]
async fn every_operation_answers_a_client_with_an_hmac_key() {
    let testnet = Testnet::builder().paused().start().unwrap();
    every_operation(&testnet, testnet.client().unwrap()).await;
}

#[cfg(feature = "rsa")]
#[tokio::test]
async fn every_operation_answers_a_client_with_an_rsa_key() {
    let testnet = Testnet::builder().paused().start().unwrap();
    let credentials = testnet.rsa_credentials();
    let client = Client::with_credentials(testnet.environment(), credentials).unwrap();
    every_operation(&testnet, client).await;
}

fn leg(symbol: &str, category: AssetCategory, side: Side) -> builder::CreateOrderLegRequest {
    CreateOrderLegRequest::builder()
        .exchange(TradingExchange::Okx)
        .symbol(symbol)
        .asset_category(category)
        .side(side)
        .target_value(10_000)
        .ccy("USD")
        .strategy(ExecutionStrategy::Twap)
        .params(OrderLegParams::builder().duration_seconds(seconds(60)))
}

pub(crate) fn pair(id: &str) -> builder::CreateMultiLegsParentOrderRequest {
    let legs = [
        leg("BTC/USDT", AssetCategory::Spot, Side::Buy),
        leg("BTC/USDT:USDT", AssetCategory::Future, Side::Sell),
    ]
    .map(|leg| leg.build().unwrap());
    CreateMultiLegsParentOrderRequest::builder()
        .client_order_id(id)
        .algo(MultiLegsAlgo::Pair)
        .legs(legs)
}

async fn every_operation(testnet: &Testnet, client: Client) {
    let status = client.status().send().await.unwrap();
    assert_eq!(status.status, "ok");

    let exchanges = client.exchanges().send().await.unwrap();
    assert_eq!(*exchanges, ["binance", "okx", "bybit"]);
    let all = client.instruments().send().await.unwrap();
    let some = client
        .instruments()
        .exchange("okx")
        .symbol("BTC/USDT:USDT")
        .send()
        .await
        .unwrap();
    assert_eq!((all.len(), some.len()), (19, 1));
    assert_eq!(some[0].asset_class, AssetClass::Future);
    let rates = client
        .last_funding_rates()
        .exchange("BINANCE")
        .send()
        .await
        .unwrap();
    assert_eq!(rates.len(), 3);
    let history = client
        .funding_rate_history()
        .exchange("binance")
        .symbol("BTC/USDT:USDT")
        .send()
        .await
        .unwrap();
    assert_eq!(history.len(), 9);
    assert_eq!(
        history[8].rate,
        rates
            .iter()
            .find(|rate| rate.symbol == "BTC/USDT:USDT")
            .unwrap()
            .rate
    );

    let one = place(&client, twap("one")).await;
    let many = CreateManyParentOrdersRequest::builder()
        .orders(["two", "three"].map(|id| order(id, ExecutionStrategy::Market).build().unwrap()));
    let many = client.create_many_orders().body(many).send().await.unwrap();
    assert_eq!(many.status(), 201);
    assert_eq!(many.orders[1].client_order_id.as_deref(), Some("three"));
    let pair_placed = client
        .create_multi_legs_order()
        .body(pair("four"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        pair_placed.status,
        Some(OrderStatus::PendingNew),
        "{pair_placed:?}"
    );
    let pairs = CreateManyMultiLegsParentOrdersRequest::builder()
        .orders(["five", "six"].map(|id| pair(id).build().unwrap()));
    let pairs = client
        .create_many_multi_legs_orders()
        .body(pairs)
        .send()
        .await
        .unwrap();
    assert_eq!(pairs.orders.len(), 2);

    testnet.advance(seconds(1));
    let open = client.get_open_orders().send().await.unwrap();
    let ids: Vec<_> = open
        .orders
        .iter()
        .filter_map(|order| order.client_order_id.as_deref())
        .collect();
    assert_eq!(ids, ["one", "four", "five", "six"]);
    let found = client.find_orders().limit(2).send().await.unwrap();
    assert_eq!(found.orders[0].client_order_id.as_deref(), Some("six"));
    assert_eq!(found.orders.len(), 2);
    let named = client
        .get_orders()
        .order_ids([one])
        .client_order_ids(["two", "one", "nobody's"])
        .include_trades(true)
        .include_fees(true)
        .send()
        .await
        .unwrap();
    assert_eq!(named.orders.len(), 2, "each once");
    let two = &named.orders[1];
    assert_eq!(two.status, Some(OrderStatus::Filled));
    let trades = client
        .get_user_trades()
        .exchange(TradingExchange::Binance)
        .client_order_ids(["two"])
        .send()
        .await
        .unwrap();
    assert_eq!(Some(&trades.trades), two.trades.as_ref());
    assert_eq!(
        trades
            .trades
            .iter()
            .map(|trade| trade.quantity)
            .sum::<anboto_api::Decimal>(),
        decimal("0.1")
    );

    let balances = client
        .get_balance()
        .exchange(TradingExchange::Binance)
        .send()
        .await
        .unwrap();
    assert!(
        balances
            .iter()
            .any(|asset| asset.symbol == "BTC" && asset.balance > Some(decimal("10.2")))
    );
    let positions = client
        .get_position()
        .exchange(TradingExchange::Okx)
        .send()
        .await
        .unwrap();
    assert_eq!(positions[0].side, Some(AccountPositionSide::Short));
    assert!(positions[0].instrument.is_some());

    let key = client.listen_key().send().await.unwrap();
    assert_eq!(key.expose().split('.').count(), 3);

    let cancelled = client
        .cancel_order()
        .body(CancelUpstreamOrderRequest::builder().order_id(one))
        .send()
        .await
        .unwrap();
    assert_eq!(cancelled.status, Some(OrderStatus::PendingCancel));
    for _ in 0..6 {
        // In each of the shapes that it comes in, sooner or later.
        let cancelled = client
            .cancel_many()
            .body(
                CancelManyUpstreamOrdersRequest::builder().orders([
                    CancelUpstreamOrderRequest::builder()
                        .client_order_id("four")
                        .build(),
                ]),
            )
            .send()
            .await
            .unwrap();
        assert_eq!(cancelled.orders.len(), 1);
        assert_eq!(cancelled.orders[0].status, Some(OrderStatus::PendingCancel));
    }
    let all = client.cancel_all_open_orders().send().await.unwrap();
    assert_eq!(all.orders.len(), 4);
    testnet.advance(seconds(1));
    assert!(
        client
            .get_open_orders()
            .send()
            .await
            .unwrap()
            .orders
            .is_empty()
    );

    for operation in operations::ALL {
        let requests = testnet.requests_of(operation);
        assert!(!requests.is_empty(), "{operation} was not called");
        for request in requests {
            assert_eq!(
                request.status,
                Some(operation.success.as_u16()),
                "{request}"
            );
            assert!(request.executed);
        }
    }
}

#[tokio::test]
async fn text_and_lists_come_in_all_their_shapes() {
    use anboto_api::testnet::{CancelManyShape, DecimalShape, TextShape};
    for (text, cancel_many, decimals) in [
        (
            TextShape::Raw,
            CancelManyShape::Array,
            DecimalShape::Numbers,
        ),
        (
            TextShape::Quoted,
            CancelManyShape::Object,
            DecimalShape::Strings,
        ),
        (
            TextShape::Varying,
            CancelManyShape::Single,
            DecimalShape::Varying,
        ),
        (
            TextShape::Varying,
            CancelManyShape::Varying,
            DecimalShape::Varying,
        ),
    ] {
        let testnet = Testnet::builder()
            .paused()
            .rules(|rules| {
                rules.shapes.text = text;
                rules.shapes.cancel_many = cancel_many;
                rules.shapes.decimals = decimals;
            })
            .start()
            .unwrap();
        let client = testnet.client().unwrap();
        let id = place(&client, twap("one")).await;
        testnet.advance(seconds(11));
        for _ in 0..8 {
            assert_eq!(client.status().send().await.unwrap().status, "ok");
            assert!(
                client
                    .listen_key()
                    .send()
                    .await
                    .unwrap()
                    .expose()
                    .starts_with("eyJ")
            );
            let order = super::look(&client, id).await;
            assert_eq!(
                order.filled_quantity + order.leaves_quantity,
                decimal("0.1")
            );
            assert_eq!(order.trades.unwrap().len(), 3);
            let cancel = CancelUpstreamOrderRequest::builder().order_id(id).build();
            let body = CancelManyUpstreamOrdersRequest::builder().orders([cancel]);
            let answer = client.cancel_many().body(body).send().await.unwrap();
            assert_eq!(answer.orders[0].order_id, Some(id));
        }
    }
}
