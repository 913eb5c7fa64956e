//! Reading through a handle: straight from the index, past the committer.
//!
//! Searches take no lock, so they never wait for a write.

use super::live::LiveIndex;
use crate::error::Result;
use crate::index::{Hits, Row, SearchOptions};

impl LiveIndex {
    /// Living rows.
    pub fn len(&self) -> Result<usize> {
        Ok(self.core()?.shown.index.len())
    }

    /// Whether no row lives.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// The last applied entry of the log.
    pub fn seq(&self) -> Result<u64> {
        Ok(self.core()?.shown.index.seq())
    }

    /// The candidate list's length in force when a search names none.
    pub fn ef_search(&self) -> Result<usize> {
        Ok(self.core()?.shown.index.ef_search())
    }

    /// Whether `id` names a living row.
    pub fn contains(&self, id: &str) -> Result<bool> {
        Ok(self.core()?.shown.index.contains(id))
    }

    /// The rows of `ids`, each bit for bit as it was given, `None` where there is none.
    pub fn get(&self, ids: &[&str]) -> Result<Vec<Option<Row>>> {
        Ok(self.core()?.shown.index.get(ids))
    }

    /// The nearest rows to `query` (`dimension` finite components).
    pub fn search(&self, query: &[f32], options: &SearchOptions) -> Result<Hits> {
        self.core()?.shown.index.search(query, options)
    }

    /// The nearest rows to the stored row `id`, itself among them.
    pub fn search_by_id(&self, id: &str, options: &SearchOptions) -> Result<Hits> {
        self.core()?.shown.index.search_by_id(id, options)
    }

    /// The nearest rows to each row of `queries` (`n x dimension` components), all at one seq.
    pub fn search_many(&self, queries: &[f32], options: &SearchOptions) -> Result<Vec<Hits>> {
        self.core()?.shown.index.search_many(queries, options)
    }

    /// A sentence for each broken invariant of the index; none is health.
    pub fn validate(&self) -> Result<Vec<String>> {
        Ok(self.core()?.shown.index.validate())
    }

    /// Why writes are refused (a damaged entry, say), if they are.
    pub fn halted(&self) -> Result<Option<crate::error::Error>> {
        Ok(self.core()?.shown.halted.load().as_deref().cloned())
    }
}
