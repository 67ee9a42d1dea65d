//! The verifying side: what passes, what doesn't, and in which order it is looked at.
#![cfg(feature = "verify")]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::time::{Duration, SystemTime};

use anboto_auth::{
    ApiKey, CanonicalQuery, QueryForm, ReceivedRequest, RecvWindow, RequestView, SignatureEncoding,
    Signer, Verifier, VerifyError, VerifyErrorKind as Kind, VerifyingKey,
};
use http::{HeaderMap, HeaderValue};

const BODY: &[u8] = br#"{"order_id":42}"#;

fn signed(signer: &Signer, body: &[u8]) -> HeaderMap {
    let url = common::url("/api/v2/trading/order/cancel");
    let request = RequestView::new(&url).with_body(body);
    let mut headers = HeaderMap::new();
    signer
        .sign(&request, common::now())
        .unwrap()
        .add_to(&mut headers)
        .unwrap();
    headers
}

fn lookup(api_key: &ApiKey) -> Option<VerifyingKey> {
    (api_key.expose() == common::API_KEY).then(|| VerifyingKey::hmac(common::SECRET).unwrap())
}

fn verify_at(headers: &HeaderMap, body: &[u8], now: SystemTime) -> Result<(), VerifyError> {
    let request = ReceivedRequest {
        headers,
        query: "",
        body,
    };
    Verifier::new().verify(&request, now, lookup).map(drop)
}

fn kind(result: Result<(), VerifyError>) -> Option<Kind> {
    result.err().map(|error| error.kind())
}

#[test]
fn a_signed_request_passes_and_tells_whose_it_is() {
    let headers = signed(&common::hmac_signer(), BODY);
    let request = ReceivedRequest {
        headers: &headers,
        query: "",
        body: BODY,
    };
    let verified = Verifier::new()
        .verify(&request, common::now(), lookup)
        .unwrap();
    assert_eq!(verified.api_key().expose(), common::API_KEY);
    assert_eq!(verified.timestamp_millis(), common::TIMESTAMP);
    assert_eq!(verified.recv_window(), RecvWindow::default());
}

#[test]
fn both_encodings_and_both_query_forms() {
    let query = CanonicalQuery::from_pairs([("subaccount", "my desk"), ("exchange", "binance")]);
    let mut url = common::url("/api/v2/trading/balance");
    url.set_query(query.to_url_query());
    for encoding in [SignatureEncoding::Base64, SignatureEncoding::Hex] {
        for form in [QueryForm::Decoded, QueryForm::AsSent] {
            let signer = common::hmac_signer()
                .with_encoding(encoding)
                .with_query_form(form);
            let view = RequestView::new(&url).with_query(&query);
            let mut headers = HeaderMap::new();
            signer
                .sign(&view, common::now())
                .unwrap()
                .add_to(&mut headers)
                .unwrap();
            let request = ReceivedRequest {
                headers: &headers,
                query: url.query().unwrap(),
                body: b"",
            };
            let verifier = || {
                Verifier::new()
                    .with_encoding(encoding)
                    .with_query_form(form)
            };
            verifier().verify(&request, common::now(), lookup).unwrap();

            let other = match form {
                QueryForm::Decoded => QueryForm::AsSent,
                _ => QueryForm::Decoded,
            };
            let error = verifier()
                .with_query_form(other)
                .verify(&request, common::now(), lookup);
            assert_eq!(error.unwrap_err().kind(), Kind::Unauthorized);
        }
    }
}

#[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
#[test]
fn rsa_signatures() {
    let key = |_: &ApiKey| {
        Some(VerifyingKey::rsa_from_pem(&common::key_text("rsa2048.spki.pem")).unwrap())
    };
    for name in ["rsa2048.spki.pem", "rsa2048.pub.pkcs1.pem"] {
        VerifyingKey::rsa_from_pem(&common::key_text(name)).unwrap();
    }
    for name in ["rsa2048.spki.der", "rsa2048.pub.pkcs1.der"] {
        VerifyingKey::rsa_from_der(&common::key_file(name)).unwrap();
    }
    let environment = anboto_auth::Environment::testnet();
    let sign = |key| {
        signed(
            &Signer::new(&environment, common::rsa_credentials(key)),
            BODY,
        )
    };

    let headers = sign("rsa2048.pkcs8.pem");
    let request = ReceivedRequest {
        headers: &headers,
        query: "",
        body: BODY,
    };
    Verifier::new()
        .verify(&request, common::now(), key)
        .unwrap();

    let other_body = ReceivedRequest {
        body: b"{}",
        ..request
    };
    let error = Verifier::new()
        .verify(&other_body, common::now(), key)
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthorized);

    let headers = sign("rsa4096.pkcs8.pem");
    let other_key = ReceivedRequest {
        headers: &headers,
        ..request
    };
    let error = Verifier::new()
        .verify(&other_key, common::now(), key)
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthorized);
}

#[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
#[test]
fn a_private_key_is_refused_where_a_public_one_belongs() {
    use anboto_auth::ConfigErrorKind as Config;
    for (name, expected) in [
        ("rsa2048.pkcs8.pem", Config::WrongHalfOfKeyPair),
        ("rsa2048.encrypted.pem", Config::WrongHalfOfKeyPair),
        ("ec.spki.pem", Config::NotAnRsaKey),
        ("certificate.pem", Config::WrongHalfOfKeyPair),
    ] {
        let error = VerifyingKey::rsa_from_pem(&common::key_text(name)).unwrap_err();
        assert_eq!(error.kind(), expected, "{name}");
    }
}

/// `now - window <= timestamp < now + 1000 ms`
#[test]
fn the_window() {
    let headers = signed(&common::hmac_signer(), BODY);
    let at = |offset: i64| {
        let millis = common::TIMESTAMP.checked_add_signed(offset).unwrap();
        kind(verify_at(&headers, BODY, common::instant(millis)))
    };
    assert_eq!(at(0), None);
    assert_eq!(at(5000), None);
    assert_eq!(at(5001), Some(Kind::Expired));
    assert_eq!(at(-999), None);
    assert_eq!(at(-1000), Some(Kind::AheadOfServer));
    let before_epoch = common::instant(0) - Duration::from_secs(1);
    assert_eq!(
        kind(verify_at(&headers, BODY, before_epoch)),
        Some(Kind::ClockBeforeEpoch)
    );
}

#[test]
fn malformed_headers() {
    let good = signed(&common::hmac_signer(), BODY);
    let with = |name: &'static str, value: &[u8]| {
        let mut headers = good.clone();
        headers.insert(name, HeaderValue::from_bytes(value).unwrap());
        kind(verify_at(&headers, BODY, common::now()))
    };
    for name in ["x-api-key", "x-timestamp", "x-recv-window", "x-sign"] {
        let mut headers = good.clone();
        headers.remove(name);
        assert_eq!(
            kind(verify_at(&headers, BODY, common::now())),
            Some(Kind::MissingHeader)
        );

        let mut headers = good.clone();
        headers.append(name, good[name].clone());
        assert_eq!(
            kind(verify_at(&headers, BODY, common::now())),
            Some(Kind::RepeatedHeader)
        );

        for value in [&b""[..], b"\xff", b"a b"] {
            assert_eq!(
                with(name, value),
                Some(Kind::MalformedHeader),
                "{name}: {value:?}"
            );
        }
    }
    // Only the canonical form of a number.
    for value in [
        "01700000000000",
        "+1700000000000",
        "-1",
        "1.7e12",
        "0x1",
        "99999999999999999999",
        "١",
    ] {
        assert_eq!(
            with("x-timestamp", value.as_bytes()),
            Some(Kind::MalformedHeader),
            "{value}"
        );
    }
    for value in ["05000", "+5000", "0", "60001", "4294967297", "5000.0"] {
        assert_eq!(
            with("x-recv-window", value.as_bytes()),
            Some(Kind::MalformedHeader),
            "{value}"
        );
    }
    // Only the encoding that was agreed on, and only its canonical form.
    let base64 = good["x-sign"].to_str().unwrap();
    for value in [
        base64.trim_end_matches('='),
        &base64.replace('+', "-"),
        "not Base64",
    ] {
        if value != base64 {
            assert_eq!(
                with("x-sign", value.as_bytes()),
                Some(Kind::MalformedHeader),
                "{value}"
            );
        }
    }
    assert_eq!(with("x-sign", b"AAAA"), Some(Kind::Unauthorized));
}

/// From outside, an unknown key and a wrong signature are the same.
#[test]
fn one_answer_for_unknown_key_and_wrong_signature() {
    let good = signed(&common::hmac_signer(), BODY);
    let mut unknown = good.clone();
    unknown.insert("x-api-key", HeaderValue::from_static("another-key"));
    let unknown = verify_at(&unknown, BODY, common::now()).unwrap_err();
    let wrong = verify_at(&good, b"{}", common::now()).unwrap_err();
    assert_eq!(unknown.kind(), Kind::Unauthorized);
    assert_eq!(
        format!("{unknown} {unknown:?}"),
        format!("{wrong} {wrong:?}")
    );
}

/// The key that stands in for an unknown one opens nothing: a signature made with an empty secret is refused.
#[test]
fn the_stand_in_for_an_unknown_key_accepts_nothing() {
    // HMAC-SHA256 of "1700000000000unknown-key5000" under the empty key, by Python and by openssl.
    const SIGNATURE: &str = "S/z7awhXFRrY/+YKC9CMuuYBj+rL7xMCpGo6FiLsfeo=";
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", HeaderValue::from_static("unknown-key"));
    headers.insert("x-timestamp", HeaderValue::from_static("1700000000000"));
    headers.insert("x-recv-window", HeaderValue::from_static("5000"));
    headers.insert("x-sign", HeaderValue::from_static(SIGNATURE));
    assert_eq!(
        kind(verify_at(&headers, b"", common::now())),
        Some(Kind::Unauthorized)
    );
}

#[test]
fn a_replay_is_refused_until_the_window_ends_and_then_for_its_age() {
    let verifier = Verifier::new();
    let headers = signed(&common::hmac_signer(), BODY);
    let request = ReceivedRequest {
        headers: &headers,
        query: "",
        body: BODY,
    };
    let at = |offset| {
        let now = common::instant(common::TIMESTAMP + offset);
        kind(verifier.verify(&request, now, lookup).map(drop))
    };
    assert_eq!(at(0), None);
    assert_eq!(at(0), Some(Kind::Replayed));
    assert_eq!(at(5000), Some(Kind::Replayed));
    assert_eq!(at(5001), Some(Kind::Expired));
}

#[test]
fn only_valid_requests_are_remembered() {
    let verifier = Verifier::new();
    let headers = signed(&common::hmac_signer(), BODY);
    let request = ReceivedRequest {
        headers: &headers,
        query: "",
        body: BODY,
    };
    let nobody = |_: &ApiKey| None;
    let error = verifier
        .verify(&request, common::now(), nobody)
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthorized);
    verifier.verify(&request, common::now(), lookup).unwrap();
}

#[test]
fn a_full_replay_memory_refuses_and_empties_with_time() {
    let verifier = Verifier::new().with_replay_capacity(2);
    let send = |offset: u64| {
        let now = common::instant(common::TIMESTAMP + offset);
        let url = common::url("/");
        let mut headers = HeaderMap::new();
        let view = RequestView::new(&url);
        common::hmac_signer()
            .sign(&view, now)
            .unwrap()
            .add_to(&mut headers)
            .unwrap();
        let request = ReceivedRequest {
            headers: &headers,
            query: "",
            body: b"",
        };
        kind(verifier.verify(&request, now, lookup).map(drop))
    };
    assert_eq!(send(0), None);
    assert_eq!(send(1), None);
    assert_eq!(send(2), Some(Kind::ReplayMemoryFull));
    assert_eq!(send(5001), None, "the first one's window is over");
    assert_eq!(send(5001), Some(Kind::Replayed));
}

#[test]
fn replay_protection_can_be_left_out() {
    let verifier = Verifier::new().without_replay_protection();
    let headers = signed(&common::hmac_signer(), BODY);
    let request = ReceivedRequest {
        headers: &headers,
        query: "",
        body: BODY,
    };
    for _ in 0..2 {
        verifier.verify(&request, common::now(), lookup).unwrap();
    }
}

#[test]
fn a_query_beside_a_body_is_refused() {
    let headers = signed(&common::hmac_signer(), BODY);
    let request = ReceivedRequest {
        headers: &headers,
        query: "limit=10",
        body: BODY,
    };
    let error = Verifier::new()
        .verify(&request, common::now(), lookup)
        .unwrap_err();
    assert_eq!(error.kind(), Kind::QueryAndBody);
}
