//! The request that everything is measured with, and how another scheme of this kind signs it.

use reqwest::{Body, Method, Request};

use crate::common;

pub(crate) const CREATE_ORDER: &str = "/api/v2/trading/order/create";
/// A createOrder body of ordinary size.
pub(crate) const ORDER: &str = r#"{"client_order_id":"desk7-20261122-000042","symbol":"BTC/USDT:USDT","exchange":"BINANCE","asset_category":"PERPETUAL","side":"BUY","quantity":"0.015","strategy":"TWAP","params":{"duration_seconds":"600","clip_size_type":"AUTOMATIC"}}"#;

pub(crate) fn create_order(base_url: &str) -> Request {
    let url = (base_url.to_owned() + CREATE_ORDER).parse().unwrap();
    let mut request = Request::new(Method::POST, url);
    request
        .headers_mut()
        .insert("content-type", "application/json".parse().unwrap());
    *request.body_mut() = Some(Body::from(ORDER));
    request
}

/// The same request in the type that aws-sigv4 signs.
pub(crate) fn create_order_for_aws(base_url: &str) -> http::Request<&'static str> {
    http::Request::post(base_url.to_owned() + CREATE_ORDER)
        .header("content-type", "application/json")
        .body(ORDER)
        .unwrap()
}

pub(crate) fn sign_by_aws(request: &mut http::Request<&'static str>) {
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
