//! For each distinct term the records that have it: compressed sparse rows, and bits for the frequent terms.
//!
//! A range of terms is one slice of record numbers and the few frequent terms among them. So neither a field
//! with as many values as rows nor one with two costs more than it must.

use std::ops::Range;

use super::super::scalar::Scalar;
use super::set::Gather;
use super::terms::{Numbers, Texts};

/// Terms that are no number and no text, by their place before these.
pub(super) const PRESENT: usize = 0;
pub(super) const LIST: usize = 1;
pub(super) const NULL: usize = 2;
pub(super) const FALSE: usize = 3;
pub(super) const TRUE: usize = 4;
/// How many they are.
pub(super) const FIXED: usize = 5;

/// Terms, and who has them.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) numbers: Numbers,
    pub(super) texts: Texts,
    /// Per term where its records begin in `postings`, and the end.
    starts: Box<[u32]>,
    /// Ascending per term.
    postings: Box<[u32]>,
    frequent: Vec<Frequent>,
    /// The word of records in which the first one stands.
    first_word: usize,
}

/// A term that so many records have that bits are smaller than their numbers; it has none in `postings`.
#[derive(Debug)]
struct Frequent {
    term: u32,
    count: u32,
    words: Box<[u64]>,
}

impl Table {
    pub(super) fn terms(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn all_numbers(&self) -> Range<usize> {
        FIXED..FIXED + self.numbers.len()
    }

    pub(super) fn all_texts(&self) -> Range<usize> {
        FIXED + self.numbers.len()..self.terms()
    }

    /// The term of `value`: one or none.
    pub(super) fn term(&self, value: &Scalar) -> Range<usize> {
        use std::ops::Bound::Included;
        let (from, found) = match value {
            Scalar::Null => (NULL, 0..1),
            Scalar::Bool(false) => (FALSE, 0..1),
            Scalar::Bool(true) => (TRUE, 0..1),
            Scalar::Number(number) => (FIXED, self.numbers.range(Included(number), Included(number))),
            Scalar::Text(text) => {
                (self.all_texts().start, self.texts.range(Included(&**text), Included(&**text)))
            }
        };
        from + found.start..from + found.end
    }

    /// The scalar that `term` is, unless it is none.
    pub(super) fn scalar(&self, term: usize) -> Option<Scalar> {
        match term {
            PRESENT | LIST => None,
            NULL => Some(Scalar::Null),
            FALSE => Some(Scalar::Bool(false)),
            TRUE => Some(Scalar::Bool(true)),
            term => Some(match (term - FIXED).checked_sub(self.numbers.len()) {
                None => Scalar::Number(self.numbers.get(term - FIXED)),
                Some(text) => Scalar::Text(self.texts.get(text).into()),
            }),
        }
    }

    /// Adds the records that have a term of `terms`.
    pub(super) fn collect(&self, terms: Range<usize>, into: &mut Gather) {
        if terms.is_empty() {
            return;
        }
        for frequent in self.frequent_among(terms.clone()) {
            into.add_words(self.first_word, &frequent.words);
        }
        into.add(&self.postings[self.starts[terms.start] as usize..self.starts[terms.end] as usize]);
    }

    /// Hands on the records that have `term`, ascending.
    pub(super) fn for_each(&self, term: usize, mut then: impl FnMut(u32)) {
        self.postings[self.starts[term] as usize..self.starts[term + 1] as usize]
            .iter()
            .for_each(|&record| then(record));
        for frequent in self.frequent_among(term..term + 1) {
            for (at, &word) in frequent.words.iter().enumerate() {
                let mut bits = word;
                while bits != 0 {
                    then((self.first_word + at) as u32 * 64 + bits.trailing_zeros());
                    bits &= bits - 1;
                }
            }
        }
    }

    /// How many of the records that have `term` are among those of `bits`, in words from record 0 on.
    pub(super) fn count_among(&self, term: usize, bits: &[u64]) -> usize {
        let mut count = 0;
        if let [frequent] = self.frequent_among(term..term + 1) {
            let among = frequent.words.iter().zip(bits.get(self.first_word..).unwrap_or_default());
            count += among.map(|(a, b)| (a & b).count_ones() as usize).sum::<usize>();
        }
        let listed = &self.postings[self.starts[term] as usize..self.starts[term + 1] as usize];
        let is_among = |&&record: &&u32| {
            bits.get(record as usize / 64).is_some_and(|word| word >> (record % 64) & 1 == 1)
        };
        count + listed.iter().filter(is_among).count()
    }

    fn frequent_among(&self, terms: Range<usize>) -> &[Frequent] {
        let place = |term: usize| self.frequent.partition_point(|frequent| (frequent.term as usize) < term);
        &self.frequent[place(terms.start)..place(terms.end)]
    }

    /// How many records have `term`.
    pub(super) fn count(&self, term: usize) -> usize {
        let frequent: usize =
            self.frequent_among(term..term + 1).iter().map(|frequent| frequent.count as usize).sum();
        frequent + (self.starts[term + 1] - self.starts[term]) as usize
    }

    pub(super) fn bytes(&self) -> usize {
        self.numbers.bytes()
            + self.texts.bytes()
            + size_of_val(&*self.starts)
            + size_of_val(&*self.postings)
            + self.frequent.iter().map(|frequent| size_of_val(&*frequent.words)).sum::<usize>()
    }
}

/// A table in the making, whose terms and counts are known.
pub(super) struct Filling {
    table: Table,
    /// Per term where its next record goes: in `postings`, or, from [`WORDS`] on, which of `frequent` it is.
    places: Vec<u32>,
}

const WORDS: u32 = 1 << 31;

impl Filling {
    /// `counts` are those of the records of each term, all within `records`.
    pub(super) fn new(records: &Range<u32>, numbers: Numbers, mut texts: Texts, counts: &[u32]) -> Self {
        texts.shrink_to_fit();
        let first_word = records.start as usize / 64;
        let words = (records.end as usize).div_ceil(64) - first_word;
        let mut frequent = Vec::new();
        let mut starts = Vec::with_capacity(counts.len() + 1);
        let mut places = Vec::with_capacity(counts.len());
        let mut end = 0;
        for (term, &count) in counts.iter().enumerate() {
            starts.push(end);
            if count as usize > 2 * words {
                places.push(WORDS + frequent.len() as u32);
                frequent.push(Frequent { term: term as u32, count, words: vec![0; words].into() });
            } else {
                places.push(end);
                end += count;
            }
        }
        starts.push(end);
        assert!(end < WORDS, "a field holds fewer records");
        let postings = vec![0; end as usize].into();
        let table = Table { numbers, texts, starts: starts.into(), postings, frequent, first_word };
        Self { table, places }
    }

    /// Notes that `record` has `term`; ascending per term.
    #[inline]
    pub(super) fn put(&mut self, term: usize, record: u32) {
        let place = &mut self.places[term];
        if let Some(frequent) = place.checked_sub(WORDS) {
            let word = record as usize / 64 - self.table.first_word;
            self.table.frequent[frequent as usize].words[word] |= 1 << (record % 64);
        } else {
            self.table.postings[*place as usize] = record;
            *place += 1;
        }
    }

    pub(super) fn finish(self) -> Table {
        self.table
    }
}
