//! The rows that pass a filter, by their slots.
//!
//! Here records become rows: a record counts if its row lives and nothing else was said of it later.

use std::borrow::Cow;

use super::bits::Bits;
use super::set::{Set, is_few};
use super::source::Source;
use crate::index::view::View;

/// The slots of the living rows of one view that pass a filter. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::index) struct Matches {
    slots: Set,
    count: usize,
}

impl Matches {
    /// Of the records that pass, the rows that live and still are as the records say.
    pub(super) fn new(view: &View, rows: Set, updates: &Set) -> Self {
        let length = Source::Rows.length(view);
        let first = &view.records.first;
        let is_as_added = |slot: u32| first[slot as usize] == view.metadata_of.get(slot as usize);
        let mut current = Vec::new();
        updates.for_each(|update| {
            let update = view.records.updates[update as usize];
            let has_it = view.metadata_of.get(update.slot as usize) == update.number;
            if has_it && view.alive.contains(update.slot) {
                current.push(update.slot);
            }
        });
        let slots = match rows {
            Set::Few(mut slots) => {
                slots.retain(|&slot| view.alive.contains(slot) && is_as_added(slot));
                Set::Few(slots).unite(Set::of(current, length), length)
            }
            Set::Many(mut bits) => {
                for (at, word) in bits.words_mut().iter_mut().enumerate() {
                    *word &= view.alive.word(at);
                }
                for update in view.records.updates.iter().filter(|update| !is_as_added(update.slot)) {
                    bits.remove(update.slot);
                }
                for slot in current {
                    bits.insert(slot);
                }
                Set::Many(bits)
            }
        };
        Self::counted(slots, length)
    }

    /// The slots of `slots`, which pass.
    pub(super) fn of(view: &View, slots: Vec<u32>) -> Self {
        let length = Source::Rows.length(view);
        Self::counted(Set::of(slots, length), length)
    }

    fn counted(slots: Set, length: usize) -> Self {
        match slots {
            Set::Few(slots) => Self { count: slots.len(), slots: Set::Few(slots) },
            Set::Many(bits) => {
                let count = bits.count();
                let slots =
                    if is_few(count, length) { Set::Few(list(&bits, count)) } else { Set::Many(bits) };
                Self { slots, count }
            }
        }
    }

    /// How many they are.
    pub(in crate::index) fn count(&self) -> usize {
        self.count
    }

    /// Whether the row in `slot` is one of them.
    #[inline]
    pub(in crate::index) fn contains(&self, slot: u32) -> bool {
        self.slots.contains(slot)
    }

    /// One bit per slot, as searches among them take it.
    pub(in crate::index) fn words(&self, slots: usize) -> Cow<'_, [u64]> {
        match &self.slots {
            Set::Few(few) => {
                let mut words = vec![0; slots.div_ceil(64)];
                for &slot in few {
                    words[slot as usize / 64] |= 1 << (slot % 64);
                }
                Cow::Owned(words)
            }
            Set::Many(bits) => Cow::Borrowed(bits.words()),
        }
    }

    /// Their slots, ascending.
    pub(in crate::index) fn iter(&self) -> Box<dyn Iterator<Item = u32> + '_> {
        match &self.slots {
            Set::Few(slots) => Box::new(slots.iter().copied()),
            Set::Many(bits) => Box::new(bits.iter()),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.slots.bytes()
    }
}

fn list(bits: &Bits, count: usize) -> Vec<u32> {
    let mut list = Vec::with_capacity(count);
    list.extend(bits.iter());
    list
}
