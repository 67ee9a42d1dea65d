use std::fmt;

use reqwest::{Method, StatusCode};

/// One operation of the contract, as the generated table [`operations`](crate::operations) lists it.
///
/// Everything that the client decides about a call follows from its entry here: whether it is signed, and whether it may be
/// repeated. The HTTP method decides neither: `cancelAllOpenOrders` is a GET.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// The contract's `operationId`, such as `createOrder`.
    pub id: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path below the base URL, such as `/api/v2/trading/order/create`.
    pub path: &'static str,
    /// Whether the request carries the four signature headers.
    pub signed: bool,
    /// What the operation changes, and so what a repeat would do.
    pub effect: Effect,
    /// The status that the contract documents for success; the client takes any 2xx for one.
    pub success: StatusCode,
}

impl Operation {
    /// Used by the generated table alone, so that its entries can be constants.
    pub(crate) const fn new(
        id: &'static str,
        method: Method,
        path: &'static str,
        signed: bool,
        effect: Effect,
        success: u16,
    ) -> Self {
        let success = match StatusCode::from_u16(success) {
            Ok(status) => status,
            Err(_) => StatusCode::OK,
        };
        Self {
            id,
            method,
            path,
            signed,
            effect,
            success,
        }
    }
}

/// Shows the operation's id.
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// What an operation changes on the server.
///
/// It is decided by a person for each operation (in `spec/overlay.yml`), since the contract does not say it. An operation that
/// nobody has classified is a [`NeverRepeatedWrite`](Effect::NeverRepeatedWrite).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// Changes nothing: may be repeated at any time.
    Read,
    /// Changes something, once: a second execution adds nothing to the first. `cancelOrder` is one.
    RepeatableWrite,
    /// Changes something each time it is executed: `createOrder` places a second order. To be sent again only after it is known
    /// that the first request was not executed and no longer can be.
    Write,
    /// Changes whatever is there at the moment of its execution: a late repeat of `cancelAllOpenOrders` cancels the orders that
    /// were placed in between. Never sent twice.
    NeverRepeatedWrite,
}

impl Effect {
    /// Whether an execution changes anything on the server.
    pub const fn is_write(self) -> bool {
        !matches!(self, Self::Read)
    }

    /// Whether the request may be sent again while it is unknown what became of the first.
    pub const fn is_safe_to_repeat(self) -> bool {
        matches!(self, Self::Read | Self::RepeatableWrite)
    }
}
