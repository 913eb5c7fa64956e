//! Queries whose exact answers are known: what share of them a plan finds.
//!
//! Who asks, and what is made of the shares, is decided by `recall.rs` and `curve.rs`.

use super::plan::Plan;
use crate::graph::{Neighbour, Threads};

/// Queries of one plan, each with what an exact search finds.
pub(super) struct Asking<'a> {
    plan: Plan<'a>,
    askers: Vec<Asker<'a>>,
}

struct Asker<'a> {
    query: &'a [f32],
    inverse_norm: f32,
    /// The row that it is, if it is one.
    slot: Option<u32>,
    /// How many rows there are to be found, up to k, and the key of the last of them.
    wanted: usize,
    reach: f32,
}

impl<'a> Asking<'a> {
    /// Rows of the view ask, each as if it were new.
    pub(super) fn rows(plan: Plan<'a>, slots: &[u32], threads: Threads) -> Self {
        let row = |&slot: &u32| (plan.view.vector(slot), plan.view.rows.inverse_norm(slot), Some(slot));
        Self::new(plan, &slots.iter().map(row).collect::<Vec<_>>(), threads)
    }

    /// Queries from elsewhere ask; each has its inverse norm beside it.
    pub(super) fn queries(plan: Plan<'a>, queries: &[(&'a [f32], f32)], threads: Threads) -> Self {
        let query = |&(query, inverse_norm): &(&'a [f32], f32)| (query, inverse_norm, None);
        Self::new(plan, &queries.iter().map(query).collect::<Vec<_>>(), threads)
    }

    fn new(plan: Plan<'a>, asking: &[(&'a [f32], f32, Option<u32>)], threads: Threads) -> Self {
        let queries: Vec<f32> = asking.iter().flat_map(|&(query, ..)| query).copied().collect();
        let norms: Vec<f32> = asking.iter().map(|&(_, inverse_norm, _)| inverse_norm).collect();
        // One more than is sought: the row that asks may be among them.
        let truth = Plan { exact: true, k: plan.k + 1, ..plan }.run_many(&queries, &norms, threads);
        let asker = |(&(query, inverse_norm, slot), (mut nearest, _)): (_, (Vec<Neighbour>, _))| {
            nearest.retain(|near| Some(near.slot) != slot);
            nearest.truncate(plan.k);
            let reach = nearest.last().map_or(f32::INFINITY, |last| last.key);
            Asker { query, inverse_norm, slot, wanted: nearest.len(), reach }
        };
        Self { plan, askers: asking.iter().zip(truth).map(asker).collect() }
    }

    /// The share that each finds among `ef` candidates; of nothing, all.
    pub(super) fn shares(&self, ef: usize, threads: Threads) -> Vec<f64> {
        threads.map(&self.askers, |asker| self.share(asker, ef))
    }

    fn share(&self, asker: &Asker<'_>, ef: usize) -> f64 {
        let &Asker { query, inverse_norm, slot, wanted, reach } = asker;
        if wanted == 0 {
            return 1.0;
        }
        let mut words = Vec::new();
        let among = match (self.plan.among, slot) {
            (Some(among), Some(slot)) => Some(among.without(slot, &mut words)),
            (among, _) => among,
        };
        let (found, _) = Plan { ef, among, asker: slot, ..self.plan }.run(query, inverse_norm);
        let found = found.iter().filter(|near| near.key <= reach).count();
        found.min(wanted) as f64 / wanted as f64
    }
}
