//! The server's clock: measured by `status`, and applied when asked.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::call::Call;
use crate::decode;
use crate::types::ServerStatus;
use crate::{Client, Error, operations, sight};

/// How many times the server is asked for its time in one measurement.
const SAMPLES: u32 = 5;

/// After how long a measurement makes do with the answers it has: a client's own rate limit may hold the others back.
const ENOUGH: Duration = Duration::from_secs(3);

/// How much longer than twice the shortest a round trip may take to count: below that, it is the timers' own noise.
const NOISE: Duration = Duration::from_millis(10);

/// The longest that a call waits for a measurement which is made for its sake.
const LONGEST_MEASUREMENT: Duration = Duration::from_secs(5);

/// The largest uncertainty with which a measurement is applied: beyond it, the machine's own clock is the better guess.
const LARGEST_UNCERTAINTY: Duration = Duration::from_secs(1);

/// How far below the measured time requests are signed, beside the uncertainty: for the fraction of a ms that `status` leaves out,
/// and for what two clocks drift apart between measurements. Running ahead is refused from 1 s on, running behind only from the
/// receive window on (FACTS section 2, "Clock").
const BIAS: Duration = Duration::from_millis(50);

/// By how much the wall clock must move against the monotonic one to have been put right, or to have slept: a clock that is slewed
/// is moved on both.
const STEP: Duration = Duration::from_millis(250);

/// How long a measurement is used. Uncorrected quartz drifts by up to 0.1 s in that time (30 ppm).
const LONGEST_USE: Duration = Duration::from_secs(3_600);

/// After a measurement that failed: how long calls are signed by the machine's own clock before the next one.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a measurement that was made because of a refused timestamp is believed against further such refusals.
const TRUST: Duration = Duration::from_secs(10);

/// How far a timestamp may run ahead of the server's clock, if its rule is the likely one (FACTS section 2, "Clock").
const TOLERANCE_MS: i64 = 1_000;

/// How the clock of this machine stands to the server's, by [`Client::measure_clock`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockMeasurement {
    offset_ms: i64,
    uncertainty: Duration,
    samples: u32,
    window_ms: i64,
}

impl ClockMeasurement {
    /// What has to be added to the clock of this machine to get the server's, in ms: positive when this machine runs behind.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms
    }

    /// How far the truth may be from [`offset_ms`](Self::offset_ms), to either side: half of the shortest round trip.
    pub fn uncertainty(&self) -> Duration {
        self.uncertainty
    }

    /// How many of the five answers counted. One that took more than twice as long as the quickest, and 10 ms, is ignored.
    pub fn samples(&self) -> u32 {
        self.samples
    }

    /// Whether the server takes what is signed by this machine's own clock, by the likely rule: less than 1,000 ms ahead of it, and
    /// behind it by no more than the receive window.
    pub fn is_tolerated(&self) -> bool {
        -self.offset_ms < TOLERANCE_MS && self.offset_ms <= self.window_ms
    }
}

/// Such as `this machine's clock is 8012 ms behind the server's (± 2 ms, by 5 answers)`.
impl fmt::Display for ClockMeasurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = if self.offset_ms < 0 {
            "ahead of"
        } else {
            "behind"
        };
        write!(
            f,
            "this machine's clock is {} ms {direction} the server's (± {} ms, by {} answers)",
            self.offset_ms.unsigned_abs(),
            self.uncertainty.as_micros().div_ceil(1_000),
            self.samples
        )
    }
}

/// One answer of `status`, or the best of several.
#[derive(Debug, Clone)]
struct Sample {
    round_trip: Duration,
    /// The middle between request and answer, by each clock.
    at: Instant,
    own: SystemTime,
    server: SystemTime,
}

/// What all clones of a client know of the server's clock.
#[derive(Default)]
pub(crate) struct ServerClock {
    state: Mutex<State>,
    /// One measurement at a time: who waits takes the other's.
    measuring: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    known: Option<Known>,
    failed_at: Option<Instant>,
    /// Whether a timestamp by what is known was refused, so that the next call measures. Until then it stays in use: between two
    /// measurements time must not jump to that of a machine which may be minutes off, and back.
    is_refused: bool,
    /// How many measurements have ended, well or not.
    round: u64,
}

struct Known {
    best: Sample,
    measured_at: Instant,
    after_refusal: bool,
}

impl ServerClock {
    /// The server's time, biased to the past; `None` if it is not known, or no longer.
    pub(crate) fn time(&self, own: SystemTime) -> Option<SystemTime> {
        let state = self.lock();
        let now = Instant::now();
        let known = state.known.as_ref().filter(|known| known.holds(now, own))?;
        let best = &known.best;
        best.server
            .checked_add(now.saturating_duration_since(best.at))?
            .checked_sub(best.round_trip / 2 + BIAS)
    }

    /// Which measurement is the latest.
    pub(crate) fn round(&self) -> u64 {
        self.lock().round
    }

    /// Notes that the server has refused a timestamp that was made by this measurement, so that the next call takes another one.
    pub(crate) fn note_refusal(&self, round: u64) {
        let mut state = self.lock();
        // Another call has been quicker.
        if state.round != round {
            return;
        }
        // If the answer to a refusal is refused as well, it is not for the clock.
        let is_trusted = |known: &Known| known.after_refusal && known.measured_at.elapsed() < TRUST;
        if !state.known.as_ref().is_some_and(is_trusted) {
            state.is_refused = true;
        }
    }

    /// Whether there is something to measure.
    fn is_due(&self, own: SystemTime) -> bool {
        let state = self.lock();
        if state.is_refused {
            return true;
        }
        match (&state.known, state.failed_at) {
            (Some(known), _) => !known.holds(Instant::now(), own),
            (None, Some(failed_at)) => failed_at.elapsed() >= PATIENCE,
            (None, None) => true,
        }
    }

    fn end(&self, best: Option<Sample>) {
        let best = best.filter(|best| best.round_trip / 2 <= LARGEST_UNCERTAINTY);
        if let Some(best) = &best {
            sight::clock_offset(offset_ms(best));
        }
        let mut state = self.lock();
        let now = Instant::now();
        state.round += 1;
        state.failed_at = best.is_none().then_some(now);
        state.known = best.map(|best| Known {
            best,
            measured_at: now,
            after_refusal: state.is_refused,
        });
        state.is_refused = false;
    }

    /// A panic while the lock was held is a bug that has been reported; what it left is still what is known.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Whether it is still good, by the two clocks of this machine.
    fn holds(&self, now: Instant, own: SystemTime) -> bool {
        let passed = now.saturating_duration_since(self.best.at);
        let Some(expected) = self.best.own.checked_add(passed) else {
            return false;
        };
        let moved = own
            .duration_since(expected)
            .unwrap_or_else(|error| error.duration());
        moved < STEP && passed < LONGEST_USE
    }
}

impl Client {
    /// Measures how the clock of this machine stands to the server's, by five calls of `status`. Nothing is signed.
    ///
    /// The server's time belongs to the middle between request and answer. Of the answers the quickest decides, since it leaves the
    /// least room for doubt. Fewer than five have to do when one fails, or when they take more than 3 s together, a rate limit's
    /// waits among it.
    ///
    /// Nothing is corrected by it, unless the client [signs by the server's clock](crate::ClientBuilder::sign_by_server_clock):
    /// then the next call is signed by this measurement.
    ///
    /// # Errors
    /// That of the second call, when the first two have failed.
    pub async fn measure_clock(&self) -> Result<ClockMeasurement, Error> {
        let clock = self.server_clock();
        let _turn = clock.measuring.lock().await;
        let (best, samples) = self.ask_the_time().await?;
        let window = self.signer().map(|signer| signer.recv_window());
        let measurement = ClockMeasurement {
            offset_ms: offset_ms(&best),
            uncertainty: best.round_trip / 2,
            samples,
            window_ms: i64::from(window.unwrap_or_default().as_millis()),
        };
        clock.end(Some(best));
        Ok(measurement)
    }

    /// Measures the server's clock if that was asked for and is due. A failure is none of the call's: it is signed by the machine's
    /// own clock then.
    pub(crate) async fn ensure_clock(&self) {
        let clock = self.server_clock();
        if !self.signs_by_server_clock() || !clock.is_due(self.own_time()) {
            return;
        }
        let round = clock.round();
        let _turn = clock.measuring.lock().await;
        if clock.round() != round {
            return;
        }
        if let Some(until) = self.pace().paused_until() {
            sleep_until(until).await;
        }
        let measured = timeout(LONGEST_MEASUREMENT, self.ask_the_time()).await;
        let best = measured.ok().and_then(Result::ok).map(|(best, _)| best);
        clock.end(best);
    }

    /// The best of several answers, and how many counted.
    async fn ask_the_time(&self) -> Result<(Sample, u32), Error> {
        let began = Instant::now();
        self.pace().permit().await;
        let mut best = match self.sample().await {
            Ok(sample) => sample,
            // A connection that has just been closed there, for instance.
            Err(_) => {
                self.pace().permit().await;
                self.sample().await?
            }
        };
        let mut round_trips = vec![best.round_trip];
        for _ in 1..SAMPLES {
            if began.elapsed() >= ENOUGH
                || timeout_at(began + ENOUGH, self.pace().permit())
                    .await
                    .is_err()
            {
                break;
            }
            let Ok(sample) = self.sample().await else {
                break;
            };
            round_trips.push(sample.round_trip);
            if sample.round_trip < best.round_trip {
                best = sample;
            }
        }
        let slow = best.round_trip * 2 + NOISE;
        let counting = round_trips.iter().filter(|trip| **trip <= slow).count();
        Ok((best, u32::try_from(counting).unwrap_or(SAMPLES)))
    }

    async fn sample(&self) -> Result<Sample, Error> {
        let call = Call::new(&operations::STATUS);
        let (sent, own) = (Instant::now(), self.own_time());
        let answer = self
            .attempt(&call, decode::java_map::<ServerStatus>, own)
            .await?;
        let round_trip = sent.elapsed();
        Ok(Sample {
            round_trip,
            at: sent + round_trip / 2,
            own: own + round_trip / 2,
            server: answer.timestamp.into(),
        })
    }
}

/// The server's time less that of this machine.
fn offset_ms(sample: &Sample) -> i64 {
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    match sample.server.duration_since(sample.own) {
        Ok(behind) => millis(behind),
        Err(ahead) => -millis(ahead.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_refused_timestamp_does_not_bring_the_machines_own_time_back_before_there_is_a_better_one()
     {
        let own = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let sample = |offset| Sample {
            round_trip: Duration::ZERO,
            at: Instant::now(),
            own,
            server: own - Duration::from_secs(offset),
        };
        let clock = ServerClock::default();
        assert!(clock.is_due(own) && clock.time(own).is_none());
        clock.end(Some(sample(60)));
        assert!(!clock.is_due(own));
        clock.note_refusal(clock.round());
        assert!(clock.is_due(own));
        let behind = |clock: &ServerClock| own.duration_since(clock.time(own).unwrap()).unwrap();
        assert_eq!(behind(&clock).as_secs(), 60);

        clock.end(Some(sample(70)));
        assert!(!clock.is_due(own));
        assert_eq!(behind(&clock).as_secs(), 70);
        clock.note_refusal(clock.round() - 1);
        assert!(
            !clock.is_due(own),
            "of a timestamp by the measurement before"
        );
        clock.end(None);
        assert!(clock.time(own).is_none());
    }
}
