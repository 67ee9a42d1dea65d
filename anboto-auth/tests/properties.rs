//! What holds for every query, every request and every key.
#![cfg(feature = "verify")]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::time::Duration;

use anboto_auth::{
    ApiKey, CanonicalQuery, Credentials, Environment, QueryForm, ReceivedRequest, RecvWindow,
    RequestView, SignatureEncoding, Signer, Verifier, VerifyErrorKind, VerifyingKey,
};
use base64ct::{Base64, Encoding};
use http::{HeaderMap, HeaderValue};
use proptest::{collection::vec, prelude::*, sample};
use url::Url;

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    // Values of any characters, and of those that mean something in a query.
    let text = prop_oneof![any::<String>(), "[a-zA-Z0-9/:,@%&=+#'\" ^;?~ż]{0,12}"];
    vec((text.clone(), text), 0..8)
}

fn encoding() -> impl Strategy<Value = SignatureEncoding> {
    sample::select(vec![SignatureEncoding::Base64, SignatureEncoding::Hex])
}

fn form() -> impl Strategy<Value = QueryForm> {
    sample::select(vec![QueryForm::Decoded, QueryForm::AsSent])
}

/// A request as a server gets it, and what it takes to check it.
#[derive(Debug, Clone)]
struct Sent {
    headers: HeaderMap,
    query: String,
    body: Vec<u8>,
    secret: String,
    encoding: SignatureEncoding,
    form: QueryForm,
    millis: u64,
}

impl Sent {
    fn verify(&self) -> Option<VerifyErrorKind> {
        let verifier = Verifier::new()
            .with_encoding(self.encoding)
            .with_query_form(self.form);
        let request = ReceivedRequest {
            headers: &self.headers,
            query: &self.query,
            body: &self.body,
        };
        let lookup = |api_key: &ApiKey| {
            (api_key.expose() == common::API_KEY).then(|| VerifyingKey::hmac(&self.secret).unwrap())
        };
        let verified = verifier.verify(&request, common::instant(self.millis), lookup);
        verified.err().map(|error| error.kind())
    }
}

fn sent() -> impl Strategy<Value = Sent> {
    let payload = prop_oneof![
        pairs().prop_map(|pairs| (CanonicalQuery::from_pairs(pairs), vec![])),
        vec(any::<u8>(), 0..200).prop_map(|body| (CanonicalQuery::default(), body)),
    ];
    let secret = vec(any::<u8>(), 1..80).prop_map(|bytes| Base64::encode_string(&bytes));
    let millis = 0..u64::from(u32::MAX) * 1000;
    (payload, secret, encoding(), form(), millis, 1..=60_000u32).prop_map(
        |((query, body), secret, encoding, form, millis, window)| {
            let mut url = common::url("/api/v2/whatever");
            url.set_query(query.to_url_query());
            let credentials = Credentials::hmac(common::API_KEY, &secret).unwrap();
            let signer = Signer::new(&Environment::testnet(), credentials)
                .with_recv_window(RecvWindow::from_millis(window).unwrap())
                .with_encoding(encoding)
                .with_query_form(form);
            let view = RequestView::new(&url).with_query(&query).with_body(&body);
            let mut headers = HeaderMap::new();
            signer
                .sign(&view, common::instant(millis))
                .unwrap()
                .add_to(&mut headers)
                .unwrap();
            let query = url.query().unwrap_or_default().to_owned();
            Sent {
                headers,
                query,
                body,
                secret,
                encoding,
                form,
                millis,
            }
        },
    )
}

proptest! {
    #[test]
    fn a_canonical_query_is_its_own_canonical_form(pairs in pairs()) {
        let query = CanonicalQuery::from_pairs(pairs.clone());
        prop_assert_eq!(&CanonicalQuery::parse(query.as_sent()).unwrap(), &query);
    }

    #[test]
    fn the_order_of_names_makes_no_difference((pairs, shuffled) in pairs().prop_flat_map(|mut pairs| {
        pairs.sort();
        pairs.dedup_by(|a, b| a.0 == b.0);
        (Just(pairs.clone()), Just(pairs).prop_shuffle())
    })) {
        prop_assert_eq!(CanonicalQuery::from_pairs(pairs), CanonicalQuery::from_pairs(shuffled));
    }

    /// What any server decodes from the wire is what was put in, and what is signed.
    #[test]
    fn the_decoded_wire_is_the_decoded_input(mut pairs in pairs()) {
        let query = CanonicalQuery::from_pairs(pairs.clone());
        let wire: Vec<(String, String)> =
            url::form_urlencoded::parse(query.as_sent().as_bytes()).into_owned().collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        prop_assert_eq!(&wire, &pairs);
        let decoded: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        prop_assert_eq!(query.decoded(), decoded.join("&"));
    }

    /// No URL library on the way changes a canonical query.
    #[test]
    fn a_url_keeps_a_canonical_query(pairs in pairs()) {
        let query = CanonicalQuery::from_pairs(pairs);
        let mut url = common::url("/");
        url.set_query(query.to_url_query());
        prop_assert_eq!(url.query(), query.to_url_query());
        let parsed = Url::parse(url.as_str()).unwrap();
        prop_assert_eq!(parsed.query(), query.to_url_query());
        let uri: http::Uri = url.as_str().parse().unwrap();
        prop_assert_eq!(uri.query(), query.to_url_query());
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        if let Ok(query) = CanonicalQuery::parse(&text) {
            prop_assert_eq!(CanonicalQuery::parse(query.as_sent()).unwrap(), query);
        }
    }

    #[test]
    fn what_was_signed_verifies(sent in sent()) {
        prop_assert_eq!(sent.verify(), None);
    }

    #[test]
    fn a_flipped_bit_of_the_body_fails(mut sent in sent(), index: sample::Index, bit in 0..8u8) {
        prop_assume!(!sent.body.is_empty());
        let index = index.index(sent.body.len());
        sent.body[index] ^= 1u8 << bit;
        prop_assert_eq!(sent.verify(), Some(VerifyErrorKind::Unauthorized));
    }

    #[test]
    fn a_flipped_bit_of_a_header_fails(
        mut sent in sent(),
        name in sample::select(vec!["x-api-key", "x-timestamp", "x-recv-window", "x-sign"]),
        index: sample::Index,
        bit in 0..8u8,
    ) {
        let mut value = sent.headers[name].as_bytes().to_vec();
        let index = index.index(value.len());
        value[index] ^= 1u8 << bit;
        // Not every byte may stand in a header.
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            sent.headers.insert(name, value);
            prop_assert!(sent.verify().is_some());
        }
    }

    #[test]
    fn another_secret_fails(mut sent in sent(), other in vec(any::<u8>(), 1..80)) {
        let other = Base64::encode_string(&other);
        // HMAC fills a short key up with zeros, so that keys which differ in those alone are one key.
        prop_assume!(other.trim_end_matches(['A', '=']) != sent.secret.trim_end_matches(['A', '=']));
        sent.secret = other;
        prop_assert_eq!(sent.verify(), Some(VerifyErrorKind::Unauthorized));
    }

    #[test]
    fn a_secret_is_never_shown(secret in vec(any::<u8>(), 16..64), key in "[!-~]{16,40}") {
        let secret = Base64::encode_string(&secret);
        let credentials = Credentials::hmac(&key, &secret).unwrap();
        let signer = Signer::new(&Environment::mainnet(), credentials.clone());
        for shown in [format!("{credentials:?}"), format!("{signer:#?}")] {
            prop_assert!(!shown.contains(&secret) && !shown.contains(&key));
        }
    }

    #[test]
    fn a_refused_secret_is_never_shown(secret in "[!-~]{8,40}") {
        if let Err(error) = Credentials::hmac("key", &secret) {
            common::assert_hides(&error, &secret);
        }
    }

    #[test]
    fn any_text_is_an_environment_or_refused(text in any::<String>()) {
        if let Ok(environment) = Environment::custom(&text) {
            let url = Url::parse(environment.base_url()).unwrap();
            prop_assert!(environment.origin().contains(&url));
            prop_assert!(url.scheme() == "https" || environment.origin().is_loopback());
        }
    }
}

/// One millisecond on either side of the window.
#[test]
fn a_window_is_what_it_says() {
    for window in [1, 5000, 60_000] {
        let recv_window = RecvWindow::from_millis(window).unwrap();
        let signer = common::hmac_signer().with_recv_window(recv_window);
        let url = common::url("/");
        let mut headers = HeaderMap::new();
        let view = RequestView::new(&url);
        signer
            .sign(&view, common::now())
            .unwrap()
            .add_to(&mut headers)
            .unwrap();
        let at = |offset| {
            let request = ReceivedRequest {
                headers: &headers,
                query: "",
                body: b"",
            };
            let now = common::now() + Duration::from_millis(offset);
            let key = |_: &ApiKey| Some(VerifyingKey::hmac(common::SECRET).unwrap());
            Verifier::new().verify(&request, now, key).is_ok()
        };
        assert!(at(u64::from(window)));
        assert!(!at(u64::from(window) + 1));
    }
}
