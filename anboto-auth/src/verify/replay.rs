//! Requests that were served and could be sent once more: those whose window is still open.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashSet},
    fmt,
    sync::{Mutex, PoisonError},
};

use super::error::{VerifyError, VerifyErrorKind};

/// The SHA-256 of a string to sign: of the text rather than of the signature, which can be written in two ways.
type Digest = [u8; 32];

/// Remembers each request until its window ends, and no more than so many.
pub(super) struct ReplayMemory {
    capacity: usize,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    digests: HashSet<Digest>,
    by_end: BinaryHeap<Reverse<(u64, Digest)>>,
}

impl ReplayMemory {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            seen: Mutex::default(),
        }
    }

    /// Admits a request that is valid up to and including the millisecond `last_instant`, once.
    pub(super) fn admit(
        &self,
        digest: Digest,
        last_instant: u64,
        now: u64,
    ) -> Result<(), VerifyError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(&Reverse((end, digest))) = seen.by_end.peek() {
            if end >= now {
                break;
            }
            seen.by_end.pop();
            seen.digests.remove(&digest);
        }
        if seen.digests.contains(&digest) {
            return Err(VerifyError::new(VerifyErrorKind::Replayed));
        }
        if seen.digests.len() >= self.capacity {
            return Err(VerifyError::new(VerifyErrorKind::ReplayMemoryFull));
        }
        seen.digests.insert(digest);
        seen.by_end.push(Reverse((last_instant, digest)));
        Ok(())
    }
}

impl fmt::Debug for ReplayMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayMemory")
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
