//! Counts and sizes of a graph, from a reader's view: asking never waits for the writer.
//!
//! It walks every list, so it is for people and metrics, not for hot paths.

use super::search::GraphView;

/// What a graph is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stats {
    /// Slots found through the graph.
    pub attached: usize,
    /// Slots found by scanning.
    pub tail: usize,
    /// Attached slots that are linked themselves, not as copies of another.
    pub linked: usize,
    /// Entry points.
    pub entries: usize,
    /// Links per linked slot.
    pub average_degree: f64,
    /// Bytes in memory, without the rows.
    pub bytes: usize,
}

impl GraphView {
    /// Bytes in memory, without the rows.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Counts and sizes, of a graph over `rows` rows.
    pub fn stats(&self, rows: usize) -> Stats {
        let held = (0..rows.min(self.links.slots()) as u32).filter(|&slot| self.holds(slot));
        let degrees = held.map(|slot| self.links.neighbours(slot).count());
        let (linked, links) = degrees
            .filter(|&degree| degree > 0)
            .fold((0, 0), |(linked, links), degree| (linked + 1, links + degree));
        Stats {
            attached: self.attached(),
            tail: rows - self.attached(),
            linked,
            entries: self.entries.len(),
            average_degree: links as f64 / linked.max(1) as f64,
            bytes: self.bytes,
        }
    }
}
