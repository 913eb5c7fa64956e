//! How many of the rows around a query are of a set, as far as a walk has met them.
//!
//! What follows from it is decided in `plan.rs`.

use super::members::Members;
use super::pool::{Candidate, Pool};

/// The nearest rows that a walk has met.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    pub(super) rows: usize,
    /// Those of the set.
    pub(super) passing: usize,
}

impl Around {
    /// The nearest `rows` of those in `pool` and `spill`, or all in the pool if these are more.
    pub(super) fn of(pool: &Pool, spill: &mut [Candidate], rows: usize, members: Members<'_>) -> Self {
        let held = pool.nearest().count();
        let farther = rows.saturating_sub(held).min(spill.len());
        if (1..spill.len()).contains(&farther) {
            spill.select_nth_unstable(farther);
        }
        let near = pool.nearest().map(|near| near.slot).chain(spill[..farther].iter().map(|far| far.slot()));
        Self { rows: held + farther, passing: near.filter(|&slot| members.has(slot)).count() }
    }

    /// What share of them is of the set.
    pub(super) fn share(self) -> f64 {
        self.passing as f64 / self.rows as f64
    }
}
