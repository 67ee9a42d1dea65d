//! The verifying side: for a server, a simulator, a service's own tests.

mod error;
mod replay;

use std::{fmt, sync::Arc, time::SystemTime};

use base64ct::{Base64, Encoding};
use http::{HeaderMap, HeaderName};
use sha2::{Digest, Sha256};

pub use self::error::{VerifyError, VerifyErrorKind};
use self::replay::ReplayMemory;
#[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
use crate::rsa::RsaPublicKey;
use crate::{
    credentials::ApiKey,
    error::ConfigError,
    headers::{X_API_KEY, X_RECV_WINDOW, X_SIGN, X_TIMESTAMP},
    hmac_key::HmacKey,
    query::{CanonicalQuery, QueryForm},
    signature::SignatureEncoding,
    string_to_sign::{StringToSign, Timestamp},
    window::RecvWindow,
};

/// What a signature is checked with: the secret of an HMAC key pair, or an RSA public key. Cheap to clone.
#[derive(Clone)]
pub struct VerifyingKey(Key);

#[derive(Clone)]
enum Key {
    Hmac(Arc<HmacKey>),
    #[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
    Rsa(Arc<RsaPublicKey>),
}

impl VerifyingKey {
    /// The Base64 secret of an HMAC key pair.
    ///
    /// # Errors
    /// When it is empty or not Base64.
    pub fn hmac(secret: &str) -> Result<Self, ConfigError> {
        HmacKey::from_base64(secret).map(|key| Self(Key::Hmac(Arc::new(key))))
    }

    /// An RSA public key of at least 2048 bits in PEM, as `openssl pkey -pubout` writes it or in PKCS#1.
    ///
    /// # Errors
    /// When the text holds no such key.
    #[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
    pub fn rsa_from_pem(pem: &str) -> Result<Self, ConfigError> {
        RsaPublicKey::from_pem(pem).map(|key| Self(Key::Rsa(Arc::new(key))))
    }

    /// An RSA public key of at least 2048 bits in DER.
    ///
    /// # Errors
    /// When the bytes are no such key.
    #[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
    pub fn rsa_from_der(der: &[u8]) -> Result<Self, ConfigError> {
        RsaPublicKey::from_der(der).map(|key| Self(Key::Rsa(Arc::new(key))))
    }

    fn accepts(&self, text: &StringToSign<'_>, signature: &[u8]) -> bool {
        match &self.0 {
            Key::Hmac(key) => key.verify(&text.parts(), signature),
            #[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
            Key::Rsa(key) => key.verify(&text.concat(), signature),
        }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyingKey(..)")
    }
}

/// What a server has received: the headers, the query as it stood in the request line, the body's bytes.
#[derive(Clone, Copy)]
pub struct ReceivedRequest<'a> {
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The query as received, without its `?`; empty if there is none.
    pub query: &'a str,
    /// The body as received; empty if there is none.
    pub body: &'a [u8],
}

impl fmt::Debug for ReceivedRequest<'_> {
    /// Shows none of it: whatever it holds may be signed text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedRequest").finish_non_exhaustive()
    }
}

/// A request that was found to be signed by a known key, in time, for the first time.
#[derive(Clone, Debug)]
pub struct Verified {
    api_key: ApiKey,
    timestamp: Timestamp,
    recv_window: RecvWindow,
}

impl Verified {
    /// Whose request it is.
    #[must_use]
    pub fn api_key(&self) -> &ApiKey {
        &self.api_key
    }

    /// When it was signed, in milliseconds since the epoch.
    #[must_use]
    pub fn timestamp_millis(&self) -> u64 {
        self.timestamp.0
    }

    /// For how long it was meant to be valid.
    #[must_use]
    pub fn recv_window(&self) -> RecvWindow {
        self.recv_window
    }
}

/// Checks signed requests: their form, then the window, then the signature, and last whether they were seen before.
///
/// Whether the key is unknown or the signature wrong, the answer is the same and takes the same work, so that it doesn't
/// tell which API keys exist. Replays are looked for last, so that only who holds a key can fill that memory.
///
/// ```
/// # use anboto_auth::{Credentials, Environment, RequestView, Signer};
/// use std::collections::HashMap;
/// use anboto_auth::{ReceivedRequest, Verifier, VerifyErrorKind, VerifyingKey};
///
/// let secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// let keys = HashMap::from([("test-api-key", VerifyingKey::hmac(secret)?)]);
/// let verifier = Verifier::new();
/// # let signer = Signer::new(&Environment::testnet(), Credentials::hmac("test-api-key", secret)?);
/// # let url = url::Url::parse(Environment::testnet().base_url())?;
/// # let (now, body, mut headers) = (std::time::SystemTime::now(), br#"{"order_id":42}"#, http::HeaderMap::new());
/// # signer.sign(&RequestView::new(&url).with_body(body), now)?.add_to(&mut headers)?;
///
/// let request = ReceivedRequest { headers: &headers, query: "", body };
/// let verified = verifier.verify(&request, now, |key| keys.get(key.expose()).cloned())?;
/// assert_eq!(verified.api_key().expose(), "test-api-key");
///
/// let again = verifier.verify(&request, now, |key| keys.get(key.expose()).cloned());
/// assert_eq!(again.unwrap_err().kind(), VerifyErrorKind::Replayed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Verifier {
    query_form: QueryForm,
    encoding: SignatureEncoding,
    replays: Option<ReplayMemory>,
}

impl Verifier {
    /// How far a timestamp may be ahead of the server's clock, in milliseconds. Bybit's rule, on which the vendor's is
    /// modelled, as far as is known.
    pub const LEEWAY_MILLIS: u64 = 1_000;

    /// How many requests the replay memory holds by default.
    pub const REPLAY_CAPACITY: usize = 1 << 17;

    /// A verifier with the vendor's defaults: Base64, the decoded query; and with replay protection.
    #[must_use]
    pub fn new() -> Self {
        Self {
            query_form: QueryForm::default(),
            encoding: SignatureEncoding::default(),
            replays: Some(ReplayMemory::new(Self::REPLAY_CAPACITY)),
        }
    }

    /// With another form of the query in the string to sign.
    #[must_use]
    pub fn with_query_form(mut self, form: QueryForm) -> Self {
        self.query_form = form;
        self
    }

    /// With another encoding of the signature.
    #[must_use]
    pub fn with_encoding(mut self, encoding: SignatureEncoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// With room for so many requests in the replay memory. When it is full of requests whose window is still open,
    /// further ones are refused.
    #[must_use]
    pub fn with_replay_capacity(mut self, capacity: usize) -> Self {
        self.replays = Some(ReplayMemory::new(capacity));
        self
    }

    /// Without replay protection: for a double of the vendor's server, which is not known to have any. The scheme has
    /// no nonce, so two equal requests signed in the same millisecond are one to a verifier that has it.
    #[must_use]
    pub fn without_replay_protection(mut self) -> Self {
        self.replays = None;
        self
    }

    /// Checks a request. `lookup` finds the key that belongs to an API key.
    ///
    /// # Errors
    /// When the request is not to be served. Answer 401, and log the kind.
    pub fn verify(
        &self,
        request: &ReceivedRequest<'_>,
        now: SystemTime,
        lookup: impl FnOnce(&ApiKey) -> Option<VerifyingKey>,
    ) -> Result<Verified, VerifyError> {
        let claim = Claim::parse(request.headers, self.encoding)?;
        let now = Timestamp::of(now)
            .ok_or_else(|| VerifyError::new(VerifyErrorKind::ClockBeforeEpoch))?;
        claim.check_window(now)?;

        let query = self.query_text(request)?;
        let payload = if query.is_empty() {
            request.body
        } else {
            query.as_bytes()
        };
        let recv_window = claim.recv_window.to_header();
        let text = StringToSign::new(claim.timestamp, &claim.api_key, &recv_window, payload);
        // An unknown key costs a computation too, and no signature satisfies the key that stands in for it: what it
        // accepts is overruled.
        let key = lookup(&claim.api_key);
        let is_known = key.is_some();
        let key =
            key.unwrap_or_else(|| VerifyingKey(Key::Hmac(Arc::new(HmacKey::from_bytes(&[])))));
        if !(key.accepts(&text, &claim.signature) & is_known) {
            return Err(VerifyError::new(VerifyErrorKind::Unauthorized));
        }

        if let Some(replays) = &self.replays {
            let digest = text
                .parts()
                .iter()
                .fold(Sha256::new(), |digest, part| digest.chain_update(part));
            replays.admit(digest.finalize().into(), claim.last_instant(), now.0)?;
        }
        Ok(Verified {
            api_key: claim.api_key,
            timestamp: claim.timestamp,
            recv_window: claim.recv_window,
        })
    }

    fn query_text(&self, request: &ReceivedRequest<'_>) -> Result<String, VerifyError> {
        if !request.query.is_empty() && !request.body.is_empty() {
            return Err(VerifyError::new(VerifyErrorKind::QueryAndBody));
        }
        match self.query_form {
            QueryForm::Decoded => CanonicalQuery::parse(request.query)
                .map(|query| query.decoded().to_owned())
                .map_err(|_| VerifyError::new(VerifyErrorKind::MalformedQuery)),
            QueryForm::AsSent => Ok(request.query.to_owned()),
        }
    }
}

impl Default for Verifier {
    fn default() -> Self {
        Self::new()
    }
}

/// What the four headers say, before any of it is believed.
struct Claim {
    api_key: ApiKey,
    timestamp: Timestamp,
    recv_window: RecvWindow,
    signature: Vec<u8>,
}

impl Claim {
    fn parse(headers: &HeaderMap, encoding: SignatureEncoding) -> Result<Self, VerifyError> {
        let api_key = single(headers, &X_API_KEY, "X-API-KEY")?;
        let timestamp = single(headers, &X_TIMESTAMP, "X-TIMESTAMP")?;
        let recv_window = single(headers, &X_RECV_WINDOW, "X-RECV-WINDOW")?;
        let signature = single(headers, &X_SIGN, "X-SIGN")?;
        let malformed = |name| VerifyError::new(VerifyErrorKind::MalformedHeader).about(name);
        Ok(Self {
            api_key: ApiKey::new(api_key).map_err(|_| malformed("X-API-KEY"))?,
            timestamp: canonical_decimal(timestamp)
                .map(Timestamp)
                .ok_or_else(|| malformed("X-TIMESTAMP"))?,
            recv_window: canonical_decimal(recv_window)
                .and_then(|millis| u32::try_from(millis).ok())
                .and_then(|millis| RecvWindow::from_millis(millis).ok())
                .ok_or_else(|| malformed("X-RECV-WINDOW"))?,
            signature: match encoding {
                SignatureEncoding::Base64 => Base64::decode_vec(signature).ok(),
                SignatureEncoding::Hex => decode_hex(signature),
            }
            .filter(|signature| !signature.is_empty())
            .ok_or_else(|| malformed("X-SIGN"))?,
        })
    }

    /// `now - window <= timestamp < now + leeway`
    fn check_window(&self, now: Timestamp) -> Result<(), VerifyError> {
        if self.last_instant() < now.0 {
            return Err(VerifyError::new(VerifyErrorKind::Expired));
        }
        if self.timestamp.0 >= now.0.saturating_add(Verifier::LEEWAY_MILLIS) {
            return Err(VerifyError::new(VerifyErrorKind::AheadOfServer));
        }
        Ok(())
    }

    /// The last millisecond in which the request is valid.
    fn last_instant(&self) -> u64 {
        self.timestamp
            .0
            .saturating_add(self.recv_window.as_millis().into())
    }
}

/// The one value of a header.
fn single<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    shown: &'static str,
) -> Result<&'a str, VerifyError> {
    let mut values = headers.get_all(name).iter();
    let error = |kind| VerifyError::new(kind).about(shown);
    let value = values
        .next()
        .ok_or_else(|| error(VerifyErrorKind::MissingHeader))?;
    if values.next().is_some() {
        return Err(error(VerifyErrorKind::RepeatedHeader));
    }
    value
        .to_str()
        .map_err(|_| error(VerifyErrorKind::MalformedHeader))
}

/// A number in the one way to write it: digits alone, and no zero before others. Two texts of one number would be two
/// strings to sign of one meaning.
fn canonical_decimal(text: &str) -> Option<u64> {
    let is_canonical =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if is_canonical {
        text.parse().ok()
    } else {
        None
    }
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|&[high, low]| Some(value(high)? << 4 | value(low)?))
        .collect()
}
