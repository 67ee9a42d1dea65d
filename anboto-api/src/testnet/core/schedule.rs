//! When a strategy trades, and how much: the slices of an order.

use rust_decimal::Decimal;

use super::market::Market;
use super::noise;
use crate::types::{ExecutionStrategy, Urgency};

/// Slices of a time-driven order are at least so far apart, and there are at most so many of them.
const MIN_SPACING_MS: i64 = 5_000;
const MAX_SLICES: i64 = 40;
/// How long after one another the clips of an iceberg are shown, and how often a share of the volume is taken.
const CLIP_SPACING_MS: i64 = 5_000;
/// How far the parts of a market order, or of a limit order that is hit, are apart.
const PART_SPACING_MS: i64 = 200;
/// How long an implementation shortfall takes without a duration.
const IS_LENGTH_MS: i64 = 600_000;
/// The share of the market's volume that is taken unless the order says otherwise, in percent.
const DEFAULT_SHARE: u32 = 10;

/// What the quantities of an order's slices follow.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Pace {
    /// The same in each; or varying at random.
    Even { jitter: bool },
    /// The market's volume.
    Volume,
    /// Less and less, by this many hundredths of the slice before.
    Falling { hundredths: u64 },
    /// A share of the market's volume, in percent, until the order is filled.
    Share { percent: Decimal },
}

/// The slices of one order, or of one leg.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pace: Pace,
    slices: u32,
    spacing_ms: i64,
    /// Whether a slice that cannot trade holds up the rest, instead of being carried over to the next.
    waits: bool,
    /// How long the whole takes; what is left then expires.
    length_ms: Option<i64>,
    /// The limit prices of the first and the last slice of a scale order.
    ladder: Option<(Decimal, Decimal)>,
}

/// What decides about a schedule besides the strategy.
#[derive(Debug, Default)]
pub(crate) struct Wishes<'a> {
    pub(crate) quantity: Decimal,
    pub(crate) length_ms: Option<i64>,
    /// Size of a slice.
    pub(crate) clip: Option<Decimal>,
    /// The same, as the order has it in percent.
    pub(crate) percent: Option<Decimal>,
    pub(crate) jitter: bool,
    pub(crate) urgency: Option<&'a Urgency>,
    pub(crate) ladder: Option<(Decimal, Decimal)>,
}

impl Schedule {
    pub(crate) fn new(strategy: &ExecutionStrategy, wishes: &Wishes<'_>) -> Self {
        let by_clip = wishes.clip.map(|clip| slices_of(wishes.quantity, clip));
        let timed = |pace, length_ms: i64| {
            let most = (length_ms / MIN_SPACING_MS).clamp(2, MAX_SLICES);
            let slices = by_clip.unwrap_or(most as u32);
            Self {
                pace,
                slices,
                spacing_ms: length_ms / i64::from(slices),
                waits: false,
                length_ms: Some(length_ms),
                ladder: None,
            }
        };
        let parts = |slices, spacing_ms| Self {
            pace: Pace::Even { jitter: false },
            slices,
            spacing_ms,
            waits: true,
            length_ms: None,
            ladder: wishes.ladder,
        };
        let length_ms = wishes.length_ms.unwrap_or(IS_LENGTH_MS);
        match strategy {
            ExecutionStrategy::Twap => timed(
                Pace::Even {
                    jitter: wishes.jitter,
                },
                length_ms,
            ),
            ExecutionStrategy::Vwap => timed(Pace::Volume, length_ms),
            ExecutionStrategy::Is => timed(
                Pace::Falling {
                    hundredths: match wishes.urgency {
                        Some(Urgency::High) => 50,
                        Some(Urgency::Low) => 90,
                        _ => 75,
                    },
                },
                length_ms,
            ),
            ExecutionStrategy::Pov => Self {
                pace: Pace::Share {
                    percent: wishes.percent.unwrap_or(DEFAULT_SHARE.into()),
                },
                slices: u32::MAX,
                spacing_ms: CLIP_SPACING_MS,
                waits: false,
                length_ms: wishes.length_ms,
                ladder: None,
            },
            ExecutionStrategy::Iceberg => parts(by_clip.unwrap_or(10), CLIP_SPACING_MS),
            ExecutionStrategy::Limit => parts(2, PART_SPACING_MS),
            _ => parts(3, PART_SPACING_MS),
        }
    }

    pub(crate) fn length_ms(&self) -> Option<i64> {
        self.length_ms
    }

    pub(crate) fn waits(&self) -> bool {
        self.waits
    }

    pub(crate) fn is_last(&self, slice: u32) -> bool {
        slice + 1 >= self.slices
    }

    /// When a slice is due, in ms after the first.
    pub(crate) fn offset_ms(&self, slice: u32) -> i64 {
        self.spacing_ms * i64::from(slice)
    }

    /// The limit price that a scale order has for a slice.
    pub(crate) fn ladder_price(&self, slice: u32) -> Option<Decimal> {
        let (from, to) = self.ladder?;
        let steps = Decimal::from(self.slices.saturating_sub(1).max(1));
        Some(from + (to - from) * Decimal::from(slice) / steps)
    }

    /// How much is to be filled once a slice has traded, of a quantity of which `filled` is by now. Not rounded.
    pub(crate) fn target(
        &self,
        slice: u32,
        quantity: Decimal,
        filled: Decimal,
        key: u64,
        market: &Market,
        begun_ms: i64,
    ) -> Decimal {
        if self.is_last(slice) {
            return quantity;
        }
        if let Pace::Share { percent } = self.pace {
            let at = begun_ms + self.offset_ms(slice);
            let seconds = Decimal::from(self.spacing_ms) / Decimal::ONE_THOUSAND;
            let share = market.volume(at) * seconds * percent / Decimal::ONE_HUNDRED;
            return (filled + share.round_dp(8)).min(quantity);
        }
        if self.pace == (Pace::Even { jitter: false }) {
            return quantity * Decimal::from(slice + 1) / Decimal::from(self.slices);
        }
        let mut weights = Weights {
            schedule: self,
            key,
            market,
            begun_ms,
            slice: 0,
            last: 1 << 20,
        };
        let done: u64 = weights.by_ref().take(slice as usize + 1).sum();
        let rest: u64 = weights.sum();
        quantity * Decimal::from(done) / Decimal::from(done + rest)
    }
}

struct Weights<'a> {
    schedule: &'a Schedule,
    key: u64,
    market: &'a Market,
    begun_ms: i64,
    slice: u32,
    last: u64,
}

impl Iterator for Weights<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        if self.slice == self.schedule.slices {
            return None;
        }
        let slice = self.slice;
        self.slice += 1;
        Some(match self.schedule.pace {
            Pace::Even { .. } | Pace::Share { .. } => {
                500 + noise::hash(&[self.key, u64::from(slice)]) % 1_000
            }
            Pace::Volume => {
                let at = self.begun_ms + self.schedule.offset_ms(slice);
                let volume = self.market.volume(at) * Decimal::ONE_THOUSAND;
                u64::try_from(volume.mantissa() / 10_i128.pow(volume.scale()))
                    .unwrap_or(1)
                    .max(1)
            }
            Pace::Falling { hundredths } => {
                self.last = (self.last * hundredths / 100).max(1);
                self.last
            }
        })
    }
}

/// How many slices of a size make up a quantity; at most a thousand, so that an order stays small.
fn slices_of(quantity: Decimal, clip: Decimal) -> u32 {
    let slices = quantity.checked_div(clip).unwrap_or(Decimal::MAX).ceil();
    u32::try_from(slices).unwrap_or(u32::MAX).clamp(1, 1_000)
}
