//! One result of a search, and what the graph sees of it before.
//!
//! Keys order as distances do; of an exact one `Space::finish` makes a distance.

use std::cmp::Ordering;

/// A slot and its key from a ruler; ordered by key, then slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Near {
    pub(super) key: u32,
    pub(super) slot: u32,
}

/// A slot and its exact sort key from the query; ordered by key, then slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// The sort key (`Space::finish` makes it the distance users see).
    pub key: f32,
    /// The slot.
    pub slot: u32,
}

impl Eq for Neighbour {}

impl PartialOrd for Neighbour {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Neighbour {
    fn cmp(&self, other: &Self) -> Ordering {
        // Keys are never NaN; -0.0 does not occur in them either, so this is the order of `==` too.
        self.key.total_cmp(&other.key).then(self.slot.cmp(&other.slot))
    }
}
