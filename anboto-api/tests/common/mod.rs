//! What the tests share: a server on loopback that shows the bytes as they arrive, and answers with bytes as it is told.
#![allow(dead_code, unreachable_pub, reason = "no test file uses all of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at the first surprise"
)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use anboto_api::types::{
    AssetCategory, CreateParentOrderRequest, ExecutionStrategy, Side, TradingExchange, builder,
};
use anboto_api::{Client, ClientBuilder, Credentials, Decimal, Environment, Error, Retries};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub const API_KEY: &str = "test-api-key";
/// Base64 of the bytes 00 to 1f.
pub const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A limit that is never reached where all goes well.
pub const PLENTY: Duration = Duration::from_secs(30);
/// A limit for where nothing comes, however long one waits.
pub const SHORT: Duration = Duration::from_millis(80);

/// A request as it arrived.
#[derive(Clone)]
pub struct Arrived {
    /// Such as `GET /status/ping HTTP/1.1`.
    pub line: String,
    /// As it stood in the request line, without `?`.
    pub query: String,
    /// In the order and the number in which they came.
    pub header_names: Vec<String>,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Arrived {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap().to_str().unwrap()
    }
}

/// What the server does with the next request on a connection.
#[derive(Clone)]
pub struct Answer {
    /// Whether it reads the request at all.
    reads: bool,
    bytes: Vec<u8>,
    then: Then,
}

#[derive(Clone, Copy)]
enum Then {
    Next,
    Close,
    Reset,
    Hang,
}

impl Answer {
    /// These very bytes, and then the next request.
    pub fn raw(bytes: impl AsRef<[u8]>) -> Self {
        Self {
            reads: true,
            bytes: bytes.as_ref().to_vec(),
            then: Then::Next,
        }
    }

    /// A status line's rest and headers, such as `302 Found\r\nlocation: …`, and a body.
    pub fn new(head: &str, body: impl AsRef<[u8]>) -> Self {
        let length = body.as_ref().len();
        let mut bytes = format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n").into_bytes();
        bytes.extend_from_slice(body.as_ref());
        Self::raw(bytes)
    }

    pub fn json(status: &str, body: &str) -> Self {
        Self::new(&format!("{status}\r\ncontent-type: application/json"), body)
    }

    pub fn ok(body: &str) -> Self {
        Self::json("200 OK", body)
    }

    /// Nothing at all, for as long as the connection lasts.
    pub fn never() -> Self {
        Self::raw("").then_hangs()
    }

    pub fn then_closes(self) -> Self {
        Self {
            then: Then::Close,
            ..self
        }
    }

    pub fn then_resets(self) -> Self {
        Self {
            then: Then::Reset,
            ..self
        }
    }

    pub fn then_hangs(self) -> Self {
        Self {
            then: Then::Hang,
            ..self
        }
    }

    /// A reset as soon as the first bytes of the request are there; none of them is read.
    pub fn reset_unread() -> Self {
        Self {
            reads: false,
            ..Self::raw("").then_resets()
        }
    }
}

/// Ends with the test.
pub struct Server {
    address: SocketAddr,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    accepting: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server {
    /// Gives every request the same answer.
    pub async fn answering(answer: Answer) -> Self {
        Self::scripted(vec![answer]).await
    }

    /// Gives each request its own answer, and the last one to all that follow.
    pub async fn scripted(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let log = arrived.clone();
        let answers = Arc::new(answers);
        let accepting = tokio::spawn(async move {
            // Ends its connections when it is aborted.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, log.clone(), answers.clone()));
            }
        });
        Self {
            address,
            arrived,
            accepting,
        }
    }

    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn environment(&self) -> Environment {
        self.base_url().parse().unwrap()
    }

    /// A client with an HMAC key pair.
    pub fn client(&self) -> Client {
        self.client_with(|builder| builder)
    }

    pub fn client_with(&self, set: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
        client(self.environment(), set)
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    pub fn only(&self) -> Arrived {
        let arrived = self.arrived();
        assert_eq!(arrived.len(), 1, "one request");
        arrived[0].clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    log: Arc<Mutex<Vec<Arrived>>>,
    answers: Arc<Vec<Answer>>,
) -> Option<()> {
    stream.set_nodelay(true).unwrap();
    let mut buffer = Vec::new();
    loop {
        let answer = |served: usize| answers[served.min(answers.len() - 1)].clone();
        let unread = answer(log.lock().unwrap().len());
        if !unread.reads {
            stream.readable().await.unwrap();
            stream.set_zero_linger().unwrap();
            return None;
        }
        let request = read_request(&mut stream, &mut buffer).await?;
        let answer = {
            let mut log = log.lock().unwrap();
            log.push(request);
            answer(log.len() - 1)
        };
        stream.write_all(&answer.bytes).await.ok()?;
        match answer.then {
            Then::Next => {}
            Then::Close => return None,
            Then::Reset => {
                stream.set_zero_linger().unwrap();
                return None;
            }
            Then::Hang => std::future::pending().await,
        }
    }
}

async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Arrived> {
    let head_end = loop {
        match buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            Some(end) => break end,
            None => more(stream, buffer).await?,
        }
    };
    let mut request = parse_head(std::str::from_utf8(&buffer[..head_end]).unwrap());
    let length = request
        .headers
        .get("content-length")
        .map_or(0, |value| value.to_str().unwrap().parse().unwrap());
    let end = head_end + 4 + length;
    while buffer.len() < end {
        more(stream, buffer).await?;
    }
    request.body = buffer[head_end + 4..end].to_vec();
    buffer.drain(..end);
    Some(request)
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    (stream.read_buf(buffer).await.ok()? > 0).then_some(())
}

fn parse_head(head: &str) -> Arrived {
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let target = line.split(' ').nth(1).unwrap();
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let (mut header_names, mut headers) = (Vec::new(), HeaderMap::new());
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        header_names.push(name.to_ascii_lowercase());
        headers.append(
            HeaderName::try_from(name).unwrap(),
            HeaderValue::from_str(value.trim()).unwrap(),
        );
    }
    Arrived {
        query: query.to_owned(),
        line,
        header_names,
        headers,
        body: Vec::new(),
    }
}

/// A client with an HMAC key pair, limits that no good call reaches, and one attempt at each call.
pub fn client(
    environment: Environment,
    set: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Client {
    let builder = Client::builder(environment)
        .credentials(credentials())
        .connect_timeout(PLENTY)
        .timeout(PLENTY)
        .retries(Retries::none());
    set(builder).build().unwrap()
}

pub fn credentials() -> Credentials {
    Credentials::hmac(API_KEY, SECRET).unwrap()
}

pub fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// An order with what every order needs, and a client order id.
pub fn order() -> builder::CreateParentOrderRequest {
    CreateParentOrderRequest::builder()
        .client_order_id("desk-7-1")
        .exchange(TradingExchange::Binance)
        .asset_category(AssetCategory::Future)
        .symbol("BTC/USDT:USDT")
        .side(Side::Buy)
        .strategy(ExecutionStrategy::Market)
        .quantity(decimal("0.0150"))
}

/// A new order, sent to a server that answers so.
pub async fn failed_order(answer: Answer) -> Error {
    let server = Server::answering(answer).await;
    server
        .client()
        .create_order()
        .body(order())
        .send()
        .await
        .expect_err("the server does not accept it")
}

/// All that an error says, on a few lines.
pub fn described(error: &Error) -> String {
    let predicates = [
        ("invalid_request", error.is_invalid_request()),
        ("missing_credentials", error.is_missing_credentials()),
        ("signing", error.is_signing()),
        ("connect", error.is_connect()),
        ("timeout", error.is_timeout()),
        ("status", error.is_status()),
        ("unauthorized", error.is_unauthorized()),
        ("rate_limited", error.is_rate_limited()),
        ("server_error", error.is_server_error()),
        ("decode", error.is_decode()),
        ("may_have_been_executed", error.may_have_been_executed()),
    ];
    let is: Vec<_> = predicates
        .into_iter()
        .filter_map(|(name, is)| is.then_some(name))
        .collect();
    let mut lines = vec![error.to_string(), format!("is {}", is.join(", "))];
    if let Some(status) = error.status() {
        lines.push(format!(
            "status {}, {} headers, {} bytes of body",
            status.as_u16(),
            error.headers().unwrap().len(),
            error.body().len()
        ));
    }
    if let Some(code) = error.code() {
        lines.push(format!("code {code:?}"));
    }
    if let Some(message) = error.vendor_message() {
        lines.push(format!("message {message:?}"));
    }
    if let Some(wait) = error.retry_after(SystemTime::UNIX_EPOCH) {
        lines.push(format!("retry after {wait:?}"));
    }
    lines.join("\n")
}
