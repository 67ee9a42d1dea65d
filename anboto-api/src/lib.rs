//! A typed client of the Anboto Trading API.
//!
//! The calls and the types are generated from the vendor's contract; what they stand on (one error type, open enums, exact
//! numbers, signatures that cannot be forgotten) is written by hand. A read that failed is sent again, a few times and not too
//! fast; a write never, unless it provably never left ([`Retries`]).
//!
//! # A first call
//! `status` is the one call that needs no credentials:
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use anboto_api::{Client, Environment};
//!
//! let client = Client::new(Environment::testnet())?;
//! println!("the server's clock says {}", client.status().send().await?.timestamp);
//! # Ok(())
//! # }
//! ```
//!
//! # A first order
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use anboto_api::types::{AssetCategory, CreateParentOrderRequest, ExecutionStrategy, Side, TradingExchange};
//! use anboto_api::{Client, Credentials, Decimal, Environment};
//!
//! let client = Client::with_credentials(Environment::testnet(), Credentials::from_env()?)?;
//! let order = CreateParentOrderRequest::builder()
//!     .client_order_id("desk-7-000001")
//!     .exchange(TradingExchange::Binance)
//!     .asset_category(AssetCategory::Spot)
//!     .symbol("BTC/USDT")
//!     .side(Side::Buy)
//!     .strategy(ExecutionStrategy::Market)
//!     .quantity(Decimal::new(15, 3));
//! let summary = client.create_order().body(order).send().await?;
//! println!("{:?}: {:?} {:?}", summary.order_id, summary.status, summary.error_code);
//! # Ok(())
//! # }
//! ```
//! A builder that lacks a required field is reported by `send`, which then sends nothing. And a 201 is not yet an accepted
//! order: look at its `status`.
//!
//! # Errors
//! Every call fails with the one [`Error`]. Its `Display` is a line for the log; its predicates say what to do. The first
//! question after a failed write is always the same:
//! ```no_run
//! # async fn run(client: anboto_api::Client, order: anboto_api::types::CreateParentOrderRequest) {
//! match client.create_order().body(order).send().await {
//!     Ok(summary) => println!("{:?}", summary.status),
//!     Err(error) if error.may_have_been_executed() => println!("look it up before anything else: {error}"),
//!     Err(error) if error.is_rate_limited() => println!("later: {error}"),
//!     Err(error) => println!("it was not placed: {error}"),
//! }
//! # }
//! ```
//!
//! # Pace, retries and clock
//! What a [`ClientBuilder`] can be told beside credentials:
//!
//! | setting | unless set |
//! |---|---|
//! | [`rate_limit`](ClientBuilder::rate_limit): how many calls all clones send | as many as there are; all pause when the server asks for it |
//! | [`retries`](ClientBuilder::retries): what is sent again | a read up to three times within 30 s; a write only if it never left |
//! | [`sign_by_server_clock`](ClientBuilder::sign_by_server_clock): whose time is signed | that of this machine |
//!
//! Each attempt is signed afresh, after every wait. [`Client::calibrate`] finds out by experiment which settings of signing and
//! clock fit a server and a key.
//!
//! # Open enums
//! The values of this API come and go. Each enum therefore has a variant `Unknown`, which keeps the text that came and gives
//! it back when written. It holds an [`UnknownValue`], whose text cannot be matched on: a value that a later version lists
//! does not silently change its arm. In a request an unknown value is refused, unless it was made by `verbatim`, which says
//! that exactly this text is meant.
//! ```
//! use anboto_api::types::Side;
//!
//! let side: Side = "buy".parse().unwrap_or_else(|never| match never {});
//! assert_eq!(side, Side::Buy);
//! let side: Side = serde_json::from_str("\"SIDEWAYS\"")?;
//! assert!(side.is_unknown());
//! assert_eq!(serde_json::to_string(&side)?, "\"SIDEWAYS\"");
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Exact numbers
//! Every quantity, price, rate and fee is a [`Decimal`], read from the text of the JSON number or string and never through a
//! float. What does not fit its 28 digits is an error that names the field; nothing is rounded. What is sent has no exponent,
//! and its trailing zeros are kept.
//!
//! For that, these types have to be decoded from JSON text. A `serde_json::Value` has made a float of each number already,
//! and within a type of your own that is `#[serde(flatten)]`, `untagged` or `tag = …`, serde keeps no text either, and
//! decoding fails. Keep a `Box<serde_json::value::RawValue>` there, or a `String`.
//!
//! # Features
//! | feature | TLS |
//! |---|---|
//! | `rustls` (default) | by rustls with aws-lc-rs and the platform's certificate store |
//! | `native-tls` | by the system's library: SChannel, Secure Transport, or OpenSSL, whose headers a build on Linux needs |
//! | neither | none: plain http, which [`Environment`] allows to loopback alone. For tests and simulators |
//!
//! The feature `testnet` adds the module of that name: a local server for tests, which nobody else compiles.
//!
//! RSA signatures are made by aws-lc-rs, whatever does the TLS: with `native-tls` alone it is compiled all the same.

mod calibrate;
mod call;
mod client;
mod codec;
mod decode;
mod error;
mod error_body;
#[rustfmt::skip]
mod generated;
mod hidden;
mod listen_key;
mod open_enum;
mod operation;
mod outgoing;
mod rate_limit;
mod response;
mod retry;
mod server_time;
#[cfg(feature = "testnet")]
pub mod testnet;
mod transport;

pub use anboto_auth::{
    self, Credentials, Environment, ListStyle, QueryForm, RecvWindow, RsaKey, SignatureEncoding,
    Signer,
};
pub use calibrate::{Calibration, Experiment, Finding, Trial};
pub use chrono;
pub use client::{BuildError, Client, ClientBuilder};
pub use error::Error;
pub use generated::{calls, operations, types};
pub use listen_key::{ListenKey, NotAToken};
pub use open_enum::{NotListed, UnknownValue};
pub use operation::{Effect, Operation};
pub use outgoing::{InvalidRequest, MissingFields};
pub use rate_limit::RateLimit;
pub use response::ResponseValue;
pub use retry::Retries;
pub use rust_decimal::{self, Decimal};
pub use server_time::ClockMeasurement;

/// The README's examples, so that they compile; one of them needs the testnet.
#[cfg(all(doctest, feature = "testnet"))]
#[doc = include_str!("../../README.md")]
struct Readme;
