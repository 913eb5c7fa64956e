//! Search: the nearest living rows to a query, from one view, without a lock.
//!
//! A search chooses between the exact scan, the graph and, after a compaction, the graph before it; how a
//! scan or a walk works is the graph layer's.

use super::core::Index;
use super::hits::Hits;
use super::view::View;
use crate::error::{Error, Result};
use crate::graph::{Neighbour, Threads, for_each_query};

/// How to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchOptions {
    /// How many rows to return, at least 1; fewer come back only where fewer live.
    pub k: usize,
    /// The candidate list's length; `None` takes the index's. Values below `k` count as `k`.
    pub ef: Option<usize>,
    /// Compare every living row.
    pub exact: bool,
}

impl SearchOptions {
    /// The `k` nearest rows at the index's own `ef_search`.
    pub fn new(k: usize) -> Self {
        Self { k, ef: None, exact: false }
    }

    fn check(&self) -> Result<()> {
        if self.k == 0 {
            return Err(Error::invalid("k must be at least 1, got 0"));
        }
        if self.ef == Some(0) {
            return Err(Error::invalid("ef must be at least 1, got 0"));
        }
        Ok(())
    }
}

impl Index {
    /// The `ef_search` in force when a search names none: as it was created with, else what the graph found to
    /// give recall@10 of 0.95 when it was last measured.
    pub fn ef_search(&self) -> usize {
        self.params.ef_search.map_or_else(|| self.view.load().graph.ef_search(), |ef| ef as usize)
    }

    /// The nearest living rows to `query` (`dimension` finite components), ties by age.
    pub fn search(&self, query: &[f32], options: &SearchOptions) -> Result<Hits> {
        options.check()?;
        let inverse_norm = self.check_query(query)?;
        Ok(self.search_view(&self.view.load(), query, inverse_norm, options))
    }

    /// The nearest living rows to the stored row `id`, itself among them.
    pub fn search_by_id(&self, id: &str, options: &SearchOptions) -> Result<Hits> {
        options.check()?;
        let (view, slots) = self.resolve(&[id]);
        let slot = slots[0].ok_or_else(|| Error::not_found(format!("no row has the id {id:?}")))?;
        let query = view.vector(slot);
        Ok(self.search_view(&view, query, view.rows.inverse_norm(slot), options))
    }

    /// Searches for each row of `queries` (`n x dimension` components), all in one view, by several threads.
    ///
    /// A batch that is sooner scanned for than walked for is answered exactly, as its hits say.
    pub fn search_many(&self, queries: &[f32], options: &SearchOptions) -> Result<Vec<Hits>> {
        options.check()?;
        let dimension = self.params.dimension as usize;
        if !queries.len().is_multiple_of(dimension) {
            return Err(Error::invalid(format!(
                "queries do not divide into rows of {dimension} components, got {}",
                queries.len()
            )));
        }
        let norms = queries
            .chunks_exact(dimension)
            .enumerate()
            .map(|(at, query)| {
                self.check_query(query).map_err(|error| error.at(at, crate::error::Part::Vector))
            })
            .collect::<Result<Vec<_>>>()?;
        let view = &*self.view.load();
        let mut plan = self.plan(view, options);
        plan.exact |= view.former.is_none() && view.graph.is_scan_sooner(norms.len(), plan.k, plan.ef);
        let found = plan.run_many(view, queries, &norms, self.threads);
        Ok(found.iter().map(|found| hits(view, plan.exact, found)).collect())
    }

    fn check_query(&self, query: &[f32]) -> Result<f32> {
        let dimension = self.params.dimension as usize;
        if query.len() != dimension {
            return Err(Error::invalid(format!(
                "dimension mismatch: index has {dimension}, got {}",
                query.len()
            )));
        }
        self.params.distance.admit(query)
    }

    fn search_view(&self, view: &View, query: &[f32], inverse_norm: f32, options: &SearchOptions) -> Hits {
        let search = self.plan(view, options);
        hits(view, search.exact, &search.run(view, query, inverse_norm))
    }

    /// What `options` leave open, as it is in `view`.
    fn plan(&self, view: &View, options: &SearchOptions) -> Plan {
        let SearchOptions { k, ef, exact } = *options;
        let k = k.min(view.live);
        // What was measured is what ten neighbours take.
        let more = || k.saturating_sub(10);
        let chosen =
            || self.params.ef_search.map_or_else(|| view.graph.ef_search() + more(), |ef| ef as usize);
        Plan { k, ef: ef.unwrap_or_else(chosen), exact: exact || view.has_no_graph() }
    }
}

/// How to search one view.
#[derive(Debug, Clone, Copy)]
struct Plan {
    k: usize,
    ef: usize,
    exact: bool,
}

impl Plan {
    fn run(self, view: &View, query: &[f32], inverse_norm: f32) -> Vec<Neighbour> {
        let Self { k, ef, exact } = self;
        let alive = |slot: u32| view.alive.contains(slot);
        match &view.former {
            _ if exact => view.graph.scan(&view.rows, query, inverse_norm, k, alive),
            Some(former) => former.search(view, query, inverse_norm, k, ef),
            None => view.graph.search(&view.rows, query, inverse_norm, k, ef, alive, view.live),
        }
    }

    /// [`Plan::run`] for each query.
    fn run_many(
        self,
        view: &View,
        queries: &[f32],
        inverse_norms: &[f32],
        threads: Threads,
    ) -> Vec<Vec<Neighbour>> {
        if self.exact {
            let alive = |slot: u32| view.alive.contains(slot);
            return view.graph.scan_many(&view.rows, queries, inverse_norms, self.k, alive, threads);
        }
        for_each_query(queries, inverse_norms, threads, |query, norm| self.run(view, query, norm))
    }
}

fn hits(view: &View, exact: bool, found: &[Neighbour]) -> Hits {
    let space = view.rows.space();
    view.prefetch(found.iter().map(|near| near.slot));
    Hits {
        seq: view.seq,
        exact,
        ids: found.iter().map(|near| view.id(near.slot)).collect(),
        distances: found.iter().map(|near| space.finish(near.key)).collect(),
        metadata: found.iter().map(|near| view.metadata(near.slot).map(Into::into)).collect(),
    }
}
