//! What is left of RSA in a build without a backend: a key that can't be had.

use std::path::Path;

use crate::error::{ConfigError, ConfigErrorKind, SignError};

/// An RSA private key. This build has no RSA backend, so there is no way to get one: enable the feature `aws-lc-rs` or
/// `rustcrypto`.
#[derive(Clone, Debug)]
pub struct RsaKey(Never);

#[derive(Clone, Debug)]
enum Never {}

impl RsaKey {
    pub(crate) fn from_file(_: impl AsRef<Path>) -> Result<Self, ConfigError> {
        Err(ConfigError::new(ConfigErrorKind::RsaUnavailable))
    }

    pub(crate) fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
        match self.0 {}
    }

    pub(crate) fn is_costly(&self) -> bool {
        match self.0 {}
    }
}
