//! The log of an index as a list: who wrote what, in which order, and which snapshots and floors stand.
//!
//! Vectors and metadata are not shown. Damage is shown where it is and stops nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use super::objects::{Objects, floors};
use super::read::get;
use super::report::{Finding, FloorReport, kind_of};
use crate::error::Result;
use crate::frame::{self, Header, Op, SnapshotHeader};
use crate::store::Store;

/// The log of one index.
#[derive(Debug, Clone, Serialize)]
pub struct Journal {
    /// The index.
    pub name: String,
    /// The oldest entry that is still there; older ones were deleted under the floor.
    pub begins_at: Option<u64>,
    /// The entries asked for, in order.
    pub entries: Vec<Entry>,
    /// Snapshots, oldest first.
    pub snapshots: Vec<Snapshot>,
    /// The newest floor: `seq` and everything before it may be gone.
    pub floor: FloorReport,
    /// Floors that are damaged.
    pub damaged_floors: Vec<Finding>,
    /// Last batch of each writer by its id (32 hex digits), as the newest whole snapshot has it.
    pub writers: BTreeMap<String, Writer>,
    /// The oldest entry that `writers` vouches for.
    pub writers_from: u64,
    /// Idempotency keys that the newest whole snapshot remembers.
    pub idempotency_keys: usize,
}

/// A writer's newest batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Writer {
    /// Its own count of batches.
    pub batch: u64,
    /// The entry that holds the batch.
    pub seq: u64,
}

/// One entry. Where it is damaged `error` says how, and the fields that cannot be read are absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its place, from its key.
    pub seq: u64,
    /// The seq of the CREATE it belongs to.
    pub generation: Option<u64>,
    /// The writing process, 32 hex digits.
    pub writer_id: Option<String>,
    /// The writer's own count of batches.
    pub writer_batch: Option<u64>,
    /// The entry's digest, 32 hex digits.
    pub digest: Option<String>,
    /// The digest of the entry before it.
    pub prev_digest: Option<String>,
    /// Its size.
    pub bytes: u64,
    /// Its operations, in order.
    pub ops: Vec<Operation>,
    /// Why it cannot be read.
    pub error: Option<String>,
}

/// One operation of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Operation {
    /// `create`, `upsert`, `delete`, `drop`, `compact` or `set_metadata`.
    pub kind: &'static str,
    /// Rows or ids it names.
    pub count: usize,
    /// The client's key.
    pub idempotency_key: Option<String>,
    /// Which batch of the entry it belongs to.
    pub op_index: u32,
}

/// One snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// The entry it is the state of.
    pub seq: u64,
    /// Its size.
    pub bytes: u64,
    /// Living rows.
    pub rows: Option<u64>,
    /// Whether it is the tombstone of a dropped index.
    pub dropped: Option<bool>,
    /// The digest of the state, 32 hex digits.
    pub digest: Option<String>,
    /// Why it cannot be read.
    pub error: Option<String>,
}

/// Lists the entries of the index `name` from `from` on, and what stands beside them. Never writes.
pub fn journal(store: &dyn Store, name: &str, from: u64) -> Result<Journal> {
    let objects = Objects::of_index(store, name)?;
    let (floor, damaged_floors) = floors(store, name, &objects.floors)?;
    let mut journal = Journal {
        name: name.to_owned(),
        begins_at: objects.entries.keys().next().copied(),
        entries: Vec::new(),
        snapshots: Vec::new(),
        floor,
        damaged_floors,
        writers: BTreeMap::new(),
        writers_from: 0,
        idempotency_keys: 0,
    };
    for &seq in objects.snapshots.keys() {
        if let Some(bytes) = get(store, frame::snapshot_key(name, seq))? {
            journal.snapshot(seq, &bytes);
        }
    }
    for &seq in objects.entries.range(from..).map(|(seq, _)| seq) {
        if let Some(bytes) = get(store, frame::log_key(name, seq))? {
            journal.entries.push(Entry::read(seq, &bytes));
        }
    }
    Ok(journal)
}

impl Journal {
    fn snapshot(&mut self, seq: u64, bytes: &[u8]) {
        let mut report =
            Snapshot { seq, bytes: bytes.len() as u64, rows: None, dropped: None, digest: None, error: None };
        match frame::decode_snapshot(bytes) {
            Err(error) => report.error = Some(error.to_string()),
            Ok(snapshot) => {
                let SnapshotHeader { live, dropped, writers, writers_from, .. } = snapshot.header;
                (report.rows, report.dropped) = (Some(live), Some(dropped));
                report.digest = frame::snapshot_digest(bytes).ok().map(frame::hex);
                let writer = |(id, state): ([u8; 16], frame::WriterState)| {
                    (frame::hex(id), Writer { batch: state.batch, seq: state.seq })
                };
                self.writers = writers.into_iter().map(writer).collect();
                self.writers_from = writers_from;
                self.idempotency_keys = snapshot.idempotency.len();
            }
        }
        self.snapshots.push(report);
    }
}

impl Entry {
    fn read(seq: u64, bytes: &[u8]) -> Self {
        let (header, ops, error) = match frame::decode_entry(bytes) {
            Ok((header, ops)) => (Some(header), ops, None),
            Err(error) => {
                let (header, ops) = frame::salvage_entry(bytes);
                (header, ops, Some(error.to_string()))
            }
        };
        let ops = ops.iter().map(Operation::of).collect();
        let digest = frame::digest_of(bytes).ok().map(frame::hex);
        let bytes = bytes.len() as u64;
        match header {
            None => Self {
                seq,
                generation: None,
                writer_id: None,
                writer_batch: None,
                digest,
                prev_digest: None,
                bytes,
                ops,
                error,
            },
            Some(Header {
                required_features: _,
                seq: _,
                lineage: _,
                writer_id,
                writer_batch,
                generation,
                prev_digest,
            }) => Self {
                seq,
                generation: Some(generation),
                writer_id: Some(frame::hex(writer_id)),
                writer_batch: Some(writer_batch),
                digest,
                prev_digest: Some(frame::hex(prev_digest)),
                bytes,
                ops,
                error,
            },
        }
    }
}

impl Operation {
    pub(super) fn of(op: &Op<'_>) -> Self {
        let (kind, count) = kind_of(op);
        let frame::OpMeta { idempotency_key, op_index } = op.meta.clone();
        Self { kind, count, idempotency_key, op_index }
    }
}
