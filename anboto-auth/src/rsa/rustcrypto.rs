//! RSA by the `rsa` crate.

use getrandom::SysRng;
use rsa::{
    RsaPrivateKey,
    pkcs1::DecodeRsaPrivateKey,
    pkcs1v15::SigningKey,
    signature::{RandomizedSigner, SignatureEncoding},
};
use sha2::Sha256;

use crate::error::{ConfigError, ConfigErrorKind, SignError, SignErrorKind};

pub(super) struct PrivateKey(SigningKey<Sha256>);

impl PrivateKey {
    pub(super) fn from_pkcs1(der: &[u8]) -> Result<Self, ConfigError> {
        RsaPrivateKey::from_pkcs1_der(der)
            .map(|key| Self(SigningKey::new(key)))
            .map_err(|_| ConfigError::new(ConfigErrorKind::MalformedRsaKey))
    }

    /// Always with a source of randomness, so always blinded; the signature doesn't depend on it.
    pub(super) fn sign(&self, text: &[u8]) -> Result<Vec<u8>, SignError> {
        self.0
            .try_sign_with_rng(&mut SysRng, text)
            .map(|signature| signature.to_vec())
            .map_err(|_| SignError::new(SignErrorKind::Backend))
    }
}

#[cfg(all(feature = "verify", any(test, not(feature = "aws-lc-rs"))))]
#[derive(Clone)]
pub(super) struct PublicKey(rsa::pkcs1v15::VerifyingKey<Sha256>);

#[cfg(all(feature = "verify", any(test, not(feature = "aws-lc-rs"))))]
impl PublicKey {
    pub(super) fn from_pkcs1(der: &[u8]) -> Result<Self, ConfigError> {
        use rsa::{RsaPublicKey, pkcs1::DecodeRsaPublicKey, pkcs1v15::VerifyingKey};
        RsaPublicKey::from_pkcs1_der(der)
            .map(|key| Self(VerifyingKey::new(key)))
            .map_err(|_| ConfigError::new(ConfigErrorKind::MalformedRsaKey))
    }

    pub(super) fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        use rsa::{pkcs1v15::Signature, signature::Verifier};
        Signature::try_from(signature)
            .is_ok_and(|signature| self.0.verify(text, &signature).is_ok())
    }
}
