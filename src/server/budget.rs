//! Bytes that the requests of a service may hold at once: the bodies that came, and the answers that go.
//!
//! What goes beyond is refused with 503 and Retry-After. What a body is and what an answer is stands in `payload.rs` and
//! `room.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::metrics::{Metrics, Refusal};
use super::problem::Problem;
use crate::error::Error;

/// Bytes that may be in memory at once.
#[derive(Debug)]
pub(super) struct Budget {
    what: Refusal,
    held: AtomicUsize,
    most: usize,
    metrics: Option<Arc<Metrics>>,
}

impl Budget {
    /// At most `most` bytes of `what`; what is refused is counted in `metrics`.
    pub(super) fn new(what: Refusal, most: usize, metrics: Option<Arc<Metrics>>) -> Arc<Self> {
        Arc::new(Self { what, held: AtomicUsize::new(0), most, metrics })
    }

    /// The most bytes at once.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    fn is_spent(&self) -> Problem {
        if let Some(metrics) = &self.metrics {
            metrics.refused(self.what);
        }
        let (what, most) = (self.what.name(), self.most);
        Error::unavailable(format!("the service is busy: {what} at once are at most {most} bytes")).into()
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

/// Bytes that count until they are dropped.
#[derive(Debug)]
pub(super) struct Held {
    bytes: usize,
    budget: Arc<Budget>,
}

impl Held {
    /// None of `budget` yet.
    pub(super) fn none(budget: &Arc<Budget>) -> Self {
        Self { bytes: 0, budget: Arc::clone(budget) }
    }

    /// The most that can ever count.
    pub(super) fn most(&self) -> usize {
        self.budget.most
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Counts at least `bytes` from now on, if there is room: twice as many as before where there is room for that, so
    /// that what grows asks seldom.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), Problem> {
        let fits = bytes <= self.bytes || self.count(bytes.max(2 * self.bytes)) || self.count(bytes);
        if fits { Ok(()) } else { Err(self.budget.is_spent()) }
    }

    fn count(&mut self, bytes: usize) -> bool {
        let more = bytes - self.bytes;
        let before = self.budget.held.fetch_add(more, Ordering::Relaxed);
        // Not `before + more`: a budget without end must not overflow.
        let fits = more <= self.budget.most.saturating_sub(before);
        if fits {
            self.bytes = bytes;
        } else {
            self.budget.held.fetch_sub(more, Ordering::Relaxed);
        }
        fits
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
