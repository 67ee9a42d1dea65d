use std::time::Duration;

/// How a client keeps its promise about orders; set by [`ClientBuilder::submitting`](crate::ClientBuilder::submitting).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubmitSettings {
    /// How long one `submit`, `resolve` or `cancel_and_confirm` may take in all; 30 s unless said otherwise. An order whose fate
    /// is not known by then is returned as unknown.
    pub deadline: Duration,
    /// How long after the end of a request's receive window an order that was executed within it may take to show in look-ups;
    /// 2 s unless said otherwise. Whatever the server needs to execute a request and to show the order has to fit in, and so
    /// has the difference between the clocks of its machines: the promise rests on it.
    pub margin: Duration,
    /// How many times an order that provably never arrived is sent again, with a fresh signature; 0 unless said otherwise.
    pub resubmissions: u32,
    /// How many orders go into one request; 50 unless said otherwise. The server's limit is not documented (FACTS, section 4).
    pub batch_size: usize,
    /// Whether a rejection that the request alone does not explain is confirmed by look-ups until the receive window has ended,
    /// as it is unless said otherwise.
    ///
    /// Something between here and the exchange that repeats requests can earn a rejection for the second copy of an order whose
    /// first copy was accepted: `INSUFFICIENT_FUNDS` is one. Turn it off only where nothing does, and where it is worth more to
    /// know of a rejection a few seconds earlier.
    pub confirm_rejections: bool,
    #[cfg(feature = "testnet")]
    pub(crate) sabotage: Option<Sabotage>,
}

impl Default for SubmitSettings {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            margin: Duration::from_secs(2),
            resubmissions: 0,
            batch_size: 50,
            confirm_rejections: true,
            #[cfg(feature = "testnet")]
            sabotage: None,
        }
    }
}

/// Which safeguard of `submit` is taken out, to show that the simulation notices. For that test alone.
#[cfg(feature = "testnet")]
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// What the first look-up does not find counts as never arrived.
    WindowRule,
    /// Answers and look-ups are matched by position.
    IdMatch,
    /// All requests of a submission carry the timestamp of the first.
    FreshSignature,
}

#[cfg(feature = "testnet")]
impl SubmitSettings {
    #[doc(hidden)]
    pub fn sabotage(&mut self, sabotage: Sabotage) {
        self.sabotage = Some(sabotage);
    }

    pub(super) fn keeps_window_rule(&self) -> bool {
        self.sabotage != Some(Sabotage::WindowRule)
    }

    pub(super) fn matches_ids(&self) -> bool {
        self.sabotage != Some(Sabotage::IdMatch)
    }

    pub(crate) fn signs_afresh(&self) -> bool {
        self.sabotage != Some(Sabotage::FreshSignature)
    }
}

#[cfg(not(feature = "testnet"))]
impl SubmitSettings {
    pub(super) const fn keeps_window_rule(&self) -> bool {
        true
    }

    pub(super) const fn matches_ids(&self) -> bool {
        true
    }
}
