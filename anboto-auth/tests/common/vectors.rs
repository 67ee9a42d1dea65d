//! The vector files.

use anboto_auth::QueryForm;
use serde::Deserialize;

#[derive(Deserialize)]
pub struct VectorFile {
    pub api_key: String,
    pub timestamp: u64,
    pub secret: Option<String>,
    pub vectors: Vec<Vector>,
}

#[derive(Deserialize)]
pub struct Vector {
    pub name: String,
    pub recv_window: u32,
    pub pairs: Vec<(String, String)>,
    pub sent: String,
    pub decoded: String,
    pub body: String,
    pub form: String,
    pub key: Option<String>,
    pub string_to_sign: String,
    pub hex: String,
    pub base64: String,
}

impl Vector {
    pub fn query_form(&self) -> QueryForm {
        match self.form.as_str() {
            "decoded" => QueryForm::Decoded,
            "as_sent" => QueryForm::AsSent,
            other => panic!("{other} is not a form"),
        }
    }
}

pub fn hmac() -> VectorFile {
    serde_json::from_str(include_str!("../vectors/hmac.json")).unwrap()
}

pub fn rsa() -> VectorFile {
    serde_json::from_str(include_str!("../vectors/rsa.json")).unwrap()
}
