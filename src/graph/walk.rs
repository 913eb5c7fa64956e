//! The best-first walk that both search and attach are made of.
//!
//! All entry points are looked at once; then the nearest candidate not yet expanded gives its
//! neighbours, in two phases: collect and prefetch those not met before, then compute their keys.
//! The pool then holds the `ef` nearest rows met (HNSW's search of one layer, Malkov and Yashunin 2018).

use super::links::Links;
use super::met::Met;
use super::pool::{Candidate, Pool};
use super::ruler::Ruler;

/// Rows asked of the memory before the first of them is measured, and kept asked for from then on.
const AHEAD: usize = 10;

/// What a walk goes over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) links: &'a Links,
    pub(super) entries: &'a [u32],
    /// Rows attached after this reader's views were taken have no code or no list here: slots end here.
    pub(super) bound: usize,
}

impl Ground<'_> {
    /// Adds to `pool` the rows nearest to the ruler that the walk meets and had not met.
    #[inline(always)]
    pub(super) fn walk<R: Ruler>(self, ruler: R, met: &mut Met, pool: &mut Pool) {
        let Self { links, entries, bound } = self;
        met.meet(entries.iter().copied(), entries.len(), bound);
        loop {
            let last = met.last();
            for (at, &slot) in last.iter().enumerate() {
                if let Some(&later) = last.get(at + AHEAD) {
                    ruler.prefetch(later);
                }
                if pool.insert(Candidate::new(ruler.key(slot), slot)) {
                    links.prefetch(slot);
                }
            }
            let Some(nearest) = pool.expand() else { return };
            met.meet(links.neighbours(nearest), links.width(), bound);
            for &slot in met.last().iter().take(AHEAD) {
                ruler.prefetch(slot);
            }
            if let Some(next) = pool.next() {
                links.prefetch(next);
            }
        }
    }
}
