//! RSA by AWS-LC.

use aws_lc_rs::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};

use crate::error::{ConfigError, ConfigErrorKind, SignError, SignErrorKind};

pub(super) struct PrivateKey(KeyPair);

impl PrivateKey {
    pub(super) fn from_pkcs1(der: &[u8]) -> Result<Self, ConfigError> {
        KeyPair::from_der(der)
            .map(Self)
            .map_err(|_| ConfigError::new(ConfigErrorKind::MalformedRsaKey))
    }

    pub(super) fn sign(&self, text: &[u8]) -> Result<Vec<u8>, SignError> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        // AWS-LC blinds with randomness of its own; the argument is there for likeness to ring.
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                text,
                &mut signature,
            )
            .map_err(|_| SignError::new(SignErrorKind::Backend))?;
        Ok(signature)
    }
}

#[cfg(feature = "verify")]
#[derive(Clone)]
pub(super) struct PublicKey(aws_lc_rs::signature::ParsedPublicKey);

#[cfg(feature = "verify")]
impl PublicKey {
    pub(super) fn from_pkcs1(der: &[u8]) -> Result<Self, ConfigError> {
        use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
        ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der)
            .map(Self)
            .map_err(|_| ConfigError::new(ConfigErrorKind::MalformedRsaKey))
    }

    pub(super) fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(text, signature).is_ok()
    }
}
