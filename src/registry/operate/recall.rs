//! How good the answers of an index are, measured on the state as it is stored.
//!
//! The state is this call's own: nothing is written, and nobody who has the index open notices.

use serde::Serialize;

use super::read::load;
use crate::error::Result;
use crate::index::{Recall, RecallOptions};
use crate::store::Store;

/// What was measured, of which index.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// The index.
    pub name: String,
    /// Its rows.
    pub rows: usize,
    /// The share of the true nearest rows that were found.
    pub recall: f64,
    /// The lower end of the interval of 95 %.
    pub low: f64,
    /// The upper end of it.
    pub high: f64,
    /// How many rows asked.
    pub sample: usize,
    /// How many neighbours were sought.
    pub k: usize,
    /// The candidate list's length.
    pub ef: usize,
    /// The entry it is the state of.
    pub seq: u64,
}

/// The recall of the index `name` with every row in its graph.
pub fn recall(store: &dyn Store, name: &str, options: &RecallOptions) -> Result<Measured> {
    let state = load(store, name)?;
    let (_, index) = state.replay.index.expect("load() answers NotFound where there is none");
    index.attach_all();
    let Recall { recall, low, high, sample, k, ef, seq: _ } = index.recall(options)?;
    let (name, rows, seq) = (name.to_owned(), index.len(), state.position.seq);
    Ok(Measured { name, rows, recall, low, high, sample, k, ef, seq })
}
