//! A set of slots to search among, as a bit set over the slots of one view.
//!
//! What the set stands for, and how it was found, is not known here.

/// Some of the rows of a view: living ones only.
#[derive(Debug, Clone, Copy)]
pub struct Among<'a> {
    words: &'a [u64],
    count: usize,
}

impl<'a> Among<'a> {
    /// The slots of the bits of `words`: slot s is bit s % 64 of word s / 64. `count` says how many there are.
    ///
    /// All must be slots of living rows of the view that is searched.
    pub fn new(words: &'a [u64], count: usize) -> Self {
        debug_assert_eq!(words.iter().map(|word| word.count_ones() as usize).sum::<usize>(), count);
        Self { words, count }
    }

    /// How many slots there are.
    pub fn count(self) -> usize {
        self.count
    }

    /// Whether `slot` is one of them.
    #[inline(always)]
    pub fn contains(self, slot: u32) -> bool {
        self.words.get(slot as usize / 64).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    /// This set without `slot`; `words` is memory to keep it in.
    pub fn without(self, slot: u32, words: &mut Vec<u64>) -> Among<'_> {
        words.clear();
        words.extend_from_slice(self.words);
        let count = self.count - usize::from(self.contains(slot));
        if let Some(word) = words.get_mut(slot as usize / 64) {
            *word &= !(1 << (slot % 64));
        }
        Among { words, count }
    }

    /// Those from `from` on and below `end`, ascending.
    #[inline]
    pub fn slots(self, from: usize, end: usize) -> Slots<'a> {
        let words = &self.words[..self.words.len().min(end.div_ceil(64))];
        let at = from / 64;
        let word = words.get(at).map_or(0, |word| word & (u64::MAX << (from % 64)));
        Slots { words, at, word, end }
    }
}

/// Slots of a set, ascending.
#[derive(Debug, Clone)]
pub struct Slots<'a> {
    words: &'a [u64],
    at: usize,
    /// What is left of the word at `at`.
    word: u64,
    end: usize,
}

impl Iterator for Slots<'_> {
    type Item = u32;

    #[inline(always)]
    fn next(&mut self) -> Option<u32> {
        while self.word == 0 {
            self.at += 1;
            self.word = *self.words.get(self.at)?;
        }
        let slot = self.at * 64 + self.word.trailing_zeros() as usize;
        self.word &= self.word - 1;
        (slot < self.end).then_some(slot as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_come_ascending_from_where_they_are_asked_for() {
        let words = [1 | 1 << 63, 0, 0b1010, u64::MAX];
        let among = Among::new(&words, 68);
        let all: Vec<u32> = (0..400).filter(|&slot| among.contains(slot)).collect();
        assert_eq!(all.len(), 68);
        for (from, end) in
            [(0, 256), (0, 1000), (1, 64), (63, 130), (64, 200), (200, 200), (255, 256), (500, 900)]
        {
            let expected: Vec<u32> =
                all.iter().copied().filter(|&slot| (from..end).contains(&(slot as usize))).collect();
            assert_eq!(among.slots(from, end).collect::<Vec<_>>(), expected, "{from}..{end}");
        }
        assert_eq!(Among::new(&[], 0).slots(0, 100).next(), None);
    }
}
