//! Ratios on a machine that is not quiet: each thing and its anchor in turn, call by call, and the median of each.
//! BENCHMARKS.md has the numbers.
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark may stop at the first surprise"
)]

mod anchors;
#[path = "../tests/common/mod.rs"]
mod common;

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use anboto_auth::{Credentials, Environment, RequestView, RsaKey, Signer, client_builder};
use anchors::{CREATE_ORDER, ORDER, create_order, create_order_for_aws, sign_by_aws};
use aws_lc_rs::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use reqwest::{Client, Request};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

fn main() {
    hmac();
    for bits in [2048, 4096] {
        rsa(bits);
    }
    loopback();
}

/// Runs the two in turn and prints both medians.
fn compare(name: &str, rounds: usize, mut anchor: impl FnMut(), mut ours: impl FnMut()) {
    let mut times = [Vec::with_capacity(rounds), Vec::with_capacity(rounds)];
    let measure = |run: &mut dyn FnMut(), times: &mut Vec<Duration>| {
        let start = Instant::now();
        run();
        times.push(start.elapsed());
    };
    for round in 0..rounds {
        // Who goes first has the colder caches.
        let [anchors, all_ours] = &mut times;
        if round % 2 == 0 {
            measure(&mut anchor, anchors);
            measure(&mut ours, all_ours);
        } else {
            measure(&mut ours, all_ours);
            measure(&mut anchor, anchors);
        }
    }
    report(name, times);
}

/// Prints both medians and how far the second is from the first.
fn report(name: &str, times: [Vec<Duration>; 2]) {
    let [anchor, ours] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    let ratio = ours.as_secs_f64() / anchor.as_secs_f64();
    println!(
        "{name}: anchor {anchor:.2?}, ours {ours:.2?}, {:+.1} %",
        (ratio - 1.0) * 100.0
    );
}

/// Signs requests made before; the time of looking at the clock is in both.
fn hmac() {
    const ROUNDS: usize = 5_000;
    let environment = Environment::testnet();
    let signer = common::hmac_signer();
    let mut requests: Vec<_> = (0..ROUNDS)
        .map(|_| create_order(environment.base_url()))
        .collect();
    let mut for_aws = vec![create_order_for_aws(environment.base_url()); ROUNDS];
    let (mut requests, mut for_aws) = (requests.iter_mut(), for_aws.iter_mut());
    compare(
        "createOrder, aws-sigv4 and ours",
        ROUNDS,
        || sign_by_aws(for_aws.next().unwrap()),
        || {
            signer
                .sign_request(requests.next().unwrap(), common::now())
                .unwrap()
        },
    );
    compare("a look at the clock, twice", ROUNDS, || (), || ());
}

fn rsa(bits: usize) {
    let name = format!("rsa{bits}.pkcs8.pem");
    let key = RsaKey::from_file(common::key_path(&name)).unwrap();
    let credentials = Credentials::rsa(common::API_KEY, key).unwrap();
    let signer = Signer::new(&Environment::testnet(), credentials);
    let url = common::url(CREATE_ORDER);
    let view = RequestView::new(&url).with_body(ORDER.as_bytes());
    let text = signer
        .string_to_sign(&view, common::now())
        .unwrap()
        .expose_for_tests();

    let (_, document) = pkcs8::SecretDocument::from_pem(&common::key_text(&name)).unwrap();
    let bare = KeyPair::from_pkcs8(document.as_bytes()).unwrap();
    let mut signature = vec![0; bare.public_modulus_len()];
    let rng = SystemRandom::new();
    compare(
        &format!("RSA-{bits}, bare aws-lc-rs and our headers"),
        2_000_000 / bits,
        || {
            bare.sign(&RSA_PKCS1_SHA256, &rng, &text, &mut signature)
                .unwrap()
        },
        || drop(signer.sign(&view, common::now()).unwrap()),
    );
}

/// A createOrder over a connection that is kept alive, to a server that does next to nothing: called from within a task, as
/// services do, where the connection's own task is woken on the same thread; and from a thread that sleeps until the answer is
/// there.
fn loopback() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(serve(listener));

    let environment = Environment::custom(&base_url).unwrap();
    let signer = Signer::new(&environment, common::hmac_credentials());
    let unsigned = create_order(&base_url);
    let mut with_headers = unsigned.try_clone().unwrap();
    signer
        .sign_request(&mut with_headers, SystemTime::now())
        .unwrap();
    let calls = Arc::new(Calls {
        client: client_builder(&environment).build().unwrap(),
        signer,
        unsigned,
        with_headers,
    });
    runtime.block_on(calls.clone().take_turns(2_000, false));
    for (anchor, with_headers) in [
        ("bare reqwest", false),
        ("bare reqwest, headers made before", true),
    ] {
        let task = runtime.spawn(calls.clone().take_turns(100_000, with_headers));
        let times = runtime.block_on(task).unwrap();
        report(&format!("createOrder from a task, {anchor}"), times);
        let times = runtime.block_on(calls.clone().take_turns(50_000, with_headers));
        report(&format!("createOrder from a thread, {anchor}"), times);
    }
}

struct Calls {
    client: Client,
    signer: Signer,
    unsigned: Request,
    /// With the headers of a signature that has long expired.
    with_headers: Request,
}

impl Calls {
    /// How long so many bare calls took, and as many that are signed.
    async fn take_turns(self: Arc<Self>, rounds: usize, with_headers: bool) -> [Vec<Duration>; 2] {
        let anchor = if with_headers {
            &self.with_headers
        } else {
            &self.unsigned
        };
        let mut times = [Vec::with_capacity(rounds), Vec::with_capacity(rounds)];
        for call in 0..2 * rounds {
            // Bare, signed, signed, bare: who goes first has the colder caches.
            let is_signed = matches!(call % 4, 1 | 2);
            let start = Instant::now();
            if is_signed {
                let mut request = self.unsigned.try_clone().unwrap();
                self.signer
                    .sign_request_for_send(&mut request, SystemTime::now())
                    .await
                    .unwrap();
                self.client.execute(request).await.unwrap();
            } else {
                let request = anchor.try_clone().unwrap();
                self.client.execute(request).await.unwrap();
            }
            times[usize::from(is_signed)].push(start.elapsed());
        }
        times
    }
}

async fn serve(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        tokio::spawn(async move {
            let mut buffer = Vec::with_capacity(4096);
            while stream.read_buf(&mut buffer).await.unwrap() > 0 {
                if buffer.ends_with(ORDER.as_bytes()) {
                    buffer.clear();
                    let answer = b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n";
                    stream.write_all(answer).await.unwrap();
                }
            }
        });
    }
}
