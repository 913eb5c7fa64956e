//! Time as the log sees it: passed in, so that tests can simulate hours of outages in microseconds.
//!
//! It decides how long to be patient, never what the state is.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// A source of time.
pub trait Clock: Send + Sync + Debug {
    /// The time since some moment in the past; it never goes back.
    fn now(&self) -> Duration;

    /// The time since `begun`, which [`now`](Self::now) answered.
    fn since(&self, begun: Duration) -> Duration {
        self.now().saturating_sub(begun)
    }

    /// Returns when `pause` has passed.
    fn sleep(&self, pause: Duration);
}

/// The clock of this machine.
#[derive(Debug)]
pub struct SystemClock {
    begun: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { begun: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn sleep(&self, pause: Duration) {
        std::thread::sleep(pause);
    }
}
