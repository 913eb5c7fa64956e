//! Checkpoints: a snapshot, then the floor, then deletion, in this order (I2).
//!
//! A crash anywhere leaves garbage, never loss: what was not deleted is deleted by the next checkpoint.

use std::time::Duration;

use super::state::Log;
use crate::error::{Error, Result};
use crate::frame;
use crate::store::{Put, Written, list_all};

/// How many snapshots stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The newest and the one before, with the log between: a living index.
    Two,
    /// The newest only: the tombstone of a dropped index.
    Newest,
}

impl Log {
    /// Whether the tail has grown enough to write a snapshot while writes go on: in bytes, in entries, or in
    /// the time it would take to replay. When to checkpoint is no part of the state, so a clock may decide.
    pub fn checkpoint_due(&self) -> bool {
        let Self { tail_bytes, tail_entries, snapshot_bytes, replay, postponed, .. } = *self;
        let grown = tail_bytes >= (64 << 20).max(snapshot_bytes / 4)
            || replay >= Duration::from_secs(30)
            || (replay >= Duration::from_secs(5) && tail_bytes >= snapshot_bytes / 4)
            || (tail_entries >= 4_096 && tail_bytes >= snapshot_bytes / 20)
            || tail_entries >= 65_536;
        grown && tail_bytes >= postponed
    }

    /// After a checkpoint that failed: the next is due when the tail has grown as much again, so that a
    /// full disk does not cost every write the encoding of a whole snapshot.
    pub fn postpone_checkpoint(&mut self) {
        self.postponed = self.tail_bytes + (64 << 20).max(self.snapshot_bytes / 4);
    }

    /// Whether a snapshot is worth its bytes when the index is opened or closed.
    pub fn checkpoint_worthwhile(&self) -> bool {
        let Self { tail_bytes, tail_entries, snapshot_bytes, replay, .. } = *self;
        tail_entries > 0
            && (tail_bytes >= (1 << 20).max(snapshot_bytes / 20)
                || tail_entries >= 1_024
                || replay >= Duration::from_secs(5))
    }

    /// Writes `snapshot`, the state exactly at the position, reads it back, raises the floor and deletes
    /// what is below. Returns the number of objects deleted.
    pub fn checkpoint(&mut self, snapshot: &[u8], keep: Keep) -> Result<usize> {
        let seq = self.position.seq;
        let key = self.snapshot_key(seq)?;
        match self.store.put_if_absent(&key, snapshot) {
            Put::Created | Put::Exists => {}
            Put::Failed { error, written: Written::No | Written::Unknown } => {
                return Err(Self::about(&key, error));
            }
        }
        let there = self.store.get(&key)?.ok_or_else(|| {
            Self::about(&key, Error::unavailable("the snapshot was written and is not there"))
        })?;
        if there != snapshot {
            frame::decode_snapshot(&there).map_err(|error| Self::about(&key, error))?;
        }
        if self.snapshots.last() != Some(&seq) {
            self.snapshots.push(seq);
        }
        self.snapshot_bytes = there.len() as u64;
        (self.tail_bytes, self.tail_entries, self.postponed, self.replay) = (0, 0, 0, Duration::ZERO);
        let floor = match keep {
            Keep::Newest => seq,
            Keep::Two => match self.snapshots.len().checked_sub(2) {
                Some(at) => self.snapshots[at],
                None => return Ok(0),
            },
        };
        self.floors.raise(&*self.store, &self.name, floor)?;
        self.delete_below()
    }

    /// Deletes the entries up to the floor and the snapshots below it.
    fn delete_below(&mut self) -> Result<usize> {
        let floor = self.floors.seq;
        let mut deleted = 0;
        for object in list_all(&*self.store, &frame::index_prefix(&self.name))? {
            let garbage = match frame::parse_key(object.key.as_str()) {
                Some(frame::Key::Log { seq, .. }) => seq <= floor,
                Some(frame::Key::Snapshot { seq, .. }) => seq < floor,
                Some(frame::Key::Floor { .. } | frame::Key::Legacy { .. }) | None => false,
            };
            if garbage {
                self.store.delete(&object.key)?;
                deleted += 1;
            }
        }
        self.snapshots.retain(|&seq| seq >= floor);
        Ok(deleted)
    }
}
