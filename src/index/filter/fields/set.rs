//! Which records pass a condition: listed where they are few, else a bit each.
//!
//! All sets of one question have the same length, which is passed along; no set holds a number beyond it.

use super::bits::Bits;

/// Up to one record in so many is few.
const FEW: usize = 1024;

/// A set of record numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Set {
    /// Ascending.
    Few(Vec<u32>),
    Many(Bits),
}

impl Set {
    pub(super) fn none() -> Self {
        Self::Few(Vec::new())
    }

    pub(super) fn all(length: usize) -> Self {
        Self::Many(Bits::all(length))
    }

    /// The numbers of `list`, in any order and as often as they like.
    pub(super) fn of(mut list: Vec<u32>, length: usize) -> Self {
        if is_few(list.len(), length) {
            list.sort_unstable();
            list.dedup();
            return Self::Few(list);
        }
        let mut bits = Bits::none(length);
        for number in list {
            bits.insert(number);
        }
        Self::Many(bits)
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self, Self::Few(list) if list.is_empty())
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        match self {
            Self::Few(list) => list.binary_search(&number).is_ok(),
            Self::Many(bits) => bits.contains(number),
        }
    }

    pub(super) fn complement(self, length: usize) -> Self {
        let mut bits = self.into_bits(length);
        bits.complement(length);
        Self::Many(bits)
    }

    pub(super) fn intersect(self, other: Self) -> Self {
        match (self, other) {
            (Self::Many(mut bits), Self::Many(other)) => {
                bits.intersect(&other);
                Self::Many(bits)
            }
            (Self::Few(mut list), other) | (other, Self::Few(mut list)) => {
                list.retain(|&number| other.contains(number));
                Self::Few(list)
            }
        }
    }

    pub(super) fn unite(self, other: Self, length: usize) -> Self {
        match (self, other) {
            (Self::Many(mut bits), Self::Many(other)) => {
                bits.unite(&other);
                Self::Many(bits)
            }
            (Self::Many(mut bits), Self::Few(list)) | (Self::Few(list), Self::Many(mut bits)) => {
                for number in list {
                    bits.insert(number);
                }
                Self::Many(bits)
            }
            (Self::Few(mut list), Self::Few(mut other)) => {
                list.append(&mut other);
                Self::of(list, length)
            }
        }
    }

    /// Grows it by `more`, ascending and all beyond its numbers, or cuts it, to numbers below `length`.
    pub(super) fn resize(&mut self, length: usize, more: &[u32]) {
        match self {
            Self::Few(list) => {
                list.truncate(list.partition_point(|&number| (number as usize) < length));
                list.extend_from_slice(more);
                if !is_few(list.len(), length) {
                    *self = Self::of(std::mem::take(list), length);
                }
            }
            Self::Many(bits) => {
                bits.resize(length);
                for &number in more {
                    bits.insert(number);
                }
            }
        }
    }

    pub(super) fn into_bits(self, length: usize) -> Bits {
        match self {
            Self::Few(list) => {
                let mut bits = Bits::none(length);
                for number in list {
                    bits.insert(number);
                }
                bits
            }
            Self::Many(bits) => bits,
        }
    }

    pub(super) fn for_each(&self, mut then: impl FnMut(u32)) {
        match self {
            Self::Few(list) => list.iter().for_each(|&number| then(number)),
            Self::Many(bits) => bits.iter().for_each(then),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Few(list) => size_of_val(&**list),
            Self::Many(bits) => bits.bytes(),
        }
    }
}

pub(super) fn is_few(count: usize, length: usize) -> bool {
    count <= length / FEW + 16
}

/// A set in the making: numbers come in pieces, each of its own order.
pub(super) struct Gather {
    length: usize,
    list: Vec<u32>,
    bits: Option<Bits>,
}

impl Gather {
    pub(super) fn new(length: usize) -> Self {
        Self { length, list: Vec::new(), bits: None }
    }

    pub(super) fn add(&mut self, numbers: &[u32]) {
        if self.bits.is_none() && is_few(self.list.len() + numbers.len(), self.length) {
            self.list.extend_from_slice(numbers);
        } else {
            let bits = self.bits();
            for &number in numbers {
                bits.insert(number);
            }
        }
    }

    pub(super) fn add_words(&mut self, first: usize, words: &[u64]) {
        self.bits().insert_words(first, words);
    }

    fn bits(&mut self) -> &mut Bits {
        let bits = self.bits.get_or_insert_with(|| Bits::none(self.length));
        self.list.drain(..).for_each(|number| bits.insert(number));
        bits
    }

    pub(super) fn finish(self) -> Set {
        match self.bits {
            Some(bits) => Set::Many(bits),
            None => Set::of(self.list, self.length),
        }
    }
}
