//! How long a signature is good for.

use std::{fmt, time::Duration};

use http::HeaderValue;

use crate::error::{ConfigError, ConfigErrorKind};

/// For how long after its timestamp a request is valid: `X-RECV-WINDOW`, from 1 to 60,000 ms, 5,000 by default.
///
/// Keep it small: whoever gets hold of a signed request can repeat it until its window ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecvWindow(u32);

impl RecvWindow {
    /// The largest window that this crate signs or accepts.
    pub const MAX: Self = Self(60_000);

    /// A window of so many milliseconds.
    ///
    /// # Errors
    /// When it is 0 or above 60,000.
    pub fn from_millis(millis: u32) -> Result<Self, ConfigError> {
        match millis {
            1..=60_000 => Ok(Self(millis)),
            _ => Err(ConfigError::new(ConfigErrorKind::RecvWindowOutOfRange)),
        }
    }

    /// The window in milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u32 {
        self.0
    }

    pub(crate) fn to_header(self) -> HeaderValue {
        self.0.into()
    }
}

impl Default for RecvWindow {
    fn default() -> Self {
        Self(5_000)
    }
}

impl TryFrom<Duration> for RecvWindow {
    type Error = ConfigError;

    /// Fractions of a millisecond are cut off.
    fn try_from(window: Duration) -> Result<Self, ConfigError> {
        // What doesn't fit is out of range like 0.
        Self::from_millis(u32::try_from(window.as_millis()).unwrap_or(0))
    }
}

impl fmt::Display for RecvWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}
