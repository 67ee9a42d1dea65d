//! How much a testnet takes, with the client on the same machine.
//!
//! ```text
//! cargo run --release -p anboto-api --example testnet_load --features testnet -- [REQUESTS] [CONCURRENCY] [RATE]
//! ```
//!
//! Starts testnets and shows how long that takes; then sends signed createOrder calls through the real client, at a fixed rate
//! (as fast as it goes without one), and shows the rate, the latency and the memory of the process as they go by. With a rate,
//! latency counts from when a call was due, so that a stall is not hidden by the calls that it held up.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anboto_api::testnet::Testnet;
use anboto_api::types::*;
use anboto_api::{Client, Decimal};

const REPORTS: u64 = 10;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let requests = numbers.next().transpose()?.unwrap_or(100_000);
    let concurrency = numbers.next().transpose()?.unwrap_or(16).max(1);
    let rate = numbers.next().transpose()?.unwrap_or(0);

    start_up()?;
    let testnet = Testnet::builder().history(10_000).log(10_000).start()?;
    let client = testnet.client()?;
    let sent = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    println!(
        "{:>10} {:>10} {:>9} {:>9} {:>9} {:>10}",
        "CALLS", "A SECOND", "P50 ms", "P99 ms", "MAX ms", "MEMORY MB"
    );
    let mut last = (0, Duration::ZERO);
    for part in 1..=REPORTS {
        let until = requests * part / REPORTS;
        let workers: Vec<_> = (0..concurrency)
            .map(|_| tokio::spawn(work(client.clone(), Arc::clone(&sent), until, began, rate)))
            .collect();
        let mut latencies = Vec::new();
        for worker in workers {
            latencies.extend(worker.await??);
        }
        // Each worker takes one number too many; the next part takes it again.
        sent.store(until, Ordering::Relaxed);
        latencies.sort_unstable();
        let at = |hundredths: usize| {
            let index = (latencies.len() * hundredths / 100).min(latencies.len().saturating_sub(1));
            latencies
                .get(index)
                .copied()
                .unwrap_or_default()
                .as_secs_f64()
                * 1_000.0
        };
        let now = began.elapsed();
        println!(
            "{until:>10} {:>10.0} {:>9.3} {:>9.3} {:>9.3} {:>10}",
            (until - last.0) as f64 / (now - last.1).as_secs_f64(),
            at(50),
            at(99),
            at(100),
            memory_mb().map_or_else(|| "-".to_owned(), |mb| format!("{mb:.1}")),
        );
        last = (until, now);
    }
    Ok(())
}

fn start_up() -> Result<(), Box<dyn Error>> {
    let mut took = Vec::new();
    for _ in 0..100 {
        let began = Instant::now();
        let testnet = Testnet::start()?;
        // Up means that it takes a connection.
        std::net::TcpStream::connect(testnet.address())?;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    println!(
        "Start-up, 100 times: median {:.3?}, slowest {:.3?}\n",
        took[50], took[99]
    );
    Ok(())
}

async fn work(
    client: Client,
    sent: Arc<AtomicU64>,
    until: u64,
    began: Instant,
    rate: u64,
) -> Result<Vec<Duration>, anboto_api::Error> {
    let mut latencies = Vec::new();
    loop {
        let number = sent.fetch_add(1, Ordering::Relaxed);
        if number >= until {
            return Ok(latencies);
        }
        let mut due = Instant::now();
        if let Some(nanos) = (number * 1_000_000_000).checked_div(rate) {
            due = began + Duration::from_nanos(nanos);
            tokio::time::sleep_until(due.into()).await;
        }
        let side = if number.is_multiple_of(2) {
            Side::Buy
        } else {
            Side::Sell
        };
        let order = CreateParentOrderRequest::builder()
            .client_order_id(format!("load-{number}"))
            .exchange(TradingExchange::Binance)
            .symbol("BTC/USDT")
            .asset_category(AssetCategory::Spot)
            .side(side)
            .quantity(Decimal::new(1, 3))
            .strategy(ExecutionStrategy::Market);
        client.create_order().body(order).send().await?;
        latencies.push(due.elapsed());
    }
}

/// The memory that the process, client and testnet, really has.
fn memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kb: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kb / 1_024.0)
}
