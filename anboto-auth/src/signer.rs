//! Signing: a borrowed view of the request and an instant in, headers out.

use std::{fmt, time::SystemTime};

use http::HeaderValue;
use url::Url;

use crate::{
    credentials::{Credentials, SigningKey},
    environment::{Environment, Origin},
    error::{SignError, SignErrorKind},
    headers::{SignedHeaders, ascii},
    query::{CanonicalQuery, QueryForm},
    signature::{Signature, SignatureEncoding},
    string_to_sign::{StringToSign, Timestamp},
    window::RecvWindow,
};

/// The path, below the base URL, of the one operation that is not signed and must not get the headers of a signature: the
/// server's status (FACTS section 2).
pub const UNSIGNED_PATH: &str = "/status/ping";

/// What the signature has to know of a request. The method and the path are not among it: the scheme doesn't cover them.
///
/// `Debug` shows the path and sizes: the rest is signed text, or may hold a password that doesn't belong there.
#[derive(Clone, Copy)]
pub struct RequestView<'a> {
    url: &'a Url,
    query: Option<&'a CanonicalQuery>,
    body: &'a [u8],
}

impl<'a> RequestView<'a> {
    /// A request without query and body.
    #[must_use]
    pub const fn new(url: &'a Url) -> Self {
        Self {
            url,
            query: None,
            body: &[],
        }
    }

    /// With this query, which must be the one that the URL holds: `url.set_query(query.to_url_query())`.
    #[must_use]
    pub const fn with_query(self, query: &'a CanonicalQuery) -> Self {
        Self {
            query: Some(query),
            ..self
        }
    }

    /// With this body: the very bytes that are sent.
    #[must_use]
    pub const fn with_body(self, body: &'a [u8]) -> Self {
        Self { body, ..self }
    }

    /// The text of the query or the body.
    fn payload(&self, form: QueryForm) -> Result<&'a [u8], SignError> {
        let on_wire = self.url.query().unwrap_or_default();
        // Empty texts are not compared. They may lie at an address where nothing is, and to compare no bytes there takes a
        // processor with AVX-512 longer than the rest of this (BENCHMARKS.md).
        match self.query.filter(|query| !query.is_empty()) {
            None if on_wire.is_empty() => Ok(self.body),
            Some(query) if query.as_sent() == on_wire => {
                if !self.body.is_empty() {
                    return Err(SignError::new(SignErrorKind::QueryAndBody));
                }
                Ok(query.signed(form).as_bytes())
            }
            _ => Err(SignError::new(SignErrorKind::QueryNotOnWire)),
        }
    }
}

impl fmt::Debug for RequestView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestView")
            .field("path", &self.url.path())
            .field(
                "query_len",
                &self.query.map_or(0, |query| query.as_sent().len()),
            )
            .field("body_len", &self.body.len())
            .finish()
    }
}

/// Signs requests to one origin with one key, and refuses any other origin.
///
/// Signing is the last thing to do before a send, and is done afresh for each attempt: a signature is good for its
/// receive window only. Nothing here reads a clock; the instant is an argument.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use anboto_auth::{CanonicalQuery, Credentials, Environment, RequestView, Signer, X_SIGN};
///
/// let credentials = Credentials::hmac("test-api-key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")?;
/// let signer = Signer::new(&Environment::testnet(), credentials);
///
/// let query = CanonicalQuery::from_pairs([("orderIds", "1,2")]);
/// let mut url = url::Url::parse("https://api.testnet.anboto.xyz/api/v2/trading/order/byId")?;
/// url.set_query(query.to_url_query());
///
/// let now = UNIX_EPOCH + Duration::from_millis(1_700_000_000_000);
/// let mut headers = http::HeaderMap::new();
/// signer.sign(&RequestView::new(&url).with_query(&query), now)?.add_to(&mut headers)?;
/// assert_eq!(headers[X_SIGN], "VR/PCeHo2bw3fCnAR1Wnvyp5LTjiDL2dqsEHo/f2wBA=");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signer {
    origin: Origin,
    /// [`UNSIGNED_PATH`] with the path of the base URL before it.
    unsigned_path: String,
    credentials: Credentials,
    recv_window: RecvWindow,
    recv_window_header: HeaderValue,
    query_form: QueryForm,
    encoding: SignatureEncoding,
}

impl Signer {
    /// A signer for one environment, with the vendor's defaults: a window of 5,000 ms, Base64, the decoded query.
    #[must_use]
    pub fn new(environment: &Environment, credentials: Credentials) -> Self {
        let recv_window = RecvWindow::default();
        Self {
            origin: environment.origin().clone(),
            unsigned_path: format!("{}{UNSIGNED_PATH}", environment.base_path()),
            credentials,
            recv_window,
            recv_window_header: recv_window.to_header(),
            query_form: QueryForm::default(),
            encoding: SignatureEncoding::default(),
        }
    }

    /// With another receive window.
    #[must_use]
    pub fn with_recv_window(mut self, recv_window: RecvWindow) -> Self {
        self.recv_window = recv_window;
        self.recv_window_header = recv_window.to_header();
        self
    }

    /// The receive window.
    #[must_use]
    pub fn recv_window(&self) -> RecvWindow {
        self.recv_window
    }

    /// The form of the query in the string to sign.
    #[must_use]
    pub fn query_form(&self) -> QueryForm {
        self.query_form
    }

    /// The encoding of the signature.
    #[must_use]
    pub fn encoding(&self) -> SignatureEncoding {
        self.encoding
    }

    /// Whether it signs with an RSA key, and not with an HMAC one.
    #[must_use]
    pub fn is_rsa(&self) -> bool {
        matches!(self.credentials.key(), SigningKey::Rsa(_))
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

    /// The origin that this signer is bound to.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether a URL is that of the operation which must not be signed: [`UNSIGNED_PATH`], exactly, of this signer's
    /// environment. A URL of any other origin is not.
    #[must_use]
    pub fn is_unsigned(&self, url: &Url) -> bool {
        url.path() == self.unsigned_path && self.origin.contains(url)
    }

    /// Signs a request.
    ///
    /// # Errors
    /// When the request must not be signed as it is (see [`SignErrorKind`]), or the RSA backend fails.
    pub fn sign(
        &self,
        request: &RequestView<'_>,
        now: SystemTime,
    ) -> Result<SignedHeaders, SignError> {
        let text = self.string_to_sign(request, now)?;
        let signature = self.credentials.key().sign(&text)?;
        Ok(self.headers(&text, &signature))
    }

    /// Whether a signature takes longer than an async task should keep its thread: RSA above 2048 bits, or any RSA by the
    /// `rsa` crate. Then call `sign_for_send` (feature `tokio`), or [`sign`](Self::sign) where it may block.
    #[must_use]
    pub fn is_costly(&self) -> bool {
        match self.credentials.key() {
            SigningKey::Hmac(_) => false,
            SigningKey::Rsa(key) => key.is_costly(),
        }
    }

    /// Signs a request from within an async task, as the last thing before the send.
    ///
    /// An HMAC signature takes about a microsecond, an RSA-2048 one by AWS-LC a quarter of a millisecond: they are
    /// computed at once. A costlier one (RSA above 2048 bits, or any by the `rsa` crate) is computed on tokio's blocking
    /// pool, so that it doesn't stall the executor; without a tokio runtime it is computed at once as well.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    #[cfg(feature = "tokio")]
    pub async fn sign_for_send(
        &self,
        request: &RequestView<'_>,
        now: SystemTime,
    ) -> Result<SignedHeaders, SignError> {
        let text = self.string_to_sign(request, now)?;
        let signature = match self.credentials.key() {
            SigningKey::Rsa(key) if key.is_costly() => {
                Signature::rsa(sign_elsewhere(key.clone(), text.concat()).await?)
            }
            key => key.sign(&text)?,
        };
        Ok(self.headers(&text, &signature))
    }

    /// The first stage of [`sign`](Self::sign): checks the request and gathers what is signed.
    ///
    /// # Errors
    /// When the request must not be signed as it is.
    pub fn string_to_sign<'a>(
        &'a self,
        request: &RequestView<'a>,
        now: SystemTime,
    ) -> Result<StringToSign<'a>, SignError> {
        self.refuse_foreign(request.url)?;
        let payload = request.payload(self.query_form)?;
        let timestamp =
            Timestamp::of(now).ok_or_else(|| SignError::new(SignErrorKind::ClockBeforeEpoch))?;
        Ok(StringToSign::new(
            timestamp,
            self.credentials.api_key(),
            &self.recv_window_header,
            payload,
        ))
    }

    /// The second stage of [`sign`](Self::sign): the raw signature.
    ///
    /// # Errors
    /// When the RSA backend fails.
    pub fn signature(&self, text: &StringToSign<'_>) -> Result<Signature, SignError> {
        self.credentials.key().sign(text)
    }

    fn headers(&self, text: &StringToSign<'_>, signature: &Signature) -> SignedHeaders {
        let mut sign = signature.to_header(self.encoding);
        sign.set_sensitive(true);
        SignedHeaders {
            api_key: self.credentials.api_key().header().clone(),
            timestamp: ascii(text.timestamp()),
            recv_window: self.recv_window_header.clone(),
            signature: sign,
        }
    }

    fn refuse_foreign(&self, url: &Url) -> Result<(), SignError> {
        if self.origin.contains(url) {
            return Ok(());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(SignError::new(SignErrorKind::UrlHoldsCredentials));
        }
        Err(match Origin::of(url) {
            Some(origin) if origin.is_insecure() => {
                SignError::new(SignErrorKind::InsecureUrl).about(origin.to_string())
            }
            Some(origin) => SignError::new(SignErrorKind::ForeignOrigin).about(origin.to_string()),
            None => SignError::new(SignErrorKind::ForeignOrigin),
        })
    }
}

/// Signs on a thread that may block.
#[cfg(feature = "tokio")]
async fn sign_elsewhere(key: crate::rsa::RsaKey, text: Vec<u8>) -> Result<Vec<u8>, SignError> {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return key.sign(&text);
    };
    runtime
        .spawn_blocking(move || key.sign(&text))
        .await
        // The runtime is shutting down.
        .unwrap_or_else(|_| Err(SignError::new(SignErrorKind::Backend)))
}
