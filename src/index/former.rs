//! The graph before a compaction, which finds the compacted rows until the new graph holds them all.
//!
//! It is no part of the state: snapshots and digests never see it. Architecture invariant: an index has at
//! most one, and it goes with the view that shows the new graph whole.

use std::borrow::Cow;
use std::sync::Arc;

use super::plan::Plan;
use super::versioned::SlotSet;
use super::view::View;
use crate::graph::{Among, Explanation, GraphView, Neighbour, RowsView, scan_slots};

/// Rows and graph as they were before one or more compactions.
pub(super) struct Former {
    rows: RowsView,
    graph: GraphView,
    /// Its slots that the compactions kept. They keep their order, so the n-th of them is slot n now.
    kept: SlotSet,
    /// Per word of `kept`, how many were kept before it.
    ranks: Vec<u32>,
    /// Slots below this are found here, the others by scanning.
    covered: u32,
    /// Rows of the compacted index: a graph that holds so many has caught up.
    compacted: usize,
}

impl Former {
    /// What finds the rows of `old` after a compaction that keeps its living rows; `None` where no graph does.
    ///
    /// Where `old` itself has not caught up with a compaction yet, its former goes on: its graph is the newest
    /// that is whole.
    pub(super) fn of(old: &View) -> Option<Arc<Self>> {
        let (rows, graph, kept) = match &old.former {
            Some(former) => (&former.rows, &former.graph, former.still_kept(old)),
            None if old.graph.is_built() => (&old.rows, &old.graph, old.alive.clone()),
            None => return None,
        };
        let mut covered = 0;
        let ranks = kept
            .words()
            .map(|word| {
                covered += word.count_ones();
                covered - word.count_ones()
            })
            .collect();
        let (rows, graph) = (rows.clone(), graph.clone());
        Some(Arc::new(Self { rows, graph, kept, ranks, covered, compacted: old.live }))
    }

    /// Its slots whose rows live in `view`.
    fn still_kept(&self, view: &View) -> SlotSet {
        let mut kept = self.kept.clone();
        let living = |slot: u32| self.slot_now(slot).is_some_and(|now| view.alive.contains(now));
        self.kept.iter().filter(|&slot| !living(slot)).for_each(|slot| kept.remove(slot));
        kept
    }

    /// The slot that the row of its slot `old` has now.
    #[inline]
    fn slot_now(&self, old: u32) -> Option<u32> {
        let (at, bit) = (old as usize / 64, old % 64);
        let word = self.kept.word(at);
        (word >> bit & 1 == 1).then(|| self.ranks[at] + (word & !(u64::MAX << bit)).count_ones())
    }

    /// The slot here of the row that has the slot `now`; `None` for a later row.
    fn slot_before(&self, now: u32) -> Option<u32> {
        if now >= self.covered {
            return None;
        }
        let at = self.ranks.partition_point(|&rank| rank <= now) - 1;
        let word = (0..now - self.ranks[at]).fold(self.kept.word(at), |word, _| word & (word - 1));
        Some(at as u32 * 64 + word.trailing_zeros())
    }

    /// Slots below this are found here.
    pub(super) fn covered(&self) -> u32 {
        self.covered
    }

    /// Whether `graph`, of the compacted index, holds all its rows.
    pub(super) fn is_outdone_by(&self, graph: &GraphView) -> bool {
        graph.attached() >= self.compacted
    }

    /// About the `k` living rows of the plan's view nearest to `query`, sorted by key, then slot; keys are exact.
    ///
    /// Later rows are scanned. At least `min(k, living)` rows come back.
    pub(super) fn search(
        &self,
        plan: Plan<'_>,
        query: &[f32],
        inverse_norm: f32,
    ) -> (Vec<Neighbour>, Explanation) {
        let Plan { view, k, ef, asker, .. } = plan;
        let asker = asker.and_then(|asker| self.slot_before(asker));
        let is_there = |slot: u32| plan.is_there(slot);
        let is_there_now = |old: u32| self.slot_now(old).is_some_and(is_there);
        let live = view.former_live - usize::from(asker.is_some());
        let graph = self.graph(asker);
        let found = graph.search(&self.rows, query, inverse_norm, k, ef, is_there_now, live);
        self.with_later(view, query, inverse_norm, k, is_there, found)
    }

    /// As [`GraphView::search_among`], among rows of the plan's view.
    pub(super) fn search_among(
        &self,
        plan: Plan<'_>,
        query: &[f32],
        inverse_norm: f32,
        among: Among<'_>,
    ) -> (Vec<Neighbour>, Explanation) {
        let Plan { view, k, ef, asker, .. } = plan;
        let (words, count) = spread(&self.kept, among);
        let graph = self.graph(asker.and_then(|asker| self.slot_before(asker)));
        let found = graph.search_among(&self.rows, query, inverse_norm, k, ef, Among::new(&words, count));
        let (found, explanation) =
            self.with_later(view, query, inverse_norm, k, |slot| among.contains(slot), found);
        (found, Explanation { matches: Some(among.count()), ..explanation })
    }

    /// What is walked for a query that `asker` is not there for.
    fn graph(&self, asker: Option<u32>) -> Cow<'_, GraphView> {
        asker.map_or(Cow::Borrowed(&self.graph), |asker| Cow::Owned(self.graph.without(asker)))
    }

    /// What was found here, by the slots of `view`, and the later rows of `view` that pass.
    fn with_later(
        &self,
        view: &View,
        query: &[f32],
        inverse_norm: f32,
        k: usize,
        passes: impl Fn(u32) -> bool,
        (mut found, explanation): (Vec<Neighbour>, Explanation),
    ) -> (Vec<Neighbour>, Explanation) {
        for near in &mut found {
            near.slot = self.slot_now(near.slot).expect("what lives was kept");
        }
        let later = self.covered..view.rows.len() as u32;
        let Explanation { scanned, distances, .. } = explanation;
        let (scanned, distances) = (scanned + later.len(), distances + later.len());
        found.extend(scan_slots(&view.rows, later, query, inverse_norm, k, passes));
        found.sort_unstable();
        found.truncate(k);
        (found, Explanation { scanned, distances, ..explanation })
    }

    /// Bytes it keeps in memory.
    pub(super) fn bytes(&self) -> usize {
        self.rows.bytes() + self.graph.bytes() + self.kept.bytes() + self.ranks.len() * size_of::<u32>()
    }
}

/// The slots of `kept` whose ranks in it are in `among`, as a bit set, and how many they are.
fn spread(kept: &SlotSet, among: Among<'_>) -> (Vec<u64>, usize) {
    let (mut rank, mut count) = (0, 0);
    let spread = |mut left: u64| {
        let mut word = 0;
        while left != 0 {
            if among.contains(rank) {
                word |= left & left.wrapping_neg();
                count += 1;
            }
            rank += 1;
            left &= left - 1;
        }
        word
    };
    (kept.words().map(spread).collect(), count)
}
