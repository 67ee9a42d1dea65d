//! How often signing asks the allocator for memory.
#![cfg(feature = "reqwest")]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use anboto_auth::{CanonicalQuery, RequestView};
use reqwest::{Body, Method, Request};

/// The allocations of the second run: the first makes what is made once.
fn allocations(mut run: impl FnMut()) -> u64 {
    run();
    allocation_counter::measure(run).count_total
}

#[test]
fn headers_take_two() {
    let signer = common::hmac_signer();
    let url = common::url("/api/v2/trading/order/create");
    let view = RequestView::new(&url).with_body(br#"{"symbol":"BTC/USDT"}"#);
    // The timestamp and the signature.
    assert_eq!(
        allocations(|| drop(signer.sign(&view, common::now()).unwrap())),
        2
    );
}

/// reqwest clones every header that it sends.
#[test]
fn sharing_the_headers_takes_none() {
    let signer = common::hmac_signer();
    let url = common::url("/api/v2/trading/order/create");
    let view = RequestView::new(&url).with_body(br#"{"symbol":"BTC/USDT"}"#);
    let sign = || signer.sign(&view, common::now()).unwrap();
    let mut attempts = [sign(), sign()].into_iter();
    let count = allocations(|| {
        for (_, value) in attempts.next().unwrap() {
            drop(value.clone());
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn a_create_order_request_takes_two() {
    let signer = common::hmac_signer();
    let mut requests: Vec<Request> = (0..2)
        .map(|_| {
            let url = common::url("/api/v2/trading/order/create");
            let mut request = Request::new(Method::POST, url);
            request
                .headers_mut()
                .insert("content-type", "application/json".parse().unwrap());
            *request.body_mut() = Some(Body::from(r#"{"symbol":"BTC/USDT"}"#));
            request
        })
        .collect();
    let mut signed = Vec::with_capacity(2);
    // The same two: the request has room for four more headers.
    let count = allocations(|| {
        let mut request = requests.pop().unwrap();
        signer.sign_request(&mut request, common::now()).unwrap();
        signed.push(request);
    });
    assert_eq!(count, 2);
}

#[test]
fn an_ordinary_query_takes_two() {
    let pairs = [("orderIds", "1,2"), ("include_trades", "true")];
    // The list to sort and the text; no decoded text, because it is the same.
    assert!(allocations(|| drop(CanonicalQuery::from_pairs(pairs))) <= 2);
}
