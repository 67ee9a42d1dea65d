//! The seam between a call and the wire: HTTP by reqwest, or a simulation in its place.

use std::fmt;
#[cfg(feature = "testnet")]
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use reqwest::{Request, Response};

use crate::error::{Answer, Kind};
#[cfg(feature = "testnet")]
use crate::testnet::{Broken, Network};

/// What carries requests, and by whose clock they are signed.
#[derive(Clone)]
pub(crate) enum Transport {
    Http(reqwest::Client),
    #[cfg(feature = "testnet")]
    Simulated(Arc<dyn Network>),
}

/// What every request is held to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// From connecting to the last byte of the answer. Over HTTP it is reqwest that keeps it.
    #[cfg_attr(not(feature = "testnet"), allow(dead_code))]
    pub(crate) timeout: Duration,
    pub(crate) response_bytes: usize,
}

impl Transport {
    /// The wall clock of this machine, or of the one that is simulated.
    pub(crate) fn now(&self) -> SystemTime {
        match self {
            Self::Http(_) => SystemTime::now(),
            #[cfg(feature = "testnet")]
            Self::Simulated(network) => network.now(),
        }
    }

    /// Random bits, for what must be unique or must not be in step with others; `None` if the system has none.
    pub(crate) fn random(&self) -> Option<u64> {
        match self {
            Self::Http(_) => getrandom::u64().ok(),
            #[cfg(feature = "testnet")]
            Self::Simulated(network) => Some(network.random()),
        }
    }

    /// The whole answer; or what went wrong, with as much of the answer as came.
    pub(crate) async fn send(
        &self,
        request: Request,
        limits: Limits,
    ) -> Result<Answer, (Kind, Option<Answer>)> {
        match self {
            Self::Http(http) => {
                let response = http.execute(request).await.map_err(|error| {
                    // What failed to connect has provably not left: hyper calls an error one of connecting only as long as it
                    // has no connection to write to. And what hyper sends again by itself, it does because a connection was
                    // found closed with the request still whole in its hands. `is_builder` proves nothing: reqwest also calls
                    // it so when an answer redirects to what is no URL.
                    let kind = if error.is_connect() {
                        Kind::Connect(error.into())
                    } else {
                        Kind::Send(error.into())
                    };
                    (kind, None)
                })?;
                receive(response, limits.response_bytes)
                    .await
                    .map_err(|(kind, answer)| (kind, Some(answer)))
            }
            #[cfg(feature = "testnet")]
            Self::Simulated(network) => simulated(&**network, request, limits).await,
        }
    }
}

/// The whole answer, or as much of it as came.
async fn receive(mut response: Response, limit: usize) -> Result<Answer, (Kind, Answer)> {
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    let mut body = BytesMut::new();
    let failed = loop {
        match response.chunk().await {
            Ok(None) => break None,
            Ok(Some(chunk)) if body.len() + chunk.len() <= limit => body.extend_from_slice(&chunk),
            Ok(Some(chunk)) => {
                body.extend_from_slice(&chunk[..limit - body.len()]);
                break Some(Kind::TooLarge { limit });
            }
            Err(error) => break Some(Kind::Body(error.into())),
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

#[cfg(feature = "testnet")]
async fn simulated(
    network: &dyn Network,
    request: Request,
    limits: Limits,
) -> Result<Answer, (Kind, Option<Answer>)> {
    let mut simulated = ::http::Request::new(Bytes::copy_from_slice(
        request
            .body()
            .and_then(reqwest::Body::as_bytes)
            .unwrap_or_default(),
    ));
    *simulated.method_mut() = request.method().clone();
    // A URL that reqwest took is a URI as well; what is not would be answered by a 404.
    *simulated.uri_mut() = request.url().as_str().parse().unwrap_or_default();
    *simulated.headers_mut() = request.headers().clone();
    let answer = |response: ::http::Response<Bytes>| {
        let (head, body) = response.into_parts();
        Answer {
            status: head.status,
            headers: head.headers,
            body,
        }
    };
    match tokio::time::timeout(limits.timeout, network.send(simulated)).await {
        Ok(Ok(response)) if response.body().len() > limits.response_bytes => {
            let kind = Kind::TooLarge {
                limit: limits.response_bytes,
            };
            Err((kind, Some(answer(response))))
        }
        Ok(Ok(response)) => Ok(answer(response)),
        Ok(Err(Broken::NotConnected)) => Err((Kind::Connect(Failure::Simulated), None)),
        Ok(Err(Broken::Reset)) => Err((Kind::Send(Failure::Simulated), None)),
        Ok(Err(Broken::CutOff(response))) => {
            Err((Kind::Body(Failure::Simulated), Some(answer(response))))
        }
        Err(_elapsed) => Err((Kind::Send(Failure::SimulatedTimeout), None)),
    }
}

/// Why a connection carried no request, or no whole answer.
#[derive(Debug)]
pub(crate) enum Failure {
    Http(reqwest::Error),
    #[cfg(feature = "testnet")]
    Simulated,
    #[cfg(feature = "testnet")]
    SimulatedTimeout,
}

impl Failure {
    pub(crate) fn is_timeout(&self) -> bool {
        match self {
            Self::Http(error) => error.is_timeout(),
            #[cfg(feature = "testnet")]
            Self::Simulated => false,
            #[cfg(feature = "testnet")]
            Self::SimulatedTimeout => true,
        }
    }

    pub(crate) fn cause(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Http(error) => Some(error),
            #[cfg(feature = "testnet")]
            Self::Simulated | Self::SimulatedTimeout => None,
        }
    }
}

/// Without its URL, whose query may say what is traded.
impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error.without_url())
    }
}

/// The innermost cause, such as `Connection refused (os error 111)`. What stands above it says in other words what a message
/// says already.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(mut root) = self.cause() else {
            return f.write_str("simulated");
        };
        while let Some(cause) = root.source() {
            root = cause;
        }
        write!(f, "{root}")
    }
}
