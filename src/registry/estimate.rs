//! What of the true neighbours the latest searches found: the shares of those that were tried, and an estimate of all.
//!
//! Which are tried, and when, is `sampler.rs`.

use std::collections::VecDeque;

use crate::index::Interval;

/// So many of the latest trials count.
const KEPT: usize = 1_000;

/// Measured on a sample: recall@k, each search at the k it asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The mean share of the true neighbours that a search found.
    pub recall: f64,
    /// The lower end of its 95 % interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// How many searches were tried, at most 1,000: the latest.
    pub queries: usize,
}

/// What approximate searches of this process found of the true neighbours. Those that were answered exactly do not
/// count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiveRecall {
    /// All that were tried.
    pub all: Estimate,
    /// Those of them that had a filter.
    pub filtered: Option<Estimate>,
}

/// One search that was tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tried {
    /// The share of `of` true neighbours that it found.
    pub(super) share: f64,
    pub(super) of: usize,
    pub(super) filtered: bool,
}

/// The latest trials.
#[derive(Debug, Default)]
pub(super) struct Latest {
    tried: VecDeque<Tried>,
}

impl Latest {
    pub(super) fn push(&mut self, tried: Tried) {
        if self.tried.len() == KEPT {
            self.tried.pop_front();
        }
        self.tried.push_back(tried);
    }

    pub(super) fn live_recall(&self) -> Option<LiveRecall> {
        let filtered = estimate(self.tried.iter().filter(|tried| tried.filtered));
        estimate(self.tried.iter()).map(|all| LiveRecall { all, filtered })
    }
}

fn estimate<'a>(tried: impl Iterator<Item = &'a Tried>) -> Option<Estimate> {
    let (shares, of): (Vec<f64>, Vec<usize>) = tried.map(|tried| (tried.share, tried.of)).unzip();
    let queries = shares.len();
    let parts = (of.iter().sum::<usize>() / queries.max(1)).max(1);
    // Searches go on: what was drawn from has no end.
    let Interval { share: recall, low, high } = Interval::of(&shares, parts, usize::MAX);
    (queries > 0).then_some(Estimate { recall, low, high, queries })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_count_and_filtered_ones_are_told_apart() {
        let mut latest = Latest::default();
        assert_eq!(latest.live_recall(), None);
        let tried = |share, filtered| Tried { share, of: 10, filtered };
        (0..KEPT).for_each(|_| latest.push(tried(0.5, false)));
        let LiveRecall { all, filtered } = latest.live_recall().unwrap();
        assert_eq!((all.recall, all.queries, filtered), (0.5, KEPT, None));
        assert!(all.low < 0.5 && all.high > 0.5 && all.high - all.low < 0.05, "{all:?}");
        (0..KEPT).for_each(|at| latest.push(tried(if at % 4 == 0 { 0.8 } else { 1.0 }, at % 4 == 0)));
        let LiveRecall { all, filtered } = latest.live_recall().unwrap();
        let filtered = filtered.unwrap();
        assert!((all.recall - 0.95).abs() < 1e-9 && all.queries == KEPT, "{all:?}");
        assert!((filtered.recall - 0.8).abs() < 1e-9 && filtered.queries == KEPT / 4, "{filtered:?}");
        assert!(filtered.low < 0.8 && filtered.high > 0.8, "{filtered:?}");
    }
}
