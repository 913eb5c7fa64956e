//! Figures about a live index and its store, and the digest of its state.
//!
//! What the index in memory tells of itself is `index::Stats`.

use super::core::Core;
use super::estimate::LiveRecall;
use super::live::LiveIndex;
use crate::error::{Error, Result};
use crate::frame;
use crate::index;
use crate::log::Inventory;
use crate::store::Key;

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
    /// What this process' searches found, once some were tried again.
    pub live_recall: Option<LiveRecall>,
}

/// Figures that can be had often: memory knows them.
#[derive(Debug, Clone)]
pub struct LiveFigures {
    /// The index in memory, without its `degree`.
    pub index: index::Stats,
    /// Entries on the store that are not applied here yet; `None` where asking takes more than a few microseconds.
    pub lag: Option<u64>,
    /// Whether writes are refused.
    pub halted: bool,
    /// What this process' searches found, once some were tried again.
    pub live_recall: Option<LiveRecall>,
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
            live_recall: core.shown.sampler.live_recall(),
        })
    }

    /// Figures of this moment that take microseconds; nothing on the store is listed.
    pub fn figures(&self) -> Result<LiveFigures> {
        let core = self.core()?;
        let index = core.shown.index().quick_stats();
        Ok(LiveFigures {
            lag: lag(&core, index.seq),
            index,
            halted: core.shown.halted().is_some(),
            live_recall: core.shown.sampler.live_recall(),
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

/// How many entries the store has after `seq`, where it is asked in microseconds. They have no gaps but below the
/// floor.
fn lag(core: &Core, seq: u64) -> Option<u64> {
    if !core.store.capabilities().cheap_stat {
        return None;
    }
    let from = core.mark.floor().max(seq);
    let is_there = |beyond: u64| {
        let key = Key::parse(frame::log_key(&core.name, from + beyond)).ok()?;
        core.store.size(&key).ok().map(|size| size.is_some())
    };
    // The last that is there, between one that is and one that is not.
    let (mut there, mut gone) = (0, 1);
    while is_there(gone)? {
        (there, gone) = (gone, gone * 2);
    }
    while gone - there > 1 {
        let middle = there.midpoint(gone);
        if is_there(middle)? { there = middle } else { gone = middle }
    }
    Some(from + there - seq)
}
