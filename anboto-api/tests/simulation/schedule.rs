//! What a schedule holds, as a function of its seed.

use std::time::Duration;

use anboto_api::Decimal;
use anboto_api::testnet::{DecimalShape, Refusals, Rules};
use anboto_api::types::*;

use super::network::{Clock, Weather};
use super::purpose;
use super::random::Random;

/// One run of the simulation: the exchange's rules, the weather, the computers, and what they are to do.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) seed: u64,
    pub(crate) rules: Rules,
    pub(crate) weather: Weather,
    /// What the client is told to allow for after a window's end: exactly what the weather needs.
    pub(crate) margin: Duration,
    pub(crate) batch_size: usize,
    pub(crate) confirms_rejections: bool,
    pub(crate) signs_by_server_clock: bool,
    /// How many calls a second the client holds itself to.
    pub(crate) rate: Option<u32>,
    /// Whether reads are repeated as they are by default.
    pub(crate) repeats: bool,
    pub(crate) errands: Vec<Errand>,
    /// The clock of the first computer, and of the one that takes over.
    pub(crate) clocks: [Clock; 2],
    pub(crate) disk: Option<Disk>,
    /// When the process is killed, and how long it takes until another one takes over.
    pub(crate) killed: Option<(Duration, Duration)>,
}

/// Where a process writes down what it is about to send.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    pub(crate) takes: Duration,
    /// Of a hundred writes so many fail.
    pub(crate) fails: u64,
}

/// One submission.
#[derive(Debug, Clone)]
pub(crate) struct Errand {
    pub(crate) after: Duration,
    pub(crate) form: Form,
    pub(crate) orders: Vec<Plan>,
    pub(crate) resubmissions: u32,
    pub(crate) deadline: Duration,
    /// After so long its future is dropped, and what was in flight is resolved by the same process.
    pub(crate) dropped_after: Option<Duration>,
    /// Whether what was accepted is cancelled, and by which of its ids.
    pub(crate) cancels: Option<Named>,
}

/// By which of its ids an order is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    ByClient,
    ByAnboto,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    One,
    Batch,
    MultiLegs,
    ManyMultiLegs,
}

/// One order.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Left out, one is minted.
    pub(crate) id: Option<String>,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Works for ten minutes.
    Twap,
    /// Filled within a second.
    Market,
    /// Takes most of the funds: a second one lacks them.
    Large,
    /// Lacks funds by itself.
    Oversized,
    /// Taken, and rejected by its exchange a moment later.
    Delisted,
    /// Refused for what the request itself holds.
    Misnamed,
}

impl Schedule {
    pub(crate) fn new(seed: u64) -> Self {
        let random = &mut Random::new(seed, purpose::SCHEDULE);
        let margin_ms = random.pick(&[200, 1_000, 2_000, 2_000, 5_000]);
        let (replay_protection, duplicates) =
            random.pick(&[(false, true), (true, true), (false, false), (true, false)]);
        // What remembers requests until their windows end does so by one clock: by several, it takes a copy now and then.
        let differ_ms = match replay_protection && duplicates {
            true => 0,
            false => random.between(0, margin_ms / 2),
        };
        // Only where refusals are final may a client be told to believe them.
        let refusals_are_final = random.percent(15);
        let weather = Weather {
            heals_ms: random.between(0, 60_000),
            lost: chance(random),
            copied: chance(random),
            refused: chance(random) / 2,
            unanswered: chance(random),
            kinds: if random.percent(30) {
                u64::MAX
            } else {
                random.next() & random.next() | random.next() & random.next() & random.next()
            },
            copies_are_refused: (replay_protection || !duplicates) && !refusals_are_final,
            refusals_are_final,
            lag: Duration::from_millis(margin_ms - differ_ms),
            clocks_differ: Duration::from_millis(differ_ms),
            window_ms: random.pick(&[1_000, 5_000, 5_000, 20_000]),
            timeout_ms: random.pick(&[500, 3_000, 15_000]),
        };
        let mut rules = Rules::default();
        rules.replay_protection = replay_protection;
        rules.duplicate_client_order_ids = duplicates;
        rules.refusals = random.pick(&[Refusals::Coded, Refusals::Bare, Refusals::Empty]);
        rules.shapes.decimals = random.pick(&[DecimalShape::Numbers, DecimalShape::Varying]);
        rules.batch_limit = random.pick(&[200, 200, 2]);
        let signs_by_server_clock = random.percent(30);
        // Who signs by the exchange's clock gets by without its own ever being put right.
        let is_put_right = !signs_by_server_clock || random.percent(50);
        let put_right = is_put_right.then_some(weather.heals_ms);
        let clocks = [clock(random, put_right), clock(random, put_right)];
        let errands = errands(random);
        let disk = random.percent(60).then(|| Disk {
            takes: Duration::from_millis(random.pick(&[0, 0, 5, 200])),
            fails: random.pick(&[0, 0, 0, 30]),
        });
        let killed = (disk.is_some() && random.percent(50)).then(|| {
            let at = random.pick(&[50, 200, 1_000, 10_000, 60_000]);
            (
                Duration::from_millis(random.between(0, at)),
                Duration::from_millis(random.between(0, 20_000)),
            )
        });
        Self {
            seed,
            rules,
            weather,
            margin: Duration::from_millis(margin_ms),
            batch_size: random.pick(&[50, 50, 1, 2]),
            confirms_rejections: !refusals_are_final || random.percent(30),
            signs_by_server_clock,
            rate: random.percent(15).then(|| random.pick(&[1, 5, 20])),
            repeats: random.percent(80),
            errands,
            clocks,
            disk,
            killed,
        }
    }

    pub(crate) fn orders(&self) -> usize {
        self.errands.iter().map(|errand| errand.orders.len()).sum()
    }
}

/// How often something happens: never, seldom, often, nearly always.
fn chance(random: &mut Random) -> u64 {
    random.pick(&[0, 5, 20, 50, 90])
}

/// A clock within the exchange's tolerance, or not. The exchange takes timestamps that are up to a second ahead of it.
fn clock(random: &mut Random, put_right: Option<u64>) -> Clock {
    let offset_ms = match random.between(0, 9) {
        0..=4 => random.either_way(100),
        5..=7 => random.either_way(1_200),
        8 => random.either_way(6_000),
        _ => random.either_way(60_000),
    };
    Clock {
        offset_ms,
        drift_ppm: random.pick(&[0, 0, 20, -20, 20_000, -20_000]),
        step: random
            .percent(20)
            .then(|| (random.between(0, 30_000), random.either_way(8_000))),
        put_right: put_right.map(|at| (at, random.either_way(300))),
    }
}

fn errands(random: &mut Random) -> Vec<Errand> {
    let mut left = random.between(1, 4);
    // Several of a kind at a time, so that their answers can be mistaken for one another.
    let in_step = random
        .percent(30)
        .then(|| random.pick(&[Form::One, Form::One, Form::Batch, Form::MultiLegs]));
    let mut errands = Vec::new();
    while left > 0 {
        let form = random.pick(&[
            Form::One,
            Form::One,
            Form::One,
            Form::Batch,
            Form::Batch,
            Form::MultiLegs,
            Form::ManyMultiLegs,
        ]);
        let form = in_step.unwrap_or(form);
        let count = match form {
            Form::One | Form::MultiLegs => 1,
            Form::Batch | Form::ManyMultiLegs => random.between(left.min(2), left),
        };
        left -= count;
        let number = errands.len();
        let orders = (0..count)
            .map(|order| Plan {
                id: random
                    .percent(50)
                    .then(|| format!("desk-{number}-order-{order}")),
                kind: match random.between(0, 19) {
                    0..=10 => Kind::Twap,
                    11 | 12 => Kind::Market,
                    13..=15 => Kind::Large,
                    16 => Kind::Oversized,
                    17 | 18 => Kind::Delisted,
                    _ => Kind::Misnamed,
                },
            })
            .collect();
        let dropped = random.pick(&[50, 500, 5_000, 40_000]);
        errands.push(Errand {
            after: Duration::from_millis(match in_step {
                Some(_) => random.between(0, 30),
                None => random.pick(&[0, 0, 0, 10, 500, 8_000]),
            }),
            form,
            orders,
            resubmissions: random.pick(&[0, 0, 1, 3]),
            deadline: Duration::from_millis(random.pick(&[300, 10_000, 30_000, 30_000, 120_000])),
            dropped_after: random
                .percent(15)
                .then(|| Duration::from_millis(random.between(0, dropped))),
            cancels: random
                .percent(25)
                .then(|| random.pick(&[Named::ByClient, Named::ByAnboto])),
        });
    }
    errands
}

impl Plan {
    pub(crate) fn order(&self) -> builder::CreateParentOrderRequest {
        let (symbol, quantity) = match self.kind {
            Kind::Twap | Kind::Market => ("BTC/USDT", Decimal::new(1, 2)),
            Kind::Large => ("BTC/USDT", Decimal::from(9)),
            Kind::Oversized => ("BTC/USDT", Decimal::from(500)),
            Kind::Delisted => ("LUNA/USDT", Decimal::from(100)),
            Kind::Misnamed => ("NO/SUCH", Decimal::ONE),
        };
        let order = CreateParentOrderRequest::builder()
            .exchange(TradingExchange::Binance)
            .symbol(symbol)
            .asset_category(AssetCategory::Spot)
            .side(Side::Buy)
            .quantity(quantity);
        let order = match self.kind {
            Kind::Market => order.strategy(ExecutionStrategy::Market),
            _ => order
                .strategy(ExecutionStrategy::Twap)
                .params(OrderParams::builder().duration_seconds(Duration::from_secs(600))),
        };
        match &self.id {
            Some(id) => order.client_order_id(id.as_str()),
            None => order,
        }
    }

    /// Spot against future; what is delisted or misnamed is so in its first leg.
    pub(crate) fn multi_legs(&self) -> builder::CreateMultiLegsParentOrderRequest {
        let (symbol, value) = match self.kind {
            Kind::Twap | Kind::Market => ("BTC/USDT", 1_000),
            Kind::Large => ("BTC/USDT", 600_000),
            Kind::Oversized => ("BTC/USDT", 20_000_000),
            Kind::Delisted => ("LUNA/USDT", 100),
            Kind::Misnamed => ("NO/SUCH", 100),
        };
        let leg = |symbol: &str, category, side| {
            CreateOrderLegRequest::builder()
                .exchange(TradingExchange::Binance)
                .symbol(symbol)
                .asset_category(category)
                .side(side)
                .target_value(Decimal::from(value))
                .ccy("USD")
                .strategy(ExecutionStrategy::Twap)
                .params(OrderLegParams::builder().duration_seconds(Duration::from_secs(600)))
                .build()
                .unwrap()
        };
        let order = CreateMultiLegsParentOrderRequest::builder()
            .algo(MultiLegsAlgo::Pair)
            .legs([
                leg(symbol, AssetCategory::Spot, Side::Buy),
                leg("BTC/USDT:USDT", AssetCategory::Future, Side::Sell),
            ]);
        match &self.id {
            Some(id) => order.client_order_id(id.as_str()),
            None => order,
        }
    }
}
