//! What it costs to find the nearest rows of a set, one way or another: which way is taken, and when a walk has
//! cost too much.
//!
//! Costs are in nanoseconds, as measured on a server of 2023, with codes of 128 and 384 bytes and vectors of 128 and
//! 384 components. They are constants, so that answers do not depend on the machine: only proportions count.

use super::codes::CodesView;
use super::filtered::Wish;
use super::measure::Measure;
use super::pool::{Candidate, Pool};
use super::rows::RowsView;
use super::search::GraphView;

/// What steps of a search cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Costs {
    /// A row of a set, asked for in time and compared.
    gathered: f64,
    /// A row streamed past.
    streamed: f64,
    /// A row that a walk measures.
    measured: f64,
}

/// What an exact scan costs beside the rows: the first of them all seem near, and the last are measured again.
const SETTLED: f64 = 8000.0;

/// A candidate that a walk expands, beside the rows it leads to; and how many of those were not met before.
const EXPANDED: f64 = 100.0;
const NEW: f64 = 12.0;

/// A list of links gone through for rows of a set.
const LISTED: f64 = 45.0;

/// Rows that take more bytes than this do not stay near the processor, and each takes so much longer to come.
const NEARBY: f64 = (24 << 20) as f64;
const FAR: f64 = 15.0;

/// The nearest rows met that are taken for the query's neighbourhood.
const NEAR: usize = 96;

/// Where the rows of a set are so many times rarer than elsewhere, there is a hole in the set.
const RARE: f64 = 3.0;

/// How many times wider a walk becomes that does not know how far it is to the rows of a set.
const WIDER: usize = 3;

/// What a walk does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It has the nearest rows of the set.
    Answer,
    /// It keeps so many candidates, and goes on.
    Widen(usize),
    /// It goes on over rows of the set, and through so many others from each.
    TwoHop(usize),
    /// The set is gathered.
    GiveUp,
}

impl Costs {
    pub(super) fn of(codes: &CodesView, rows: &RowsView) -> Self {
        let bytes = match codes.measure() {
            Measure::Bytes { codec, .. } => codec.stride(),
            Measure::Floats { .. } => rows.space().dimension() * size_of::<f32>(),
        };
        let bytes = bytes as f64;
        let far = if rows.len() as f64 * bytes > NEARBY { FAR } else { 0.0 };
        Self {
            gathered: 3.5 + bytes / 36.0 + far,
            streamed: 2.3 + bytes / 85.0,
            measured: 15.0 + bytes / 32.0 + far,
        }
    }

    /// Of comparing the rows of a set.
    pub(super) fn exact(self, count: usize, rows: usize) -> f64 {
        (count as f64 * self.gathered).min(rows as f64 * self.streamed) + SETTLED
    }

    /// Of a walk that expands so many candidates.
    fn walk(self, candidates: usize) -> f64 {
        candidates as f64 * (EXPANDED + NEW * self.measured)
    }

    /// Of a walk over rows of a set, through so many others from each.
    fn two_hop(self, candidates: usize, through: usize) -> f64 {
        self.walk(candidates) + (candidates * through) as f64 * LISTED
    }

    /// Of a walk so far.
    pub(super) fn spent(self, met: usize, listed: usize) -> f64 {
        met as f64 * (self.measured + EXPANDED / NEW) + listed as f64 * LISTED
    }
}

impl Wish<'_> {
    fn share(self) -> f64 {
        self.count as f64 / self.rows as f64
    }

    /// What an exact answer costs.
    pub(super) fn exact(self) -> f64 {
        self.costs.exact(self.count, self.rows)
    }

    /// Whether a walk may cost less than an exact answer. Most take twice the candidates of one among all rows, or
    /// as long; and what is begun may have to be given up.
    pub(super) fn is_worth_a_walk(self) -> bool {
        self.ef < self.count && 3.0 * self.costs.walk(self.ef) < self.exact()
    }

    /// How many candidates must be kept where the k-th row of the set is the one of this rank.
    ///
    /// Beyond it as many as a search among all keeps beyond the k-th, or rather fewer: the farther out, the less it
    /// matters where the walk ends. With the square root for the fourth one, recall fell to 0.90 next to a hole.
    fn candidates(self, rank: f64) -> usize {
        let Self { k, ef, .. } = self;
        let beyond = (ef - k) as f64 * (k as f64 / rank).powf(0.25);
        (rank + beyond).ceil() as usize
    }

    /// How many candidates a walk keeps at first.
    pub(super) fn first(self) -> usize {
        let expected = self.candidates(self.k as f64 / self.share());
        if expected <= self.ef + self.ef / 2 { expected } else { (self.ef / 2).max(self.k) }
    }

    /// After all that the pool keeps are expanded, of `met` rows that were met.
    #[inline]
    pub(super) fn next(
        self,
        pool: &Pool,
        spill: &mut [Candidate],
        met: usize,
        passes: impl Fn(u32) -> bool,
    ) -> Next {
        let Self { k, ef, costs, .. } = self;
        let (mut held, mut passing) = (0, 0);
        for near in pool.nearest() {
            held += 1;
            passing += usize::from(passes(near.slot));
            if passing == k {
                let enough = self.candidates(held as f64);
                return if enough <= pool.limit() { Next::Answer } else { self.widen(pool, enough, met) };
            }
        }
        if held < pool.limit() {
            // All that can be reached was met.
            return Next::Answer;
        }
        let farther = NEAR.saturating_sub(held).min(spill.len());
        if (1..spill.len()).contains(&farther) {
            spill.select_nth_unstable(farther);
        }
        let near = held + farther;
        let passing = passing + spill[..farther].iter().filter(|far| passes(far.slot())).count();
        let local = passing as f64 / near as f64;
        // A list that is gone through from each of so many others gives as many rows of the set as a list has.
        let through = local.max(self.share()).recip().ceil() as usize;
        let two_hop = costs.two_hop(ef, through);
        let enough = if passing == 0 { usize::MAX } else { self.candidates(k as f64 / local) };
        let walk = costs.walk(enough.saturating_sub(held));
        let is_hole = local * RARE < self.share();
        if is_hole {
            let wider = WIDER * pool.limit();
            let is_dear = costs.spent(met, 0) + costs.walk(wider - held) > self.exact() / 2.0;
            return if is_dear { Next::GiveUp } else { Next::Widen(enough.clamp(pool.limit() + 1, wider)) };
        }
        if walk.min(two_hop) > self.exact() {
            Next::GiveUp
        } else if walk <= two_hop {
            self.widen(pool, enough, met)
        } else {
            Next::TwoHop(through)
        }
    }

    fn widen(self, pool: &Pool, enough: usize, met: usize) -> Next {
        // By some at least: what the walk has met may not be like what it will meet.
        let enough = enough.max(pool.limit() + pool.limit() / 8 + 1);
        let is_dear = self.costs.spent(met, 0) + self.costs.walk(enough - pool.limit()) > 1.5 * self.exact();
        if is_dear { Next::GiveUp } else { Next::Widen(enough) }
    }

    /// Whether a walk over rows of the set has cost too much.
    pub(super) fn is_too_long(self, met: usize, listed: usize) -> bool {
        self.costs.spent(met, listed) > self.exact()
    }
}

impl GraphView {
    /// As many candidates as a walk may keep in the time in which all rows are compared.
    pub fn most_candidates(&self, rows: &RowsView) -> usize {
        let costs = Costs::of(&self.codes, rows);
        (costs.exact(rows.len(), rows.len()) / costs.walk(1)) as usize
    }
}

/// Whether streaming past all rows is quicker than gathering `count` of them.
pub(super) fn is_dense(count: usize, rows: usize) -> bool {
    count >= rows / 2
}
