//! Who is linked to whom: a fixed number of u32 slots per row, written in place while readers walk.
//!
//! Every access is relaxed. What a published view holds was written before it was published: the threads
//! of a piece are joined by the one who publishes, and publishing releases what a reader's load acquires.
//! What is written later a reader may meet in part, in any order: a list that is half old and half new
//! still names slots that exist, and a reader skips those beyond its own rows and drops from its results
//! those its view does not hold. A buffer that is outgrown is copied; views of the old one go on working
//! with the links it had.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Fills the end of a list, and of a chain of copies.
pub(super) const NONE: u32 = u32::MAX;

/// Slots must leave their top bit free: the search's pool keeps a flag beside them.
pub(super) const MAX_SLOTS: usize = 1 << 31;

/// u32 values in a cache line.
const LINE: usize = 16;

/// The lists of `slots` rows, each sorted nearest first, and the chains of copies.
#[derive(Debug)]
pub(super) struct Links {
    width: usize,
    slots: usize,
    /// Where the first list stands in `lists`, so that lists start on cache lines.
    start: usize,
    lists: Box<[AtomicU32]>,
    next_copy: Box<[AtomicU32]>,
    /// One bit per slot: whether it has a next copy. Few enough to stay near the processor.
    is_copied: Box<[AtomicU64]>,
    has_copies: AtomicBool,
}

impl Links {
    /// Empty lists of at most `width` links for `slots` rows.
    pub(super) fn new(width: usize, slots: usize) -> Self {
        let empty = |length: usize| {
            let mut links = Vec::with_capacity(length);
            super::pages::advise(links.spare_capacity_mut());
            links.resize_with(length, || AtomicU32::new(NONE));
            links.into_boxed_slice()
        };
        let lists = empty(width * slots + LINE);
        let start = lists.as_ptr().align_offset(LINE * size_of::<u32>()).min(LINE);
        let is_copied = (0..slots.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        Self {
            width,
            slots,
            start,
            lists,
            next_copy: empty(slots),
            is_copied,
            has_copies: AtomicBool::new(false),
        }
    }

    /// The same links with room for `slots` rows.
    pub(super) fn grown(&self, slots: usize) -> Self {
        let grown = Self::new(self.width, slots);
        let old = &self.lists[self.start..self.start + self.width * self.slots];
        for (new, old) in grown.lists[grown.start..].iter().zip(old) {
            new.store(old.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        for (new, old) in grown.next_copy.iter().zip(&self.next_copy) {
            new.store(old.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        for (new, old) in grown.is_copied.iter().zip(&self.is_copied) {
            new.store(old.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        grown.has_copies.store(self.has_copies(), Ordering::Relaxed);
        grown
    }

    /// Links per row at most.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Rows there is room for.
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    pub(super) fn bytes(&self) -> usize {
        let copies = std::mem::size_of_val(&*self.next_copy) + std::mem::size_of_val(&*self.is_copied);
        std::mem::size_of_val(&*self.lists) + copies
    }

    #[inline(always)]
    fn list(&self, slot: u32) -> &[AtomicU32] {
        let from = self.start + slot as usize * self.width;
        &self.lists[from..from + self.width]
    }

    /// The neighbours of `slot`, nearest first.
    #[inline(always)]
    pub(super) fn neighbours(&self, slot: u32) -> impl Iterator<Item = u32> {
        self.list(slot).iter().map(|link| link.load(Ordering::Relaxed)).take_while(|&slot| slot != NONE)
    }

    /// Replaces the list of `slot` (the writer only).
    pub(super) fn replace(&self, slot: u32, neighbours: impl IntoIterator<Item = u32>) {
        let filled = neighbours.into_iter().chain(std::iter::repeat(NONE));
        for (link, neighbour) in self.list(slot).iter().zip(filled) {
            link.store(neighbour, Ordering::Relaxed);
        }
    }

    /// Asks the memory for the list of `slot`.
    #[inline(always)]
    pub(super) fn prefetch(&self, slot: u32) {
        for line in self.list(slot).chunks(LINE) {
            super::prefetch::address(line.as_ptr());
        }
    }

    /// The next row with the very bits of `slot`'s, always a later slot.
    #[inline]
    pub(super) fn next_copy(&self, slot: u32) -> Option<u32> {
        if !self.is_copied(slot) {
            return None;
        }
        Some(self.next_copy[slot as usize].load(Ordering::Relaxed)).filter(|&next| next != NONE)
    }

    /// Makes `next` the next copy of `slot` (the writer only).
    pub(super) fn set_next_copy(&self, slot: u32, next: u32) {
        self.next_copy[slot as usize].store(next, Ordering::Relaxed);
        self.is_copied[slot as usize / 64].fetch_or(1 << (slot % 64), Ordering::Relaxed);
        self.has_copies.store(true, Ordering::Relaxed);
    }

    /// Whether any row has a copy.
    #[inline]
    pub(super) fn has_copies(&self) -> bool {
        self.has_copies.load(Ordering::Relaxed)
    }

    /// Whether `slot` has a next copy.
    #[inline(always)]
    pub(super) fn is_copied(&self, slot: u32) -> bool {
        self.is_copied[slot as usize / 64].load(Ordering::Relaxed) >> (slot % 64) & 1 == 1
    }

    /// `slot` and its later copies below `bound`, ascending.
    pub(super) fn copies(&self, slot: u32, bound: u32) -> impl Iterator<Item = u32> {
        std::iter::successors(Some(slot), |&slot| self.next_copy(slot)).take_while(move |&slot| slot < bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_end_where_they_were_filled_and_survive_growth() {
        let links = Links::new(4, 3);
        links.replace(1, [7, 5, 9, 2, 8]);
        links.replace(1, [2, 0]);
        links.replace(2, [0, 1, 2, 3]);
        links.set_next_copy(0, 2);
        let grown = links.grown(10);
        for links in [&links, &grown] {
            assert_eq!(links.neighbours(0).count(), 0);
            assert_eq!(links.neighbours(1).collect::<Vec<_>>(), [2, 0]);
            assert_eq!(links.neighbours(2).collect::<Vec<_>>(), [0, 1, 2, 3]);
            assert_eq!(links.copies(0, 3).collect::<Vec<_>>(), [0, 2]);
            assert_eq!(links.copies(0, 2).collect::<Vec<_>>(), [0]);
        }
        assert_eq!((grown.slots(), grown.neighbours(9).count()), (10, 0));
    }
}
