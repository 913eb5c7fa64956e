//! The graph as readers hold it, and the search: walk, copies, tail, and exactness when in doubt.
//!
//! It takes no lock and writes nothing but marks of its own. The walk goes by keys of codes; what it finds
//! is measured again on the vectors, so that every key returned is exact.

use std::sync::Arc;

use super::ahead::Ahead;
use super::asked::Walk;
use super::codes::CodesView;
use super::explain::{Explanation, Path};
use super::floatwise::FloatRuler;
use super::links::Links;
use super::met::Met;
use super::neighbour::Neighbour;
use super::pool::{Candidate, Pool};
use super::rows::RowsView;
use super::ruler::Ruler;
use super::scan::Nearest;
use super::scratch::{Scratch, Shelf};
use super::walk::Ground;

/// Candidates a search keeps where nothing was tried out: in a graph of a snapshot from before that.
pub const EF_SEARCH: usize = 64;

/// How often a search that found too few alive rows widens before it scans, and by how much.
const WIDENINGS: usize = 2;
const WIDER: usize = 4;

/// A reader's graph, as attached when it was taken. Cheap to clone.
#[derive(Debug, Clone)]
pub struct GraphView {
    /// Slots below this are found by walking.
    pub(super) attached: usize,
    /// Those of the others that are.
    pub(super) ahead: Arc<Ahead>,
    pub(super) entries: Arc<[u32]>,
    pub(super) ef_search: usize,
    pub(super) codes: CodesView,
    pub(super) links: Arc<Links>,
    /// A row that asks as if it were new: walks do not go through it.
    pub(super) asker: Option<u32>,
    pub(super) shelf: Arc<Shelf>,
    /// Bytes in memory when the view was taken, the writer's tables included.
    pub(super) bytes: usize,
}

impl GraphView {
    /// The graph as it is to a query that the row of `slot` is not there for. Nothing is done about the answers: `alive`
    /// must say no to it.
    ///
    /// A row that others are copies of stays: they are found through it, and a new row would come to hang off them.
    #[must_use]
    pub fn without(&self, slot: u32) -> Self {
        let is_copied = (slot as usize) < self.links.slots() && self.links.is_copied(slot);
        Self { asker: (!is_copied).then_some(slot), ..self.clone() }
    }

    /// Whether there is a graph: without one every search is a scan, and exact.
    pub fn is_built(&self) -> bool {
        self.attached() > 0
    }

    /// How many slots are found by walking; the others are found by scanning.
    pub fn attached(&self) -> usize {
        self.attached + self.ahead.len()
    }

    /// Whether all that makes the slots below `due` attached ones is done.
    pub fn is_attached_to(&self, due: usize) -> bool {
        self.attached >= due
    }

    /// What walks measure: `f32` vectors, `u8` codes that are the vectors, or scaled ones, `sq8`.
    pub fn codec(&self) -> &'static str {
        self.codes.measure().name()
    }

    /// Candidates that gave recall@10 of 0.95 when the graph last passed a growth point.
    pub fn ef_search(&self) -> usize {
        self.ef_search
    }

    /// Whether `slot` is found by walking.
    #[inline]
    pub(super) fn holds(&self, slot: u32) -> bool {
        (slot as usize) < self.attached || self.ahead.contains(slot)
    }

    /// The rows that `slot` is linked to, nearest first; none for a row of the tail and for a copy of another.
    pub fn neighbours(&self, slot: u32) -> Vec<u32> {
        if (slot as usize) < self.attached { self.links.neighbours(slot).collect() } else { Vec::new() }
    }

    /// About the `k` alive rows nearest to `query`, sorted by key, then slot, and how they were found; keys are exact.
    ///
    /// `inverse_norm` is what `Distance::admit` returned for the query. `ef` candidates are kept (at
    /// least `k`). `live_hint` is the number of slots `alive` says yes to: never fewer than
    /// `min(k, live_hint)` results come back if so many are alive. `rows` must be taken from the same
    /// rows as the graph, not before it.
    #[allow(clippy::too_many_arguments, reason = "each is a part of the question, and callers name them")]
    pub fn search(
        &self,
        rows: &RowsView,
        query: &[f32],
        inverse_norm: f32,
        k: usize,
        ef: usize,
        alive: impl Fn(u32) -> bool,
        live_hint: usize,
    ) -> (Vec<Neighbour>, Explanation) {
        let wanted = k.min(live_hint).min(rows.len());
        if wanted == 0 {
            return (Vec::new(), Explanation::exact(None, 0));
        }
        let query = FloatRuler { rows, query, inverse_norm };
        let mut distances = 0;
        // Dead rows take places among the candidates: make up for them.
        let share = (rows.len() / live_hint.clamp(1, rows.len())).min(WIDER);
        let mut ef = ef.max(k).saturating_mul(share);
        for _ in 0..=WIDENINGS {
            if ef >= self.attached() {
                break;
            }
            let (found, walked) = self.walk(query, k, ef, &alive);
            distances += walked.distances;
            if found.len() >= wanted {
                return (found, Explanation { distances, ..walked });
            }
            ef = ef.saturating_mul(WIDER);
        }
        let found = self.codes.scan(rows, query.query, inverse_norm, k, alive);
        distances += rows.len();
        (found, Explanation { distances, ..Explanation::exact(None, rows.len()) })
    }

    fn walk(
        &self,
        query: FloatRuler<'_>,
        k: usize,
        ef: usize,
        alive: impl Fn(u32) -> bool,
    ) -> (Vec<Neighbour>, Explanation) {
        let FloatRuler { rows, query: vector, inverse_norm } = query;
        let coded = self.codes.len().min(rows.len());
        let mut nearest = Nearest::new(k);
        let tail = self.attached.max(coded) as u32..rows.len() as u32;
        let mut scanned = tail.len();
        nearest.scan(rows, tail, vector, inverse_norm, |slot| !self.ahead.contains(slot) && alive(slot));
        let distances = self.shelf.with(|scratch| {
            let Scratch { met, pool, probe, found, .. } = scratch;
            let bound = self.codes.bound(rows).min(self.links.slots());
            let ground = Ground { links: &self.links, entries: &self.entries, bound, asker: self.asker };
            let slots = self.attached as u32..coded as u32;
            scanned += slots.len();
            let pending = Pending { ahead: &self.ahead, slots };
            met.reset(bound.max(coded));
            pool.reset(ef);
            let walk = ToQuery { ground, pending, met, pool };
            let precision = self.codes.at_query(query, probe, walk);
            self.answer(query, precision, pool.nearest(), alive, found, &mut nearest);
            met.count()
        });
        let distances = distances + (rows.len() - self.attached.max(coded));
        let walked = Explanation { matches: None, path: Path::Walk, scanned, distances, ef, exact: false };
        (nearest.into_sorted(), walked)
    }
}

/// Rows that are coded, but not found by walking yet.
pub(super) struct Pending<'a> {
    pub(super) ahead: &'a Ahead,
    pub(super) slots: std::ops::Range<u32>,
}

impl Pending<'_> {
    /// Adds to `pool` those of them that pass.
    ///
    /// After the walk: they would take the places of what it must pass through.
    #[inline(always)]
    pub(super) fn join<R: Ruler>(
        self,
        ruler: R,
        met: &mut Met,
        pool: &mut Pool,
        passes: impl Fn(u32) -> bool,
    ) {
        let Self { ahead, slots } = self;
        let bound = slots.end as usize;
        let most = slots.len();
        met.meet(slots.filter(|&slot| !ahead.contains(slot) && passes(slot)), most, bound);
        for &slot in met.last() {
            pool.insert(Candidate::settled(ruler.key(slot), slot));
        }
    }
}

struct ToQuery<'a> {
    ground: Ground<'a>,
    pending: Pending<'a>,
    met: &'a mut Met,
    pool: &'a mut Pool,
}

impl Walk for ToQuery<'_> {
    #[inline(always)]
    fn run<R: Ruler>(self, ruler: R) {
        let Self { ground, pending, met, pool } = self;
        ground.walk(ruler, met, pool);
        pending.join(ruler, met, pool, |_| true);
    }
}
