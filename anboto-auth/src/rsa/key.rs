//! An RSA private key, read once.

use std::{fmt, fs, path::Path, sync::Arc};

use zeroize::Zeroizing;

#[cfg(feature = "aws-lc-rs")]
use super::aws_lc;
use super::container::{self, Container};
#[cfg(feature = "rustcrypto")]
use super::rustcrypto;
use crate::error::{ConfigError, ConfigErrorKind, SignError};

/// Who computes RSA signatures. Both give the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RsaBackend {
    /// AWS-LC: assembly and C, formally verified in part, blinded, several times as fast as the other.
    #[cfg(feature = "aws-lc-rs")]
    AwsLc,
    /// The `rsa` crate, always blinded: for platforms that AWS-LC doesn't build on, or where only Rust may run. It
    /// computes the numbers of the Chinese remainder theorem anew, and so doesn't notice damage to those in the file,
    /// which AWS-LC refuses.
    #[cfg(feature = "rustcrypto")]
    RustCrypto,
}

impl Default for RsaBackend {
    /// AWS-LC where it is built in.
    fn default() -> Self {
        #[cfg(feature = "aws-lc-rs")]
        return Self::AwsLc;
        #[cfg(not(feature = "aws-lc-rs"))]
        return Self::RustCrypto;
    }
}

/// An RSA private key of 2048 to 8192 bits, read and checked once. Cheap to clone, never shown by `Debug`, wiped from
/// memory when the last clone goes.
///
/// PKCS#8 and PKCS#1 are read, in PEM and DER, and PKCS#8 encrypted with a passphrase (PBES2, as
/// `openssl pkcs8 -topk8` writes it) through the [`loader`](Self::loader).
///
/// ```no_run
/// use anboto_auth::{Credentials, RsaKey};
///
/// let key = RsaKey::from_file("/run/secrets/anboto.pem")?;
/// let credentials = Credentials::rsa("my-api-key", key)?;
/// # Ok::<(), anboto_auth::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct RsaKey {
    key: Arc<PrivateKey>,
    bits: usize,
}

enum PrivateKey {
    #[cfg(feature = "aws-lc-rs")]
    AwsLc(aws_lc::PrivateKey),
    #[cfg(feature = "rustcrypto")]
    RustCrypto(Box<rustcrypto::PrivateKey>),
}

impl RsaKey {
    /// Reads a key that is not encrypted from PEM text.
    ///
    /// # Errors
    /// When the text holds no usable RSA private key; the kind says why.
    pub fn from_pem(pem: &str) -> Result<Self, ConfigError> {
        Self::loader().from_pem(pem)
    }

    /// Reads a key that is not encrypted from DER bytes.
    ///
    /// # Errors
    /// When the bytes are no usable RSA private key; the kind says why.
    pub fn from_der(der: &[u8]) -> Result<Self, ConfigError> {
        Self::loader().from_der(der)
    }

    /// Reads a key that is not encrypted from a PEM or DER file.
    ///
    /// # Errors
    /// When the file can't be read, or holds no usable RSA private key; the kind says why.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        Self::loader().from_file(path)
    }

    /// A loader, for a key that is encrypted or for another backend than the default.
    #[must_use]
    pub fn loader() -> RsaKeyLoader {
        RsaKeyLoader {
            passphrase: None,
            backend: RsaBackend::default(),
        }
    }

    /// The size of the modulus in bits.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// Who computes this key's signatures.
    #[must_use]
    pub fn backend(&self) -> RsaBackend {
        match *self.key {
            #[cfg(feature = "aws-lc-rs")]
            PrivateKey::AwsLc(_) => RsaBackend::AwsLc,
            #[cfg(feature = "rustcrypto")]
            PrivateKey::RustCrypto(_) => RsaBackend::RustCrypto,
        }
    }

    /// Whether a signature takes longer than an async task should keep its thread: more than about half a millisecond.
    ///
    /// AWS-LC takes about 0.25 ms at 2048 bits, which is worth less than the detour to another thread on a busy machine;
    /// every other combination takes from 0.7 to 12 ms.
    pub(crate) fn is_costly(&self) -> bool {
        match *self.key {
            #[cfg(feature = "aws-lc-rs")]
            PrivateKey::AwsLc(_) => self.bits > 2048,
            #[cfg(feature = "rustcrypto")]
            PrivateKey::RustCrypto(_) => true,
        }
    }

    pub(crate) fn sign(&self, text: &[u8]) -> Result<Vec<u8>, SignError> {
        match *self.key {
            #[cfg(feature = "aws-lc-rs")]
            PrivateKey::AwsLc(ref key) => key.sign(text),
            #[cfg(feature = "rustcrypto")]
            PrivateKey::RustCrypto(ref key) => key.sign(text),
        }
    }

    fn new(container: Container<'_>, loader: &RsaKeyLoader) -> Result<Self, ConfigError> {
        let passphrase = loader
            .passphrase
            .as_ref()
            .map(|passphrase| passphrase.as_slice());
        let (der, bits) = container::private_key(container, passphrase)?;
        let key = match loader.backend {
            #[cfg(feature = "aws-lc-rs")]
            RsaBackend::AwsLc => PrivateKey::AwsLc(aws_lc::PrivateKey::from_pkcs1(&der)?),
            #[cfg(feature = "rustcrypto")]
            RsaBackend::RustCrypto => {
                PrivateKey::RustCrypto(Box::new(rustcrypto::PrivateKey::from_pkcs1(&der)?))
            }
        };
        Ok(Self {
            key: Arc::new(key),
            bits,
        })
    }
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RsaKey")
            .field("bits", &self.bits)
            .field("backend", &self.backend())
            .finish_non_exhaustive()
    }
}

/// Reads an [`RsaKey`] with a passphrase, or for another backend.
///
/// ```no_run
/// use anboto_auth::RsaKey;
///
/// let passphrase = "from wherever you keep it";
/// let key = RsaKey::loader().passphrase(passphrase).from_file("anboto.pem")?;
/// # Ok::<(), anboto_auth::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct RsaKeyLoader {
    passphrase: Option<Zeroizing<Vec<u8>>>,
    backend: RsaBackend,
}

impl RsaKeyLoader {
    /// The passphrase of an encrypted key. A key that is not encrypted has no use for it.
    #[must_use]
    pub fn passphrase(mut self, passphrase: impl AsRef<[u8]>) -> Self {
        self.passphrase = Some(Zeroizing::new(passphrase.as_ref().to_vec()));
        self
    }

    /// Who is to compute the signatures.
    #[must_use]
    pub fn backend(mut self, backend: RsaBackend) -> Self {
        self.backend = backend;
        self
    }

    /// Reads PEM text.
    ///
    /// # Errors
    /// When the text holds no usable RSA private key, or the passphrase is missing or wrong; the kind says why.
    pub fn from_pem(&self, pem: &str) -> Result<RsaKey, ConfigError> {
        RsaKey::new(Container::Pem(pem), self)
    }

    /// Reads DER bytes.
    ///
    /// # Errors
    /// As [`from_pem`](Self::from_pem).
    pub fn from_der(&self, der: &[u8]) -> Result<RsaKey, ConfigError> {
        RsaKey::new(Container::Der(der), self)
    }

    /// Reads a PEM or DER file.
    ///
    /// # Errors
    /// When the file can't be read, and as [`from_pem`](Self::from_pem).
    pub fn from_file(&self, path: impl AsRef<Path>) -> Result<RsaKey, ConfigError> {
        let path = path.as_ref();
        let about_file = |error: ConfigError| error.about(path.display().to_string());
        let content = fs::read(path).map(Zeroizing::new).map_err(|source| {
            about_file(ConfigError::new(ConfigErrorKind::UnreadableFile).caused_by(source))
        })?;
        RsaKey::new(Container::guess(&content), self).map_err(about_file)
    }
}

impl fmt::Debug for RsaKeyLoader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RsaKeyLoader")
            .field("backend", &self.backend)
            .finish_non_exhaustive()
    }
}
