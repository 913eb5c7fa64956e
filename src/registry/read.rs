//! Reading through a handle: straight from the index, past the committer.
//!
//! Searches take no lock and never wait for a write of their own process. A [`Reader`] is as fresh as was asked
//! when it was taken; the short forms on [`LiveIndex`] take one as the store has it by default.

use std::sync::Arc;

use super::core::Core;
use super::freshness::{Consistency, Freshness};
use super::live::LiveIndex;
use super::sampler::Sampler;
use crate::error::{Error, Result};
use crate::index::{Filter, Hits, Index, Lists, Page, Recall, RecallOptions, Row, SearchOptions};

/// Reads of one index, at least as fresh as was asked for.
pub struct Reader {
    index: Arc<Index>,
    consistency: Consistency,
    sampler: Arc<Sampler>,
}

impl Reader {
    /// What its freshness promises.
    pub fn consistency(&self) -> Consistency {
        self.consistency
    }

    /// Living rows.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether no row lives.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The last applied entry of the log.
    pub fn seq(&self) -> u64 {
        self.index.seq()
    }

    /// Whether `id` names a living row.
    pub fn contains(&self, id: &str) -> bool {
        self.index.contains(id)
    }

    /// The rows of `ids`, each bit for bit as it was given, `None` where there is none.
    pub fn get(&self, ids: &[&str]) -> Vec<Option<Row>> {
        self.index.get(ids)
    }

    /// How many rows pass `filter`.
    pub fn count(&self, filter: &Filter) -> usize {
        self.index.count(filter)
    }

    /// The first `limit` rows, of those that pass `filter`, whose ids are greater than `after`, by id.
    pub fn scan(&self, filter: Option<&Filter>, after: Option<&str>, limit: usize) -> Page {
        self.index.scan(filter, after, limit)
    }

    /// The distinct values of a metadata field and how many rows have each, most frequent first.
    pub fn values(&self, path: &str, limit: usize) -> Result<Vec<(serde_json::Value, usize)>> {
        self.index.values(path, limit)
    }

    /// The nearest rows to `query` (`dimension` finite components).
    pub fn search(&self, query: &[f32], options: &SearchOptions) -> Result<Hits> {
        let hits = self.index.search(query, options)?;
        if !hits.exact && self.sampler.picks(1) {
            self.sampler.offer(self.index.trial(query, options, &hits));
        }
        Ok(hits)
    }

    /// The nearest rows to the stored row `id`, itself among them.
    pub fn search_by_id(&self, id: &str, options: &SearchOptions) -> Result<Hits> {
        let hits = self.index.search_by_id(id, options)?;
        if !hits.exact
            && self.sampler.picks(1)
            && let [Some(row)] = &self.index.get(&[id])[..]
        {
            self.sampler.offer(self.index.trial(&row.vector, options, &hits));
        }
        Ok(hits)
    }

    /// The nearest rows to each row of `queries` (`n x dimension` components), all at one seq.
    pub fn search_many(&self, queries: &[f32], options: &SearchOptions) -> Result<Lists> {
        let lists = self.index.search_many(queries, options)?;
        if self.sampler.picks(lists.len()) {
            let at = self.sampler.one_of(lists.len());
            let dimension = self.index.params().dimension as usize;
            let query = &queries[at * dimension..][..dimension];
            self.sampler.offer(self.index.trial(query, options, &lists.get(at)));
        }
        Ok(lists)
    }

    /// How good answers are: the recall of some rows that ask, or of queries given, beside an exact search.
    pub fn recall(&self, options: &RecallOptions) -> Result<Recall> {
        self.index.recall(options)
    }
}

impl LiveIndex {
    /// Reads that are as fresh as `fresh` says. `Unavailable` if the store cannot be asked, or `min_seq` does
    /// not come.
    pub fn reader(&self, fresh: Freshness) -> Result<Reader> {
        let core = self.core()?;
        core.freshen(fresh)?;
        self.read(&core, fresh)
    }

    /// The same if it can be had without waiting for the store or for another thread.
    pub fn reader_at_once(&self, fresh: Freshness) -> Option<Result<Reader>> {
        let core = self.core().ok().filter(|core| core.is_fresh(fresh))?;
        Some(self.read(&core, fresh))
    }

    fn read(&self, core: &Core, fresh: Freshness) -> Result<Reader> {
        if core.shown.is_dropped() {
            return Err(super::keeper::deleted(self.name()));
        }
        let sampler = Arc::clone(&core.shown.sampler);
        Ok(Reader { index: core.shown.index(), consistency: core.consistency(fresh), sampler })
    }

    /// Whether such a reader can be had without waiting for the store or for another thread.
    pub fn is_fresh(&self, fresh: Freshness) -> bool {
        self.core().is_ok_and(|core| core.is_fresh(fresh))
    }

    /// Living rows.
    pub fn len(&self) -> Result<usize> {
        Ok(self.reader(Freshness::default())?.len())
    }

    /// Whether no row lives.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// The last entry of the log that is visible here; the store is not asked.
    pub fn seq(&self) -> Result<u64> {
        Ok(self.core()?.shown.index().seq())
    }

    /// The candidate list's length in force when a search names none.
    pub fn ef_search(&self) -> Result<usize> {
        Ok(self.core()?.shown.index().ef_search())
    }

    /// What searches measure: `f32` vectors, `u8` codes that are the vectors, or scaled ones, `sq8`.
    pub fn codec(&self) -> Result<&'static str> {
        Ok(self.core()?.shown.index().codec())
    }

    /// Whether `id` names a living row.
    pub fn contains(&self, id: &str) -> Result<bool> {
        Ok(self.reader(Freshness::default())?.contains(id))
    }

    /// The rows of `ids`, each bit for bit as it was given, `None` where there is none.
    pub fn get(&self, ids: &[&str]) -> Result<Vec<Option<Row>>> {
        Ok(self.reader(Freshness::default())?.get(ids))
    }

    /// The nearest rows to `query` (`dimension` finite components).
    pub fn search(&self, query: &[f32], options: &SearchOptions) -> Result<Hits> {
        self.reader(Freshness::default())?.search(query, options)
    }

    /// The nearest rows to the stored row `id`, itself among them.
    pub fn search_by_id(&self, id: &str, options: &SearchOptions) -> Result<Hits> {
        self.reader(Freshness::default())?.search_by_id(id, options)
    }

    /// The nearest rows to each row of `queries` (`n x dimension` components), all at one seq.
    pub fn search_many(&self, queries: &[f32], options: &SearchOptions) -> Result<Lists> {
        self.reader(Freshness::default())?.search_many(queries, options)
    }

    /// How good answers are: the recall of some rows that ask, or of queries given, beside an exact search.
    pub fn recall(&self, options: &RecallOptions) -> Result<Recall> {
        self.reader(Freshness::default())?.recall(options)
    }

    /// A sentence for each broken invariant of the index; none is health.
    pub fn validate(&self) -> Result<Vec<String>> {
        Ok(self.core()?.shown.index().validate())
    }

    /// Why writes are refused (a damaged entry, say), if they are.
    pub fn halted(&self) -> Result<Option<Error>> {
        Ok(self.core()?.shown.halted())
    }
}
