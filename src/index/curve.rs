//! Which `ef` gives which recall: learnt on the index itself, when a search first asks for a recall.
//!
//! It is no part of the state. Rows ask at a ladder of `ef`, and what they find is kept until a fifth of the rows have
//! changed. One search learns at a time; the others go by what was learnt before, if anything was.

use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::asking::Asking;
use super::plan::Plan;
use super::view::View;
use crate::graph::Threads;

/// Rows that ask. The mean of so many is within 0.006 of that of all at recall 0.9, twice of three times.
const QUERIES: usize = 512;

/// Which rows ask.
const SEED: u64 = 0x0063_7572_7665;

/// What of the misses of rows that ask counts as those of queries. A row that is taken out leaves a hole in the graph that
/// a new query does not meet: of embedded text, queries held out missed 0.68 times as much, of SIFT 0.51 to 0.68 times.
const NEW: f64 = 0.75;

/// The first `ef` of the ladder; no `ef` is below `k`.
const LEAST: usize = 8;

/// Nothing more is learnt beyond such a recall.
const ALL: f64 = 0.9995;

/// A curve is forgotten when one row in so many has changed.
const PART: usize = 5;

/// What was learnt, for some numbers of neighbours.
#[derive(Default)]
pub(super) struct Curves {
    known: ArcSwap<Vec<Arc<Curve>>>,
    learner: Mutex<()>,
}

/// Recall@k by `ef`.
struct Curve {
    k: usize,
    basis: Basis,
    /// Ascending by `ef`, and by recall.
    points: Vec<Point>,
}

#[derive(Debug, Clone, Copy)]
struct Point {
    ef: usize,
    recall: f64,
}

/// The index as it was when a curve was learnt.
#[derive(Debug, Clone, Copy)]
struct Basis {
    generation: u64,
    is_rebuilding: bool,
    attached: usize,
    slots: usize,
    dead: usize,
}

impl Curves {
    /// The `ef` at which a search of `view` for `k` rows has this recall on the mean; `None` where comparing every row
    /// is as quick, or nothing else has it.
    pub(super) fn ef(&self, view: &View, k: usize, recall: f64, threads: Threads) -> Option<usize> {
        let (k, now) = (class(k), Basis::of(view));
        let known = || self.known.load().iter().find(|curve| curve.k == k).map(Arc::clone);
        let old = known();
        if let Some(curve) = old.as_ref().filter(|curve| curve.basis.is_like(&now)) {
            return curve.ef(recall);
        }
        let learner = match old {
            None => self.learner.lock(),
            Some(old) => match self.learner.try_lock() {
                None => return old.ef(recall),
                Some(learner) => learner,
            },
        };
        if let Some(curve) = known().filter(|curve| curve.basis.is_like(&now)) {
            return curve.ef(recall);
        }
        let curve = Arc::new(Curve { k, basis: now, points: learn(view, k, threads) });
        let others = self.known.load();
        let others = others.iter().filter(|other| other.k != k && other.basis.is_like(&now));
        self.known.store(Arc::new(others.chain([&curve]).map(Arc::clone).collect()));
        drop(learner);
        curve.ef(recall)
    }
}

impl Curve {
    fn ef(&self, recall: f64) -> Option<usize> {
        let at = self.points.iter().position(|point| point.recall >= recall)?;
        let above = self.points[at];
        let Some(below) = at.checked_sub(1).map(|at| self.points[at]) else { return Some(above.ef) };
        let part = (recall - below.recall) / (above.recall - below.recall);
        Some(below.ef + ((above.ef - below.ef) as f64 * part).ceil() as usize)
    }
}

impl Basis {
    fn of(view: &View) -> Self {
        let slots = view.rows.len();
        Self {
            generation: view.records.generation,
            is_rebuilding: view.former.is_some(),
            attached: view.graph.attached(),
            slots,
            dead: slots - view.live,
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        let Self { generation, is_rebuilding, attached, slots, dead } = *self;
        let is_near = |one: usize, other: usize| PART * one.abs_diff(other) < slots;
        (generation, is_rebuilding) == (other.generation, other.is_rebuilding)
            && is_near(slots, other.slots)
            && is_near(dead, other.dead)
            && is_near(attached, other.attached)
    }
}

/// The number of neighbours that `k` counts as: the next of 1, 2, 5, 10, 20 and so on. More are harder to find.
fn class(k: usize) -> usize {
    let tens = std::iter::successors(Some(1_usize), |ten| ten.checked_mul(10));
    tens.flat_map(|ten| [ten, ten.saturating_mul(2), ten.saturating_mul(5)])
        .find(|&class| class >= k)
        .unwrap_or(k)
}

fn learn(view: &View, k: usize, threads: Threads) -> Vec<Point> {
    let most = view.graph.most_candidates(&view.rows);
    let asking = view.sample(QUERIES, SEED);
    let plan = Plan { view, among: None, within: None, k, ef: k, exact: false, asker: None };
    let mut points: Vec<Point> = Vec::new();
    let mut ef = k.max(LEAST);
    if ef > most {
        return points;
    }
    let asking = Asking::new(plan, &asking, threads);
    while ef <= most {
        let recall = of_new(&asking.shares(ef, threads));
        let recall = points.last().map_or(recall, |below| recall.max(below.recall));
        points.push(Point { ef, recall });
        if recall >= ALL {
            break;
        }
        ef += (ef * 2 / 5).max(1);
    }
    points
}

/// The recall that new queries have where rows have these: the mean, less its standard error as that of all rows.
fn of_new(shares: &[f64]) -> f64 {
    let n = shares.len() as f64;
    let mean = shares.iter().sum::<f64>() / n;
    let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    let surely = mean - (variance / n).sqrt();
    1.0 - NEW * (1.0 - surely)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misses_of_rows_count_for_less_and_noise_for_more() {
        assert!(of_new(&[1.0; 9]) >= 1.0);
        let spread = [0.8, 1.0].repeat(50);
        let error = 0.1 / 99_f64.sqrt();
        assert!((of_new(&spread) - (1.0 - 0.75 * (0.1 + error))).abs() < 1e-12);
    }

    #[test]
    fn a_number_of_neighbours_counts_as_the_next_round_one() {
        let classes: Vec<_> = [0, 1, 2, 3, 5, 6, 10, 11, 21, 1_000, 1_001].map(class).to_vec();
        assert_eq!(classes, [1, 1, 2, 5, 5, 10, 10, 20, 50, 1_000, 2_000]);
        assert_eq!(class(usize::MAX), usize::MAX);
    }

    #[test]
    fn ef_lies_between_the_rungs_in_proportion() {
        let basis = Basis { generation: 0, is_rebuilding: false, attached: 10, slots: 10, dead: 0 };
        let points = [(10, 0.80), (20, 0.90), (40, 0.98)].map(|(ef, recall)| Point { ef, recall }).to_vec();
        let curve = Curve { k: 10, basis, points };
        let found = [0.5, 0.8, 0.85, 0.9, 0.94, 0.98, 0.99].map(|recall| curve.ef(recall));
        assert_eq!(found, [Some(10), Some(10), Some(15), Some(20), Some(30), Some(40), None]);
    }

    #[test]
    fn a_curve_holds_until_a_fifth_has_changed() {
        let basis = Basis { generation: 3, is_rebuilding: false, attached: 900, slots: 1_000, dead: 100 };
        assert!(basis.is_like(&Basis { slots: 1_199, dead: 299, ..basis }));
        for other in [
            Basis { slots: 1_200, ..basis },
            Basis { dead: 300, ..basis },
            Basis { attached: 700, ..basis },
            Basis { generation: 4, ..basis },
            Basis { is_rebuilding: true, ..basis },
        ] {
            assert!(!basis.is_like(&other), "{other:?}");
        }
    }
}
