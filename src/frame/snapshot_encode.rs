//! Writes an LHV1 frame, version 2. The same state gives the same bytes.
//!
//! It takes counts from the parts, never from the caller.

use std::borrow::Cow;

use super::checksum::digest;
use super::envelope::{self, Part};
use super::hex16::Hex16;
use super::rows::ALIGNMENT;
use super::snapshot::{IdempotencyRecord, SnapshotHeader, SnapshotRef};

/// The bytes of a snapshot. `header.rows` and `header.live` are taken from the parts.
pub fn encode_snapshot(snapshot: &SnapshotRef<'_>) -> Vec<u8> {
    let SnapshotRef { header, vectors, adjacency, codes, alive, ids, metadata, idempotency } = snapshot;
    let records: Vec<u8> = idempotency.iter().flat_map(record).collect();
    let header = SnapshotHeader {
        rows: ids.len() as u64,
        live: alive.iter().map(|word| u64::from(word.count_ones())).sum(),
        ..header.clone()
    };
    let mut contents: Vec<(&str, Cow<'_, [u8]>)> = vec![("vectors", bytemuck::cast_slice(vectors).into())];
    for (name, bytes) in [("codes", codes), ("adjacency", adjacency)] {
        contents.extend(bytes.map(|bytes| (name, bytes.into())));
    }
    contents.push(("alive", bytemuck::cast_slice(alive).into()));
    contents.push(("ids", ids.bytes().into()));
    contents.push(("metadata", metadata.bytes().into()));
    contents.push(("idempotency", records.into()));

    let mut end = 0_usize;
    let mut parts = Vec::with_capacity(contents.len());
    for (name, bytes) in &contents {
        let offset = end.next_multiple_of(ALIGNMENT);
        end = offset + bytes.len();
        parts.push(Part {
            name: (*name).to_owned(),
            offset: offset as u64,
            len: bytes.len() as u64,
            xxh3: Hex16(digest(bytes)),
        });
    }
    let head = envelope::write(&header, parts);
    let mut out = Vec::with_capacity(head.len() + end);
    out.extend_from_slice(&head);
    for (_, bytes) in &contents {
        out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
        out.extend_from_slice(bytes);
    }
    out
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
