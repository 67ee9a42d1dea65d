use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use anboto_auth::{Credentials, Environment, ListStyle, Origin, RequestView, Signer};
use reqwest::Request;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use tokio::time::Instant;

use crate::call::Call;
use crate::decode::Decode;
use crate::error::Kind;
use crate::error_body::VendorError;
use crate::hidden::Hidden;
use crate::instruments::Instruments;
use crate::rate_limit::{Pace, RateLimit};
use crate::retry::{Budget, Retries};
use crate::server_time::ServerClock;
use crate::submit::SubmitSettings;
use crate::transport::{Limits, Transport};
use crate::{Error, Guard, Operation, ResponseValue, conditions, sight};

/// A client of the API in one environment, with or without credentials.
///
/// A method for each operation starts its builder; nothing is sent until `send` is awaited. Cloning is cheap, and the clones
/// share their connections, their [rate](RateLimit), and their budget of [retries](Retries).
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
    inner: Arc<Inner>,
}

struct Inner {
    transport: Transport,
    settings: ClientBuilder,
    shared: Arc<Shared>,
    /// For the simulation's sabotage alone.
    #[cfg(feature = "testnet")]
    first_timestamp: std::sync::OnceLock<SystemTime>,
}

/// What clones of a client learn together, and its variants with it.
struct Shared {
    pace: Pace,
    budget: Budget,
    server_clock: ServerClock,
    instruments: RwLock<Option<Arc<Instruments>>>,
}

/// What a [`Client`] is made from; see [`Client::builder`].
#[derive(Clone)]
#[must_use = "nothing is made until `build` is called"]
pub struct ClientBuilder {
    environment: Environment,
    signer: Option<Signer>,
    lists: ListStyle,
    connect_timeout: Duration,
    idle_timeout: Duration,
    limits: Limits,
    submit: SubmitSettings,
    rate_limit: Option<RateLimit>,
    queue_timeout: Duration,
    retries: Retries,
    signs_by_server_clock: bool,
    conditions: bool,
    guards: Vec<Guard>,
    #[cfg(feature = "testnet")]
    network: Option<Arc<dyn crate::testnet::Network>>,
}

impl Inner {
    fn new(transport: Transport, settings: ClientBuilder, shared: Arc<Shared>) -> Self {
        Self {
            transport,
            settings,
            shared,
            #[cfg(feature = "testnet")]
            first_timestamp: std::sync::OnceLock::new(),
        }
    }
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
            idle_timeout: Duration::from_secs(30),
            limits: Limits {
                timeout: Duration::from_secs(15),
                response_bytes: 64 << 20,
            },
            submit: SubmitSettings::default(),
            rate_limit: None,
            queue_timeout: Duration::from_secs(30),
            retries: Retries::default(),
            signs_by_server_clock: false,
            conditions: true,
            guards: Vec::new(),
            #[cfg(feature = "testnet")]
            network: None,
        }
    }

    /// The settings of this client, to make another one with some of them changed. That one has connections, a pace and a budget of
    /// retries of its own.
    pub fn to_builder(&self) -> ClientBuilder {
        self.inner.settings.clone()
    }

    /// The environment that the client talks to.
    pub fn environment(&self) -> &Environment {
        &self.inner.settings.environment
    }

    /// A client with other settings of signing on the same connections, at the same pace.
    pub(crate) fn variant(&self, settings: ClientBuilder) -> Self {
        Self {
            inner: Arc::new(Inner::new(
                self.inner.transport.clone(),
                settings,
                Arc::clone(&self.inner.shared),
            )),
        }
    }

    /// How list parameters are written.
    pub(crate) fn lists(&self) -> ListStyle {
        self.inner.settings.lists
    }

    /// What requests are signed with, if anything.
    pub(crate) fn signer(&self) -> Option<&Signer> {
        self.inner.settings.signer.as_ref()
    }

    /// How orders are submitted, unless a submission says otherwise.
    pub(crate) fn submit_settings(&self) -> &SubmitSettings {
        &self.inner.settings.submit
    }

    /// The time that a request is signed with: the server's, a little in the past, where that was asked for and is known.
    pub(crate) fn now(&self) -> SystemTime {
        let own = self.own_time();
        #[cfg(feature = "testnet")]
        if !self.submit_settings().signs_afresh() {
            return *self.inner.first_timestamp.get_or_init(|| own);
        }
        let server = self
            .signs_by_server_clock()
            .then(|| self.server_clock().time(own));
        server.flatten().unwrap_or(own)
    }

    /// The clock of this machine.
    pub(crate) fn own_time(&self) -> SystemTime {
        self.inner.transport.now()
    }

    pub(crate) fn signs_by_server_clock(&self) -> bool {
        self.inner.settings.signs_by_server_clock
    }

    pub(crate) fn server_clock(&self) -> &ServerClock {
        &self.inner.shared.server_clock
    }

    pub(crate) fn pace(&self) -> &Pace {
        &self.inner.shared.pace
    }

    /// Waits until a signed call may be sent, however long that takes. To be awaited before the timestamp of each attempt is taken.
    pub(crate) async fn permit(&self) {
        self.ensure_clock().await;
        self.pace().permit().await;
    }

    /// Waits until a call may be sent, but no longer than this. Whether it may.
    async fn permit_within(&self, limit: Duration, operation: &Operation) -> bool {
        let is_hopeless = |until: Instant| until.saturating_duration_since(Instant::now()) > limit;
        if self.pace().paused_until().is_some_and(is_hopeless) {
            return false;
        }
        let permit = async {
            if operation.signed {
                self.permit().await;
            } else {
                self.pace().permit().await;
            }
        };
        tokio::time::timeout(limit, permit).await.is_ok()
    }

    /// Sends one call, again where that can do no harm, and reads its answer: the one way to the server, which every generated
    /// `send` takes.
    pub(crate) async fn execute<T>(
        &self,
        call: Call,
        decode: Decode<T>,
    ) -> Result<ResponseValue<T>, Error> {
        let settings = &self.inner.settings;
        let began = Instant::now();
        if !self
            .permit_within(settings.queue_timeout, call.operation)
            .await
        {
            return Err(Error::new(call.operation, Kind::HeldBack));
        }
        let (mut attempts, mut cost) = (0, None);
        // A refused timestamp is worth another attempt where the clock is measured anew before it, and once.
        let mut may_be_the_clock = settings.signs_by_server_clock;
        loop {
            attempts += 1;
            let mut error = match self.attempt(&call, decode, self.now()).await {
                Ok(answer) => {
                    self.inner.shared.budget.pay(cost);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            error.count(attempts);
            let is_the_clock = may_be_the_clock && error.is_about_the_clock();
            may_be_the_clock &= !is_the_clock;
            cost = self.wait_to_repeat(&error, is_the_clock, began).await;
            if cost.is_none() {
                return Err(error);
            }
        }
    }

    /// Waits for as long as another attempt has to, if there is to be one, and says what it took from the budget.
    ///
    /// The error is that of the last attempt, and counts them; the call began at `began`. Where it is the clock that was wrong, it
    /// has been measured afresh.
    pub(crate) async fn wait_to_repeat(
        &self,
        error: &Error,
        is_the_clock: bool,
        began: Instant,
    ) -> Option<u32> {
        let retries = &self.inner.settings.retries;
        let held_until = self.pace().paused_until();
        let wait = retries.wait(
            error,
            is_the_clock,
            began,
            held_until,
            self.now(),
            self.random(),
        )?;
        let cost = self.inner.shared.budget.take(error)?;
        tokio::time::sleep(wait).await;
        self.permit_within(retries.left(began), error.operation())
            .await
            .then_some(cost)
    }

    /// Random bits; `None` if the system has none.
    pub(crate) fn random(&self) -> Option<u64> {
        self.inner.transport.random()
    }

    /// One attempt at a call, signed with this timestamp. What the server says of the pace is noted for all clones.
    pub(crate) async fn attempt<T>(
        &self,
        call: &Call,
        decode: Decode<T>,
        timestamp: SystemTime,
    ) -> Result<ResponseValue<T>, Error> {
        let began = Instant::now();
        let round = self.server_clock().round();
        let sight = sight::Attempt::begin(call.operation, call.attempts.next());
        let answer = sight.watch(self.exchange(call, decode, timestamp)).await;
        sight.end(&answer);
        let pace = self.pace();
        match &answer {
            Ok(_) => pace.note_success(began),
            Err(error) if error.is_rate_limited() => {
                pace.note_refusal(began, error.retry_after(self.now()), self.random());
            }
            Err(error) if error.may_be_about_the_clock() => self.server_clock().note_refusal(round),
            Err(_) => {}
        }
        answer
    }

    async fn exchange<T>(
        &self,
        call: &Call,
        decode: Decode<T>,
        timestamp: SystemTime,
    ) -> Result<ResponseValue<T>, Error> {
        let operation = call.operation;
        let request = self
            .prepare(call, timestamp)
            .await
            .map_err(|kind| Error::new(operation, kind))?;
        let hidden = Hidden::of(request.headers());
        let limits = self.inner.settings.limits;
        let answer = match self.inner.transport.send(request, limits).await {
            Ok(answer) => answer,
            Err((kind, None)) => return Err(Error::new(operation, kind)),
            Err((kind, Some(answer))) => return Err(Error::with_answer(operation, kind, answer)),
        };
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

    /// What is checked of a call as a whole, before anything of it is signed.
    pub(crate) fn check(&self, call: &Call) -> Result<(), Kind> {
        if self.inner.settings.conditions {
            conditions::check(call).map_err(Kind::Invalid)?;
        }
        for guard in &self.inner.settings.guards {
            guard.check(call).map_err(Kind::Guarded)?;
        }
        let instruments = self.inner.shared.instruments.read();
        let instruments = instruments.unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(instruments) = instruments {
            instruments.check(call).map_err(Kind::Invalid)?;
        }
        Ok(())
    }

    /// Replaces the instruments that orders are held against.
    pub(crate) fn keep_instruments(&self, loaded: Instruments) {
        let instruments = self.inner.shared.instruments.write();
        *instruments.unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(loaded));
    }

    /// The request, signed if its operation is. Signing comes last, so that the signature is as fresh as can be.
    async fn prepare(&self, call: &Call, timestamp: SystemTime) -> Result<Request, Kind> {
        let settings = &self.inner.settings;
        let body = call.body().map_err(Kind::Invalid)?;
        let query = call
            .canonical_query(settings.lists)
            .map_err(Kind::Invalid)?;
        let mut url = call
            .url(settings.environment.base_url())
            .map_err(Kind::Invalid)?;
        url.set_query(query.to_url_query());
        self.check(call)?;
        let headers = if call.operation.signed {
            let signer = settings.signer.as_ref().ok_or(Kind::NoCredentials)?;
            let mut view = RequestView::new(&url).with_query(&query);
            if let Some(body) = &body {
                view = view.with_body(body);
            }
            Some(
                signer
                    .sign_for_send(&view, timestamp)
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
}

/// Shows the environment, and of the credentials only whether there are any.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.environment().base_url())
            .field("signs", &self.signer().is_some())
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

    /// With the signer changed, if there is one.
    pub(crate) fn map_signer(mut self, change: impl FnOnce(Signer) -> Signer) -> Self {
        self.signer = self.signer.map(change);
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
        self.limits.timeout = limit;
        self
    }

    /// How long a connection may be idle before it is closed here; 30 s unless said otherwise.
    ///
    /// Keep it below the time after which the server closes it: a request that is sent into a connection as it is being closed
    /// there is lost, and of a write nobody knows whether it was. Load balancers commonly wait for a minute.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.idle_timeout = limit;
        self
    }

    /// The largest answer that is read; 64 MiB unless said otherwise. A larger one is an error.
    pub fn max_response_bytes(mut self, limit: usize) -> Self {
        self.limits.response_bytes = limit;
        self
    }

    /// Changes how orders are [submitted](Client::submit).
    pub fn submitting(mut self, change: impl FnOnce(&mut SubmitSettings)) -> Self {
        change(&mut self.submit);
        self
    }

    /// Sends no more calls than this, counting those of all clones; as many as there are unless said otherwise.
    ///
    /// With a rate or without, all clones pause when the server asks for fewer calls (a 429, or one of the codes
    /// `RATE_LIMIT_EXCEEDED` and `DDOS_PROTECTION`): for as long as its `Retry-After` says, ten minutes at most, or else for a
    /// random time of half a second to a second, and for twice as long after each further refusal, up to 30 s.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// How long a call may be held back before its first attempt, by the [`rate_limit`](Self::rate_limit) or because the server has
    /// asked for fewer calls; 30 s unless said otherwise. Then it fails, and nothing has been sent.
    pub fn queue_timeout(mut self, limit: Duration) -> Self {
        self.queue_timeout = limit;
        self
    }

    /// Whether and how calls are sent again that failed; [`Retries::default`] unless said otherwise.
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// Signs by the server's clock in place of this machine's; it does not unless said otherwise.
    ///
    /// The clock is [measured](Client::measure_clock) before the first signed call, again every hour, when the server answers
    /// `INVALID_TIMESTAMP` or a 401 without a code, and when the clock of this machine was put right or has slept (moved by 250 ms
    /// against the monotonic one). In between, the server's time is counted on by the monotonic clock. Requests are signed with that
    /// time less half the round trip of the measurement and 50 ms: running ahead is refused much sooner than running behind. When
    /// measuring fails, calls are signed by this machine's clock, and half a minute later it is tried again.
    ///
    /// A machine whose clock is kept by NTP needs none of this. [`Client::calibrate`] says what yours needs.
    pub fn sign_by_server_clock(mut self, does: bool) -> Self {
        self.signs_by_server_clock = does;
        self
    }

    /// Whether the rules that the contract's schema cannot say are checked before anything is sent; they are unless said
    /// otherwise. A call that breaks one is refused as an [invalid request](Error::is_invalid_request), which names the field.
    ///
    /// | rule | operations |
    /// |---|---|
    /// | `TWAP` and `VWAP` need `duration_seconds` | all that place orders, of each order and leg |
    /// | a `clip_size_type` of `ABSOLUTE` or `PERCENTAGE` needs `clip_size_val` | the same |
    /// | a cancellation needs one of `order_id` and `client_order_id` | `cancelOrder`, and `cancelMany` of each order |
    /// | a look-up needs one of `orderIds` and `clientOrderIds` | `getOrders` |
    ///
    /// Switch it off only where the server has been seen to take more than these rules do.
    pub fn conditional_rules(mut self, are_checked: bool) -> Self {
        self.conditions = are_checked;
        self
    }

    /// Refuses what this guard does not allow, before anything is sent; without a guard everything is allowed.
    ///
    /// Given again, it adds a guard, and what is sent has to pass all of them: a client that is made from
    /// [another's settings](Client::to_builder) can be narrowed, and never widened.
    pub fn guard(mut self, guard: Guard) -> Self {
        self.guards.push(guard);
        self
    }

    /// Sends requests through this network in place of HTTP. The limits on connecting and idling have no meaning then.
    #[cfg(feature = "testnet")]
    pub fn network(mut self, network: Arc<dyn crate::testnet::Network>) -> Self {
        self.network = Some(network);
        self
    }

    /// Makes the client. Nothing is sent.
    ///
    /// # Errors
    /// When the signer was made for another environment, when no call could ever be sent at the rate limit (an interval or a number
    /// of 0, or an interval of more than a day), or when the TLS library cannot start, for instance without a certificate store.
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
        if let Some(limit) = self.rate_limit.filter(|limit| !limit.is_usable()) {
            return Err(BuildError(BuildErrorKind::RateLimit(limit)));
        }
        let transport = self.transport()?;
        let shared = Arc::new(Shared {
            pace: Pace::new(self.rate_limit),
            budget: Budget::new(),
            server_clock: ServerClock::default(),
            instruments: RwLock::default(),
        });
        Ok(Client {
            inner: Arc::new(Inner::new(transport, self, shared)),
        })
    }

    fn transport(&self) -> Result<Transport, BuildError> {
        #[cfg(feature = "testnet")]
        if let Some(network) = &self.network {
            return Ok(Transport::Simulated(Arc::clone(network)));
        }
        anboto_auth::client_builder(&self.environment)
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(self.idle_timeout)
            .timeout(self.limits.timeout)
            .build()
            .map(Transport::Http)
            .map_err(|error| BuildError(BuildErrorKind::Http(error)))
    }
}

/// Shows the settings, and of the credentials only whether there are any.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("base_url", &self.environment.base_url())
            .field("signs", &self.signer.is_some())
            .field("lists", &self.lists)
            .field("connect_timeout", &self.connect_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("limits", &self.limits)
            .field("submit", &self.submit)
            .field("rate_limit", &self.rate_limit)
            .field("queue_timeout", &self.queue_timeout)
            .field("retries", &self.retries)
            .field("signs_by_server_clock", &self.signs_by_server_clock)
            .field("conditional_rules", &self.conditions)
            .field("guards", &self.guards)
            .finish_non_exhaustive()
    }
}

/// Why no [`Client`] could be made: a variable is unusable, the signer belongs elsewhere, the rate limit lets nothing through, or
/// the HTTP library did not start.
#[derive(Debug)]
pub struct BuildError(BuildErrorKind);

#[derive(Debug)]
enum BuildErrorKind {
    /// No signed call could be sent.
    ForeignSigner {
        signer: Origin,
        client: Origin,
    },
    RateLimit(RateLimit),
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
            BuildErrorKind::RateLimit(limit) => {
                write!(f, "no call could ever be sent at this rate: {limit:?}")
            }
            BuildErrorKind::Variables(error) => fmt::Display::fmt(error, f),
            BuildErrorKind::Http(_) => f.write_str("the HTTP client could not be set up"),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            BuildErrorKind::ForeignSigner { .. } | BuildErrorKind::RateLimit(_) => None,
            BuildErrorKind::Variables(error) => error.source(),
            BuildErrorKind::Http(error) => Some(error),
        }
    }
}
