//! Golden vectors: every stage of signing against values that other tools computed
//! (`tests/vectors/generate.py`).

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use anboto_auth::{
    CanonicalQuery, Credentials, Environment, RecvWindow, RequestView, SignatureEncoding, Signer,
    X_API_KEY, X_RECV_WINDOW, X_SIGN, X_TIMESTAMP,
};
use common::vectors::{self, Vector, VectorFile};
use http::HeaderMap;

/// Takes one vector through canonical query, string to sign, signature and headers.
fn check(file: &VectorFile, vector: &Vector, credentials: Credentials) {
    let name = format!("{} ({})", vector.name, vector.form);

    let query = CanonicalQuery::from_pairs(vector.pairs.iter().map(|(n, v)| (n, v)));
    assert_eq!(query.as_sent(), vector.sent, "{name}: the query as sent");
    assert_eq!(query.decoded(), vector.decoded, "{name}: the query decoded");
    assert_eq!(
        CanonicalQuery::parse(&vector.sent).unwrap(),
        query,
        "{name}: the query read back"
    );

    let mut url = common::url("/api/v2/whatever");
    url.set_query(query.to_url_query());
    assert_eq!(
        url.query().unwrap_or_default(),
        vector.sent,
        "{name}: the URL leaves the query as it is"
    );

    let request = RequestView::new(&url)
        .with_query(&query)
        .with_body(vector.body.as_bytes());
    let now = common::instant(file.timestamp);
    let signer = Signer::new(&Environment::testnet(), credentials)
        .with_recv_window(RecvWindow::from_millis(vector.recv_window).unwrap())
        .with_query_form(vector.query_form());

    let text = signer.string_to_sign(&request, now).unwrap();
    assert_eq!(
        String::from_utf8(text.expose_for_tests()).unwrap(),
        vector.string_to_sign,
        "{name}: the string to sign"
    );

    let signature = signer.signature(&text).unwrap();
    for (encoding, expected) in [
        (SignatureEncoding::Base64, &vector.base64),
        (SignatureEncoding::Hex, &vector.hex),
    ] {
        assert_eq!(
            &signature.encode(encoding),
            expected,
            "{name}: the signature"
        );

        let mut headers = HeaderMap::new();
        let signer = signer.clone().with_encoding(encoding);
        let signed = signer.sign(&request, now).unwrap();
        signed.add_to(&mut headers).unwrap();
        assert_eq!(headers.len(), 4, "{name}");
        assert_eq!(headers[X_API_KEY], file.api_key, "{name}");
        assert_eq!(headers[X_TIMESTAMP], file.timestamp.to_string(), "{name}");
        assert_eq!(
            headers[X_RECV_WINDOW],
            vector.recv_window.to_string(),
            "{name}"
        );
        assert_eq!(&headers[X_SIGN], expected, "{name}");
        assert!(
            headers[X_API_KEY].is_sensitive() && headers[X_SIGN].is_sensitive(),
            "{name}"
        );
    }
}

#[test]
fn hmac() {
    let file = vectors::hmac();
    for vector in &file.vectors {
        let secret = file.secret.as_deref().unwrap();
        check(
            &file,
            vector,
            Credentials::hmac(&file.api_key, secret).unwrap(),
        );
    }
}

/// The four vectors that the project started from, so that the file can't drift away from them.
#[test]
fn hmac_vectors_of_the_vendor_scheme() {
    let file = vectors::hmac();
    for (name, base64) in [
        ("nothing", "R5bvzp+lauI6Yz/1qidbTK2V8zoiMLqeA5+3iy0Py+o="),
        (
            "query_sorted",
            "cVTJBR8/Zlvx4jYn+Xm3jkRuobybxx7iCM1w1ta6mkE=",
        ),
        (
            "list_comma_joined",
            "VR/PCeHo2bw3fCnAR1Wnvyp5LTjiDL2dqsEHo/f2wBA=",
        ),
        ("body", "F35xULyFTwEVxtk7At1jsOrI56ajzr8cT7dqmcexHgs="),
    ] {
        let vector = file
            .vectors
            .iter()
            .find(|vector| vector.name == name)
            .unwrap();
        assert_eq!(vector.base64, base64, "{name}");
    }
}

/// The signatures come from the openssl command; each backend must give the very same bytes.
#[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
#[test]
fn rsa() {
    use std::collections::HashMap;

    let file = vectors::rsa();
    for backend in common::rsa_backends() {
        let loader = anboto_auth::RsaKey::loader().backend(backend);
        let mut keys = HashMap::new();
        for vector in &file.vectors {
            let name = vector.key.as_deref().unwrap();
            let key = keys
                .entry(name)
                .or_insert_with(|| loader.from_pem(&common::key_text(name)).unwrap());
            assert_eq!(key.backend(), backend);
            let credentials = Credentials::rsa(&file.api_key, key.clone()).unwrap();
            check(&file, vector, credentials);
        }
    }
}
