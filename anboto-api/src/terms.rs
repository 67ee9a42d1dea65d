//! What the body of a call asks for, in the one form that every check of it looks at.

use std::any::Any;
use std::fmt::Write;
use std::time::Duration;

use crate::InvalidRequest;
use crate::types::{
    AssetCategory, CancelManyUpstreamOrdersRequest, CancelUpstreamOrderRequest, ClipSizeType,
    CreateManyMultiLegsParentOrdersRequest, CreateManyParentOrdersRequest,
    CreateMultiLegsParentOrderRequest, CreateOrderLegRequest, CreateParentOrderRequest,
    ExecutionStrategy, Side, TradingExchange, TriggerInfo, WouldInfo,
};
use rust_decimal::Decimal;

/// An order to be placed, or one leg of it.
pub(crate) struct Terms<'a> {
    pub(crate) place: Place,
    pub(crate) exchange: &'a TradingExchange,
    pub(crate) category: &'a AssetCategory,
    pub(crate) symbol: &'a str,
    pub(crate) side: &'a Side,
    pub(crate) strategy: &'a ExecutionStrategy,
    pub(crate) size: Size<'a>,
    pub(crate) limit_price: Option<Decimal>,
    pub(crate) clip_size_type: Option<&'a ClipSizeType>,
    pub(crate) clip_size_val: Option<Decimal>,
    pub(crate) duration: Option<Duration>,
    pub(crate) trigger: Option<&'a TriggerInfo>,
    pub(crate) would: Option<&'a WouldInfo>,
    /// The prices at which a scale order starts and ends.
    pub(crate) start_ladder_price: Option<Decimal>,
    pub(crate) end_ladder_price: Option<Decimal>,
}

/// How much is traded.
#[derive(Clone, Copy)]
pub(crate) enum Size<'a> {
    Quantity(Decimal),
    /// A value in a currency.
    Value(Decimal, &'a str),
}

/// Where in a body something stands.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    order: Option<usize>,
    leg: Option<usize>,
}

impl Place {
    /// The path of a field there, such as `orders[3].legs[1].symbol`.
    pub(crate) fn of(self, field: &str) -> String {
        let mut path = String::new();
        for (list, index) in [("orders", self.order), ("legs", self.leg)] {
            if let Some(index) = index {
                // Writing to a text cannot fail.
                let _ = write!(path, "{list}[{index}].");
            }
        }
        path + field
    }

    pub(crate) fn wrong(self, field: &str, message: impl Into<String>) -> InvalidRequest {
        InvalidRequest::at(&self.of(field), message)
    }
}

/// The orders that a body asks to place, each leg of a multi-leg order by itself; `None` for a body of another kind.
pub(crate) fn orders(body: &dyn Any) -> Option<Vec<Terms<'_>>> {
    if let Some(order) = body.downcast_ref::<CreateParentOrderRequest>() {
        return Some(vec![Terms::of_order(order, Place::default())]);
    }
    if let Some(body) = body.downcast_ref::<CreateManyParentOrdersRequest>() {
        let orders = body.orders.iter().enumerate();
        return Some(
            orders
                .map(|(index, order)| Terms::of_order(order, Place::order(index)))
                .collect(),
        );
    }
    if let Some(order) = body.downcast_ref::<CreateMultiLegsParentOrderRequest>() {
        return Some(Terms::of_legs(order, Place::default()).collect());
    }
    let body = body.downcast_ref::<CreateManyMultiLegsParentOrdersRequest>()?;
    let orders = body.orders.iter().enumerate();
    Some(
        orders
            .flat_map(|(index, order)| Terms::of_legs(order, Place::order(index)))
            .collect(),
    )
}

/// The orders that a body asks to cancel; none for a body of another kind.
pub(crate) fn cancels(body: &dyn Any) -> Vec<(Place, &CancelUpstreamOrderRequest)> {
    if let Some(cancel) = body.downcast_ref::<CancelUpstreamOrderRequest>() {
        return vec![(Place::default(), cancel)];
    }
    let Some(body) = body.downcast_ref::<CancelManyUpstreamOrdersRequest>() else {
        return Vec::new();
    };
    let cancels = body.orders.iter().enumerate();
    cancels
        .map(|(index, cancel)| (Place::order(index), cancel))
        .collect()
}

impl Place {
    fn order(index: usize) -> Self {
        Self {
            order: Some(index),
            leg: None,
        }
    }
}

impl<'a> Terms<'a> {
    fn of_order(order: &'a CreateParentOrderRequest, place: Place) -> Self {
        let params = order.params.as_ref();
        Self {
            place,
            exchange: &order.exchange,
            category: &order.asset_category,
            symbol: &order.symbol,
            side: &order.side,
            strategy: &order.strategy,
            size: Size::Quantity(order.quantity),
            limit_price: order.limit_price,
            clip_size_type: order.clip_size_type.as_ref(),
            clip_size_val: order.clip_size_val,
            duration: params.and_then(|params| params.duration_seconds),
            trigger: params.and_then(|params| params.trigger.as_ref()),
            would: params.and_then(|params| params.would.as_ref()),
            start_ladder_price: params.and_then(|params| params.start_ladder_price),
            end_ladder_price: params.and_then(|params| params.end_ladder_price),
        }
    }

    fn of_legs(
        order: &'a CreateMultiLegsParentOrderRequest,
        place: Place,
    ) -> impl Iterator<Item = Self> {
        order.legs.iter().enumerate().map(move |(index, leg)| {
            let leg_place = Place {
                leg: Some(index),
                ..place
            };
            Self::of_leg(leg, leg_place)
        })
    }

    fn of_leg(leg: &'a CreateOrderLegRequest, place: Place) -> Self {
        let params = leg.params.as_ref();
        Self {
            place,
            exchange: &leg.exchange,
            category: &leg.asset_category,
            symbol: &leg.symbol,
            side: &leg.side,
            strategy: &leg.strategy,
            size: Size::Value(leg.target_value, &leg.ccy),
            limit_price: leg.limit_price,
            clip_size_type: leg.clip_size_type.as_ref(),
            clip_size_val: leg.clip_size_val,
            duration: params.and_then(|params| params.duration_seconds),
            trigger: params.and_then(|params| params.trigger.as_ref()),
            would: params.and_then(|params| params.would.as_ref()),
            start_ladder_price: None,
            end_ladder_price: None,
        }
    }
}
