//! A simulation of bad days: clients, a network that loses, delays, copies and garbles, and the testnet's exchange, all on virtual
//! time. The whole course is a function of a seed.
#![allow(
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, and so may what several tests share"
)]

mod harness;
mod network;
mod promise;
mod random;
mod raw;
mod schedule;
mod trace;

use std::sync::Arc;
use std::time::Duration;

use anboto_api::testnet::{Account, Core, Rules};
use anboto_api::{Client, ClientBuilder, Credentials, Environment, RecvWindow, Signer};

use self::network::{Clock, Computer, Weather, World, beginning};
use self::random::Random;

const API_KEY: &str = "simulated";
const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// What random numbers are drawn for, so that each purpose has a stream of its own.
pub(crate) mod purpose {
    pub(crate) const NETWORK: u64 = 1;
    pub(crate) const SCHEDULE: u64 = 2;
    pub(crate) const DISK: u64 = 3;
    /// And one more for each computer.
    pub(crate) const COMPUTERS: u64 = 100;
}

/// Runs something on virtual time, which passes only when all wait.
pub(crate) fn on_virtual_time<T>(run: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(run)
}

pub(crate) fn world(seed: u64, rules: Rules, weather: Weather) -> Arc<World> {
    let mut core = Core::new(seed, rules, beginning());
    core.add_hmac_key(Account::FIRST, API_KEY, SECRET).unwrap();
    World::new(core, weather, Random::new(seed, purpose::NETWORK))
}

/// A client on a computer of its own.
pub(crate) fn client(world: &Arc<World>, seed: u64, number: u32, clock: Clock) -> ClientBuilder {
    let random = Random::new(seed, purpose::COMPUTERS + u64::from(number));
    let window = u32::try_from(world.weather.window_ms).unwrap();
    let credentials = Credentials::hmac(API_KEY, SECRET).unwrap();
    let signer = Signer::new(&Environment::testnet(), credentials)
        .with_recv_window(RecvWindow::from_millis(window).unwrap());
    Client::builder(Environment::testnet())
        .signer(signer)
        .timeout(Duration::from_millis(world.weather.timeout_ms))
        .network(Computer::new(world, number, clock, random))
}
