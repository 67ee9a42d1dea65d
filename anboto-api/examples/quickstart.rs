//! Places a TWAP order and follows it to its end, cancels another, lists balances, and prints the execution report.
//!
//! ```text
//! cargo quickstart
//! cargo run -p anboto-api --example quickstart --features testnet
//! ```
//!
//! Without a key it runs against a testnet in a box, where a minute takes three seconds. With `ANBOTO_API_KEY` and the rest of a
//! key set, it runs against the vendor's testnet, or against `ANBOTO_BASE_URL`. Only the second command has TLS and RSA.

use std::error::Error;
use std::io::{IsTerminal, Write, stdout};
use std::process::ExitCode;
use std::time::Duration;

use anboto_api::testnet::Testnet;
use anboto_api::types::*;
use anboto_api::{Client, Credentials, Decimal, Environment, Outcome};

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
    let (client, interval) = if std::env::var_os(Credentials::API_KEY_VARIABLE).is_some() {
        (client_from_env()?, Duration::from_secs(2))
    } else {
        testnet = Testnet::builder().speed(20.0).start()?;
        (testnet.client()?, Duration::from_millis(150))
    };
    println!("Trading on {}", client.environment().base_url());
    let server = client.status().send().await?;
    println!("The server is {} at {}\n", server.status, server.timestamp);

    let twap = order(ExecutionStrategy::Twap)
        .quantity(Decimal::new(25, 2))
        .params(OrderParams::builder().duration_seconds(Duration::from_secs(60)));
    let id = accepted(client.submit(twap).await)?;
    println!("Placed a TWAP over one minute: order {id}");
    follow(&client, id, interval).await?;

    let limit = order(ExecutionStrategy::Limit)
        .quantity(Decimal::new(1, 2))
        .limit_price(Decimal::from(20_000));
    let far = accepted(client.submit(limit).await)?;
    println!("\nPlaced a LIMIT far below the market: order {far}. Cancelling it");
    println!("  {}", client.cancel_and_confirm(far).await);

    println!("\nBalances on {EXCHANGE}");
    for asset in client.get_balance().exchange(EXCHANGE).send().await?.iter() {
        let (balance, free) = (amount(asset.balance), amount(asset.free));
        println!("  {:<6} {balance:>18}   free {free:>18}", asset.symbol);
    }

    let done = client.get_orders().order_ids([id]);
    let done = done.include_trades(true).include_fees(true).send().await?;
    report(done.orders.first().ok_or("the order is gone")?);
    Ok(())
}

/// A client for the key in the environment; never one for real money.
fn client_from_env() -> Result<Client, Box<dyn Error>> {
    let environment = match std::env::var_os(Environment::BASE_URL_VARIABLE) {
        Some(_) => Environment::from_env()?,
        None => Environment::testnet(),
    };
    let goes_to = |real: &Environment| real.origin() == environment.origin();
    if [Environment::mainnet(), Environment::pro()]
        .iter()
        .any(goes_to)
    {
        return Err("this example places orders; it does not run where they cost money".into());
    }
    let base_url = environment.base_url();
    if base_url.starts_with("https") && cfg!(not(any(feature = "rustls", feature = "native-tls"))) {
        return Err(format!(
            "{base_url} needs TLS, which this build leaves out; use \
             `cargo run -p anboto-api --example quickstart --features testnet`"
        )
        .into());
    }
    Ok(Client::with_credentials(
        environment,
        Credentials::from_env()?,
    )?)
}

/// What both orders have in common.
fn order(strategy: ExecutionStrategy) -> builder::CreateParentOrderRequest {
    CreateParentOrderRequest::builder()
        .exchange(EXCHANGE)
        .symbol(SYMBOL)
        .asset_category(AssetCategory::Spot)
        .side(Side::Buy)
        .strategy(strategy)
}

/// The id of an order that exists for certain.
fn accepted(outcome: Outcome) -> Result<i64, String> {
    match outcome {
        Outcome::Accepted(order) => order.order_id().ok_or(format!("{order}, without an id")),
        Outcome::Unknown(order) => Err(format!("{order}; `Client::resolve` would go on asking")),
        refused => Err(refused.to_string()),
    }
}

/// Shows an order until it has ended: a line that is redrawn in a terminal, a line for each change in a pipe.
async fn follow(client: &Client, id: i64, interval: Duration) -> Result<(), Box<dyn Error>> {
    println!(
        "  {:<18} {:>10} {:>10} {:>14} {:>12}",
        "STATUS", "FILLED", "LEAVES", "AVERAGE", "LAST"
    );
    let is_terminal = stdout().is_terminal();
    let mut changes = client.follow(id).interval(interval);
    while let Some(order) = changes.next().await {
        let order = order?;
        let line = format!(
            "  {:<18} {:>10} {:>10} {:>14} {:>12}",
            order.status.as_ref().map_or("-", OrderStatus::as_str),
            order.filled_quantity,
            order.leaves_quantity,
            order.average_price.round_dp(2),
            order.last_price
        );
        if is_terminal {
            print!("\r\x1b[2K{line}  {}", progress(&order));
            stdout().flush()?;
        } else {
            println!("{line}");
        }
    }
    if is_terminal {
        println!();
    }
    Ok(())
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
