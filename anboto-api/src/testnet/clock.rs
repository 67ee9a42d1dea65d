//! The market's clock: it can be paused, stepped and sped up. The server's clock, by which signatures are judged, is the wall
//! clock and runs on regardless, or no client could sign.

use std::time::{Duration, Instant, SystemTime};

#[derive(Debug)]
pub(crate) struct Clock {
    /// The market's time at `since`.
    base: SystemTime,
    since: Instant,
    speed: f64,
    is_paused: bool,
}

impl Clock {
    pub(crate) fn new(base: SystemTime, speed: f64, is_paused: bool) -> Self {
        Self {
            base,
            since: Instant::now(),
            speed,
            is_paused,
        }
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.at(Instant::now())
    }

    fn at(&self, now: Instant) -> SystemTime {
        if self.is_paused {
            return self.base;
        }
        let elapsed = now.saturating_duration_since(self.since);
        // What is beyond all measure leaves the clock where it is.
        Duration::try_from_secs_f64(elapsed.as_secs_f64() * self.speed)
            .ok()
            .and_then(|passed| self.base.checked_add(passed))
            .unwrap_or(self.base)
    }

    /// Counts from here on.
    fn settle(&mut self) {
        let now = Instant::now();
        self.base = self.at(now);
        self.since = now;
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.settle();
        self.base = self.base.checked_add(by).unwrap_or(self.base);
    }

    pub(crate) fn set_speed(&mut self, speed: f64) {
        self.settle();
        self.speed = speed;
    }

    pub(crate) fn set_paused(&mut self, is_paused: bool) {
        self.settle();
        self.is_paused = is_paused;
    }

    pub(crate) fn speed(&self) -> f64 {
        self.speed
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.is_paused
    }
}

/// Whether a clock can run so fast: up to a day in a tenth of a second.
pub(crate) fn is_speed(speed: f64) -> bool {
    speed > 0.0 && speed <= 1_000_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_runs_at_its_speed_stands_when_paused_and_moves_when_stepped() {
        let start = SystemTime::UNIX_EPOCH;
        let mut clock = Clock::new(start, 60.0, false);
        let later = clock.since + Duration::from_secs(2);
        assert_eq!(clock.at(later), start + Duration::from_secs(120));
        clock.set_paused(true);
        let paused = clock.now();
        assert_eq!(clock.at(later + Duration::from_secs(1)), paused);
        clock.advance(Duration::from_secs(3_600));
        assert_eq!(clock.now(), paused + Duration::from_secs(3_600));
    }
}
