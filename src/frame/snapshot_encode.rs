//! Writes an LHV1 frame, version 2. The same state gives the same bytes.
//!
//! It takes counts from the parts, never from the caller.

use std::borrow::Cow;

use super::checksum::{digest, digest_of_pieces};
use super::envelope::{self, Part};
use super::hex16::Hex16;
use super::rows::ALIGNMENT;
use super::snapshot::{IdempotencyRecord, SnapshotHeader, SnapshotRef};

/// A snapshot's bytes but for those of its vectors, which stand between the two and are best written from where
/// they are.
#[derive(Debug, Clone)]
pub struct Around {
    /// What is before the vectors.
    pub before: Vec<u8>,
    /// What is after them.
    pub after: Vec<u8>,
}

/// The bytes of a snapshot. `header.rows` and `header.live` are taken from the parts.
pub fn encode_snapshot(snapshot: &SnapshotRef<'_>) -> Vec<u8> {
    let Around { mut before, after } = encode_around(snapshot);
    before.reserve_exact(values(snapshot).map(<[u8]>::len).sum::<usize>() + after.len());
    values(snapshot).for_each(|piece| before.extend_from_slice(piece));
    before.extend_from_slice(&after);
    before
}

/// As [`encode_snapshot`], without the bytes of the vectors.
pub fn encode_around(snapshot: &SnapshotRef<'_>) -> Around {
    let SnapshotRef { header, vectors: _, adjacency, codes, alive, ids, metadata, idempotency } = snapshot;
    let records: Vec<u8> = idempotency.iter().flat_map(record).collect();
    let header = SnapshotHeader {
        rows: ids.len() as u64,
        live: alive.iter().map(|word| u64::from(word.count_ones())).sum(),
        ..header.clone()
    };
    let mut contents: Vec<(&str, Cow<'_, [u8]>)> = Vec::with_capacity(6);
    for (name, bytes) in [("codes", codes), ("adjacency", adjacency)] {
        contents.extend(bytes.map(|bytes| (name, bytes.into())));
    }
    contents.push(("alive", bytemuck::cast_slice(alive).into()));
    contents.push(("ids", ids.bytes().into()));
    contents.push(("metadata", metadata.bytes().into()));
    contents.push(("idempotency", records.into()));

    let vectors = values(snapshot).map(<[u8]>::len).sum::<usize>();
    let mut parts = Vec::with_capacity(contents.len() + 1);
    let part = |name: &str, offset: usize, len: usize, digest| Part {
        name: name.to_owned(),
        offset: offset as u64,
        len: len as u64,
        xxh3: Hex16(digest),
    };
    parts.push(part("vectors", 0, vectors, digest_of_pieces(values(snapshot))));
    let mut end = vectors;
    for (name, bytes) in &contents {
        let offset = end.next_multiple_of(ALIGNMENT);
        end = offset + bytes.len();
        parts.push(part(name, offset, bytes.len(), digest(bytes)));
    }
    let mut after = Vec::with_capacity(end - vectors);
    for (_, bytes) in &contents {
        after.resize((vectors + after.len()).next_multiple_of(ALIGNMENT) - vectors, 0);
        after.extend_from_slice(bytes);
    }
    Around { before: envelope::write(&header, parts), after }
}

fn values<'s>(snapshot: &'s SnapshotRef<'_>) -> impl Iterator<Item = &'s [u8]> {
    snapshot.vectors.iter().map(|piece| bytemuck::cast_slice(piece))
}

/// Bytes of one idempotency record.
pub(super) const RECORD_LEN: usize = 56;

fn record(record: &IdempotencyRecord) -> [u8; RECORD_LEN] {
    let IdempotencyRecord { key_digest, payload_digest, seq, added, length } = record;
    let mut bytes = [0; RECORD_LEN];
    bytes[0..16].copy_from_slice(key_digest);
    bytes[16..32].copy_from_slice(payload_digest);
    bytes[32..40].copy_from_slice(&seq.to_le_bytes());
    bytes[40..48].copy_from_slice(&added.to_le_bytes());
    bytes[48..56].copy_from_slice(&length.to_le_bytes());
    bytes
}
