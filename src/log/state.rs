//! A process's place in the log of one index.
//!
//! The files beside this one say how it moves.

use std::sync::Arc;
use std::time::Duration;

use super::floor::Floors;
use super::inventory::Inventory;
use super::ledger::Ledger;
use super::mark::Mark;
use super::settings::Settings;
use super::tail::Tail;
use crate::error::{Error, Result};
use crate::frame::{self, Digest};
use crate::store::{Key, Store};

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
    pub(super) tail: Tail,
    /// No checkpoint is due before the tail has this many bytes: one failed.
    pub(super) postponed: u64,
    /// An entry that was sent at `position.seq + 1` and may or may not be there.
    pub(super) unresolved: Option<Vec<u8>>,
    pub(super) mark: Arc<Mark>,
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
    ) -> Result<Self> {
        let snapshot_bytes =
            inventory.snapshots.iter().find(|&&(seq, _)| seq == position.seq).map_or(0, |&(_, bytes)| bytes);
        Ok(Self {
            store,
            name: name.to_owned(),
            writer_id: settings.given_writer_id().unwrap_or_else(|| uuid::Uuid::new_v4().into_bytes()),
            writer_batch: 0,
            settings,
            position,
            floors: inventory.floors,
            ledger,
            snapshots: inventory.snapshots.iter().map(|&(seq, _)| seq).collect(),
            snapshot_bytes,
            tail: Tail::default(),
            postponed: 0,
            unresolved: None,
            mark: Mark::new(name, position.seq, inventory.floors)?,
        })
    }

    /// Where the log stands.
    pub fn position(&self) -> Position {
        self.position
    }

    /// What readers ask whether there is anything newer. It moves with this log, and with the one that
    /// [replaces](Self::replace) it.
    pub fn mark(&self) -> &Arc<Mark> {
        &self.mark
    }

    /// Gives a log that has no entry yet its UUID.
    pub fn begin(&mut self, lineage: [u8; 16]) {
        if self.position.lineage == [0; 16] {
            self.position.lineage = lineage;
        }
    }

    /// The store it stands on.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What it depends on.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What is remembered of writers and idempotency keys.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Adds to what replaying the tail will cost: work that its entries caused after they were applied.
    pub fn note_work(&mut self, time: Duration) {
        self.tail.work(time);
    }

    /// Goes on where `fresh` stands, under this log's own name as a writer: its entries on the store stay its own.
    pub fn replace(&mut self, fresh: Self) {
        let Self { writer_id, writer_batch, mark, unresolved, .. } = self;
        // A batch that is not resolved keeps its number: should it turn up late, the number tells it from others.
        let sent = *writer_batch + u64::from(unresolved.is_some());
        let known = fresh.ledger.last_batch(writer_id).map_or(0, |last| last.batch);
        let fresh =
            Self { writer_id: *writer_id, writer_batch: sent.max(known), mark: Arc::clone(mark), ..fresh };
        *self = fresh;
        self.publish();
    }

    /// Tells readers where the log stands now.
    pub(super) fn publish(&self) {
        self.mark.set(self.position.seq, self.floors, None);
    }

    /// An error about the object `key`.
    pub(super) fn about(key: &Key, error: Error) -> Error {
        error.within(key.as_str())
    }

    pub(super) fn log_key(&self, seq: u64) -> Result<Key> {
        Key::parse(frame::log_key(&self.name, seq))
    }
}
