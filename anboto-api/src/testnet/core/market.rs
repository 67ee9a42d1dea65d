//! What can be traded, and at what price: a handful of markets whose prices are a function of seed and time.

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, RoundingStrategy};

use super::noise::{self, Octave};
use crate::types::{AssetCategory, AssetClass, Exchange, FundingRate, Instrument, TradingExchange};

/// Parts per million.
const MILLION: i64 = 1_000_000;

/// How prices move, in parts per million: through the day, the hour, the minute; and each market on its own round that.
const OF_THE_ASSET: [Octave; 3] = [
    Octave {
        period_ms: 6 * 3_600_000,
        amplitude: 25_000,
    },
    Octave {
        period_ms: 20 * 60_000,
        amplitude: 6_000,
    },
    Octave {
        period_ms: 60_000,
        amplitude: 2_000,
    },
];
const OF_THE_MARKET: Octave = Octave {
    period_ms: 5_000,
    amplitude: 500,
};

/// How far a price ever is from its middle. What is reserved for an order rests on it: no fill can cost more.
const BAND: i64 = OF_THE_ASSET[0].amplitude
    + OF_THE_ASSET[1].amplitude
    + OF_THE_ASSET[2].amplitude
    + OF_THE_MARKET.amplitude;

/// Half the distance between the best bid and the best offer.
const HALF_SPREAD: i64 = 50;

const FUNDING_INTERVAL_MS: i64 = 8 * 3_600_000;

/// One symbol on one exchange.
#[derive(Debug)]
pub(crate) struct Market {
    pub(crate) exchange: TradingExchange,
    pub(crate) symbol: String,
    pub(crate) base: &'static str,
    pub(crate) quote: &'static str,
    pub(crate) category: AssetCategory,
    pub(crate) enabled: bool,
    pub(crate) price_precision: u32,
    pub(crate) quantity_precision: u32,
    pub(crate) min_quantity: Decimal,
    pub(crate) max_quantity: Decimal,
    pub(crate) min_cost: Decimal,
    middle: Decimal,
    /// Units of the base asset that the market trades in a second, on average.
    volume: Decimal,
    asset_key: u64,
    market_key: u64,
}

/// Index of a market in [`Markets`].
pub(crate) type MarketId = usize;

/// All markets.
#[derive(Debug)]
pub(crate) struct Markets(Vec<Market>);

/// The assets: name, price in USDT, price precision, quantity precision, largest quantity, volume a second.
type Asset = (&'static str, i64, u32, u32, i64, i64);
const BTC: Asset = ("BTC", 64_000, 2, 5, 1_000, 2);
const ETH: Asset = ("ETH", 3_200, 2, 4, 10_000, 30);
const SOL: Asset = ("SOL", 150, 3, 2, 100_000, 500);
const LUNA: Asset = ("LUNA", 1, 4, 1, 100_000, 100);

/// The exchanges that have markets.
pub(crate) const EXCHANGES: [TradingExchange; 3] = [
    TradingExchange::Binance,
    TradingExchange::Okx,
    TradingExchange::Bybit,
];

impl Markets {
    pub(crate) fn new(seed: u64) -> Self {
        let mut markets = Vec::new();
        for exchange in EXCHANGES {
            for asset in [BTC, ETH, SOL] {
                markets.push(Market::new(
                    seed,
                    exchange.clone(),
                    asset,
                    AssetCategory::Spot,
                ));
                markets.push(Market::new(
                    seed,
                    exchange.clone(),
                    asset,
                    AssetCategory::Future,
                ));
            }
        }
        // Delisted: its orders are taken, and then refused by the exchange.
        let mut delisted = Market::new(seed, TradingExchange::Binance, LUNA, AssetCategory::Spot);
        delisted.enabled = false;
        markets.push(delisted);
        Self(markets)
    }

    pub(crate) fn get(&self, id: MarketId) -> &Market {
        &self.0[id]
    }

    /// The market of an order, by the symbol of Anboto or by that of the exchange, in any case of letters.
    pub(crate) fn find(
        &self,
        exchange: &TradingExchange,
        symbol: &str,
        category: &AssetCategory,
    ) -> Option<MarketId> {
        self.0.iter().position(|market| {
            market.exchange == *exchange
                && market.category == *category
                && (market.symbol.eq_ignore_ascii_case(symbol)
                    || market.exchange_symbol().eq_ignore_ascii_case(symbol))
        })
    }

    /// The markets that fit, each filter left out or in any case of letters.
    pub(crate) fn select<'a>(
        &'a self,
        exchange: Option<&'a str>,
        symbol: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Market> {
        let fits = |filter: Option<&str>, text: &str| {
            filter.is_none_or(|filter| filter.eq_ignore_ascii_case(text))
        };
        self.0.iter().filter(move |market| {
            fits(exchange, market.exchange.as_str()) && fits(symbol, &market.symbol)
        })
    }
}

impl Market {
    fn new(seed: u64, exchange: TradingExchange, asset: Asset, category: AssetCategory) -> Self {
        let (base, middle, price_precision, quantity_precision, max_quantity, volume) = asset;
        let quote = "USDT";
        let symbol = match category {
            AssetCategory::Future => format!("{base}/{quote}:{quote}"),
            _ => format!("{base}/{quote}"),
        };
        Self {
            asset_key: noise::hash(&[seed, noise::hash_text(base)]),
            market_key: noise::hash(&[
                seed,
                noise::hash_text(exchange.as_str()),
                noise::hash_text(&symbol),
            ]),
            exchange,
            symbol,
            base,
            quote,
            category,
            enabled: true,
            price_precision,
            quantity_precision,
            min_quantity: Decimal::new(1, quantity_precision),
            max_quantity: max_quantity.into(),
            min_cost: 5.into(),
            middle: middle.into(),
            volume: volume.into(),
        }
    }

    pub(crate) fn is_future(&self) -> bool {
        self.category == AssetCategory::Future
    }

    pub(crate) fn exchange_symbol(&self) -> String {
        format!("{}{}", self.base, self.quote)
    }

    /// The price half-way between bid and offer.
    pub(crate) fn price(&self, at_ms: i64) -> Decimal {
        let of_the_asset: i64 = OF_THE_ASSET
            .iter()
            .map(|octave| noise::smooth(self.asset_key, octave, at_ms))
            .sum();
        let own = noise::smooth(self.market_key, &OF_THE_MARKET, at_ms);
        self.part(MILLION + of_the_asset + own)
    }

    /// What a buyer pays (`up`) or a seller gets who takes the offer or the bid; and the reverse for who waits for one.
    pub(crate) fn quote_price(&self, at_ms: i64, up: bool) -> Decimal {
        let middle = self.price(at_ms);
        let half = (middle * Decimal::from(HALF_SPREAD) / Decimal::from(MILLION)).max(self.tick());
        let price = if up { middle + half } else { middle - half };
        price.round_dp(self.price_precision)
    }

    /// No trade is ever made above.
    pub(crate) fn ceiling(&self) -> Decimal {
        self.part(MILLION + BAND + 2 * HALF_SPREAD) + self.tick()
    }

    /// Limits that an order's prices have to stay in: a tenth of the middle price to ten times that.
    pub(crate) fn price_limits(&self) -> (Decimal, Decimal) {
        (self.part(MILLION / 10), self.part(10 * MILLION))
    }

    /// What the market as a whole trades in a second.
    pub(crate) fn volume(&self, at_ms: i64) -> Decimal {
        let octave = Octave {
            period_ms: 10 * 60_000,
            amplitude: 700_000,
        };
        let level = MILLION + noise::smooth(self.market_key ^ 1, &octave, at_ms);
        self.volume * Decimal::from(level) / Decimal::from(MILLION)
    }

    /// Down to what the exchange trades.
    pub(crate) fn round_quantity(&self, quantity: Decimal) -> Decimal {
        quantity.round_dp_with_strategy(self.quantity_precision, RoundingStrategy::ToZero)
    }

    fn tick(&self) -> Decimal {
        Decimal::new(1, self.price_precision)
    }

    fn part(&self, millionths: i64) -> Decimal {
        (self.middle * Decimal::from(millionths) / Decimal::from(MILLION))
            .round_dp(self.price_precision)
    }

    pub(crate) fn instrument(&self, now: DateTime<Utc>) -> Instrument {
        let (min_price, max_price) = self.price_limits();
        Instrument {
            asset_class: if self.is_future() {
                AssetClass::Future
            } else {
                AssetClass::Spot
            },
            asset_id: None,
            base_asset: self.base.to_owned(),
            contract_size: self.is_future().then_some(Decimal::ONE),
            enabled: self.enabled,
            exchange: Exchange::try_from(&self.exchange)
                .unwrap_or_else(|_| Exchange::verbatim(self.exchange.as_str())),
            exchange_asset_class: if self.is_future() { "swap" } else { "spot" }.to_owned(),
            exchange_symbol: self.exchange_symbol(),
            max_cost_limit: None,
            max_market_limit: None,
            max_price_limit: Some(max_price),
            max_quantity_limit: Some(self.max_quantity),
            min_cost_limit: Some(self.min_cost),
            min_market_limit: None,
            min_price_limit: Some(min_price),
            min_quantity_limit: Some(self.min_quantity),
            price_precision: Some(self.price_precision as i32),
            price_significant_figure: None,
            quantity_precision: Some(self.quantity_precision as i32),
            quantity_significant_figure: None,
            quote_asset: self.quote.to_owned(),
            symbol: self.symbol.clone(),
            timestamp: now,
        }
    }

    /// The funding rate of the period that `at` is in; only futures have one.
    pub(crate) fn funding(&self, at: DateTime<Utc>) -> Option<FundingRate> {
        if !self.is_future() {
            return None;
        }
        let period = at.timestamp_millis().div_euclid(FUNDING_INTERVAL_MS);
        let time = |period: i64| DateTime::from_timestamp_millis(period * FUNDING_INTERVAL_MS);
        // -0.01 % to 0.03 %.
        let rate = |period: i64| {
            let drawn = noise::hash(&[self.market_key, 2, period as u64]) % 4_000;
            Decimal::new(drawn as i64 - 1_000, 7)
        };
        Some(FundingRate {
            exchange: self.exchange.as_str().to_ascii_lowercase(),
            mark_price: Some(self.price(at.timestamp_millis())),
            next_rate: Some(rate(period + 1)),
            next_time: time(period + 1)?,
            rate: rate(period),
            symbol: self.symbol.clone(),
            time: time(period)?,
        })
    }

    /// The funding rates of the last three days, the oldest first.
    pub(crate) fn funding_history(&self, now: DateTime<Utc>) -> Vec<FundingRate> {
        let step = chrono::TimeDelta::milliseconds(FUNDING_INTERVAL_MS);
        (0..9)
            .rev()
            .filter_map(|back| self.funding(now - step * back))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_the_seeds_and_stay_below_the_ceiling() {
        let (one, same, other) = (Markets::new(1), Markets::new(1), Markets::new(2));
        let mut differ = false;
        for (id, market) in one.0.iter().enumerate() {
            for at in (0..200).map(|step| 1_700_000_000_000 + step * 7_919_000) {
                assert_eq!(market.price(at), same.get(id).price(at));
                differ |= market.price(at) != other.get(id).price(at);
                assert!(market.quote_price(at, true) <= market.ceiling());
                assert!(market.quote_price(at, false) < market.quote_price(at, true));
                assert!(market.volume(at) > Decimal::ZERO);
            }
        }
        assert!(differ);
    }

    #[test]
    fn an_instrument_has_what_the_contract_requires() {
        let now = DateTime::from_timestamp_millis(1_700_000_000_000).unwrap();
        for market in &Markets::new(1).0 {
            let instrument = market.instrument(now);
            assert!(!instrument.exchange.is_unknown());
            assert_eq!(market.funding(now).is_some(), market.is_future());
            let history = market.funding_history(now);
            assert!(history.windows(2).all(|pair| pair[0].time < pair[1].time));
        }
    }
}
