//! Which rows of a graph stand for rows of a set: those of it, and those with a copy that is.
//!
//! Of rows with the same bits only the first is linked. Methods, not closures: those are not compiled for an
//! instruction set unless they happen to be inlined.

use super::among::Among;
use super::links::Links;

/// The rows of a graph that a walk among a set is after.
#[derive(Debug, Clone, Copy)]
pub(super) struct Members<'a> {
    pub(super) among: Among<'a>,
    pub(super) links: &'a Links,
    /// Rows of the reader's view.
    rows: usize,
    has_copies: bool,
}

impl<'a> Members<'a> {
    pub(super) fn new(among: Among<'a>, links: &'a Links, rows: usize) -> Self {
        Self { among, links, rows, has_copies: links.has_copies() }
    }

    /// Whether `slot` is one.
    #[inline(always)]
    pub(super) fn has(self, slot: u32) -> bool {
        self.among.contains(slot) || self.has_copies && self.links.is_copied(slot) && self.has_copy(slot)
    }

    #[inline(never)]
    fn has_copy(self, slot: u32) -> bool {
        self.links.copies(slot, self.rows as u32).any(|copy| self.among.contains(copy))
    }

    /// Puts those of `slots` that are into `some`, and says how many these are.
    #[inline(always)]
    pub(super) fn pick(self, slots: impl Iterator<Item = u32>, some: &mut [u32]) -> usize {
        let mut picked = 0;
        // No branch depends on what is of the set: nobody could foresee it.
        if !self.has_copies {
            for slot in slots {
                some[picked] = slot;
                picked += usize::from(self.among.contains(slot));
            }
            return picked;
        }
        let mut is_copied = false;
        for slot in slots {
            let may_be_by_copy = self.links.is_copied(slot);
            some[picked] = slot;
            picked += usize::from(self.among.contains(slot) | may_be_by_copy);
            is_copied |= may_be_by_copy;
        }
        if !is_copied {
            return picked;
        }
        let mut kept = 0;
        for at in 0..picked {
            let slot = some[at];
            some[kept] = slot;
            kept += usize::from(self.has(slot));
        }
        kept
    }

    /// Puts those of `slots` that are into `some` and those that are not into `others`, and says how many these are.
    #[inline(always)]
    pub(super) fn part(
        self,
        slots: impl Iterator<Item = u32>,
        some: &mut [u32],
        others: &mut [u32],
    ) -> (usize, usize) {
        let (mut picked, mut left) = (0, 0);
        for slot in slots {
            let is_one = self.has(slot);
            some[picked] = slot;
            others[left] = slot;
            picked += usize::from(is_one);
            left += usize::from(!is_one);
        }
        (picked, left)
    }
}
