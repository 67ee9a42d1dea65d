//! Who owns what: balances, what orders have reserved of them, positions. Every change is one of the few operations here, and
//! each of them keeps the sums.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, RoundingStrategy};

use super::market::Market;
use crate::types::{
    AccountPosition, AccountPositionMarginMode, AccountPositionSide, AssetBalance, Side,
    TradingExchange,
};

/// Of every futures position. Prices stay within a band so much smaller that no position is ever liquidated.
pub(crate) const LEVERAGE: Decimal = Decimal::from_parts(5, 0, 0, false, 0);

/// Of the cost of a trade: who takes an offer pays 0.05 %, who waits for one 0.02 %.
pub(crate) const TAKER_FEE: Decimal = Decimal::from_parts(5, 0, 0, false, 4);
pub(crate) const MAKER_FEE: Decimal = Decimal::from_parts(2, 0, 0, false, 4);

/// Amounts have at most so many decimal places.
const PLACES: u32 = 12;

/// An account's money on one exchange: the account, the exchange, the sub-account if it is not the default one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct WalletId {
    pub(crate) account: usize,
    pub(crate) exchange: TradingExchange,
    pub(crate) subaccount: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    wallets: HashMap<WalletId, Wallet>,
}

#[derive(Debug, Default)]
pub(crate) struct Wallet {
    assets: BTreeMap<String, Holding>,
    positions: BTreeMap<String, Position>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Holding {
    balance: Decimal,
    reserved: Decimal,
}

/// A futures position. What it cost is kept as a sum and the entry price comes from it, so nothing is lost in division.
#[derive(Debug, Default, Clone, Copy)]
struct Position {
    /// Negative when short.
    contracts: Decimal,
    /// What the open contracts cost; negative when short.
    cost: Decimal,
    /// Margin that is held for it.
    margin: Decimal,
}

/// What an order has set aside of one asset.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reserve {
    pub(crate) asset: &'static str,
    pub(crate) amount: Decimal,
}

/// One execution, as the ledger books it.
pub(crate) struct Fill<'a> {
    pub(crate) market: &'a Market,
    pub(crate) side: &'a Side,
    pub(crate) quantity: Decimal,
    pub(crate) price: Decimal,
    pub(crate) fee: Decimal,
}

/// One with the sign of an amount.
fn sign(amount: Decimal) -> Decimal {
    if amount.is_sign_negative() {
        -Decimal::ONE
    } else {
        Decimal::ONE
    }
}

impl Ledger {
    pub(crate) fn deposit(&mut self, wallet: WalletId, asset: &str, amount: Decimal) {
        let wallet = self.wallets.entry(wallet).or_default();
        wallet.holding(asset).balance += amount;
    }

    pub(crate) fn wallet(&self, id: &WalletId) -> Option<&Wallet> {
        self.wallets.get(id)
    }

    pub(crate) fn wallet_mut(&mut self, id: &WalletId) -> Option<&mut Wallet> {
        self.wallets.get_mut(id)
    }
}

impl Wallet {
    fn holding(&mut self, asset: &str) -> &mut Holding {
        if !self.assets.contains_key(asset) {
            self.assets.insert(asset.to_owned(), Holding::default());
        }
        match self.assets.get_mut(asset) {
            Some(holding) => holding,
            None => unreachable!("it was put there"),
        }
    }

    pub(crate) fn position(&self, symbol: &str) -> Decimal {
        self.positions
            .get(symbol)
            .map_or(Decimal::ZERO, |position| position.contracts)
    }

    /// Sets an amount aside, if so much is free.
    pub(crate) fn reserve(&mut self, reserve: &Reserve) -> bool {
        let holding = self.holding(reserve.asset);
        let is_covered = holding.balance - holding.reserved >= reserve.amount;
        if is_covered {
            holding.reserved += reserve.amount;
        }
        is_covered
    }

    /// Gives back what an order has left of its reserve.
    pub(crate) fn release(&mut self, reserve: &mut Reserve) {
        self.holding(reserve.asset).reserved -= reserve.amount;
        reserve.amount = Decimal::ZERO;
    }

    /// Books a fill. `share` of the order's reserve is freed by it.
    pub(crate) fn book(&mut self, fill: &Fill<'_>, reserve: &mut Reserve, share: Decimal) {
        let freed = share.min(reserve.amount);
        reserve.amount -= freed;
        self.holding(reserve.asset).reserved -= freed;
        if fill.market.is_future() {
            self.book_future(fill);
        } else {
            self.book_spot(fill);
        }
    }

    fn book_spot(&mut self, fill: &Fill<'_>) {
        let cost = fill.quantity * fill.price;
        let (base, quote) = match fill.side {
            Side::Sell => (-fill.quantity, cost - fill.fee),
            _ => (fill.quantity, -cost - fill.fee),
        };
        self.holding(fill.market.base).balance += base;
        self.holding(fill.market.quote).balance += quote;
    }

    fn book_future(&mut self, fill: &Fill<'_>) {
        let signed = match fill.side {
            Side::Sell => -fill.quantity,
            _ => fill.quantity,
        };
        let position = self
            .positions
            .entry(fill.market.symbol.clone())
            .or_default();
        let before = *position;
        let is_opposite = before.contracts.is_sign_negative() != signed.is_sign_negative();
        let closes = if is_opposite {
            before.contracts.abs().min(signed.abs())
        } else {
            Decimal::ZERO
        };
        let mut realised = Decimal::ZERO;
        if closes > Decimal::ZERO {
            let released = if closes == before.contracts.abs() {
                before.cost
            } else {
                (before.cost * closes / before.contracts.abs()).round_dp(PLACES)
            };
            let closed = closes * fill.price * sign(before.contracts);
            realised = closed - released;
            position.cost -= released;
            position.contracts -= closes * sign(before.contracts);
        }
        let opens = signed.abs() - closes;
        position.contracts += opens * sign(signed);
        position.cost += opens * fill.price * sign(signed);
        position.margin = (position.cost.abs() / LEVERAGE)
            .round_dp_with_strategy(PLACES, RoundingStrategy::ToPositiveInfinity);
        let after = *position;
        if after.contracts.is_zero() {
            self.positions.remove(&fill.market.symbol);
        }
        let quote = self.holding(fill.market.quote);
        quote.reserved += after.margin - before.margin;
        quote.balance += realised - fill.fee;
    }

    /// The balances above zero.
    pub(crate) fn balances(&self, now: DateTime<Utc>) -> Vec<AssetBalance> {
        self.assets
            .iter()
            .filter(|(_, holding)| holding.balance > Decimal::ZERO)
            .map(|(asset, holding)| AssetBalance {
                balance: Some(holding.balance.normalize()),
                free: Some(
                    (holding.balance - holding.reserved)
                        .max(Decimal::ZERO)
                        .normalize(),
                ),
                symbol: asset.clone(),
                timestamp: now,
            })
            .collect()
    }

    /// The positions other than zero; `market` finds the market of a symbol.
    pub(crate) fn positions<'a>(
        &self,
        now: DateTime<Utc>,
        market: impl Fn(&str) -> Option<&'a Market>,
    ) -> Vec<AccountPosition> {
        self.positions
            .iter()
            .filter_map(|(symbol, position)| {
                let market = market(symbol)?;
                let mark = market.price(now.timestamp_millis());
                let size = position.contracts.abs();
                let entry =
                    (position.cost / position.contracts).round_dp(market.price_precision + 4);
                let is_long = position.contracts > Decimal::ZERO;
                let away = entry / LEVERAGE;
                Some(AccountPosition {
                    collateral: Some(position.margin.normalize()),
                    contracts: Some(size.normalize()),
                    entry_price: Some(entry.normalize()),
                    instrument: Some(market.instrument(now)),
                    leverage: Some(LEVERAGE),
                    liquidation_price: Some(
                        if is_long { entry - away } else { entry + away }
                            .round_dp(market.price_precision),
                    ),
                    margin_mode: Some(AccountPositionMarginMode::Cross),
                    mark_price: Some(mark),
                    notional: Some((size * mark).normalize()),
                    side: Some(if is_long {
                        AccountPositionSide::Long
                    } else {
                        AccountPositionSide::Short
                    }),
                    symbol: symbol.clone(),
                    timestamp: now,
                    unrealized_pnl: Some((position.contracts * mark - position.cost).normalize()),
                })
            })
            .collect()
    }
}
