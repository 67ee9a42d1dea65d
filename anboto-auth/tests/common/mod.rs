//! What the tests share.
#![allow(dead_code, unreachable_pub, reason = "no test file uses all of it")]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

#[cfg(feature = "reqwest")]
pub mod server;
pub mod vectors;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anboto_auth::{Credentials, Environment, Signer};
use url::Url;

pub const API_KEY: &str = "test-api-key";
/// Base64 of the bytes 00 to 1f.
pub const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub const TIMESTAMP: u64 = 1_700_000_000_000;

pub fn instant(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis)
}

pub fn now() -> SystemTime {
    instant(TIMESTAMP)
}

/// A URL of the testnet.
pub fn url(path_and_query: &str) -> Url {
    let base = Environment::testnet().base_url().to_owned();
    Url::parse(&(base + path_and_query)).unwrap()
}

pub fn hmac_credentials() -> Credentials {
    Credentials::hmac(API_KEY, SECRET).unwrap()
}

pub fn hmac_signer() -> Signer {
    Signer::new(&Environment::testnet(), hmac_credentials())
}

/// The bytes of a test key; the keys in that folder are for tests only.
pub fn key_file(name: &str) -> Vec<u8> {
    std::fs::read(key_path(name)).unwrap()
}

pub fn key_text(name: &str) -> String {
    String::from_utf8(key_file(name)).unwrap()
}

pub fn key_path(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors/keys")
        .join(name)
}

/// The backends of this build.
#[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
pub fn rsa_backends() -> impl Iterator<Item = anboto_auth::RsaBackend> {
    use anboto_auth::RsaBackend;
    [
        #[cfg(feature = "aws-lc-rs")]
        RsaBackend::AwsLc,
        #[cfg(feature = "rustcrypto")]
        RsaBackend::RustCrypto,
    ]
    .into_iter()
}

#[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
pub fn rsa_credentials(key: &str) -> Credentials {
    Credentials::rsa(
        API_KEY,
        anboto_auth::RsaKey::from_file(key_path(key)).unwrap(),
    )
    .unwrap()
}

/// Neither the message nor the debug form of an error, nor of its sources, shows the text.
pub fn assert_hides(error: &dyn std::error::Error, secret: &str) {
    let mut next = Some(error);
    while let Some(error) = next {
        for shown in [error.to_string(), format!("{error:?}")] {
            assert!(!shown.contains(secret), "{shown} shows {secret}");
        }
        next = error.source();
    }
}

pub fn assert_debug_hides(value: &dyn std::fmt::Debug, secret: &str) {
    let shown = format!("{value:?}");
    assert!(!shown.contains(secret), "{shown} shows {secret}");
}
