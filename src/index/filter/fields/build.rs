//! From values, record by record, to a table.
//!
//! Terms are numbered as they come and sorted once, at the end.

use std::hash::{Hash, Hasher};
use std::ops::Range;

use hashbrown::HashTable;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

use super::super::number::Number;
use super::extract::Token;
use super::table::{FALSE, FIXED, Filling, NULL, TRUE, Table};
use super::terms::{Numbers, Texts};

/// Terms in the order in which they came, and who has them.
#[derive(Default)]
pub(super) struct Builder {
    fixed: [Vec<u32>; FIXED],
    numbers: Vec<Number>,
    number_ids: HashTable<u32>,
    number_pairs: Pairs,
    texts: Texts,
    text_ids: HashTable<u32>,
    text_pairs: Pairs,
}

/// (term, record), records ascending, no pair twice.
#[derive(Default)]
struct Pairs {
    all: Vec<(u32, u32)>,
    /// Per term its last record.
    last: Vec<u32>,
    counts: Vec<u32>,
}

impl Pairs {
    fn push(&mut self, term: u32, record: u32) {
        let at = term as usize;
        if at == self.last.len() {
            self.last.push(record);
            self.counts.push(0);
        } else if std::mem::replace(&mut self.last[at], record) == record {
            return;
        }
        self.counts[at] += 1;
        self.all.push((term, record));
    }
}

impl Builder {
    /// Notes that `record` has the fixed term; records ascend.
    pub(super) fn push_fixed(&mut self, term: usize, record: u32) {
        if self.fixed[term].last() != Some(&record) {
            self.fixed[term].push(record);
        }
    }

    /// Notes that `record` has `token`; records ascend.
    pub(super) fn push(&mut self, token: &Token<'_>, record: u32) {
        match token {
            Token::Null => self.push_fixed(NULL, record),
            Token::Bool(false) => self.push_fixed(FALSE, record),
            Token::Bool(true) => self.push_fixed(TRUE, record),
            Token::Number(number) => {
                let numbers = &mut self.numbers;
                let known = |&id: &u32| numbers[id as usize] == *number;
                let id = self.number_ids.find(hash(number), known).copied().unwrap_or_else(|| {
                    let id = numbers.len() as u32;
                    numbers.push(*number);
                    self.number_ids.insert_unique(hash(number), id, |&id| hash(&numbers[id as usize]));
                    id
                });
                self.number_pairs.push(id, record);
            }
            Token::Text(text) => {
                let texts = &mut self.texts;
                let hash = |text: &str| xxh3_64(text.as_bytes());
                let known = |&id: &u32| texts.get(id as usize) == &**text;
                let id = self.text_ids.find(hash(text), known).copied().unwrap_or_else(|| {
                    let id = texts.len() as u32;
                    texts.push(text);
                    self.text_ids.insert_unique(hash(text), id, |&id| hash(texts.get(id as usize)));
                    id
                });
                self.text_pairs.push(id, record);
            }
        }
    }

    /// About the bytes of the table that it would make.
    pub(super) fn bytes(&self) -> usize {
        self.texts.bytes()
            + self.numbers.len() * 12
            + (self.text_pairs.all.len() + self.number_pairs.all.len()) * 4
    }

    pub(super) fn finish(self, records: &Range<u32>) -> Table {
        let mut number_order: Vec<u32> = (0..self.numbers.len() as u32).collect();
        number_order.sort_unstable_by_key(|&id| self.numbers[id as usize]);
        let mut text_order: Vec<u32> = (0..self.texts.len() as u32).collect();
        text_order.sort_unstable_by_key(|&id| self.texts.get(id as usize));
        let numbers: Vec<Number> = number_order.iter().map(|&id| self.numbers[id as usize]).collect();
        let mut texts = Texts::default();
        for &id in &text_order {
            texts.push(self.texts.get(id as usize));
        }
        let counts: Vec<u32> = self
            .fixed
            .iter()
            .map(|records| records.len() as u32)
            .chain(number_order.iter().map(|&id| self.number_pairs.counts[id as usize]))
            .chain(text_order.iter().map(|&id| self.text_pairs.counts[id as usize]))
            .collect();
        let mut filling = Filling::new(records, Numbers::pack(&numbers), texts, &counts);
        for (term, records) in self.fixed.iter().enumerate() {
            for &record in records {
                filling.put(term, record);
            }
        }
        let mut fill = |order: &[u32], pairs: &Pairs, from: usize| {
            let mut terms = vec![0; order.len()];
            order.iter().enumerate().for_each(|(rank, &id)| terms[id as usize] = from + rank);
            for &(id, record) in &pairs.all {
                filling.put(terms[id as usize], record);
            }
        };
        fill(&number_order, &self.number_pairs, FIXED);
        fill(&text_order, &self.text_pairs, FIXED + numbers.len());
        filling.finish()
    }
}

fn hash(number: &Number) -> u64 {
    let mut hasher = Xxh3Default::new();
    number.hash(&mut hasher);
    hasher.finish()
}
