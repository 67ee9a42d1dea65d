//! A typed client of the Anboto Trading API.

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
mod response;

pub use anboto_auth::{Credentials, Environment, Signer};
pub use client::{BuildError, Client, ClientBuilder};
pub use error::Error;
pub use generated::{calls, operations, types};
pub use listen_key::{ListenKey, NotAToken};
pub use open_enum::{NotListed, UnknownValue};
pub use operation::{Effect, Operation};
pub use outgoing::{InvalidRequest, MissingFields};
pub use response::ResponseValue;
pub use rust_decimal::{self, Decimal};
