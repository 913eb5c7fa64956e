//! The bytes of a body, and the budget for the bodies of all requests at once.
//!
//! What goes beyond it is refused with 503 and Retry-After. The bytes count until the body is dropped, also where its
//! caller has gone away.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::metrics::{Metrics, Refusal};
use super::problem::Problem;
use crate::error::Error;

/// Bytes of bodies that may be in memory at once.
#[derive(Debug)]
pub(super) struct Budget {
    held: AtomicUsize,
    most: usize,
    metrics: Option<Arc<Metrics>>,
}

impl Budget {
    /// At most `most` bytes; what is refused is counted in `metrics`.
    pub(super) fn new(most: usize, metrics: Option<Arc<Metrics>>) -> Arc<Self> {
        Arc::new(Self { held: AtomicUsize::new(0), most, metrics })
    }

    /// The most bytes at once.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    fn is_spent(&self) -> Problem {
        if let Some(metrics) = &self.metrics {
            metrics.refused(Refusal::Bytes);
        }
        let most = self.most;
        Error::unavailable(format!("the service is busy: bodies at once are at most {most} bytes")).into()
    }
}

/// A body, whole or growing, whose bytes count until it is dropped.
#[derive(Debug)]
pub(super) struct Payload {
    bytes: Vec<u8>,
    counted: usize,
    budget: Arc<Budget>,
}

impl Payload {
    /// An empty body that expects to become `capacity` bytes long.
    pub(super) fn new(budget: &Arc<Budget>, capacity: usize) -> Result<Self, Problem> {
        let mut payload = Self { bytes: Vec::new(), counted: 0, budget: Arc::clone(budget) };
        if !payload.count(capacity) {
            return Err(budget.is_spent());
        }
        payload.bytes.reserve_exact(capacity);
        Ok(payload)
    }

    /// Gives the memory back, while its bytes go on counting: for what was made of them.
    pub(super) fn forget(&mut self) {
        self.bytes = Vec::new();
    }

    /// Appends `data`; 503 where that is too much beside the bodies of others.
    pub(super) fn extend(&mut self, data: &[u8]) -> Result<(), Problem> {
        let wanted = self.bytes.len() + data.len();
        if wanted > self.counted {
            let larger = wanted.max(2 * self.counted);
            if !self.count(larger) && !self.count(wanted) {
                return Err(self.budget.is_spent());
            }
            self.bytes.reserve_exact(self.counted - self.bytes.len());
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }

    /// Counts up to `bytes`, if there is room.
    fn count(&mut self, bytes: usize) -> bool {
        let more = bytes - self.counted;
        let before = self.budget.held.fetch_add(more, Ordering::Relaxed);
        // Not `before + more`: a budget without end must not overflow.
        let fits = more <= self.budget.most.saturating_sub(before);
        if fits {
            self.counted = bytes;
        } else {
            self.budget.held.fetch_sub(more, Ordering::Relaxed);
        }
        fits
    }
}

impl Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.counted, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_beyond_the_budget_are_refused_and_those_that_ended_make_room() {
        let budget = Budget::new(100, None);
        let mut one = Payload::new(&budget, 0).unwrap();
        one.extend(&[1; 40]).unwrap();
        one.extend(&[2; 10]).unwrap();
        let mut two = Payload::new(&budget, 20).unwrap();
        assert!(two.extend(&[3; 21]).is_err(), "80 of the first, which doubled, and 20");
        two.extend(&[3; 20]).unwrap();
        assert_eq!((&one[39..42], two.len()), (&[1, 2, 2][..], 20));
        drop(one);
        two.extend(&[4; 60]).unwrap();
        assert!(Payload::new(&budget, 21).is_err());
        two.forget();
        assert!(
            two.is_empty() && Payload::new(&budget, 21).is_err(),
            "what was read counts until it is done with"
        );
        drop(two);
        assert_eq!(budget.held.load(Ordering::Relaxed), 0);
    }
}
