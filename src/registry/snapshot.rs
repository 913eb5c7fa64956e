//! Between an index with its log and the bytes of a snapshot.
//!
//! A snapshot holds the state exactly at the log's position; the bytes themselves are the frame layer's.

use std::borrow::Cow;

use super::convert;
use crate::error::{Error, Result};
use crate::frame::{self, SnapshotHeader, SnapshotRef, TextsBuf};
use crate::index::{Index, Params, Parts};
use crate::log::{Ledger, Log, Position};

/// The snapshot of the state exactly at the log's position.
pub(super) fn encode(name: &str, params: &Params, log: &Log, index: &Index) -> Result<Vec<u8>> {
    encode_at(name, params, log.position(), log.ledger(), index)
}

/// The snapshot of `index` as the state after the entry at `position`.
pub(super) fn encode_at(
    name: &str,
    params: &Params,
    position: Position,
    ledger: &Ledger,
    index: &Index,
) -> Result<Vec<u8>> {
    index.with_parts(|parts| {
        let Parts { vectors, alive, ids, metadata, adjacency, codes } = parts;
        let ids = TextsBuf::new(ids.iter().map(|id| Some(*id)))?;
        let metadata = TextsBuf::new(metadata.iter().copied())?;
        Ok(frame::encode_snapshot(&SnapshotRef {
            header: header(name, params, position, ledger, false),
            vectors: Cow::Borrowed(vectors),
            adjacency: Some(adjacency),
            codes: codes.as_deref(),
            alive: Cow::Borrowed(alive),
            ids: ids.as_ref(),
            metadata: metadata.as_ref(),
            idempotency: ledger.records(),
        }))
    })
}

/// What stays of a dropped index.
pub(super) fn tombstone(name: &str, params: &Params, log: &Log) -> Result<Vec<u8>> {
    tombstone_at(name, params, log.position(), log.ledger())
}

/// What stays of an index that the entry at `position` ended.
pub(super) fn tombstone_at(
    name: &str,
    params: &Params,
    position: Position,
    ledger: &Ledger,
) -> Result<Vec<u8>> {
    let none = TextsBuf::new(std::iter::empty())?;
    Ok(frame::encode_snapshot(&SnapshotRef {
        header: header(name, params, position, ledger, true),
        vectors: Cow::Borrowed(&[]),
        adjacency: None,
        codes: None,
        alive: Cow::Borrowed(&[]),
        ids: none.as_ref(),
        metadata: none.as_ref(),
        idempotency: Vec::new(),
    }))
}

fn header(name: &str, params: &Params, position: Position, ledger: &Ledger, dropped: bool) -> SnapshotHeader {
    let Position { seq, digest, lineage, generation } = position;
    let (writers, writers_from) = ledger.writers();
    SnapshotHeader {
        params: convert::params_to_frame(name, params),
        last_seq: seq,
        last_digest: digest,
        lineage,
        generation,
        required_features: 0,
        dropped,
        rows: 0,
        live: 0,
        writers: writers.clone(),
        writers_from,
    }
}

/// What a snapshot holds.
pub(super) struct Restored {
    /// The index; `None` in a tombstone.
    pub(super) index: Option<(Params, Index)>,
    /// Where the log goes on.
    pub(super) position: Position,
    /// What the log remembers.
    pub(super) ledger: Ledger,
}

/// Reads a snapshot back.
pub(super) fn decode(bytes: &[u8]) -> Result<Restored> {
    let SnapshotRef { header, vectors, adjacency, codes, alive, ids, metadata, idempotency } =
        frame::decode_snapshot(bytes)?;
    let SnapshotHeader {
        params,
        last_seq,
        last_digest,
        lineage,
        generation,
        required_features: _,
        dropped,
        rows: _,
        live: _,
        writers,
        writers_from,
    } = header;
    let position = Position { seq: last_seq, digest: last_digest, lineage, generation };
    let ledger = Ledger::restore(writers, writers_from, idempotency);
    if dropped {
        return Ok(Restored { index: None, position, ledger });
    }
    let params = convert::params_from_frame(&params)?;
    let parts = Parts {
        vectors: &vectors,
        alive: alive.into_owned(),
        ids: (0..ids.len()).map(|slot| ids.get(slot).unwrap_or("")).collect(),
        metadata: (0..metadata.len()).map(|slot| metadata.get(slot)).collect(),
        adjacency: adjacency.ok_or_else(|| Error::corrupt("the snapshot has no adjacency"))?.to_vec(),
        codes: codes.map(<[u8]>::to_vec),
    };
    let index = Index::from_parts(params, last_seq, &parts)?;
    Ok(Restored { index: Some((params, index)), position, ledger })
}
