//! A process's place in the log of one index.
//!
//! The files beside this one say how it moves.

use std::sync::Arc;
use std::time::Duration;

use super::floor::Floors;
use super::inventory::Inventory;
use super::ledger::Ledger;
use crate::error::{Error, Result};
use crate::frame::{self, Digest};
use crate::store::{Key, Store};

/// How patient the log is.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How long an append whose outcome is unknown is tried before its callers are told so.
    pub give_up: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { give_up: Duration::from_secs(30) }
    }
}

/// What identifies a place in a log: everything the next entry must continue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The last applied entry; 0 before the first.
    pub seq: u64,
    /// Its digest; zeros before the first.
    pub digest: Digest,
    /// The UUID of the log.
    pub lineage: [u8; 16],
    /// The seq of the CREATE that the entries belong to; 0 where there is none (adopted, or not created).
    pub generation: u64,
}

/// The log of one index, applied up to a position. One thread uses it at a time.
#[derive(Debug)]
pub struct Log {
    pub(super) store: Arc<dyn Store>,
    pub(super) name: String,
    pub(super) settings: Settings,
    pub(super) writer_id: [u8; 16],
    pub(super) writer_batch: u64,
    pub(super) position: Position,
    pub(super) floors: Floors,
    pub(super) ledger: Ledger,
    /// Snapshots known to be on the store, ascending.
    pub(super) snapshots: Vec<u64>,
    pub(super) snapshot_bytes: u64,
    pub(super) tail_entries: u64,
    pub(super) tail_bytes: u64,
    /// No checkpoint is due before the tail has this many bytes: one failed.
    pub(super) postponed: u64,
    /// How long applying the tail took: about what replaying it will take whoever opens the index next.
    pub(super) replay: Duration,
    /// An entry that was sent at `position.seq + 1` and may or may not be there.
    pub(super) unresolved: Option<Vec<u8>>,
}

impl Log {
    /// The log of `name`, placed at `position`: where a snapshot ends, or before the first entry.
    pub fn at(
        store: Arc<dyn Store>,
        name: &str,
        inventory: &Inventory,
        position: Position,
        ledger: Ledger,
        settings: Settings,
    ) -> Self {
        let snapshot_bytes =
            inventory.snapshots.iter().find(|&&(seq, _)| seq == position.seq).map_or(0, |&(_, bytes)| bytes);
        Self {
            store,
            name: name.to_owned(),
            settings,
            writer_id: uuid::Uuid::new_v4().into_bytes(),
            writer_batch: 0,
            position,
            floors: inventory.floors,
            ledger,
            snapshots: inventory.snapshots.iter().map(|&(seq, _)| seq).collect(),
            snapshot_bytes,
            tail_entries: 0,
            tail_bytes: 0,
            postponed: 0,
            replay: Duration::ZERO,
            unresolved: None,
        }
    }

    /// Where the log stands.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Gives a log that has no entry yet its UUID.
    pub fn begin(&mut self, lineage: [u8; 16]) {
        if self.position.lineage == [0; 16] {
            self.position.lineage = lineage;
        }
    }

    /// The store it stands on.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// What is remembered of writers and idempotency keys.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// An error about the object `key`.
    pub(super) fn about(key: &Key, error: Error) -> Error {
        error.within(key.as_str())
    }

    pub(super) fn log_key(&self, seq: u64) -> Result<Key> {
        Key::parse(frame::log_key(&self.name, seq))
    }

    pub(super) fn snapshot_key(&self, seq: u64) -> Result<Key> {
        Key::parse(frame::snapshot_key(&self.name, seq))
    }
}
