//! What [`Testnet`](super::Testnet) offers to a test in Rust, over HTTP for clients in any language.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ORIGIN};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::faults::Rule;
use super::{Shared, clock, core, lock};

/// Below it are the admin's paths, and none of the vendor's.
pub(crate) const PREFIX: &str = "/_testnet";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    advance_ms: Option<u64>,
    speed: Option<f64>,
    paused: Option<bool>,
}

/// Answers a request to the admin surface.
pub(crate) fn answer(shared: &Shared, head: &Parts, body: &[u8]) -> Response<Bytes> {
    // A page in a browser on this machine can reach loopback too; it always says where it comes from.
    if head.headers.contains_key(ORIGIN) {
        return refuse(StatusCode::FORBIDDEN, "not for web pages");
    }
    let path = head.uri.path().trim_end_matches('/');
    let path = path.strip_prefix(PREFIX).unwrap_or(path);
    match (&head.method, path) {
        (&Method::GET, "") => answer_json(state(shared)),
        (&Method::GET, "/orders") => {
            shared.catch_up();
            answer_json(json!({ "orders": lock(&shared.state).core.orders() }))
        }
        (&Method::GET, "/requests") => {
            let state = lock(&shared.state);
            answer_json(json!({ "requests": state.log.all().collect::<Vec<_>>() }))
        }
        (&Method::DELETE, "/requests") => {
            lock(&shared.state).log.clear();
            done()
        }
        (&Method::GET, "/faults") => {
            answer_json(json!({ "faults": lock(&shared.state).faults.rules() }))
        }
        (&Method::POST, "/faults") => match serde_json::from_slice::<Rule>(body) {
            Ok(rule) => match rule.problem() {
                None => {
                    lock(&shared.state).faults.add(rule);
                    done()
                }
                Some(problem) => refuse(StatusCode::BAD_REQUEST, &problem),
            },
            Err(error) => refuse(StatusCode::BAD_REQUEST, &error.to_string()),
        },
        (&Method::DELETE, "/faults") => {
            lock(&shared.state).faults.clear();
            done()
        }
        (&Method::POST, "/clock") => match serde_json::from_slice::<ClockChange>(body) {
            Ok(change) if change.speed.is_some_and(|speed| !clock::is_speed(speed)) => {
                refuse(StatusCode::BAD_REQUEST, "speed: above 0, up to 1000000")
            }
            Ok(change) => {
                change_clock(shared, &change);
                answer_json(state(shared))
            }
            Err(error) => refuse(StatusCode::BAD_REQUEST, &error.to_string()),
        },
        _ => refuse(
            StatusCode::NOT_FOUND,
            "GET /_testnet, GET /_testnet/orders, GET or DELETE /_testnet/requests, GET, POST or DELETE /_testnet/faults, \
             POST /_testnet/clock",
        ),
    }
}

fn change_clock(shared: &Shared, change: &ClockChange) {
    {
        let mut state = lock(&shared.state);
        if let Some(paused) = change.paused {
            state.clock.set_paused(paused);
        }
        if let Some(speed) = change.speed {
            state.clock.set_speed(speed);
        }
        if let Some(ms) = change.advance_ms {
            state.clock.advance(Duration::from_millis(ms));
        }
    }
    shared.catch_up();
}

fn state(shared: &Shared) -> serde_json::Value {
    shared.catch_up();
    let state = lock(&shared.state);
    json!({
        "market_time_ms": core::unix_ms(state.core.time()),
        "speed": state.clock.speed(),
        "paused": state.clock.is_paused(),
        "seed": state.seed,
    })
}

fn answer_json(value: serde_json::Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(value.to_string()));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn done() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn refuse(status: StatusCode, message: &str) -> Response<Bytes> {
    let mut response = answer_json(json!({ "message": message }));
    *response.status_mut() = status;
    response
}
