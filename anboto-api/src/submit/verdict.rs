//! What an answer proves about an order. No answer is believed further than it reaches.

use reqwest::StatusCode;

use super::outcome::{Accepted, Outcome, Refusal, Rejected, Stage};
use super::settings::SubmitSettings;
use crate::Error;
use crate::error::Kind;
use crate::types::{ApiErrorCode, OrderStatus, OrderSummary};

/// What is known of an order after an attempt.
pub(super) enum Verdict {
    /// Enough.
    Decided(Outcome),
    /// Not enough: it has to be looked up.
    Open {
        stage: Stage,
        refusal: Option<Refusal>,
        cause: String,
    },
}

impl Verdict {
    pub(super) fn out_of_time() -> Self {
        open(Stage::NoAnswer, "the deadline passed before an answer came")
    }
}

/// What the answer to one order says of it.
pub(super) fn of_answer(
    id: &str,
    summary: &OrderSummary,
    status: StatusCode,
    settings: &SubmitSettings,
) -> Verdict {
    let names_another = summary
        .client_order_id
        .as_deref()
        .is_some_and(|echoed| echoed != id);
    if names_another && settings.matches_ids() {
        return open(Stage::NotInAnswer, "the answer is about another order");
    }
    of_summary(id, summary.clone(), status, settings)
}

/// What the answer to a batch says of each of its orders.
///
/// They are matched by client order id and never by position: the answer may leave orders out, and has no field but this one
/// that says which is which (FACTS, section 4).
pub(super) fn of_answers(
    ids: &[&str],
    summaries: &[OrderSummary],
    status: StatusCode,
    settings: &SubmitSettings,
) -> Vec<Verdict> {
    let of_order = |(position, id): (usize, &&str)| {
        let is_this = |at: usize, summary: &OrderSummary| match settings.matches_ids() {
            true => summary.client_order_id.as_deref() == Some(*id),
            false => at == position,
        };
        let mut verdicts: Vec<Verdict> = summaries
            .iter()
            .enumerate()
            .filter(|(at, summary)| is_this(*at, summary))
            .map(|(_, summary)| of_summary(id, summary.clone(), status, settings))
            .collect();
        // One that was accepted counts, whatever else is said under the same id.
        let is_accepted =
            |verdict: &Verdict| matches!(verdict, Verdict::Decided(Outcome::Accepted(_)));
        let best = verdicts.iter().position(is_accepted).unwrap_or_default();
        if verdicts.is_empty() {
            open(Stage::NotInAnswer, "the answer does not name the order")
        } else {
            verdicts.swap_remove(best)
        }
    };
    ids.iter().enumerate().map(of_order).collect()
}

/// What an answer's summary of an order says of it. The caller has seen to it that it is about this order.
fn of_summary(
    id: &str,
    summary: OrderSummary,
    status: StatusCode,
    settings: &SubmitSettings,
) -> Verdict {
    let is_rejected = summary.status == Some(OrderStatus::Rejected);
    if is_rejected || (summary.order_id.is_none() && summary.error_code.is_some()) {
        let refusal = Refusal {
            code: summary.error_code,
            message: summary.message,
            status: Some(status.as_u16()),
        };
        return refused(id, refusal, settings);
    }
    if summary.order_id.is_some() {
        return Verdict::Decided(Outcome::Accepted(Accepted::answered(id, summary)));
    }
    // Neither accepted nor refused: `{}` is a summary too.
    open(
        Stage::NotInAnswer,
        "the answer has neither an order id nor a rejection",
    )
}

/// What a failed call, of which something has left, says of an order that was in it.
pub(super) fn of_error(id: &str, error: &Error, settings: &SubmitSettings) -> Verdict {
    if let Some(status) = error.refused_with() {
        let refusal = Refusal {
            code: error
                .code()
                .map(|code| code.parse().unwrap_or_else(|never| match never {})),
            message: error.vendor_message().map(str::to_owned),
            status: Some(status),
        };
        return refused(id, refusal, settings);
    }
    let stage = match error.kind() {
        Kind::Status(_) => Stage::ServerFailed,
        Kind::Send(_) => Stage::NoAnswer,
        _ => Stage::AnswerUnreadable,
    };
    open(stage, &error.to_string())
}

fn open(stage: Stage, cause: &str) -> Verdict {
    Verdict::Open {
        stage,
        refusal: None,
        cause: cause.to_owned(),
    }
}

/// The server's refusal of one copy of the request. Whatever repeats a request on its way (RFC 9110, section 9.2.2, forbids it,
/// and gateways have done it all the same) can earn a refusal with the copy, for a duplicate id or for funds that the first one
/// took, while the first was accepted. So a refusal is believed at once only where it follows from the request alone.
fn refused(id: &str, refusal: Refusal, settings: &SubmitSettings) -> Verdict {
    if !settings.confirm_rejections || refusal.code.as_ref().is_some_and(follows_from_request) {
        return Verdict::Decided(Outcome::Rejected(Rejected {
            client_order_id: id.to_owned(),
            refusal,
        }));
    }
    Verdict::Open {
        stage: Stage::Refused,
        cause: refusal.to_string(),
        refusal: Some(refusal),
    }
}

/// Whether a server that gives this code would have given it to every copy of the request: it is about what the request holds,
/// and neither about the time, nor the market, nor the account, nor what was sent before.
fn follows_from_request(code: &ApiErrorCode) -> bool {
    matches!(
        code,
        ApiErrorCode::InvalidSignature
            | ApiErrorCode::InvalidApiKey
            | ApiErrorCode::InvalidSymbol
            | ApiErrorCode::InvalidExchange
            | ApiErrorCode::InvalidTradeStrategy
            | ApiErrorCode::BatchOversize
    )
}

impl Refusal {
    /// Whether the order itself was not judged, so that it may be worth sending again.
    pub(super) fn is_about_the_moment(&self) -> bool {
        self.status == Some(429)
            || matches!(
                self.code,
                Some(
                    ApiErrorCode::RateLimitExceeded
                        | ApiErrorCode::DdosProtection
                        | ApiErrorCode::SystemBusy
                        | ApiErrorCode::InvalidTimestamp
                )
            )
    }
}
