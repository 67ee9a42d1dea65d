//! A signature, and the two ways to write it.

use std::fmt;

use base64ct::{Base64, Encoding};
use http::HeaderValue;

use crate::headers::ascii;

/// How a signature is written in `X-SIGN`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureEncoding {
    /// Standard Base64 with padding: what both of the vendor's example clients send, and the contract of 2026 says.
    #[default]
    Base64,
    /// Lowercase hexadecimal: what every contract up to April 2025 says. For a server of that age.
    Hex,
}

/// A raw signature: 32 bytes of HMAC-SHA256, or as many as the RSA modulus has.
///
/// [`Debug`](fmt::Debug) doesn't show it: until its window ends, a signature is as good as the key that made it.
#[derive(Clone)]
pub struct Signature(Bytes);

#[derive(Clone)]
enum Bytes {
    Hmac([u8; 32]),
    Rsa(Vec<u8>),
}

impl Signature {
    pub(crate) fn hmac(bytes: [u8; 32]) -> Self {
        Self(Bytes::Hmac(bytes))
    }

    pub(crate) fn rsa(bytes: Vec<u8>) -> Self {
        Self(Bytes::Rsa(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Bytes::Hmac(bytes) => bytes,
            Bytes::Rsa(bytes) => bytes,
        }
    }

    /// The signature as text.
    #[must_use]
    pub fn encode(&self, encoding: SignatureEncoding) -> String {
        match encoding {
            SignatureEncoding::Base64 => Base64::encode_string(self.as_bytes()),
            SignatureEncoding::Hex => {
                const DIGITS: [char; 16] = [
                    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
                ];
                let mut text = String::with_capacity(2 * self.as_bytes().len());
                for byte in self.as_bytes() {
                    text.push(DIGITS[usize::from(byte >> 4)]);
                    text.push(DIGITS[usize::from(byte & 0x0f)]);
                }
                text
            }
        }
    }

    /// The text of [`encode`](Self::encode) as a header's value; that of an HMAC in Base64, the everyday one, without a detour.
    pub(crate) fn to_header(&self, encoding: SignatureEncoding) -> HeaderValue {
        if let (Bytes::Hmac(bytes), SignatureEncoding::Base64) = (&self.0, encoding) {
            let mut text = [0; 44];
            if Base64::encode(bytes, &mut text).is_ok() {
                return ascii(text);
            }
        }
        ascii(self.encode(encoding))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(..)")
    }
}
