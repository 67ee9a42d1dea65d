//! Every bad input is an error of its own kind, says what to do, and repeats no secret.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::{
    collections::HashMap,
    ffi::OsString,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anboto_auth::{
    ApiKey, CanonicalQuery, ConfigError, ConfigErrorKind as Config, Credentials, Environment,
    ListStyle, QueryErrorKind, RecvWindow, RequestView, SignErrorKind,
};
use url::Url;

/// The kind of a configuration error whose texts show neither of the secrets.
fn config_kind<T>(result: Result<T, ConfigError>, secret: &str) -> Config {
    let Err(error) = result else {
        panic!("{secret} was accepted")
    };
    // A shorter text stands in any message by chance.
    if secret.len() >= 4 {
        common::assert_hides(&error, secret);
    }
    error.kind()
}

#[test]
fn api_keys() {
    assert_eq!(config_kind(ApiKey::new(""), ""), Config::EmptyApiKey);
    for key in [
        "key with space",
        "key\n",
        "\tkey",
        "key\u{7f}",
        "clé-secrète",
        "key\0",
    ] {
        assert_eq!(
            config_kind(ApiKey::new(key), key),
            Config::MalformedApiKey,
            "{key:?}"
        );
    }
}

#[test]
fn secrets_that_are_not_base64() {
    assert_eq!(
        config_kind(Credentials::hmac("key", ""), ""),
        Config::EmptySecret
    );
    for secret in [
        "not Base64!",
        "AAECAwQF\n",
        " AAECAwQF",
        "\"AAECAwQF\"",
        "A",
        "AAECA",
        "AAECAw=",
        "AAECAw===",
        "=",
        "====",
        "AAECAx==",
        "mixed-+alphabets",
        "Aé",
    ] {
        let kind = config_kind(Credentials::hmac("key", secret), secret);
        assert_eq!(kind, Config::SecretNotBase64, "{secret:?}");
    }
}

/// Standard alphabet if the text holds `+` or `/` or ends in `=`, else URL-safe; padding may be left out.
#[test]
fn both_alphabets_of_base64_and_no_padding() {
    let signature = |secret: &str| {
        let signer = anboto_auth::Signer::new(
            &Environment::testnet(),
            Credentials::hmac(common::API_KEY, secret).unwrap(),
        );
        let url = common::url("/");
        let text = signer
            .string_to_sign(&RequestView::new(&url), common::now())
            .unwrap();
        signer.signature(&text).unwrap().encode(Default::default())
    };
    assert_eq!(signature("++//+/+/+w=="), signature("--__-_-_-w"));
    assert_eq!(signature("++//+/+/+w"), signature("--__-_-_-w"));
    assert_eq!(
        signature(common::SECRET),
        signature(common::SECRET.trim_end_matches('='))
    );
    assert_ne!(signature("AAEC"), signature("AAED"));
}

#[test]
fn recv_windows() {
    for millis in [0, 60_001, u32::MAX] {
        assert_eq!(
            config_kind(RecvWindow::from_millis(millis), ""),
            Config::RecvWindowOutOfRange
        );
    }
    for duration in [
        Duration::ZERO,
        Duration::from_micros(999),
        Duration::from_secs(61),
        Duration::MAX,
    ] {
        assert_eq!(
            config_kind(RecvWindow::try_from(duration), ""),
            Config::RecvWindowOutOfRange
        );
    }
    assert_eq!(
        RecvWindow::try_from(Duration::from_secs(60)).unwrap(),
        RecvWindow::MAX
    );
    assert_eq!(RecvWindow::from_millis(1).unwrap().as_millis(), 1);
    assert_eq!(RecvWindow::default().as_millis(), 5000);
}

#[test]
fn base_urls() {
    for (url, expected) in [
        ("", Config::MalformedBaseUrl),
        ("api.trade.anboto.xyz", Config::MalformedBaseUrl),
        ("ftp://api.trade.anboto.xyz", Config::MalformedBaseUrl),
        (
            "https://api.trade.anboto.xyz/?a=1",
            Config::MalformedBaseUrl,
        ),
        ("https://api.trade.anboto.xyz/#a", Config::MalformedBaseUrl),
        ("http://api.trade.anboto.xyz", Config::InsecureBaseUrl),
        ("http://10.0.0.1", Config::InsecureBaseUrl),
        ("http://localhost.example.org", Config::InsecureBaseUrl),
        ("http://127.0.0.1.example.org", Config::InsecureBaseUrl),
        (
            "https://user:hunter2@api.trade.anboto.xyz",
            Config::BaseUrlHoldsCredentials,
        ),
        ("http://hunter2@127.0.0.1", Config::BaseUrlHoldsCredentials),
    ] {
        assert_eq!(
            config_kind(Environment::custom(url), "hunter2"),
            expected,
            "{url}"
        );
    }
}

#[test]
fn loopback_may_be_plain_http() {
    for url in [
        "http://127.0.0.1:8080",
        "http://127.9.9.9",
        "http://[::1]:1",
        "http://localhost:80/prefix/",
        "HTTP://LOCALHOST",
    ] {
        let environment = Environment::custom(url).unwrap();
        assert!(environment.origin().is_loopback(), "{url}");
        assert!(!environment.base_url().ends_with('/'), "{url}");
    }
}

#[test]
fn commas_in_list_items() {
    let mut query = CanonicalQuery::builder(ListStyle::CommaJoined);
    let error = query.list("clientOrderIds", ["a", "b,c"]).unwrap_err();
    assert_eq!(error.kind(), QueryErrorKind::CommaInListItem);
    assert!(query.build().is_empty(), "nothing was added");

    let mut query = CanonicalQuery::builder(ListStyle::Repeated);
    query.list("clientOrderIds", ["b,c", "a"]).unwrap();
    assert_eq!(
        query.build().as_sent(),
        "clientOrderIds=b,c&clientOrderIds=a"
    );

    let mut query = CanonicalQuery::builder(ListStyle::CommaJoined);
    query.list("orderIds", [0u64; 0]).unwrap();
    assert!(query.build().is_empty(), "an empty list is no parameter");
}

#[test]
fn queries_that_can_not_be_read() {
    for query in ["a=%", "a=%2", "a=%zz", "%=1", "a=100%"] {
        let error = CanonicalQuery::parse(query).unwrap_err();
        assert_eq!(error.kind(), QueryErrorKind::MalformedEscape, "{query}");
    }
    assert_eq!(
        CanonicalQuery::parse("a=%ff").unwrap_err().kind(),
        QueryErrorKind::NotUtf8
    );
}

#[test]
fn requests_that_must_not_be_signed() {
    let signer = common::hmac_signer();
    let query = CanonicalQuery::from_pairs([("limit", "10")]);
    let other = CanonicalQuery::from_pairs([("limit", "11")]);
    let base = Url::parse(Environment::testnet().base_url()).unwrap();
    let with_query = common::url("/api/v2/trading/order/find?limit=10");
    let parse = |url: &str| Url::parse(url).unwrap();

    let foreign = [
        parse("https://api.trade.anboto.xyz/"),
        parse("https://api.testnet.anboto.xyz:8443/"),
        parse("https://evil.api.testnet.anboto.xyz/"),
        parse("ftp://api.testnet.anboto.xyz/"),
        parse("http://127.0.0.1/"),
        parse("data:,"),
    ];
    let insecure = parse("http://api.testnet.anboto.xyz/");
    let with_user = parse("https://hunter2@api.testnet.anboto.xyz/");

    let before_epoch = UNIX_EPOCH - Duration::from_millis(1);
    let now = common::now();
    let mut cases = vec![
        (
            RequestView::new(&base),
            before_epoch,
            SignErrorKind::ClockBeforeEpoch,
        ),
        (RequestView::new(&insecure), now, SignErrorKind::InsecureUrl),
        (
            RequestView::new(&with_user),
            now,
            SignErrorKind::UrlHoldsCredentials,
        ),
        (
            RequestView::new(&with_query),
            now,
            SignErrorKind::QueryNotOnWire,
        ),
        (
            RequestView::new(&base).with_query(&query),
            now,
            SignErrorKind::QueryNotOnWire,
        ),
        (
            RequestView::new(&with_query).with_query(&other),
            now,
            SignErrorKind::QueryNotOnWire,
        ),
        (
            RequestView::new(&with_query)
                .with_query(&query)
                .with_body(b"{}"),
            now,
            SignErrorKind::QueryAndBody,
        ),
    ];
    cases.extend(
        foreign
            .iter()
            .map(|url| (RequestView::new(url), now, SignErrorKind::ForeignOrigin)),
    );
    for (request, instant, expected) in cases {
        let error = signer.sign(&request, instant).unwrap_err();
        assert_eq!(error.kind(), expected, "{request:?}");
        assert!(!error.is_transient());
        for secret in ["hunter2", common::API_KEY, common::SECRET] {
            common::assert_hides(&error, secret);
        }
    }
}

fn variables<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
    let pairs: HashMap<_, _> = pairs.iter().copied().collect();
    move |name| pairs.get(name).map(OsString::from)
}

#[test]
fn variables_of_an_hmac_key_pair() {
    let pairs = [
        ("ANBOTO_API_KEY", common::API_KEY),
        ("ANBOTO_API_SECRET", common::SECRET),
    ];
    let credentials = Credentials::from_lookup(variables(&pairs)).unwrap();
    assert_eq!(credentials.api_key().expose(), common::API_KEY);
}

#[test]
fn variables_that_are_missing_or_contradict_each_other() {
    let (key, secret) = (
        ("ANBOTO_API_KEY", "key"),
        ("ANBOTO_API_SECRET", common::SECRET),
    );
    let file = ("ANBOTO_RSA_PRIVATE_KEY_FILE", "/nowhere");
    for (pairs, expected, named) in [
        (vec![], Config::MissingVariable, "ANBOTO_API_KEY"),
        (vec![secret], Config::MissingVariable, "ANBOTO_API_KEY"),
        (
            vec![key],
            Config::MissingVariable,
            "ANBOTO_API_SECRET or ANBOTO_RSA_PRIVATE_KEY_FILE",
        ),
        (
            vec![key, ("ANBOTO_API_SECRET", "")],
            Config::MissingVariable,
            "ANBOTO_API_SECRET",
        ),
        (
            vec![key, secret, file],
            Config::ConflictingVariables,
            "ANBOTO_API_SECRET",
        ),
    ] {
        let error = Credentials::from_lookup(variables(&pairs)).unwrap_err();
        assert_eq!(error.kind(), expected);
        assert_eq!(
            error.is_missing_variable(),
            expected == Config::MissingVariable
        );
        assert!(error.to_string().starts_with(named), "{error}");
        common::assert_hides(&error, common::SECRET);
    }
}

#[test]
fn the_variable_of_the_environment() {
    let error = Environment::from_lookup(variables(&[])).unwrap_err();
    assert!(error.is_missing_variable(), "there is no default: {error}");
    let error = Environment::from_lookup(variables(&[("ANBOTO_BASE_URL", "http://example.org")]));
    assert_eq!(error.unwrap_err().kind(), Config::InsecureBaseUrl);
    let pairs = [("ANBOTO_BASE_URL", "https://api.testnet.anboto.xyz/")];
    assert_eq!(
        Environment::from_lookup(variables(&pairs)).unwrap(),
        Environment::testnet()
    );
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_unicode() {
    use std::os::unix::ffi::OsStringExt;
    let value = OsString::from_vec(b"hunter2\xff".to_vec());
    let error = Credentials::from_lookup(|_| Some(value.clone())).unwrap_err();
    assert_eq!(error.kind(), Config::VariableNotUnicode);
    common::assert_hides(&error, "hunter2");
}

#[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
#[test]
fn variables_of_an_rsa_key_pair() {
    let path = common::key_path("rsa2048.pkcs8.pem");
    let pairs = [
        ("ANBOTO_API_KEY", common::API_KEY),
        ("ANBOTO_RSA_PRIVATE_KEY_FILE", path.to_str().unwrap()),
    ];
    let credentials = Credentials::from_lookup(variables(&pairs)).unwrap();
    assert_eq!(format!("{credentials:?}"), "Credentials(RSA, ..)");
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "rustcrypto")))]
#[test]
fn a_build_without_rsa_says_so() {
    let pairs = [
        ("ANBOTO_API_KEY", "key"),
        ("ANBOTO_RSA_PRIVATE_KEY_FILE", "key.pem"),
    ];
    let error = Credentials::from_lookup(variables(&pairs)).unwrap_err();
    assert_eq!(error.kind(), Config::RsaUnavailable);
}

#[test]
fn far_instants_are_no_panic() {
    let url = common::url("/");
    let far = UNIX_EPOCH + Duration::from_secs(u64::MAX >> 12);
    for now in [UNIX_EPOCH, SystemTime::now(), far] {
        let signer = common::hmac_signer();
        signer.string_to_sign(&RequestView::new(&url), now).unwrap();
    }
}
