//! Figures about an index, for `stats()` and metrics.
//!
//! What the log and the store hold is told by the registry.

use super::core::Index;
use super::view::View;

/// Figures of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Stats {
    /// Living rows.
    pub rows: usize,
    /// Rows deleted or replaced whose slots are still held.
    pub dead: usize,
    /// Rows in no graph yet; they are searched exactly.
    pub tail: usize,
    /// Rows on their way into the graph: of the tail, or after a compaction, when the graph before it is
    /// searched, all that the new one does not hold yet.
    pub pending: usize,
    /// Memory held by vectors, graph, ids, metadata and what was learnt of it for filters, in bytes.
    pub bytes_memory: usize,
    /// Vectors read from a mapped snapshot, in bytes: the kernel keeps what is used of them, and takes it back
    /// when memory is short. They are not in `bytes_memory`.
    pub bytes_mapped: usize,
    /// The last applied entry.
    pub seq: u64,
    /// What searches measure: `f32` vectors, `u8` codes that are the vectors, or scaled ones, `sq8`.
    pub codec: &'static str,
    /// Mean out-degree of the graph; 0 where there is none.
    pub degree: f64,
    /// The candidate list's length in force.
    pub ef_search: usize,
}

impl Index {
    /// What searches measure, as in [`Stats::codec`].
    pub fn codec(&self) -> &'static str {
        self.view.load().graph.codec()
    }

    /// The figures of this moment; it never waits for a write.
    pub fn stats(&self) -> Stats {
        let view = self.view.load();
        let degree = view.graph.stats(view.rows.len()).average_degree;
        self.figures(&view, degree)
    }

    /// The same without a look at every link: `degree` is 0. It takes microseconds.
    pub fn quick_stats(&self) -> Stats {
        self.figures(&self.view.load(), 0.0)
    }

    fn figures(&self, view: &View, degree: f64) -> Stats {
        let lookup = self.lookup.read().bytes();
        let fields = self.fields.lock().bytes();
        let attached = view.former.as_ref().map_or(view.graph.attached(), |former| former.covered() as usize);
        Stats {
            rows: view.live,
            dead: view.rows.len() - view.live,
            tail: view.rows.len() - attached,
            pending: view.pending(),
            bytes_memory: view.rows.bytes()
                + view.ids.bytes()
                + view.metadata.bytes()
                + view.metadata_of.bytes()
                + view.records.bytes()
                + view.alive.bytes()
                + lookup
                + fields
                + view.graph.bytes()
                + view.former.as_ref().map_or(0, |former| former.bytes()),
            bytes_mapped: size_of_val(view.rows.vectors()[0]),
            seq: view.seq,
            codec: view.graph.codec(),
            degree,
            ef_search: self.ef_search(),
        }
    }
}
