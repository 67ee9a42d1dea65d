//! reqwest: a request signed in place, and a client that doesn't carry a signature where it doesn't belong.

use std::time::SystemTime;

use reqwest::{Client, ClientBuilder, Request, Url};

use crate::{
    environment::Environment,
    error::{SignError, SignErrorKind},
    headers::SignedHeaders,
    query::CanonicalQuery,
    signer::{RequestView, Signer},
};

/// A builder of clients fit for signed requests to an environment.
///
/// - **No redirects.** Stock reqwest takes `X-API-KEY` and `X-SIGN` along to another host: it knows `Authorization` and
///   `Cookie` as secret, but not these.
/// - **https only**, loopback excepted. Requests to loopback go by no proxy either, or they would leave the machine in
///   the clear.
/// - **No hidden retries**: reqwest repeats a request that the server has turned down on the protocol's level, with the
///   signature it had; each attempt is to be signed afresh.
/// - No `Referer`.
///
/// Add timeouts and whatever else you need; setting one of the above again takes the protection away.
pub fn client_builder(environment: &Environment) -> ClientBuilder {
    let builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false);
    if environment.origin().is_loopback() {
        // Plain http is for loopback alone, so no name service has a say in where `localhost` is.
        let loopback = [
            (std::net::Ipv4Addr::LOCALHOST, 0).into(),
            (std::net::Ipv6Addr::LOCALHOST, 0).into(),
        ];
        builder.no_proxy().resolve_to_addrs("localhost", &loopback)
    } else {
        builder.https_only(true)
    }
}

impl Signer {
    /// Signs a reqwest request in place: its query is brought into canonical form, and four headers are added.
    ///
    /// The last thing to do before sending it, once for each attempt, by a client of [`client_builder`]'s kind.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use anboto_auth::{Credentials, Environment, Signer, client_builder};
    ///
    /// let environment = Environment::testnet();
    /// let client = client_builder(&environment).build()?;
    /// let credentials = Credentials::hmac("my-api-key", "c2VjcmV0")?;
    /// let signer = Signer::new(&environment, credentials);
    ///
    /// let url = environment.base_url().to_owned() + "/api/v2/trading/order/find?startMs=1&endMs=2";
    /// let mut request = client.get(url).build()?;
    /// signer.sign_request(&mut request, SystemTime::now())?;
    /// assert_eq!(request.url().query(), Some("endMs=2&startMs=1"));
    /// assert_eq!(request.headers()["x-api-key"], "my-api-key");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the request carries one of the headers already, when its body is a stream, and as [`sign`](Self::sign). The
    /// request is left as it was.
    pub fn sign_request(&self, request: &mut Request, now: SystemTime) -> Result<(), SignError> {
        let wire = Wire::of(request)?;
        let signed = self.sign(&wire.view(request)?, now)?;
        wire.put(signed, request)
    }

    /// As [`sign_request`](Self::sign_request), from within an async task: see [`sign_for_send`](Self::sign_for_send).
    ///
    /// # Errors
    /// As [`sign_request`](Self::sign_request).
    pub async fn sign_request_for_send(
        &self,
        request: &mut Request,
        now: SystemTime,
    ) -> Result<(), SignError> {
        let wire = Wire::of(request)?;
        let signed = self.sign_for_send(&wire.view(request)?, now).await?;
        wire.put(signed, request)
    }
}

/// A request's query in canonical form, and the URL that holds it where the request's own doesn't.
struct Wire {
    query: CanonicalQuery,
    url: Option<Url>,
}

impl Wire {
    fn of(request: &Request) -> Result<Self, SignError> {
        let on_wire = request.url().query().unwrap_or_default();
        // As in `RequestView`, no empty texts are compared.
        if on_wire.is_empty() {
            return Ok(Self {
                query: CanonicalQuery::default(),
                url: None,
            });
        }
        let query = CanonicalQuery::parse(on_wire)?;
        let url = (query.as_sent() != on_wire).then(|| {
            let mut url = request.url().clone();
            url.set_query(query.to_url_query());
            url
        });
        Ok(Self { query, url })
    }

    fn view<'a>(&'a self, request: &'a Request) -> Result<RequestView<'a>, SignError> {
        let body = match request.body() {
            Some(body) => body
                .as_bytes()
                .ok_or_else(|| SignError::new(SignErrorKind::UnreadableBody))?,
            None => &[],
        };
        Ok(RequestView::new(self.url.as_ref().unwrap_or(request.url()))
            .with_query(&self.query)
            .with_body(body))
    }

    /// Either everything or nothing: the only step that can fail comes first.
    fn put(self, signed: SignedHeaders, request: &mut Request) -> Result<(), SignError> {
        signed.add_to(request.headers_mut())?;
        if let Some(url) = self.url {
            *request.url_mut() = url;
        }
        Ok(())
    }
}
