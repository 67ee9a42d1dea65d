//! Who signs: an API key, and the secret or the private key that goes with it.

use std::{ffi::OsString, fmt, sync::Arc};

use http::HeaderValue;
use zeroize::Zeroizing;

use crate::{
    error::{ConfigError, ConfigErrorKind, SignError},
    hmac_key::HmacKey,
    rsa::RsaKey,
    signature::Signature,
    string_to_sign::StringToSign,
    variables,
};

/// The public half of a key pair's name: it tells the server whose signature it is.
///
/// No secret by itself, yet nothing for a log either: `Debug` doesn't show it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    text: Box<str>,
    header: HeaderValue,
}

impl ApiKey {
    /// Checks the text.
    ///
    /// # Errors
    /// When it is empty, or holds anything but visible ASCII characters.
    pub fn new(api_key: &str) -> Result<Self, ConfigError> {
        if api_key.is_empty() {
            return Err(ConfigError::new(ConfigErrorKind::EmptyApiKey));
        }
        let malformed = || ConfigError::new(ConfigErrorKind::MalformedApiKey);
        if !api_key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(malformed());
        }
        let mut header = HeaderValue::from_str(api_key).map_err(|_| malformed())?;
        header.set_sensitive(true);
        Ok(Self {
            text: api_key.into(),
            header,
        })
    }

    /// The text. Don't log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The header's value, marked sensitive. Cloning it copies no text.
    pub(crate) fn header(&self) -> &HeaderValue {
        &self.header
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

/// An API key with what it signs with: an HMAC secret or an RSA private key.
///
/// Read and checked once, cheap to clone, wiped from memory when the last clone goes, and never shown by `Debug`.
///
/// ```
/// use anboto_auth::Credentials;
///
/// let credentials = Credentials::hmac("my-api-key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")?;
/// assert!(Credentials::hmac("my-api-key", "not Base64!").is_err());
/// # Ok::<(), anboto_auth::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Credentials {
    api_key: ApiKey,
    key: SigningKey,
}

#[derive(Clone)]
pub(crate) enum SigningKey {
    Hmac(Arc<HmacKey>),
    Rsa(RsaKey),
}

impl Credentials {
    /// The variable that holds the API key.
    pub const API_KEY_VARIABLE: &'static str = "ANBOTO_API_KEY";
    /// The variable that holds the Base64 secret of an HMAC key pair.
    pub const API_SECRET_VARIABLE: &'static str = "ANBOTO_API_SECRET";
    /// The variable that holds the path of an RSA private key.
    pub const RSA_PRIVATE_KEY_FILE_VARIABLE: &'static str = "ANBOTO_RSA_PRIVATE_KEY_FILE";

    /// A key pair made by the system: an API key and a Base64 secret.
    ///
    /// # Errors
    /// When the API key is unusable, or the secret empty or not Base64.
    pub fn hmac(api_key: &str, secret: &str) -> Result<Self, ConfigError> {
        Ok(Self {
            api_key: ApiKey::new(api_key)?,
            key: SigningKey::Hmac(Arc::new(HmacKey::from_base64(secret)?)),
        })
    }

    /// A key pair made by yourself: the API key that the vendor gave for your RSA public key, and the private one.
    ///
    /// # Errors
    /// When the API key is unusable.
    pub fn rsa(api_key: &str, key: RsaKey) -> Result<Self, ConfigError> {
        Ok(Self {
            api_key: ApiKey::new(api_key)?,
            key: SigningKey::Rsa(key),
        })
    }

    /// Reads `ANBOTO_API_KEY`, and either `ANBOTO_API_SECRET` or the file that `ANBOTO_RSA_PRIVATE_KEY_FILE` names.
    ///
    /// Nothing in this crate reads a variable or a file unless it is asked to, as here.
    ///
    /// # Errors
    /// When a variable is missing or unusable, when both kinds of key are set, when the file can't be read.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| std::env::var_os(name))
    }

    /// As [`from_env`](Self::from_env), with another source of variables than the process environment.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn from_lookup<T: Into<OsString>>(
        mut lookup: impl FnMut(&str) -> Option<T>,
    ) -> Result<Self, ConfigError> {
        let api_key = variables::required(&mut lookup, Self::API_KEY_VARIABLE)?;
        let secret =
            variables::optional(&mut lookup, Self::API_SECRET_VARIABLE)?.map(Zeroizing::new);
        let key_file = variables::optional(&mut lookup, Self::RSA_PRIVATE_KEY_FILE_VARIABLE)?;
        match (secret, key_file) {
            (Some(_), Some(_)) => Err(ConfigError::new(ConfigErrorKind::ConflictingVariables)
                .about("ANBOTO_API_SECRET and ANBOTO_RSA_PRIVATE_KEY_FILE")),
            (None, None) => Err(ConfigError::new(ConfigErrorKind::MissingVariable)
                .about("ANBOTO_API_SECRET or ANBOTO_RSA_PRIVATE_KEY_FILE")),
            (Some(secret), None) => Self::hmac(&api_key, &secret),
            (None, Some(path)) => Self::rsa(&api_key, RsaKey::from_file(path)?),
        }
    }

    /// The API key.
    #[must_use]
    pub fn api_key(&self) -> &ApiKey {
        &self.api_key
    }

    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }
}

impl SigningKey {
    pub(crate) fn sign(&self, text: &StringToSign<'_>) -> Result<Signature, SignError> {
        match self {
            Self::Hmac(key) => Ok(Signature::hmac(key.sign(&text.parts()))),
            Self::Rsa(key) => key.sign(&text.concat()).map(Signature::rsa),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.key {
            SigningKey::Hmac(_) => "HMAC",
            SigningKey::Rsa(_) => "RSA",
        };
        write!(f, "Credentials({kind}, ..)")
    }
}
