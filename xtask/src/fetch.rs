//! One document from a URL or a file: whole, small enough, not obviously something else; or an error that says what came instead.
//!
//! Reqwest's asynchronous client on a runtime of one thread, and not its blocking one: that one's timeout starts anew with every
//! read, so a server that drips a byte now and then would hold it for ever.

use std::error::Error;
use std::fmt::{self, Display};
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use reqwest::header::{self, HeaderMap, HeaderName};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, StatusCode, Url};

use crate::Outside;

const MAX_REDIRECTS: usize = 5;
const MAX_FIRST_LINE: usize = 80;

/// How much and how long.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest document, in bytes.
    pub size: usize,
    /// For the connection to come about, TLS included.
    pub connect: Duration,
    /// Between two signs of life of the server.
    pub silence: Duration,
    /// For everything together.
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            size: 4 * 1024 * 1024,
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(15),
            total: Duration::from_secs(60),
        }
    }
}

/// Where a document comes from. `Display` is the name by which messages call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `https:`, or `http:` on this very machine; without user name and password.
    Url(Url),
    /// A file.
    File(PathBuf),
}

impl Origin {
    /// Reads what a maintainer typed. What begins like a URL is one, all else is a path.
    ///
    /// # Errors
    /// When the URL may not be used. The text is not repeated in the error, for it may hold a password.
    pub fn parse(text: &str) -> Result<Self> {
        ensure!(!text.is_empty(), "the name of the contract is empty");
        if !begins_with_scheme(text) {
            return Ok(Self::File(text.into()));
        }
        let mut url = Url::parse(text)
            .map_err(|error| anyhow!("the URL of the contract can't be read: {error}"))?;
        if url.scheme() == "file" {
            let path = url.to_file_path().map_err(|()| {
                anyhow!("the file: URL of the contract names no file of this machine")
            })?;
            return Ok(Self::File(path));
        }
        ensure!(
            ["https", "http"].contains(&url.scheme()),
            "the name of the contract begins like a URL, but not with https: or file:; a file of that name is written ./NAME"
        );
        may_ask(&url).map_err(|why| anyhow!("the contract is not asked for: {why}"))?;
        url.set_fragment(None);
        Ok(Self::Url(url))
    }

    /// What the provenance says of it.
    pub fn record(&self) -> String {
        match self {
            Self::Url(url) => url.to_string(),
            Self::File(path) => format!(
                "file:{}",
                path.file_name().unwrap_or_default().to_string_lossy()
            ),
        }
    }
}

impl Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => url.fmt(f),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The server says that it is still what the `ETag` stands for.
    Unchanged,
    /// A document.
    Document {
        /// The whole of it.
        bytes: Vec<u8>,
        /// The server's `ETag`.
        etag: Option<String>,
    },
}

/// Fetches a document; with an `ETag`, only if it has changed since. `progress` hears how much has come, and of how much.
///
/// # Errors
/// When nothing came, or nothing that could be a contract. The error says what and from where.
pub fn fetch(
    origin: &Origin,
    etag: Option<&str>,
    limits: &Limits,
    progress: &mut dyn FnMut(usize, Option<u64>),
) -> Result<Fetched> {
    match origin {
        Origin::File(path) => read(path, limits),
        Origin::Url(url) => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("the network can't be used")?
            .block_on(download(url, etag, limits, progress)),
    }
}

/// [`fetch`], as far as the caller's limits go, with a progress bar in its terminal.
///
/// # Errors
/// As [`fetch`].
pub fn with_bar(origin: &Origin, etag: Option<&str>, outside: &Outside<'_>) -> Result<Fetched> {
    let bar = outside.terminal.download();
    let fetched = fetch(origin, etag, &outside.limits, &mut |received, total| {
        bar.set_position(received as u64);
        if let Some(total) = total {
            bar.set_length(total);
        }
    });
    bar.finish_and_clear();
    fetched
}

fn read(path: &Path, limits: &Limits) -> Result<Fetched> {
    let name = path.display();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limits.size as u64 + 1).read_to_end(&mut bytes))
        .with_context(|| format!("{name} can't be read"))?;
    let arrived = Arrived {
        status: None,
        content_type: None,
        bytes: &bytes,
    };
    ensure!(
        bytes.len() <= limits.size,
        "{name}: larger than {} bytes",
        limits.size
    );
    arrived
        .could_be_contract()
        .map_err(|why| anyhow!("{name}: {why}: {arrived}"))?;
    Ok(Fetched::Document { bytes, etag: None })
}

async fn download(
    url: &Url,
    etag: Option<&str>,
    limits: &Limits,
    progress: &mut dyn FnMut(usize, Option<u64>),
) -> Result<Fetched> {
    let client =
        client(url, limits).with_context(|| format!("{url}: the network can't be used"))?;
    let mut request = client.get(url.clone());
    if let Some(etag) = etag {
        request = request.header(header::IF_NONE_MATCH, etag);
    }
    let mut response = request
        .send()
        .await
        .map_err(|error| anyhow!("{url}: {}", failure(error, limits)))?;
    // Redirected or not, errors name the place that the answer came from.
    let url = response.url().clone();
    let status = response.status();
    if status == StatusCode::NOT_MODIFIED && etag.is_some() {
        return Ok(Fetched::Unchanged);
    }
    let headers = response.headers().clone();
    let mut bytes = Vec::new();
    let end = body(&mut response, &mut bytes, limits, progress).await;
    let arrived = Arrived {
        status: Some(status),
        content_type: text(&headers, header::CONTENT_TYPE),
        bytes: &bytes,
    };
    let refuse = |why: &dyn Display| anyhow!("{url}: {why}: {arrived}");
    if status != StatusCode::OK {
        return Err(refuse(&"not the contract"));
    }
    end.map_err(|why| refuse(&why))?;
    arrived.could_be_contract().map_err(|why| refuse(&why))?;
    Ok(Fetched::Document {
        etag: text(&headers, header::ETAG).map(str::to_owned),
        bytes,
    })
}

fn client(url: &Url, limits: &Limits) -> reqwest::Result<Client> {
    if url.scheme() == "https" {
        return builder(limits).build();
    }
    // Loopback is no affair of a proxy's, nor of the system's certificates: without any, a redirect to https fails, no more.
    builder(limits)
        .no_proxy()
        .build()
        .or_else(|_| builder(limits).no_proxy().tls_certs_only([]).build())
}

fn builder(limits: &Limits) -> ClientBuilder {
    let here = |address: IpAddr| SocketAddr::new(address, 0);
    Client::builder()
        .user_agent(concat!("anboto-xtask/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect)
        .read_timeout(limits.silence)
        .timeout(limits.total)
        .redirect(Policy::custom(|attempt| {
            if attempt.previous().len() > MAX_REDIRECTS {
                return attempt.error(format!("more than {MAX_REDIRECTS} redirects"));
            }
            match may_follow(attempt.previous().last(), attempt.url()) {
                Ok(()) => attempt.follow(),
                Err(why) => attempt.error(format!("redirected, and not followed: {why}")),
            }
        }))
        // Whatever the name service says: plain http does not leave this machine.
        .resolve_to_addrs(
            "localhost",
            &[
                here(Ipv4Addr::LOCALHOST.into()),
                here(Ipv6Addr::LOCALHOST.into()),
            ],
        )
        // How `body` tells the end of an answer is HTTP/1's way, and of the bytes as they are sent. Another member of the
        // workspace may have more of reqwest switched on.
        .http1_only()
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
}

/// Reads the body, as far as it may come; an error says why it can't be taken for the whole.
async fn body(
    response: &mut Response,
    bytes: &mut Vec<u8>,
    limits: &Limits,
    progress: &mut dyn FnMut(usize, Option<u64>),
) -> Result<(), String> {
    let announced = response.content_length();
    let too_large = format!("larger than {} bytes", limits.size);
    if let Some(announced) = announced.filter(|announced| *announced > limits.size as u64) {
        return Err(format!("{too_large}: it announces {announced}"));
    }
    let breaks_off = |error| format!("the answer breaks off ({})", failure(error, limits));
    while let Some(chunk) = response.chunk().await.map_err(breaks_off)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > limits.size {
            bytes.truncate(limits.size);
            return Err(too_large);
        }
        progress(bytes.len(), announced);
    }
    let headers = response.headers();
    let codings = text(headers, header::TRANSFER_ENCODING).unwrap_or_default();
    if announced.is_none() && !codings.to_ascii_lowercase().trim_end().ends_with("chunked") {
        return Err("the answer does not tell its length, so it may be cut off".to_owned());
    }
    match text(headers, header::CONTENT_ENCODING) {
        None | Some("identity") => Ok(()),
        Some(coding) => Err(format!(
            "the answer is encoded as {}, which was not asked for",
            printable(coding.as_bytes())
        )),
    }
}

/// What came, for an error message.
struct Arrived<'a> {
    status: Option<StatusCode>,
    content_type: Option<&'a str>,
    bytes: &'a [u8],
}

impl Arrived<'_> {
    fn could_be_contract(&self) -> Result<(), &'static str> {
        let start = self.bytes.trim_ascii_start();
        let begins =
            |tag: &[u8]| start.len() >= tag.len() && start[..tag.len()].eq_ignore_ascii_case(tag);
        let content_type = self.content_type.unwrap_or_default().to_ascii_lowercase();
        if start.is_empty() {
            Err("empty")
        } else if begins(b"<!") || begins(b"<html") || content_type.contains("html") {
            Err("a web page, not the contract")
        } else {
            Ok(())
        }
    }
}

impl Display for Arrived<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(status) = self.status {
            write!(f, "status {status}, ")?;
        }
        if let Some(content_type) = self.content_type {
            write!(f, "content type {}, ", printable(content_type.as_bytes()))?;
        }
        write!(f, "{} bytes read", self.bytes.len())?;
        match self
            .bytes
            .trim_ascii_start()
            .split(|byte| *byte == b'\n')
            .next()
        {
            Some(line) if !line.is_empty() => write!(f, ", first line `{}`", printable(line)),
            _ => Ok(()),
        }
    }
}

/// The beginning of a text that somebody else wrote, as printable ASCII: no escape code of theirs gets to our terminal.
fn printable(bytes: &[u8]) -> String {
    let bytes = bytes.trim_ascii();
    let plain = |byte: &u8| {
        if matches!(byte, b' '..=b'~') {
            char::from(*byte)
        } else {
            '?'
        }
    };
    let text: String = bytes.iter().take(MAX_FIRST_LINE).map(plain).collect();
    if bytes.len() > MAX_FIRST_LINE {
        text + "..."
    } else {
        text
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// A letter, then at least one more character of those that a scheme may have, then a colon. `C:\contract.yml` is a path.
fn begins_with_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() > 1
            && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

fn may_ask(url: &Url) -> Result<(), &'static str> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "a URL with a user name or password in it would end up in the provenance and in messages",
        );
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(
            "plain http is for this very machine alone (localhost, 127.0.0.0/8, [::1]); use https",
        ),
        _ => Err("neither https nor http"),
    }
}

fn may_follow(from: Option<&Url>, to: &Url) -> Result<(), &'static str> {
    if from.is_some_and(|from| from.scheme() == "https") && to.scheme() == "http" {
        return Err("from https to plain http");
    }
    may_ask(to)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

/// What went wrong, in our words where we have any, with all of reqwest's causes, and without the URL, which stands before it.
fn failure(error: reqwest::Error, limits: &Limits) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        let Limits {
            connect,
            silence,
            total,
            ..
        } = limits;
        return format!(
            "no answer in time (allowed: {connect:?} to connect, {silence:?} of silence, {total:?} in all)"
        );
    }
    let mut parts = Vec::new();
    if error.is_connect() {
        parts.push("out of reach".to_owned());
    } else if !error.is_redirect() {
        parts.push(error.to_string());
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        parts.push(error.to_string());
        cause = error.source();
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_a_url_is_one() {
        for (text, is_url) in [
            ("https://example.com/a.yml", true),
            ("http://localhost:8000/a.yml", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]:80/", true),
            ("HTTPS://EXAMPLE.COM", true),
            ("a.yml", false),
            ("/spec/a:b.yml", false),
            ("./a:b.yml", false),
            ("C:\\spec\\a.yml", false),
        ] {
            assert_eq!(
                matches!(Origin::parse(text).unwrap(), Origin::Url(_)),
                is_url,
                "{text}"
            );
        }
    }

    #[test]
    fn plain_http_is_for_loopback_alone() {
        for text in [
            "http://localhost.example.com/",
            "http://128.0.0.1/",
            "http://0.0.0.0/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_redirect_never_goes_from_https_to_http() {
        let url = |text| Url::parse(text).unwrap();
        let may = |from, to| may_follow(Some(&url(from)), &url(to)).is_ok();
        assert!(may("https://a.example/", "https://b.example/"));
        assert!(may("http://127.0.0.1/", "https://b.example/"));
        assert!(may("http://127.0.0.1/", "http://[::1]/"));
        assert!(!may("https://a.example/", "http://127.0.0.1/"));
        assert!(!may("https://a.example/", "http://b.example/"));
        assert!(!may("https://a.example/", "https://me@b.example/"));
    }
}
