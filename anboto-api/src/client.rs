use std::fmt;
use std::time::{Duration, SystemTime};

use anboto_auth::{Credentials, Environment, ListStyle, Origin, RequestView, Signer};
use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Request, Response};

use crate::call::Call;
use crate::decode::Decode;
use crate::error::{Answer, Kind};
use crate::error_body::VendorError;
use crate::hidden::Hidden;
use crate::{Error, ResponseValue};

/// A client of the API in one environment, with or without credentials.
///
/// A method for each operation starts its builder; nothing is sent until `send` is awaited. Cloning is cheap, and the clones
/// share their connections.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use anboto_api::{Client, Environment};
///
/// let client = Client::new(Environment::testnet())?;
/// let server = client.status().send().await?;
/// println!("{} at {}", server.status, server.timestamp);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    environment: Environment,
    signer: Option<Signer>,
    lists: ListStyle,
    max_response_bytes: usize,
}

/// What a [`Client`] is made from; see [`Client::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing is made until `build` is called"]
pub struct ClientBuilder {
    environment: Environment,
    signer: Option<Signer>,
    lists: ListStyle,
    connect_timeout: Duration,
    timeout: Duration,
    max_response_bytes: usize,
}

impl Client {
    /// A client without credentials, which can call what needs no signature: `status`.
    ///
    /// # Errors
    /// When the TLS library cannot start, for instance without a certificate store.
    pub fn new(environment: Environment) -> Result<Self, BuildError> {
        Self::builder(environment).build()
    }

    /// A client that signs what has to be signed.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_credentials(
        environment: Environment,
        credentials: Credentials,
    ) -> Result<Self, BuildError> {
        Self::builder(environment).credentials(credentials).build()
    }

    /// A client from the environment variables `ANBOTO_BASE_URL`, `ANBOTO_API_KEY`, and `ANBOTO_API_SECRET` or
    /// `ANBOTO_RSA_PRIVATE_KEY_FILE`: the one function here that reads any.
    ///
    /// # Errors
    /// When a variable is missing or unusable, or as [`new`](Self::new).
    pub fn from_env() -> Result<Self, BuildError> {
        let unusable = |error| BuildError(BuildErrorKind::Variables(error));
        let environment = Environment::from_env().map_err(unusable)?;
        let credentials = Credentials::from_env().map_err(unusable)?;
        Self::with_credentials(environment, credentials)
    }

    /// A client with settings of its own.
    pub fn builder(environment: Environment) -> ClientBuilder {
        ClientBuilder {
            environment,
            signer: None,
            lists: ListStyle::default(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(15),
            max_response_bytes: 64 << 20,
        }
    }

    /// The environment that the client talks to.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Sends one call and reads its answer: the one way to the server, which every generated `send` takes.
    pub(crate) async fn execute<T>(
        &self,
        call: Call,
        decode: Decode<T>,
    ) -> Result<ResponseValue<T>, Error> {
        let operation = call.operation;
        let request = self
            .prepare(&call)
            .await
            .map_err(|kind| Error::new(operation, kind))?;
        let hidden = Hidden::of(request.headers());
        let response = self.http.execute(request).await.map_err(|error| {
            // What failed to connect has provably not left: hyper calls an error one of connecting only as long as it has no
            // connection to write to. And what hyper sends again by itself, it does because a connection was found closed with
            // the request still whole in its hands. `is_builder` proves nothing: reqwest also calls it so when an answer
            // redirects to what is no URL.
            let kind = if error.is_connect() {
                Kind::Connect(error.without_url())
            } else {
                Kind::Send(error.without_url())
            };
            Error::new(operation, kind)
        })?;
        let answer = self
            .receive(response)
            .await
            .map_err(|(kind, answer)| Error::with_answer(operation, kind, answer))?;
        if !answer.status.is_success() {
            let vendor = VendorError::read(&answer.body, &hidden);
            return Err(Error::with_answer(operation, Kind::Status(vendor), answer));
        }
        match decode(&answer.body) {
            Ok(value) => Ok(ResponseValue::new(value, answer.status, answer.headers)),
            Err(message) => {
                let message = hidden.line(&message).unwrap_or_default();
                Err(Error::with_answer(operation, Kind::Decode(message), answer))
            }
        }
    }

    /// The request, signed if its operation is. Signing comes last, so that the signature is as fresh as can be.
    async fn prepare(&self, call: &Call) -> Result<Request, Kind> {
        let body = call.body().map_err(Kind::Invalid)?;
        let query = call.canonical_query(self.lists).map_err(Kind::Invalid)?;
        let mut url = call
            .url(self.environment.base_url())
            .map_err(Kind::Invalid)?;
        url.set_query(query.to_url_query());
        let headers = if call.operation.signed {
            let signer = self.signer.as_ref().ok_or(Kind::NoCredentials)?;
            let mut view = RequestView::new(&url).with_query(&query);
            if let Some(body) = &body {
                view = view.with_body(body);
            }
            Some(
                signer
                    .sign_for_send(&view, SystemTime::now())
                    .await
                    .map_err(Kind::Sign)?,
            )
        } else {
            None
        };
        let mut request = Request::new(call.operation.method.clone(), url);
        request
            .headers_mut()
            .insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(body) = body {
            request
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.into());
        }
        if let Some(headers) = headers {
            headers.add_to(request.headers_mut()).map_err(Kind::Sign)?;
        }
        Ok(request)
    }

    /// The whole answer, or as much of it as came.
    async fn receive(&self, mut response: Response) -> Result<Answer, (Kind, Answer)> {
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let limit = self.max_response_bytes;
        let mut body = BytesMut::new();
        let failed = loop {
            match response.chunk().await {
                Ok(None) => break None,
                Ok(Some(chunk)) if body.len() + chunk.len() <= limit => {
                    body.extend_from_slice(&chunk)
                }
                Ok(Some(chunk)) => {
                    body.extend_from_slice(&chunk[..limit - body.len()]);
                    break Some(Kind::TooLarge { limit });
                }
                Err(error) => break Some(Kind::Body(error.without_url())),
            }
        };
        let answer = Answer {
            status,
            headers,
            body: Bytes::from(body),
        };
        match failed {
            None => Ok(answer),
            Some(kind) => Err((kind, answer)),
        }
    }
}

/// Shows the environment, and of the credentials only whether there are any.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.environment.base_url())
            .field("signs", &self.signer.is_some())
            .finish_non_exhaustive()
    }
}

impl ClientBuilder {
    /// Signs with these credentials and the signer's own defaults.
    pub fn credentials(self, credentials: Credentials) -> Self {
        let signer = Signer::new(&self.environment, credentials);
        self.signer(signer)
    }

    /// Signs with a signer that was set up elsewhere: another receive window, signature encoding or query form.
    pub fn signer(mut self, signer: Signer) -> Self {
        self.signer = Some(signer);
        self
    }

    /// How list parameters (`orderIds`, `clientOrderIds`) are written; joined by commas unless said otherwise.
    pub fn list_style(mut self, lists: ListStyle) -> Self {
        self.lists = lists;
        self
    }

    /// How long connecting may take, TLS included; 5 s unless said otherwise.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long a whole call may take, from connecting to the last byte of the answer; 15 s unless said otherwise.
    ///
    /// Keep it above [`connect_timeout`](Self::connect_timeout): when this limit ends the call, it is not known whether the
    /// request had left, and a write counts as perhaps executed.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// The largest answer that is read; 64 MiB unless said otherwise. A larger one is an error.
    pub fn max_response_bytes(mut self, limit: usize) -> Self {
        self.max_response_bytes = limit;
        self
    }

    /// Makes the client. Nothing is sent.
    ///
    /// # Errors
    /// When the signer was made for another environment, or the TLS library cannot start, for instance without a certificate
    /// store.
    pub fn build(self) -> Result<Client, BuildError> {
        let origin = self.environment.origin();
        if let Some(signer) = &self.signer
            && signer.origin() != origin
        {
            return Err(BuildError(BuildErrorKind::ForeignSigner {
                signer: signer.origin().clone(),
                client: origin.clone(),
            }));
        }
        let http = anboto_auth::client_builder(&self.environment)
            .connect_timeout(self.connect_timeout)
            .timeout(self.timeout)
            .build()
            .map_err(|error| BuildError(BuildErrorKind::Http(error)))?;
        Ok(Client {
            http,
            environment: self.environment,
            signer: self.signer,
            lists: self.lists,
            max_response_bytes: self.max_response_bytes,
        })
    }
}

/// Why no [`Client`] could be made: a variable is unusable, the signer belongs elsewhere, or the HTTP library did not start.
#[derive(Debug)]
pub struct BuildError(BuildErrorKind);

#[derive(Debug)]
enum BuildErrorKind {
    /// No signed call could be sent.
    ForeignSigner {
        signer: Origin,
        client: Origin,
    },
    Variables(anboto_auth::ConfigError),
    Http(reqwest::Error),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            BuildErrorKind::ForeignSigner { signer, client } => {
                write!(
                    f,
                    "the signer is bound to {signer}, the client talks to {client}"
                )
            }
            BuildErrorKind::Variables(error) => fmt::Display::fmt(error, f),
            BuildErrorKind::Http(_) => f.write_str("the HTTP client could not be set up"),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            BuildErrorKind::ForeignSigner { .. } => None,
            BuildErrorKind::Variables(error) => error.source(),
            BuildErrorKind::Http(error) => Some(error),
        }
    }
}
