//! An array with cheap versions: one writer changes it, views keep the values they were taken with.
//!
//! Values stand in blocks shared between versions; the writer copies a block the first time it changes
//! it after a version was taken. A version costs one pointer per block.

use std::sync::Arc;

/// Values per block: 4 KiB of u64 words, 2 KiB of u32.
const BLOCK: usize = 512;

/// A growable array of `T` whose clones are independent versions.
#[derive(Debug, Clone)]
pub(super) struct Versioned<T> {
    blocks: Vec<Arc<[T; BLOCK]>>,
    len: usize,
}

impl<T: Copy + Default> Versioned<T> {
    pub(super) fn new() -> Self {
        Self { blocks: Vec::new(), len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, value: T) {
        if self.len == self.blocks.len() * BLOCK {
            self.blocks.push(Arc::new([T::default(); BLOCK]));
        }
        self.len += 1;
        self.set(self.len - 1, value);
    }

    #[inline]
    pub(super) fn get(&self, at: usize) -> T {
        debug_assert!(at < self.len);
        self.blocks[at / BLOCK][at % BLOCK]
    }

    pub(super) fn set(&mut self, at: usize, value: T) {
        debug_assert!(at < self.len);
        Arc::make_mut(&mut self.blocks[at / BLOCK])[at % BLOCK] = value;
    }

    pub(super) fn bytes(&self) -> usize {
        self.blocks.len() * BLOCK * size_of::<T>()
    }
}

/// A set of slots with cheap versions: which rows are alive.
#[derive(Debug, Clone)]
pub(super) struct SlotSet {
    words: Versioned<u64>,
}

impl SlotSet {
    pub(super) fn new() -> Self {
        Self { words: Versioned::new() }
    }

    /// Adds a slot at or beyond the end.
    pub(super) fn insert(&mut self, slot: u32) {
        let (word, bit) = (slot as usize / 64, slot % 64);
        while self.words.len() <= word {
            self.words.push(0);
        }
        self.words.set(word, self.words.get(word) | 1 << bit);
    }

    pub(super) fn remove(&mut self, slot: u32) {
        let (word, bit) = (slot as usize / 64, slot % 64);
        if word < self.words.len() {
            self.words.set(word, self.words.get(word) & !(1 << bit));
        }
    }

    #[inline]
    pub(super) fn contains(&self, slot: u32) -> bool {
        let (word, bit) = (slot as usize / 64, slot % 64);
        word < self.words.len() && self.words.get(word) >> bit & 1 == 1
    }

    /// The bits of the slots from `64 * at` on; none beyond the end.
    #[inline]
    pub(super) fn word(&self, at: usize) -> u64 {
        if at < self.words.len() { self.words.get(at) } else { 0 }
    }

    /// All its bits, in words.
    pub(super) fn words(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.words.len()).map(|at| self.words.get(at))
    }

    /// How many of its slots are below `slot`.
    pub(super) fn count_below(&self, slot: u32) -> usize {
        let (whole, bit) = (slot as usize / 64, slot % 64);
        let begun = self.word(whole) & !(u64::MAX << bit);
        (0..whole).map(|at| self.word(at)).chain([begun]).map(|word| word.count_ones() as usize).sum()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.words.len()).flat_map(|word| {
            let mut bits = self.words.get(word);
            std::iter::from_fn(move || {
                let bit = (bits != 0).then(|| bits.trailing_zeros())?;
                bits &= bits - 1;
                Some(word as u32 * 64 + bit)
            })
        })
    }

    pub(super) fn bytes(&self) -> usize {
        self.words.bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_version_never_changes() {
        let mut array = Versioned::new();
        (0..2_000u32).for_each(|value| array.push(value));
        let before = array.clone();
        (0..2_000).for_each(|at| array.set(at, 7));
        array.push(9);
        assert_eq!((0..2_000).map(|at| before.get(at)).collect::<Vec<_>>(), (0..2_000).collect::<Vec<_>>());
        assert_eq!((before.len(), array.len(), array.get(2_000), array.get(5)), (2_000, 2_001, 9, 7));
    }

    proptest! {
        #[test]
        fn a_slot_set_is_a_set(changes in proptest::collection::vec((0u32..5_000, any::<bool>()), 0..200)) {
            let (mut slots, mut model) = (SlotSet::new(), BTreeSet::new());
            for (slot, alive) in changes {
                if alive { slots.insert(slot); model.insert(slot); } else { slots.remove(slot); model.remove(&slot); }
            }
            prop_assert_eq!(slots.iter().collect::<Vec<_>>(), model.iter().copied().collect::<Vec<_>>());
            prop_assert!((0..5_100).all(|slot| slots.contains(slot) == model.contains(&slot)));
            prop_assert!((0..5_100).all(|slot| slots.count_below(slot) == model.range(..slot).count()));
        }
    }
}
