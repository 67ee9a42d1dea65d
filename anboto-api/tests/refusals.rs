//! What is refused before anything is sent: each time the server must have seen nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at the first surprise"
)]

mod common;

use std::time::Duration;

use anboto_api::types::{
    AssetCategory, CancelManyUpstreamOrdersRequest, CancelUpstreamOrderRequest, ClipSizeType,
    CreateManyMultiLegsParentOrdersRequest, CreateManyParentOrdersRequest,
    CreateMultiLegsParentOrderRequest, CreateOrderLegRequest, CreateParentOrderRequest,
    ExecutionStrategy, MultiLegsAlgo, OrderParams, PlacementInfo, PlacementMode, Side,
    TradingExchange, Urgency,
};
use anboto_api::{Client, Environment, Error, Signer};
use common::{Answer, Server, credentials, described, order};
use insta::assert_snapshot;

/// The error of a call that must not reach the server.
async fn refused<T>(call: impl AsyncFnOnce(&Client) -> Result<T, Error>) -> Error {
    let server = Server::answering(Answer::ok("[]")).await;
    let result = call(&server.client()).await;
    assert!(server.arrived().is_empty(), "nothing is sent");
    let error = result.err().expect("refused");
    assert!(!error.may_have_been_executed());
    assert!(error.status().is_none() && error.headers().is_none() && error.body().is_empty());
    error
}

fn unlisted() -> Side {
    "SIDEWAYS".parse().unwrap()
}

#[tokio::test]
async fn an_unknown_enum_value_in_an_order() {
    let error = refused(async |client| {
        let orders = vec![
            order().build().unwrap(),
            order().side(unlisted()).build().unwrap(),
        ];
        let body = CreateManyParentOrdersRequest::builder().orders(orders);
        client.create_many_orders().body(body).send().await
    })
    .await;
    assert_snapshot!(described(&error), @r#"
    createManyOrders: not sent: orders[1].side: "SIDEWAYS" is not a Side that this version lists; if it is meant, say `Side::verbatim("SIDEWAYS")`
    is invalid_request
    "#);
}

#[tokio::test]
async fn an_unknown_enum_value_deep_in_an_order() {
    let error = refused(async |client| {
        let placement =
            PlacementInfo::builder().placement_mode("SLY".parse::<PlacementMode>().unwrap());
        let params = OrderParams::builder().placement_infos(placement.build().unwrap());
        let order = order().params(params.build());
        client.create_order().body(order).send().await
    })
    .await;
    assert_snapshot!(error, @r#"createOrder: not sent: params.placement_infos.placement_mode: "SLY" is not a PlacementMode that this version lists; if it is meant, say `PlacementMode::verbatim("SLY")`"#);
}

#[tokio::test]
async fn an_unknown_enum_value_in_a_query() {
    let error = refused(async |client| {
        let exchange = "NOWHERE".parse::<TradingExchange>().unwrap();
        client.get_balance().exchange(exchange).send().await
    })
    .await;
    assert_snapshot!(error, @r#"getBalance: not sent: exchange: "NOWHERE" is not a TradingExchange that this version lists; if it is meant, say `TradingExchange::verbatim("NOWHERE")`"#);
}

/// What was asked for by its very text goes out as it is, and so does what has left the contract.
#[tokio::test]
async fn a_verbatim_value_is_sent() {
    let server = Server::answering(Answer::json("201 Created", r#"{"created_at":null}"#)).await;
    let client = server.client();
    let params = OrderParams::builder().urgency(Urgency::verbatim("high"));
    #[expect(deprecated, reason = "old orders are what it is kept for")]
    let order = order()
        .side(Side::ShortSell)
        .exchange(TradingExchange::verbatim("NOWHERE"))
        .params(params.build());
    client.create_order().body(order).send().await.unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&server.only().body).unwrap();
    assert_eq!(sent["exchange"], "NOWHERE");
    assert_eq!(sent["side"], "SHORT_SELL");
    assert_eq!(sent["params"]["urgency"], "high");
}

/// Giving a part again mends it.
#[tokio::test]
async fn a_wrong_part_is_forgotten_once_it_is_replaced() {
    let answer = r#"{"created_at":null}"#;
    let server = Server::answering(Answer::json("201 Created", answer)).await;
    let client = server.client();
    let call = client.create_order().body(order().side(unlisted()));
    call.body(order()).send().await.unwrap();
    assert_eq!(server.arrived().len(), 1);

    let server = Server::answering(Answer::ok(r#"{"orders":[]}"#)).await;
    let client = server.client();
    let call = client.get_orders().client_order_ids([""; 0]);
    call.client_order_ids(["desk-1"]).send().await.unwrap();
    assert_eq!(server.arrived().len(), 1);
}

#[tokio::test]
async fn missing_fields_are_named_all_at_once() {
    let error = refused(async |client| {
        let order = CreateParentOrderRequest::builder()
            .symbol("BTC/USDT")
            .side(Side::Buy);
        client.create_order().body(order).send().await
    })
    .await;
    assert_snapshot!(error, @"createOrder: not sent: CreateParentOrderRequest lacks asset_category, exchange, quantity, strategy");
    let missing = CreateParentOrderRequest::builder().build().unwrap_err();
    assert_eq!(
        missing.fields(),
        [
            "asset_category",
            "exchange",
            "quantity",
            "side",
            "strategy",
            "symbol"
        ]
    );
}

#[tokio::test]
async fn a_missing_body() {
    let error = refused(async |client| client.create_order().send().await).await;
    assert_snapshot!(described(&error), @"
    createOrder: not sent: body: required, and not given
    is invalid_request
    ");
}

#[tokio::test]
async fn a_missing_parameter() {
    let error = refused(async |client| client.get_balance().subaccount("desk").send().await).await;
    assert_snapshot!(error, @"getBalance: not sent: exchange: required, and not given");
}

#[tokio::test]
async fn a_comma_in_a_client_order_id() {
    let error = refused(async |client| {
        client
            .get_orders()
            .client_order_ids(["a", "b,c"])
            .send()
            .await
    })
    .await;
    assert_snapshot!(error, @"getOrders: not sent: clientOrderIds: an item of the list holds a comma and would arrive as two items; look that order up by its order id, and give orders ids without commas");
}

/// No ids at all would mean no restriction at all.
#[tokio::test]
async fn an_empty_list() {
    let error = refused(async |client| {
        let none: [i64; 0] = [];
        client
            .get_user_trades()
            .exchange(TradingExchange::Okx)
            .order_ids(none)
            .send()
            .await
    })
    .await;
    assert_snapshot!(error, @"getUserTrades: not sent: orderIds: an empty list; leave the parameter out to ask for all");
}

#[tokio::test]
async fn a_duration_that_is_not_whole_seconds() {
    let error = refused(async |client| {
        let params = OrderParams::builder().duration_seconds(Duration::from_millis(1_500));
        let order = order().params(params.build());
        client.create_order().body(order).send().await
    })
    .await;
    assert_snapshot!(error, @"createOrder: not sent: params.duration_seconds: 1.5s is not a whole number of seconds");
}

#[tokio::test]
async fn a_twap_without_a_duration() {
    let error = refused(async |client| {
        let order = order().strategy(ExecutionStrategy::Twap);
        client.create_order().body(order).send().await
    })
    .await;
    assert_snapshot!(described(&error), @"
    createOrder: not sent: params.duration_seconds: required, for the strategy is TWAP
    is invalid_request
    ");
}

#[tokio::test]
async fn a_vwap_without_a_duration_in_a_batch() {
    let error = refused(async |client| {
        let timed = OrderParams::builder().duration_seconds(Duration::from_secs(60));
        let vwap = order().strategy(ExecutionStrategy::Vwap);
        let orders = vec![
            order().build().unwrap(),
            vwap.clone().params(timed).build().unwrap(),
            vwap.params(OrderParams::builder()).build().unwrap(),
        ];
        let body = CreateManyParentOrdersRequest::builder().orders(orders);
        client.create_many_orders().body(body).send().await
    })
    .await;
    assert_snapshot!(error, @"createManyOrders: not sent: orders[2].params.duration_seconds: required, for the strategy is VWAP");
}

#[tokio::test]
async fn a_clip_type_without_a_clip_size() {
    for kind in [ClipSizeType::Absolute, ClipSizeType::Percentage] {
        let error = refused(async |client| {
            let order = order().clip_size_type(kind.clone());
            client.create_order().body(order).send().await
        })
        .await;
        assert_eq!(
            error.to_string(),
            format!(
                "createOrder: not sent: clip_size_val: required, for the clip_size_type is {kind}"
            )
        );
    }
}

fn pair(second: ExecutionStrategy) -> CreateMultiLegsParentOrderRequest {
    let leg = |strategy| {
        CreateOrderLegRequest::builder()
            .exchange(TradingExchange::Binance)
            .asset_category(AssetCategory::Spot)
            .symbol("BTC/USDT")
            .side(Side::Buy)
            .strategy(strategy)
            .target_value(1000)
            .ccy("USDT")
            .build()
            .unwrap()
    };
    CreateMultiLegsParentOrderRequest::builder()
        .algo(MultiLegsAlgo::Pair)
        .legs([leg(ExecutionStrategy::Market), leg(second)])
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_leg_without_its_duration() {
    let error = refused(async |client| {
        let order = pair(ExecutionStrategy::Twap);
        client.create_multi_legs_order().body(order).send().await
    })
    .await;
    assert_snapshot!(error, @"createMultiLegsOrder: not sent: legs[1].params.duration_seconds: required, for the strategy is TWAP");
    let error = refused(async |client| {
        let orders = [
            pair(ExecutionStrategy::Market),
            pair(ExecutionStrategy::Vwap),
        ];
        let body = CreateManyMultiLegsParentOrdersRequest::builder().orders(orders);
        client
            .create_many_multi_legs_orders()
            .body(body)
            .send()
            .await
    })
    .await;
    assert_snapshot!(error, @"createManyMultiLegsOrders: not sent: orders[1].legs[1].params.duration_seconds: required, for the strategy is VWAP");
}

#[tokio::test]
async fn a_cancellation_of_nothing_in_particular() {
    for cancel in [
        CancelUpstreamOrderRequest::builder(),
        CancelUpstreamOrderRequest::builder().client_order_id(""),
    ] {
        let error =
            refused(async |client| client.cancel_order().body(cancel.clone()).send().await).await;
        assert_eq!(
            error.to_string(),
            "cancelOrder: not sent: order_id: required, for there is no client_order_id either"
        );
        let error = refused(async |client| {
            let named = CancelUpstreamOrderRequest::builder().order_id(42);
            let body = CancelManyUpstreamOrdersRequest::builder().orders([named, cancel.clone()]);
            client.cancel_many().body(body).send().await
        })
        .await;
        assert_eq!(
            error.to_string(),
            "cancelMany: not sent: orders[1].order_id: required, for there is no client_order_id either"
        );
    }
}

#[tokio::test]
async fn a_look_up_of_nothing_in_particular() {
    let error = refused(async |client| client.get_orders().include_fees(true).send().await).await;
    assert_snapshot!(error, @"getOrders: not sent: orderIds: required, for there are no clientOrderIds either");
}

/// For a server that has come to take more than the documents say.
#[tokio::test]
async fn conditional_rules_can_be_switched_off() {
    let server = Server::answering(Answer::json("201 Created", r#"{"created_at":null}"#)).await;
    let client = server.client().to_builder().conditional_rules(false);
    let order = order().strategy(ExecutionStrategy::Twap);
    let call = client.build().unwrap();
    call.create_order().body(order).send().await.unwrap();
    assert_eq!(server.arrived().len(), 1);
}

#[tokio::test]
async fn no_credentials() {
    let server = Server::answering(Answer::ok("{status=ok, timestamp=1}")).await;
    let client = Client::new(server.environment()).unwrap();
    let error = client
        .create_order()
        .body(order())
        .send()
        .await
        .unwrap_err();
    assert_snapshot!(described(&error), @"
    createOrder: not sent: the operation is signed, and the client was given no credentials
    is missing_credentials
    ");
    let error = client.cancel_all_open_orders().send().await.unwrap_err();
    assert!(error.is_missing_credentials());
    assert!(server.arrived().is_empty());
    // What needs no signature works without.
    client.status().send().await.unwrap();
}

/// Better known when the service starts than with its first order.
#[tokio::test]
async fn a_signer_of_another_environment() {
    let signer = Signer::new(&Environment::testnet(), credentials());
    let error = Client::builder(Environment::mainnet())
        .signer(signer)
        .build()
        .unwrap_err();
    assert_snapshot!(error, @"the signer is bound to https://api.testnet.anboto.xyz, the client talks to https://api.trade.anboto.xyz");
}
