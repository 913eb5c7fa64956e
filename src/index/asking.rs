//! Queries whose exact answers are known: what share of them a plan finds.
//!
//! Who asks, and what is made of the shares, is decided by `recall.rs` and `curve.rs`.

use super::plan::Plan;
use super::view::View;
use crate::graph::{Neighbour, Threads};

/// Queries of one plan, each with what an exact search finds.
pub(super) struct Asking<'a> {
    plan: Plan<'a>,
    askers: Vec<Asker<'a>>,
}

/// Who asks: a row of the view, as if it were new, or a query from elsewhere.
#[derive(Clone, Copy)]
pub(super) struct Query<'a> {
    pub(super) vector: &'a [f32],
    pub(super) inverse_norm: f32,
    /// The row that it is, if it is one.
    pub(super) slot: Option<u32>,
}

impl<'a> Query<'a> {
    /// The row in `slot`.
    pub(super) fn row(view: &'a View, slot: u32) -> Self {
        Self { vector: view.vector(slot), inverse_norm: view.rows.inverse_norm(slot), slot: Some(slot) }
    }
}

struct Asker<'a> {
    query: Query<'a>,
    /// How many rows there are to be found, up to k, and the key of the last of them.
    wanted: usize,
    reach: f32,
}

impl<'a> Asking<'a> {
    pub(super) fn new(plan: Plan<'a>, asking: &[Query<'a>], threads: Threads) -> Self {
        let queries: Vec<f32> = asking.iter().flat_map(|query| query.vector).copied().collect();
        let norms: Vec<f32> = asking.iter().map(|query| query.inverse_norm).collect();
        // One more than is sought: the row that asks may be among them.
        let truth = Plan { exact: true, k: plan.k + 1, ..plan }.run_many(&queries, &norms, threads);
        let asker = |(&query, (mut nearest, _)): (&Query<'a>, (Vec<Neighbour>, _))| {
            nearest.retain(|near| Some(near.slot) != query.slot);
            nearest.truncate(plan.k);
            let reach = nearest.last().map_or(f32::INFINITY, |last| last.key);
            Asker { query, wanted: nearest.len(), reach }
        };
        Self { plan, askers: asking.iter().zip(truth).map(asker).collect() }
    }

    /// The share that each finds among `ef` candidates; of nothing, all.
    pub(super) fn shares(&self, ef: usize, threads: Threads) -> Vec<f64> {
        threads.map(&self.askers, |asker| self.share(asker, ef))
    }

    fn share(&self, asker: &Asker<'_>, ef: usize) -> f64 {
        let &Asker { query: Query { vector, inverse_norm, slot }, wanted, reach } = asker;
        if wanted == 0 {
            return 1.0;
        }
        let mut words = Vec::new();
        let among = match (self.plan.among, slot) {
            (Some(among), Some(slot)) => Some(among.without(slot, &mut words)),
            (among, _) => among,
        };
        let (found, _) = Plan { ef, among, asker: slot, ..self.plan }.run(vector, inverse_norm);
        let found = found.iter().filter(|near| near.key <= reach).count();
        found.min(wanted) as f64 / wanted as f64
    }
}
