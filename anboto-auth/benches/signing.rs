//! What signing costs, beside what it can't be cheaper than and what others take. BENCHMARKS.md has the numbers.
#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark may stop at the first surprise"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;

use anboto_auth::{Credentials, Environment, RequestView, RsaBackend, RsaKey, Signer};
use aws_lc_rs::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Body, Method, Request};
use sha2::Sha256;

const CREATE_ORDER: &str = "/api/v2/trading/order/create";
/// A createOrder body of ordinary size.
const ORDER: &str = r#"{"client_order_id":"desk7-20261122-000042","symbol":"BTC/USDT:USDT","exchange":"BINANCE","asset_category":"PERPETUAL","side":"BUY","quantity":"0.015","strategy":"TWAP","params":{"duration_seconds":"600","clip_size_type":"AUTOMATIC"}}"#;

fn create_order(base_url: &str) -> Request {
    let url = (base_url.to_owned() + CREATE_ORDER).parse().unwrap();
    let mut request = Request::new(Method::POST, url);
    request
        .headers_mut()
        .insert("content-type", "application/json".parse().unwrap());
    *request.body_mut() = Some(Body::from(ORDER));
    request
}

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
        let request = http::Request::post(create_order(environment.base_url()).url().as_str())
            .header("content-type", "application/json")
            .body(ORDER)
            .unwrap();
        bencher.iter_batched_ref(|| request.clone(), sign_by_aws, BatchSize::SmallInput);
    });
    group.finish();
}

fn sign_by_aws(request: &mut http::Request<&'static str>) {
    use aws_sigv4::{
        http_request::{SignableBody, SignableRequest, SigningSettings, sign},
        sign::v4,
    };
    thread_local! {
        static IDENTITY: aws_smithy_runtime_api::client::identity::Identity =
            aws_credential_types::Credentials::new(common::API_KEY, common::SECRET, None, None, "bench").into();
    }
    IDENTITY.with(|identity| {
        let parameters = v4::SigningParams::builder()
            .identity(identity)
            .region("eu-west-1")
            .name("execute-api")
            .time(common::now())
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let uri = request.uri().to_string();
        let body = SignableBody::Bytes(request.body().as_bytes());
        let signable = SignableRequest::new("POST", uri, headers, body).unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        instructions.apply_to_request_http1x(request);
    });
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

criterion_group!(benches, hmac, rsa);
criterion_main!(benches);
