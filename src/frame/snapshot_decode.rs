//! Reads an LHV1 frame, version 2, from untrusted bytes: every byte is covered by a check.
//!
//! The envelope has its own check, each part its XXH3-128, the padding between them is zero, and the
//! frame ends with the last part. Counts must agree with each other.

use std::borrow::Cow;
use std::ops::Range;

use super::checksum::{Digest, digest, matches};
use super::envelope::{self, WHAT};
use super::reader::Reader;
use super::rows::{ALIGNMENT, floats};
use super::snapshot::{IdempotencyRecord, SnapshotHeader, SnapshotRef};
use super::snapshot_encode::RECORD_LEN;
use super::texts::Texts;
use crate::error::{Error, Result};

/// A part's bytes and its offset in the frame.
type Located<'a> = (&'a [u8], usize);

#[derive(Default)]
struct Parts<'a> {
    vectors: Option<Located<'a>>,
    adjacency: Option<Located<'a>>,
    codes: Option<Located<'a>>,
    alive: Option<Located<'a>>,
    ids: Option<Located<'a>>,
    metadata: Option<Located<'a>>,
    idempotency: Option<Located<'a>>,
}

/// Decodes a snapshot; its parts borrow from `bytes`.
pub fn decode_snapshot(bytes: &[u8]) -> Result<SnapshotRef<'_>> {
    let mut reader = Reader::new(WHAT, bytes);
    let (header, listed) = envelope::read(&mut reader)?;
    let parts = parts(&mut reader, &listed)?;

    let ids = texts(parts.ids, "ids", &header)?;
    let metadata = texts(parts.metadata, "metadata", &header)?;
    let vectors = vectors(parts.vectors, &header)?;
    let alive = alive(parts.alive, &header)?;
    let idempotency = idempotency(parts.idempotency)?;
    if header.dropped && header.rows != 0 {
        return Err(Error::corrupt(format!("{WHAT}: a tombstone with {} rows", header.rows)));
    }
    let [adjacency, codes] = [parts.adjacency, parts.codes].map(|part| part.map(|(bytes, _)| bytes));
    Ok(SnapshotRef { header, vectors: vec![vectors], adjacency, codes, alive, ids, metadata, idempotency })
}

/// Where the vectors stand in the bytes of a snapshot, and their XXH3-128; of the bytes, only the envelope is checked.
pub fn locate_vectors(bytes: &[u8]) -> Result<(Range<usize>, Digest)> {
    let mut reader = Reader::new(WHAT, bytes);
    let (header, listed) = envelope::read(&mut reader)?;
    let first = reader.offset();
    let part = listed.iter().find(|part| part.name == "vectors");
    let part = part.ok_or_else(|| Error::corrupt(format!("{WHAT}: part \"vectors\" is missing")))?;
    let place = |offset: u64| usize::try_from(offset).ok().and_then(|offset| first.checked_add(offset));
    let ends = (place(part.offset), part.offset.checked_add(part.len).and_then(place));
    match ends {
        (Some(start), Some(end)) if end <= bytes.len() => Ok((start..end, part.xxh3.0)),
        _ => Err(mismatch("vectors", &header, "it is said to end after the frame")),
    }
}

fn parts<'a>(reader: &mut Reader<'a>, listed: &[envelope::Part]) -> Result<Parts<'a>> {
    let first = reader.offset();
    let mut parts = Parts::default();
    for envelope::Part { name, offset, len, xxh3 } in listed {
        reader.padding(ALIGNMENT)?;
        let at = reader.offset();
        if (at - first) as u64 != *offset {
            return Err(reader.corrupt(format_args!("part {name:?} is said to be at {first} + {offset}")));
        }
        let bytes = reader.take(*len, name)?;
        if !matches(&xxh3.0, &digest(bytes)) {
            return Err(
                reader.corrupt(format_args!("the XXH3-128 of part {name:?}, which ends here, differs"))
            );
        }
        let slot = match name.as_str() {
            "vectors" => &mut parts.vectors,
            "adjacency" => &mut parts.adjacency,
            "codes" => &mut parts.codes,
            "alive" => &mut parts.alive,
            "ids" => &mut parts.ids,
            "metadata" => &mut parts.metadata,
            "idempotency" => &mut parts.idempotency,
            // Required features are known, so a part of another name can be rebuilt from these.
            _unknown => continue,
        };
        if slot.replace((bytes, at)).is_some() {
            return Err(reader.corrupt(format_args!("part {name:?} is there twice")));
        }
    }
    reader.finish()?;
    Ok(parts)
}

fn present<'a>(part: Option<Located<'a>>, name: &str) -> Result<Located<'a>> {
    part.ok_or_else(|| Error::corrupt(format!("{WHAT}: part {name:?} is missing")))
}

fn mismatch(name: &str, header: &SnapshotHeader, found: impl std::fmt::Display) -> Error {
    let SnapshotHeader { rows, live, params, .. } = header;
    let dimension = params.dimension;
    Error::corrupt(format!(
        "{WHAT}: part {name:?} does not fit {rows} rows, {live} live, of dimension {dimension}: {found}"
    ))
}

fn texts<'a>(part: Option<Located<'a>>, name: &str, header: &SnapshotHeader) -> Result<Texts<'a>> {
    let (bytes, at) = present(part, name)?;
    let texts = Texts::decode(&mut Reader::at(WHAT, bytes, at), name)?;
    if texts.len() as u64 == header.rows {
        Ok(texts)
    } else {
        Err(mismatch(name, header, format_args!("{} strings", texts.len())))
    }
}

fn vectors<'a>(part: Option<Located<'a>>, header: &SnapshotHeader) -> Result<Cow<'a, [f32]>> {
    let (bytes, _) = present(part, "vectors")?;
    let length = u128::from(header.rows) * u128::from(header.params.dimension) * 4;
    if bytes.len() as u128 != length {
        return Err(mismatch("vectors", header, format_args!("{} bytes", bytes.len())));
    }
    Ok(floats(bytes))
}

fn alive<'a>(part: Option<Located<'a>>, header: &SnapshotHeader) -> Result<Cow<'a, [u64]>> {
    let (bytes, _) = present(part, "alive")?;
    if bytes.len() as u128 != u128::from(header.rows.div_ceil(64)) * 8 {
        return Err(mismatch("alive", header, format_args!("{} bytes", bytes.len())));
    }
    let words: Cow<'_, [u64]> = if let Ok(words) = bytemuck::try_cast_slice(bytes) {
        Cow::Borrowed(words)
    } else {
        let word = |word: &[u8]| u64::from_le_bytes(word.try_into().expect("chunks of exactly 8"));
        Cow::Owned(bytes.chunks_exact(8).map(word).collect())
    };
    let live: u64 = words.iter().map(|word| u64::from(word.count_ones())).sum();
    let beyond = match (words.last(), header.rows % 64) {
        (Some(last), used @ 1..) => last >> used,
        (_, _) => 0,
    };
    if live != header.live || beyond != 0 {
        return Err(mismatch(
            "alive",
            header,
            format_args!("{live} bits are set, {beyond:#x} beyond the last row"),
        ));
    }
    Ok(words)
}

fn idempotency(part: Option<Located<'_>>) -> Result<Vec<IdempotencyRecord>> {
    let (bytes, at) = present(part, "idempotency")?;
    let mut reader = Reader::at(WHAT, bytes, at);
    let mut records = Vec::with_capacity(bytes.len() / RECORD_LEN);
    while reader.left() > 0 {
        records.push(IdempotencyRecord {
            key_digest: reader.array("key digest")?,
            payload_digest: reader.array("payload digest")?,
            seq: reader.u64_le("seq")?,
            added: reader.u64_le("added")?,
            length: reader.u64_le("length")?,
        });
    }
    Ok(records)
}
