//! When a call that failed is sent again: only what may be, soon, a few times, and not all clients at once.
//!
//! What may be sent again is said by the call (`call.rs`); how it failed by `answer.rs`.

use std::time::{Duration, Instant};

/// Attempts of one call, at most.
const ATTEMPTS: u32 = 5;
/// No attempt begins later than this after the first: who waits so long should be told why.
const LONGEST: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The attempts of one call.
pub(super) struct Pace {
    begun: Instant,
    attempts: u32,
    longest: Duration,
}

impl Pace {
    /// The first attempt begins; the last one before `timeout`.
    pub(super) fn start(timeout: Duration) -> Self {
        Self { begun: Instant::now(), attempts: 1, longest: LONGEST.min(timeout) }
    }

    /// Waits until the next attempt, as long as the service asked for or as is usual; false if there is none.
    pub(super) fn again(&mut self, asked: Option<Duration>) -> bool {
        let usual = FIRST_PAUSE * 3_u32.pow(self.attempts - 1);
        let pause = jittered(asked.unwrap_or(usual), random());
        if self.attempts == ATTEMPTS || self.begun.elapsed() + pause > self.longest {
            return false;
        }
        self.attempts += 1;
        std::thread::sleep(pause);
        true
    }
}

/// `pause` and up to half of it: those who were refused together shall not come back together.
fn jittered(pause: Duration, random: u8) -> Duration {
    pause + pause * u32::from(random) / 512
}

fn random() -> u8 {
    uuid::Uuid::new_v4().as_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_differ_and_end() {
        let second = Duration::from_secs(1);
        assert_eq!(jittered(second, 0), second);
        assert!((second..second * 3 / 2).contains(&jittered(second, 255)));
        let mut pace = Pace::start(second);
        assert!(!pace.again(Some(second * 2)), "longer than there is time");
        assert!(pace.again(None) && pace.attempts == 2);
        let mut pace = Pace::start(second);
        while pace.again(Some(Duration::ZERO)) {}
        assert_eq!(pace.attempts, ATTEMPTS);
    }
}
