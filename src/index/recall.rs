//! How good the answers of an index are: some of its rows ask, and what they find is compared with an exact search.
//!
//! They are asked through the plan of every other search. Nothing here is kept: it is measured when asked.

use super::asking::{Asking, Query};
use super::core::Index;
use super::filter::Filter;
use super::interval::Interval;
use super::options::SearchOptions;
use super::search::among;
use crate::error::{Error, Result};

/// What is to be measured.
#[derive(Debug, Clone, PartialEq)]
pub struct RecallOptions {
    /// How many rows ask, at least 1; all of them where there are fewer. Without meaning where queries are given.
    pub sample: usize,
    /// How many neighbours are sought, at least 1.
    pub k: usize,
    /// The candidate list's length; `None` takes the index's, as a search does.
    pub ef: Option<usize>,
    /// Which rows may be found; all may ask.
    pub filter: Option<Filter>,
    /// What asks instead of rows: `n x dimension` components, row-major, at least one row.
    pub queries: Option<Vec<f32>>,
    /// Which rows ask: the same number, the same rows, while the index does not change.
    pub seed: u64,
}

impl Default for RecallOptions {
    fn default() -> Self {
        Self { sample: 200, k: 10, ef: None, filter: None, queries: None, seed: 0 }
    }
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recall {
    /// The share of the true `k` nearest rows that were found; a row as far as the last of them counts like it.
    pub recall: f64,
    /// The interval that holds the recall of all rows, or of all queries like those given, 19 times of 20: its lower end,
    pub low: f64,
    /// and its upper one. Both are 1 where every search is exact.
    pub high: f64,
    /// How many asked.
    pub sample: usize,
    /// How many neighbours were sought.
    pub k: usize,
    /// The candidate list's length.
    pub ef: usize,
    /// The entry of the log after which it was measured.
    pub seq: u64,
}

/// Rows that ask between two exact scans: their answers are kept so long.
const TOGETHER: usize = 1024;

impl Index {
    /// Measures recall@k. A row that asks is neither found nor walked through, as if it were about to be added.
    ///
    /// Where it is missing from the graph walks find a little less than near a row that never was there, so queries like
    /// the rows have rather more recall than is measured: of embedded text 0.97 where rows have 0.96.
    ///
    /// Where fewer than `k` rows may be found, it is recall of those; where none may, all of none are found: recall
    /// is 1. So it is of an empty index, which asks nothing, and wherever every search is exact.
    pub fn recall(&self, options: &RecallOptions) -> Result<Recall> {
        let RecallOptions { sample, k, ef, filter, queries, seed } = options;
        if *sample == 0 {
            return Err(Error::invalid("sample must be at least 1, got 0"));
        }
        let search = SearchOptions { ef: *ef, filter: filter.clone(), ..SearchOptions::new(*k) };
        search.check()?;
        let given =
            queries.as_ref().map(|queries| Ok((queries, self.check_queries(queries)?))).transpose()?;
        if given.as_ref().is_some_and(|(_, norms)| norms.is_empty()) {
            return Err(Error::invalid("nobody asks: queries has no rows"));
        }
        let view = &*self.view.load();
        let matches = self.allowed(view, &search);
        let words = matches.as_ref().map(|matches| matches.words(view.rows.len()));
        let plan = self.plan(view, &search, among(matches.as_deref(), words.as_deref()));
        let asked = given.as_ref().map_or(view.live.min(*sample), |(_, norms)| norms.len());
        let Interval { share, low, high } = if plan.exact {
            Interval { share: 1.0, low: 1.0, high: 1.0 }
        } else {
            let (asking, all) = match &given {
                Some((queries, norms)) => {
                    let vectors = queries.chunks_exact(self.params.dimension as usize);
                    let query = |(vector, &inverse_norm)| Query { vector, inverse_norm, slot: None };
                    (vectors.zip(norms).map(query).collect(), usize::MAX)
                }
                None => (view.sample(*sample, *seed), view.live),
            };
            let shares = asking
                .chunks(TOGETHER)
                .flat_map(|part| Asking::new(plan, part, self.threads).shares(plan.ef, self.threads));
            Interval::of(&shares.collect::<Vec<_>>(), plan.k.max(1), all)
        };
        Ok(Recall { recall: share, low, high, sample: asked, k: *k, ef: plan.ef, seq: view.seq })
    }
}
