//! What nobody outside knows of the vendor's server, as switches.

use std::time::Duration;

use anboto_auth::QueryForm;

/// What a testnet does where the documents are silent, or where they contradict each other. Each default is the likeliest guess.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use anboto_api::testnet::Testnet;
///
/// let testnet = Testnet::builder()
///     .rules(|rules| {
///         rules.duplicate_client_order_ids = false;
///         rules.batch_limit = 20;
///     })
///     .start()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Rules {
    /// Whether a second order with a client order id that is in use is taken, as the vendor's server has to be assumed to do.
    /// Otherwise it is rejected with `INVALID_ORDER`.
    pub duplicate_client_order_ids: bool,
    /// How many orders a batch may hold. A larger one is rejected as a whole, each of its orders with `BATCH_OVERSIZE`.
    pub batch_limit: usize,
    /// How many orders may be open at a time; further ones are rejected with `SYSTEM_BUSY`.
    pub open_orders_limit: usize,
    /// How far a timestamp may be ahead of the server's clock.
    pub clock_tolerance: Duration,
    /// The largest receive window that is accepted; 60 s at most.
    pub largest_window: Duration,
    /// How HMAC signatures are written. RSA signatures are Base64 in every source.
    pub signature_encoding: SignatureEncodings,
    /// Which text of the query is signed.
    pub query_form: QueryForm,
    /// Whether a request that was served before is refused. The vendor's scheme has no nonce, and its Java example uses one
    /// timestamp for several requests.
    pub replay_protection: bool,
    /// The largest body that is read, in bytes; a larger one is answered with 413.
    pub largest_body: usize,
    /// What the body of a 401 says.
    pub refusals: Refusals,
    /// In which of their forms the odd answers come.
    pub shapes: Shapes,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            duplicate_client_order_ids: true,
            batch_limit: 200,
            open_orders_limit: 1_000_000,
            clock_tolerance: Duration::from_secs(1),
            largest_window: Duration::from_secs(60),
            signature_encoding: SignatureEncodings::Base64,
            query_form: QueryForm::Decoded,
            replay_protection: false,
            largest_body: 1 << 20,
            refusals: Refusals::Coded,
            shapes: Shapes::default(),
        }
    }
}

/// In which encodings an HMAC signature is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureEncodings {
    /// Standard Base64, as both of the vendor's example clients send it.
    Base64,
    /// Lowercase hexadecimal, as the documentation until April 2025 has it.
    Hex,
    /// Either.
    Both,
}

/// What the body of a 401 says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusals {
    /// Micronaut's JSON, with an `error_code` such as `INVALID_TIMESTAMP`.
    Coded,
    /// Micronaut's JSON without a code.
    Bare,
    /// Nothing.
    Empty,
}

/// In which of their forms the odd answers come. By default each varies from answer to answer, by the seed: a client has to
/// understand them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Shapes {
    /// `status` and `listenKey`.
    pub text: TextShape,
    /// `cancelMany`.
    pub cancel_many: CancelManyShape,
    /// The decimals in orders, trades, instruments and funding rates, which the contract has as numbers.
    pub decimals: DecimalShape,
}

/// How an answer that is a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextShape {
    /// Now one, now the other.
    #[default]
    Varying,
    /// As a JSON string.
    Quoted,
    /// As it is.
    Raw,
}

/// How `cancelMany` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CancelManyShape {
    /// Now one, now another.
    #[default]
    Varying,
    /// The bare array that the Java example reads.
    Array,
    /// An object with a list in `orders`.
    Object,
    /// The one summary of the contract; for more than one order, an object.
    Single,
}

/// How decimals are written that are numbers by the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DecimalShape {
    /// As numbers.
    #[default]
    Numbers,
    /// As strings.
    Strings,
    /// Now one, now the other.
    Varying,
}
