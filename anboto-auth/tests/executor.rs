//! An async executor is not stalled by a costly signature, and not troubled for a cheap one.
#![cfg(feature = "tokio")]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::mpsc,
    task::Poll,
};

use anboto_auth::{RequestView, SignError, SignedHeaders, Signer};

/// Whether a signature is computed where it is asked for: polled once while the blocking pool's only thread is held up. What
/// went there is waited for, and has to be the same signature.
fn at_once(signer: &Signer) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let (release, held_up) = mpsc::channel::<()>();
    runtime.spawn_blocking(move || held_up.recv());
    runtime.block_on(async {
        let url = common::url("/api/v2/trading/order/open");
        let view = RequestView::new(&url);
        let mut signing = pin!(signer.sign_for_send(&view, common::now()));
        let first = poll_fn(|context| Poll::Ready(signing.as_mut().poll(context))).await;
        drop(release);
        let (at_once, signed) = match first {
            Poll::Ready(signed) => (true, signed),
            Poll::Pending => (false, signing.await),
        };
        let elsewhere: Vec<_> = signed.unwrap().into_iter().collect();
        let here: Vec<_> = signer
            .sign(&view, common::now())
            .unwrap()
            .into_iter()
            .collect();
        assert_eq!(
            elsewhere, here,
            "the signature is the same wherever it is computed"
        );
        at_once
    })
}

#[test]
fn hmac_is_signed_at_once() {
    assert!(at_once(&common::hmac_signer()));
}

#[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
fn rsa_signer(key: &str, backend: anboto_auth::RsaBackend) -> Signer {
    use anboto_auth::{Credentials, Environment, RsaKey};
    let key = RsaKey::loader()
        .backend(backend)
        .from_file(common::key_path(key))
        .unwrap();
    Signer::new(
        &Environment::testnet(),
        Credentials::rsa(common::API_KEY, key).unwrap(),
    )
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn aws_lc_leaves_the_executor_above_2048_bits() {
    use anboto_auth::RsaBackend::AwsLc;
    assert!(at_once(&rsa_signer("rsa2048.pkcs8.pem", AwsLc)));
    assert!(!at_once(&rsa_signer("rsa3072.pkcs8.pem", AwsLc)));
    assert!(!at_once(&rsa_signer("rsa4096.pkcs8.pem", AwsLc)));
}

#[cfg(feature = "rustcrypto")]
#[test]
fn the_rsa_crate_always_leaves_the_executor() {
    use anboto_auth::RsaBackend::RustCrypto;
    assert!(!at_once(&rsa_signer("rsa2048.pkcs8.pem", RustCrypto)));
}

#[cfg(any(feature = "aws-lc-rs", feature = "rustcrypto"))]
#[test]
fn without_a_runtime_it_is_signed_at_once() {
    let signer = rsa_signer("rsa4096.pkcs8.pem", Default::default());
    let url = common::url("/");
    let view = RequestView::new(&url);
    let mut signing = pin!(signer.sign_for_send(&view, common::now()));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(matches!(
        signing.as_mut().poll(&mut context),
        Poll::Ready(Ok(_))
    ));
}

/// Services spawn their calls.
#[test]
fn the_future_can_be_sent() {
    fn assert_send(_: impl Future<Output = Result<SignedHeaders, SignError>> + Send) {}
    let signer = common::hmac_signer();
    let url = common::url("/");
    assert_send(signer.sign_for_send(&RequestView::new(&url), common::now()));
}
