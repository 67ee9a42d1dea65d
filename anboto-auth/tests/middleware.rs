//! The middleware signs every attempt, and nothing that must not be signed.
#![cfg(feature = "middleware")]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use anboto_auth::{
    Environment, SignError, SignErrorKind, Signer, SigningMiddleware, client_builder,
};
use common::server::Server;
use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Middleware, Next};

/// Tries three times, as retrying middlewares do: a clone of the request each time.
struct ThreeTimes;

#[async_trait::async_trait]
impl Middleware for ThreeTimes {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        for _ in 0..2 {
            next.clone()
                .run(request.try_clone().unwrap(), extensions)
                .await?;
        }
        next.run(request, extensions).await
    }
}

fn client(server: &Server) -> ClientWithMiddleware {
    let environment = Environment::custom(&server.base_url()).unwrap();
    // A clock that goes on by a second with each look.
    let seconds = AtomicU64::new(0);
    let clock = move || -> SystemTime {
        common::instant(common::TIMESTAMP + 1000 * seconds.fetch_add(1, Ordering::Relaxed))
    };
    let signer = Signer::new(&environment, common::hmac_credentials());
    ClientBuilder::new(client_builder(&environment).build().unwrap())
        .with(ThreeTimes)
        .with(SigningMiddleware::new(signer).with_clock(clock))
        .build()
}

#[tokio::test]
async fn each_attempt_has_a_timestamp_and_a_signature_of_its_own() {
    let server = Server::start(|_| "503 Busy".into()).await;
    let url = server.base_url() + "/api/v2/trading/order/find?limit=10";
    client(&server).get(url).send().await.unwrap();
    let arrived = server.arrived();
    assert_eq!(arrived.len(), 3);
    for (attempt, request) in (0..).zip(&arrived) {
        let timestamp = (common::TIMESTAMP + 1000 * attempt).to_string();
        assert_eq!(request.headers["x-timestamp"], timestamp);
        assert_eq!(request.headers.get_all("x-sign").iter().count(), 1);
    }
    assert_ne!(arrived[0].headers["x-sign"], arrived[1].headers["x-sign"]);
}

#[tokio::test]
async fn ping_is_not_signed() {
    let server = Server::start(|_| "200 OK".into()).await;
    client(&server)
        .get(server.base_url() + "/status/ping")
        .send()
        .await
        .unwrap();
    for request in server.arrived() {
        for name in ["x-api-key", "x-timestamp", "x-recv-window", "x-sign"] {
            assert!(!request.headers.contains_key(name), "{name}");
        }
    }
}

#[tokio::test]
async fn ping_below_a_base_path_is_not_signed_and_its_lookalikes_are() {
    let server = Server::start(|_| "200 OK".into()).await;
    let environment = Environment::custom(&(server.base_url() + "/proxy/")).unwrap();
    let signer = Signer::new(&environment, common::hmac_credentials());
    let client = ClientBuilder::new(client_builder(&environment).build().unwrap())
        .with(SigningMiddleware::new(signer))
        .build();
    for (path, is_signed) in [
        ("/proxy/status/ping", false),
        ("/status/ping", true),
        ("/proxy/x/status/ping", true),
        ("/proxy/status/ping/", true),
        ("/proxy/Status/ping", true),
    ] {
        let before = server.arrived().len();
        let url = server.base_url() + path;
        client.get(url).send().await.unwrap();
        let arrived = server.arrived();
        assert_eq!(arrived.len(), before + 1);
        let has_signature = arrived[before].headers.contains_key("x-sign");
        assert_eq!(has_signature, is_signed, "{path}");
    }
}

#[tokio::test]
async fn ping_of_a_foreign_origin_is_refused_as_everything_there_is() {
    let (ours, foreign) = (
        Server::start(|_| "200 OK".into()).await,
        Server::start(|_| "200 OK".into()).await,
    );
    let error = client(&ours)
        .get(foreign.base_url() + "/status/ping")
        .send()
        .await
        .unwrap_err();
    let reqwest_middleware::Error::Middleware(error) = error else {
        panic!("{error}")
    };
    let error = error.downcast_ref::<SignError>().unwrap();
    assert_eq!(error.kind(), SignErrorKind::ForeignOrigin);
    assert!(foreign.arrived().is_empty());
}

#[tokio::test]
async fn what_can_not_be_signed_is_not_sent() {
    let server = Server::start(|_| "200 OK".into()).await;
    let url = server.base_url() + "/api/v2/trading/order/open";
    let error = client(&server)
        .get(url)
        .header("X-SIGN", "mine")
        .send()
        .await
        .unwrap_err();
    let reqwest_middleware::Error::Middleware(error) = error else {
        panic!("{error}")
    };
    let error = error.downcast_ref::<SignError>().unwrap();
    assert_eq!(error.kind(), SignErrorKind::AlreadySigned);
    assert!(server.arrived().is_empty());
}
