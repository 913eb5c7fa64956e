//! Which rows of a batch under way are attached already: those a walk answers for, beyond the bound.
//!
//! A batch is attached in shuffled order, so until it is done its attached rows are no range.

/// A set of slots from `first` on.
#[derive(Debug, Clone, Default)]
pub(super) struct Ahead {
    first: u32,
    len: usize,
    words: Vec<u64>,
}

impl Ahead {
    /// None of the slots `first..end`.
    pub(super) fn new(first: usize, end: usize) -> Self {
        Self { first: first as u32, len: 0, words: vec![0; (end - first).div_ceil(64)] }
    }

    /// Adds a slot of its range that it does not hold.
    pub(super) fn insert(&mut self, slot: u32) {
        debug_assert!(!self.contains(slot), "a slot is attached once");
        let at = (slot - self.first) as usize;
        self.words[at / 64] |= 1 << (at % 64);
        self.len += 1;
    }

    /// Whether it holds `slot`, which may be outside its range.
    #[inline]
    pub(super) fn contains(&self, slot: u32) -> bool {
        let at = slot.wrapping_sub(self.first) as usize;
        self.words.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// How many slots it holds.
    pub(super) fn len(&self) -> usize {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_was_inserted_and_nothing_outside_its_range() {
        let mut ahead = Ahead::new(100, 300);
        for slot in [100, 163, 164, 299] {
            ahead.insert(slot);
        }
        let held: Vec<u32> = (0..1000).chain([u32::MAX]).filter(|&slot| ahead.contains(slot)).collect();
        assert_eq!((held, ahead.len()), (vec![100, 163, 164, 299], 4));
        assert!(!Ahead::default().contains(0));
    }
}
