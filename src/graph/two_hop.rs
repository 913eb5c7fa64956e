//! The walk over the rows of a set alone: where a neighbour is not of it, its neighbours that are take its place
//! (ACORN-1, Patel et al. 2024).
//!
//! So the rows of the set are linked through the others, which are not measured. It knows no way through two in a
//! row that are not of the set: what it finds around a hole in the set is not to be relied upon.

use super::filtered::Wish;
use super::members::Members;
use super::met::Met;
use super::pool::{Candidate, Pool};
use super::ruler::Ruler;
use super::walk::{AHEAD, Ground};

/// A walk over the rows of a set.
pub(super) struct TwoHop<'a> {
    pub(super) ground: Ground<'a>,
    pub(super) members: Members<'a>,
    pub(super) wish: Wish<'a>,
    /// Rows of the set.
    pub(super) met: &'a mut Met,
    /// Rows that are not of the set and whose lists were gone through.
    pub(super) listed: &'a mut Met,
    pub(super) pool: &'a mut Pool,
    /// Memory to work in.
    pub(super) picked: &'a mut Vec<u32>,
}

impl TwoHop<'_> {
    /// Adds to the pool the rows of the set that are nearest to the ruler, going through at most `through` others
    /// from each; false if that took too long.
    #[inline(always)]
    pub(super) fn walk<R: Ruler>(mut self, ruler: R, through: usize) -> bool {
        let Ground { links, bound, .. } = self.ground;
        let width = links.width();
        let room = (2 + width.min(through)) * width;
        if self.picked.len() < room {
            self.picked.resize(room, 0);
        }
        while let Some(nearest) = self.pool.expand() {
            let (others, picked) = self.picked.split_at_mut(width);
            let (direct, rest) = self.members.part(links.neighbours(nearest), picked, others);
            let rest = rest.min(through);
            self.listed.meet(others[..rest].iter().copied(), rest, bound);
            for &slot in self.listed.last() {
                links.prefetch(slot);
            }
            self.met.meet(picked[..direct].iter().copied(), direct, bound);
            let asked = self.met.last().len().min(AHEAD);
            for &slot in &self.met.last()[..asked] {
                ruler.prefetch(slot);
            }
            let mut some = 0;
            for &slot in self.listed.last() {
                some += self.members.pick(links.neighbours(slot), &mut picked[some..]);
            }
            self.met.meet_more(picked[..some].iter().copied(), some, bound);
            if let Some(next) = self.pool.next() {
                links.prefetch(next);
            }
            self.measure(ruler, asked);
            if self.wish.is_too_long(self.met.count(), self.listed.count()) {
                return false;
            }
        }
        true
    }

    /// Measures the rows last met, of which so many were asked for.
    #[inline(always)]
    fn measure<R: Ruler>(&mut self, ruler: R, asked: usize) {
        let last = self.met.last();
        for &slot in last.iter().take(AHEAD).skip(asked) {
            ruler.prefetch(slot);
        }
        for (at, &slot) in last.iter().enumerate() {
            if let Some(&later) = last.get(at + AHEAD) {
                ruler.prefetch(later);
            }
            if self.pool.insert(Candidate::new(ruler.key(slot), slot)) {
                self.ground.links.prefetch(slot);
            }
        }
    }
}
