//! What a client may not do, whoever asks for it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rust_decimal::Decimal;

use crate::call::Call;
use crate::operations;
use crate::terms::{self, Place, Size, Terms};
use crate::types::{ExecutionStrategy, Side, TradingExchange};

/// What a client may do at most: [`ClientBuilder::guard`](crate::ClientBuilder::guard).
///
/// A guard is for the mistake that a service makes in spite of its own care: an order a thousand times too large, on the wrong
/// exchange, in the wrong direction. It judges every call of the client right before it is signed, those of the generated
/// builders too. What it refuses is an [`Error`](crate::Error) that [`is_guarded`](crate::Error::is_guarded), with a
/// [`GuardRefusal`] as its source, and nothing was sent.
///
/// | rule | refuses |
/// |---|---|
/// | [`read_only`](Self::read_only) | whatever changes anything, cancellations too |
/// | [`largest_notional`](Self::largest_notional) | an order or leg worth more, or whose worth cannot be told |
/// | [`exchanges`](Self::exchanges), [`symbols`](Self::symbols), [`sides`](Self::sides) | an order or leg with any other |
///
/// A rule that is not given refuses nothing, and a list that is given refuses all that is not in it. Reads always pass;
/// cancellations pass unless the guard is read-only. A write that is neither a cancellation nor the placing of orders that this
/// version knows is refused, since no rule could judge it.
///
/// Each order and each leg is judged by itself. A guard adds nothing up: it does not bound what many orders are worth together.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use anboto_api::types::{Side, TradingExchange};
/// use anboto_api::{Client, Decimal, Environment, Guard, ReferencePrices};
///
/// let prices = ReferencePrices::new();
/// prices.set("BTC/USDT", Decimal::new(64_000, 0));
/// let client = Client::builder(Environment::testnet())
///     .guard(
///         Guard::new()
///             .exchanges([TradingExchange::Binance])
///             .symbols(["BTC/USDT", "ETH/USDT"])
///             .sides([Side::Buy])
///             .largest_notional("USDT", 50_000)
///             .reference_prices(&prices),
///     )
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a guard does nothing until a client is built with it"]
pub struct Guard {
    is_read_only: bool,
    exchanges: Option<Vec<TradingExchange>>,
    symbols: Option<Vec<String>>,
    sides: Option<Vec<Side>>,
    /// By quote currency, in upper case.
    largest_notional: BTreeMap<String, Decimal>,
    prices: Option<ReferencePrices>,
}

impl Guard {
    /// A guard without rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses every operation that changes anything: see [`Effect::is_write`](crate::Effect::is_write).
    pub fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }

    /// Allows orders on these exchanges alone; given again, it replaces the first list.
    pub fn exchanges(mut self, allowed: impl IntoIterator<Item = TradingExchange>) -> Self {
        self.exchanges = Some(allowed.into_iter().collect());
        self
    }

    /// Allows orders in these symbols alone, such as `BTC/USDT` and, for a perpetual contract, `BTC/USDT:USDT`; given again, it
    /// replaces the first list.
    ///
    /// The case of letters does not count, as it does not with the server. Another spelling of the same market (`BTCUSDT`) does:
    /// it is refused unless it is in the list too.
    pub fn symbols(mut self, allowed: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.symbols = Some(allowed.into_iter().map(Into::into).collect());
        self
    }

    /// Allows orders in these directions alone; given again, it replaces the first list.
    pub fn sides(mut self, allowed: impl IntoIterator<Item = Side>) -> Self {
        self.sides = Some(allowed.into_iter().collect());
        self
    }

    /// Allows orders that are worth at most so much in the quote currency of their symbol (the `USDT` of `BTC/USDT`). Once it is
    /// given for one quote currency, orders in all others are refused; give it for each.
    ///
    /// What an order is worth is its quantity times a price. The quantity counts in units of the base asset, as in
    /// `CreateParentOrderRequest`. The price is
    /// - of a purchase with a limit price, or with the two prices of a ladder: the highest price that the order names for a
    ///   trade, with its would price;
    /// - of a sale, which may trade above its limit price: the same, or the [reference price](Self::reference_prices) if that is
    ///   higher. Without a reference price a sale is only judged by the least that it may fetch;
    /// - of an order without such prices, of `MARKET`, which follows none, and of a strategy that this version does not list:
    ///   the reference price of its symbol, or the order's own if that is higher. Without a reference price it is refused.
    ///
    /// A leg of a multi-leg order has a `target_value` in the currency `ccy`: in the quote currency it is what the leg is worth,
    /// in the base asset it is a quantity, and in any other (`USD`) it counts at the reference price of that pair (`USD/USDT`).
    pub fn largest_notional(mut self, quote: &str, limit: impl Into<Decimal>) -> Self {
        self.largest_notional
            .insert(quote.to_ascii_uppercase(), limit.into());
        self
    }

    /// What orders without a price of their own count at. The caller keeps the prices and goes on setting them.
    pub fn reference_prices(mut self, prices: &ReferencePrices) -> Self {
        self.prices = Some(prices.clone());
        self
    }

    pub(crate) fn check(&self, call: &Call) -> Result<(), GuardRefusal> {
        let operation = call.operation;
        if !operation.effect.is_write() {
            return Ok(());
        }
        if self.is_read_only {
            return Err(GuardRefusal {
                field: None,
                rule: "read_only",
                value: format!("{operation} changes something"),
                limit: "operations that only read".to_owned(),
            });
        }
        let is_cancellation = [
            operations::CANCEL_ORDER.id,
            operations::CANCEL_MANY.id,
            operations::CANCEL_ALL_OPEN_ORDERS.id,
        ]
        .contains(&operation.id);
        if is_cancellation {
            return Ok(());
        }
        let Some(orders) = call.value().and_then(terms::orders) else {
            return Err(GuardRefusal {
                field: None,
                rule: "operations",
                value: format!("{operation} is no operation that it can judge"),
                limit: "reads, cancellations, and orders that this version knows".to_owned(),
            });
        };
        orders.iter().try_for_each(|terms| self.check_order(terms))
    }

    fn check_order(&self, terms: &Terms<'_>) -> Result<(), GuardRefusal> {
        let place = terms.place;
        listed(
            place,
            "exchange",
            "exchanges",
            terms.exchange,
            &self.exchanges,
        )?;
        listed(place, "symbol", "symbols", terms.symbol, &self.symbols)?;
        listed(place, "side", "sides", terms.side, &self.sides)?;
        self.check_notional(terms)
    }

    fn check_notional(&self, terms: &Terms<'_>) -> Result<(), GuardRefusal> {
        if self.largest_notional.is_empty() {
            return Ok(());
        }
        let size_field = match terms.size {
            Size::Quantity(_) => "quantity",
            Size::Value(..) => "target_value",
        };
        let refuse = |field: &str, value: String, limit: String| {
            Err(GuardRefusal {
                field: Some(terms.place.of(field)),
                rule: "largest_notional",
                value,
                limit,
            })
        };
        let limits = || {
            joined(
                self.largest_notional
                    .iter()
                    .map(|(quote, limit)| format!("{limit} {quote}")),
            )
        };
        let Some((base, quote)) = assets(terms.symbol) else {
            let value = format!("{} does not tell its quote currency", terms.symbol);
            return refuse("symbol", value, limits());
        };
        let Some(limit) = self.largest_notional.get(&quote.to_ascii_uppercase()) else {
            let value = format!("{} is quoted in {quote}", terms.symbol);
            return refuse("symbol", value, limits());
        };
        let allowed = format!("{limit} {quote}");
        let (amount, price) = match terms.size {
            Size::Value(value, currency) if currency.eq_ignore_ascii_case(quote) => {
                (value, Decimal::ONE)
            }
            Size::Value(value, currency) if !currency.eq_ignore_ascii_case(base) => {
                let pair = format!("{currency}/{quote}");
                match self.reference_price(&pair) {
                    Some(price) => (value, price),
                    None => {
                        let value =
                            format!("{value} {currency}, and {pair} has no reference price");
                        return refuse(size_field, value, allowed);
                    }
                }
            }
            Size::Quantity(amount) | Size::Value(amount, _) => match self.price(terms) {
                Some(price) => (amount, price),
                None => {
                    let value = format!(
                        "{amount} {base} without a price that bounds them, and {} has no reference price",
                        terms.symbol
                    );
                    return refuse(size_field, value, allowed);
                }
            },
        };
        match amount.abs().checked_mul(price) {
            Some(notional) if notional <= *limit => Ok(()),
            Some(notional) => {
                let value = format!("{amount} at {price} is {} {quote}", notional.normalize());
                refuse(size_field, value, allowed)
            }
            None => {
                let value = format!("{amount} at {price} is more than can be counted");
                refuse(size_field, value, allowed)
            }
        }
    }

    /// The price that one unit of the base asset counts at.
    fn price(&self, terms: &Terms<'_>) -> Option<Decimal> {
        // Whether the server takes a price of zero for none is not known.
        let positive = |price: Option<Decimal>| price.filter(|price| *price > Decimal::ZERO);
        let limit = positive(terms.limit_price);
        let ladder = positive(terms.start_ladder_price).max(positive(terms.end_ladder_price));
        let would = positive(terms.would.and_then(|would| would.would_price));
        let own = limit.max(ladder).max(would);
        let follows_prices =
            !terms.strategy.is_unknown() && *terms.strategy != ExecutionStrategy::Market;
        let is_bounded = follows_prices
            && (limit.is_some()
                || (positive(terms.start_ladder_price).is_some()
                    && positive(terms.end_ladder_price).is_some()));
        let is_purchase = terms.side.as_str().eq_ignore_ascii_case(Side::Buy.as_str());
        match (is_bounded, is_purchase) {
            (true, true) => own,
            (true, false) => own.max(self.reference_price(terms.symbol)),
            (false, _) => self
                .reference_price(terms.symbol)
                .map(|reference| own.map_or(reference, |own| own.max(reference))),
        }
    }

    fn reference_price(&self, symbol: &str) -> Option<Decimal> {
        self.prices.as_ref()?.get(symbol)
    }
}

/// Checks that a value is in a list, if there is one. The case of letters does not count: the server takes names in either.
fn listed<T: AsRef<str> + ?Sized>(
    place: Place,
    field: &str,
    rule: &'static str,
    value: &T,
    allowed: &Option<Vec<impl AsRef<str>>>,
) -> Result<(), GuardRefusal> {
    let (Some(allowed), value) = (allowed, value.as_ref()) else {
        return Ok(());
    };
    if allowed
        .iter()
        .any(|allowed| allowed.as_ref().eq_ignore_ascii_case(value))
    {
        return Ok(());
    }
    Err(GuardRefusal {
        field: Some(place.of(field)),
        rule,
        value: format!("{value:?}"),
        limit: joined(allowed.iter().map(AsRef::as_ref)),
    })
}

fn joined(items: impl IntoIterator<Item = impl Into<String>>) -> String {
    let items: Vec<String> = items.into_iter().map(Into::into).collect();
    if items.is_empty() {
        "none".to_owned()
    } else {
        items.join(", ")
    }
}

/// Base and quote of a symbol such as `BTC/USDT` or `BTC/USDT:USDT`.
pub(crate) fn assets(symbol: &str) -> Option<(&str, &str)> {
    let (base, rest) = symbol.split_once('/')?;
    let quote = rest.split(':').next()?;
    (!base.is_empty() && !quote.is_empty()).then_some((base, quote))
}

/// Prices by symbol, for the orders that have none: [`Guard::reference_prices`].
///
/// Clones share the prices, so who feeds them keeps one and goes on setting them while the guard looks at another. A price
/// stays until it is set again or removed; how old it may grow is for the one who feeds them to decide.
#[derive(Clone, Default)]
pub struct ReferencePrices(Arc<RwLock<HashMap<String, Decimal>>>);

impl ReferencePrices {
    /// No prices yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what one unit of the symbol's base asset is worth in its quote currency. A price that is not above zero is as none.
    pub fn set(&self, symbol: &str, price: impl Into<Decimal>) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(symbol.to_ascii_uppercase(), price.into());
    }

    /// Forgets the price of a symbol.
    pub fn remove(&self, symbol: &str) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&symbol.to_ascii_uppercase());
    }

    fn get(&self, symbol: &str) -> Option<Decimal> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&symbol.to_ascii_uppercase())
            .copied()
            .filter(|price| *price > Decimal::ZERO)
    }
}

impl fmt::Debug for ReferencePrices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prices = self.0.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_map().entries(prices.iter()).finish()
    }
}

/// Why a [`Guard`] refused a call: the source of an [`Error`](crate::Error) that [`is_guarded`](crate::Error::is_guarded).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardRefusal {
    field: Option<String>,
    rule: &'static str,
    value: String,
    limit: String,
}

impl GuardRefusal {
    /// The field that is refused, as a path such as `orders[3].symbol`; `None` when it is the operation.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// The rule that refuses it, by the name of the [`Guard`]'s method; or `operations`, for one that no rule can judge.
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// What was asked for.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What the rule allows.
    pub fn limit(&self) -> &str {
        &self.limit
    }
}

impl fmt::Display for GuardRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        let Self {
            rule, value, limit, ..
        } = self;
        write!(f, "{value}; the guard's {rule} allows {limit}")
    }
}

impl std::error::Error for GuardRefusal {}

#[cfg(test)]
mod tests {
    use reqwest::Method;

    use super::*;
    use crate::{Effect, Operation};

    #[test]
    fn a_write_that_no_rule_can_judge_is_refused() {
        static AMEND: Operation = Operation::new(
            "amendOrder",
            Method::POST,
            "/api/v2/trading/order/amend",
            true,
            Effect::RepeatableWrite,
            200,
        );
        let refusal = Guard::new().check(&Call::new(&AMEND));
        assert_eq!(
            refusal.map_err(|refusal| refusal.to_string()),
            Err("amendOrder is no operation that it can judge; the guard's operations allows reads, \
                 cancellations, and orders that this version knows"
                .to_owned())
        );
    }
}
