//! Which orders are taken: the rules of the contract, those that its schema cannot say, and the limits of the markets.

use rust_decimal::Decimal;

use super::Core;
use super::ledger::{LEVERAGE, Reserve, TAKER_FEE, WalletId};
use super::market::{EXCHANGES, Market};
use super::order::{Leg, NewOrder, Progress, ms};
use super::schedule::{Schedule, Wishes};
use crate::types::{
    ApiErrorCode, AssetCategory, ClipSizeType, CreateMultiLegsParentOrderRequest,
    CreateOrderLegRequest, CreateParentOrderRequest, ExecutionStrategy, MultiLegsAlgo, Side,
    TradingExchange, TradingStyle, TriggerInfo, Urgency, WouldInfo,
};

const DAY_MS: i64 = 86_400_000;
/// Without an end an order ends after 30 days; one more than 60 days ahead is refused.
const DEFAULT_END_MS: i64 = 30 * DAY_MS;
const LAST_END_MS: i64 = 60 * DAY_MS;
const LONGEST_CLIENT_ORDER_ID: usize = 128;

/// Why an order is refused.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rejection {
    pub(crate) code: ApiErrorCode,
    pub(crate) message: String,
}

pub(crate) fn reject<T>(code: ApiErrorCode, message: impl Into<String>) -> Result<T, Rejection> {
    Err(Rejection {
        code,
        message: message.into(),
    })
}

/// What a plain order and a leg have in common.
struct Terms<'a> {
    exchange: &'a TradingExchange,
    symbol: &'a str,
    category: &'a AssetCategory,
    side: &'a Side,
    strategy: &'a ExecutionStrategy,
    limit: Option<Decimal>,
    clip_type: Option<&'a ClipSizeType>,
    clip: Option<Decimal>,
    duration: Option<std::time::Duration>,
    style: Option<&'a TradingStyle>,
    urgency: Option<&'a Urgency>,
    jitter: bool,
    reduce_only: bool,
    would: Option<&'a WouldInfo>,
    trigger: Option<&'a TriggerInfo>,
    ladder: (Option<Decimal>, Option<Decimal>),
}

/// How much is traded.
enum Size<'a> {
    Quantity(Decimal),
    /// A value in a currency.
    Value(Decimal, &'a str),
}

impl Core {
    /// A plain order, if it is one that is taken.
    pub(super) fn check_order(
        &self,
        account: usize,
        request: &CreateParentOrderRequest,
    ) -> Result<NewOrder, Rejection> {
        let client_order_id = self.check_client_order_id(account, &request.client_order_id)?;
        let params = request.params.clone().unwrap_or_default();
        let (start_ms, end_ms) =
            self.check_times(request.start_time.map(ms), request.end_time.map(ms))?;
        let terms = Terms {
            exchange: &request.exchange,
            symbol: &request.symbol,
            category: &request.asset_category,
            side: &request.side,
            strategy: &request.strategy,
            limit: request.limit_price,
            clip_type: request.clip_size_type.as_ref(),
            clip: request.clip_size_val,
            duration: params.duration_seconds,
            style: params.trading_style.as_ref(),
            urgency: params.urgency.as_ref(),
            jitter: params.randomize_amount == Some(true),
            reduce_only: params.reduce_only == Some(true),
            would: params.would.as_ref(),
            trigger: params.trigger.as_ref(),
            ladder: (params.start_ladder_price, params.end_ladder_price),
        };
        let size = Size::Quantity(request.quantity);
        let leg = self.check_leg(
            account,
            &request.subaccount,
            &terms,
            &size,
            end_ms - start_ms,
        )?;
        Ok(NewOrder {
            account,
            client_order_id,
            start_ms,
            end_ms,
            legs: vec![leg],
        })
    }

    /// A multi-leg order, if it is one that is taken.
    pub(super) fn check_multi_leg_order(
        &self,
        account: usize,
        request: &CreateMultiLegsParentOrderRequest,
    ) -> Result<NewOrder, Rejection> {
        let client_order_id = self.check_client_order_id(account, &request.client_order_id)?;
        if request.algo != MultiLegsAlgo::Pair {
            return reject(
                ApiErrorCode::InvalidTradeStrategy,
                format!("algo {} is not known", request.algo),
            );
        }
        if request.legs.len() != 2 {
            return reject(ApiErrorCode::InvalidOrder, "a PAIR has two legs");
        }
        let (start_ms, end_ms) =
            self.check_times(request.start_time.map(ms), request.end_time.map(ms))?;
        let legs = request.legs.iter().enumerate().map(|(index, leg)| {
            self.check_order_leg(account, &request.subaccount, leg, end_ms - start_ms)
                .map_err(|rejection| Rejection {
                    message: format!("leg {}: {}", index + 1, rejection.message),
                    ..rejection
                })
        });
        Ok(NewOrder {
            account,
            client_order_id,
            start_ms,
            end_ms,
            legs: legs.collect::<Result<_, _>>()?,
        })
    }

    fn check_order_leg(
        &self,
        account: usize,
        subaccount: &Option<String>,
        leg: &CreateOrderLegRequest,
        length_ms: i64,
    ) -> Result<Leg, Rejection> {
        let params = leg.params.clone().unwrap_or_default();
        let terms = Terms {
            exchange: &leg.exchange,
            symbol: &leg.symbol,
            category: &leg.asset_category,
            side: &leg.side,
            strategy: &leg.strategy,
            limit: leg.limit_price,
            clip_type: leg.clip_size_type.as_ref(),
            clip: leg.clip_size_val,
            duration: params.duration_seconds,
            style: params.trading_style.as_ref(),
            urgency: params.urgency.as_ref(),
            jitter: params.randomize_amount == Some(true),
            reduce_only: false,
            would: params.would.as_ref(),
            trigger: params.trigger.as_ref(),
            ladder: (None, None),
        };
        let size = Size::Value(leg.target_value, &leg.ccy);
        self.check_leg(account, subaccount, &terms, &size, length_ms)
    }

    fn check_client_order_id(
        &self,
        account: usize,
        id: &Option<String>,
    ) -> Result<Option<String>, Rejection> {
        let Some(id) = id else { return Ok(None) };
        if id.is_empty() || id.len() > LONGEST_CLIENT_ORDER_ID {
            return reject(
                ApiErrorCode::InvalidParam,
                format!("client_order_id must have 1 to {LONGEST_CLIENT_ORDER_ID} bytes"),
            );
        }
        if !self.rules.duplicate_client_order_ids && self.book.knows(account, id) {
            return reject(
                ApiErrorCode::InvalidOrder,
                "client_order_id is already taken",
            );
        }
        Ok(Some(id.clone()))
    }

    fn check_times(&self, start: Option<i64>, end: Option<i64>) -> Result<(i64, i64), Rejection> {
        let now = self.now_ms;
        let start = start.unwrap_or(now).max(now);
        if start > now + LAST_END_MS {
            return reject(
                ApiErrorCode::InvalidTradeTime,
                "start_time is more than 60 days ahead",
            );
        }
        let end = end.unwrap_or(start + DEFAULT_END_MS);
        if end <= start {
            return reject(
                ApiErrorCode::InvalidEndTime,
                "end_time is not after the start",
            );
        }
        if end > now + LAST_END_MS && end != start + DEFAULT_END_MS {
            return reject(
                ApiErrorCode::InvalidEndTime,
                "end_time is more than 60 days ahead",
            );
        }
        Ok((start, end))
    }

    fn check_leg(
        &self,
        account: usize,
        subaccount: &Option<String>,
        terms: &Terms<'_>,
        size: &Size<'_>,
        longest_ms: i64,
    ) -> Result<Leg, Rejection> {
        if !EXCHANGES.contains(terms.exchange) {
            return reject(
                ApiErrorCode::InvalidExchange,
                format!("exchange {} is not available here", terms.exchange),
            );
        }
        if !matches!(terms.category, AssetCategory::Spot | AssetCategory::Future) {
            return reject(
                ApiErrorCode::InvalidParam,
                format!("asset_category {} is not taken", terms.category),
            );
        }
        let Some(id) = self
            .markets
            .find(terms.exchange, terms.symbol, terms.category)
        else {
            return reject(
                ApiErrorCode::InvalidSymbol,
                format!(
                    "{} has no {} market {}",
                    terms.exchange, terms.category, terms.symbol
                ),
            );
        };
        let market = self.markets.get(id);
        if !matches!(terms.side, Side::Buy | Side::Sell) {
            return reject(
                ApiErrorCode::InvalidParam,
                format!("side {} is not taken", terms.side),
            );
        }
        if terms.strategy.is_unknown() {
            return reject(
                ApiErrorCode::InvalidTradeStrategy,
                format!("strategy {} is not known", terms.strategy),
            );
        }
        let wallet = WalletId {
            account,
            exchange: terms.exchange.clone(),
            subaccount: subaccount.clone(),
        };
        let Some(holdings) = self.ledger.wallet(&wallet) else {
            return reject(ApiErrorCode::InvalidParam, "subaccount is not known");
        };
        let quantity = check_size(market, size, market.price(self.now_ms))?;
        let limit = check_prices(market, terms)?;
        if terms.reduce_only {
            let held = holdings.position(&market.symbol);
            let reduces = match terms.side {
                Side::Sell => held > Decimal::ZERO,
                _ => held < Decimal::ZERO,
            };
            if !reduces {
                return reject(
                    ApiErrorCode::InvalidOrder,
                    "reduce_only, and there is no position to reduce",
                );
            }
        }
        let schedule = check_schedule(market, terms, quantity, longest_ms)?;

        let bound = limit.map_or(market.ceiling(), |limit| limit.min(market.ceiling()));
        let (asset, reserve_unit) = match (market.is_future(), terms.side) {
            (true, _) if terms.reduce_only => (market.quote, Decimal::ZERO),
            (true, _) => (
                market.quote,
                market.ceiling() * (Decimal::ONE / LEVERAGE + TAKER_FEE),
            ),
            (false, Side::Sell) => (market.base, Decimal::ONE),
            (false, _) => (market.quote, bound * (Decimal::ONE + TAKER_FEE)),
        };
        Ok(Leg {
            wallet,
            market: id,
            side: terms.side.clone(),
            strategy: terms.strategy.clone(),
            quantity,
            value: match size {
                Size::Quantity(quantity) => *quantity,
                Size::Value(value, _) => *value,
            },
            limit: terms.limit,
            style: terms.style.cloned(),
            trigger: terms.trigger.cloned(),
            would: terms.would.cloned(),
            reduce_only: terms.reduce_only,
            schedule,
            reserve: Reserve {
                asset,
                amount: quantity * reserve_unit,
            },
            reserve_unit,
            progress: Progress::default(),
        })
    }
}

fn check_size(market: &Market, size: &Size<'_>, price: Decimal) -> Result<Decimal, Rejection> {
    let wrong = |message: String| reject(ApiErrorCode::InvalidQuantity, message);
    let quantity = match *size {
        Size::Quantity(quantity) => {
            if quantity.normalize().scale() > market.quantity_precision {
                return wrong(format!(
                    "quantity has more than {} decimal places",
                    market.quantity_precision
                ));
            }
            quantity
        }
        Size::Value(value, currency) if currency.eq_ignore_ascii_case(market.base) => {
            market.round_quantity(value)
        }
        Size::Value(value, currency)
            if [market.quote, "USD"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(currency)) =>
        {
            market.round_quantity(value / price)
        }
        Size::Value(_, currency) => {
            return reject(
                ApiErrorCode::InvalidParam,
                format!("ccy {currency} is none of this market's"),
            );
        }
    };
    if quantity < market.min_quantity {
        return wrong(format!("quantity is below {}", market.min_quantity));
    }
    if quantity > market.max_quantity {
        return reject(
            ApiErrorCode::QuantityExceed,
            format!("quantity is above {}", market.max_quantity),
        );
    }
    if quantity * price < market.min_cost {
        return wrong(format!("the order costs less than {}", market.min_cost));
    }
    Ok(quantity)
}

/// Checks every price of an order, and gives the highest at which it may buy.
fn check_prices(market: &Market, terms: &Terms<'_>) -> Result<Option<Decimal>, Rejection> {
    let (lowest, highest) = market.price_limits();
    let check = |name: &str, price: Decimal, code: ApiErrorCode| {
        let is_within = price >= lowest && price <= highest;
        if is_within && price.normalize().scale() <= market.price_precision {
            Ok(())
        } else {
            reject(
                code,
                format!(
                    "{name} must be from {lowest} to {highest}, with at most {} decimal places",
                    market.price_precision
                ),
            )
        }
    };
    if let Some(limit) = terms.limit {
        check("limit_price", limit, ApiErrorCode::InvalidLimitPrice)?;
    } else if *terms.strategy == ExecutionStrategy::Limit {
        return reject(ApiErrorCode::InvalidLimitPrice, "LIMIT needs limit_price");
    }
    if let Some(trigger) = terms.trigger {
        check(
            "trigger_price",
            trigger.trigger_price,
            ApiErrorCode::InvalidTriggerPrice,
        )?;
        if trigger.trigger_condition.is_unknown() {
            return reject(ApiErrorCode::InvalidParam, "trigger_condition is not known");
        }
    }
    if let Some(would) = terms.would {
        if let Some(price) = would.would_price {
            check("would_price", price, ApiErrorCode::InvalidWouldPrice)?;
        }
        if would.would_pct <= Decimal::ZERO || would.would_pct > Decimal::ONE_HUNDRED {
            return reject(
                ApiErrorCode::InvalidParam,
                "would_pct must be above 0, up to 100",
            );
        }
    }
    let Some((from, to)) = ladder(terms)? else {
        return Ok(terms.limit);
    };
    for price in [from, to] {
        check("ladder price", price, ApiErrorCode::InvalidLimitPrice)?;
    }
    Ok(Some(from.max(to)))
}

/// The ladder of a scale order: both of its prices, or none.
fn ladder(terms: &Terms<'_>) -> Result<Option<(Decimal, Decimal)>, Rejection> {
    match terms.ladder {
        (Some(from), Some(to)) if *terms.strategy == ExecutionStrategy::Iceberg => {
            Ok(Some((from, to)))
        }
        (None, None) => Ok(None),
        (Some(_), Some(_)) => reject(
            ApiErrorCode::InvalidParam,
            "a ladder belongs to ICEBERG orders",
        ),
        _ => reject(
            ApiErrorCode::InvalidParam,
            "a ladder needs both of its prices",
        ),
    }
}

fn check_schedule(
    market: &Market,
    terms: &Terms<'_>,
    quantity: Decimal,
    longest_ms: i64,
) -> Result<Schedule, Rejection> {
    let needs_duration = matches!(
        terms.strategy,
        ExecutionStrategy::Twap | ExecutionStrategy::Vwap
    );
    if needs_duration && terms.duration.is_none() {
        return reject(
            ApiErrorCode::InvalidParam,
            format!("{} needs duration_seconds", terms.strategy),
        );
    }
    let length_ms = match terms.duration {
        Some(duration) => match i64::try_from(duration.as_millis()) {
            Ok(length @ 1..=LAST_END_MS) => Some(length.min(longest_ms)),
            _ => {
                return reject(
                    ApiErrorCode::InvalidTradeTime,
                    "duration_seconds must be from a second to 60 days",
                );
            }
        },
        None => None,
    };
    let kind = terms.clip_type.unwrap_or(&ClipSizeType::Automatic);
    let (clip, percent) = match (kind, terms.clip) {
        (ClipSizeType::Automatic, _) => (None, None),
        (ClipSizeType::Absolute | ClipSizeType::Percentage, None) => {
            return reject(
                ApiErrorCode::InvalidParam,
                format!("clip_size_type {kind} needs clip_size_val"),
            );
        }
        (ClipSizeType::Absolute, Some(clip)) if clip >= market.min_quantity && clip <= quantity => {
            (Some(clip), None)
        }
        (ClipSizeType::Percentage, Some(percent))
            if percent > Decimal::ZERO && percent <= Decimal::ONE_HUNDRED =>
        {
            let clip = quantity * percent / Decimal::ONE_HUNDRED;
            (Some(clip.max(market.min_quantity)), Some(percent))
        }
        (ClipSizeType::Absolute | ClipSizeType::Percentage, Some(_)) => {
            return reject(ApiErrorCode::InvalidParam, "clip_size_val is out of range");
        }
        _ => {
            return reject(
                ApiErrorCode::InvalidParam,
                format!("clip_size_type {kind} is not known"),
            );
        }
    };
    Ok(Schedule::new(
        terms.strategy,
        &Wishes {
            quantity,
            length_ms,
            clip,
            percent,
            jitter: terms.jitter,
            urgency: terms.urgency,
            ladder: ladder(terms)?,
        },
    ))
}
