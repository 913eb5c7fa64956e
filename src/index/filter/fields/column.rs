//! One field of a growing list of records, in segments that are merged as in a log-structured merge tree.
//!
//! So the records that came since cost little each, however few come at a time, and a snapshot of a column is
//! a few pointers.

use std::sync::Arc;

use super::super::test::Test;
use super::segment::Segment;
use super::set::{Gather, Set};

/// The values of a field, of all records below a number.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    /// In the order of records, each more than twice as long as the next.
    segments: Vec<Arc<Segment>>,
}

impl Column {
    /// Records below this are covered.
    pub(super) fn covered(&self) -> u32 {
        self.segments.last().map_or(0, |segment| segment.records.end)
    }

    /// Covers the records below `end` too; false if it would then take more bytes than `limit`, and must be dropped.
    pub(super) fn extend<'a>(
        &mut self,
        end: u32,
        names: &str,
        text: impl Fn(u32) -> Option<&'a str>,
        limit: usize,
    ) -> bool {
        if end <= self.covered() {
            return true;
        }
        let room = limit.saturating_sub(self.bytes());
        let Some(segment) = Segment::build(self.covered()..end, names, text, room) else { return false };
        self.segments.push(Arc::new(segment));
        while let [.., early, late] = &self.segments[..]
            && early.records.len() <= 2 * late.records.len()
        {
            let merged = Segment::merge(early, late);
            self.segments.truncate(self.segments.len() - 2);
            self.segments.push(Arc::new(merged));
        }
        self.bytes() <= limit
    }

    /// The records that pass `test`, in sets of `length`.
    pub(super) fn collect(&self, test: &Test, length: usize) -> Set {
        if let Test::All(values) = test
            && values.len() > 1
        {
            let one = |value| self.collect(&Test::Any(vec![value]), length);
            let mut sets = values.iter().cloned().map(one);
            let first = sets.next().expect("there are more than one");
            return sets.fold(first, Set::intersect);
        }
        let mut gather = Gather::new(length);
        for segment in &self.segments {
            segment.collect(test, &mut gather);
        }
        gather.finish()
    }

    pub(super) fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.segments.iter().map(|segment| &**segment)
    }

    pub(super) fn bytes(&self) -> usize {
        self.segments.iter().map(|segment| segment.bytes()).sum()
    }
}
