//! The testnet through the generated client, over real sockets: what a service's own tests would see.
#![allow(
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, and so may what several tests share"
)]

mod admin;
mod faults;
mod follow;
mod instruments;
mod life;
mod operations;
mod raw;
mod refused;
mod sums;
mod switches;

use std::time::Duration;

use anboto_api::testnet::Testnet;
use anboto_api::types::*;
use anboto_api::{Client, Decimal, Retries};

/// A testnet whose market stands still until it is told, and a client of it that makes one attempt at each call.
pub(crate) fn paused() -> (Testnet, Client) {
    // At a fixed time, so that prices are the same whenever the tests are run.
    let start = std::time::UNIX_EPOCH + seconds(1_800_000_000);
    let testnet = Testnet::builder()
        .market_time(start)
        .paused()
        .start()
        .unwrap();
    let client = single(&testnet);
    (testnet, client)
}

/// A new client, of which no other knows what it was told, that makes one attempt at each call.
pub(crate) fn single(testnet: &Testnet) -> Client {
    Client::builder(testnet.environment())
        .credentials(testnet.credentials())
        .retries(Retries::none())
        .build()
        .unwrap()
}

/// The same client, but one that sends what breaks the conditional rules, to hear what the server says to it.
pub(crate) fn unchecked(client: &Client) -> Client {
    let builder = client.to_builder().conditional_rules(false);
    builder.build().unwrap()
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// An order for 0.1 BTC on the spot market of Binance.
pub(crate) fn order(id: &str, strategy: ExecutionStrategy) -> builder::CreateParentOrderRequest {
    CreateParentOrderRequest::builder()
        .client_order_id(id)
        .exchange(TradingExchange::Binance)
        .symbol("BTC/USDT")
        .asset_category(AssetCategory::Spot)
        .side(Side::Buy)
        .quantity(decimal("0.1"))
        .strategy(strategy)
}

/// A TWAP over one minute.
pub(crate) fn twap(id: &str) -> builder::CreateParentOrderRequest {
    order(id, ExecutionStrategy::Twap).params(OrderParams::builder().duration_seconds(seconds(60)))
}

pub(crate) async fn create(
    client: &Client,
    order: builder::CreateParentOrderRequest,
) -> OrderSummary {
    client
        .create_order()
        .body(order)
        .send()
        .await
        .unwrap()
        .into_inner()
}

/// Places an order that has to be taken.
pub(crate) async fn place(client: &Client, order: builder::CreateParentOrderRequest) -> i64 {
    let placed = create(client, order).await;
    assert_eq!(placed.error_code, None, "{:?}", placed.message);
    assert_eq!(placed.status, Some(OrderStatus::PendingNew));
    placed.order_id.unwrap()
}

pub(crate) async fn look(client: &Client, id: i64) -> OrderDetails {
    let found = client
        .get_orders()
        .order_ids([id])
        .include_trades(true)
        .include_fees(true)
        .send()
        .await
        .unwrap()
        .into_inner();
    assert_eq!(found.orders.len(), 1);
    found.orders.into_iter().next().unwrap()
}

pub(crate) async fn status(client: &Client, id: i64) -> OrderStatus {
    look(client, id).await.status.unwrap()
}
