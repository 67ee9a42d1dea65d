//! The HMAC key pairs of a testnet: worth nothing anywhere else.

use base64ct::{Base64, Encoding};

use super::core::noise;

/// The secret of an HMAC key pair: a function of the seed, so that a box that is started again takes the key it took before.
pub(crate) fn secret(seed: u64, account: u64) -> String {
    let mut bytes = [0; 32];
    for (index, chunk) in bytes.chunks_mut(8).enumerate() {
        let word = noise::hash(&[seed, noise::hash_text("secret"), account, index as u64]);
        chunk.copy_from_slice(&word.to_be_bytes());
    }
    Base64::encode_string(&bytes)
}
