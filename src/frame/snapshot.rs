//! A snapshot as plain structs: the state of an index exactly at one seq of its log.
//!
//! What the bytes of adjacency and codes mean is the graph's; they are carried as they are.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::checksum::Digest;
use super::params::Params;
use super::texts::Texts;

/// What can be read without reading any part: enough to list an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotHeader {
    /// The index's parameters.
    pub params: Params,
    /// The entry whose application this state is; 0 for an adopted blob.
    pub last_seq: u64,
    /// That entry's digest.
    pub last_digest: Digest,
    /// UUID of the log.
    pub lineage: [u8; 16],
    /// The seq of the CREATE in force.
    pub generation: u64,
    /// What a reader must understand; see [`KNOWN_FEATURES`](super::KNOWN_FEATURES).
    pub required_features: u32,
    /// The index was dropped: a tombstone without rows.
    pub dropped: bool,
    /// Slots, dead ones included. Written from the parts, whatever stands here.
    pub rows: u64,
    /// Live slots. Written from the parts, whatever stands here.
    pub live: u64,
    /// Writers by id, for the batches at or above `writers_from`.
    pub writers: BTreeMap<[u8; 16], WriterState>,
    /// The oldest seq `writers` vouches for.
    pub writers_from: u64,
}

/// The newest batch of one writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterState {
    /// The writer's own count of batches.
    pub batch: u64,
    /// The entry that holds that batch.
    pub seq: u64,
}

/// The answer to a client batch that carried an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// What [`key_digest`](super::key_digest) makes of the key.
    pub key_digest: [u8; 16],
    /// XXH3-128 of the batch.
    pub payload_digest: [u8; 16],
    /// The entry that holds the batch.
    pub seq: u64,
    /// Rows it added.
    pub added: u64,
    /// Rows the index had afterwards.
    pub length: u64,
}

/// A whole snapshot, borrowed from its bytes or from the state to be written.
#[derive(Debug, Clone)]
pub struct SnapshotRef<'a> {
    /// Everything but the parts.
    pub header: SnapshotHeader,
    /// Values of every slot, row-major, shape (`rows`, `dimension`), in pieces; one piece when read.
    pub vectors: Vec<Cow<'a, [f32]>>,
    /// The graph's own bytes; absent when there is no graph, which can always be rebuilt.
    pub adjacency: Option<&'a [u8]>,
    /// How the graph measures rows, if it has one.
    pub codes: Option<&'a [u8]>,
    /// Bit `slot % 64` of word `slot / 64` is set for live slots; bits past the last slot are 0.
    pub alive: Cow<'a, [u64]>,
    /// Id of every slot.
    pub ids: Texts<'a>,
    /// Metadata text of every slot, absent where there is none.
    pub metadata: Texts<'a>,
    /// Remembered answers, oldest first.
    pub idempotency: Vec<IdempotencyRecord>,
}
