//! One query of an exact scan by codes: which rows may still be among the nearest, until it is settled.
//!
//! A row is dropped when the least its exact key can be is above the greatest that k others can have, or do
//! have; the rest is kept, and measured on the vectors at the end, or when too many are kept. What is left
//! out is therefore above the k-th key, never equal to it: ties stay, and the answer is that of the plain scan.

use std::collections::BinaryHeap;

use super::bound::{Bound, Limits, Spread};
use super::floatwise::FloatRuler;
use super::neighbour::Neighbour;
use super::ruler::{Ruler, ordered, value};
use super::scan::Nearest;

/// Rows kept before those that are no longer wanted are dropped, and the others measured.
const KEPT: usize = 4096;

/// How far ahead rows are asked for while they are measured.
const AHEAD: usize = 4;

#[derive(Debug)]
pub(super) struct Front<'a> {
    query: FloatRuler<'a>,
    /// What its keys of codes begin with (`tile::key`).
    pub(super) base: i32,
    bound: Bound,
    /// The least of the greatest exact keys of rows, at most k of them, as `ordered` has them.
    greatest: BinaryHeap<u32>,
    /// k rows are known to have exact keys up to this.
    cutoff: f64,
    kept: Vec<Kept>,
    nearest: Nearest,
}

/// A row that may be wanted.
#[derive(Debug, Clone, Copy)]
struct Kept {
    /// The least that its exact key may be.
    least: f64,
    slot: u32,
    /// The exact key, where it is known.
    exact: Option<f32>,
}

impl<'a> Front<'a> {
    /// Of as many of the nearest rows as `nearest` takes, at least one, which has those of other rows.
    pub(super) fn new(query: FloatRuler<'a>, base: i32, bound: Bound, nearest: Nearest) -> Self {
        let (greatest, kept) = (BinaryHeap::new(), Vec::new());
        let cutoff = nearest.worst().map_or(f64::INFINITY, f64::from);
        Self { query, base, bound, greatest, cutoff, kept, nearest }
    }

    /// The same, of which no exact key above `reach` is wanted.
    pub(super) fn within(self, reach: f32) -> Self {
        Self { cutoff: self.cutoff.min(f64::from(reach)), ..self }
    }

    /// The limits that keys must pass to be worth [`Front::meet`].
    pub(super) fn limits(&self) -> Limits {
        self.bound.limits(self.cutoff)
    }

    /// Takes notice of an alive row and its key of codes; true if the limits changed.
    #[inline(never)]
    pub(super) fn meet(&mut self, slot: u32, key: i32, spread: Spread) -> bool {
        let (least, greatest) = self.bound.range(key, spread);
        if least > self.cutoff {
            return false;
        }
        let before = self.cutoff;
        self.kept.push(Kept { least, slot, exact: self.bound.exact(key, spread.residual) });
        let greatest = ordered((greatest as f32).next_up());
        let k = self.nearest.k;
        if self.greatest.len() < k {
            self.greatest.push(greatest);
        } else if let Some(mut most) = self.greatest.peek_mut()
            && greatest < *most
        {
            *most = greatest;
        }
        if self.greatest.len() == k
            && let Some(&most) = self.greatest.peek()
        {
            self.cutoff = self.cutoff.min(f64::from(value(most)));
        }
        if self.kept.len() >= KEPT {
            self.drop_and_measure();
        }
        self.cutoff < before
    }

    /// The nearest rows of those met and scanned, sorted.
    pub(super) fn settle(mut self) -> Vec<Neighbour> {
        self.measure();
        self.nearest.into_sorted()
    }

    fn drop_and_measure(&mut self) {
        let cutoff = self.cutoff;
        self.kept.retain(|kept| kept.least <= cutoff);
        if self.kept.len() >= KEPT / 2 {
            self.measure();
        }
    }

    /// Measures what is kept, the likeliest first.
    fn measure(&mut self) {
        let query = self.query;
        let mut kept = std::mem::take(&mut self.kept);
        kept.retain(|kept| kept.least <= self.cutoff);
        kept.sort_unstable_by(|a, b| a.least.total_cmp(&b.least).then(a.slot.cmp(&b.slot)));
        for (at, &Kept { least, slot, exact }) in kept.iter().enumerate() {
            if least > self.cutoff {
                break;
            }
            if exact.is_none()
                && let Some(next) = kept.get(at + AHEAD)
            {
                query.prefetch(next.slot);
            }
            let key = exact.unwrap_or_else(|| query.exact(slot));
            self.nearest.offer(Neighbour { key, slot });
            if let Some(worst) = self.nearest.worst() {
                self.cutoff = self.cutoff.min(f64::from(worst));
            }
        }
        kept.clear();
        self.kept = kept;
    }
}
