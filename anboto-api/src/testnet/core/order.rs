//! One order, from PENDING_NEW to its end.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::ledger::{Fill, Ledger, MAKER_FEE, Reserve, TAKER_FEE, WalletId};
use super::market::{Market, MarketId, Markets};
use super::noise;
use super::schedule::Schedule;
use crate::types::{
    ExecutionStrategy, OrderDetails, OrderStatus, OrderSummary, Side, TradeDetails, TradingStyle,
    TriggerCondition, TriggerInfo, WouldInfo,
};

/// Between an order and its acceptance, and between a cancellation and its end, there are so many ms.
const LATENCY_MS: i64 = 25;

/// Ids begin above 2^53, where the vendor's are.
pub(crate) const FIRST_ID: i64 = 596_990_285_759_373_312;

/// An order, plain (one leg) or of several legs.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) id: i64,
    pub(crate) account: usize,
    pub(crate) client_order_id: Option<String>,
    pub(crate) status: OrderStatus,
    pub(crate) created_ms: i64,
    /// When it may begin to trade, and by when it has to be filled.
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    pub(crate) ended_ms: Option<i64>,
    pub(crate) legs: Vec<Leg>,
    pub(crate) trades: Vec<Trade>,
    cancel_ms: Option<i64>,
}

/// What an order trades in one market.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) wallet: WalletId,
    pub(crate) market: MarketId,
    pub(crate) side: Side,
    pub(crate) strategy: ExecutionStrategy,
    pub(crate) quantity: Decimal,
    /// What the quantity stands for: itself, or the target value of a leg.
    pub(crate) value: Decimal,
    pub(crate) limit: Option<Decimal>,
    pub(crate) style: Option<TradingStyle>,
    pub(crate) trigger: Option<TriggerInfo>,
    pub(crate) would: Option<WouldInfo>,
    pub(crate) reduce_only: bool,
    pub(crate) schedule: Schedule,
    pub(crate) reserve: Reserve,
    /// What is reserved for each unit of the quantity.
    pub(crate) reserve_unit: Decimal,
    pub(crate) progress: Progress,
}

#[derive(Debug, Default)]
pub(crate) struct Progress {
    filled: Decimal,
    cost: Decimal,
    begun_ms: Option<i64>,
    slice: u32,
    next_ms: Option<i64>,
    /// The end of the schedule, once it has begun.
    until_ms: Option<i64>,
    looked: bool,
    is_over: bool,
}

/// One execution.
#[derive(Debug, Clone)]
pub(crate) struct Trade {
    leg: usize,
    id: i64,
    at_ms: i64,
    quantity: Decimal,
    price: Decimal,
    fee: Decimal,
    is_maker: bool,
}

/// What an order is made from.
pub(crate) struct NewOrder {
    pub(crate) account: usize,
    pub(crate) client_order_id: Option<String>,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    pub(crate) legs: Vec<Leg>,
}

/// Whether nothing more becomes of an order.
pub(crate) fn is_terminal(status: &OrderStatus) -> bool {
    matches!(
        status,
        OrderStatus::Rejected | OrderStatus::Filled | OrderStatus::Cancelled | OrderStatus::Expired
    )
}

/// The surroundings that an order acts on.
pub(crate) struct World<'a> {
    pub(crate) markets: &'a Markets,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) seed: u64,
    pub(crate) next_trade_id: &'a mut i64,
}

impl Order {
    pub(crate) fn new(id: i64, now_ms: i64, new: NewOrder) -> Self {
        Self {
            id,
            account: new.account,
            client_order_id: new.client_order_id,
            status: OrderStatus::PendingNew,
            created_ms: now_ms,
            start_ms: new.start_ms,
            end_ms: new.end_ms,
            ended_ms: None,
            legs: new.legs,
            trades: Vec::new(),
            cancel_ms: None,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        !is_terminal(&self.status)
    }

    /// When something happens to it next; `None` once it has ended.
    pub(crate) fn due_ms(&self) -> Option<i64> {
        if !self.is_open() {
            return None;
        }
        let next = if self.status == OrderStatus::PendingNew {
            Some(self.created_ms + LATENCY_MS)
        } else {
            self.legs.iter().filter_map(Leg::due_ms).min()
        };
        [next, Some(self.end_ms), self.cancel_ms]
            .into_iter()
            .flatten()
            .min()
    }

    /// Asks for its cancellation; it takes effect a little later, and until then the order may still fill.
    pub(crate) fn cancel(&mut self, now_ms: i64) {
        if self.is_open() && self.cancel_ms.is_none() {
            self.status = OrderStatus::PendingCancel;
            self.cancel_ms = Some(now_ms + LATENCY_MS);
        }
    }

    /// Carries out what is due.
    pub(crate) fn step(&mut self, at_ms: i64, world: &mut World<'_>) {
        if self.status == OrderStatus::PendingNew && at_ms >= self.created_ms + LATENCY_MS {
            if self
                .legs
                .iter()
                .any(|leg| !world.markets.get(leg.market).enabled)
            {
                return self.end(OrderStatus::Rejected, at_ms, world);
            }
            self.status = OrderStatus::Accepted;
            for leg in &mut self.legs {
                leg.progress.next_ms = Some(self.start_ms.max(at_ms));
            }
        }
        for index in 0..self.legs.len() {
            if self.legs[index].due_ms().is_some_and(|due| due <= at_ms) {
                self.trade(index, at_ms, world);
            }
        }
        if self.legs.iter().all(|leg| leg.leaves().is_zero()) {
            self.end(OrderStatus::Filled, at_ms, world);
        } else if self.cancel_ms.is_some_and(|cancel| cancel <= at_ms) {
            self.end(OrderStatus::Cancelled, at_ms, world);
        } else if self.end_ms <= at_ms || self.legs.iter().all(|leg| leg.is_over()) {
            self.end(OrderStatus::Expired, at_ms, world);
        } else if self.status == OrderStatus::Accepted && !self.trades.is_empty() {
            self.status = OrderStatus::PartiallyFilled;
        }
    }

    fn end(&mut self, status: OrderStatus, at_ms: i64, world: &mut World<'_>) {
        self.status = status;
        self.ended_ms = Some(at_ms);
        for leg in &mut self.legs {
            if let Some(wallet) = world.ledger.wallet_mut(&leg.wallet) {
                wallet.release(&mut leg.reserve);
            }
        }
        self.trades.shrink_to_fit();
    }

    fn trade(&mut self, index: usize, at_ms: i64, world: &mut World<'_>) {
        let leg = &mut self.legs[index];
        let market = world.markets.get(leg.market);
        let key = noise::hash(&[world.seed, self.id as u64, index as u64]);
        let Some(wallet) = world.ledger.wallet_mut(&leg.wallet) else {
            leg.progress.is_over = true;
            return;
        };
        let held = wallet.position(&market.symbol);
        let Some((quantity, price, is_maker)) = leg.slice(at_ms, key, market, held, self.end_ms)
        else {
            return;
        };
        let rate = if is_maker { MAKER_FEE } else { TAKER_FEE };
        let fee = (quantity * price * rate).round_dp(8);
        let fill = Fill {
            market,
            side: &leg.side,
            quantity,
            price,
            fee,
        };
        wallet.book(&fill, &mut leg.reserve, quantity * leg.reserve_unit);
        leg.progress.filled += quantity;
        leg.progress.cost += quantity * price;
        if leg.leaves().is_zero() {
            leg.progress.is_over = true;
        }
        *world.next_trade_id += 1;
        self.trades.push(Trade {
            leg: index,
            id: *world.next_trade_id,
            at_ms,
            quantity,
            price,
            fee,
            is_maker,
        });
    }

    /// The answer about it that creating and cancelling give.
    pub(crate) fn summary(&self) -> OrderSummary {
        OrderSummary {
            client_order_id: self.client_order_id.clone(),
            created_at: DateTime::from_timestamp_millis(self.created_ms),
            error_code: None,
            message: None,
            order_id: Some(self.id),
            status: Some(self.status.clone()),
        }
    }

    /// It in full.
    ///
    /// An order of several legs counts in the value that its legs are to fill; where the legs differ it has no symbol, no side,
    /// no exchange and no average price.
    pub(crate) fn details(&self, markets: &Markets, trades: bool, fees: bool) -> OrderDetails {
        let sum = |part: fn(&Leg) -> Decimal| self.legs.iter().map(part).sum::<Decimal>();
        let (filled, whole) = (sum(Leg::filled_value), sum(|leg| leg.value));
        let common = |same: fn(&Leg, &Leg) -> bool| {
            let first = self.legs.first()?;
            self.legs
                .iter()
                .all(|leg| same(leg, first))
                .then_some(first)
        };
        let of_one_market = common(|a, b| a.market == b.market);
        let market = |leg: &Leg| markets.get(leg.market);
        let quantity = sum(|leg| leg.progress.filled);
        let last = self.trades.last();
        OrderDetails {
            asset_class: common(|a, b| a.market == b.market)
                .map(|leg| market(leg).category.clone()),
            average_price: match of_one_market {
                Some(leg) if !quantity.is_zero() => (sum(|leg| leg.progress.cost) / quantity)
                    .round_dp(market(leg).price_precision + 4)
                    .normalize(),
                _ => Decimal::ZERO,
            },
            client_order_id: self.client_order_id.clone(),
            end_time: self.ended_ms.and_then(DateTime::from_timestamp_millis),
            exchange: common(|a, b| a.wallet.exchange == b.wallet.exchange)
                .map(|leg| leg.wallet.exchange.clone()),
            fees_infos: fees.then(|| {
                let mut sums = std::collections::BTreeMap::new();
                for trade in &self.trades {
                    let currency = market(&self.legs[trade.leg]).quote.to_owned();
                    *sums.entry(currency).or_insert(Decimal::ZERO) += trade.fee;
                }
                sums
            }),
            filled_quantity: filled.normalize(),
            last_price: last.map_or(Decimal::ZERO, |trade| trade.price.normalize()),
            last_quantity: last.map_or(Decimal::ZERO, |trade| trade.quantity.normalize()),
            leaves_quantity: if self.is_open() {
                (whole - filled).normalize()
            } else {
                Decimal::ZERO
            },
            order_id: Some(self.id),
            side: common(|a, b| a.side == b.side).map(|leg| leg.side.clone()),
            start_time: self
                .legs
                .iter()
                .filter_map(|leg| leg.progress.begun_ms)
                .min()
                .and_then(DateTime::from_timestamp_millis),
            status: Some(self.status.clone()),
            strategy: common(|a, b| a.strategy == b.strategy).map(|leg| leg.strategy.clone()),
            symbol: of_one_market.map(|leg| market(leg).symbol.clone()),
            trades: trades.then(|| {
                self.trades
                    .iter()
                    .map(|trade| self.trade_details(trade, markets))
                    .collect()
            }),
        }
    }

    /// Its trades on one exchange and sub-account.
    pub(crate) fn trades_in<'a>(
        &'a self,
        wallet: &'a WalletId,
        markets: &'a Markets,
    ) -> impl Iterator<Item = TradeDetails> + 'a {
        self.trades
            .iter()
            .filter(move |trade| self.legs[trade.leg].wallet == *wallet)
            .map(move |trade| self.trade_details(trade, markets))
    }

    fn trade_details(&self, trade: &Trade, markets: &Markets) -> TradeDetails {
        let leg = &self.legs[trade.leg];
        let market = markets.get(leg.market);
        TradeDetails {
            client_order_id: self.client_order_id.clone(),
            direction: Some(leg.side.as_str().to_owned()),
            exchange_order_id: Some(format!("{}-{}", self.id, trade.leg + 1)),
            exec_time: Some(trade.at_ms),
            fee: Some(trade.fee.normalize()),
            fee_currency: Some(market.quote.to_owned()),
            maker_or_taker: Some(if trade.is_maker { "MAKER" } else { "TAKER" }.to_owned()),
            price: trade.price.normalize(),
            quantity: trade.quantity.normalize(),
            symbol: market.symbol.clone(),
            trade_id: Some(trade.id),
        }
    }
}

impl Leg {
    fn leaves(&self) -> Decimal {
        self.quantity - self.progress.filled
    }

    fn is_over(&self) -> bool {
        self.progress.is_over
    }

    fn filled_value(&self) -> Decimal {
        if self.progress.filled == self.quantity {
            self.value
        } else if self.value == self.quantity {
            self.progress.filled
        } else {
            (self.value * self.progress.filled / self.quantity).round_dp(8)
        }
    }

    fn due_ms(&self) -> Option<i64> {
        let due = self.progress.next_ms.filter(|_| !self.progress.is_over)?;
        Some(self.progress.until_ms.map_or(due, |until| due.min(until)))
    }

    /// What the slice that is due trades: quantity, price, whether as maker. Moves on to the next slice.
    fn slice(
        &mut self,
        at_ms: i64,
        key: u64,
        market: &Market,
        held: Decimal,
        end_ms: i64,
    ) -> Option<(Decimal, Decimal, bool)> {
        if self.progress.until_ms.is_some_and(|until| until <= at_ms) {
            self.progress.is_over = true;
            return None;
        }
        let look_ms = ((end_ms - at_ms) / 5_000).max(1_000);
        let begun_ms = match self.progress.begun_ms {
            Some(begun_ms) => begun_ms,
            None if self.is_triggered(market.price(at_ms)) => {
                self.progress.begun_ms = Some(at_ms);
                self.progress.until_ms = self.schedule.length_ms().map(|length| at_ms + length);
                at_ms
            }
            None => {
                self.progress.next_ms = Some(at_ms + look_ms);
                return None;
            }
        };
        let slice = self.progress.slice;
        let mut target = self.schedule.target(
            slice,
            self.quantity,
            self.progress.filled,
            key,
            market,
            begun_ms,
        );
        let is_buy = self.side != Side::Sell;
        target += self.would(market.price(at_ms), is_buy);
        let mut quantity = if target >= self.quantity {
            self.leaves()
        } else {
            market.round_quantity((target - self.progress.filled).max(Decimal::ZERO))
        };
        if self.reduce_only {
            let reducible = if is_buy { -held } else { held }.max(Decimal::ZERO);
            if reducible.is_zero() {
                self.progress.is_over = true;
                return None;
            }
            quantity = quantity.min(reducible);
        }

        let is_maker = self.is_maker(noise::hash(&[key, u64::from(slice)]));
        self.progress.looked = true;
        let mut price = market.quote_price(at_ms, is_buy != is_maker);
        let limit = self.schedule.ladder_price(slice).or(self.limit);
        let is_within = limit.is_none_or(|limit| {
            if is_buy {
                price <= limit
            } else {
                price >= limit
            }
        });
        if let (true, Some(limit)) = (is_maker && self.strategy == ExecutionStrategy::Limit, limit)
        {
            // What rests in the book trades at its own price, unless the market is better still.
            let taken = market.quote_price(at_ms, is_buy);
            price = if is_buy {
                limit.min(taken)
            } else {
                limit.max(taken)
            };
        }

        if is_within || !self.schedule.waits() {
            self.progress.next_ms = Some(if self.schedule.is_last(slice) {
                at_ms + look_ms
            } else {
                self.progress.slice += 1;
                let late_ms = if self.schedule.waits() {
                    // What has held up the rest has put off the rest.
                    self.schedule.offset_ms(1)
                } else {
                    0
                };
                (begun_ms + self.schedule.offset_ms(slice + 1)).max(at_ms + late_ms)
            });
        } else {
            self.progress.next_ms = Some(at_ms + look_ms);
        }
        (is_within && quantity > Decimal::ZERO).then_some((quantity, price, is_maker))
    }

    fn is_triggered(&self, price: Decimal) -> bool {
        self.trigger.as_ref().is_none_or(|trigger| {
            if trigger.trigger_condition == TriggerCondition::Below {
                price <= trigger.trigger_price
            } else {
                price >= trigger.trigger_price
            }
        })
    }

    /// What is traded at once, because the price of the would mode is reached: once, a part of what is left.
    fn would(&mut self, price: Decimal, is_buy: bool) -> Decimal {
        let is_reached = self
            .would
            .as_ref()
            .and_then(|would| would.would_price)
            .is_some_and(|at| if is_buy { price <= at } else { price >= at });
        match self.would.take_if(|_| is_reached) {
            Some(would) => self.leaves() * would.would_pct / Decimal::ONE_HUNDRED,
            None => Decimal::ZERO,
        }
    }

    fn is_maker(&self, drawn: u64) -> bool {
        match (&self.strategy, &self.style) {
            (ExecutionStrategy::Market, _) => false,
            // What can trade the moment that it arrives takes; what has to wait makes.
            (ExecutionStrategy::Limit, _) => self.progress.looked,
            (_, Some(TradingStyle::Passive)) => true,
            (_, Some(TradingStyle::Aggressive)) => false,
            _ => drawn & 1 == 0,
        }
    }
}

/// A time of the contract in ms.
pub(crate) fn ms(time: DateTime<Utc>) -> i64 {
    time.timestamp_millis()
}
