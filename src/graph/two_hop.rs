//! The walk over the rows of a set alone: where a neighbour is not of it, its neighbours that are take its place
//! (ACORN-1, Patel et al. 2024).
//!
//! So the rows of the set are linked through the others, which are not measured. It knows no way through two in a
//! row that are not of the set: what it finds around a hole in the set is not to be relied upon.

use super::filtered::Wish;
use super::met::Met;
use super::pool::{Candidate, Pool};
use super::ruler::Ruler;
use super::walk::{AHEAD, Ground};

/// A walk over the rows of a set.
pub(super) struct TwoHop<'a> {
    pub(super) ground: Ground<'a>,
    /// Rows that are not of the set and are gone through from each that is, at most.
    pub(super) through: usize,
    pub(super) met: &'a mut Met,
    /// Rows that are not of the set and whose lists were gone through.
    pub(super) listed: &'a mut Met,
    pub(super) pool: &'a mut Pool,
}

impl TwoHop<'_> {
    /// Adds to the pool the rows of the set that are nearest to the ruler; false if that took too long.
    #[inline(always)]
    pub(super) fn walk<R: Ruler>(self, ruler: R, passes: impl Fn(u32) -> bool, wish: Wish<'_>) -> bool {
        let Self { ground: Ground { links, bound, .. }, through, met, listed, pool } = self;
        let is_among = |&slot: &u32| (slot as usize) < bound && passes(slot);
        let is_other = |&slot: &u32| (slot as usize) < bound && !passes(slot);
        while let Some(nearest) = pool.expand() {
            met.meet(links.neighbours(nearest).filter(is_among), links.width(), bound);
            let others = links.neighbours(nearest).filter(is_other).take(through);
            listed.meet(others, links.width(), bound);
            for &slot in listed.last() {
                links.prefetch(slot);
            }
            for &slot in listed.last() {
                met.meet_more(links.neighbours(slot).filter(is_among), links.width(), bound);
            }
            for &slot in met.last().iter().take(AHEAD) {
                ruler.prefetch(slot);
            }
            if let Some(next) = pool.next() {
                links.prefetch(next);
            }
            let last = met.last();
            for (at, &slot) in last.iter().enumerate() {
                if let Some(&later) = last.get(at + AHEAD) {
                    ruler.prefetch(later);
                }
                if pool.insert(Candidate::new(ruler.key(slot), slot)) {
                    links.prefetch(slot);
                }
            }
            if wish.is_too_long(met.count(), listed.count()) {
                return false;
            }
        }
        true
    }
}
