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
pub(super) const AHEAD: usize = 10;

/// What becomes of rows that a pool does not keep.
///
/// A trait, not a closure: those are not compiled for an instruction set unless they happen to be inlined.
pub(super) trait Rest {
    /// Puts `candidate` into `pool`; says whether it is the next to be expanded. To be marked `inline(always)`.
    fn insert(&mut self, pool: &mut Pool, candidate: Candidate) -> bool;
}

/// They are forgotten.
pub(super) struct Dropped;

impl Rest for Dropped {
    #[inline(always)]
    fn insert(&mut self, pool: &mut Pool, candidate: Candidate) -> bool {
        pool.insert(candidate)
    }
}

/// They are kept aside.
impl Rest for Vec<Candidate> {
    #[inline(always)]
    fn insert(&mut self, pool: &mut Pool, candidate: Candidate) -> bool {
        pool.insert_or_spill(candidate, self)
    }
}

/// What a walk goes over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) links: &'a Links,
    pub(super) entries: &'a [u32],
    /// Rows attached after this reader's views were taken have no code or no list here: slots end here.
    pub(super) bound: usize,
    /// A row that asks, and is not walked through.
    pub(super) asker: Option<u32>,
}

impl Ground<'_> {
    /// Adds to `pool` the rows nearest to the ruler that the walk meets and had not met.
    #[inline(always)]
    pub(super) fn walk<R: Ruler>(self, ruler: R, met: &mut Met, pool: &mut Pool) {
        self.begin(met);
        self.go_on(ruler, met, pool, &mut Dropped);
    }

    /// Meets the row that asks, so that no walk does, and the entry points, for [`Ground::go_on`].
    #[inline(always)]
    pub(super) fn begin(self, met: &mut Met) {
        self.pass_over_asker(met);
        met.meet(self.entries.iter().copied(), self.entries.len(), self.bound);
    }

    #[inline(always)]
    pub(super) fn pass_over_asker(self, met: &mut Met) {
        if let Some(asker) = self.asker {
            met.meet(std::iter::once(asker), 1, self.bound);
        }
    }

    /// From the rows last met, until all that the pool keeps are expanded; `rest` takes what it does not keep.
    #[inline(always)]
    pub(super) fn go_on<R: Ruler>(self, ruler: R, met: &mut Met, pool: &mut Pool, rest: &mut impl Rest) {
        let Self { links, bound, .. } = self;
        loop {
            let last = met.last();
            for (at, &slot) in last.iter().enumerate() {
                if let Some(&later) = last.get(at + AHEAD) {
                    ruler.prefetch(later);
                }
                if rest.insert(pool, Candidate::new(ruler.key(slot), slot)) {
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
