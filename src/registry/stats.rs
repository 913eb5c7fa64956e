//! Figures about a live index and its store, and the digest of its state.
//!
//! What the index in memory tells of itself is `index::Stats`.

use super::live::LiveIndex;
use crate::error::{Error, Result};
use crate::frame;
use crate::index;
use crate::log::Inventory;

/// Figures about a live index and its store.
#[derive(Debug, Clone)]
pub struct LiveStats {
    /// The index in memory.
    pub index: index::Stats,
    /// Bytes of its objects on the store.
    pub bytes_store: u64,
    /// Objects on the store.
    pub objects: usize,
    /// Entries on the store that are not applied here yet.
    pub lag: u64,
    /// Why writes are refused, if they are.
    pub halted: Option<Error>,
}

/// What identifies a state: two processes that applied the same entries have the same digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDigest {
    /// The last applied entry.
    pub seq: u64,
    /// XXH3-128 of the envelope of its snapshot, which holds the hash of every part; 32 hexadecimal digits.
    pub digest: String,
}

impl LiveIndex {
    /// Figures of this moment; the store's are read from it.
    pub fn stats(&self) -> Result<LiveStats> {
        let core = self.core()?;
        let inventory = Inventory::take(&*core.store, self.name())?;
        let index = core.shown.index().stats();
        let newest = inventory.entries.last().map_or(0, |&(seq, _)| seq);
        Ok(LiveStats {
            lag: newest.max(inventory.floors.seq).saturating_sub(index.seq),
            index,
            bytes_store: inventory.bytes,
            objects: inventory.objects,
            halted: core.shown.halted(),
        })
    }

    /// The digest of the present state. It waits until the rows of now are attached, and reads the whole
    /// index; writes go on meanwhile.
    pub fn digest(&self) -> Result<StateDigest> {
        let core = self.core()?;
        core.shown.attach_present();
        let (seq, snapshot) = core.snapshot()?;
        Ok(StateDigest { seq, digest: frame::hex(snapshot.digest()?) })
    }
}
