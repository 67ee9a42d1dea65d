//! The key pairs of a testnet: worth nothing anywhere else.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64ct::{Base64, Encoding};

use super::core::noise;

/// An RSA key pair in PEM.
#[derive(Clone)]
pub(crate) struct RsaPair {
    pub(crate) private: String,
    pub(crate) public: String,
}

/// The RSA key pair of this process, made when it is first asked for: a key of 2048 bits takes a while to find, and every testnet
/// of a test suite can have the same.
pub(crate) fn rsa() -> Option<&'static RsaPair> {
    static PAIR: OnceLock<Option<RsaPair>> = OnceLock::new();
    PAIR.get_or_init(generate).as_ref()
}

fn generate() -> Option<RsaPair> {
    let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
    let private: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().ok()?;
    Some(RsaPair {
        private: pem("PRIVATE KEY", private.as_ref()),
        public: pem("PUBLIC KEY", public.as_ref()),
    })
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = Base64::encode_string(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in base64.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|byte| char::from(*byte)));
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}

/// The secret of an HMAC key pair: a function of the seed, so that a box that is started again takes the key it took before.
pub(crate) fn secret(seed: u64, account: u64) -> String {
    let mut bytes = [0; 32];
    for (index, chunk) in bytes.chunks_mut(8).enumerate() {
        let word = noise::hash(&[seed, noise::hash_text("secret"), account, index as u64]);
        chunk.copy_from_slice(&word.to_be_bytes());
    }
    Base64::encode_string(&bytes)
}
