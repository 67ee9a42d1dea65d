//! What the fuzz targets do with their bytes. `tests/fuzz_bodies.rs` of anboto-auth does the same with bytes of a fixed
//! seed, without libFuzzer.

use std::time::{Duration, UNIX_EPOCH};

use anboto_auth::{CanonicalQuery, ReceivedRequest, RsaBackend, RsaKey, Verifier, VerifyingKey};
use http::{HeaderMap, HeaderName, HeaderValue};

/// A query that can be read has one canonical form.
pub fn query(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(query) = CanonicalQuery::parse(text) else {
        return;
    };
    let again = CanonicalQuery::parse(query.as_sent()).expect("the canonical form can be read");
    assert_eq!(again, query);
    assert!(query.as_sent().bytes().all(|byte| byte.is_ascii_graphic()));
    assert_eq!(query.is_empty(), query.decoded().is_empty());
}

/// Headers of whoever: one to a line, in front of the first empty line; then the query, then the body. Nobody guesses a
/// signature.
pub fn headers(data: &[u8]) {
    let mut lines = data.split(|&byte| byte == b'\n');
    let mut headers = HeaderMap::new();
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let mut halves = line.splitn(2, |&byte| byte == b':');
        let (Some(name), Some(value)) = (halves.next(), halves.next()) else {
            continue;
        };
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            headers.append(name, value);
        }
    }
    let query = lines
        .next()
        .and_then(|line| std::str::from_utf8(line).ok())
        .unwrap_or_default();
    let request = ReceivedRequest {
        headers: &headers,
        query,
        body: lines.next().unwrap_or_default(),
    };
    let now = UNIX_EPOCH + Duration::from_millis(1_700_000_000_000);
    let key = VerifyingKey::hmac("c2VjcmV0").expect("Base64");
    let verified = Verifier::new().verify(&request, now, |_| Some(key));
    verified.expect_err("a request that nobody signed");
}

/// What AWS-LC takes for a key, the `rsa` crate does too. Not the other way round: it computes the numbers of the Chinese
/// remainder theorem anew, and so doesn't mind damage to those in the file.
pub fn pem(data: &[u8]) {
    let loader = |backend| {
        RsaKey::loader()
            .passphrase("test-only passphrase")
            .backend(backend)
    };
    let bits = |key: Result<RsaKey, _>| key.map(|key| key.bits()).ok();
    let both = |load: &dyn Fn(RsaBackend) -> Option<usize>| {
        let aws_lc = load(RsaBackend::AwsLc);
        if aws_lc.is_some() {
            assert_eq!(load(RsaBackend::RustCrypto), aws_lc);
        }
    };
    if let Ok(pem) = std::str::from_utf8(data) {
        both(&|backend| bits(loader(backend).from_pem(pem)));
        VerifyingKey::rsa_from_pem(pem).ok();
    }
    both(&|backend| bits(loader(backend).from_der(data)));
    VerifyingKey::rsa_from_der(data).ok();
}
