//! Signs requests to the Anboto Trading API, and verifies them.
//!
//! ```
//! use std::time::SystemTime;
//! use anboto_auth::{Credentials, Environment, RequestView, Signer};
//!
//! let environment = Environment::testnet();
//! let credentials = Credentials::hmac("my-api-key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")?;
//! let signer = Signer::new(&environment, credentials);
//!
//! let url = url::Url::parse(&format!("{}/api/v2/trading/order/cancel", environment.base_url()))?;
//! let request = RequestView::new(&url).with_body(br#"{"order_id":42}"#);
//! let headers = signer.sign(&request, SystemTime::now())?;
//! assert_eq!(headers.into_iter().count(), 4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The core is pure: a borrowed view of the request and an instant in, headers out. It opens no connection, reads no
//! clock, and reads variables or files only when a function is called that says so. reqwest appears at the edge, behind a
//! feature.
//!
//! # The scheme
//! Signed is `timestamp + API key + receive window + payload`, where the payload is the query or the body (vendor's
//! contract, authentication section), either with HMAC-SHA256 (system-generated key pairs) or with RSA-SHA256
//! (self-generated ones). Each stage is a type of its own: [`CanonicalQuery`], [`StringToSign`], [`Signature`],
//! [`SignedHeaders`].
//!
//! Where the vendor's sources disagree, or only the server can tell, there is a small enum whose default is what the
//! vendor's example clients do: [`SignatureEncoding`], [`QueryForm`], [`ListStyle`].
//!
//! # What the scheme doesn't protect
//! The method, the path and the host are not signed, and there is no nonce: whoever gets hold of a signed request can
//! send it again, to another path even, until its window ends. Therefore a [`Signer`] is bound to one origin, plain http
//! is for loopback alone, `client_builder` (feature `reqwest`) follows no redirects, the headers are marked sensitive,
//! and `Debug` shows none of it. SECURITY.md says more.
//!
//! # Features
//! HMAC needs none of them.
//!
//! | feature | what it adds |
//! |---|---|
//! | `aws-lc-rs` (default) | RSA keys, with AWS-LC to sign |
//! | `rustcrypto` | RSA keys, with the pure-Rust `rsa` crate to sign; with both, each key chooses by `RsaBackend` |
//! | `tokio` | `Signer::sign_for_send`: costly RSA signatures leave the async executor's threads |
//! | `reqwest` | `Signer::sign_request` and `client_builder`; brings `tokio` |
//! | `middleware` | `SigningMiddleware` for reqwest-middleware; brings `reqwest` |
//! | `verify` | the verifying side: `Verifier` |
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
pub use signer::{RequestView, Signer, UNSIGNED_PATH};
pub use string_to_sign::StringToSign;
#[cfg(feature = "verify")]
pub use verify::{ReceivedRequest, Verified, Verifier, VerifyError, VerifyErrorKind, VerifyingKey};
pub use window::RecvWindow;
