//! Checkpoints: a snapshot, then the floor, then deletion, in this order (I2).
//!
//! A crash anywhere leaves garbage, never loss: what was not deleted is deleted by the next checkpoint. Any
//! process may do it, and several may at once. The steps that take long need no hold on the log.

use std::time::Duration;

use super::follow::READS;
use super::inventory::Inventory;
use super::settings::{Bug, Settings};
use super::state::Log;
use crate::error::{Error, ErrorKind, Result};
use crate::frame;
use crate::store::{Bytes, Key, Put, Replace, Store, list_all};

/// How many snapshots stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The newest and the one before, with the log between: a living index.
    Two,
    /// The newest only: the tombstone of a dropped index.
    Newest,
}

impl Log {
    /// Whether the tail has grown enough to write a snapshot while writes go on: in bytes, in entries, in
    /// the time it would take to replay, or by a COMPACT with a mebibyte, whose gain on the store it is. When to
    /// checkpoint is no part of the state, so a clock may decide.
    pub fn checkpoint_due(&self) -> bool {
        let Self { tail, snapshot_bytes, postponed, .. } = self;
        let is_compacted = tail.is_compacted() && tail.bytes() + snapshot_bytes >= 1 << 20;
        (self.has_grown(4) || is_compacted) && tail.bytes() >= *postponed
    }

    /// Whether the tail has grown by a quarter more than that: then writes should wait for a snapshot under way.
    pub fn checkpoint_overdue(&self) -> bool {
        self.has_grown(5) && self.tail.bytes() >= self.postponed
    }

    /// Whether the tail has so many quarters of what makes a snapshot due.
    fn has_grown(&self, quarters: u32) -> bool {
        let Self { tail, snapshot_bytes, .. } = self;
        let entries = tail.entries() * 4 / quarters as usize;
        let (bytes, replay) = (tail.bytes() * 4 / u64::from(quarters), tail.replay() * 4 / quarters);
        bytes >= (64 << 20).max(snapshot_bytes / 4)
            || replay >= Duration::from_secs(30)
            || (replay >= Duration::from_secs(5) && bytes >= snapshot_bytes / 4)
            || (entries >= 2_560 && bytes >= snapshot_bytes / 20)
            || entries >= 65_536
    }

    /// After a checkpoint that failed: the next is due when the tail has grown as much again, so that a
    /// full disk does not cost every write the encoding of a whole snapshot.
    pub fn postpone_checkpoint(&mut self) {
        self.postponed = self.tail.bytes() + (64 << 20).max(self.snapshot_bytes / 4);
    }

    /// Whether a snapshot is worth its bytes when the index is opened or closed.
    pub fn checkpoint_worthwhile(&self) -> bool {
        let Self { tail, snapshot_bytes, .. } = self;
        tail.entries() > 0
            && (tail.bytes() >= (1 << 20).max(snapshot_bytes / 20)
                || tail.entries() >= 1_024
                || tail.replay() >= Duration::from_secs(5))
    }

    /// Takes notice of snapshots that other processes wrote: what they cover needs none of ours.
    pub fn look_for_snapshots(&mut self) -> Result<()> {
        let inventory = Inventory::take(&*self.store, &self.name)?;
        if let Some(&(seq, bytes)) =
            inventory.snapshots.iter().rev().find(|&&(seq, _)| seq <= self.position.seq)
            && self.snapshots.last().is_none_or(|&last| last < seq)
        {
            self.checkpointed(seq, bytes);
        }
        Ok(())
    }

    /// Counts a snapshot of `bytes` bytes at `seq` that was read back, or written by another process.
    pub fn checkpointed(&mut self, seq: u64, bytes: u64) {
        if let Err(at) = self.snapshots.binary_search(&seq) {
            self.snapshots.insert(at, seq);
        }
        self.snapshot_bytes = bytes;
        self.postponed = 0;
        self.tail.cover(seq);
    }

    /// Whether the newest floor stands above `seq`: nothing of it may be there any more.
    pub fn is_below_floor(&mut self, seq: u64) -> Result<bool> {
        self.floors.advance(&*self.store, &self.name)?;
        Ok(self.floors.seq > seq)
    }

    /// Raises the floor to what the snapshots that were verified allow, and answers how far it stands.
    pub fn raise_floor(&mut self, keep: Keep) -> Result<u64> {
        let back = match keep {
            Keep::Newest => 1,
            Keep::Two => 2,
        };
        if let Some(at) = self.snapshots.len().checked_sub(back) {
            let floor = self.snapshots[at];
            if self.settings.commits(Bug::DeleteBeforeFloor) {
                delete_below(&*self.store, &self.name, floor)?;
            }
            self.floors.raise(&*self.store, &self.name, floor)?;
        }
        let floor = self.floors.seq;
        self.snapshots.retain(|&seq| seq >= floor);
        self.publish();
        Ok(floor)
    }

    /// Writes `snapshot`, in pieces, the state exactly at the position, reads it back, raises the floor and deletes what
    /// is below.
    pub fn checkpoint(&mut self, snapshot: &[&[u8]], keep: Keep) -> Result<()> {
        let seq = self.position.seq;
        let bytes = publish_snapshot(&*self.store, &self.name, seq, snapshot, &self.settings)?;
        self.checkpointed(seq, bytes);
        let floor = self.raise_floor(keep)?;
        delete_below(&*self.store, &self.name, floor)
    }
}

/// Writes the snapshot of the state at `seq`, given in pieces, and reads it back; answers its size. One that is
/// there already stays, if it can be read.
pub fn publish_snapshot(
    store: &dyn Store,
    name: &str,
    seq: u64,
    snapshot: &[&[u8]],
    settings: &Settings,
) -> Result<u64> {
    let overwritten = settings.commits(Bug::OverwrittenSnapshot);
    let key = Key::parse(frame::snapshot_key(name, if overwritten { 1 } else { seq }))?;
    let about = |error: Error| error.within(key.as_str());
    if overwritten {
        if let Replace::Failed { error, .. } = store.replace(&key, &snapshot.concat()) {
            return Err(about(error));
        }
    } else if let Put::Failed { error, .. } = store.put_pieces_if_absent(&key, snapshot) {
        return Err(about(error));
    }
    let missing = || about(Error::unavailable("the snapshot was written and is not there"));
    let mut left = READS;
    loop {
        let there = Bytes::of(store, &key)?.ok_or_else(missing)?;
        left -= 1;
        if is_all(&there, snapshot) {
            return Ok(there.len() as u64);
        }
        match frame::decode_snapshot(&there) {
            Err(error) if error.kind() == ErrorKind::Corrupt && left > 0 => {}
            read => return read.map(|_| there.len() as u64).map_err(about),
        }
    }
}

/// Whether `bytes` are those of `pieces`.
fn is_all(bytes: &[u8], pieces: &[&[u8]]) -> bool {
    let rest = pieces.iter().try_fold(bytes, |rest, piece| rest.strip_prefix(*piece));
    rest.is_some_and(<[u8]>::is_empty)
}

/// Deletes the entries up to the floor and the snapshots below it.
pub fn delete_below(store: &dyn Store, name: &str, floor: u64) -> Result<()> {
    for object in list_all(store, &frame::index_prefix(name))? {
        let garbage = match frame::parse_key(object.key.as_str()) {
            Some(frame::Key::Log { seq, .. }) => seq <= floor,
            Some(frame::Key::Snapshot { seq, .. }) => seq < floor,
            Some(
                frame::Key::Floor { .. }
                | frame::Key::Quarantined { .. }
                | frame::Key::QuarantineRecord { .. }
                | frame::Key::Legacy { .. },
            )
            | None => false,
        };
        if garbage {
            store.delete(&object.key)?;
        }
    }
    Ok(())
}
