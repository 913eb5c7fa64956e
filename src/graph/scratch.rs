//! The memory of one search: what it met, its pool of candidates, the coded query.
//!
//! Searches borrow it from a [`Shelf`], whose lock is held to take and to put back only.

use parking_lot::Mutex;

use super::met::Met;
use super::neighbour::Near;
use super::pool::{Candidate, Pool};
use super::ruler::Probe;

/// What one search works with.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) met: Met,
    pub(super) pool: Pool,
    pub(super) probe: Probe,
    pub(super) second_probe: Probe,
    /// Probes at the rows of a list.
    pub(super) probes: Vec<Probe>,
    /// What may be answered.
    pub(super) found: Vec<Near>,
    /// A list being changed.
    pub(super) list: Vec<Near>,
    /// Of a walk among a set: the rows whose lists were gone through.
    pub(super) listed: Met,
    /// And those of the set.
    pub(super) passing: Pool,
    /// And what did not fit into `pool`.
    pub(super) spill: Vec<Candidate>,
    /// And links of a list.
    pub(super) picked: Vec<u32>,
}

/// Scratches not in use.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    scratches: Mutex<Vec<Scratch>>,
}

impl Shelf {
    /// Runs `search` with a scratch of its own.
    pub(super) fn with<R>(&self, search: impl FnOnce(&mut Scratch) -> R) -> R {
        let taken = self.scratches.lock().pop();
        let mut scratch = taken.unwrap_or_default();
        let result = search(&mut scratch);
        self.scratches.lock().push(scratch);
        result
    }
}
