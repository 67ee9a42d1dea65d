//! What holds for any number and any text.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use anboto_api::types::{
    ApiErrorCode, Exchange, ExecutionStrategy, OrderStatus, Side, TradingExchange,
};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Up to 28 digits with a point anywhere among them: what a decimal holds for certain.
fn decimal_text() -> impl Strategy<Value = String> {
    ("-?", "[1-9][0-9]{0,13}|0", "[0-9]{0,14}").prop_map(|(sign, whole, fraction)| {
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{sign}{whole}{point}{fraction}")
    })
}

/// The same value: the same digits, wherever the exponent has moved them.
fn same_number(text: &str, other: &str) -> bool {
    let parts = |text: &str| {
        let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let (sign, digits) = digits
            .strip_prefix('-')
            .map_or(("", digits), |rest| ("-", rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = format!("{whole}{fraction}");
        let significant = all.trim_start_matches('0').trim_end_matches('0');
        let zeros = all.len() - all.trim_end_matches('0').len();
        let exponent = exponent.parse::<i64>().unwrap() - fraction.len() as i64 + zeros as i64;
        if significant.is_empty() {
            (String::new(), 0)
        } else {
            (format!("{sign}{significant}"), exponent)
        }
    };
    parts(text) == parts(other)
}

/// A text that is sent as a decimal number and as a decimal text, after it came in as this JSON.
fn through(json: &str) -> [String; 2] {
    use anboto_api::types::{AssetBalance, TradeDetails};
    let trade = format!(r#"{{"symbol":"","price":1,"quantity":{json}}}"#);
    let trade: TradeDetails = serde_json::from_str(&trade).unwrap();
    let trade = serde_json::to_string(&trade).unwrap();
    let number = trade.split_once("quantity\":").unwrap().1;
    let number = number.split(',').next().unwrap();
    let balance = format!(r#"{{"symbol":"","timestamp":0,"free":{json}}}"#);
    let balance: AssetBalance = serde_json::from_str(&balance).unwrap();
    let balance = serde_json::to_value(&balance).unwrap();
    [
        number.to_owned(),
        balance["free"].as_str().unwrap().to_owned(),
    ]
}

fn comes_back<E: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    text: &str,
) -> Result<(), TestCaseError> {
    let value: E = serde_json::from_value(json!(text)).unwrap();
    let written = serde_json::to_value(&value).unwrap();
    let written_text = written.as_str().unwrap();
    prop_assert!(written_text == text || written_text.eq_ignore_ascii_case(text));
    prop_assert_eq!(serde_json::from_value::<E>(written).unwrap(), value);
    Ok(())
}

/// Any text, and texts that are nearly listed.
fn enum_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[A-Z_]{0,12}",
        prop::sample::select(
            &[
                "BUY",
                "sell",
                "Short_Sell",
                "kraken",
                "TWAP",
                "filled",
                "OTHER",
                "B2C2"
            ][..]
        )
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plain_decimal_comes_out_as_it_went_in(text in decimal_text()) {
        for json in [text.clone(), format!("{text:?}")] {
            for out in through(&json) {
                // A decimal has no negative zero.
                let zero = text.bytes().all(|byte| !byte.is_ascii_digit() || byte == b'0');
                let expected = if zero { text.trim_start_matches('-') } else { &text };
                prop_assert_eq!(out.trim_start_matches(if zero { "-" } else { "" }), expected);
            }
        }
    }

    #[test]
    fn a_decimal_with_an_exponent_is_the_same_number(text in decimal_text(), exponent in -9i32..9) {
        let text = text.chars().take(18).collect::<String>();
        let text = format!("{}e{exponent}", text.trim_end_matches('.'));
        for json in [text.clone(), format!("{text:?}")] {
            for out in through(&json) {
                prop_assert!(same_number(&out, &text), "{} became {}", text, out);
                prop_assert!(!out.contains(['e', 'E']));
            }
        }
    }

    #[test]
    fn any_text_of_an_enum_comes_back(text in enum_text()) {
        comes_back::<Side>(&text)?;
        comes_back::<Exchange>(&text)?;
        comes_back::<TradingExchange>(&text)?;
        comes_back::<OrderStatus>(&text)?;
        comes_back::<ApiErrorCode>(&text)?;
        comes_back::<ExecutionStrategy>(&text)?;
    }

    #[test]
    fn verbatim_is_verbatim(text in enum_text()) {
        let value = Side::verbatim(&*text);
        prop_assert_eq!(value.as_str(), &*text);
        prop_assert_eq!(serde_json::to_value(&value).unwrap(), Value::from(text));
    }
}
