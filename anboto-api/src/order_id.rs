use std::fmt;

/// One of the two ids that name an order.
///
/// ```
/// use anboto_api::OrderId;
///
/// assert_eq!(OrderId::from(596990285759373312), OrderId::Anboto(596990285759373312));
/// assert_eq!(OrderId::from("desk-7-000001").to_string(), "desk-7-000001");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OrderId {
    /// The id that Anboto gave. It exceeds 2^53 in practice (FACTS, section 4).
    Anboto(i64),
    /// The id that the client gave, or that was minted for it. The server is not known to refuse an id that is taken (FACTS,
    /// section 4), so more than one order can have it.
    Client(String),
}

impl From<i64> for OrderId {
    fn from(id: i64) -> Self {
        Self::Anboto(id)
    }
}

impl From<&str> for OrderId {
    fn from(id: &str) -> Self {
        Self::Client(id.to_owned())
    }
}

impl From<String> for OrderId {
    fn from(id: String) -> Self {
        Self::Client(id)
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anboto(id) => id.fmt(f),
            Self::Client(id) => id.fmt(f),
        }
    }
}
