//! One search of one view, with all that its options left open decided.
//!
//! Which rows may be found is a set of slots by now. How a scan or a walk works is the graph layer's, and so is
//! the choice between them for a set.

use std::borrow::Cow;

use super::view::View;
use crate::graph::{Among, Explanation, Neighbour, Threads, for_each_query};

/// A set of fewer rows than one in so many is gathered for each query by itself; of more, all rows are scanned for the
/// queries together.
const THIN: usize = 8;

/// How to search one view.
#[derive(Clone, Copy)]
pub(super) struct Plan<'a> {
    pub(super) view: &'a View,
    /// The rows that may be found, where not all may.
    pub(super) among: Option<Among<'a>>,
    pub(super) within: Option<f32>,
    pub(super) k: usize,
    pub(super) ef: usize,
    pub(super) exact: bool,
    /// A row that asks as if it were new: it is neither found nor walked through. `among` is without it.
    pub(super) asker: Option<u32>,
}

impl Plan<'_> {
    /// Compares every row where that is sooner for so many queries.
    pub(super) fn scan_if_sooner(&mut self, queries: usize) {
        let Self { view, among, k, ef, .. } = *self;
        self.exact |= among.is_none() && view.former.is_none() && view.graph.is_scan_sooner(queries, k, ef);
    }

    pub(super) fn run(self, query: &[f32], inverse_norm: f32) -> (Vec<Neighbour>, Explanation) {
        let Self { view, among, within, k, ef, exact, asker, .. } = self;
        let View { rows, graph, .. } = view;
        let (alive, live) = (|slot: u32| self.is_there(slot), self.live());
        let found = match (within, among) {
            (Some(distance), Some(among)) => graph.within(rows, query, inverse_norm, distance, k, among),
            (Some(distance), None) => {
                let living: Vec<u64> = view.alive.words().collect();
                graph.within(rows, query, inverse_norm, distance, k, Among::new(&living, view.live))
            }
            (None, None) if exact => graph.scan(rows, query, inverse_norm, k, alive),
            (None, Some(among)) if exact => graph.scan_among(rows, query, inverse_norm, k, among),
            (None, among) => {
                let graph = asker.map_or(Cow::Borrowed(graph), |asker| Cow::Owned(graph.without(asker)));
                return match (&view.former, among) {
                    (Some(former), None) => former.search(self, query, inverse_norm),
                    (Some(former), Some(among)) => former.search_among(self, query, inverse_norm, among),
                    (None, Some(among)) => graph.search_among(rows, query, inverse_norm, k, ef, among),
                    (None, None) => graph.search(rows, query, inverse_norm, k, ef, alive, live),
                };
            }
        };
        let matches = among.map(Among::count);
        (found, Explanation::exact(matches, matches.unwrap_or(live)))
    }

    /// Whether the row of `slot` lives, and does not ask.
    #[inline]
    pub(super) fn is_there(&self, slot: u32) -> bool {
        self.view.alive.contains(slot) && self.asker != Some(slot)
    }

    /// How many rows are there.
    fn live(&self) -> usize {
        self.view.live - usize::from(self.asker.is_some())
    }

    /// [`Plan::run`] for each query.
    pub(super) fn run_many(
        self,
        queries: &[f32],
        inverse_norms: &[f32],
        threads: Threads,
    ) -> Vec<(Vec<Neighbour>, Explanation)> {
        let Self { view, among, within, k, exact, .. } = self;
        let is_thin = among.is_some_and(|among| among.count() < view.rows.len() / THIN);
        if exact && within.is_none() && !is_thin {
            let passes =
                |slot: u32| among.map_or_else(|| view.alive.contains(slot), |among| among.contains(slot));
            let found = view.graph.scan_many(&view.rows, queries, inverse_norms, k, passes, threads);
            let matches = among.map(Among::count);
            let told = Explanation::exact(matches, matches.unwrap_or(view.live));
            return found.into_iter().map(|found| (found, told)).collect();
        }
        for_each_query(queries, inverse_norms, threads, |query, norm| self.run(query, norm))
    }
}
