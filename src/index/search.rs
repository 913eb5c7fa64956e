//! Search: the nearest living rows to a query, from one view, without a lock.
//!
//! A search chooses between the exact scan, the graph and, after a compaction, the graph before it; how a
//! scan or a walk works is the graph layer's.

use std::sync::Arc;

use super::core::Index;
use super::filter::Matches;
use super::hits::Hits;
use super::lists::{Lists, Telling};
use super::options::SearchOptions;
use super::plan::Plan;
use super::view::View;
use crate::error::{Error, Part, Result};
use crate::graph::Among;

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
    pub fn search_many(&self, queries: &[f32], options: &SearchOptions) -> Result<Lists> {
        options.check()?;
        let norms = self.check_queries(queries)?;
        let view = self.view.load_full();
        let matches = self.allowed(&view, options);
        let words = matches.as_ref().map(|matches| matches.words(view.rows.len()));
        let mut plan = self.plan(&view, options, among(matches.as_deref(), words.as_deref()));
        plan.scan_if_sooner(norms.len());
        let (telling, found) = (Telling::new(&plan, options), plan.run_many(queries, &norms, self.threads));
        Ok(Lists::new(Arc::clone(&view), telling, found))
    }

    /// The inverse norm of each row of `queries`.
    pub(super) fn check_queries(&self, queries: &[f32]) -> Result<Vec<f32>> {
        let dimension = self.params.dimension as usize;
        if !queries.len().is_multiple_of(dimension) {
            return Err(Error::invalid(format!(
                "queries do not divide into rows of {dimension} components, got {}",
                queries.len()
            )));
        }
        queries
            .chunks_exact(dimension)
            .enumerate()
            .map(|(at, query)| self.check_query(query).map_err(|error| error.at(at, Part::Vector)))
            .collect()
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

    pub(super) fn search_view(
        &self,
        view: &View,
        query: &[f32],
        inverse_norm: f32,
        options: &SearchOptions,
    ) -> Hits {
        let matches = self.allowed(view, options);
        let words = matches.as_ref().map(|matches| matches.words(view.rows.len()));
        let plan = self.plan(view, options, among(matches.as_deref(), words.as_deref()));
        Telling::new(&plan, options).hits(view, plan.run(query, inverse_norm))
    }

    /// The rows of `view` that may be found, unless all may.
    pub(super) fn allowed(&self, view: &View, options: &SearchOptions) -> Option<Arc<Matches>> {
        let filter = options.filter.as_ref().filter(|filter| !filter.is_empty())?;
        Some(self.matches(view, filter))
    }

    /// What `options` leave open, as it is in `view`.
    pub(super) fn plan<'a>(
        &self,
        view: &'a View,
        options: &SearchOptions,
        among: Option<Among<'a>>,
    ) -> Plan<'a> {
        let &SearchOptions { k, ef, recall, exact, filter: _, within, explain: _, include: _ } = options;
        let k = k.min(among.map_or(view.live, Among::count));
        // What was measured is what ten neighbours take.
        let more = || k.saturating_sub(10);
        let chosen =
            || self.params.ef_search.map_or_else(|| view.graph.ef_search() + more(), |ef| ef as usize);
        let exact = exact || view.has_no_graph();
        let (ef, exact) = match recall.filter(|_| !exact && within.is_none() && k > 0) {
            None => (ef.unwrap_or_else(chosen), exact),
            Some(recall) => {
                let learnt = self.curves.ef(view, k, recall, self.threads);
                (learnt.unwrap_or_default(), learnt.is_none())
            }
        };
        Plan { view, among, within, k, ef, exact, asker: None }
    }
}

/// What a search is among, where not all rows may be found.
pub(super) fn among<'a>(matches: Option<&Matches>, words: Option<&'a [u64]>) -> Option<Among<'a>> {
    Some(Among::new(words?, matches?.count()))
}
