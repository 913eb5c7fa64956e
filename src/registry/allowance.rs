//! What measuring recall may cost: 1 % of one core in the whole process, however many indexes there are.
//!
//! A forked child inherits what is owed, and goes on: an atomic and a clock are all there is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What was spent is paid for after so many times as long.
const TIMES: u64 = 100;

/// The time that all who measure spend.
pub(super) static TRIALS: Allowance = Allowance::new();

/// Time that is spent now and then, and paid for by doing without.
pub(super) struct Allowance {
    /// When all that was spent is paid for, in nanoseconds of the monotonic clock.
    paid: AtomicU64,
}

impl Allowance {
    const fn new() -> Self {
        Self { paid: AtomicU64::new(0) }
    }

    /// How long until all is paid for.
    pub(super) fn owed(&self) -> Duration {
        Duration::from_nanos(self.paid.load(Ordering::Relaxed).saturating_sub(now()))
    }

    /// Spends `time`.
    pub(super) fn spend(&self, time: Duration) {
        let (now, cost) = (now(), time.as_nanos() as u64 * TIMES);
        let later = |paid: u64| Some(paid.max(now).saturating_add(cost));
        self.paid.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later).expect("it always moves on");
    }
}

fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_adds_up() {
        let allowance = Allowance::new();
        assert_eq!(allowance.owed(), Duration::ZERO);
        allowance.spend(Duration::from_secs(60));
        let once = allowance.owed();
        assert!(once > Duration::from_secs(5_000) && once <= Duration::from_secs(6_000), "{once:?}");
        allowance.spend(Duration::from_secs(60));
        assert!(allowance.owed() > Duration::from_secs(11_000));
    }
}
