//! The head of an LHV1 frame, version 2: magic, length, JSON envelope and its check.
//!
//! A snapshot may hold fields and parts this build does not know: what a reader must not ignore has a
//! bit in `required_features`, so anything unflagged can be rebuilt from the rest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::checksum::{Digest, digest, matches};
use super::entry::KNOWN_FEATURES;
use super::hex16::Hex16;
use super::json;
use super::params::Params;
use super::reader::Reader;
use super::rows::ALIGNMENT;
use super::snapshot::{SnapshotHeader, WriterState};
use crate::error::{Error, Result};

pub(super) const MAGIC: &[u8; 4] = b"LHV1";
const VERSION: u32 = 2;
pub(super) const WHAT: &str = "LHV1 frame";

/// The envelope's JSON, fields in this order.
#[derive(Serialize, Deserialize)]
pub(super) struct Envelope {
    version: u32,
    format: u32,
    params: Params,
    last_seq: u64,
    last_digest: Hex16,
    lineage: Hex16,
    generation: u64,
    required_features: u32,
    dropped: bool,
    counts: Counts,
    pub(super) parts: Vec<Part>,
    writers: BTreeMap<Hex16, Writer>,
    writers_from: u64,
}

#[derive(Serialize, Deserialize)]
struct Counts {
    rows: u64,
    live: u64,
}

#[derive(Serialize, Deserialize)]
struct Writer {
    batch: u64,
    seq: u64,
}

/// Where a part is: `offset` counts from the first part's first byte.
#[derive(Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) offset: u64,
    pub(super) len: u64,
    pub(super) xxh3: Hex16,
}

/// The fields that every version from 2 on has.
#[derive(Deserialize)]
struct Probe {
    version: u32,
    #[serde(default)]
    required_features: u32,
}

/// Decodes the head of a snapshot only; `bytes` may end anywhere after it.
pub fn decode_envelope(bytes: &[u8]) -> Result<SnapshotHeader> {
    read(&mut Reader::new(WHAT, bytes)).map(|(header, _)| header)
}

/// The digest of the state that a snapshot holds: the XXH3-128 of its envelope's JSON, which names the
/// hash of every part.
///
/// Equal states have equal digests. It checks the envelope, not the parts.
pub fn snapshot_digest(bytes: &[u8]) -> Result<Digest> {
    let mut reader = Reader::new(WHAT, bytes);
    read(&mut reader)?;
    let mut reader = Reader::new(WHAT, bytes);
    reader.take(4, "magic")?;
    let length = reader.u32_be("envelope length")?;
    Ok(digest(reader.take(u64::from(length), "envelope")?))
}

/// Reads up to the first part.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<(SnapshotHeader, Vec<Part>)> {
    if &reader.array("magic")? != MAGIC {
        return Err(reader.corrupt("it does not begin with LHV1"));
    }
    let length = reader.u32_be("envelope length")?;
    let text = reader.take(u64::from(length), "envelope")?;
    let computed = xxh3_64(reader.since(0)).to_be_bytes();
    if !matches(&reader.array("envelope check")?, &computed) {
        return Err(reader.corrupt(
            "the XXH3-64 before this offset does not match (an envelope of version 1 has none: import it)",
        ));
    }
    let malformed = |error: serde_json::Error| {
        Error::corrupt(format!("{WHAT}: envelope at offset 8: {error}")).caused_by(error)
    };
    let probe: Probe = serde_json::from_slice(text).map_err(malformed)?;
    if probe.version != VERSION {
        return Err(reader.unsupported(format_args!("envelope version {}, not {VERSION}", probe.version)));
    }
    let unknown = probe.required_features & !KNOWN_FEATURES;
    if unknown != 0 {
        return Err(reader.unsupported(format_args!("it requires unknown features {unknown:#010x}")));
    }
    let envelope: Envelope = serde_json::from_slice(text).map_err(malformed)?;
    if envelope.format != VERSION {
        return Err(reader.unsupported(format_args!("format {}, not {VERSION}", envelope.format)));
    }
    reader.padding(ALIGNMENT)?;
    Ok(split(envelope))
}

/// Magic, length, envelope, check and padding: what stands before the first part.
pub(super) fn write(header: &SnapshotHeader, parts: Vec<Part>) -> Vec<u8> {
    let text = json::encode(&join(header, parts));
    let length = u32::try_from(text.len()).expect("an envelope holds at most some thousand writers");
    let mut head = Vec::with_capacity((text.len() + 16).next_multiple_of(ALIGNMENT));
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(&length.to_be_bytes());
    head.extend_from_slice(&text);
    let check = xxh3_64(&head);
    head.extend_from_slice(&check.to_be_bytes());
    head.resize(head.len().next_multiple_of(ALIGNMENT), 0);
    head
}

fn split(envelope: Envelope) -> (SnapshotHeader, Vec<Part>) {
    let Envelope { version: _, format: _, params, last_seq, last_digest, lineage, generation, .. } = envelope;
    let writers = envelope
        .writers
        .into_iter()
        .map(|(id, Writer { batch, seq })| (id.0, WriterState { batch, seq }))
        .collect();
    let header = SnapshotHeader {
        params,
        last_seq,
        last_digest: last_digest.0,
        lineage: lineage.0,
        generation,
        required_features: envelope.required_features,
        dropped: envelope.dropped,
        rows: envelope.counts.rows,
        live: envelope.counts.live,
        writers,
        writers_from: envelope.writers_from,
    };
    (header, envelope.parts)
}

fn join(header: &SnapshotHeader, parts: Vec<Part>) -> Envelope {
    let writers = header
        .writers
        .iter()
        .map(|(&id, &WriterState { batch, seq })| (Hex16(id), Writer { batch, seq }))
        .collect();
    Envelope {
        version: VERSION,
        format: VERSION,
        params: header.params.clone(),
        last_seq: header.last_seq,
        last_digest: Hex16(header.last_digest),
        lineage: Hex16(header.lineage),
        generation: header.generation,
        required_features: header.required_features,
        dropped: header.dropped,
        counts: Counts { rows: header.rows, live: header.live },
        parts,
        writers,
        writers_from: header.writers_from,
    }
}
