//! The four headers that make a request ours.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{SignError, SignErrorKind};

/// The API key.
pub const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// Milliseconds since the epoch.
pub const X_TIMESTAMP: HeaderName = HeaderName::from_static("x-timestamp");
/// Milliseconds for which the request is valid.
pub const X_RECV_WINDOW: HeaderName = HeaderName::from_static("x-recv-window");
/// The signature.
pub const X_SIGN: HeaderName = HeaderName::from_static("x-sign");

/// The headers of one signed attempt. `X-API-KEY` and `X-SIGN` are marked sensitive, so that neither `Debug` nor HTTP/2
/// header compression shows or keeps them.
///
/// There is no `Clone`: a second attempt is signed afresh.
#[derive(Debug)]
#[must_use = "a request is signed only once it carries these headers"]
pub struct SignedHeaders {
    pub(crate) api_key: HeaderValue,
    pub(crate) timestamp: HeaderValue,
    pub(crate) recv_window: HeaderValue,
    pub(crate) signature: HeaderValue,
}

impl SignedHeaders {
    /// Adds the headers to a request's.
    ///
    /// # Errors
    /// When one of the four is there already; the map is left as it was.
    pub fn add_to(self, headers: &mut HeaderMap) -> Result<(), SignError> {
        for (name, shown) in [
            (&X_API_KEY, "X-API-KEY"),
            (&X_TIMESTAMP, "X-TIMESTAMP"),
            (&X_RECV_WINDOW, "X-RECV-WINDOW"),
            (&X_SIGN, "X-SIGN"),
        ] {
            if headers.contains_key(name) {
                return Err(SignError::new(SignErrorKind::AlreadySigned).about(shown));
            }
        }
        headers.reserve(4);
        for (name, value) in self {
            headers.insert(name, value);
        }
        Ok(())
    }
}

impl IntoIterator for SignedHeaders {
    type Item = (HeaderName, HeaderValue);
    type IntoIter = std::array::IntoIter<Self::Item, 4>;

    fn into_iter(self) -> Self::IntoIter {
        [
            (X_API_KEY, self.api_key),
            (X_TIMESTAMP, self.timestamp),
            (X_RECV_WINDOW, self.recv_window),
            (X_SIGN, self.signature),
        ]
        .into_iter()
    }
}

/// A header value of digits, Base64 or hexadecimal text.
///
/// Its owner is on record from the beginning. Of a `Vec` it would be from the first clone on, at the price of an allocation;
/// and reqwest clones every header that it sends.
#[expect(clippy::expect_used, reason = "these alphabets are visible ASCII")]
pub(crate) fn ascii(text: impl AsRef<[u8]> + Send + 'static) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from_owner(text)).expect("visible ASCII")
}
