//! How fast calls follow each other: the client's own rate, and the pauses that the server asks for. All clones share one.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How many calls a client and all its clones may send: [`ClientBuilder::rate_limit`](crate::ClientBuilder::rate_limit).
///
/// Calls that come faster wait, first come, first served, and are signed after the wait. Where the server asks for fewer calls all
/// the same, by a 429 or by `RATE_LIMIT_EXCEEDED` or `DDOS_PROTECTION`, the rate is halved, down to an eighth, and doubles again
/// with each half minute in which it does not.
///
/// The vendor publishes no numbers; ask what your key is allowed.
///
/// ```
/// use std::time::Duration;
/// use anboto_api::RateLimit;
///
/// // Ten calls a second, of which five may go at once after a quiet half second.
/// let limit = RateLimit::new(10, Duration::from_secs(1)).burst(5);
/// # let _ = limit;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    calls: u32,
    interval: Duration,
    burst: u32,
}

impl RateLimit {
    /// The longest interval that makes sense to wait by: a day.
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

    /// So many calls per interval, spread evenly: ten per second are one each 100 ms.
    ///
    /// Waiting goes by tokio's timer, which counts in ms: for more than some hundred calls a second, allow a [`burst`](Self::burst).
    pub const fn new(calls: u32, interval: Duration) -> Self {
        Self {
            calls,
            interval,
            burst: 1,
        }
    }

    /// How many calls may go at once after a quiet time; 1 unless said otherwise. Then an interval holds up to `calls + burst - 1`.
    #[must_use]
    pub const fn burst(mut self, calls: u32) -> Self {
        self.burst = calls;
        self
    }

    /// Whether calls can go at this rate at all.
    pub(crate) fn is_usable(&self) -> bool {
        self.calls > 0
            && self.burst > 0
            && !self.interval.is_zero()
            && self.interval <= Self::LONGEST
    }
}

/// With a rate: how often it is halved at most.
const MOST_HALVINGS: u32 = 3;

/// After how long without a further refusal, counted from the end of the pause, a halved rate doubles again.
const RECOVERY: Duration = Duration::from_secs(30);

/// How long all calls pause after the first refusal that does not say how long; twice as long after each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause where the server does not say how long.
const LONGEST_BLIND_PAUSE: Duration = Duration::from_secs(30);

/// The longest pause that a server can ask for. By then a call asks again, whatever `Retry-After` said: a proxy's mistake must not
/// silence a client for days.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// What all clones of a client share: whose turn it is.
pub(crate) struct Pace {
    limit: Option<RateLimit>,
    state: Mutex<State>,
    /// Fair, so first come, first served. Who gives up waiting leaves the queue and takes nothing.
    queue: tokio::sync::Mutex<()>,
}

/// A rate by the generic cell rate algorithm: `next` is when the next call is due if calls come evenly, and a call may come earlier
/// than that by what a burst allows.
struct State {
    next: Instant,
    paused_until: Instant,
    /// How often the rate is halved right now, and since when.
    halvings: u32,
    slowed_at: Instant,
    /// Refusals without a success in between.
    refusals: u32,
    refused_at: Option<Instant>,
}

impl Pace {
    pub(crate) fn new(limit: Option<RateLimit>) -> Self {
        let now = Instant::now();
        Self {
            limit,
            state: Mutex::new(State {
                next: now,
                paused_until: now,
                halvings: 0,
                slowed_at: now,
                refusals: 0,
                refused_at: None,
            }),
            queue: tokio::sync::Mutex::new(()),
        }
    }

    /// Waits until a call may be sent, however long it takes.
    pub(crate) async fn permit(&self) {
        // Without a rate there is no turn to take.
        if self.limit.is_none() && self.take(Instant::now()).is_ok() {
            return;
        }
        let _turn = self.queue.lock().await;
        // Asked again after each wait: a refusal may have come in between.
        while let Err(until) = self.take(Instant::now()) {
            sleep_until(until).await;
        }
    }

    /// When the pause ends that the server has asked for, if there is one.
    pub(crate) fn paused_until(&self) -> Option<Instant> {
        let until = self.lock().paused_until;
        (until > Instant::now()).then_some(until)
    }

    /// Notes that a call, sent at `began`, was answered.
    pub(crate) fn note_success(&self, began: Instant) {
        let mut state = self.lock();
        if state.refused_at.is_none_or(|at| began > at) {
            state.refusals = 0;
        }
    }

    /// Notes that the server asked for fewer calls, by its answer to a call that was sent at `began`.
    pub(crate) fn note_refusal(
        &self,
        began: Instant,
        retry_after: Option<Duration>,
        random: Option<u64>,
    ) {
        let now = Instant::now();
        let mut state = self.lock();
        // Of the calls that were under way together, the first refusal says it for all.
        let is_new = state.refused_at.is_none_or(|at| began > at);
        if is_new {
            state.recover(now);
            state.refused_at = Some(now);
            state.halvings = (state.halvings + 1).min(MOST_HALVINGS);
            state.refusals = state.refusals.saturating_add(1);
        }
        let pause = match retry_after {
            Some(wait) => wait.min(LONGEST_PAUSE),
            None if is_new => {
                let full = doubled(FIRST_PAUSE, state.refusals - 1, LONGEST_BLIND_PAUSE);
                // Between half of it and all of it, so that clients that were refused together do not come back together.
                full / 2 + fraction(full / 2, random)
            }
            None => Duration::ZERO,
        };
        state.paused_until = state.paused_until.max(now + pause);
        state.slowed_at = state.slowed_at.max(state.paused_until);
        if let Some(limit) = &self.limit {
            // The quiet of a pause earns no burst.
            let tolerance = state.tolerance(limit);
            state.next = state.next.max(state.paused_until + tolerance);
        }
    }

    /// Takes a turn, or says when to ask again.
    fn take(&self, now: Instant) -> Result<(), Instant> {
        let mut state = self.lock();
        if now < state.paused_until {
            return Err(state.paused_until);
        }
        let Some(limit) = &self.limit else {
            return Ok(());
        };
        state.recover(now);
        let tolerance = state.tolerance(limit);
        if state.next > now + tolerance {
            return Err(state.next - tolerance);
        }
        state.next = state.next.max(now) + state.spacing(limit);
        Ok(())
    }

    /// A panic while the lock was held is a bug that has been reported; what it left is still a pace.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn recover(&mut self, now: Instant) {
        while self.halvings > 0 && now >= self.slowed_at + RECOVERY {
            self.halvings -= 1;
            self.slowed_at += RECOVERY;
        }
    }

    fn spacing(&self, limit: &RateLimit) -> Duration {
        (limit.interval / limit.calls) * (1 << self.halvings)
    }

    fn tolerance(&self, limit: &RateLimit) -> Duration {
        self.spacing(limit) * (limit.burst - 1)
    }
}

/// A duration doubled so many times, up to a limit.
pub(crate) fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    let factor = 1_u32.checked_shl(times).unwrap_or(u32::MAX);
    first.saturating_mul(factor).min(longest)
}

/// A random part of a duration, anything from nothing to all of it; all of it where the system has no random numbers.
pub(crate) fn fraction(whole: Duration, random: Option<u64>) -> Duration {
    let Some(random) = random else { return whole };
    let whole = whole.as_nanos();
    // The upper 64 bits of a product: evenly spread, without a division.
    let part = (whole.saturating_add(1).saturating_mul(u128::from(random))) >> 64;
    Duration::from_nanos(u64::try_from(part).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_reaches_from_nothing_to_all_of_it() {
        let whole = Duration::from_secs(20);
        assert_eq!(fraction(whole, Some(0)), Duration::ZERO);
        assert_eq!(fraction(whole, Some(u64::MAX)), whole);
        assert_eq!(fraction(whole, Some(1 << 63)), whole / 2);
        assert_eq!(fraction(whole, None), whole);
    }

    #[test]
    fn what_doubles_stops_at_its_limit() {
        let (first, longest) = (Duration::from_secs(1), Duration::from_secs(30));
        let doubled = |times| doubled(first, times, longest).as_secs();
        assert_eq!(
            [0, 1, 4, 5, 31, 32, 99].map(doubled),
            [1, 2, 16, 30, 30, 30, 30]
        );
    }

    #[test]
    fn a_rate_at_which_nothing_can_go_is_unusable() {
        let second = Duration::from_secs(1);
        assert!(RateLimit::new(1, second).is_usable());
        assert!(RateLimit::new(u32::MAX, second).burst(u32::MAX).is_usable());
        for unusable in [
            RateLimit::new(0, second),
            RateLimit::new(1, Duration::ZERO),
            RateLimit::new(1, Duration::MAX),
            RateLimit::new(1, second).burst(0),
        ] {
            assert!(!unusable.is_usable(), "{unusable:?}");
        }
    }
}
