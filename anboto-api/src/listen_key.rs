use std::fmt;

/// The token that opens the WebSocket: a JWT, valid for one hour.
///
/// Whoever holds it reads the account's order stream, so `Debug` does not show it and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct ListenKey(String);

impl ListenKey {
    /// The token's text, to be sent to the WebSocket and nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for ListenKey {
    fn from(token: String) -> Self {
        Self(token)
    }
}

impl fmt::Debug for ListenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ListenKey(…)")
    }
}
