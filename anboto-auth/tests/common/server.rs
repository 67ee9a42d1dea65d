//! A tiny HTTP/1.1 server on loopback, which shows the bytes as they arrive: no framework tidies a header or a query.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A request as it arrived.
#[derive(Clone)]
pub struct Arrived {
    pub method: String,
    pub path: String,
    /// As it stood in the request line, without `?`.
    pub query: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

pub struct Server {
    pub address: SocketAddr,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Server {
    /// Answers each request with a status line's rest and headers, such as `200 OK` or `302 Found\r\nlocation: …`.
    pub async fn start(answer: impl Fn(&Arrived) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (arrived.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, log.clone(), answer.clone()));
            }
        });
        Self { address, arrived }
    }

    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    pub fn only(&self) -> Arrived {
        let arrived = self.arrived();
        assert_eq!(arrived.len(), 1);
        arrived[0].clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    log: Arc<Mutex<Vec<Arrived>>>,
    answer: Arc<impl Fn(&Arrived) -> String>,
) {
    stream.set_nodelay(true).unwrap();
    let mut buffer = Vec::new();
    loop {
        let Some(head_end) = read_until(&mut stream, &mut buffer, |buffer| {
            buffer.windows(4).position(|window| window == b"\r\n\r\n")
        })
        .await
        else {
            return;
        };
        let mut request = parse_head(std::str::from_utf8(&buffer[..head_end]).unwrap());
        let length = request
            .headers
            .get("content-length")
            .map_or(0, |value| value.to_str().unwrap().parse().unwrap());
        let end = head_end + 4 + length;
        if read_until(&mut stream, &mut buffer, |buffer| {
            (buffer.len() >= end).then_some(0)
        })
        .await
        .is_none()
        {
            return;
        }
        request.body = buffer[head_end + 4..end].to_vec();
        buffer.drain(..end);
        let response = format!("HTTP/1.1 {}\r\ncontent-length: 0\r\n\r\n", answer(&request));
        log.lock().unwrap().push(request);
        if stream.write_all(response.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read_until(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    found: impl Fn(&[u8]) -> Option<usize>,
) -> Option<usize> {
    loop {
        if let Some(position) = found(buffer) {
            return Some(position);
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

fn parse_head(head: &str) -> Arrived {
    let mut lines = head.split("\r\n");
    let mut request_line = lines.next().unwrap().split(' ');
    let method = request_line.next().unwrap().to_owned();
    let target = request_line.next().unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        headers.append(
            HeaderName::try_from(name).unwrap(),
            HeaderValue::from_str(value.trim()).unwrap(),
        );
    }
    Arrived {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: Vec::new(),
    }
}
