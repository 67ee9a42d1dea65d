//! RSA-SHA256 with PKCS#1 v1.5 padding (RFC 8017 section 8.2), the signature of self-generated key pairs.
//!
//! `container` finds the key in whatever it comes in, a backend checks and keeps it. The two backends give the same
//! bytes, for the padding has no randomness.

#[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
mod container;
#[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
mod key;
#[cfg(all(feature = "verify", any(feature = "aws-lc-rs", feature = "rustcrypto")))]
mod public_key;

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
#[cfg(feature = "rustcrypto")]
mod rustcrypto;

#[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
pub use key::{RsaBackend, RsaKey, RsaKeyLoader};
#[cfg(all(feature = "verify", any(feature = "aws-lc-rs", feature = "rustcrypto")))]
pub(crate) use public_key::RsaPublicKey;

#[cfg(not(any(feature = "aws-lc-rs", feature = "rustcrypto")))]
mod absent;
#[cfg(not(any(feature = "aws-lc-rs", feature = "rustcrypto")))]
pub use absent::RsaKey;
