//! The errors of this crate: opaque, each with a kind to match on.
//!
//! A message says what is wrong and what to do about it. It never repeats a secret, a key, a signature or a string to
//! sign: whatever is quoted (a header name, a variable name, an origin) is public by nature.

use std::{borrow::Cow, error::Error, fmt, io};

/// Why something a service configured can't be used: credentials, a base URL, a receive window, a variable.
///
/// [`kind`](Self::kind) tells the cases apart; the message says what to do.
pub struct ConfigError {
    kind: ConfigErrorKind,
    subject: Option<Cow<'static, str>>,
    source: Option<io::Error>,
}

/// What is wrong with a configured value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// The API key is empty.
    EmptyApiKey,
    /// The API key holds white space, a control character or a character outside ASCII.
    MalformedApiKey,
    /// The HMAC secret is empty.
    EmptySecret,
    /// The HMAC secret is not Base64.
    SecretNotBase64,
    /// The text or bytes hold no RSA private key in a form that this crate reads.
    MalformedRsaKey,
    /// The key is of another algorithm: an elliptic-curve key, for instance.
    NotAnRsaKey,
    /// The key is a public one (or a certificate) where a private one is needed, or the other way round.
    WrongHalfOfKeyPair,
    /// The RSA key has fewer than 2048 bits.
    RsaKeyTooSmall,
    /// The RSA key has more than 8192 bits.
    RsaKeyTooLarge,
    /// The key is encrypted the way OpenSSL did before PKCS#8 (`Proc-Type: 4,ENCRYPTED`).
    LegacyEncryptedPem,
    /// The key is encrypted, and no passphrase was given.
    PassphraseRequired,
    /// The passphrase doesn't decrypt the key.
    WrongPassphrase,
    /// The key is encrypted by an algorithm that is not supported, or too costly to derive a key for.
    UnsupportedEncryption,
    /// The key file can't be read.
    UnreadableFile,
    /// The receive window is 0 or above 60,000 ms.
    RecvWindowOutOfRange,
    /// The base URL is not an absolute `http` or `https` URL without query and fragment.
    MalformedBaseUrl,
    /// The base URL is plain `http` to a host that is not loopback.
    InsecureBaseUrl,
    /// The base URL holds a user name or a password.
    BaseUrlHoldsCredentials,
    /// A variable that is needed is not set, or empty.
    MissingVariable,
    /// A variable's value is not Unicode text.
    VariableNotUnicode,
    /// Both an HMAC secret and an RSA key are set.
    ConflictingVariables,
    /// This build has no RSA backend.
    RsaUnavailable,
}

impl ConfigError {
    pub(crate) fn new(kind: ConfigErrorKind) -> Self {
        Self {
            kind,
            subject: None,
            source: None,
        }
    }

    /// Names the variable, host or path that the error is about. Never pass anything secret.
    pub(crate) fn about(mut self, subject: impl Into<Cow<'static, str>>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    #[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
    pub(crate) fn caused_by(mut self, source: io::Error) -> Self {
        self.source = Some(source);
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> ConfigErrorKind {
        self.kind
    }

    /// Whether a variable is simply not set, so that a caller may fall back to something else.
    #[must_use]
    pub fn is_missing_variable(&self) -> bool {
        self.kind == ConfigErrorKind::MissingVariable
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ConfigErrorKind as Kind;
        if let Some(subject) = &self.subject {
            write!(f, "{subject}: ")?;
        }
        f.write_str(match self.kind {
            Kind::EmptyApiKey => "the API key is empty; give the one shown beside the key pair",
            Kind::MalformedApiKey => {
                "the API key holds white space, a control character or a character outside ASCII; \
                 look for a line end or a quote copied along with it"
            }
            Kind::EmptySecret => "the HMAC secret is empty; give the Base64 text shown when the key pair was made",
            Kind::SecretNotBase64 => {
                "the HMAC secret is not Base64; give the very text shown when the key pair was made, \
                 without line ends, spaces or quotes (standard alphabet if it holds + or / or ends in =, else URL-safe)"
            }
            Kind::MalformedRsaKey => {
                "this is not an RSA private key in PKCS#8 or PKCS#1, PEM or DER; \
                 `openssl pkey -in key.pem` shows whether the file is whole"
            }
            Kind::NotAnRsaKey => {
                "the key is not an RSA key; make one with \
                 `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048`"
            }
            Kind::WrongHalfOfKeyPair => {
                "this is the other half of the key pair (or a certificate): \
                 sign with the private key, verify with the public one"
            }
            Kind::RsaKeyTooSmall => "the RSA key has fewer than 2048 bits; make a larger one",
            Kind::RsaKeyTooLarge => "the RSA key has more than 8192 bits; 2048 to 4096 are usual",
            Kind::LegacyEncryptedPem => {
                "the key is encrypted in OpenSSL's legacy form (Proc-Type: 4,ENCRYPTED), which hardly protects it; \
                 convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem -out key-pkcs8.pem`"
            }
            Kind::PassphraseRequired => "the key is encrypted; load it through RsaKey::loader() with its passphrase",
            Kind::WrongPassphrase => "the passphrase does not decrypt the key",
            Kind::UnsupportedEncryption => {
                "the key is encrypted by an algorithm that is not supported (PBES2 with AES is), or derives its key at \
                 excessive cost; convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem -out key-pkcs8.pem`"
            }
            Kind::UnreadableFile => "the key file can't be read",
            Kind::RecvWindowOutOfRange => "the receive window must be from 1 to 60000 ms",
            Kind::MalformedBaseUrl => {
                "the base URL must be absolute, http or https, without query and fragment, \
                 such as https://api.testnet.anboto.xyz"
            }
            Kind::InsecureBaseUrl => "plain http is for loopback alone; use https for any other host",
            Kind::BaseUrlHoldsCredentials => "a base URL must not hold a user name or a password",
            Kind::MissingVariable => "the environment variable is not set (or empty)",
            Kind::VariableNotUnicode => "the environment variable is not Unicode text",
            Kind::ConflictingVariables => "both an HMAC secret and an RSA private key are set; keep the one to sign with",
            Kind::RsaUnavailable => {
                "this build can't sign with RSA; enable the feature `aws-lc-rs` or `rustcrypto` of anboto-auth"
            }
        })
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigError")
            .field("kind", &self.kind)
            .field("subject", &self.subject)
            .field("source", &self.source)
            .finish()
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// Why a query can't be brought into its canonical form.
#[derive(Debug)]
pub struct QueryError {
    kind: QueryErrorKind,
}

/// What is wrong with a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QueryErrorKind {
    /// An item of a comma-joined list holds a comma, and would arrive as two.
    CommaInListItem,
    /// A `%` is not followed by two hexadecimal digits.
    MalformedEscape,
    /// The decoded query is not UTF-8.
    NotUtf8,
}

impl QueryError {
    pub(crate) fn new(kind: QueryErrorKind) -> Self {
        Self { kind }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> QueryErrorKind {
        self.kind
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            QueryErrorKind::CommaInListItem => {
                "an item of the list holds a comma and would arrive as two items; \
                 look that order up by its order id, and give orders ids without commas"
            }
            QueryErrorKind::MalformedEscape => {
                "the query holds a % that does not begin an escape; write a literal percent sign as %25"
            }
            QueryErrorKind::NotUtf8 => "the query decodes to bytes that are not UTF-8",
        })
    }
}

impl Error for QueryError {}

/// Why a request was not signed. The request is as it was before.
pub struct SignError {
    kind: SignErrorKind,
    subject: Option<Cow<'static, str>>,
    source: Option<QueryError>,
}

/// What kept a request from being signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignErrorKind {
    /// The clock reads a time before 1970.
    ClockBeforeEpoch,
    /// The request goes to another origin than the signer is bound to.
    ForeignOrigin,
    /// The request goes by plain `http` to a host that is not loopback.
    InsecureUrl,
    /// The URL holds a user name or a password.
    UrlHoldsCredentials,
    /// The URL's query is not the canonical query that would be signed.
    QueryNotOnWire,
    /// The URL's query can't be read.
    MalformedQuery,
    /// The request has both a query and a body; the scheme signs only one.
    QueryAndBody,
    /// The body can't be read back: it is a stream.
    UnreadableBody,
    /// The request carries one of the four headers already.
    AlreadySigned,
    /// The cryptographic backend failed.
    Backend,
}

impl SignError {
    pub(crate) fn new(kind: SignErrorKind) -> Self {
        Self {
            kind,
            subject: None,
            source: None,
        }
    }

    pub(crate) fn about(mut self, subject: impl Into<Cow<'static, str>>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// What kept the request from being signed.
    #[must_use]
    pub fn kind(&self) -> SignErrorKind {
        self.kind
    }

    /// Whether trying again can help: only when the backend failed. Every other kind is the request's own fault.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.kind == SignErrorKind::Backend
    }
}

impl From<QueryError> for SignError {
    fn from(source: QueryError) -> Self {
        Self {
            kind: SignErrorKind::MalformedQuery,
            subject: None,
            source: Some(source),
        }
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use SignErrorKind as Kind;
        f.write_str("not signed: ")?;
        if let Some(subject) = &self.subject {
            write!(f, "{subject}: ")?;
        }
        f.write_str(match self.kind {
            Kind::ClockBeforeEpoch => "the clock reads a time before 1970; set it",
            Kind::ForeignOrigin => {
                "the request goes to another origin than the signer is bound to; make a signer for that environment"
            }
            Kind::InsecureUrl => "plain http is for loopback alone; use https for any other host",
            Kind::UrlHoldsCredentials => "the URL holds a user name or a password; take them out",
            Kind::QueryNotOnWire => {
                "the URL's query is not the canonical query to be signed; set it with `CanonicalQuery::as_sent`"
            }
            Kind::MalformedQuery => "the URL's query can't be read",
            Kind::QueryAndBody => {
                "the request has both a query and a body, and the scheme signs only one; move the query into the body"
            }
            Kind::UnreadableBody => "the body is a stream and can't be read back; give it as bytes",
            Kind::AlreadySigned => {
                "the request carries a signature header already; sign a request once, and each attempt afresh"
            }
            Kind::Backend => "the RSA backend failed",
        })
    }
}

impl fmt::Debug for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignError")
            .field("kind", &self.kind)
            .field("subject", &self.subject)
            .field("source", &self.source)
            .finish()
    }
}

impl Error for SignError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
