//! Orders held against the precisions and limits of what they trade.

use std::collections::{HashMap, HashSet};

use rust_decimal::Decimal;

use crate::call::Call;
use crate::guard::assets;
use crate::terms::{self, Size, Terms};
use crate::types::{AssetClass, ExecutionStrategy, Instrument, Side};
use crate::{Client, Error, InvalidRequest};

impl Client {
    /// Loads the instruments of all exchanges, and from then on holds every order against them before anything is sent. Gives
    /// their number.
    ///
    /// They are kept for this client and its clones, until the next load replaces them; a load that fails changes nothing.
    /// Exchanges change precisions and limits now and then, so a service that runs for long loads them again, say once an hour.
    /// Before the first load nothing here is checked, nor is it by a client built anew from the [settings](Self::to_builder) of
    /// this one.
    ///
    /// An order or leg that breaks a limit is refused as an [invalid request](Error::is_invalid_request), which names field,
    /// value and limit; nothing was sent. A limit that the instrument does not give, or that is not above zero, is none:
    ///
    /// | of the [`Instrument`] | unit | what it bounds |
    /// |---|---|---|
    /// | `enabled` | | whether it can be traded |
    /// | `quantity_precision` | decimal places; if negative, a multiple of that power of ten | `quantity`, trailing zeros aside |
    /// | `min_quantity_limit`, `max_quantity_limit` | base asset, or contracts where the exchange counts those | `quantity`; a `target_value` in the base asset |
    /// | `min_market_limit`, `max_market_limit` | as the quantity limits | the same, of the strategy `MARKET` |
    /// | `price_precision` | decimal places, as above | every price: limit, trigger, would, and those of a ladder |
    /// | `min_price_limit`, `max_price_limit` | quote currency for one unit of the base asset | every price |
    /// | `min_cost_limit`, `max_cost_limit` | quote currency | `limit_price` times `quantity`, or a `target_value` in the quote currency |
    ///
    /// All of them are held against the order as a whole, however its strategy divides it. A cost is refused where the limit
    /// price alone tells that it breaks the limit: too small of a purchase, which never pays more; too large of a sale, which
    /// never gets less; either of the strategy `LIMIT`. Without a limit price the cost is for the server to judge. Not checked
    /// are significant figures (exchanges differ in what they mean by them), clip sizes, and a `target_value` in a currency that
    /// is neither asset.
    ///
    /// A symbol is found by Anboto's notation or the exchange's own, in any case of letters, and among the instruments of the
    /// order's asset category. One that is not found is refused if any instruments of its exchange were loaded.
    ///
    /// # Errors
    /// As [`instruments`](Self::instruments), the call that it makes.
    pub async fn load_instruments(&self) -> Result<usize, Error> {
        let list = self.instruments().send().await?.into_inner();
        let count = list.len();
        self.keep_instruments(Instruments::new(list));
        Ok(count)
    }
}

/// What can be traded, by exchange and symbol, both in upper case.
#[derive(Default)]
pub(crate) struct Instruments {
    exchanges: HashSet<String>,
    by_symbol: HashMap<String, Vec<Instrument>>,
}

impl Instruments {
    pub(crate) fn new(list: Vec<Instrument>) -> Self {
        let mut instruments = Self::default();
        for instrument in list {
            let exchange = instrument.exchange.as_str().to_ascii_uppercase();
            let own = instrument.symbol.to_ascii_uppercase();
            let of_the_exchange = instrument.exchange_symbol.to_ascii_uppercase();
            if own != of_the_exchange {
                instruments.add(of_the_exchange, instrument.clone());
            }
            instruments.add(own, instrument);
            instruments.exchanges.insert(exchange);
        }
        instruments
    }

    fn add(&mut self, symbol: String, instrument: Instrument) {
        self.by_symbol.entry(symbol).or_default().push(instrument);
    }

    /// Checks every order and leg that a call places.
    pub(crate) fn check(&self, call: &Call) -> Result<(), InvalidRequest> {
        let orders = call.value().and_then(terms::orders).unwrap_or_default();
        orders.iter().try_for_each(|terms| self.check_order(terms))
    }

    fn check_order(&self, terms: &Terms<'_>) -> Result<(), InvalidRequest> {
        let exchange = terms.exchange.as_str();
        if !self.exchanges.contains(&exchange.to_ascii_uppercase()) {
            return Ok(());
        }
        let Some(instrument) = self.find(terms) else {
            return Err(terms.place.wrong(
                "symbol",
                format!(
                    "{exchange} has no {} instrument {:?}",
                    terms.category, terms.symbol
                ),
            ));
        };
        Check { terms, instrument }.run()
    }

    /// By its own symbol rather than by that of the exchange, which a spot market and a perpetual contract may share.
    fn find(&self, terms: &Terms<'_>) -> Option<&Instrument> {
        let named = self.by_symbol.get(&terms.symbol.to_ascii_uppercase())?;
        let mut fitting = named
            .iter()
            .filter(|instrument| {
                instrument
                    .exchange
                    .as_str()
                    .eq_ignore_ascii_case(terms.exchange.as_str())
                    && may_be(&instrument.asset_class, terms.category.as_str())
            })
            .collect::<Vec<_>>();
        fitting.sort_by_key(|instrument| !instrument.symbol.eq_ignore_ascii_case(terms.symbol));
        fitting.into_iter().next()
    }
}

/// Whether an instrument of this class may be of that category. One that is not classified may be of any.
fn may_be(class: &AssetClass, category: &str) -> bool {
    *class == AssetClass::Undefined
        || class.is_unknown()
        || class.as_str().eq_ignore_ascii_case(category)
}

/// One order or leg, and what it trades.
struct Check<'a> {
    terms: &'a Terms<'a>,
    instrument: &'a Instrument,
}

impl Check<'_> {
    fn run(&self) -> Result<(), InvalidRequest> {
        let (terms, instrument) = (self.terms, self.instrument);
        if !instrument.enabled {
            return Err(terms.place.wrong(
                "symbol",
                format!("{} is not enabled on {}", terms.symbol, terms.exchange),
            ));
        }
        match terms.size {
            Size::Quantity(quantity) => {
                let precision = instrument.quantity_precision;
                self.precision("quantity", quantity, precision)?;
                self.quantity("quantity", quantity)?;
            }
            Size::Value(value, currency) => self.value(value, currency)?,
        }
        let would = terms.would.and_then(|would| would.would_price);
        let prices = [
            ("limit_price", terms.limit_price),
            (
                "params.trigger.trigger_price",
                terms.trigger.map(|trigger| trigger.trigger_price),
            ),
            ("params.would.would_price", would),
            ("params.start_ladder_price", terms.start_ladder_price),
            ("params.end_ladder_price", terms.end_ladder_price),
        ];
        for (field, price) in prices {
            if let Some(price) = price {
                self.precision(field, price, instrument.price_precision)?;
                let unit = &instrument.quote_asset;
                self.at_least(field, price, instrument.min_price_limit, "price", unit)?;
                self.at_most(field, price, instrument.max_price_limit, "price", unit)?;
            }
        }
        match (terms.size, terms.limit_price) {
            // A product that does not fit is no cost that an exchange could have meant, and the server will say so.
            (Size::Quantity(quantity), Some(price)) => match quantity.checked_mul(price) {
                Some(cost) => self.cost_at_the_limit(cost.normalize()),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn quantity(&self, field: &str, quantity: Decimal) -> Result<(), InvalidRequest> {
        let Instrument {
            min_quantity_limit,
            max_quantity_limit,
            min_market_limit,
            max_market_limit,
            base_asset,
            ..
        } = self.instrument;
        self.at_least(field, quantity, *min_quantity_limit, "quantity", base_asset)?;
        self.at_most(field, quantity, *max_quantity_limit, "quantity", base_asset)?;
        if *self.terms.strategy == ExecutionStrategy::Market {
            let what = "quantity of a market order";
            self.at_least(field, quantity, *min_market_limit, what, base_asset)?;
            self.at_most(field, quantity, *max_market_limit, what, base_asset)?;
        }
        Ok(())
    }

    /// The target of a leg. It is rounded to what the exchange trades, so that its own decimal places do not count.
    fn value(&self, value: Decimal, currency: &str) -> Result<(), InvalidRequest> {
        let Instrument {
            min_cost_limit,
            max_cost_limit,
            base_asset,
            quote_asset,
            ..
        } = self.instrument;
        let field = "target_value";
        // What the symbol says, should the instrument's assets be written differently.
        let (base, quote) = assets(&self.instrument.symbol).unwrap_or((base_asset, quote_asset));
        if currency.eq_ignore_ascii_case(base_asset) || currency.eq_ignore_ascii_case(base) {
            self.quantity(field, value)
        } else if currency.eq_ignore_ascii_case(quote_asset) || currency.eq_ignore_ascii_case(quote)
        {
            self.at_least(field, value, *min_cost_limit, "cost", quote_asset)?;
            self.at_most(field, value, *max_cost_limit, "cost", quote_asset)
        } else {
            Ok(())
        }
    }

    /// What the order costs at its limit price, where that tells what it costs at most, or at least.
    fn cost_at_the_limit(&self, cost: Decimal) -> Result<(), InvalidRequest> {
        let Instrument {
            min_cost_limit,
            max_cost_limit,
            quote_asset,
            ..
        } = self.instrument;
        let is_exact = *self.terms.strategy == ExecutionStrategy::Limit;
        // A market order follows no limit price, and of a strategy that is not listed nobody here knows.
        let is_bound =
            *self.terms.strategy != ExecutionStrategy::Market && !self.terms.strategy.is_unknown();
        if is_exact || (is_bound && *self.terms.side == Side::Buy) {
            self.at_least("quantity", cost, *min_cost_limit, "cost", quote_asset)?;
        }
        if is_exact || (is_bound && *self.terms.side == Side::Sell) {
            self.at_most("quantity", cost, *max_cost_limit, "cost", quote_asset)?;
        }
        Ok(())
    }

    fn precision(
        &self,
        field: &str,
        value: Decimal,
        places: Option<i32>,
    ) -> Result<(), InvalidRequest> {
        let Some(places) = places else { return Ok(()) };
        if is_of_precision(value, places) {
            return Ok(());
        }
        let message = if places < 0 {
            format!(
                "{value} is no multiple of 1{}",
                "0".repeat(places.unsigned_abs() as usize)
            )
        } else {
            format!("{value} has more than {places} decimal places")
        };
        Err(self.wrong(field, message))
    }

    fn at_least(
        &self,
        field: &str,
        value: Decimal,
        limit: Option<Decimal>,
        what: &str,
        unit: &str,
    ) -> Result<(), InvalidRequest> {
        match limit {
            Some(limit) if limit > Decimal::ZERO && value < limit => Err(self.wrong(
                field,
                format!("a {what} of {value} is below {limit} {unit}"),
            )),
            _ => Ok(()),
        }
    }

    fn at_most(
        &self,
        field: &str,
        value: Decimal,
        limit: Option<Decimal>,
        what: &str,
        unit: &str,
    ) -> Result<(), InvalidRequest> {
        match limit {
            Some(limit) if limit > Decimal::ZERO && value > limit => Err(self.wrong(
                field,
                format!("a {what} of {value} is above {limit} {unit}"),
            )),
            _ => Ok(()),
        }
    }

    fn wrong(&self, field: &str, message: String) -> InvalidRequest {
        let Instrument {
            exchange, symbol, ..
        } = self.instrument;
        let message = format!("{message}, the limit of {symbol} on {exchange}");
        self.terms.place.wrong(field, message)
    }
}

/// Whether a value has at most so many decimal places; with a negative number, so many zeros before the point.
fn is_of_precision(value: Decimal, places: i32) -> bool {
    match u32::try_from(places) {
        Ok(places) => value.normalize().scale() <= places,
        Err(_) => {
            // Beyond 28 digits a decimal is zero or no multiple.
            let zeros = places.unsigned_abs();
            zeros <= 28
                && 10_i128
                    .checked_pow(zeros)
                    .and_then(|step| Decimal::try_from_i128_with_scale(step, 0).ok())
                    .and_then(|step| value.checked_rem(step))
                    .is_some_and(|rest| rest.is_zero())
                || value.is_zero()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{AssetCategory, CreateParentOrderRequest, TradingExchange};

    #[test]
    fn precision_counts_places_on_either_side_of_the_point() {
        let decimal = |text: &str| text.parse::<Decimal>().unwrap();
        for (value, places, is_within) in [
            ("0.015", 3, true),
            ("0.0150000", 3, true),
            ("0.0151", 3, false),
            ("15", 0, true),
            ("15.5", 0, false),
            ("1500", -2, true),
            ("1550", -2, false),
            ("0", -40, true),
            ("79228162514264337593543950335", -40, false),
            ("79228162514264337593543950335", i32::MIN, false),
            ("0.0000000000000000000000000001", i32::MAX, true),
        ] {
            assert_eq!(
                is_of_precision(decimal(value), places),
                is_within,
                "{value} at {places}"
            );
        }
    }

    /// Some exchanges write 0 where there is no limit, and some classify nothing.
    #[test]
    fn what_an_instrument_does_not_say_restricts_nothing() {
        let instrument: Instrument = serde_json::from_str(
            r#"{"assetClass":"UNDEFINED","baseAsset":"BTC","enabled":true,"exchange":"okx",
                "exchangeAssetClass":"?","exchangeSymbol":"BTC-USDT","maxQuantityLimit":0,
                "maxMarketLimit":0,"maxPriceLimit":null,"minCostLimit":0,"quoteAsset":"USDT",
                "symbol":"BTC/USDT","timestamp":"2026-01-01T00:00:00Z"}"#,
        )
        .unwrap();
        let instruments = Instruments::new(vec![instrument]);
        let order = CreateParentOrderRequest::builder()
            .exchange(TradingExchange::Okx)
            .asset_category(AssetCategory::Future)
            .symbol("btc-usdt")
            .side(Side::Buy)
            .strategy(ExecutionStrategy::Market)
            .quantity("0.12345678901".parse::<Decimal>().unwrap())
            .limit_price(1)
            .build()
            .unwrap();
        for terms in terms::orders(&order).unwrap() {
            assert_eq!(instruments.check_order(&terms), Ok(()));
        }
    }
}
