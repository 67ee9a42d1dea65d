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

/// Takes a token as RFC 6750 (section 2.1) writes it, and nothing else: a login page is no listen key, though it may come with
/// a 200.
impl TryFrom<String> for ListenKey {
    type Error = NotAToken;

    fn try_from(text: String) -> Result<Self, NotAToken> {
        let token = text.trim_end_matches('=');
        let is_token = !token.is_empty()
            && token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
        if is_token {
            Ok(Self(text))
        } else {
            Err(NotAToken)
        }
    }
}

/// Why a text is no [`ListenKey`]: it is empty, or holds what no token does. The text itself is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAToken;

impl fmt::Display for NotAToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text that is no token")
    }
}

impl std::error::Error for NotAToken {}

impl fmt::Debug for ListenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ListenKey(…)")
    }
}
