//! What it costs to find the nearest rows of a set, one way or another: which way is taken, and when a walk has
//! cost too much.
//!
//! Costs are in nanoseconds, as measured on a server of 2023, with codes of 128 and 384 bytes and vectors of 128 and
//! 384 components. They are constants, so that answers do not depend on the machine: only proportions count.

use super::around::Around;
use super::codes::CodesView;
use super::filtered::Wish;
use super::measure::Measure;
use super::members::Members;
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

/// Of a walk over rows of a set: a list of links gone through for them, and how many of them come of all those that
/// are gone through from one.
const LISTED: f64 = 55.0;
const GATHERED: f64 = 16.0;

/// Rows that are met on the way to the query.
const ON_THE_WAY: usize = 250;

/// Rows that take more bytes than this do not stay near the processor, and each takes so much longer to come.
const NEARBY: f64 = (24 << 20) as f64;
const FAR: f64 = 15.0;

/// The nearest rows met that are taken for the query's neighbourhood, and for its closest part.
const OUTER: usize = 96;
const INNER: usize = 24;

/// Where the rows of a set are so many times rarer than elsewhere, there is a hole in the set; or where in the closest
/// part there are fewer than chance would have, by so many standard deviations.
const RARE: f64 = 3.0;
const UNLIKELY: f64 = 1.5;

/// How many times wider a walk becomes that met no row of the set yet.
const WIDER: f64 = 1.5;

/// How many times the candidates beyond k a walk over rows of a set keeps at least and at most, but at least so many
/// if there are; and how many times the rows it gets from each are those that a list holds: fewer steps to more rows
/// each cost less at the same recall than the reverse.
const KEPT: [f64; 2] = [0.5, 4.0];
const FEW: usize = 18;
const REACHED: f64 = 1.25;

/// A walk over all rows may cost so much more than one over those of the set: it finds more. Where the set has such a
/// share of them, it does so anyway.
const SURER: f64 = 1.15;
const FREQUENT: f64 = 0.25;

/// What a walk does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It has the nearest rows of the set.
    Answer,
    /// It keeps so many candidates, and goes on.
    Widen(usize),
    /// It goes on over rows of the set, keeps `ef` of them, and goes through so many others from each.
    TwoHop { ef: usize, through: usize },
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
        candidates as f64 * (EXPANDED + GATHERED * self.measured + through as f64 * LISTED)
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

    /// Whether a walk may cost less than an exact answer: coming near the query, only to give up, costs little next
    /// to it.
    pub(super) fn is_worth_a_walk(self) -> bool {
        self.ef < self.count && 3.0 * self.costs.spent(ON_THE_WAY, 0) < self.exact()
    }

    /// How many candidates must be kept where the k-th row of the set is the one of this rank: beyond it as many as a
    /// search among all keeps beyond the k-th. With fewer, recall fell to 0.92 next to a hole.
    fn candidates(self, rank: f64) -> usize {
        rank.ceil() as usize + (self.ef - self.k)
    }

    /// How many candidates a walk keeps at first: enough to come near the query.
    pub(super) fn first(self) -> usize {
        (self.ef / 8).max(4)
    }

    /// After all that the pool keeps are expanded, of `met` rows that were met.
    #[inline]
    pub(super) fn next(self, pool: &Pool, spill: &mut [Candidate], met: usize, members: Members<'_>) -> Next {
        let Self { k, costs, .. } = self;
        let (mut held, mut passing) = (0, 0);
        for near in pool.nearest() {
            held += 1;
            passing += usize::from(members.has(near.slot));
            if passing == k {
                let enough = self.candidates(held as f64);
                return if enough <= pool.limit() { Next::Answer } else { self.widen(pool, enough, met) };
            }
        }
        if held < pool.limit() {
            // All that can be reached was met.
            return Next::Answer;
        }
        let inner = Around::of(pool, spill, INNER, members);
        let outer = Around::of(pool, spill, OUTER, members);
        let local = outer.share();
        let expected = inner.rows as f64 * self.share();
        let is_empty = (inner.passing as f64) < expected - UNLIKELY * expected.sqrt();
        if is_empty || local * RARE < self.share() {
            return self.leave_hole(held, passing, outer, met);
        }
        let enough = if outer.passing == 0 { usize::MAX } else { self.candidates(k as f64 / local) };
        let walk = costs.walk(enough.saturating_sub(held));
        // Where k rows of the set are this near, it does not matter how few there are elsewhere.
        let share = if outer.passing < k { self.share() } else { local.max(self.share()) };
        // A list that is gone through from each of so many others gives as many rows of the set as a list has.
        let through = (REACHED / share).ceil() as usize;
        let ef = self.kept(self.exact() / 2.0 / costs.two_hop(1, through));
        let two_hop = costs.two_hop(ef, through);
        if walk.min(two_hop) > self.exact() {
            Next::GiveUp
        } else if walk <= SURER * two_hop || local >= FREQUENT {
            self.widen(pool, enough, met)
        } else {
            Next::TwoHop { ef, through }
        }
    }

    /// How many candidates a walk over rows of the set keeps, where so many cost half of an exact answer.
    ///
    /// Among many rows the set's may lie in small clusters far apart: there the least is too few.
    fn kept(self, affordable: f64) -> usize {
        let beyond = self.ef - self.k;
        let [least, most] = KEPT.map(|times| times * beyond as f64);
        let least = least.max(beyond.min(FEW) as f64);
        self.k + (affordable - self.k as f64).clamp(least, most) as usize
    }

    /// Where the walk holds `held` candidates in a hole of the set, `passing` of them of it.
    fn leave_hole(self, held: usize, passing: usize, outer: Around, met: usize) -> Next {
        let edge = if passing > 0 { held } else { outer.rows.max((WIDER * held as f64) as usize) };
        // Beyond it the rows of the set are as frequent as anywhere.
        let enough = self.candidates(edge as f64 + (self.k - passing) as f64 / self.share());
        // One that goes on and on has no edge that is worth the way.
        let most = if passing == 0 && held > OUTER { self.exact() / 2.0 } else { self.exact() };
        if self.costs.spent(met, 0) + self.costs.walk(enough - held) > most {
            Next::GiveUp
        } else {
            Next::Widen(if passing > 0 { enough } else { edge }.max(held + 1))
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
