//! A network in place of HTTP: for simulations on a clock of their own, without sockets.

use std::future::Future;
use std::pin::Pin;
use std::time::SystemTime;

use bytes::Bytes;

/// What a [`Network`] makes of a request, in time.
pub type Exchange<'a> =
    Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, Broken>> + Send + 'a>>;

/// Carries requests in place of HTTP: [`ClientBuilder::network`](crate::ClientBuilder::network).
///
/// With one that hands requests to a [`Core`](super::Core), and tokio's paused clock, a client and its server run on virtual time:
/// days of bad luck in milliseconds, the same for the same seed. Everything but the sockets is as in production: requests are
/// signed, limited, timed out, and repeated by the same code.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use std::time::SystemTime;
/// use anboto_api::testnet::{Account, Core, Exchange, Network, Rules};
/// use anboto_api::{Client, Credentials, Environment};
///
/// struct Direct(Mutex<Core>);
///
/// impl Network for Direct {
///     fn now(&self) -> SystemTime {
///         SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_800_000_000)
///     }
///
///     fn random(&self) -> u64 {
///         4
///     }
///
///     fn send(&self, request: http::Request<bytes::Bytes>) -> Exchange<'_> {
///         Box::pin(async move { Ok(self.0.lock().unwrap().handle(&request, self.now())) })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut core = Core::new(1, Rules::default(), SystemTime::UNIX_EPOCH);
/// core.add_hmac_key(Account::FIRST, "key", "c2VjcmV0")?;
/// let client = Client::builder(Environment::testnet())
///     .credentials(Credentials::hmac("key", "c2VjcmV0")?)
///     .network(Arc::new(Direct(Mutex::new(core))))
///     .build()?;
/// assert!(client.get_open_orders().send().await?.orders.is_empty());
/// # Ok(())
/// # }
/// ```
pub trait Network: Send + Sync {
    /// The wall clock of the client's machine, by which requests are signed. Waiting goes by tokio's clock.
    fn now(&self) -> SystemTime;

    /// Random bits for what the client draws: ids that it mints, and how long it waits.
    fn random(&self) -> u64;

    /// Carries a request to a server, and its answer back. A client that waits no longer drops the future.
    fn send(&self, request: http::Request<Bytes>) -> Exchange<'_>;
}

/// How a [`Network`] fails.
#[derive(Debug, Clone)]
pub enum Broken {
    /// There was no connection to send the request on.
    NotConnected,
    /// The connection broke with the request, or part of it, sent, and before an answer.
    Reset,
    /// The connection broke in the middle of the answer, of which this much came.
    CutOff(http::Response<Bytes>),
}
