//! Every way in which a call can fail after it was found fit to be sent, and what its error says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at the first surprise"
)]

mod common;

use std::error::Error as _;
use std::time::{Duration, SystemTime};

use anboto_api::{Client, Error};
use common::{Answer, SHORT, Server, client, described, failed_order, order};
use insta::assert_snapshot;
use tokio::net::TcpListener;

/// A read, sent to a server that answers so.
async fn failed_read(answer: Answer) -> Error {
    let server = Server::answering(answer).await;
    let client = server.client();
    client.get_open_orders().send().await.unwrap_err()
}

async fn order_by(client: &Client) -> Error {
    let call = client.create_order().body(order());
    call.send()
        .await
        .expect_err("the server does not accept it")
}

// The server refuses, or something in front of it does.

#[tokio::test]
async fn a_status_without_a_body() {
    let error = failed_order(Answer::new("401 Unauthorized", "")).await;
    assert_snapshot!(described(&error), @"
    createOrder: refused without a word (401 Unauthorized)
    is status, unauthorized
    status 401, 1 headers, 0 bytes of body
    ");
    let error = failed_order(Answer::new("429 Too Many Requests", "")).await;
    assert_snapshot!(described(&error), @"
    createOrder: refused without a word (429 Too Many Requests)
    is status, rate_limited
    status 429, 1 headers, 0 bytes of body
    ");
    let error = failed_order(Answer::new("503 Service Unavailable", "")).await;
    assert_snapshot!(described(&error), @"
    createOrder: failed without a word (503 Service Unavailable); the server may have carried it out
    is status, server_error, may_have_been_executed
    status 503, 1 headers, 0 bytes of body
    ");
}

#[tokio::test]
async fn retry_after_in_seconds() {
    let error = failed_order(Answer::new("429 Too Many Requests\r\nretry-after: 7", "")).await;
    assert_snapshot!(described(&error), @"
    createOrder: refused without a word (429 Too Many Requests)
    is status, rate_limited
    status 429, 2 headers, 0 bytes of body
    retry after 7s
    ");
}

#[tokio::test]
async fn retry_after_as_a_date() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let head = format!("503 Service Unavailable\r\nretry-after: {date}");
    let error = failed_order(Answer::new(&head, "")).await;
    let wait = Duration::from_secs(90);
    assert_eq!(error.retry_after(at - wait), Some(wait));
    assert_eq!(error.retry_after(at + wait), Some(Duration::ZERO));
}

#[tokio::test]
async fn a_retry_after_that_makes_no_sense_is_none() {
    for value in ["-1", "soon", "1.5", "", "99999999999999999999"] {
        let head = format!("429 Too Many Requests\r\nretry-after: {value}");
        let error = failed_order(Answer::new(&head, "")).await;
        assert_eq!(error.retry_after(SystemTime::now()), None, "{value}");
    }
}

#[tokio::test]
async fn micronaut_json() {
    let body = r#"{"message":"Bad Request","_links":{"self":{"href":"/api/v2/trading/order/create"}},"_embedded":{"errors":[{"message":"order.quantity: must not be null"}]}}"#;
    let error = failed_order(Answer::json("400 Bad Request", body)).await;
    assert_snapshot!(described(&error), @r#"
    createOrder: order.quantity: must not be null (400 Bad Request, application/json)
    is status
    status 400, 2 headers, 155 bytes of body
    message "order.quantity: must not be null"
    "#);
}

#[tokio::test]
async fn the_vendors_code_and_message() {
    let body =
        r#"{"error_code":"INVALID_TIMESTAMP","message":"timestamp outside of\n the window"}"#;
    let error = failed_order(Answer::json("401 Unauthorized", body)).await;
    assert_snapshot!(described(&error), @r#"
    createOrder: INVALID_TIMESTAMP: timestamp outside of the window (401 Unauthorized, application/json)
    is status, unauthorized
    status 401, 2 headers, 80 bytes of body
    code "INVALID_TIMESTAMP"
    message "timestamp outside of the window"
    "#);
}

#[tokio::test]
async fn a_rate_limit_by_code() {
    let error = failed_order(Answer::json("503", r#"{"code":"DDOS_PROTECTION"}"#)).await;
    assert_snapshot!(described(&error), @r#"
    createOrder: DDOS_PROTECTION (503 Service Unavailable, application/json); the server may have carried it out
    is status, rate_limited, server_error, may_have_been_executed
    status 503, 2 headers, 26 bytes of body
    code "DDOS_PROTECTION"
    "#);
}

#[tokio::test]
async fn plain_text() {
    let answer = Answer::new(
        "500 Oops\r\ncontent-type: text/plain; charset=utf-8",
        "out of\r\nmemory",
    );
    assert_snapshot!(described(&failed_order(answer).await), @r#"
    createOrder: out of memory (500 Internal Server Error, text/plain); the server may have carried it out
    is status, server_error, may_have_been_executed
    status 500, 2 headers, 14 bytes of body
    message "out of memory"
    "#);
}

#[tokio::test]
async fn an_html_page() {
    let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body></html>";
    let answer = Answer::new("502 Bad Gateway\r\ncontent-type: text/html", page);
    let error = failed_order(answer.clone()).await;
    assert_snapshot!(described(&error), @r#"
    createOrder: 502 Bad Gateway (502 Bad Gateway, text/html); the server may have carried it out
    is status, server_error, may_have_been_executed
    status 502, 2 headers, 78 bytes of body
    message "502 Bad Gateway"
    "#);
    assert_eq!(error.body(), page.as_bytes());
    assert_eq!(error.headers().unwrap()["content-type"], "text/html");
    assert_snapshot!(described(&failed_read(answer).await), @r#"
    getOpenOrders: 502 Bad Gateway (502 Bad Gateway, text/html)
    is status, server_error
    status 502, 2 headers, 78 bytes of body
    message "502 Bad Gateway"
    "#);
}

/// Which statuses say that the server did not execute the request: those by which it refuses one.
#[tokio::test]
async fn a_refusal_is_no_execution() {
    let mut perhaps = Vec::new();
    for status in [
        400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 414, 415, 418, 422, 429, 500, 502, 503,
        504,
    ] {
        let error = failed_order(Answer::new(&status.to_string(), "")).await;
        if error.may_have_been_executed() {
            perhaps.push(status);
        }
    }
    assert_eq!(perhaps, [402, 408, 409, 410, 418, 500, 502, 503, 504]);
}

/// Stock reqwest would take the API key and the signature along.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let elsewhere =
            Server::answering(Answer::json("201 Created", r#"{"created_at":null}"#)).await;
        let head = format!("{status}\r\nlocation: {}/elsewhere", elsewhere.base_url());
        let error = failed_order(Answer::new(&head, "")).await;
        assert!(elsewhere.arrived().is_empty());
        if status.starts_with("307") {
            assert_snapshot!(described(&error), @"
            createOrder: the server points elsewhere, where the client does not follow (307 Temporary Redirect); the server may have carried it out
            is status, may_have_been_executed
            status 307, 2 headers, 0 bytes of body
            ");
        }
    }
}

/// reqwest reads the place even though it does not go there, and some versions of what it stands on take one that is no URL for a
/// request that could not be built. The order has left all the same.
#[tokio::test]
async fn a_redirect_to_no_url() {
    for place in [
        "http://999.999.999.999/",
        "http://[",
        "",
        "mailto:desk",
        "http://a:99999/",
        "\\\\",
    ] {
        let head = format!("307 Temporary Redirect\r\nlocation: {place}");
        let error = failed_order(Answer::new(&head, "")).await;
        assert!(
            error.may_have_been_executed() && !error.is_connect(),
            "{place}: {error}"
        );
    }
}

// The answer breaks off, or does not come.

#[tokio::test]
async fn a_body_that_is_cut_off() {
    let cut = |status: &str| {
        Answer::raw(format!(
            "HTTP/1.1 {status}\r\ncontent-length: 100\r\n\r\n{{\"created_at\""
        ))
    };
    let error = failed_order(cut("201 Created").then_closes()).await;
    assert_snapshot!(described(&error), @"
    createOrder: the answer broke off after 13 bytes: end of file before message length reached (201 Created); the server may have carried it out
    is decode, may_have_been_executed
    status 201, 1 headers, 13 bytes of body
    ");
    assert_eq!(error.body(), b"{\"created_at\"");
    let error = failed_order(cut("429 Too Many Requests").then_closes()).await;
    assert_snapshot!(described(&error), @"
    createOrder: the answer broke off after 13 bytes: end of file before message length reached (429 Too Many Requests)
    is status, rate_limited
    status 429, 1 headers, 13 bytes of body
    ");
    let error = failed_order(cut("201 Created").then_resets()).await;
    assert!(
        error.is_decode() && error.may_have_been_executed(),
        "{error}"
    );
}

#[tokio::test]
async fn a_connection_closed_without_an_answer() {
    let error = failed_order(Answer::raw("").then_closes()).await;
    assert_snapshot!(described(&error), @"
    createOrder: no answer: connection closed before message completed; the server may have carried it out
    is may_have_been_executed
    ");
    let error = failed_read(Answer::raw("").then_closes()).await;
    assert_snapshot!(described(&error), @"
    getOpenOrders: no answer: connection closed before message completed
    is
    ");
}

#[tokio::test]
async fn a_reset_after_the_request_was_read() {
    let error = failed_order(Answer::raw("").then_resets()).await;
    assert_snapshot!(described(&error), @"
    createOrder: no answer: Connection reset by peer (os error 104); the server may have carried it out
    is may_have_been_executed
    ");
}

/// The request may have been read all the same: a reset says nothing of it.
#[tokio::test]
async fn a_reset_before_the_request_was_read() {
    let error = failed_order(Answer::reset_unread()).await;
    assert_snapshot!(described(&error), @"
    createOrder: no answer: Connection reset by peer (os error 104); the server may have carried it out
    is may_have_been_executed
    ");
}

#[tokio::test]
async fn bytes_that_are_no_http() {
    let error = failed_order(Answer::raw("SSH-2.0-OpenSSH_9.7\r\n").then_closes()).await;
    assert_snapshot!(described(&error), @"
    createOrder: no answer: invalid HTTP version parsed; the server may have carried it out
    is may_have_been_executed
    ");
}

#[tokio::test]
async fn a_refused_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = order_by(&client(base_url.parse().unwrap(), |builder| builder)).await;
    assert_snapshot!(described(&error), @"
    createOrder: not sent: no connection to the server: Connection refused (os error 111)
    is connect
    ");
}

/// A server that takes the connection and says nothing to the TLS handshake.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
#[tokio::test]
async fn no_time_left_while_connecting() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("https://{}", listener.local_addr().unwrap());
    let slow = client(base_url.parse().unwrap(), |builder| {
        builder.connect_timeout(SHORT)
    });
    assert_snapshot!(described(&order_by(&slow).await), @"
    createOrder: not sent: no connection to the server within the time limit
    is connect, timeout
    ");
    // The limit of the whole call does not tell how far it got: the error assumes the worst.
    let slow = client(base_url.parse().unwrap(), |builder| builder.timeout(SHORT));
    assert_snapshot!(described(&order_by(&slow).await), @"
    createOrder: no answer within the time limit; the server may have carried it out
    is timeout, may_have_been_executed
    ");
}

/// A client without TLS refuses to talk to the vendor in the clear.
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
#[tokio::test]
async fn without_tls_there_is_no_connection() {
    let error = order_by(&client(anboto_api::Environment::testnet(), |builder| {
        builder
    }))
    .await;
    assert!(
        error.is_connect() && !error.may_have_been_executed(),
        "{error}"
    );
}

#[tokio::test]
async fn no_time_left_while_waiting_for_the_answer() {
    let server = Server::answering(Answer::never()).await;
    let error = order_by(&server.client_with(|builder| builder.timeout(SHORT))).await;
    assert_snapshot!(described(&error), @"
    createOrder: no answer within the time limit; the server may have carried it out
    is timeout, may_have_been_executed
    ");
    assert_eq!(server.arrived().len(), 1);
}

#[tokio::test]
async fn no_time_left_within_the_head() {
    let server = Server::answering(Answer::raw("HTTP/1.1 201 Cre").then_hangs()).await;
    let error = order_by(&server.client_with(|builder| builder.timeout(SHORT))).await;
    assert_snapshot!(described(&error), @"
    createOrder: no answer within the time limit; the server may have carried it out
    is timeout, may_have_been_executed
    ");
}

#[tokio::test]
async fn no_time_left_within_the_body() {
    let cut = Answer::raw("HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{\"created_at\"");
    let server = Server::answering(cut.then_hangs()).await;
    let error = order_by(&server.client_with(|builder| builder.timeout(SHORT))).await;
    assert_snapshot!(described(&error), @"
    createOrder: the answer stopped after 13 bytes and did not end within the time limit (201 Created); the server may have carried it out
    is timeout, decode, may_have_been_executed
    status 201, 1 headers, 13 bytes of body
    ");
}

// An answer comes, and it is not the one that the contract says.

#[tokio::test]
async fn an_answer_that_is_too_large() {
    let body = format!(
        "{{\"created_at\":null,\"message\":\"{}\"}}",
        "x".repeat(10_000)
    );
    let server = Server::answering(Answer::json("201 Created", &body)).await;
    let small = |limit| server.client_with(|builder| builder.max_response_bytes(limit));
    let error = order_by(&small(body.len() - 1)).await;
    assert_snapshot!(described(&error), @"
    createOrder: the answer is larger than the limit of 10031 bytes (201 Created, application/json); the server may have carried it out
    is decode, may_have_been_executed
    status 201, 2 headers, 10031 bytes of body
    ");
    assert_eq!(error.body(), &body.as_bytes()[..body.len() - 1]);
    let call = small(body.len());
    assert!(call.create_order().body(order()).send().await.is_ok());
}

/// An error can be held on to without harm.
#[tokio::test]
async fn an_error_keeps_a_mebibyte_of_the_body() {
    let body = vec![b'x'; (1 << 20) + 1];
    let error = failed_order(Answer::new("500 Internal Server Error", body)).await;
    assert_eq!(error.body().len(), 1 << 20);
    assert!(error.to_string().len() < 500);
}

#[tokio::test]
async fn a_success_with_an_html_page() {
    let page = "<html><title>Sign in</title></html>";
    let answer = Answer::new(
        "201 Created\r\ncontent-type: text/html; charset=utf-8",
        page,
    );
    assert_snapshot!(described(&failed_order(answer).await), @"
    createOrder: the answer is not what the contract says: expected value at line 1 column 1 (201 Created, text/html); the server may have carried it out
    is decode, may_have_been_executed
    status 201, 2 headers, 35 bytes of body
    ");
}

#[tokio::test]
async fn a_success_without_a_body() {
    let error = failed_order(Answer::raw("HTTP/1.1 204 No Content\r\n\r\n")).await;
    assert_snapshot!(described(&error), @"
    createOrder: the answer is not what the contract says: an empty body where JSON belongs (204 No Content); the server may have carried it out
    is decode, may_have_been_executed
    status 204, 0 headers, 0 bytes of body
    ");
    let error = failed_order(Answer::new("201 Created", "")).await;
    assert_snapshot!(described(&error), @"
    createOrder: the answer is not what the contract says: an empty body where JSON belongs (201 Created); the server may have carried it out
    is decode, may_have_been_executed
    status 201, 1 headers, 0 bytes of body
    ");
}

#[tokio::test]
async fn an_answer_of_another_shape() {
    let error = failed_read(Answer::ok(r#"{"orders":"none\nat all"}"#)).await;
    assert_snapshot!(error, @r#"getOpenOrders: the answer is not what the contract says: orders: invalid type: string "none\nat all", expected a sequence at line 1 column 24 (200 OK, application/json)"#);
    let long = format!("{{\"orders\":{:?}}}", "none ".repeat(1_000));
    let error = failed_read(Answer::ok(&long)).await;
    assert!(error.to_string().chars().count() < 500, "{error}");
    let error = failed_read(Answer::ok(r#"{"orders":[]} trailing"#)).await;
    assert_snapshot!(error, @"getOpenOrders: the answer is not what the contract says: trailing characters at line 1 column 15 (200 OK, application/json)");
}

/// The source is there for who looks into it, and shows no URL either: a query holds order ids.
#[tokio::test]
async fn no_error_shows_a_url() {
    let server = Server::answering(Answer::raw("").then_closes()).await;
    let client = server.client();
    let call = client.get_orders().client_order_ids(["desk-7-secret-plan"]);
    let error = call.send().await.unwrap_err();
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    let mut depth = 0;
    while let Some(error) = next {
        for shown in [error.to_string(), format!("{error:?}")] {
            assert!(
                !shown.contains("secret-plan") && !shown.contains("127.0.0.1"),
                "{shown}"
            );
        }
        next = error.source();
        depth += 1;
    }
    assert!(depth > 1 && error.source().is_some());
}
