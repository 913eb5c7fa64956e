//! Distinct numbers and texts in ascending order, packed.
//!
//! A term is known by its place; who has it is told elsewhere.

use std::ops::{Bound, Range};

use super::super::number::Number;

/// Distinct numbers, ascending, in eight bytes each where they all have room in these.
#[derive(Debug)]
pub(super) enum Numbers {
    Integers(Box<[i64]>),
    Floats(Box<[f64]>),
    Mixed(Box<[Number]>),
}

impl Numbers {
    pub(super) fn pack(numbers: &[Number]) -> Self {
        let integer = |number: &Number| match *number {
            Number::Integer(value) => i64::try_from(value).ok(),
            Number::Float(_) => None,
        };
        let float = |number: &Number| match *number {
            Number::Integer(value) => Some(value as f64).filter(|float| *float as i128 == value),
            Number::Float(value) => Some(value),
        };
        if let Some(integers) = numbers.iter().map(integer).collect() {
            Self::Integers(integers)
        } else if let Some(floats) = numbers.iter().map(float).collect() {
            Self::Floats(floats)
        } else {
            Self::Mixed(numbers.into())
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Integers(values) => values.len(),
            Self::Floats(values) => values.len(),
            Self::Mixed(values) => values.len(),
        }
    }

    pub(super) fn get(&self, at: usize) -> Number {
        match self {
            Self::Integers(values) => Number::Integer(values[at].into()),
            Self::Floats(values) => Number::float(values[at]),
            Self::Mixed(values) => values[at],
        }
    }

    pub(super) fn range(&self, low: Bound<&Number>, high: Bound<&Number>) -> Range<usize> {
        range(self.len(), low, high, |at, bound| self.get(at).cmp(bound))
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Integers(values) => size_of_val(&**values),
            Self::Floats(values) => size_of_val(&**values),
            Self::Mixed(values) => size_of_val(&**values),
        }
    }
}

/// Texts one after the other; what is asked of their order holds where they were pushed in it.
#[derive(Debug, Default)]
pub(super) struct Texts {
    text: String,
    ends: Vec<u32>,
}

impl Texts {
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(u32::try_from(self.text.len()).expect("a field holds less than 4 GiB"));
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[start as usize..self.ends[at] as usize]
    }

    pub(super) fn range(&self, low: Bound<&str>, high: Bound<&str>) -> Range<usize> {
        range(self.len(), low, high, |at, bound| self.get(at).cmp(bound))
    }

    /// Those that begin with `prefix`.
    pub(super) fn beginning(&self, prefix: &str) -> Range<usize> {
        let start = first(self.len(), |at| self.get(at) >= prefix);
        let end = first(self.len(), |at| self.get(at) >= prefix && !self.get(at).starts_with(prefix));
        start..end
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.len() + size_of_val(&*self.ends)
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// The first of `0..length` for which `is_there`; it is so for all after it.
fn first(length: usize, is_there: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, length);
    while low < high {
        let middle = usize::midpoint(low, high);
        if is_there(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

fn range<T: ?Sized>(
    length: usize,
    low: Bound<&T>,
    high: Bound<&T>,
    compare: impl Fn(usize, &T) -> std::cmp::Ordering,
) -> Range<usize> {
    let start = match low {
        Bound::Included(low) => first(length, |at| compare(at, low).is_ge()),
        Bound::Excluded(low) => first(length, |at| compare(at, low).is_gt()),
        Bound::Unbounded => 0,
    };
    let end = match high {
        Bound::Included(high) => first(length, |at| compare(at, high).is_gt()),
        Bound::Excluded(high) => first(length, |at| compare(at, high).is_ge()),
        Bound::Unbounded => length,
    };
    start..end.max(start)
}
