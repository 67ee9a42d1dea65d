//! No secret, no key and no signature in anything that a log may show, also when the server says them.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::fmt::Debug;

use anboto_api::{Client, Error};
use common::{API_KEY, Answer, SECRET, Server, credentials, order};
use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn assert_hides(shown: &str, secrets: &[&str]) {
    for secret in secrets {
        assert!(!shown.contains(secret), "{shown}\nshows {secret}");
    }
}

fn shown(value: &impl Debug) -> String {
    format!("{value:?}\n{value:#?}")
}

#[tokio::test]
async fn the_client_and_its_builders() {
    let server = Server::answering(Answer::ok("[]")).await;
    let client = server.client();
    let secrets = [API_KEY, SECRET];
    assert_hides(&shown(&client), &secrets);
    let builder = Client::builder(server.environment()).credentials(credentials());
    assert_hides(&shown(&builder), &secrets);
    assert_hides(&shown(&client.create_order().body(order())), &secrets);
    let call = client.get_orders().client_order_ids(["desk-7-1"]);
    assert_hides(&shown(&call), &[API_KEY, SECRET, "desk-7-1"]);
}

/// Makes a body from the head of the request.
type Write = fn(&str) -> String;

/// A server that puts the headers it was sent into its answer.
async fn echoing(status: &'static str, write: Write) -> (Error, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !String::from_utf8_lossy(&request).contains("MARKET") {
            stream.read_buf(&mut request).await.unwrap();
        }
        let request = String::from_utf8(request).unwrap();
        let head = request.split("\r\n\r\n").next().unwrap().to_owned();
        let body = write(&head);
        let length = body.len();
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
        stream.write_all(answer.as_bytes()).await.unwrap();
        head
    });
    let client = common::client(base_url.parse().unwrap(), |builder| builder);
    let error = client
        .create_order()
        .body(order())
        .send()
        .await
        .unwrap_err();
    let head = serving.await.unwrap();
    let signature = head
        .lines()
        .find_map(|line| line.strip_prefix("x-sign: "))
        .unwrap();
    (error, signature.to_owned())
}

#[tokio::test]
async fn an_error_of_a_server_that_echoes_what_it_was_sent() {
    let json = |head: &str| serde_json::json!({ "code": head, "message": head }).to_string();
    let wrong = |head: &str| serde_json::json!({ "order_id": head }).to_string();
    let html = |head: &str| {
        format!(
            "<title>{}</title>",
            head.replace('+', "&#43;").replace('/', "&#47;")
        )
    };
    let in_url = |head: &str| {
        Url::parse_with_params("http://x/", [("head", head)])
            .unwrap()
            .to_string()
    };
    let long = |head: &str| format!("{}{head}", "x".repeat(200));
    let cases: [(&str, Write); 6] = [
        ("401 Unauthorized", str::to_owned),
        ("400 Bad Request", json),
        ("502 Bad Gateway", html),
        ("403 Forbidden", in_url),
        ("500 Oops", long),
        ("201 Created", wrong),
    ];
    for (status, write) in cases {
        let (error, signature) = echoing(status, write).await;
        let longest = signature
            .split(|c: char| !c.is_ascii_alphanumeric())
            .max_by_key(|run| run.len());
        let secrets = [API_KEY, SECRET, &signature, longest.unwrap()];
        assert_hides(&error.to_string(), &secrets);
        assert_hides(&shown(&error), &secrets);
        assert_hides(error.code().unwrap_or_default(), &secrets);
        assert_hides(error.vendor_message().unwrap_or_default(), &secrets);
        // Who asks for the body gets all of it.
        assert!(String::from_utf8_lossy(error.body()).contains(API_KEY));
    }
}

#[tokio::test]
async fn an_answer_shows_no_headers() {
    let answer = Answer::new("200 OK\r\nset-cookie: session=c00kie", "[]");
    let server = Server::answering(answer).await;
    let client = server.client();
    let balances = client.exchanges().send().await.unwrap();
    assert_hides(&shown(&balances), &["c00kie"]);
}
