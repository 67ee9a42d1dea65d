//! Places a TWAP order and follows it to its end, cancels another, lists balances, and prints the execution report.
//!
//! ```text
//! cargo run -p anboto-api --example quickstart --features testnet
//! ```
//!
//! Without a key it runs against a testnet in a box, where a minute takes three seconds. With `ANBOTO_API_KEY` and the rest of a
//! key set, it runs against the vendor's testnet, or against `ANBOTO_BASE_URL`.

use std::error::Error;
use std::io::{IsTerminal, Write, stdout};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anboto_api::testnet::Testnet;
use anboto_api::types::*;
use anboto_api::{Client, Credentials, Decimal, Environment};

const EXCHANGE: TradingExchange = TradingExchange::Binance;
const SYMBOL: &str = "BTC/USDT";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    // The box lives as long as this variable.
    let testnet;
    let (client, pause) = if std::env::var_os(Credentials::API_KEY_VARIABLE).is_some() {
        (client_from_env()?, Duration::from_secs(2))
    } else {
        testnet = Testnet::builder().speed(20.0).start()?;
        (testnet.client()?, Duration::from_millis(150))
    };
    println!("Trading on {}", client.environment().base_url());
    let server = client.status().send().await?;
    println!("The server is {} at {}\n", server.status, server.timestamp);

    // Unique, so that an order whose answer got lost can still be found.
    let run = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let twap = CreateParentOrderRequest::builder()
        .client_order_id(format!("quickstart-{run}-twap"))
        .exchange(EXCHANGE)
        .symbol(SYMBOL)
        .asset_category(AssetCategory::Spot)
        .side(Side::Buy)
        .quantity(Decimal::new(25, 2))
        .strategy(ExecutionStrategy::Twap)
        .params(OrderParams::builder().duration_seconds(Duration::from_secs(60)));
    let placed = accepted(client.create_order().body(twap).send().await?.into_inner())?;
    println!("Placed a TWAP over one minute: order {placed}");
    let done = follow(&client, placed, pause).await?;

    let limit = CreateParentOrderRequest::builder()
        .client_order_id(format!("quickstart-{run}-limit"))
        .exchange(EXCHANGE)
        .symbol(SYMBOL)
        .asset_category(AssetCategory::Spot)
        .side(Side::Buy)
        .quantity(Decimal::new(1, 2))
        .strategy(ExecutionStrategy::Limit)
        .limit_price(Decimal::from(20_000));
    let placed = accepted(client.create_order().body(limit).send().await?.into_inner())?;
    println!("\nPlaced a LIMIT far below the market: order {placed}. Cancelling it");
    let cancel = CancelUpstreamOrderRequest::builder().order_id(placed);
    client.cancel_order().body(cancel).send().await?;
    follow(&client, placed, pause).await?;

    println!("\nBalances on {EXCHANGE}");
    for asset in client.get_balance().exchange(EXCHANGE).send().await?.iter() {
        let (balance, free) = (amount(asset.balance), amount(asset.free));
        println!("  {:<6} {balance:>18}   free {free:>18}", asset.symbol);
    }
    report(&done);
    Ok(())
}

/// A client for the key in the environment; never one for real money.
fn client_from_env() -> Result<Client, Box<dyn Error>> {
    let environment = match std::env::var_os(Environment::BASE_URL_VARIABLE) {
        Some(_) => Environment::from_env()?,
        None => Environment::testnet(),
    };
    if [Environment::mainnet(), Environment::pro()].contains(&environment) {
        return Err("this example places orders; it does not run where they cost money".into());
    }
    Ok(Client::with_credentials(
        environment,
        Credentials::from_env()?,
    )?)
}

/// The id of an order that was taken. A 201 does not mean that it was.
fn accepted(order: OrderSummary) -> Result<i64, String> {
    match (order.order_id, order.error_code) {
        (Some(id), None) => Ok(id),
        (_, code) => Err(format!(
            "the order was rejected: {} {}",
            code.as_ref().map_or("without a code", |code| code.as_str()),
            order.message.unwrap_or_default()
        )),
    }
}

/// Looks at an order until it has ended: a table that is redrawn in a terminal, a line for each change in a pipe.
async fn follow(client: &Client, id: i64, pause: Duration) -> Result<OrderDetails, Box<dyn Error>> {
    let is_terminal = stdout().is_terminal();
    let mut shown = String::new();
    println!(
        "  {:<18} {:>10} {:>10} {:>14} {:>12}",
        "STATUS", "FILLED", "LEAVES", "AVERAGE", "LAST"
    );
    loop {
        let found = client
            .get_orders()
            .order_ids([id])
            .include_trades(true)
            .include_fees(true)
            .send()
            .await?
            .into_inner();
        let order = found.orders.into_iter().next().ok_or("the order is gone")?;
        let status = order.status.clone().ok_or("the order has no status")?;
        let line = format!(
            "  {status:<18} {:>10} {:>10} {:>14} {:>12}",
            order.filled_quantity,
            order.leaves_quantity,
            order.average_price.round_dp(2),
            order.last_price
        );
        let has_ended = matches!(
            status,
            OrderStatus::Filled
                | OrderStatus::Cancelled
                | OrderStatus::Expired
                | OrderStatus::Rejected
        );
        if is_terminal {
            let bar = progress(&order);
            print!("\r\x1b[2K{line}  {bar}");
            if has_ended {
                println!();
            }
            stdout().flush()?;
        } else if line != shown {
            println!("{line}");
            shown = line;
        }
        if has_ended {
            return Ok(order);
        }
        tokio::time::sleep(pause).await;
    }
}

/// How much is filled, in twenty steps.
fn progress(order: &OrderDetails) -> String {
    let whole = order.filled_quantity + order.leaves_quantity;
    let steps = (order.filled_quantity * Decimal::from(20))
        .checked_div(whole)
        .unwrap_or_default();
    let done = usize::try_from(steps.trunc().mantissa())
        .unwrap_or_default()
        .min(20);
    format!("{}{}", "█".repeat(done), "░".repeat(20 - done))
}

fn report(order: &OrderDetails) {
    let trades = order.trades.as_deref().unwrap_or_default();
    let prices = || trades.iter().map(|trade| trade.price);
    println!("\nExecution report");
    println!("  order      {}", order.order_id.unwrap_or_default());
    println!(
        "  filled     {} {SYMBOL} in {} trades",
        order.filled_quantity,
        trades.len()
    );
    println!("  average    {}", order.average_price.round_dp(2));
    if let (Some(lowest), Some(highest), Some(first)) =
        (prices().min(), prices().max(), trades.first())
    {
        println!("  range      {lowest} to {highest}");
        let against = (order.average_price - first.price) / first.price * Decimal::from(10_000);
        println!(
            "  slippage   {} basis points against the first trade",
            against.round_dp(2)
        );
    }
    for (currency, fee) in order.fees_infos.iter().flatten() {
        println!("  fees       {fee} {currency}");
    }
    if let (Some(start), Some(end)) = (order.start_time, order.end_time) {
        println!(
            "  took       {:.1} s of the market's time",
            (end - start).as_seconds_f64()
        );
    }
}

fn amount(amount: Option<Decimal>) -> String {
    amount.map_or_else(|| "-".to_owned(), |amount| amount.round_dp(4).to_string())
}
