//! The admin surface, as a client in another language would use it.

use anboto_api::testnet::Testnet;
use serde_json::{Value, json};

use super::{paused, place, twap};

async fn ask(testnet: &Testnet, method: &str, path: &str, body: Value) -> (u16, Value) {
    let http = anboto_auth::client_builder(&testnet.environment())
        .build()
        .unwrap();
    let url = format!("{}/_testnet{path}", testnet.environment().base_url());
    let request = http
        .request(method.parse().unwrap(), url)
        .body(body.to_string());
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (
        status,
        serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default(),
    )
}

#[tokio::test]
async fn it_offers_what_a_test_in_rust_has() {
    let (testnet, client) = paused();
    let (_, before) = ask(&testnet, "GET", "", Value::Null).await;
    assert_eq!(
        (&before["paused"], &before["seed"]),
        (&json!(true), &json!(0))
    );
    place(&client, twap("one")).await;

    let (status, after) = ask(&testnet, "POST", "/clock", json!({ "advance_ms": 60_000 })).await;
    assert_eq!(status, 200);
    assert_eq!(
        after["market_time_ms"].as_i64(),
        before["market_time_ms"].as_i64().map(|ms| ms + 60_000)
    );
    let (_, orders) = ask(&testnet, "GET", "/orders", Value::Null).await;
    assert_eq!(orders["orders"][0]["status"], "FILLED");
    assert!(orders["orders"][0]["fees_infos"]["USDT"].is_number());
    let (_, changed) = ask(
        &testnet,
        "POST",
        "/clock",
        json!({ "speed": 5.0, "paused": false }),
    )
    .await;
    assert_eq!(
        (&changed["speed"], &changed["paused"]),
        (&json!(5.0), &json!(false))
    );

    let fault = json!({ "when": { "next": 1 }, "operation": "status", "fault": { "answer": { "status": 503, "body": "html", "retry_after": 3 } } });
    assert_eq!(ask(&testnet, "POST", "/faults", fault.clone()).await.0, 204);
    assert_eq!(
        ask(&testnet, "GET", "/faults", Value::Null).await.1["faults"][0]["operation"],
        "status"
    );
    assert!(client.status().send().await.unwrap_err().is_server_error());
    client.status().send().await.unwrap();
    for fault in [
        json!({ "reset": "after_execution" }),
        json!({ "delay_answer": 5 }),
        json!({ "clock_skew": -8_000 }),
        json!("cut_off"),
    ] {
        let rule = json!({ "when": { "chance": 0.5 }, "fault": fault });
        assert_eq!(ask(&testnet, "POST", "/faults", rule).await.0, 204);
    }
    assert_eq!(ask(&testnet, "DELETE", "/faults", Value::Null).await.0, 204);
    client.status().send().await.unwrap();

    let (_, requests) = ask(&testnet, "GET", "/requests", Value::Null).await;
    let requests = requests["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 4, "its own are not among them");
    assert_eq!(requests[0]["operation"], "createOrder");
    assert!(
        requests[0]["body"]
            .as_str()
            .unwrap()
            .contains("\"client_order_id\":\"one\"")
    );
    assert_eq!(
        ask(&testnet, "DELETE", "/requests", Value::Null).await.0,
        204
    );
    assert!(testnet.requests().is_empty());
}

#[tokio::test]
async fn nothing_secret_is_in_the_log() {
    let (testnet, client) = paused();
    place(&client, twap("one")).await;
    client.listen_key().send().await.unwrap();
    let (_, requests) = ask(&testnet, "GET", "/requests", Value::Null).await;
    let shown = format!("{requests} {:?}", testnet.requests());
    let lines: String = testnet.requests().iter().map(ToString::to_string).collect();
    for secret in [
        Testnet::API_KEY,
        testnet.secret(),
        "eyJ",
        "X-SIGN",
        "x-sign",
    ] {
        assert!(!shown.contains(secret) && !lines.contains(secret));
    }
    assert!(lines.contains("POST /api/v2/trading/order/create"));
}

#[tokio::test]
async fn what_it_does_not_understand_it_refuses() {
    let (testnet, _) = paused();
    for (path, body) in [
        ("/faults", json!({ "when": "always", "fault": "flood" })),
        (
            "/faults",
            json!({ "when": "always", "operation": "fly", "fault": "cut_off" }),
        ),
        (
            "/faults",
            json!({ "when": { "chance": 2 }, "fault": "cut_off" }),
        ),
        (
            "/faults",
            json!({ "when": "always", "fault": { "answer": { "status": 99 } } }),
        ),
        ("/clock", json!({ "speed": 0 })),
        ("/clock", json!({ "faster": true })),
    ] {
        let (status, answer) = ask(&testnet, "POST", path, body).await;
        assert_eq!(status, 400);
        assert!(answer["message"].is_string());
    }
    assert_eq!(ask(&testnet, "GET", "/nothing", Value::Null).await.0, 404);
}

#[tokio::test]
async fn it_is_off_when_not_wanted_and_beyond_loopback_and_for_web_pages() {
    for builder in [
        Testnet::builder().admin(false),
        Testnet::builder().address("0.0.0.0:0".parse().unwrap()),
    ] {
        let testnet = builder.start().unwrap();
        assert_eq!(ask(&testnet, "GET", "", Value::Null).await.0, 404);
    }
    let testnet = Testnet::start().unwrap();
    let http = anboto_auth::client_builder(&testnet.environment())
        .build()
        .unwrap();
    let url = format!("{}/_testnet", testnet.environment().base_url());
    let response = http
        .get(url)
        .header("Origin", "https://example.org")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 403);
}
