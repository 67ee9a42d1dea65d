//! What RSA keys come in: PKCS#8 (RFC 5208), PKCS#1 (RFC 8017), PEM (RFC 7468) and DER; and what else people hand over
//! in their place, so that the error can say what it is.

use pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef};
use pkcs8::{
    EncryptedPrivateKeyInfoRef, ObjectIdentifier, PrivateKeyInfoRef, SecretDocument,
    SubjectPublicKeyInfoRef,
    der::{self, Decode, Reader, SliceReader, Tag, Tagged, asn1::UintRef},
    pkcs5::{self, EncryptionScheme, pbes2::Kdf},
};
use zeroize::Zeroizing;

use crate::error::{ConfigError, ConfigErrorKind as Kind};

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

const MIN_BITS: usize = 2048;
const MAX_BITS: usize = 8192;

/// The costliest key derivation that is worth waiting for: some seconds. A file that asks for more was not written for
/// a service to load.
const MAX_PBKDF2_ITERATIONS: u32 = 10_000_000;
/// `N * r` of scrypt: 256 MiB of memory.
const MAX_SCRYPT_SIZE: u64 = 1 << 21;
const MAX_SCRYPT_PARALLELIZATION: u16 = 16;

#[derive(Clone, Copy)]
pub(super) enum Container<'a> {
    Pem(&'a str),
    Der(&'a [u8]),
}

impl<'a> Container<'a> {
    pub(super) fn guess(content: &'a [u8]) -> Self {
        match str::from_utf8(content) {
            Ok(text) if text.contains("-----BEGIN ") => Self::Pem(text),
            _ => Self::Der(content),
        }
    }
}

/// What a container turned out to hold, still in DER.
enum Content<'a> {
    Pkcs8(&'a [u8]),
    EncryptedPkcs8(&'a [u8]),
    Pkcs1(&'a [u8]),
    #[cfg_attr(
        not(feature = "verify"),
        expect(dead_code, reason = "signing refuses it unread")
    )]
    SubjectPublicKeyInfo(&'a [u8]),
    #[cfg_attr(
        not(feature = "verify"),
        expect(dead_code, reason = "signing refuses it unread")
    )]
    Pkcs1Public(&'a [u8]),
    Certificate,
    OtherAlgorithm,
    Unknown,
}

impl<'a> Content<'a> {
    fn of_label(label: &str, der: &'a [u8]) -> Self {
        match label {
            "PRIVATE KEY" => Self::Pkcs8(der),
            "ENCRYPTED PRIVATE KEY" => Self::EncryptedPkcs8(der),
            "RSA PRIVATE KEY" => Self::Pkcs1(der),
            "PUBLIC KEY" => Self::SubjectPublicKeyInfo(der),
            "RSA PUBLIC KEY" => Self::Pkcs1Public(der),
            "CERTIFICATE" => Self::Certificate,
            "EC PRIVATE KEY" | "EC PARAMETERS" | "DSA PRIVATE KEY" => Self::OtherAlgorithm,
            _ => Self::Unknown,
        }
    }

    /// DER carries no label; the shape tells.
    fn of_shape(der: &'a [u8]) -> Self {
        if PrivateKeyInfoRef::from_der(der).is_ok() {
            Self::Pkcs8(der)
        } else if EncryptedPrivateKeyInfoRef::from_der(der).is_ok() {
            Self::EncryptedPkcs8(der)
        } else if RsaPrivateKeyRef::from_der(der).is_ok() {
            Self::Pkcs1(der)
        } else if SubjectPublicKeyInfoRef::from_der(der).is_ok() {
            Self::SubjectPublicKeyInfo(der)
        } else if RsaPublicKeyRef::from_der(der).is_ok() {
            Self::Pkcs1Public(der)
        } else if is_sec1(der).unwrap_or(false) {
            Self::OtherAlgorithm
        } else {
            Self::Unknown
        }
    }
}

/// Whether this is an elliptic-curve key of SEC 1 (RFC 5915): version 1, then an octet string.
fn is_sec1(der: &[u8]) -> der::Result<bool> {
    SliceReader::new(der)?.sequence(|fields| {
        let version = u8::decode(fields)?;
        let key = der::asn1::AnyRef::decode(fields)?;
        while !fields.is_finished() {
            der::asn1::AnyRef::decode(fields)?;
        }
        Ok::<_, der::Error>(version == 1 && key.tag() == Tag::OctetString)
    })
}

/// Opens a container, shows what it holds, and wipes it.
fn open<T>(
    container: Container<'_>,
    read: impl FnOnce(Content<'_>) -> Result<T, ConfigError>,
) -> Result<T, ConfigError> {
    match container {
        Container::Pem(pem) => {
            // Before anything else: the two header lines would be taken for broken Base64.
            if pem.contains("Proc-Type: 4,ENCRYPTED") {
                return Err(ConfigError::new(Kind::LegacyEncryptedPem));
            }
            let (label, document) = SecretDocument::from_pem(pem)
                .map_err(|_| ConfigError::new(Kind::MalformedRsaKey))?;
            read(Content::of_label(label, document.as_bytes()))
        }
        Container::Der(der) => read(Content::of_shape(der)),
    }
}

/// The private key as a PKCS#1 structure, and its size in bits.
pub(super) fn private_key(
    container: Container<'_>,
    passphrase: Option<&[u8]>,
) -> Result<(Zeroizing<Vec<u8>>, usize), ConfigError> {
    open(container, |content| match content {
        Content::Pkcs1(der) => checked_private_key(der),
        Content::Pkcs8(der) => private_key_info(der),
        Content::EncryptedPkcs8(der) => {
            let passphrase =
                passphrase.ok_or_else(|| ConfigError::new(Kind::PassphraseRequired))?;
            private_key_info(decrypt(der, passphrase)?.as_bytes())
        }
        Content::SubjectPublicKeyInfo(_) | Content::Pkcs1Public(_) | Content::Certificate => {
            Err(ConfigError::new(Kind::WrongHalfOfKeyPair))
        }
        Content::OtherAlgorithm => Err(ConfigError::new(Kind::NotAnRsaKey)),
        Content::Unknown => Err(ConfigError::new(Kind::MalformedRsaKey)),
    })
}

/// The public key as a PKCS#1 structure.
#[cfg(feature = "verify")]
pub(super) fn public_key(container: Container<'_>) -> Result<Vec<u8>, ConfigError> {
    open(container, |content| match content {
        Content::Pkcs1Public(der) => checked_public_key(der),
        Content::SubjectPublicKeyInfo(der) => {
            let info = SubjectPublicKeyInfoRef::from_der(der)
                .map_err(|_| ConfigError::new(Kind::MalformedRsaKey))?;
            if info.algorithm.oid != RSA_ENCRYPTION {
                return Err(ConfigError::new(Kind::NotAnRsaKey));
            }
            let key = info.subject_public_key.as_bytes();
            checked_public_key(key.ok_or_else(|| ConfigError::new(Kind::MalformedRsaKey))?)
        }
        Content::Pkcs1(_)
        | Content::Pkcs8(_)
        | Content::EncryptedPkcs8(_)
        | Content::Certificate => Err(ConfigError::new(Kind::WrongHalfOfKeyPair)),
        Content::OtherAlgorithm => Err(ConfigError::new(Kind::NotAnRsaKey)),
        Content::Unknown => Err(ConfigError::new(Kind::MalformedRsaKey)),
    })
}

fn private_key_info(der: &[u8]) -> Result<(Zeroizing<Vec<u8>>, usize), ConfigError> {
    let info =
        PrivateKeyInfoRef::from_der(der).map_err(|_| ConfigError::new(Kind::MalformedRsaKey))?;
    if info.algorithm.oid != RSA_ENCRYPTION {
        return Err(ConfigError::new(Kind::NotAnRsaKey));
    }
    checked_private_key(info.private_key.as_bytes())
}

fn checked_private_key(der: &[u8]) -> Result<(Zeroizing<Vec<u8>>, usize), ConfigError> {
    let key =
        RsaPrivateKeyRef::from_der(der).map_err(|_| ConfigError::new(Kind::MalformedRsaKey))?;
    let bits = checked_bits(&key.modulus)?;
    Ok((Zeroizing::new(der.to_vec()), bits))
}

#[cfg(feature = "verify")]
fn checked_public_key(der: &[u8]) -> Result<Vec<u8>, ConfigError> {
    let key =
        RsaPublicKeyRef::from_der(der).map_err(|_| ConfigError::new(Kind::MalformedRsaKey))?;
    checked_bits(&key.modulus)?;
    Ok(der.to_vec())
}

fn checked_bits(modulus: &UintRef<'_>) -> Result<usize, ConfigError> {
    let bytes = modulus.as_bytes();
    let leading_zeros = bytes
        .first()
        .map_or(0, |byte| byte.leading_zeros() as usize);
    match bytes.len() * 8 - leading_zeros {
        ..MIN_BITS => Err(ConfigError::new(Kind::RsaKeyTooSmall)),
        bits @ MIN_BITS..=MAX_BITS => Ok(bits),
        _ => Err(ConfigError::new(Kind::RsaKeyTooLarge)),
    }
}

/// Decrypts PKCS#8.
fn decrypt(der: &[u8], passphrase: &[u8]) -> Result<SecretDocument, ConfigError> {
    // A cost that doesn't even fit its field is refused here.
    let encrypted = EncryptedPrivateKeyInfoRef::from_der(der)
        .map_err(|_| ConfigError::new(Kind::UnsupportedEncryption))?;
    if !is_affordable(&encrypted.encryption_algorithm) {
        return Err(ConfigError::new(Kind::UnsupportedEncryption));
    }
    encrypted.decrypt(passphrase).map_err(|error| {
        ConfigError::new(match error {
            pkcs8::Error::EncryptedPrivateKey(
                pkcs5::Error::UnsupportedAlgorithm { .. }
                | pkcs5::Error::NoPbes1CryptSupport
                | pkcs5::Error::AlgorithmParametersInvalid { .. },
            ) => Kind::UnsupportedEncryption,
            // Either the padding is wrong, or by chance it is right and what it surrounds is not DER.
            _ => Kind::WrongPassphrase,
        })
    })
}

fn is_affordable(scheme: &EncryptionScheme) -> bool {
    match scheme.pbes2().map(|parameters| &parameters.kdf) {
        Some(Kdf::Pbkdf2(kdf)) => kdf.iteration_count <= MAX_PBKDF2_ITERATIONS,
        Some(Kdf::Scrypt(kdf)) => {
            kdf.cost_parameter.is_power_of_two()
                && kdf.cost_parameter.saturating_mul(kdf.block_size.into()) <= MAX_SCRYPT_SIZE
                && kdf.parallelization <= MAX_SCRYPT_PARALLELIZATION
        }
        _ => false,
    }
}
