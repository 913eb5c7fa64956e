//! A set of small numbers as one bit each.
//!
//! Whoever holds it knows its length, so that sets of one question cost no check.

/// Numbers below a length that whoever holds the set knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// None of the numbers below `length`.
    pub(super) fn none(length: usize) -> Self {
        Self { words: vec![0; length.div_ceil(64)] }
    }

    /// All of the numbers below `length`.
    pub(super) fn all(length: usize) -> Self {
        let mut bits = Self { words: vec![u64::MAX; length.div_ceil(64)] };
        bits.truncate(length);
        bits
    }

    /// Grows or cuts it to the numbers below `length`.
    pub(super) fn resize(&mut self, length: usize) {
        self.words.resize(length.div_ceil(64), 0);
        self.truncate(length);
    }

    fn truncate(&mut self, length: usize) {
        if let (Some(last), false) = (self.words.last_mut(), length.is_multiple_of(64)) {
            *last &= !(u64::MAX << (length % 64));
        }
    }

    #[inline]
    pub(super) fn insert(&mut self, number: u32) {
        self.words[number as usize / 64] |= 1 << (number % 64);
    }

    #[inline]
    pub(super) fn remove(&mut self, number: u32) {
        self.words[number as usize / 64] &= !(1 << (number % 64));
    }

    #[inline]
    pub(super) fn contains(&self, number: u32) -> bool {
        self.words.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Adds the bits of `words`, of which the first holds the numbers from `64 * first` on.
    pub(super) fn insert_words(&mut self, first: usize, words: &[u64]) {
        for (word, more) in self.words[first..].iter_mut().zip(words) {
            *word |= more;
        }
    }

    pub(super) fn intersect(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other;
        }
    }

    pub(super) fn unite(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    /// Turns it into what it lacks of the numbers below `length`.
    pub(super) fn complement(&mut self, length: usize) {
        self.words.iter_mut().for_each(|word| *word = !*word);
        self.truncate(length);
    }

    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(super) fn words_mut(&mut self) -> &mut [u64] {
        &mut self.words
    }

    pub(super) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(at, &word)| {
            let mut bits = word;
            std::iter::from_fn(move || {
                let bit = (bits != 0).then(|| bits.trailing_zeros())?;
                bits &= bits - 1;
                Some(at as u32 * 64 + bit)
            })
        })
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.words)
    }
}
