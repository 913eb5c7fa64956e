//! What one field is in a range of records.
//!
//! It says for each test which of its terms pass; who has these, the tables know.

use std::ops::{Bound, Range};

use super::super::scalar::Scalar;
use super::super::test::Test;
use super::build::Builder;
use super::extract::Found;
use super::merge::merge;
use super::set::Gather;
use super::table::{LIST, PRESENT, Table};

/// The values of a field, of some records.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) records: Range<u32>,
    /// Whose value is this scalar.
    pub(super) is: Table,
    /// In whose list this scalar is.
    pub(super) has: Table,
}

impl Segment {
    /// The field `names` in `records`, whose metadata `text` tells; `None` if it takes more bytes than `limit`.
    pub(super) fn build<'a>(
        records: Range<u32>,
        names: &str,
        text: impl Fn(u32) -> Option<&'a str>,
        limit: usize,
    ) -> Option<Self> {
        let (mut is, mut has) = (Builder::default(), Builder::default());
        for record in records.clone() {
            let found = Found::of(text(record), names);
            if found != Found::Missing {
                is.push_fixed(PRESENT, record);
            }
            match found {
                Found::Missing | Found::Object => {}
                Found::One(token) => is.push(&token, record),
                Found::List(tokens) => {
                    is.push_fixed(LIST, record);
                    for token in &tokens {
                        has.push(token, record);
                    }
                }
            }
            if is.bytes() + has.bytes() > limit {
                return None;
            }
        }
        Some(Self { is: is.finish(&records), has: has.finish(&records), records })
    }

    /// The segment of the records of both; `late` begins where `early` ends.
    pub(super) fn merge(early: &Self, late: &Self) -> Self {
        let records = early.records.start..late.records.end;
        Self {
            is: merge(&records, &early.is, &late.is),
            has: merge(&records, &early.has, &late.has),
            records,
        }
    }

    /// Adds the records that pass `test`. Of `$all` a list of one is meant: more are intersected by the caller.
    pub(super) fn collect(&self, test: &Test, into: &mut Gather) {
        match test {
            Test::Exists => self.is.collect(PRESENT..PRESENT + 1, into),
            Test::In(values) => {
                for value in values {
                    self.is.collect(self.is.term(value), into);
                }
            }
            Test::Between(low, high) => self.is.collect(self.between(low, high), into),
            Test::Contains(value) => {
                self.has.collect(self.has.term(value), into);
                if let Scalar::Text(part) = value {
                    let texts = self.is.all_texts();
                    for (at, term) in texts.enumerate() {
                        if self.is.texts.get(at).contains(&**part) {
                            self.is.collect(term..term + 1, into);
                        }
                    }
                }
            }
            Test::Any(values) | Test::All(values) if !values.is_empty() => {
                for value in values {
                    self.has.collect(self.has.term(value), into);
                }
            }
            Test::Any(_) => {}
            Test::All(_) => self.is.collect(LIST..LIST + 1, into),
            Test::Prefix(prefix) => {
                let from = self.is.all_texts().start;
                let texts = self.is.texts.beginning(prefix);
                self.is.collect(from + texts.start..from + texts.end, into);
            }
        }
    }

    fn between(&self, low: &Bound<Scalar>, high: &Bound<Scalar>) -> Range<usize> {
        let number = |bound: &Bound<Scalar>| match bound {
            Bound::Included(Scalar::Number(_)) | Bound::Excluded(Scalar::Number(_)) => true,
            Bound::Included(_) | Bound::Excluded(_) | Bound::Unbounded => false,
        };
        let (from, found) = if number(low) || number(high) {
            let (Some(low), Some(high)) = (as_number(low), as_number(high)) else { return 0..0 };
            (self.is.all_numbers().start, self.is.numbers.range(low, high))
        } else {
            let (Some(low), Some(high)) = (as_text(low), as_text(high)) else { return 0..0 };
            (self.is.all_texts().start, self.is.texts.range(low, high))
        };
        from + found.start..from + found.end
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.is.bytes() + self.has.bytes()
    }
}

/// The bound on numbers; `None` if it is one on anything else.
fn as_number(bound: &Bound<Scalar>) -> Option<Bound<&super::super::number::Number>> {
    match bound {
        Bound::Included(Scalar::Number(number)) => Some(Bound::Included(number)),
        Bound::Excluded(Scalar::Number(number)) => Some(Bound::Excluded(number)),
        Bound::Unbounded => Some(Bound::Unbounded),
        Bound::Included(_) | Bound::Excluded(_) => None,
    }
}

fn as_text(bound: &Bound<Scalar>) -> Option<Bound<&str>> {
    match bound {
        Bound::Included(Scalar::Text(text)) => Some(Bound::Included(text)),
        Bound::Excluded(Scalar::Text(text)) => Some(Bound::Excluded(text)),
        Bound::Unbounded => Some(Bound::Unbounded),
        Bound::Included(_) | Bound::Excluded(_) => None,
    }
}
