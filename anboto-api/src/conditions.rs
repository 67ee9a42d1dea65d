//! The rules of the contract that its schema cannot say: what is needed because of what else is there.

use crate::call::Call;
use crate::terms::{self, Terms};
use crate::types::{CancelUpstreamOrderRequest, ClipSizeType, ExecutionStrategy};
use crate::{InvalidRequest, operations};

/// Checks a call against them. All but the last are also in the contract's prose, at the fields that they are about.
pub(crate) fn check(call: &Call) -> Result<(), InvalidRequest> {
    if let Some(body) = call.value() {
        for terms in terms::orders(body).unwrap_or_default() {
            check_order(&terms)?;
        }
        for (place, cancel) in terms::cancels(body) {
            if !names_an_order(cancel) {
                return Err(place.wrong(
                    "order_id",
                    "required, for there is no client_order_id either",
                ));
            }
        }
    }
    let is_look_up = call.operation.id == operations::GET_ORDERS.id;
    if is_look_up && !call.has_query("orderIds") && !call.has_query("clientOrderIds") {
        return Err(InvalidRequest::at(
            "orderIds",
            "required, for there are no clientOrderIds either",
        ));
    }
    Ok(())
}

fn check_order(terms: &Terms<'_>) -> Result<(), InvalidRequest> {
    let strategy = terms.strategy;
    let needs_duration = matches!(strategy, ExecutionStrategy::Twap | ExecutionStrategy::Vwap);
    if needs_duration && terms.duration.is_none() {
        return Err(terms.place.wrong(
            "params.duration_seconds",
            format!("required, for the strategy is {strategy}"),
        ));
    }
    match terms.clip_size_type {
        Some(kind @ (ClipSizeType::Absolute | ClipSizeType::Percentage))
            if terms.clip_size_val.is_none() =>
        {
            Err(terms.place.wrong(
                "clip_size_val",
                format!("required, for the clip_size_type is {kind}"),
            ))
        }
        _ => Ok(()),
    }
}

/// An empty id names nothing.
fn names_an_order(cancel: &CancelUpstreamOrderRequest) -> bool {
    cancel.order_id.is_some()
        || cancel
            .client_order_id
            .as_ref()
            .is_some_and(|id| !id.is_empty())
}
