//! The RSA key pairs of a testnet: worth nothing anywhere else.

use std::sync::OnceLock;

use anboto_auth::RsaKey;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64ct::{Base64, Encoding};

use super::{Account, Testnet, lock, usable};
use crate::Credentials;

/// With the feature `rsa`.
impl Testnet {
    /// The API key of [`rsa_credentials`](Self::rsa_credentials).
    pub const RSA_API_KEY: &'static str = "testnet-rsa";

    /// An RSA key pair of the first account. The first one in a process takes a while to make; a testnet that never asks for one
    /// never pays.
    pub fn rsa_credentials(&self) -> Credentials {
        usable(
            RsaKey::from_pem(&self.rsa_private_key())
                .and_then(|key| Credentials::rsa(Self::RSA_API_KEY, key)),
        )
    }

    /// The private key of [`rsa_credentials`](Self::rsa_credentials) in PEM, for programs that read it elsewhere.
    pub fn rsa_private_key(&self) -> String {
        #[expect(
            clippy::expect_used,
            reason = "of a test double, out of random numbers"
        )]
        let pair = pair().expect("an RSA key can be made");
        let mut state = lock(&self.shared.state);
        if !state.has_rsa {
            usable(
                state
                    .core
                    .add_rsa_key(Account::FIRST, Self::RSA_API_KEY, &pair.public),
            );
            state.has_rsa = true;
        }
        pair.private.clone()
    }

    /// Registers an RSA public key of your own, in PEM, for the first account.
    ///
    /// # Errors
    /// When the text holds no RSA public key of at least 2048 bits.
    pub fn register_rsa_key(
        &self,
        api_key: &str,
        public_key: &str,
    ) -> Result<(), anboto_auth::ConfigError> {
        lock(&self.shared.state)
            .core
            .add_rsa_key(Account::FIRST, api_key, public_key)
    }
}

/// An RSA key pair in PEM.
#[derive(Clone)]
struct RsaPair {
    private: String,
    public: String,
}

/// The RSA key pair of this process, made when it is first asked for: a key of 2048 bits takes a while to find, and every testnet
/// of a test suite can have the same.
fn pair() -> Option<&'static RsaPair> {
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
