//! Searches among the rows of a set.
//!
//! A small set is gathered. Otherwise a walk over all rows begins, only just wide enough to come near the query, and
//! what it meets decides. Where enough of the nearest rows are of the set, it is made wide enough to hold k of them,
//! and as many rows beyond them as a search among all would. Where fewer are, it goes on from those of the set alone,
//! two links at a time (`two_hop.rs`). Where hardly any are, though the set is large, its rows lie elsewhere: it is
//! widened until it meets them. When a walk costs more than gathering the set, or was short, the set is gathered.

use super::among::Among;
use super::asked::Walk;
use super::explain::{Explanation, Path};
use super::floatwise::FloatRuler;
use super::gather::Sought;
use super::members::Members;
use super::met::Met;
use super::neighbour::Neighbour;
use super::plan::{Costs, Next};
use super::pool::{Candidate, Pool};
use super::rows::RowsView;
use super::ruler::Ruler;
use super::scan::Nearest;
use super::scratch::Scratch;
use super::search::{GraphView, Pending};
use super::two_hop::TwoHop;
use super::walk::Ground;

impl GraphView {
    /// About the `k` nearest of the rows of `among`, sorted by key, then slot, and how they were found; keys are
    /// exact.
    ///
    /// Always `min(k, among.count())` rows come back. The rest is as in [`GraphView::search`].
    pub fn search_among(
        &self,
        rows: &RowsView,
        query: &[f32],
        inverse_norm: f32,
        k: usize,
        ef: usize,
        among: Among<'_>,
    ) -> (Vec<Neighbour>, Explanation) {
        let count = among.count();
        let wanted = k.min(count);
        let query = FloatRuler { rows, query, inverse_norm };
        if wanted == 0 {
            return (Vec::new(), Explanation::exact(Some(count), 0));
        }
        let mut distances = 0;
        let costs = Costs::of(&self.codes, rows);
        let wish = Wish { among, count, rows: rows.len(), k: wanted, ef: ef.max(k), costs };
        if self.is_built() && wish.is_worth_a_walk() {
            let (found, walked) = self.walk_among(query, wish);
            if found.len() >= wanted {
                return (found, walked);
            }
            distances = walked.distances;
        }
        let found = self.codes.gather(Sought { query, k, reach: f32::INFINITY }, among);
        let explanation = Explanation::exact(Some(count), count);
        (found, Explanation { distances: distances + count, ..explanation })
    }

    /// The exact answer to [`GraphView::search_among`].
    pub fn scan_among(
        &self,
        rows: &RowsView,
        query: &[f32],
        inverse_norm: f32,
        k: usize,
        among: Among<'_>,
    ) -> Vec<Neighbour> {
        let query = FloatRuler { rows, query, inverse_norm };
        self.codes.gather(Sought { query, k, reach: f32::INFINITY }, among)
    }

    /// Nothing where a walk was given up.
    fn walk_among(&self, query: FloatRuler<'_>, wish: Wish<'_>) -> (Vec<Neighbour>, Explanation) {
        let rows = query.rows;
        let Wish { among, k, ef, .. } = wish;
        let coded = self.codes.len().min(rows.len());
        let mut nearest = Nearest::new(k);
        let mut scanned = 0;
        for slot in among.slots(self.attached.max(coded), rows.len()) {
            if !self.ahead.contains(slot) {
                nearest.offer(Neighbour { key: query.exact(slot), slot });
                scanned += 1;
            }
        }
        let mut outcome = Outcome { path: Path::Walk, ef, is_given_up: false };
        let mut distances = scanned;
        self.shelf.with(|scratch| {
            let Scratch { met, pool, probe, found, listed, passing, spill, picked, .. } = scratch;
            let bound = self.codes.bound(rows).min(self.links.slots());
            let ground = Ground { links: &self.links, entries: &self.entries, bound, asker: self.asker };
            let pending = Pending { ahead: &self.ahead, slots: self.attached as u32..coded as u32 };
            met.reset(bound.max(coded));
            let walk = AmongSome {
                ground,
                pending,
                wish,
                met: &mut *met,
                pool: &mut *pool,
                listed,
                passing: &mut *passing,
                spill,
                picked,
                outcome: &mut outcome,
            };
            let precision = self.codes.at_query(query, probe, walk);
            distances += met.count();
            if outcome.is_given_up {
                return;
            }
            let passes = |slot| among.contains(slot);
            let pool = if outcome.path == Path::TwoHop { &*passing } else { &*pool };
            self.answer(query, precision, pool.nearest(), passes, found, &mut nearest);
        });
        let Outcome { path, ef, is_given_up } = outcome;
        let found = if is_given_up { Vec::new() } else { nearest.into_sorted() };
        scanned += coded.saturating_sub(self.attached);
        (found, Explanation { matches: Some(among.count()), path, scanned, distances, ef, exact: false })
    }
}

/// What is sought.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) among: Among<'a>,
    pub(super) count: usize,
    pub(super) rows: usize,
    pub(super) k: usize,
    pub(super) ef: usize,
    pub(super) costs: Costs,
}

/// How it went.
#[derive(Debug)]
struct Outcome {
    path: Path,
    ef: usize,
    is_given_up: bool,
}

struct AmongSome<'a> {
    ground: Ground<'a>,
    pending: Pending<'a>,
    wish: Wish<'a>,
    met: &'a mut Met,
    pool: &'a mut Pool,
    listed: &'a mut Met,
    passing: &'a mut Pool,
    spill: &'a mut Vec<Candidate>,
    picked: &'a mut Vec<u32>,
    outcome: &'a mut Outcome,
}

impl Walk for AmongSome<'_> {
    #[inline(always)]
    fn run<R: Ruler>(self, ruler: R) {
        let Self { ground, pending, wish, met, pool, listed, passing, spill, picked, outcome } = self;
        let Ground { links, bound, .. } = ground;
        let contains = |slot| wish.among.contains(slot);
        let members = Members::new(wish.among, links, wish.rows);
        spill.clear();
        pool.reset(wish.first());
        ground.begin(met);
        let next = loop {
            ground.go_on(ruler, met, pool, spill);
            match wish.next(pool, spill, met.count(), members) {
                Next::Widen(limit) => pool.widen(limit, spill),
                next @ (Next::Answer | Next::TwoHop { .. } | Next::GiveUp) => break next,
            }
            met.meet(std::iter::empty(), 0, bound);
        };
        outcome.ef = pool.limit();
        match next {
            Next::TwoHop { ef, through } => {
                outcome.path = Path::TwoHop;
                outcome.ef = ef;
                listed.reset(bound);
                ground.pass_over_asker(listed);
                listed.meet(pool.nearest().map(|near| near.slot), pool.limit(), bound);
                passing.reset(ef);
                let kept = pool.nearest().map(|near| Candidate::new(near.key, near.slot));
                let nearest = kept.chain(spill.iter().map(|far| Candidate::new(far.key(), far.slot())));
                for seed in nearest.filter(|seed| members.has(seed.slot())) {
                    passing.insert(seed);
                }
                let two_hop = TwoHop {
                    ground,
                    members,
                    wish,
                    met: &mut *met,
                    listed: &mut *listed,
                    pool: &mut *passing,
                    picked,
                };
                outcome.is_given_up = !two_hop.walk(ruler, through);
                pending.join(ruler, met, passing, contains);
            }
            Next::Answer => pending.join(ruler, met, pool, contains),
            Next::GiveUp | Next::Widen(_) => outcome.is_given_up = true,
        }
    }
}
