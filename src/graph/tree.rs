//! The proof that every linked row can be reached: a spanning tree of the graph, kept by its writer.
//!
//! Each linked row except the first entry points has a parent that links to it and was reachable
//! before it; pruning never drops the link to a child. So reachability holds at every moment, for
//! readers of older views too, whatever ties the data has. At most half of a list may be children.

use std::collections::VecDeque;

use super::links::Links;

/// The parent of a first entry point.
pub(super) const ROOT: u32 = u32::MAX;

/// The parent of a row that is not linked: a copy.
pub(super) const UNLINKED: u32 = u32::MAX - 1;

/// Parents by slot.
#[derive(Debug, Default)]
pub(super) struct Tree {
    parents: Vec<u32>,
    children: Vec<u16>,
}

impl Tree {
    /// Makes room for slots below `slots`, unlinked.
    pub(super) fn extend(&mut self, slots: usize) {
        self.parents.resize(slots, UNLINKED);
        self.children.resize(slots, 0);
    }

    /// Slots there is room for.
    pub(super) fn slots(&self) -> usize {
        self.parents.len()
    }

    pub(super) fn parent(&self, slot: u32) -> u32 {
        self.parents[slot as usize]
    }

    /// Whether `slot` is in the tree.
    pub(super) fn has(&self, slot: u32) -> bool {
        self.parent(slot) != UNLINKED
    }

    /// Slots of linked rows, ascending.
    pub(super) fn linked(&self) -> impl Iterator<Item = u32> {
        (0..self.parents.len() as u32).filter(|&slot| self.has(slot))
    }

    /// Gives `slot` its parent, or makes it a [`ROOT`].
    pub(super) fn set(&mut self, slot: u32, parent: u32) {
        debug_assert!(!self.has(slot), "a parent is for life");
        self.parents[slot as usize] = parent;
        if parent != ROOT {
            self.children[parent as usize] += 1;
        }
    }

    /// Whether `slot` may take one more child in a list of `width`.
    pub(super) fn has_room(&self, slot: u32, width: usize) -> bool {
        usize::from(self.children[slot as usize]) < width / 2
    }

    /// The first row in the tree below `slot`, level by level, that has room for a child.
    ///
    /// Every child must stand in its parent's list already.
    pub(super) fn descend(&self, links: &Links, slot: u32) -> u32 {
        let mut below = VecDeque::from([slot]);
        loop {
            let slot = below.pop_front().expect("a row without room has children, and a leaf has room");
            if self.has_room(slot, links.width()) {
                return slot;
            }
            below.extend(links.neighbours(slot).filter(|&child| self.parent(child) == slot));
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.parents.capacity() * size_of::<u32>() + self.children.capacity() * size_of::<u16>()
    }
}
