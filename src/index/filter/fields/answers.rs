//! What filters were answered lately: the records that pass, which new ones are added to, and the rows of one version.
//!
//! They hold no field: what is new since is looked at row by row.

use std::collections::HashMap;
use std::ops::Bound;
use std::sync::Arc;

use super::super::ast::{Filter, Node};
use super::super::scalar::Scalar;
use super::super::test::Test;
use super::matches::Matches;
use super::set::Set;
use super::source::Source;
use crate::index::view::View;

/// More new records than this are better asked of the fields.
const FEW: usize = 1024;

/// The records that pass a filter, of those that a view had.
#[derive(Debug, Clone)]
pub(super) struct Passing {
    /// Of the view. Rows that were dead in it count as they like.
    pub(super) version: u64,
    pub(super) covered: [usize; 2],
    /// Of rows, and of updates.
    pub(super) sets: [Set; 2],
}

impl Passing {
    /// The same of `view`, looking at the records since one by one; `None` if these are not few, or before it.
    pub(super) fn continued(&self, view: &View, filter: &Filter) -> Option<Self> {
        let lengths = [Source::Rows, Source::Updates].map(|source| source.length(view));
        let grows = |at: usize| (self.covered[at]..=self.covered[at] + FEW).contains(&lengths[at]);
        if view.version < self.version || !grows(0) || !grows(1) {
            return None;
        }
        let mut next = self.clone();
        for (at, source) in [Source::Rows, Source::Updates].into_iter().enumerate() {
            let passes =
                |&record: &u32| filter.matches(view.id(source.slot(view, record)), source.text(view, record));
            let more: Vec<u32> = (self.covered[at] as u32..lengths[at] as u32).filter(passes).collect();
            next.sets[at].resize(lengths[at], &more);
        }
        Some(Self { version: view.version, covered: lengths, ..next })
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.sets.iter().map(Set::bytes).sum::<usize>()
    }
}

/// The answers of one generation.
#[derive(Default)]
pub(super) struct Answers {
    known: HashMap<Filter, Answer>,
    bytes: usize,
}

struct Answer {
    used: u64,
    bytes: usize,
    passing: Arc<Passing>,
    matches: Arc<Matches>,
}

impl Answers {
    /// What is known of `filter`; the matches are those of the passing's version.
    pub(super) fn get(&mut self, filter: &Filter, now: u64) -> Option<(Arc<Passing>, Arc<Matches>)> {
        let answer = self.known.get_mut(filter)?;
        answer.used = now;
        Some((Arc::clone(&answer.passing), Arc::clone(&answer.matches)))
    }

    /// Keeps an answer in place of an older one, and of those not used for longest, within `limit` bytes.
    pub(super) fn keep(
        &mut self,
        filter: &Filter,
        passing: Arc<Passing>,
        matches: Arc<Matches>,
        now: u64,
        limit: usize,
    ) {
        if self.known.get(filter).is_some_and(|answer| answer.passing.version > passing.version) {
            return;
        }
        self.remove(&filter.clone());
        let bytes = passing.bytes() + matches.bytes() + node_bytes(&filter.root);
        while !self.known.is_empty() && self.bytes + bytes > limit {
            let oldest = self.known.iter().min_by_key(|(_, answer)| answer.used);
            let oldest = oldest.expect("it is not empty").0.clone();
            self.remove(&oldest);
        }
        if bytes <= limit {
            self.bytes += bytes;
            self.known.insert(filter.clone(), Answer { used: now, bytes, passing, matches });
        }
    }

    fn remove(&mut self, filter: &Filter) {
        if let Some(answer) = self.known.remove(filter) {
            self.bytes -= answer.bytes;
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

fn node_bytes(node: &Node) -> usize {
    let scalars = |values: &[Scalar]| values.iter().map(|value| size_of::<Scalar>() + value.bytes()).sum();
    let bound = |bound: &Bound<Scalar>| match bound {
        Bound::Included(value) | Bound::Excluded(value) => value.bytes(),
        Bound::Unbounded => 0,
    };
    let inner: usize = match node {
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().map(node_bytes).sum(),
        Node::Not(node) => node_bytes(node),
        Node::Test(path, test) => {
            path.text().len()
                + match test {
                    Test::In(values) | Test::Any(values) | Test::All(values) => scalars(values),
                    Test::Between(low, high) => bound(low) + bound(high),
                    Test::Exists => 0,
                    Test::Contains(value) => value.bytes(),
                    Test::Prefix(prefix) => prefix.len(),
                }
        }
    };
    size_of::<Node>() + inner
}
