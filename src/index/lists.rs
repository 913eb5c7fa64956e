//! What searches found, told list by list.
//!
//! Ids, metadata and vectors are copied when a list is taken, so that the answers to many queries need no more memory
//! than their slots and distances until then.

use std::sync::Arc;
use std::vec::IntoIter;

use super::hits::Hits;
use super::include::Include;
use super::options::SearchOptions;
use super::plan::Plan;
use super::view::View;
use crate::graph::{Explanation, Neighbour};

/// What is told of the rows that were found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Telling {
    /// Every row was compared, whatever a single search says.
    exact: bool,
    explain: bool,
    include: Include,
}

impl Telling {
    pub(super) fn new(plan: &Plan<'_>, options: &SearchOptions) -> Self {
        Self { exact: plan.exact, explain: options.explain, include: options.include }
    }

    /// What was found in `view`, as callers get it.
    pub(super) fn hits(self, view: &View, (found, explanation): (Vec<Neighbour>, Explanation)) -> Hits {
        let Self { exact, explain, include } = self;
        let space = view.rows.space();
        let slots = || found.iter().map(|near| near.slot);
        view.prefetch(slots());
        let metadata =
            include.metadata.then(|| slots().map(|slot| view.metadata(slot).map(Into::into)).collect());
        Hits {
            seq: view.seq,
            exact: exact || explanation.exact,
            ids: slots().map(|slot| view.id(slot)).collect(),
            distances: found.iter().map(|near| space.finish(near.key)).collect(),
            metadata: metadata.unwrap_or_else(|| vec![None; found.len()]),
            vectors: include.vector.then(|| slots().flat_map(|slot| view.vector(slot)).copied().collect()),
            explanation: explain.then_some(explanation),
        }
    }
}

/// A list for each query, in their order. It keeps the view that was searched in memory.
pub struct Lists {
    view: Arc<View>,
    telling: Telling,
    found: IntoIter<(Vec<Neighbour>, Explanation)>,
}

impl Lists {
    pub(super) fn new(view: Arc<View>, telling: Telling, found: Vec<(Vec<Neighbour>, Explanation)>) -> Self {
        Self { view, telling, found: found.into_iter() }
    }

    /// The entry of the log after which all of them were searched for.
    pub fn seq(&self) -> u64 {
        self.view.seq
    }

    /// The list that is `at` so many from the next.
    pub fn get(&self, at: usize) -> Hits {
        self.telling.hits(&self.view, self.found.as_slice()[at].clone())
    }
}

impl Iterator for Lists {
    type Item = Hits;

    fn next(&mut self) -> Option<Hits> {
        self.found.next().map(|found| self.telling.hits(&self.view, found))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.found.size_hint()
    }
}

impl ExactSizeIterator for Lists {}
