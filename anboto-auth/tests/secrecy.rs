//! Nothing that can be printed shows a secret, an API key, a signature or a string to sign.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use anboto_auth::{Credentials, RequestView};

/// A secret that stands for itself in every encoding that could leak: text, Base64, hexadecimal, a list of bytes.
const SECRET_BYTES: &[u8] = b"sesame-opens-the-vault-door-0001";
const SECRET: &str = "c2VzYW1lLW9wZW5zLXRoZS12YXVsdC1kb29yLTAwMDE=";
const API_KEY: &str = "desk-seven-api-key";
const PAYLOAD: &str = r#"{"symbol":"WHALE/USDT","quantity":"1000000"}"#;

fn forbidden() -> Vec<String> {
    let hex: String = SECRET_BYTES
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let list = |bytes: &[u8]| format!("{bytes:?}").trim_matches(['[', ']']).to_owned();
    let text = String::from_utf8(SECRET_BYTES.to_vec()).unwrap();
    vec![
        SECRET.into(),
        hex,
        list(SECRET_BYTES),
        list(PAYLOAD.as_bytes()),
        text,
        API_KEY.into(),
        PAYLOAD.into(),
        "WHALE".into(),
    ]
}

fn assert_hides_all(value: &dyn std::fmt::Debug, more: &[&str]) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        for secret in forbidden()
            .iter()
            .map(String::as_str)
            .chain(more.iter().copied())
        {
            assert!(!shown.contains(secret), "{shown} shows {secret}");
        }
    }
}

#[test]
fn debug_of_every_type_of_the_hmac_path() {
    let credentials = Credentials::hmac(API_KEY, SECRET).unwrap();
    let signer =
        anboto_auth::Signer::new(&anboto_auth::Environment::testnet(), credentials.clone());
    let url = common::url("/api/v2/trading/order/create");
    let request = RequestView::new(&url).with_body(PAYLOAD.as_bytes());
    let text = signer.string_to_sign(&request, common::now()).unwrap();
    let signature = signer.signature(&text).unwrap();
    let headers = signer.sign(&request, common::now()).unwrap();
    let (base64, hex) = (signature.encode(Default::default()), {
        signature.encode(anboto_auth::SignatureEncoding::Hex)
    });
    let signatures = [
        base64.as_str(),
        hex.as_str(),
        &format!("{:?}", signature.as_bytes()),
    ];

    assert_hides_all(credentials.api_key(), &signatures);
    assert_hides_all(&credentials, &signatures);
    assert_hides_all(&signer, &signatures);
    assert_hides_all(&request, &signatures);
    assert_hides_all(&text, &signatures);
    assert_hides_all(&signature, &signatures);
    assert_hides_all(&headers, &signatures);
    let mut map = http::HeaderMap::new();
    headers.add_to(&mut map).unwrap();
    assert_hides_all(&map, &signatures);
}

#[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
/// What a service's own `unwrap` or `panic!` would print of the values that it holds.
#[test]
fn panics_with_any_of_it_show_nothing() {
    let credentials = Credentials::hmac(API_KEY, SECRET).unwrap();
    let environment = anboto_auth::Environment::testnet();
    let signer = anboto_auth::Signer::new(&environment, credentials.clone());
    let url = common::url("/api/v2/trading/order/create");
    let request = RequestView::new(&url).with_body(PAYLOAD.as_bytes());
    let text = signer.string_to_sign(&request, common::now()).unwrap();
    let signature = signer.signature(&text).unwrap();
    let encoded = signature.encode(Default::default());
    let foreign = url::Url::parse(&format!("https://elsewhere.example/?k={API_KEY}")).unwrap();
    let panics: [Box<dyn Fn()>; 6] = [
        Box::new(|| panic!("{credentials:?} {signer:?}")),
        Box::new(|| panic!("{request:?} {text:?} {signature:?}")),
        Box::new(|| drop(Credentials::hmac("a key with spaces", SECRET).unwrap())),
        Box::new(|| drop(Credentials::hmac(API_KEY, &format!("{SECRET}!")).unwrap())),
        Box::new(|| {
            drop(
                signer
                    .sign(&RequestView::new(&foreign), common::now())
                    .unwrap(),
            )
        }),
        Box::new(|| {
            let before_the_epoch = std::time::UNIX_EPOCH - std::time::Duration::from_secs(1);
            drop(signer.sign(&request, before_the_epoch).unwrap());
        }),
    ];
    for panic in panics {
        let message = std::panic::catch_unwind(std::panic::AssertUnwindSafe(panic)).unwrap_err();
        let message = message.downcast_ref::<String>().unwrap().as_str();
        assert_hides_all(&format_args!("{message}"), &[encoded.as_str()]);
    }
}

#[test]
fn debug_of_rsa_keys_and_loaders() {
    use anboto_auth::RsaKey;
    for backend in common::rsa_backends() {
        let loader = RsaKey::loader()
            .passphrase("test-only passphrase")
            .backend(backend);
        assert!(
            !format!("{loader:?}").contains("passphrase\""),
            "{loader:?}"
        );
        common::assert_debug_hides(&loader, "test-only");
        let key = loader
            .from_pem(&common::key_text("rsa2048.pkcs8.pem"))
            .unwrap();
        // Bits, backend, and no room for a number of a key.
        assert!(format!("{key:?}").len() < 60, "{key:?}");
        let credentials = Credentials::rsa(API_KEY, key).unwrap();
        assert_eq!(format!("{credentials:?}"), "Credentials(RSA, ..)");
    }
}

#[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
#[test]
fn errors_of_key_loading_show_nothing_of_the_key() {
    use anboto_auth::RsaKey;
    let pem = common::key_text("rsa2048.pkcs8.pem");
    let line = pem.lines().nth(5).unwrap().to_owned();
    let broken = pem.replace("-----END", "*-----END");
    let loader = RsaKey::loader().passphrase("hunter2");
    for error in [
        loader.from_pem(&broken).unwrap_err(),
        loader.from_der(broken.as_bytes()).unwrap_err(),
        loader
            .from_pem(&common::key_text("rsa2048.encrypted.pem"))
            .unwrap_err(),
    ] {
        common::assert_hides(&error, &line);
        common::assert_hides(&error, "hunter2");
    }
}

#[cfg(feature = "verify")]
#[test]
fn debug_and_errors_of_the_verifying_side() {
    use anboto_auth::{ReceivedRequest, Verifier, VerifyingKey};
    let key = VerifyingKey::hmac(SECRET).unwrap();
    let mut headers = http::HeaderMap::new();
    for (name, value) in [
        ("x-api-key", API_KEY),
        ("x-timestamp", "1700000000000"),
        ("x-recv-window", "5000"),
        ("x-sign", "R5bvzp+lauI6Yz/1qidbTK2V8zoiMLqeA5+3iy0Py+o="),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    let request = ReceivedRequest {
        headers: &headers,
        query: "",
        body: PAYLOAD.as_bytes(),
    };
    let verifier = Verifier::new();
    let error = verifier
        .verify(&request, common::now(), |_| Some(key.clone()))
        .unwrap_err();
    assert_hides_all(&key, &[]);
    assert_hides_all(&request, &["R5bvzp"]);
    assert_hides_all(&verifier, &[]);
    assert_hides_all(&error, &["R5bvzp"]);
    common::assert_hides(&error, API_KEY);
}
