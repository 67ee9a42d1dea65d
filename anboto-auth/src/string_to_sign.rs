//! The text that is signed: timestamp, API key, receive window and payload, with nothing between them.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use http::HeaderValue;

use crate::credentials::ApiKey;

/// The text that a signature covers (vendor's contract, authentication section).
///
/// It is a type of its own so that it can be tested, and so that it can't be printed: whoever reads it beside its
/// signature can send the request once more. [`Debug`](fmt::Debug) shows lengths only.
///
/// The four parts are borrowed and never copied together for HMAC.
pub struct StringToSign<'a> {
    timestamp: Decimal,
    api_key: &'a ApiKey,
    recv_window: &'a [u8],
    payload: &'a [u8],
}

impl<'a> StringToSign<'a> {
    pub(crate) fn new(
        timestamp: Timestamp,
        api_key: &'a ApiKey,
        recv_window: &'a HeaderValue,
        payload: &'a [u8],
    ) -> Self {
        Self {
            timestamp: Decimal::new(timestamp.0),
            api_key,
            recv_window: recv_window.as_bytes(),
            payload,
        }
    }

    pub(crate) fn parts(&self) -> [&[u8]; 4] {
        [
            self.timestamp.as_ref(),
            self.api_key.header().as_bytes(),
            self.recv_window,
            self.payload,
        ]
    }

    pub(crate) fn timestamp(&self) -> Decimal {
        self.timestamp
    }

    /// The text in one piece.
    pub(crate) fn concat(&self) -> Vec<u8> {
        self.parts().concat()
    }

    /// The text in one piece, for tests of this stage. Don't log it.
    #[must_use]
    pub fn expose_for_tests(&self) -> Vec<u8> {
        self.concat()
    }
}

impl fmt::Debug for StringToSign<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StringToSign")
            .field("payload_len", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// Milliseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(pub(crate) u64);

impl Timestamp {
    /// None before the epoch, and after the year 584,556,019.
    pub(crate) fn of(instant: SystemTime) -> Option<Self> {
        let since_epoch = instant.duration_since(UNIX_EPOCH).ok()?;
        u64::try_from(since_epoch.as_millis()).ok().map(Self)
    }
}

/// The decimal digits of a number, without an allocation.
#[derive(Clone, Copy)]
pub(crate) struct Decimal {
    digits: [u8; Self::MAX],
    start: usize,
}

impl Decimal {
    /// As many as `u64::MAX` has.
    const MAX: usize = 20;

    fn new(mut number: u64) -> Self {
        let mut digits = [b'0'; Self::MAX];
        let mut start = Self::MAX;
        loop {
            start -= 1;
            // A remainder of ten fits any integer.
            digits[start] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return Self { digits, start };
            }
        }
    }
}

impl AsRef<[u8]> for Decimal {
    fn as_ref(&self) -> &[u8] {
        &self.digits[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_canonical() {
        for number in [0, 9, 10, 5000, 1_700_000_000_000, u64::MAX] {
            let digits = Decimal::new(number);
            assert_eq!(digits.as_ref(), number.to_string().as_bytes());
        }
    }
}
