//! reqwest-middleware: every attempt signed afresh.

use std::{fmt, sync::Arc, time::SystemTime};

use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next, Result};

use crate::signer::Signer;

/// Signs each request that passes through.
///
/// **Add it last**, after a retrying middleware: then each attempt passes through it and gets a signature of its own. In
/// the wrong order a retry would carry the first attempt's signature on; the first retry to come back through here is
/// refused for it, but one that stays outside can't be noticed.
///
/// The one operation that must not be signed ([`UNSIGNED_PATH`](crate::UNSIGNED_PATH)) is let through as it is, of the
/// signer's own environment alone.
///
/// ```
/// use anboto_auth::{Credentials, Environment, Signer, SigningMiddleware, client_builder};
///
/// let environment = Environment::testnet();
/// let signer = Signer::new(&environment, Credentials::hmac("my-api-key", "c2VjcmV0")?);
/// let client = reqwest_middleware::ClientBuilder::new(client_builder(&environment).build()?)
///     // .with(a retrying middleware)
///     .with(SigningMiddleware::new(signer))
///     .build();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SigningMiddleware {
    signer: Signer,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl SigningMiddleware {
    /// Signs with the system clock's time.
    #[must_use]
    pub fn new(signer: Signer) -> Self {
        Self {
            signer,
            clock: Arc::new(SystemTime::now),
        }
    }

    /// With another clock: one that follows the server's, or a test's.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}

#[async_trait::async_trait]
impl Middleware for SigningMiddleware {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        if !self.signer.is_unsigned(request.url()) {
            self.signer
                .sign_request_for_send(&mut request, (self.clock)())
                .await
                .map_err(Error::middleware)?;
        }
        next.run(request, extensions).await
    }
}

impl fmt::Debug for SigningMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningMiddleware")
            .field("signer", &self.signer)
            .finish_non_exhaustive()
    }
}
