//! The best-first walk that both search and attach are made of.
//!
//! All entry points are looked at once; then the nearest candidate not yet expanded gives its
//! neighbours, in two phases: collect and prefetch those not met before, then compute their keys.
//! The pool then holds the `ef` nearest rows met (HNSW's search of one layer, Malkov and Yashunin 2018).

use super::links::Links;
use super::ruler::Ruler;
use super::scratch::{Candidate, Marks, Pool};

/// What a walk goes over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) links: &'a Links,
    pub(super) entries: &'a [u32],
    /// Rows attached after this reader's views were taken have no code or no list here: slots end here.
    pub(super) bound: usize,
}

impl Ground<'_> {
    /// Adds to `pool` the rows nearest to the ruler that the walk meets and that are not marked yet.
    #[inline(always)]
    pub(super) fn walk<R: Ruler>(self, ruler: R, marks: &mut Marks, pool: &mut Pool, batch: &mut Vec<u32>) {
        let Self { links, entries, bound } = self;
        batch.clear();
        batch.extend(entries.iter().copied().filter(|&slot| marks.visit(slot)));
        loop {
            for &slot in batch.iter() {
                if pool.insert(Candidate::new(ruler.key(slot), slot)) {
                    links.prefetch(slot);
                }
            }
            let Some(nearest) = pool.expand() else { return };
            batch.clear();
            for slot in links.neighbours(nearest) {
                if (slot as usize) < bound && marks.visit(slot) {
                    ruler.prefetch(slot);
                    batch.push(slot);
                }
            }
            if let Some(next) = pool.next() {
                links.prefetch(next);
            }
        }
    }
}
