//! The best-first walk that both search and attach are made of.
//!
//! All entry points are looked at once; then the nearest candidate not yet expanded gives its
//! neighbours, in two phases: collect and prefetch those not met before, then compute their keys.
//! The pool then holds the `ef` nearest rows met (HNSW's search of one layer, Malkov and Yashunin 2018).

use super::links::Links;
use super::rows::RowsView;
use super::scratch::{Candidate, Scratch};

/// What a walk goes over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) rows: &'a RowsView,
    pub(super) links: &'a Links,
    pub(super) entries: &'a [u32],
}

impl Ground<'_> {
    /// Leaves in `scratch.pool` the `ef` rows nearest to `query` that the walk met.
    pub(super) fn walk(&self, query: &[f32], inverse_norm: f32, ef: usize, scratch: &mut Scratch) {
        let Self { rows, links, entries } = *self;
        // Rows attached after this reader's views were taken have no row or no list here.
        let bound = rows.len().min(links.slots());
        let Scratch { marks, pool, batch } = scratch;
        marks.reset(bound);
        pool.reset(ef);
        batch.clear();
        batch.extend(entries.iter().copied().filter(|&slot| marks.visit(slot)));
        loop {
            for &slot in batch.iter() {
                pool.insert(Candidate::new(rows.key_to(query, inverse_norm, slot), slot));
            }
            let Some(nearest) = pool.expand() else { return };
            batch.clear();
            for slot in links.neighbours(nearest) {
                if (slot as usize) < bound && marks.visit(slot) {
                    rows.prefetch(slot);
                    batch.push(slot);
                }
            }
            if let Some(next) = pool.next() {
                links.prefetch(next);
            }
        }
    }
}
