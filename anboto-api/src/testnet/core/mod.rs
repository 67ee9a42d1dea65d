//! The exchange itself: a state machine without sockets, threads or clock.

mod answers;
mod book;
mod gate;
mod ledger;
mod market;
pub(crate) mod noise;
mod order;
mod rules;
mod schedule;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anboto_auth::{ConfigError, VerifyingKey};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use self::book::Book;
use self::gate::Gate;
use self::ledger::{Ledger, WalletId};
use self::market::{EXCHANGES, Markets};
use self::noise::Random;
use self::order::{FIRST_ID, NewOrder, Order, World};
use self::rules::{Rejection, reject};
use super::rules::Rules;
use crate::types::{ApiErrorCode, OrderDetails, TradingExchange};

pub(crate) use self::answers::{micronaut, operation};

/// What every account has on every exchange to begin with.
const OPENING_BALANCES: [(&str, i64); 4] = [
    ("USDT", 1_000_000),
    ("BTC", 10),
    ("ETH", 100),
    ("SOL", 1_000),
];

/// The exchange behind a testnet, as a pure state machine: the same seed and the same calls give the same answers, to the byte.
///
/// It opens no socket, starts no thread and reads no clock. [`handle`](Self::handle) answers one request at the time it is told;
/// the market moves, and orders fill, by [`advance`](Self::advance) alone. [`Testnet`](super::Testnet) puts an HTTP server and a
/// clock round it; a simulation can drive it directly:
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use anboto_api::testnet::{Core, Rules};
///
/// let mut now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
/// let mut core = Core::new(7, Rules::default(), now);
/// now += Duration::from_secs(60);
/// core.advance(now);
/// let request = http::Request::get("/status/ping").body(bytes::Bytes::new())?;
/// assert_eq!(core.handle(&request, now).status(), 200);
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug)]
pub struct Core {
    rules: Rules,
    seed: u64,
    gate: Gate,
    markets: Markets,
    ledger: Ledger,
    book: Book,
    shapes: Random,
    now_ms: i64,
    next_order_id: i64,
    next_trade_id: i64,
    accounts: usize,
    subaccounts: Vec<String>,
}

/// One of the accounts of a [`Core`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Account(usize);

impl Account {
    /// The account that is there from the start.
    pub const FIRST: Self = Self(0);
}

impl Core {
    /// How many orders that have ended are kept, unless another number is asked for.
    pub const HISTORY: usize = 100_000;

    /// An exchange with one account and no keys, at a time.
    pub fn new(seed: u64, rules: Rules, now: SystemTime) -> Self {
        let mut core = Self {
            gate: Gate::new(&rules),
            rules,
            seed,
            markets: Markets::new(seed),
            ledger: Ledger::default(),
            book: Book::new(Self::HISTORY),
            shapes: Random::new(seed, "shapes"),
            now_ms: unix_ms(now),
            next_order_id: FIRST_ID,
            next_trade_id: 0,
            accounts: 0,
            subaccounts: Vec::new(),
        };
        core.open_account();
        core
    }

    /// Keeps so many orders that have ended, and each for three days at most.
    #[must_use]
    pub fn with_history(mut self, orders: usize) -> Self {
        self.book = Book::new(orders);
        self
    }

    /// Opens another account, with opening balances of its own.
    pub fn open_account(&mut self) -> Account {
        let account = self.accounts;
        self.accounts += 1;
        self.open_wallets(account, None);
        for subaccount in self.subaccounts.clone() {
            self.open_wallets(account, Some(subaccount));
        }
        Account(account)
    }

    /// Opens a sub-account in every account, with opening balances of its own.
    pub fn open_subaccount(&mut self, name: &str) {
        if self.subaccounts.iter().all(|known| known != name) {
            self.subaccounts.push(name.to_owned());
            for account in 0..self.accounts {
                self.open_wallets(account, Some(name.to_owned()));
            }
        }
    }

    fn open_wallets(&mut self, account: usize, subaccount: Option<String>) {
        for exchange in EXCHANGES {
            for (asset, amount) in OPENING_BALANCES {
                let wallet = WalletId {
                    account,
                    exchange: exchange.clone(),
                    subaccount: subaccount.clone(),
                };
                self.ledger.deposit(wallet, asset, amount.into());
            }
        }
    }

    /// Adds to a balance of an account, outside its sub-accounts; a negative amount takes away.
    pub fn deposit(
        &mut self,
        account: Account,
        exchange: TradingExchange,
        asset: &str,
        amount: Decimal,
    ) {
        let wallet = WalletId {
            account: account.0,
            exchange,
            subaccount: None,
        };
        self.ledger.deposit(wallet, asset, amount);
    }

    /// Registers an HMAC key pair: an API key and a Base64 secret.
    ///
    /// # Errors
    /// When the secret is empty or not Base64.
    pub fn add_hmac_key(
        &mut self,
        account: Account,
        api_key: &str,
        secret: &str,
    ) -> Result<(), ConfigError> {
        let key = VerifyingKey::hmac(secret)?;
        self.gate.add(api_key, key, true, account.0);
        Ok(())
    }

    /// Registers an RSA public key in PEM.
    ///
    /// # Errors
    /// When the text holds no RSA public key of at least 2048 bits.
    #[cfg(feature = "rsa")]
    pub fn add_rsa_key(
        &mut self,
        account: Account,
        api_key: &str,
        public_key: &str,
    ) -> Result<(), ConfigError> {
        let key = VerifyingKey::rsa_from_pem(public_key)?;
        self.gate.add(api_key, key, false, account.0);
        Ok(())
    }

    /// Lets the market's time pass: orders are accepted, fill, expire and are forgotten. It never goes backwards.
    pub fn advance(&mut self, to: SystemTime) {
        let to_ms = unix_ms(to).max(self.now_ms);
        while let Some(due) = self.book.next_due_ms().filter(|due| *due <= to_ms) {
            self.now_ms = self.now_ms.max(due);
            let at_ms = self.now_ms;
            let Some(id) = self.book.due_at(at_ms) else {
                break;
            };
            let mut world = World {
                markets: &self.markets,
                ledger: &mut self.ledger,
                seed: self.seed,
                next_trade_id: &mut self.next_trade_id,
            };
            self.book.change(id, |order| order.step(at_ms, &mut world));
        }
        self.now_ms = to_ms;
        self.book.forget(to_ms);
    }

    /// The market's time.
    pub fn time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(u64::try_from(self.now_ms).unwrap_or_default())
    }

    /// Every order that can still be looked up, of all accounts, in the order of creation; with trades and fees.
    ///
    /// An order that was refused at once is none: it has no id.
    pub fn orders(&self) -> Vec<OrderDetails> {
        self.book
            .all()
            .map(|order| order.details(&self.markets, true, true))
            .collect()
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.now_ms).unwrap_or_default()
    }

    /// Takes an order in, if its checks went well and it is covered. Gives its id.
    fn place(&mut self, new: Result<NewOrder, Rejection>) -> Result<i64, Rejection> {
        let mut new = new?;
        if self.book.open_count() >= self.rules.open_orders_limit {
            return reject(ApiErrorCode::SystemBusy, "too many orders are open");
        }
        let uncovered = new.legs.iter().position(|leg| {
            let wallet = self.ledger.wallet_mut(&leg.wallet);
            !wallet.is_some_and(|wallet| wallet.reserve(&leg.reserve))
        });
        if let Some(uncovered) = uncovered {
            let asset = new.legs[uncovered].reserve.asset;
            for leg in &mut new.legs[..uncovered] {
                if let Some(wallet) = self.ledger.wallet_mut(&leg.wallet) {
                    wallet.release(&mut leg.reserve);
                }
            }
            return reject(
                ApiErrorCode::InsufficientFunds,
                format!("not enough {asset} is free"),
            );
        }
        let id = self.next_order_id;
        self.next_order_id += 1;
        self.book.insert(Order::new(id, self.now_ms, new));
        Ok(id)
    }
}

pub(crate) fn unix_ms(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or_default()
}
