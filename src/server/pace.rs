//! How long an index's searches take: quick ones run where they are, without a trip to another thread.
//!
//! The trip costs some 20 us and a wake-up; a search that blocked a connection's thread for long would cost others
//! more. Until the first search nothing is known, which counts as long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const QUICK: Duration = Duration::from_micros(200);

/// A running mean; new figures count an eighth.
#[derive(Debug)]
pub(super) struct Pace {
    nanos: AtomicU64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { nanos: AtomicU64::new(2 * QUICK.as_nanos() as u64) }
    }
}

impl Pace {
    /// Whether a search is likely to be over soon.
    pub(super) fn is_quick(&self) -> bool {
        self.nanos.load(Ordering::Relaxed) <= QUICK.as_nanos() as u64
    }

    /// Runs `search`, and remembers how long it took. Of two at once one may be forgotten.
    pub(super) fn time<T>(&self, search: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let found = search();
        self.took(begun.elapsed());
        found
    }

    fn took(&self, time: Duration) {
        // One search that met a sleeping thread says nothing about the next: it counts as four quick ones.
        let nanos = time.min(4 * QUICK).as_nanos() as u64;
        let mean = self.nanos.load(Ordering::Relaxed);
        self.nanos.store(mean - mean / 8 + nanos / 8, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quick_follows_what_was_measured() {
        let pace = Pace::default();
        assert!(!pace.is_quick());
        (0..20).for_each(|_| pace.took(QUICK / 4));
        assert!(pace.is_quick());
        pace.took(Duration::from_secs(9));
        assert!(pace.is_quick(), "one slow search among many");
        (0..4).for_each(|_| pace.took(QUICK * 4));
        assert!(!pace.is_quick());
    }
}
