//! A testnet in a box: a local Anboto for tests, examples and clients in any language.
//!
//! A real HTTP server on loopback, in memory, that checks every signature and works every order: prices move, slices fill,
//! balances and positions follow. It needs no network and no key, starts in a few milliseconds and ends when it is dropped.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use anboto_api::testnet::Testnet;
//! use anboto_api::{Decimal, types::*};
//!
//! let testnet = Testnet::builder().paused().start()?;
//! let client = testnet.client()?;
//! let order = CreateParentOrderRequest::builder()
//!     .client_order_id("my-first")
//!     .exchange(TradingExchange::Binance)
//!     .symbol("BTC/USDT")
//!     .asset_category(AssetCategory::Spot)
//!     .side(Side::Buy)
//!     .quantity(Decimal::new(15, 3))
//!     .strategy(ExecutionStrategy::Twap)
//!     .params(OrderParams::builder().duration_seconds(Duration::from_secs(60)));
//! let placed = client.create_order().body(order).send().await?;
//! assert_eq!(placed.status, Some(OrderStatus::PendingNew));
//!
//! testnet.advance(Duration::from_secs(60));
//! assert_eq!(testnet.orders()[0].status, Some(OrderStatus::Filled));
//! # Ok(())
//! # }
//! ```
//!
//! # Two clocks
//!
//! Signatures are judged, and `status` answers, by the wall clock: a client signs by its own, and the two have to agree. Orders
//! and prices live by the *market's* clock, which starts at the same time and can be [paused](Testnet::pause),
//! [stepped](Testnet::advance) and [sped up](Builder::speed). All times in orders, trades and balances are the market's.
//!
//! # What is inside
//!
//! BTC, ETH and SOL against USDT, spot (`BTC/USDT`) and perpetual (`BTC/USDT:USDT`), on Binance, OKX and Bybit; and LUNA/USDT on
//! Binance, which is delisted, so that its orders are taken and then rejected. An account has 1,000,000 USDT, 10 BTC, 100 ETH
//! and 1,000 SOL on each exchange. Prices are a function of the seed and the market's time; so is the whole course of an order.
//! Fees are in USDT: 0.02 % as maker, 0.05 % as taker. Futures are margined at five times leverage, and are never liquidated,
//! because prices stay within a band that is far narrower.
//!
//! What nobody knows of the vendor's server is a switch in [`Rules`].
//!
//! # For clients in other languages
//!
//! `cargo xtask testnet` serves until it is stopped. Below `/_testnet` it offers what [`Testnet`] offers here, unless it listens
//! beyond loopback:
//!
//! ```text
//! GET    /_testnet             market time, speed, seed
//! GET    /_testnet/orders      every order, with trades and fees
//! GET    /_testnet/requests    every request received          DELETE clears
//! GET    /_testnet/faults      the script                      DELETE clears
//! POST   /_testnet/faults      {"when": {"next": 3}, "operation": "createOrder", "fault": {"answer": {"status": 503}}}
//!                              {"when": {"chance": 0.01}, "fault": {"reset": "after_execution"}}
//!                              {"when": "always", "fault": {"clock_skew": -8000}}
//! POST   /_testnet/clock       {"advance_ms": 60000}, {"speed": 60}, {"paused": true}
//! ```

mod admin;
mod clock;
mod core;
mod faults;
mod http;
mod json;
mod keys;
mod log;
mod network;
#[cfg(feature = "rsa")]
mod rsa;
mod rules;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use rust_decimal::Decimal;
use tokio::sync::oneshot;

pub use self::core::{Account, Core};
pub use self::faults::{CannedAnswer, Fault, Faults, Millis, Moment};
pub use self::log::ReceivedRequest;
pub use self::network::{Broken, Exchange, Network};
pub use self::rules::{
    CancelManyShape, DecimalShape, Refusals, Rules, Shapes, SignatureEncodings, TextShape,
};

use self::clock::Clock;
use self::faults::Script;
use self::log::Log;
use crate::types::{OrderDetails, TradingExchange};
use crate::{BuildError, Client, Credentials, Environment, Operation};

/// A running testnet; see the [module](self). Ends when dropped.
pub struct Testnet {
    shared: Arc<Shared>,
    address: SocketAddr,
    environment: Environment,
    secret: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a [`Testnet`] is made from; see [`Testnet::builder`].
#[must_use = "nothing is started until `start` is called"]
pub struct Builder {
    address: SocketAddr,
    seed: u64,
    market_time: Option<SystemTime>,
    speed: f64,
    is_paused: bool,
    rules: Rules,
    subaccounts: Vec<String>,
    history: usize,
    log: usize,
    has_admin: Option<bool>,
    on_request: Option<Listener>,
}

type Listener = Box<dyn Fn(&ReceivedRequest) + Send + Sync>;

/// What the server's thread and the handle share.
pub(crate) struct Shared {
    state: Mutex<State>,
    has_admin: bool,
    on_request: Option<Listener>,
}

pub(crate) struct State {
    core: Core,
    clock: Clock,
    faults: Script,
    log: Log,
    skew_ms: i64,
    seed: u64,
    largest_body: usize,
    accounts: u64,
    #[cfg(feature = "rsa")]
    has_rsa: bool,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// A panic while the lock was held is a bug that has been reported; what it left is still the state there is.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Brings the market to the time of its clock.
    fn catch_up(&self) {
        let mut state = lock(&self.state);
        let now = state.clock.now();
        state.core.advance(now);
    }

    /// Lets the core answer a request, and notes that it did.
    fn handle(
        &self,
        request: &::http::Request<Bytes>,
        skew_ms: i64,
        number: u64,
    ) -> ::http::Response<Bytes> {
        let mut state = lock(&self.state);
        let market = state.clock.now();
        state.core.advance(market);
        if let Some(noted) = state.log.get_mut(number) {
            noted.executed = true;
        }
        let skew_ms = state.skew_ms.saturating_add(skew_ms);
        state
            .core
            .handle(request, skewed(SystemTime::now(), skew_ms))
    }
}

fn skewed(now: SystemTime, ms: i64) -> SystemTime {
    let by = Duration::from_millis(ms.unsigned_abs());
    let skewed = if ms < 0 {
        now.checked_sub(by)
    } else {
        now.checked_add(by)
    };
    skewed.unwrap_or(now)
}

impl Testnet {
    /// The API key of [`credentials`](Self::credentials).
    pub const API_KEY: &'static str = "testnet-hmac";

    /// A testnet with the defaults, on loopback, on a port that is free.
    ///
    /// Neither this nor anything else here is async: the server has a thread of its own, and so leaves the caller's runtime, and
    /// whatever clock that has, alone.
    ///
    /// # Errors
    /// When no port or no thread is to be had.
    pub fn start() -> Result<Self, StartError> {
        Self::builder().start()
    }

    /// A testnet with settings of its own.
    pub fn builder() -> Builder {
        Builder {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            seed: 0,
            market_time: None,
            speed: 1.0,
            is_paused: false,
            rules: Rules::default(),
            subaccounts: Vec::new(),
            history: Core::HISTORY,
            log: 10_000,
            has_admin: None,
            on_request: None,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The environment for a client.
    pub fn environment(&self) -> Environment {
        self.environment.clone()
    }

    /// An HMAC key pair of the first account.
    pub fn credentials(&self) -> Credentials {
        usable(Credentials::hmac(Self::API_KEY, &self.secret))
    }

    /// The secret of [`credentials`](Self::credentials), for programs that read it elsewhere. It follows from the seed.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Opens another account, with balances and orders of its own, and gives an HMAC key pair for it.
    pub fn open_account(&self) -> Credentials {
        let mut state = lock(&self.shared.state);
        let account = state.core.open_account();
        state.accounts += 1;
        let number = state.accounts;
        let api_key = format!("{}-{number}", Self::API_KEY);
        let secret = keys::secret(state.seed, number);
        usable(state.core.add_hmac_key(account, &api_key, &secret));
        usable(Credentials::hmac(&api_key, &secret))
    }

    /// A client that signs with [`credentials`](Self::credentials).
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn client(&self) -> Result<Client, BuildError> {
        Client::with_credentials(self.environment(), self.credentials())
    }

    /// Adds to a balance of the first account; a negative amount takes away.
    pub fn deposit(&self, exchange: TradingExchange, asset: &str, amount: impl Into<Decimal>) {
        lock(&self.shared.state)
            .core
            .deposit(Account::FIRST, exchange, asset, amount.into());
    }

    /// The script of what goes wrong.
    pub fn faults(&self) -> Faults<'_> {
        Faults::new(&self.shared)
    }

    /// Puts the server's clock, by which signatures are judged, so many ms ahead, or behind when negative.
    pub fn set_clock_skew(&self, ms: i64) {
        lock(&self.shared.state).skew_ms = ms;
    }

    /// Every order that exists, in the order of creation, with trades and fees: so that a test can say "exactly one".
    pub fn orders(&self) -> Vec<OrderDetails> {
        self.shared.catch_up();
        lock(&self.shared.state).core.orders()
    }

    /// The latest requests that were received, oldest first.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        lock(&self.shared.state).log.all().cloned().collect()
    }

    /// The latest requests of one operation, oldest first.
    pub fn requests_of(&self, operation: &'static Operation) -> Vec<ReceivedRequest> {
        let is_asked = |request: &&ReceivedRequest| request.operation == Some(operation);
        let state = lock(&self.shared.state);
        state.log.all().filter(is_asked).cloned().collect()
    }

    /// Forgets the requests that were received so far.
    pub fn clear_requests(&self) {
        lock(&self.shared.state).log.clear();
    }

    /// The market's time.
    pub fn time(&self) -> SystemTime {
        lock(&self.shared.state).clock.now()
    }

    /// Puts the market's clock forward at once, paused or not: whatever happens in that time has happened when this returns.
    pub fn advance(&self, by: Duration) {
        lock(&self.shared.state).clock.advance(by);
        self.shared.catch_up();
    }

    /// Stops the market's clock.
    pub fn pause(&self) {
        lock(&self.shared.state).clock.set_paused(true);
    }

    /// Lets the market's clock run again.
    pub fn resume(&self) {
        lock(&self.shared.state).clock.set_paused(false);
    }
}

/// Shows where it listens.
impl fmt::Debug for Testnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Testnet")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Drop for Testnet {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Keys that were made here are usable.
#[expect(clippy::expect_used, reason = "made by this module for this module")]
fn usable<T>(made: Result<T, anboto_auth::ConfigError>) -> T {
    made.expect("a key that the testnet made")
}

impl Builder {
    /// Listens on this port of loopback.
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// Listens there: on loopback, or everywhere (`0.0.0.0`), as in a container. Everywhere, anyone who can reach it can use it;
    /// the admin surface is off then, unless [asked for](Self::admin).
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Another seed gives other prices, other fills, other faults and another secret. 0 unless said otherwise.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Starts the market's clock at this time, in place of now: with it, with a seed and paused, a test sees the same prices and
    /// the same fills every time.
    pub fn market_time(mut self, start: SystemTime) -> Self {
        self.market_time = Some(start);
        self
    }

    /// Lets the market's clock run so many times as fast as the wall clock: above 0, up to 1,000,000.
    pub fn speed(mut self, speed: f64) -> Self {
        self.speed = speed;
        self
    }

    /// Starts with the market's clock stopped: nothing happens to an order until [`Testnet::advance`].
    pub fn paused(mut self) -> Self {
        self.is_paused = true;
        self
    }

    /// Changes the switches.
    pub fn rules(mut self, change: impl FnOnce(&mut Rules)) -> Self {
        change(&mut self.rules);
        self
    }

    /// Opens a sub-account in every account.
    pub fn subaccount(mut self, name: impl Into<String>) -> Self {
        self.subaccounts.push(name.into());
        self
    }

    /// Keeps so many orders that have ended, each for three days at most; 100,000 unless said otherwise.
    pub fn history(mut self, orders: usize) -> Self {
        self.history = orders;
        self
    }

    /// Keeps so many requests in the log; 10,000 unless said otherwise.
    pub fn log(mut self, requests: usize) -> Self {
        self.log = requests;
        self
    }

    /// Serves the admin surface, or does not; unless said, it does on loopback alone.
    pub fn admin(mut self, on: bool) -> Self {
        self.has_admin = Some(on);
        self
    }

    /// Hears of each request once it is over.
    pub fn on_request(mut self, hear: impl Fn(&ReceivedRequest) + Send + Sync + 'static) -> Self {
        self.on_request = Some(Box::new(hear));
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// When the port is taken, the speed is out of range, or no thread is to be had.
    pub fn start(self) -> Result<Testnet, StartError> {
        if !clock::is_speed(self.speed) {
            return Err(StartError::new(
                "the speed must be above 0, up to 1000000".to_owned(),
                None,
            ));
        }
        let unusable = |error: io::Error| {
            let what = match error.kind() {
                io::ErrorKind::AddrInUse => format!("port {} is in use", self.address.port()),
                _ => format!("{} can't be listened on", self.address),
            };
            StartError::new(what, Some(error))
        };
        let listener = TcpListener::bind(self.address).map_err(unusable)?;
        listener.set_nonblocking(true).map_err(unusable)?;
        let address = listener.local_addr().map_err(unusable)?;
        let environment = environment(address)
            .map_err(|error| StartError::new(format!("{address} is no base URL: {error}"), None))?;

        let now = self.market_time.unwrap_or_else(SystemTime::now);
        let secret = keys::secret(self.seed, 0);
        let largest_body = self.rules.largest_body;
        let mut core = Core::new(self.seed, self.rules, now).with_history(self.history);
        for name in &self.subaccounts {
            core.open_subaccount(name);
        }
        usable(core.add_hmac_key(Account::FIRST, Testnet::API_KEY, &secret));
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                core,
                clock: Clock::new(now, self.speed, self.is_paused),
                faults: Script::new(self.seed),
                log: Log::new(self.log),
                skew_ms: 0,
                seed: self.seed,
                largest_body,
                accounts: 0,
                #[cfg(feature = "rsa")]
                has_rsa: false,
            }),
            has_admin: self.has_admin.unwrap_or(address.ip().is_loopback()),
            on_request: self.on_request,
        });
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("anboto-testnet".to_owned())
            .spawn(move || http::run(listener, served, stopped))
            .map_err(|error| StartError::new("no thread is to be had".to_owned(), Some(error)))?;
        Ok(Testnet {
            shared,
            address,
            environment,
            secret,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

/// The environment of an address. Plain http is for loopback, so what listens everywhere is reached there.
fn environment(address: SocketAddr) -> Result<Environment, anboto_auth::ConfigError> {
    let mut reached = address;
    if address.ip().is_unspecified() {
        reached.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    Environment::custom(&format!("http://{reached}"))
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("address", &self.address)
            .field("seed", &self.seed)
            .field("speed", &self.speed)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

/// Why no testnet could be started.
#[derive(Debug)]
pub struct StartError {
    what: String,
    cause: Option<io::Error>,
}

impl StartError {
    fn new(what: String, cause: Option<io::Error>) -> Self {
        Self { what, cause }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}
