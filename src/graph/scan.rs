//! Exact search over all rows: the answer for small indexes, and the oracle of the graph and of `exact.rs`.
//!
//! It looks at rows only: no list, no entry point, no copy chain.

use std::collections::BinaryHeap;
use std::ops::Range;

use super::neighbour::Neighbour;
use super::rows::RowsView;

/// The `k` alive rows nearest to `query`, sorted by key, then slot; all of them if there are fewer.
///
/// `inverse_norm` is what `Distance::admit` returned for the query.
pub fn scan(
    rows: &RowsView,
    query: &[f32],
    inverse_norm: f32,
    k: usize,
    alive: impl Fn(u32) -> bool,
) -> Vec<Neighbour> {
    scan_slots(rows, 0..rows.len() as u32, query, inverse_norm, k, alive)
}

/// The `k` nearest alive rows of `slots`, as [`scan`] finds those of all.
///
/// # Panics
/// If `rows` holds fewer rows than `slots` ends at.
pub fn scan_slots(
    rows: &RowsView,
    slots: Range<u32>,
    query: &[f32],
    inverse_norm: f32,
    k: usize,
    alive: impl Fn(u32) -> bool,
) -> Vec<Neighbour> {
    let mut nearest = Nearest::new(k);
    nearest.scan(rows, slots, query, inverse_norm, alive);
    nearest.into_sorted()
}

/// The `k` smallest of the neighbours offered.
#[derive(Debug)]
pub(super) struct Nearest {
    pub(super) k: usize,
    heap: BinaryHeap<Neighbour>,
}

impl Nearest {
    pub(super) fn new(k: usize) -> Self {
        Self { k, heap: BinaryHeap::new() }
    }

    #[inline]
    pub(super) fn offer(&mut self, neighbour: Neighbour) {
        if self.heap.len() < self.k {
            self.heap.push(neighbour);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && neighbour < *worst
        {
            *worst = neighbour;
        }
    }

    /// The largest key of the k smallest, once k were offered.
    #[inline]
    pub(super) fn worst(&self) -> Option<f32> {
        if self.heap.len() < self.k { None } else { self.heap.peek().map(|worst| worst.key) }
    }

    pub(super) fn scan(
        &mut self,
        rows: &RowsView,
        slots: Range<u32>,
        query: &[f32],
        inverse_norm: f32,
        alive: impl Fn(u32) -> bool,
    ) {
        for slot in slots {
            if alive(slot) {
                self.offer(Neighbour { key: rows.key_to(query, inverse_norm, slot), slot });
            }
        }
    }

    pub(super) fn into_sorted(self) -> Vec<Neighbour> {
        self.heap.into_sorted_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::rows::Rows;
    use crate::metric::{Distance, Space};

    #[test]
    fn a_scan_is_a_sort_of_everything_alive() {
        let mut rows = Rows::new(Space::new(Distance::Euclidean, 2));
        for i in 0..200 {
            rows.push(&[(i * 37 % 50) as f32, 1.0]).unwrap();
        }
        let rows = rows.view();
        let alive = |slot: u32| !slot.is_multiple_of(3);
        let mut all: Vec<_> = (0..200)
            .filter(|&slot| alive(slot))
            .map(|slot| Neighbour { key: rows.key_to(&[20.0, 0.0], 1.0, slot), slot })
            .collect();
        all.sort_unstable();
        for k in [0, 1, 7, 133, 500] {
            let found = scan(&rows, &[20.0, 0.0], 1.0, k, alive);
            assert_eq!(found, all[..k.min(all.len())]);
            let later: Vec<_> = all.iter().copied().filter(|near| near.slot >= 150).take(k).collect();
            assert_eq!(scan_slots(&rows, 150..200, &[20.0, 0.0], 1.0, k, alive), later);
        }
    }
}
