//! RSA keys.
use crate::error::{ConfigError, ConfigErrorKind, SignError};
use std::path::Path;

/// An RSA private key.
#[derive(Clone)]
pub struct RsaKey(std::sync::Arc<Backend>);

enum Backend {}

impl RsaKey {
    /// Reads the key from a file.
    ///
    /// # Errors
    /// Always, in a build without an RSA backend.
    pub fn from_file(_path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        Err(ConfigError::new(ConfigErrorKind::RsaUnavailable))
    }

    pub(crate) fn sign(&self, _text: &[u8]) -> Result<Vec<u8>, SignError> {
        match *self.0 {}
    }
}
