//! Which rows a walk has met: one bit per slot, few enough to stay near the processor, and a list.
//!
//! The list is what the bits are taken back by before the next walk.

/// Words that are cleared in the time of one here and one there.
const TOGETHER: usize = 8;

/// The rows met.
#[derive(Debug, Default)]
pub(super) struct Met {
    bits: Vec<u64>,
    /// Slots in the order they were met, and room for more.
    slots: Vec<u32>,
    count: usize,
    /// Where in `slots` the last lot begins.
    last: usize,
}

impl Met {
    /// Forgets all, and makes room for slots below `bound`.
    pub(super) fn reset(&mut self, bound: usize) {
        if self.bits.len() <= TOGETHER * self.count {
            self.bits.fill(0);
        } else {
            for &slot in &self.slots[..self.count] {
                self.bits[slot as usize / 64] = 0;
            }
        }
        self.count = 0;
        self.last = 0;
        let words = bound.div_ceil(64);
        if self.bits.len() < words {
            self.bits.resize(words, 0);
        }
    }

    /// Meets those of at most `most` slots that are below `bound` and new: the last lot.
    #[inline(always)]
    pub(super) fn meet(&mut self, slots: impl Iterator<Item = u32>, most: usize, bound: usize) {
        self.last = self.count;
        self.meet_more(slots, most, bound);
    }

    /// [`Met::meet`], but what is new joins the last lot.
    #[inline(always)]
    pub(super) fn meet_more(&mut self, slots: impl Iterator<Item = u32>, most: usize, bound: usize) {
        if self.slots.len() <= self.count + most {
            self.slots.resize((self.count + most + 1) * 2, 0);
        }
        let Self { bits, slots: met, count, .. } = self;
        let mut end = *count;
        for slot in slots {
            if (slot as usize) < bound {
                let (word, bit) = (&mut bits[slot as usize / 64], 1 << (slot % 64));
                met[end] = slot;
                end += usize::from(*word & bit == 0);
                *word |= bit;
            }
        }
        *count = end;
    }

    /// How many slots were met.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The slots last met.
    #[inline(always)]
    pub(super) fn last(&self) -> &[u32] {
        &self.slots[self.last..self.count]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slot_is_met_once_until_all_are_forgotten() {
        let mut met = Met::default();
        for bound in [100, 40, 1000] {
            met.reset(bound);
            met.meet([5, 39, 5, 64, 999, u32::MAX].into_iter(), 6, bound);
            let expected: Vec<u32> =
                [5, 39, 64, 999].into_iter().filter(|&slot| slot < bound as u32).collect();
            assert_eq!(met.last(), expected);
            met.meet([39, 5, 7].into_iter(), 3, bound);
            assert_eq!(met.last(), [7]);
            met.meet(std::iter::empty(), 0, bound);
            assert!(met.last().is_empty());
        }
    }
}
