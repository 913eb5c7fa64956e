//! The links of the graph as slots, for whoever writes the index in another program's format.
//!
//! Searches and snapshots do not come through here.

use super::core::Index;

impl Index {
    /// Per slot, dead ones included, the slots its row is linked to, nearest first; none where the graph
    /// has none for it (a row of the tail, a copy of another row, an index too small for a graph).
    pub fn links(&self) -> Vec<Vec<u32>> {
        let view = self.view.load_full();
        (0..view.rows.len() as u32).map(|slot| view.graph.neighbours(slot)).collect()
    }
}
