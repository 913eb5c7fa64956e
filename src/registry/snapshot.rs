//! Between an index with its log and the bytes of a snapshot.
//!
//! A snapshot holds the state exactly at the log's position; the bytes themselves are the frame layer's.

use std::borrow::Cow;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use super::keeper::Keeper;
use super::{convert, remap};
use crate::error::{Error, Result};
use crate::frame::{self, Around, Digest, SnapshotHeader, SnapshotRef, TextsBuf};
use crate::index::{Base, Index, Params, Parts, Vectors};
use crate::log::{Ledger, Log, Position};
use crate::store::Bytes;

/// The bytes of a snapshot; its vectors are not copied.
pub(super) struct Encoded {
    around: Around,
    vectors: Option<Vectors>,
}

impl Encoded {
    /// The bytes, in pieces.
    pub(super) fn pieces(&self) -> [&[u8]; 4] {
        let Around { before, after } = &self.around;
        let [first, second] = self.vectors.as_ref().map(Vectors::pieces).unwrap_or_default();
        [before, bytemuck::cast_slice(first), bytemuck::cast_slice(second), after]
    }

    /// The bytes in one piece.
    pub(super) fn to_vec(&self) -> Vec<u8> {
        self.pieces().concat()
    }

    /// The digest of the state.
    pub(super) fn digest(&self) -> Result<Digest> {
        frame::snapshot_digest(&self.around.before)
    }
}

/// The snapshot of the state exactly at the log's position, which is answered with it.
///
/// The keeper is held for as long as it takes to copy what the log remembers; the bytes are made while writes go on.
pub(super) fn encode(keeper: &Mutex<Keeper>) -> Result<(u64, Encoded)> {
    loop {
        let (name, params, index) = {
            let keeper = keeper.lock();
            (keeper.name.clone(), keeper.params, keeper.shown.index())
        };
        // Unless the log left this process behind, and there is another index now.
        let told = |keeper: MutexGuard<'_, Keeper>| {
            let log = &keeper.log;
            let is_this = Arc::ptr_eq(&keeper.shown.index(), &index);
            is_this.then(|| (log.position(), log.ledger().clone(), index.vectors()))
        };
        let encoded = index.with_parts_at(
            || keeper.lock(),
            told,
            |parts, told| {
                let (position, ledger, held) = told?;
                let encoded = encode_parts(&name, &params, position, &ledger, parts, held);
                Some(encoded.map(|encoded| (position.seq, encoded)))
            },
        );
        if let Some(encoded) = encoded {
            return encoded;
        }
    }
}

/// The snapshot of `index`, which nobody changes, as the state after the entry at `position`.
pub(super) fn encode_at(
    name: &str,
    params: &Params,
    position: Position,
    ledger: &Ledger,
    index: &Index,
) -> Result<Encoded> {
    let held = index.vectors();
    index.with_parts(|parts| encode_parts(name, params, position, ledger, parts, held))
}

/// `held` are the vectors of `parts`.
fn encode_parts(
    name: &str,
    params: &Params,
    position: Position,
    ledger: &Ledger,
    parts: &Parts<'_>,
    held: Vectors,
) -> Result<Encoded> {
    remap::check(name, &held)?;
    let Parts { vectors, alive, ids, metadata, adjacency, codes } = parts;
    let ids = TextsBuf::new(ids.iter().map(|id| Some(*id)))?;
    let metadata = TextsBuf::new(metadata.iter().copied())?;
    let around = frame::encode_around(&SnapshotRef {
        header: header(name, params, position, ledger, false),
        vectors: vectors.map(Cow::Borrowed).to_vec(),
        adjacency: Some(adjacency),
        codes: codes.as_deref(),
        alive: Cow::Borrowed(alive),
        ids: ids.as_ref(),
        metadata: metadata.as_ref(),
        idempotency: ledger.records(),
    });
    Ok(Encoded { around, vectors: Some(held) })
}

/// What stays of a dropped index.
pub(super) fn tombstone(name: &str, params: &Params, log: &Log) -> Result<Encoded> {
    tombstone_at(name, params, log.position(), log.ledger())
}

/// What stays of an index that the entry at `position` ended.
pub(super) fn tombstone_at(
    name: &str,
    params: &Params,
    position: Position,
    ledger: &Ledger,
) -> Result<Encoded> {
    let none = TextsBuf::new(std::iter::empty())?;
    let around = frame::encode_around(&SnapshotRef {
        header: header(name, params, position, ledger, true),
        vectors: Vec::new(),
        adjacency: None,
        codes: None,
        alive: Cow::Borrowed(&[]),
        ids: none.as_ref(),
        metadata: none.as_ref(),
        idempotency: Vec::new(),
    });
    Ok(Encoded { around, vectors: None })
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

/// Reads a snapshot back; vectors of a mapped one stay where they are.
pub(super) fn restore(bytes: &Bytes) -> Result<Restored> {
    match bytes {
        Bytes::Read(bytes) => decode(bytes),
        Bytes::Mapped(mapped) => {
            let restored = decode_on(mapped, remap::base(mapped)?);
            mapped.release();
            restored
        }
    }
}

/// Reads a snapshot back, and copies what it holds.
pub(super) fn decode(bytes: &[u8]) -> Result<Restored> {
    decode_on(bytes, None)
}

/// As [`decode`]; `base` are its vectors, if they stay where they are.
fn decode_on(bytes: &[u8], base: Option<Base>) -> Result<Restored> {
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
        vectors: [&vectors[0], &[]],
        alive: alive.into_owned(),
        ids: (0..ids.len()).map(|slot| ids.get(slot).unwrap_or("")).collect(),
        metadata: (0..metadata.len()).map(|slot| metadata.get(slot)).collect(),
        adjacency: adjacency.ok_or_else(|| Error::corrupt("the snapshot has no adjacency"))?.to_vec(),
        codes: codes.map(<[u8]>::to_vec),
    };
    let index = match base {
        Some(base) => Index::from_parts_on(params, last_seq, &parts, base)?,
        None => Index::from_parts(params, last_seq, &parts)?,
    };
    Ok(Restored { index: Some((params, index)), position, ledger })
}
