//! What signing costs, beside what it can't be cheaper than and what others take. BENCHMARKS.md has the numbers.
#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark may stop at the first surprise"
)]

mod anchors;
#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;

use anboto_auth::{Credentials, Environment, RequestView, RsaBackend, RsaKey, Signer};
use anchors::{CREATE_ORDER, ORDER, create_order, create_order_for_aws, sign_by_aws};
use aws_lc_rs::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, Request};
use sha2::Sha256;

fn hmac(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hmac");
    let environment = Environment::testnet();
    let signer = common::hmac_signer();

    let unsigned = create_order(environment.base_url());
    group.bench_function("ours: createOrder reqwest::Request", |bencher| {
        bencher.iter_batched_ref(
            || unsigned.try_clone().unwrap(),
            |request| signer.sign_request(request, common::now()).unwrap(),
            BatchSize::SmallInput,
        );
    });

    let query = "/api/v2/trading/order/byId?orderIds=596990285759373312%2C2&include_trades=true";
    let url = (environment.base_url().to_owned() + query).parse().unwrap();
    let unsigned = Request::new(Method::GET, url);
    group.bench_function(
        "ours: getOrders reqwest::Request, query rewritten",
        |bencher| {
            bencher.iter_batched_ref(
                || unsigned.try_clone().unwrap(),
                |request| signer.sign_request(request, common::now()).unwrap(),
                BatchSize::SmallInput,
            );
        },
    );

    let url = common::url(CREATE_ORDER);
    let view = RequestView::new(&url).with_body(ORDER.as_bytes());
    group.bench_function("ours: createOrder, headers alone", |bencher| {
        bencher.iter(|| signer.sign(black_box(&view), common::now()).unwrap());
    });

    let text = signer
        .string_to_sign(&view, common::now())
        .unwrap()
        .expose_for_tests();
    let prepared = Hmac::<Sha256>::new_from_slice(&(0..32).collect::<Vec<u8>>()).unwrap();
    group.bench_function("anchor: bare HMAC-SHA256 of that text", |bencher| {
        bencher.iter(|| {
            let mut mac = prepared.clone();
            mac.update(black_box(&text));
            mac.finalize().into_bytes()
        });
    });

    group.bench_function("anchor: aws-sigv4, the same request", |bencher| {
        let request = create_order_for_aws(environment.base_url());
        bencher.iter_batched_ref(|| request.clone(), sign_by_aws, BatchSize::SmallInput);
    });
    group.finish();
}

/// Why signing compares no empty query with an empty query.
fn empty_texts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("two empty texts compared");
    let text = String::from("text");
    for (name, empty) in [("at an address", &text[2..2]), ("at none", "")] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(empty) == black_box(empty));
        });
    }
    group.finish();
}

fn rsa(criterion: &mut Criterion) {
    for bits in [2048, 4096] {
        let mut group = criterion.benchmark_group(format!("rsa-{bits}"));
        let pem = common::key_text(&format!("rsa{bits}.pkcs8.pem"));
        let url = common::url(CREATE_ORDER);
        let view = RequestView::new(&url).with_body(ORDER.as_bytes());
        let signer = |backend| {
            let key = RsaKey::loader().backend(backend).from_pem(&pem).unwrap();
            let credentials = Credentials::rsa(common::API_KEY, key).unwrap();
            Signer::new(&Environment::testnet(), credentials)
        };
        let ours = signer(RsaBackend::AwsLc);
        let text = ours
            .string_to_sign(&view, common::now())
            .unwrap()
            .expose_for_tests();

        let der: Vec<u8> = {
            use pkcs8::{SecretDocument, der::Decode};
            let (_, document) = SecretDocument::from_pem(&pem).unwrap();
            pkcs8::PrivateKeyInfoRef::from_der(document.as_bytes()).unwrap();
            document.as_bytes().to_vec()
        };
        let bare = KeyPair::from_pkcs8(&der).unwrap();
        group.bench_function("anchor: bare aws-lc-rs", |bencher| {
            let mut signature = vec![0; bare.public_modulus_len()];
            let rng = SystemRandom::new();
            bencher.iter(|| {
                bare.sign(&RSA_PKCS1_SHA256, &rng, black_box(&text), &mut signature)
                    .unwrap();
            });
        });
        group.bench_function("ours: headers, by AWS-LC", |bencher| {
            bencher.iter(|| ours.sign(black_box(&view), common::now()).unwrap());
        });
        let runtime = tokio::runtime::Runtime::new().unwrap();
        group.bench_function("ours: headers for a send, by AWS-LC", |bencher| {
            bencher.iter(|| {
                runtime.block_on(async { ours.sign_for_send(&view, common::now()).await.unwrap() })
            });
        });
        group.sample_size(10);
        let ours = signer(RsaBackend::RustCrypto);
        group.bench_function("ours: headers, by the rsa crate", |bencher| {
            bencher.iter(|| ours.sign(black_box(&view), common::now()).unwrap());
        });
        group.finish();
    }
}

criterion_group!(benches, hmac, empty_texts, rsa);
criterion_main!(benches);
