//! The public half, for the verifying side.

#[cfg(feature = "aws-lc-rs")]
use super::aws_lc as backend;
use super::container::{self, Container};
#[cfg(not(feature = "aws-lc-rs"))]
use super::rustcrypto as backend;
use crate::error::ConfigError;

/// An RSA public key of 2048 to 8192 bits. Nothing here is secret, so the fastest backend does.
#[derive(Clone)]
pub(crate) struct RsaPublicKey(backend::PublicKey);

impl RsaPublicKey {
    pub(crate) fn from_pem(pem: &str) -> Result<Self, ConfigError> {
        Self::new(Container::Pem(pem))
    }

    pub(crate) fn from_der(der: &[u8]) -> Result<Self, ConfigError> {
        Self::new(Container::Der(der))
    }

    fn new(container: Container<'_>) -> Result<Self, ConfigError> {
        let der = container::public_key(container)?;
        backend::PublicKey::from_pkcs1(&der).map(Self)
    }

    pub(crate) fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        self.0.verify(text, signature)
    }
}
