//! HMAC-SHA256 (RFC 2104), the signature of system-generated key pairs.

use std::fmt;

use base64ct::{Base64, Base64Unpadded, Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    error::{ConfigError, ConfigErrorKind},
    string_to_sign::StringToSign,
};

/// The secret of an HMAC key pair, ready to sign.
///
/// Held is not the secret but the state of HMAC after it has absorbed the secret: as good as the secret to whoever reads
/// it, and wiped on drop like one.
#[derive(Clone)]
pub(crate) struct HmacKey {
    state: Hmac<Sha256>,
}

impl HmacKey {
    /// Reads the Base64 text that the vendor shows.
    ///
    /// The vendor's rule (contract of 2026, authentication section): standard alphabet if the text holds `+` or `/` or
    /// ends in `=`, URL-safe otherwise. Padding may be left out.
    pub(crate) fn from_base64(secret: &str) -> Result<Self, ConfigError> {
        let secret = if secret.contains(['+', '/']) || secret.ends_with('=') {
            if secret.ends_with('=') {
                Base64::decode_vec(secret)
            } else {
                Base64Unpadded::decode_vec(secret)
            }
        } else {
            Base64UrlUnpadded::decode_vec(secret)
        };
        let secret =
            Zeroizing::new(secret.map_err(|_| ConfigError::new(ConfigErrorKind::SecretNotBase64))?);
        if secret.is_empty() {
            return Err(ConfigError::new(ConfigErrorKind::EmptySecret));
        }
        Ok(Self::from_bytes(&secret))
    }

    #[expect(clippy::expect_used, reason = "RFC 2104 takes a key of any length")]
    pub(crate) fn from_bytes(secret: &[u8]) -> Self {
        let state = Hmac::new_from_slice(secret).expect("HMAC takes a key of any length");
        Self { state }
    }

    pub(crate) fn sign(&self, text: &StringToSign<'_>) -> [u8; 32] {
        self.absorb(text).finalize().into_bytes().into()
    }

    /// Compares in constant time.
    #[cfg(feature = "verify")]
    pub(crate) fn verify(&self, text: &StringToSign<'_>, signature: &[u8]) -> bool {
        self.absorb(text).verify_slice(signature).is_ok()
    }

    fn absorb(&self, text: &StringToSign<'_>) -> Hmac<Sha256> {
        let mut state = self.state.clone();
        for part in text.parts() {
            state.update(part);
        }
        state
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey(..)")
    }
}
