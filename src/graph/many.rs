//! Searches of a graph's reader that compare every row, and those for many queries at once.
//!
//! How rows are compared stands in `exact.rs`; here is who does it, and whether it is worth it.

use super::neighbour::Neighbour;
use super::rows::RowsView;
use super::search::GraphView;
use super::threads::Threads;

/// Walks that one thread does before it looks for more: half a millisecond's worth.
const WALKS: usize = 16;

/// A batch is scanned for where the graph has fewer rows than this per candidate that a walk would keep. A row
/// of a tile costs 2.5 ns (384 components) and a walk 500 ns per candidate; the rest is for plainer processors.
const ROWS_PER_CANDIDATE: usize = 64;

/// Queries that make a batch worth scanning.
const BATCH: usize = 32;

impl GraphView {
    /// The `k` alive rows nearest to `query`, sorted by key, then slot; all of them if there are fewer.
    ///
    /// The answer of [`scan`](super::scan()), but sooner where rows are coded. `rows` must be taken from the same
    /// rows as the graph, not before it.
    pub fn scan(
        &self,
        rows: &RowsView,
        query: &[f32],
        inverse_norm: f32,
        k: usize,
        alive: impl Fn(u32) -> bool,
    ) -> Vec<Neighbour> {
        self.codes.scan(rows, query, inverse_norm, k, alive)
    }

    /// [`GraphView::scan`] for each of `queries` (f32, row-major, `n x dimension`), of which `inverse_norms` has
    /// one each, by up to `threads`.
    pub fn scan_many(
        &self,
        rows: &RowsView,
        queries: &[f32],
        inverse_norms: &[f32],
        k: usize,
        alive: impl Fn(u32) -> bool + Sync,
        threads: Threads,
    ) -> Vec<Vec<Neighbour>> {
        self.codes.scan_many(rows, queries, inverse_norms, k, alive, threads)
    }

    /// Whether scanning for so many queries is sooner done than walking, where `ef` candidates are kept each, or
    /// `k`.
    ///
    /// It looks neither at the processor nor at the number of threads: answers do not depend on them.
    pub fn is_scan_sooner(&self, queries: usize, k: usize, ef: usize) -> bool {
        queries >= BATCH && self.codes.len() > 0 && self.attached() <= ROWS_PER_CANDIDATE * ef.max(k)
    }
}

/// What `search` finds for each of `queries` (f32, row-major) and its inverse norm, in their order, by up to
/// `threads`; a few are searched for on the calling thread alone.
pub fn for_each_query<T: Send>(
    queries: &[f32],
    inverse_norms: &[f32],
    threads: Threads,
    search: impl Fn(&[f32], f32) -> T + Send + Sync,
) -> Vec<T> {
    let dimension = queries.len() / inverse_norms.len().max(1);
    let each: Vec<(&[f32], f32)> =
        queries.chunks_exact(dimension.max(1)).zip(inverse_norms.iter().copied()).collect();
    let pieces: Vec<_> = each.chunks(WALKS).collect();
    let found = threads.map(&pieces, |piece| -> Vec<_> {
        piece.iter().map(|&(query, inverse_norm)| search(query, inverse_norm)).collect()
    });
    found.into_iter().flatten().collect()
}
