//! Slots in the order of the bytes of their ids, for pages and for conditions on ids.
//!
//! As a column it grows in runs that are merged. Dead slots are in it too: ids of slots never change.

use std::ops::{Bound, Range};
use std::sync::Arc;

use super::super::scalar::Scalar;
use super::super::test::Test;
use super::set::Gather;
use crate::index::view::View;

/// The slots below a number, sorted by id.
#[derive(Debug, Clone, Default)]
pub(in crate::index) struct Order {
    /// Of ascending slots, each more than twice as long as the next.
    runs: Vec<Arc<[u32]>>,
    covered: u32,
}

impl Order {
    /// The order of exactly the slots of `view`; `None` if later ones are in it already.
    pub(super) fn extended(&mut self, view: &View) -> Option<Self> {
        let end = view.ids.len() as u32;
        if end > self.covered {
            self.extend(view, end);
        }
        (end == self.covered).then(|| self.clone())
    }

    fn extend(&mut self, view: &View, end: u32) {
        let mut late: Vec<u32> = (self.covered..end).collect();
        late.sort_by_key(|&slot| view.id(slot));
        while let Some(early) = self.runs.pop_if(|early| early.len() <= 2 * late.len()) {
            late = merge(view, &early, &late);
        }
        self.runs.push(late.into());
        self.covered = end;
    }

    /// The slots whose ids are greater than `after`, ascending by id.
    pub(in crate::index) fn after<'a>(
        &'a self,
        view: &'a View,
        after: Option<&str>,
    ) -> impl Iterator<Item = u32> + 'a {
        let begin = |run: &'a Arc<[u32]>| {
            let start = after.map_or(0, |after| run.partition_point(|&slot| view.id(slot) <= after));
            run[start..].iter().copied().peekable()
        };
        let mut runs: Vec<_> = self.runs.iter().map(begin).collect();
        std::iter::from_fn(move || {
            let heads = runs.iter_mut().enumerate().filter_map(|(at, run)| Some((*run.peek()?, at)));
            let (_, at) = heads.min_by_key(|&(slot, _)| view.id(slot))?;
            runs[at].next()
        })
    }

    /// Adds the slots whose ids pass `test`, which is one of order; false, and none are added, if it is not.
    pub(super) fn collect(&self, view: &View, test: &Test, into: &mut Gather) -> bool {
        let ranges = |run: &[u32]| -> Option<Range<usize>> {
            let place =
                |is_before: &dyn Fn(&str) -> bool| run.partition_point(|&slot| is_before(view.id(slot)));
            match test {
                Test::Between(low, high) => {
                    let start = match low {
                        Bound::Included(Scalar::Text(low)) => place(&|id| id < &**low),
                        Bound::Excluded(Scalar::Text(low)) => place(&|id| id <= &**low),
                        Bound::Unbounded => 0,
                        Bound::Included(_) | Bound::Excluded(_) => return None,
                    };
                    let end = match high {
                        Bound::Included(Scalar::Text(high)) => place(&|id| id <= &**high),
                        Bound::Excluded(Scalar::Text(high)) => place(&|id| id < &**high),
                        Bound::Unbounded => run.len(),
                        Bound::Included(_) | Bound::Excluded(_) => return None,
                    };
                    Some(start..end.max(start))
                }
                Test::Prefix(prefix) => {
                    let start = place(&|id| id < &**prefix);
                    let end = place(&|id| id < &**prefix || id.starts_with(&**prefix));
                    Some(start..end)
                }
                Test::In(_) | Test::Exists | Test::Contains(_) | Test::Any(_) | Test::All(_) => None,
            }
        };
        for run in &self.runs {
            match ranges(run) {
                Some(range) => into.add(&run[range]),
                None => return false,
            }
        }
        true
    }

    /// What it takes for `slots` slots.
    pub(super) fn bytes_of(slots: usize) -> usize {
        slots * size_of::<u32>()
    }
}

fn merge(view: &View, early: &[u32], late: &[u32]) -> Vec<u32> {
    let mut merged = Vec::with_capacity(early.len() + late.len());
    let (mut early, mut late) = (early.iter().peekable(), late.iter().peekable());
    while let (Some(&&a), Some(&&b)) = (early.peek(), late.peek()) {
        let next = if view.id(a) <= view.id(b) { early.next() } else { late.next() };
        merged.extend(next);
    }
    merged.extend(early.chain(late));
    merged
}
