//! Whether a call that failed is sent again, and when.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::Error;
use crate::rate_limit::{doubled, fraction};

/// Whether and how a client sends again by itself: [`ClientBuilder::retries`](crate::ClientBuilder::retries).
///
/// What may be sent again follows from the operation's [`Effect`](crate::Effect), never from its HTTP method:
///
/// - a **read**, where another attempt may do better: no connection, no answer, an answer that broke off, a 429, 500, 502, 503 or
///   504; and an `INVALID_TIMESTAMP` once, where the client [signs by the server's
///   clock](crate::ClientBuilder::sign_by_server_clock), which is measured afresh for it. Not after any other refusal, nor where
///   the answer could not be understood;
/// - a **write** of any kind, only where the request provably never left: no connection ([`Error::is_connect`]).
///
/// Before each further attempt the call waits for a random time, whose upper limit doubles each time (full jitter), or for as long
/// as `Retry-After` says. Each attempt is signed afresh, after the wait. The error of a call that was given up is that of its last
/// attempt; [`Error::attempts`] counts them.
///
/// All clones of a client share a budget of retries: when most calls fail, retries stop making it worse. It is a bucket of 500
/// tokens, of which a retry takes 5 and after a timeout 10; what succeeds pays back what its last retry took, or 1 if it needed
/// none. The numbers are those of the AWS SDKs' standard mode.
///
/// ```
/// use std::time::Duration;
/// use anboto_api::Retries;
///
/// let patient = Retries::default().attempts(6).within(Duration::from_secs(60));
/// # let _ = patient;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    attempts: u32,
    within: Duration,
    first_backoff: Duration,
    longest_backoff: Duration,
}

impl Retries {
    /// One attempt at each call, whatever comes of it.
    pub const fn none() -> Self {
        Self {
            attempts: 1,
            within: Duration::ZERO,
            first_backoff: Duration::ZERO,
            longest_backoff: Duration::ZERO,
        }
    }

    /// How many attempts there are at most, the first among them; 3 unless said otherwise. 0 is as good as 1.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// For how long after the start of the call another attempt may begin; 30 s unless said otherwise. One that has begun by then
    /// has the client's whole [`timeout`](crate::ClientBuilder::timeout).
    ///
    /// A call gives up at once when it would have to wait beyond that, for instance because `Retry-After` says so.
    #[must_use]
    pub const fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }

    /// The longest wait before the second attempt, which doubles with each further one, and where the doubling ends; 200 ms and
    /// 5 s unless said otherwise.
    #[must_use]
    pub const fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.first_backoff = first;
        self.longest_backoff = longest;
        self
    }

    /// How long after a failed attempt to wait for another one; `None` if there is to be none.
    ///
    /// `is_the_clock` says that the next attempt will have a better timestamp, `held_until` is when the next call may be sent at the earliest, `now` the time by which a `Retry-After` counts.
    pub(crate) fn wait(
        &self,
        error: &Error,
        is_the_clock: bool,
        began: Instant,
        held_until: Option<Instant>,
        now: std::time::SystemTime,
        random: Option<u64>,
    ) -> Option<Duration> {
        let is_worth_it = if error.operation().effect.is_write() {
            error.is_connect()
        } else {
            is_the_clock || may_pass(error)
        };
        if error.attempts() >= self.attempts || !is_worth_it {
            return None;
        }
        let again = error.attempts().saturating_sub(1);
        let most = doubled(self.first_backoff, again, self.longest_backoff);
        let at = Instant::now();
        let wait = fraction(most, random)
            .max(error.retry_after(now).unwrap_or_default())
            .max(held_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(at)));
        let spent = at.saturating_duration_since(began);
        (spent.saturating_add(wait) <= self.within).then_some(wait)
    }

    /// The time that is left for the start of another attempt.
    pub(crate) fn left(&self, began: Instant) -> Duration {
        self.within.saturating_sub(began.elapsed())
    }
}

/// Three attempts within 30 s, as [`attempts`](Self::attempts), [`within`](Self::within) and [`backoff`](Self::backoff) say.
impl Default for Retries {
    fn default() -> Self {
        Self {
            attempts: 3,
            within: Duration::from_secs(30),
            first_backoff: Duration::from_millis(200),
            longest_backoff: Duration::from_secs(5),
        }
    }
}

/// Whether another attempt at a read may do better.
fn may_pass(error: &Error) -> bool {
    match error.status().map(|status| status.as_u16()) {
        Some(429 | 500 | 502 | 503 | 504) => true,
        Some(200..300) => error.is_cut_off(),
        Some(_) => error.is_rate_limited(),
        None => error.is_connect() || error.is_unanswered(),
    }
}

/// The tokens that all clones of a client share.
pub(crate) struct Budget(Mutex<u32>);

const CAPACITY: u32 = 500;
const COST: u32 = 5;
const COST_AFTER_TIMEOUT: u32 = 10;
const EARNED_WITHOUT_RETRY: u32 = 1;

impl Budget {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(CAPACITY))
    }

    /// Takes what a retry costs, if it is there.
    pub(crate) fn take(&self, error: &Error) -> Option<u32> {
        let cost = if error.is_timeout() {
            COST_AFTER_TIMEOUT
        } else {
            COST
        };
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *tokens = tokens.checked_sub(cost)?;
        Some(cost)
    }

    /// Pays back what the last retry cost, or what a first attempt earns.
    pub(crate) fn pay(&self, cost: Option<u32>) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *tokens = CAPACITY.min(*tokens + cost.unwrap_or(EARNED_WITHOUT_RETRY));
    }
}
