//! Signs requests to the Anboto Trading API, and verifies them.
#![forbid(unsafe_code)]

mod credentials;
mod environment;
mod error;
mod headers;
mod hmac_key;
#[cfg(feature = "reqwest")]
mod http_client;
#[cfg(feature = "middleware")]
mod middleware;
mod query;
mod rsa;
mod signature;
mod signer;
mod string_to_sign;
mod variables;
#[cfg(feature = "verify")]
mod verify;
mod window;

pub use credentials::{ApiKey, Credentials};
pub use environment::{Environment, Origin};
pub use error::{
    ConfigError, ConfigErrorKind, QueryError, QueryErrorKind, SignError, SignErrorKind,
};
pub use headers::{SignedHeaders, X_API_KEY, X_RECV_WINDOW, X_SIGN, X_TIMESTAMP};
#[cfg(feature = "reqwest")]
pub use http_client::client_builder;
#[cfg(feature = "middleware")]
pub use middleware::SigningMiddleware;
pub use query::{CanonicalQuery, ListStyle, QueryBuilder, QueryForm};
pub use rsa::RsaKey;
#[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
pub use rsa::{RsaBackend, RsaKeyLoader};
pub use signature::{Signature, SignatureEncoding};
pub use signer::{RequestView, Signer};
pub use string_to_sign::StringToSign;
#[cfg(feature = "verify")]
pub use verify::{ReceivedRequest, Verified, Verifier, VerifyError, VerifyErrorKind, VerifyingKey};
pub use window::RecvWindow;
