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
//! use anboto_api::{Client, Credentials, Decimal, Environment, Outcome};
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
//! match client.submit(order).await {
//!     Outcome::Accepted(order) => println!("{:?}", order.order_id()),
//!     Outcome::Unknown(order) => println!("to be resolved, and not to be sent again: {order}"),
//!     other => println!("there is no such order: {other}"),
//! }
//! # Ok(())
//! # }
//! ```
//! [`Client::submit`] finds out what became of an order, whatever happens on the way: the module [`submit`] has the promise and what
//! it rests on.
//!
//! # Raw calls
//! The generated builders, such as [`Client::create_order`], say what one call met. A builder that lacks a required field is
//! reported by `send`, which then sends nothing; and a 201 is not yet an accepted order: look at its `status`.
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
//! # Guard rails
//! Before anything is sent, each call is held against the [rules that the schema cannot say](ClientBuilder::conditional_rules);
//! its orders against the precisions and limits of their instruments, once [`Client::load_instruments`] was called; and against
//! what the client [may do at all](Guard), if it was given a guard. What does not pass is an error that names field, value and
//! limit, and nothing was sent.
//!
//! # Features
//! | feature | TLS |
//! |---|---|
//! | `rustls` (default) | by rustls with aws-lc-rs and the platform's certificate store |
//! | `native-tls` | by the system's library: SChannel, Secure Transport, or OpenSSL, whose headers a build on Linux needs |
//! | neither | none: plain http, which [`Environment`] allows to loopback alone. For tests and simulators |
//!
//! The feature `testnet` adds the module of that name: a local server for tests, which nobody else compiles. It knows RSA keys with
//! the feature `rsa`.
//!
//! The features `tracing` and `metrics` show what goes on; see [below](#sight).
//!
//! The feature `rsa` (default) adds RSA keys, whose signatures aws-lc-rs makes, whatever does the TLS. Without it there is no way to
//! get an [`RsaKey`], HMAC keys work as ever, and with `native-tls` or no TLS aws-lc-rs is not compiled.
//!
//! # Sight
//! Every attempt of every call can be watched, through two crates that each have a feature of their name. Neither is on by
//! default, and what is off costs nothing. Nothing that is shown is secret or says what is traded: no key, signature or string
//! to sign, no query, body or header, and of the server's words only an error code that the contract lists.
//!
//! With `tracing`, each attempt is a span `anboto_attempt` (target `anboto_api`, level DEBUG) with the fields `operation` and
//! `attempt`. What happens within, down to the sockets, happens inside it. At its end comes an event: level DEBUG when it
//! succeeded, WARN when it did not.
//!
//! | field | type | what it is |
//! |---|---|---|
//! | `operation` | text | the [`Operation::id`], such as `createOrder` |
//! | `attempt` | integer | 1 for the first attempt of a call |
//! | `result` | text | see the next table |
//! | `status` | integer | the HTTP status; absent when no answer came |
//! | `code` | text | the vendor's error code, if it is one that [`ApiErrorCode`](types::ApiErrorCode) lists |
//! | `latency_ms` | float | from making the request to the last byte of the answer, decoded, in milliseconds |
//! | `may_have_been_executed` | bool | of an attempt that failed, [what the error answers](Error::may_have_been_executed) |
//!
//! | `result` | |
//! |---|---|
//! | `ok` | a 2xx that could be read |
//! | `invalid_request`, `guarded`, `no_credentials`, `not_signed` | refused here; nothing was sent |
//! | `not_connected` | no connection; nothing was sent |
//! | `no_answer`, `timeout` | sent, perhaps, and no whole answer came; `timeout` by a limit of the client |
//! | `unreadable` | a 2xx that was cut off, too large, or not what the contract says |
//! | `rate_limited`, `server_error`, `refused` | 429; 5xx; any other status that is no 2xx |
//! | `abandoned` | the caller dropped the future; of a write, nobody here knows what became of it |
//!
//! With `metrics`, the recorder that the program has installed gets:
//!
//! | name | type | labels | what it is |
//! |---|---|---|---|
//! | `anboto_attempts_total` | counter | `operation`, `result` | attempts that ended; without those of `anboto_retries_total`, calls |
//! | `anboto_retries_total` | counter | `operation` | attempts after the first of their call |
//! | `anboto_attempt_seconds` | histogram | `operation` | the latency of attempts that were sent and not abandoned, in seconds |
//! | `anboto_outcomes_total` | counter | `operation`, `outcome` | what became of orders, where the client finds out |
//! | `anboto_clock_offset_ms` | gauge | | server's clock minus this machine's, in milliseconds, once it was measured |

mod calibrate;
mod call;
mod client;
mod codec;
mod conditions;
mod decode;
mod error;
mod error_body;
mod follow;
#[rustfmt::skip]
mod generated;
mod guard;
mod hidden;
mod instruments;
mod listen_key;
mod open_enum;
mod operation;
mod order_id;
mod order_status;
mod outgoing;
mod rate_limit;
mod response;
mod retry;
mod server_time;
mod sight;
pub mod submit;
mod terms;
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
pub use follow::Follow;
pub use generated::{calls, operations, types};
pub use guard::{Guard, GuardRefusal, ReferencePrices};
pub use listen_key::{ListenKey, NotAToken};
pub use open_enum::{NotListed, UnknownValue};
pub use operation::{Effect, Operation};
pub use order_id::OrderId;
pub use outgoing::{InvalidRequest, MissingFields};
pub use rate_limit::RateLimit;
pub use response::ResponseValue;
pub use retry::Retries;
pub use rust_decimal::{self, Decimal};
pub use server_time::ClockMeasurement;
pub use submit::{Cancellation, Outcome, SubmitSettings, Unknown};

/// The README's examples, so that they compile; one of them needs the testnet.
#[cfg(all(doctest, feature = "testnet"))]
#[doc = include_str!("../../README.md")]
struct Readme;
