//! Numbers that look random and are a function of what they are asked for: the same on every machine, in any order.

/// SplitMix64 as a hash.
pub(crate) fn hash(parts: &[u64]) -> u64 {
    parts.iter().fold(0x9e37_79b9_7f4a_7c15, |state, part| {
        let mut mixed = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

/// The hash of a text, for keys of markets.
pub(crate) fn hash_text(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |state, byte| {
        hash(&[state, u64::from(byte)])
    })
}

/// One layer of movement: how far, and over how long a time.
pub(crate) struct Octave {
    pub(crate) period_ms: i64,
    pub(crate) amplitude: i64,
}

/// A smooth curve through random points, one for each period: from `-amplitude` to `amplitude`.
pub(crate) fn smooth(key: u64, octave: &Octave, at_ms: i64) -> i64 {
    const ONE: i64 = 1 << 10;
    let cell = at_ms.div_euclid(octave.period_ms);
    let point = |cell: i64| {
        let span = 2 * octave.amplitude + 1;
        // Below 2^62, so that the remainder fits.
        ((hash(&[key, octave.period_ms as u64, cell as u64]) >> 2) as i64) % span - octave.amplitude
    };
    let along = at_ms.rem_euclid(octave.period_ms) * ONE / octave.period_ms;
    // Smoothstep, 3x² - 2x³, in fixed point.
    let eased = along * along * (3 * ONE - 2 * along) / (ONE * ONE);
    let (from, to) = (point(cell), point(cell + 1));
    from + (to - from) * eased / ONE
}

/// A stream of random numbers, for what happens in an order of its own: faults, the choice of shapes.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    key: u64,
    drawn: u64,
}

impl Random {
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        Self {
            key: hash(&[seed, hash_text(purpose)]),
            drawn: 0,
        }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.drawn += 1;
        hash(&[self.key, self.drawn])
    }

    /// Whether something of this probability happens.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        // 53 bits, as many as an f64 has.
        ((self.next() >> 11) as f64) / ((1_u64 << 53) as f64) < probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_stays_in_its_band_and_does_not_jump() {
        let octave = Octave {
            period_ms: 1_000,
            amplitude: 500,
        };
        let mut last = smooth(7, &octave, -5_000);
        let mut seen = (0, 0);
        for at in (-4_999..20_000).step_by(1) {
            let value = smooth(7, &octave, at);
            assert!((-500..=500).contains(&value));
            assert!((value - last).abs() <= 3, "{last} -> {value} at {at}");
            seen = (seen.0.min(value), seen.1.max(value));
            last = value;
        }
        assert!(seen.0 < -200 && seen.1 > 200, "{seen:?}");
    }

    #[test]
    fn chances_come_out_as_often_as_they_should() {
        let mut random = Random::new(1, "test");
        let hits = (0..10_000).filter(|_| random.chance(0.25)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        assert!((0..1_000).all(|_| !random.chance(0.0) && random.chance(1.0)));
    }
}
