//! The memory of one search: visited marks, the pool of candidates and the batch being evaluated.
//!
//! Searches borrow it from a [`Shelf`], whose lock is held to take and to put back only.

use parking_lot::Mutex;

use super::neighbour::Near;
use super::ruler::Probe;

/// A candidate packed so that its order is that of (key, slot): key, slot, expanded flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate(u64);

impl Candidate {
    #[inline]
    pub(super) fn new(key: u32, slot: u32) -> Self {
        Self(u64::from(key) << 32 | u64::from(slot) << 1)
    }

    /// One that is not to be expanded.
    #[inline]
    pub(super) fn settled(key: u32, slot: u32) -> Self {
        Self(Self::new(key, slot).0 | 1)
    }

    #[inline]
    pub(super) fn slot(self) -> u32 {
        (self.0 as u32) >> 1
    }

    #[inline]
    fn near(self) -> Near {
        Near { key: (self.0 >> 32) as u32, slot: self.slot() }
    }

    #[inline]
    fn is_expanded(self) -> bool {
        self.0 & 1 == 1
    }
}

/// The nearest candidates seen so far, sorted; at most `limit`.
#[derive(Debug, Default)]
pub(super) struct Pool {
    limit: usize,
    /// The first candidate that may not be expanded yet.
    cursor: usize,
    candidates: Vec<Candidate>,
}

impl Pool {
    pub(super) fn reset(&mut self, limit: usize) {
        self.limit = limit;
        self.cursor = 0;
        self.candidates.clear();
        self.candidates.reserve(limit + 1);
    }

    /// Keeps `candidate` if it is among the nearest; says whether it is the next to be expanded.
    #[inline]
    pub(super) fn insert(&mut self, candidate: Candidate) -> bool {
        if self.candidates.len() == self.limit {
            if self.candidates.last().is_none_or(|&worst| candidate > worst) {
                return false;
            }
            self.candidates.pop();
        }
        let at = self.candidates.partition_point(|&other| other < candidate);
        self.candidates.insert(at, candidate);
        let is_next = at <= self.cursor;
        self.cursor = self.cursor.min(at);
        is_next
    }

    /// The nearest candidate not yet expanded, which it marks as expanded.
    #[inline]
    pub(super) fn expand(&mut self) -> Option<u32> {
        let candidate = self.candidates[self.cursor..].iter_mut().find(|candidate| {
            let is_expanded = candidate.is_expanded();
            self.cursor += 1;
            !is_expanded
        })?;
        candidate.0 |= 1;
        Some(candidate.slot())
    }

    /// The slot `expand` would return.
    #[inline]
    pub(super) fn next(&self) -> Option<u32> {
        self.candidates[self.cursor..].iter().find(|candidate| !candidate.is_expanded()).map(|c| c.slot())
    }

    /// What it keeps, nearest first.
    pub(super) fn nearest(&self) -> impl Iterator<Item = Near> {
        self.candidates.iter().map(|candidate| candidate.near())
    }
}

/// Which slots a search has met: a mark equal to the epoch.
#[derive(Debug, Default)]
pub(super) struct Marks {
    epoch: u16,
    marks: Vec<u16>,
}

impl Marks {
    pub(super) fn reset(&mut self, slots: usize) {
        if self.marks.len() < slots {
            self.marks.resize(slots, 0);
        }
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.marks.fill(0);
            self.epoch = 1;
        }
    }

    /// Marks `slot`; true the first time.
    #[inline]
    pub(super) fn visit(&mut self, slot: u32) -> bool {
        let mark = &mut self.marks[slot as usize];
        let is_new = *mark != self.epoch;
        *mark = self.epoch;
        is_new
    }
}

/// What one search works with.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) marks: Marks,
    pub(super) pool: Pool,
    pub(super) batch: Vec<u32>,
    pub(super) probe: Probe,
}

/// Scratches not in use.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    scratches: Mutex<Vec<Scratch>>,
}

impl Shelf {
    /// Runs `search` with a scratch of its own.
    pub(super) fn with<R>(&self, search: impl FnOnce(&mut Scratch) -> R) -> R {
        let taken = self.scratches.lock().pop();
        let mut scratch = taken.unwrap_or_default();
        let result = search(&mut scratch);
        self.scratches.lock().push(scratch);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_keeps_the_nearest_and_expands_each_once_nearest_first() {
        let mut pool = Pool::default();
        pool.reset(4);
        let offers = [(500, 1), (0, 9), (200, 3), (200, 2), (700, 4), (1, 8), (200, 7)];
        let next: Vec<bool> =
            offers.iter().map(|&(key, slot)| pool.insert(Candidate::new(key, slot))).collect();
        assert_eq!(next, [true, true, false, false, false, false, false]);
        let order: Vec<u32> = pool.nearest().map(|near| near.slot).collect();
        assert_eq!(order, [9, 8, 2, 3]);
        assert_eq!((pool.expand(), pool.expand(), pool.next()), (Some(9), Some(8), Some(2)));
        // A nearer row found on the way is expanded next.
        assert!(pool.insert(Candidate::new(100, (1 << 31) - 1)));
        // A settled one is kept, and not expanded.
        assert!(pool.insert(Candidate::settled(50, 5)));
        assert_eq!((pool.expand(), pool.expand()), (Some((1 << 31) - 1), None));
        assert_eq!(pool.nearest().map(|near| near.slot).collect::<Vec<_>>(), [9, 8, 5, (1 << 31) - 1]);
    }

    #[test]
    fn marks_are_forgotten_at_every_reset_even_when_the_epoch_wraps() {
        let mut marks = Marks::default();
        for slots in (0..70_000).map(|round| 3 + round / 30_000) {
            marks.reset(slots);
            assert!(marks.visit(2) && !marks.visit(2));
        }
    }
}
