//! A web server for one test: on loopback, on a free port, gone with its value.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers every request by calling `answer` with its head, in lower case, and the connection.
    pub(crate) fn new(answer: impl Fn(&str, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let ended = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (requests, ended) = (Arc::clone(&requests), Arc::clone(&ended));
            move || {
                for connection in listener.incoming() {
                    if ended.load(Ordering::SeqCst) {
                        break;
                    }
                    let mut connection = connection.unwrap();
                    let head = head(&connection);
                    requests.lock().unwrap().push(head.clone());
                    answer(&head, &mut connection);
                }
            }
        });
        Self {
            address,
            requests,
            ended,
            thread: Some(thread),
        }
    }

    /// Always sends these bytes, and closes.
    pub(crate) fn sending(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::new(move |_, connection| send(connection, &bytes))
    }

    /// A well-behaved file server with one file, and an `ETag` for it if one is given.
    pub(crate) fn serving(body: &str, etag: Option<&str>) -> Self {
        let (body, etag) = (body.to_owned(), etag.map(str::to_owned));
        Self::new(move |head, connection| {
            let etag = etag.as_deref().unwrap_or_default();
            if !etag.is_empty() && head.contains(&format!("if-none-match: {etag}\r\n")) {
                send(
                    connection,
                    format!("HTTP/1.1 304 Not Modified\r\nETag: {etag}\r\n\r\n").as_bytes(),
                );
                return;
            }
            let etag = if etag.is_empty() {
                String::new()
            } else {
                format!("ETag: {etag}\r\n")
            };
            send(
                connection,
                &ok(&format!("Content-Type: text/yaml\r\n{etag}"), &body),
            );
        })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// A whole answer of status 200. `headers` end each with a line break.
pub(crate) fn ok(headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub(crate) fn redirect(to: &str) -> String {
    format!(
        "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

/// Sends as far as the client listens.
pub(crate) fn send(connection: &mut TcpStream, bytes: &[u8]) {
    let _ = connection.write_all(bytes);
}

/// Does nothing until the client hangs up.
pub(crate) fn wait_for_hang_up(connection: &mut TcpStream) {
    let _ = connection.read(&mut [0]);
}

fn head(connection: &TcpStream) -> String {
    let mut head = String::new();
    let mut lines = BufReader::new(connection);
    while lines.read_line(&mut head).is_ok_and(|read| read > 2) {}
    head.to_ascii_lowercase()
}
