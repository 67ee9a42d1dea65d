//! Who may come in: signatures, windows, clocks, replays. The work is done by [`anboto_auth::Verifier`]; here are the switches.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anboto_auth::{
    ReceivedRequest, Verifier, VerifyError, VerifyErrorKind, VerifyingKey, X_API_KEY,
    X_RECV_WINDOW, X_SIGN, X_TIMESTAMP,
};
use base64ct::{Base64, Encoding};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::testnet::json;
use crate::testnet::rules::{Rules, SignatureEncodings};
use crate::types::ApiErrorCode;

#[derive(Debug)]
pub(crate) struct Gate {
    keys: HashMap<String, Key>,
    verifier: Verifier,
}

#[derive(Debug)]
struct Key {
    verifying: VerifyingKey,
    is_hmac: bool,
    account: usize,
}

/// Why a request is not let in.
#[derive(Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: ApiErrorCode,
    pub(crate) message: String,
}

impl Gate {
    pub(crate) fn new(rules: &Rules) -> Self {
        let verifier = Verifier::new().with_query_form(rules.query_form);
        Self {
            keys: HashMap::new(),
            verifier: if rules.replay_protection {
                verifier
            } else {
                verifier.without_replay_protection()
            },
        }
    }

    pub(crate) fn add(
        &mut self,
        api_key: &str,
        verifying: VerifyingKey,
        is_hmac: bool,
        account: usize,
    ) {
        let key = Key {
            verifying,
            is_hmac,
            account,
        };
        self.keys.insert(api_key.to_owned(), key);
    }

    /// The account whose request it is.
    pub(crate) fn admit(
        &self,
        rules: &Rules,
        headers: &HeaderMap,
        query: &str,
        body: &[u8],
        now: SystemTime,
    ) -> Result<usize, Refusal> {
        let key = headers
            .get(&X_API_KEY)
            .and_then(|value| value.to_str().ok())
            .and_then(|api_key| self.keys.get(api_key));
        let headers = normalised(headers, key, rules.signature_encoding)?;
        let now = self.check_clock(rules, &headers, now)?;
        let verify = |body| {
            let request = ReceivedRequest {
                headers: &headers,
                query,
                body,
            };
            let verifying = key.map(|key| key.verifying.clone());
            self.verifier.verify(&request, now, |_| verifying)
        };
        let verified = match verify(body) {
            Err(error) if error.kind() == VerifyErrorKind::Unauthorized && !body.is_empty() => {
                // Made over the compacted text, as the vendor's own Python example does?
                let compact = json::compact(body);
                if compact == body {
                    Err(error)
                } else {
                    verify(&compact)
                }
            }
            verified => verified,
        };
        match (verified, key) {
            (Ok(_), Some(key)) => Ok(key.account),
            (Ok(_), None) => Err(unknown_key()),
            (Err(error), key) => Err(refusal(&error, key.is_some())),
        }
    }

    /// The window by the switches, and the time at which the verifier, whose own limits are fixed, comes to the same answer.
    fn check_clock(
        &self,
        rules: &Rules,
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Result<SystemTime, Refusal> {
        let millis = |name: &HeaderName| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .and_then(|text| text.parse::<u64>().ok())
                .map(Duration::from_millis)
        };
        // What is missing or malformed is the verifier's to report.
        let (Some(timestamp), Some(window)) = (millis(&X_TIMESTAMP), millis(&X_RECV_WINDOW)) else {
            return Ok(now);
        };
        if window > rules.largest_window {
            return Err(Refusal {
                code: ApiErrorCode::InvalidTimestamp,
                message: format!(
                    "X-RECV-WINDOW is above {} ms",
                    rules.largest_window.as_millis()
                ),
            });
        }
        let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let ahead = timestamp.saturating_sub(since_epoch);
        if !ahead.is_zero() && ahead >= rules.clock_tolerance {
            return Err(Refusal {
                code: ApiErrorCode::InvalidTimestamp,
                message: "the timestamp is ahead of the server's clock".to_owned(),
            });
        }
        let fixed = Duration::from_millis(Verifier::LEEWAY_MILLIS);
        let shift = (ahead + Duration::from_millis(1)).saturating_sub(fixed);
        Ok(now + shift)
    }
}

/// The headers with a hexadecimal signature rewritten to Base64, which is all that the verifier is asked to read.
fn normalised<'a>(
    headers: &'a HeaderMap,
    key: Option<&Key>,
    encodings: SignatureEncodings,
) -> Result<std::borrow::Cow<'a, HeaderMap>, Refusal> {
    let is_hmac = key.is_none_or(|key| key.is_hmac);
    let signature = headers
        .get(&X_SIGN)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if encodings == SignatureEncodings::Base64 || !is_hmac || signature.is_empty() {
        return Ok(std::borrow::Cow::Borrowed(headers));
    }
    let rewritten = from_hex(signature)
        .and_then(|bytes| HeaderValue::from_str(&Base64::encode_string(&bytes)).ok());
    match rewritten {
        Some(value) => {
            let mut headers = headers.clone();
            headers.insert(&X_SIGN, value);
            Ok(std::borrow::Cow::Owned(headers))
        }
        None if encodings == SignatureEncodings::Both => Ok(std::borrow::Cow::Borrowed(headers)),
        None => Err(Refusal {
            code: ApiErrorCode::InvalidSignature,
            message: "X-SIGN is not lowercase hexadecimal".to_owned(),
        }),
    }
}

/// The 32 bytes of an HMAC-SHA256 in lowercase hexadecimal.
fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64
        || !text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

fn unknown_key() -> Refusal {
    Refusal {
        code: ApiErrorCode::InvalidApiKey,
        message: "unknown API key".to_owned(),
    }
}

fn refusal(error: &VerifyError, is_known: bool) -> Refusal {
    use VerifyErrorKind as Kind;
    let code = match error.kind() {
        // The verifier tells nobody which keys exist. A testnet is there to help.
        Kind::Unauthorized if !is_known => return unknown_key(),
        Kind::Unauthorized => ApiErrorCode::InvalidSignature,
        Kind::Expired | Kind::AheadOfServer => ApiErrorCode::InvalidTimestamp,
        Kind::MissingHeader | Kind::RepeatedHeader | Kind::MalformedHeader => {
            ApiErrorCode::AuthenticationError
        }
        Kind::ReplayMemoryFull => ApiErrorCode::SystemBusy,
        Kind::Replayed => ApiErrorCode::AuthenticationError,
        _ => ApiErrorCode::InvalidRequest,
    };
    Refusal {
        code,
        message: match error.kind() {
            Kind::Unauthorized => "the signature is not that of this key and request".to_owned(),
            _ => error.to_string(),
        },
    }
}
