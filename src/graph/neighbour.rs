//! One result of a search, and the one order results have.
//!
//! Keys order as distances do; `Space::finish` makes a distance of one.

use std::cmp::Ordering;

/// A slot and its sort key from the query; ordered by key, then slot.
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
