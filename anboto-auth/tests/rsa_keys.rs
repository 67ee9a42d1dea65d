//! What RSA keys are read from, and what is refused in their place.
#![cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use anboto_auth::{ConfigError, ConfigErrorKind as Kind, Credentials, RsaKey, RsaKeyLoader};
use common::{key_file, key_path, key_text};

/// Of the test keys; see tests/vectors/keys.sh.
const PASSPHRASE: &str = "test-only passphrase";

fn loaders() -> impl Iterator<Item = RsaKeyLoader> {
    common::rsa_backends().map(|backend| RsaKey::loader().backend(backend))
}

fn kind(result: Result<RsaKey, ConfigError>) -> Kind {
    result.unwrap_err().kind()
}

#[test]
fn every_form_of_one_key_gives_one_key() {
    let expected = {
        let file = common::vectors::rsa();
        let vector = file
            .vectors
            .into_iter()
            .find(|vector| vector.name == "body")
            .unwrap();
        assert_eq!(vector.key.as_deref(), Some("rsa2048.pkcs8.pem"));
        vector.base64
    };
    let url = common::url("/");
    let request = anboto_auth::RequestView::new(&url).with_body(br#"{"order_id":42}"#);
    let check = |name: &str, key: RsaKey| {
        assert_eq!(key.bits(), 2048, "{name}");
        let credentials = Credentials::rsa(common::API_KEY, key).unwrap();
        let signer = anboto_auth::Signer::new(&anboto_auth::Environment::testnet(), credentials);
        let text = signer.string_to_sign(&request, common::now()).unwrap();
        let signature = signer.signature(&text).unwrap();
        assert_eq!(signature.encode(Default::default()), expected, "{name}");
    };

    for loader in loaders() {
        for name in ["rsa2048.pkcs8.pem", "rsa2048.pkcs1.pem"] {
            let pem = key_text(name);
            check(name, loader.from_pem(&pem).unwrap());
            check(name, loader.from_file(key_path(name)).unwrap());
            check("CRLF", loader.from_pem(&pem.replace('\n', "\r\n")).unwrap());
            check("no last line end", loader.from_pem(pem.trim_end()).unwrap());
            check(
                "text before it",
                loader.from_pem(&format!("key of desk 7\n{pem}")).unwrap(),
            );
        }
        for name in ["rsa2048.pkcs8.der", "rsa2048.pkcs1.der"] {
            check(name, loader.from_der(&key_file(name)).unwrap());
            check(name, loader.from_file(key_path(name)).unwrap());
        }
        let loader = loader.passphrase(PASSPHRASE);
        check(
            "a passphrase not needed",
            loader.from_pem(&key_text("rsa2048.pkcs8.pem")).unwrap(),
        );
        for name in ["rsa2048.encrypted.pem", "rsa2048.scrypt.pem"] {
            check(name, loader.from_pem(&key_text(name)).unwrap());
            check(name, loader.from_file(key_path(name)).unwrap());
        }
        check(
            "encrypted DER",
            loader.from_der(&key_file("rsa2048.encrypted.der")).unwrap(),
        );
    }
}

#[test]
fn larger_keys() {
    for loader in loaders() {
        for (name, bits) in [("rsa3072.pkcs8.pem", 3072), ("rsa4096.pkcs8.pem", 4096)] {
            assert_eq!(loader.from_pem(&key_text(name)).unwrap().bits(), bits);
        }
    }
}

#[test]
fn what_is_no_usable_key_is_refused_for_what_it_is() {
    for loader in loaders() {
        for (name, expected) in [
            ("rsa1024.pkcs8.pem", Kind::RsaKeyTooSmall),
            ("rsa2047.pkcs8.pem", Kind::RsaKeyTooSmall),
            ("ec.pkcs8.pem", Kind::NotAnRsaKey),
            ("ec.pkcs8.der", Kind::NotAnRsaKey),
            ("ec.sec1.pem", Kind::NotAnRsaKey),
            ("ec.sec1.der", Kind::NotAnRsaKey),
            ("ec.spki.pem", Kind::WrongHalfOfKeyPair),
            ("rsa2048.spki.pem", Kind::WrongHalfOfKeyPair),
            ("rsa2048.spki.der", Kind::WrongHalfOfKeyPair),
            ("rsa2048.pub.pkcs1.pem", Kind::WrongHalfOfKeyPair),
            ("rsa2048.pub.pkcs1.der", Kind::WrongHalfOfKeyPair),
            ("certificate.pem", Kind::WrongHalfOfKeyPair),
            ("rsa2048.legacy.pem", Kind::LegacyEncryptedPem),
            ("rsa2048.encrypted.pem", Kind::PassphraseRequired),
            ("rsa2048.encrypted.der", Kind::PassphraseRequired),
            ("no such file", Kind::UnreadableFile),
        ] {
            assert_eq!(kind(loader.from_file(key_path(name))), expected, "{name}");
        }

        let loader = loader.passphrase(PASSPHRASE);
        assert_eq!(
            kind(loader.from_pem(&key_text("rsa2048.legacy.pem"))),
            Kind::LegacyEncryptedPem
        );
        for name in ["rsa2048.des3.pem", "rsa2048.costly.pem"] {
            assert_eq!(
                kind(loader.from_pem(&key_text(name))),
                Kind::UnsupportedEncryption,
                "{name}"
            );
        }

        let loader = loader.passphrase("another passphrase");
        for name in ["rsa2048.encrypted.pem", "rsa2048.scrypt.pem"] {
            assert_eq!(
                kind(loader.from_pem(&key_text(name))),
                Kind::WrongPassphrase,
                "{name}"
            );
        }
        assert_eq!(
            kind(
                loader
                    .passphrase("")
                    .from_der(&key_file("rsa2048.encrypted.der"))
            ),
            Kind::WrongPassphrase
        );
    }
}

#[test]
fn damaged_keys_are_refused() {
    let pem = key_text("rsa2048.pkcs8.pem");
    let der = key_file("rsa2048.pkcs1.der");
    for loader in loaders() {
        assert_eq!(kind(loader.from_pem("")), Kind::MalformedRsaKey);
        assert_eq!(kind(loader.from_der(&[])), Kind::MalformedRsaKey);
        assert_eq!(
            kind(loader.from_pem(&pem[..pem.len() / 2])),
            Kind::MalformedRsaKey
        );
        assert_eq!(
            kind(loader.from_der(&der[..der.len() - 1])),
            Kind::MalformedRsaKey
        );
        // One bit flipped in the modulus, in the private exponent, in a prime.
        for position in [100, 400, 600] {
            let mut der = der.clone();
            der[position] ^= 0x10;
            assert_eq!(
                kind(loader.from_der(&der)),
                Kind::MalformedRsaKey,
                "byte {position}"
            );
        }
    }
}

#[test]
fn a_file_error_names_the_file_and_keeps_its_source() {
    let error = RsaKey::from_file("/nowhere/anboto.pem").unwrap_err();
    assert!(error.to_string().starts_with("/nowhere/anboto.pem: "));
    assert!(std::error::Error::source(&error).is_some());
}
