//! Reads an LHL1 entry from untrusted bytes, checking all of them before any of them is believed.
//!
//! A log is a replicated state machine: a reader that skipped what it does not know would end in
//! another state than its peers. So an unknown version, feature, flag, frame type or field of an entry
//! is `Unsupported`, and everything else that is not as it was written is `Corrupt`.

use super::checksum::{Digest, crc, digest, matches};
use super::entry::{
    END, FLAG_LIFECYCLE, FRAME_HEAD, Frame, HEADER_LEN, Header, KNOWN_FEATURES, MAGIC, Op, OpMeta,
    TRAILER_LEN, VERSION,
};
use super::ids::{decode_ids_payload, decode_metadata_payload};
use super::json;
use super::reader::Reader;
use super::rows::{ALIGNMENT, decode_rows_payload};
use crate::error::{Error, Result};

/// Decodes an entry; its operations borrow from `bytes`.
pub fn decode_entry(bytes: &[u8]) -> Result<(Header, Vec<Op<'_>>)> {
    let mut reader = Reader::new("LHL1 entry", bytes);
    let (header, shape) = head(&mut reader)?;
    if reader.left() as u64 != shape.body_len.saturating_add(TRAILER_LEN as u64) {
        let (body_len, left) = (shape.body_len, reader.left());
        return Err(reader.corrupt(format_args!(
            "the header says {body_len} bytes of frames and {TRAILER_LEN} of trailer, {left} are left"
        )));
    }
    let body = reader.take(shape.body_len, "frames")?;
    let mut frames = Reader::at("LHL1 entry", body, HEADER_LEN);
    let mut ops: Vec<Op<'_>> = Vec::new();
    for i in 0..shape.frame_count {
        ops.push(frame(&mut frames).map_err(|error| error.within(format_args!("frame {i}")))?);
    }
    frames.finish()?;
    let flags = ops.iter().fold(0, |flags, op| flags | op.frame.flag());
    if flags != shape.flags {
        return Err(reader.corrupt("the flags do not say what the frames hold"));
    }
    let computed = digest(reader.since(0));
    if !matches(&reader.array("digest")?, &computed) {
        return Err(reader.corrupt("the XXH3-128 before this offset does not match"));
    }
    if &reader.array("end magic")? != END {
        return Err(reader.corrupt("it does not end with LHL1END"));
    }
    Ok((header, ops))
}

/// Decodes and checks the 112 bytes of the header only; `bytes` may be just those.
pub fn decode_header(bytes: &[u8]) -> Result<Header> {
    head(&mut Reader::new("LHL1 entry", bytes)).map(|(header, _)| header)
}

/// What can still be read of a damaged entry: its header, if that is whole, and its first operations, up
/// to the first that is not. For a record of what was lost: nothing may be applied from it.
pub fn salvage_entry(bytes: &[u8]) -> (Option<Header>, Vec<Op<'_>>) {
    let mut reader = Reader::new("LHL1 entry", bytes);
    let Ok((header, shape)) = head(&mut reader) else { return (None, Vec::new()) };
    let mut frames = Reader::at("LHL1 entry", &bytes[HEADER_LEN..], HEADER_LEN);
    let ops = (0..shape.frame_count).map_while(|_| frame(&mut frames).ok()).collect();
    (Some(header), ops)
}

/// The digest in an entry's trailer: its identity, and the next entry's `prev_digest`.
///
/// Cheap: it checks that the bytes begin and end like an entry, not that the digest is right.
pub fn digest_of(entry: &[u8]) -> Result<Digest> {
    let trailer = entry.len().checked_sub(TRAILER_LEN).filter(|&at| at >= HEADER_LEN);
    let (Some(at), true, true) = (trailer, entry.starts_with(MAGIC), entry.ends_with(END)) else {
        return Err(Error::corrupt(format!("LHL1 entry: {} bytes without its magics", entry.len())));
    };
    Reader::at("LHL1 entry", &entry[at..], at).array("digest")
}

/// What the header says about the bytes after it.
struct Shape {
    flags: u32,
    body_len: u64,
    frame_count: u32,
}

fn head(reader: &mut Reader<'_>) -> Result<(Header, Shape)> {
    if &reader.array("magic")? != MAGIC {
        return Err(reader.corrupt("it does not begin with LHL1"));
    }
    let version = reader.u16_be("version")?;
    let header_len = usize::from(reader.u16_be("header length")?);
    // Every version keeps the first 12 bytes and ends its header with the CRC of what is before it:
    // so a damaged version is told from a newer one.
    if !(16..=reader.left() + 8).contains(&header_len) {
        return Err(reader.corrupt(format_args!("a header of {header_len} bytes")));
    }
    let required_features = reader.u32_be("required features")?;
    let rest = reader.take((header_len - 12) as u64, "header")?;
    let (covered, stored) = reader.since(0).split_at(header_len - 4);
    if !matches(&stored, &crc(covered).to_be_bytes().as_slice()) {
        return Err(reader.corrupt("the CRC-32C of the header does not match"));
    }
    if version != VERSION {
        return Err(reader.unsupported(format_args!("LHL1 version {version}, this build knows {VERSION}")));
    }
    let unknown = required_features & !KNOWN_FEATURES;
    if unknown != 0 {
        return Err(reader.unsupported(format_args!("it requires unknown features {unknown:#010x}")));
    }
    if header_len != HEADER_LEN {
        return Err(reader.corrupt(format_args!("a header of {header_len} bytes")));
    }
    let mut fields = Reader::at("LHL1 entry", rest, 12);
    let flags = fields.u32_be("flags")?;
    if flags & !FLAG_LIFECYCLE != 0 {
        return Err(fields.unsupported(format_args!("unknown flags {flags:#010x}")));
    }
    let header = Header {
        required_features,
        seq: fields.u64_be("seq")?,
        lineage: fields.array("lineage")?,
        writer_id: fields.array("writer id")?,
        writer_batch: fields.u64_be("writer batch")?,
        generation: fields.u64_be("generation")?,
        prev_digest: fields.array("previous digest")?,
    };
    let body_len = fields.u64_be("body length")?;
    let frame_count = fields.u32_be("frame count")?;
    if fields.u64_be("reserved")? != 0 {
        return Err(fields.corrupt("reserved bytes before this offset are not zero"));
    }
    Ok((header, Shape { flags, body_len, frame_count }))
}

fn frame<'a>(reader: &mut Reader<'a>) -> Result<Op<'a>> {
    let start = reader.offset();
    let code = reader.u16_be("frame type")?;
    let flags = reader.u16_be("frame flags")?;
    let meta_len = reader.u32_be("meta length")?;
    let payload_len = reader.u64_be("payload length")?;
    let meta = reader.take(u64::from(meta_len), "meta")?;
    reader.padding(ALIGNMENT)?;
    let payload_at = reader.offset();
    let payload = reader.take(payload_len, "payload")?;
    let computed = crc(reader.since(start));
    if !matches(&reader.u32_be("frame CRC")?, &computed) {
        return Err(reader.corrupt("the CRC-32C before this offset does not match"));
    }
    reader.padding(8)?;
    if flags != 0 {
        return Err(reader.unsupported(format_args!("unknown frame flags {flags:#06x}")));
    }
    let meta =
        op_meta(meta).map_err(|error| error.within(format_args!("meta at offset {}", start + FRAME_HEAD)))?;
    let within = |error: Error| error.within(format_args!("payload at offset {payload_at}"));
    let frame = match code {
        1 => Frame::Create(json::decode("CREATE", payload).map_err(within)?),
        2 => Frame::Upsert(decode_rows_payload(payload).map_err(within)?),
        3 => Frame::Delete(decode_ids_payload(payload).map_err(within)?),
        4 | 7 if !payload.is_empty() => {
            return Err(reader.corrupt(format_args!("type {code} has a payload of {payload_len} bytes")));
        }
        4 => Frame::Drop,
        7 => Frame::Compact,
        8 => Frame::SetMetadata(decode_metadata_payload(payload).map_err(within)?),
        0 | 5 | 6 | 9.. => return Err(reader.unsupported(format_args!("unknown frame type {code}"))),
    };
    Ok(Op { meta, frame })
}

fn op_meta(bytes: &[u8]) -> Result<OpMeta> {
    if bytes.is_empty() {
        return Ok(OpMeta::default());
    }
    let meta: OpMeta = json::decode("meta", bytes)?;
    if meta == OpMeta::default() {
        return Err(Error::corrupt("the default is written as nothing"));
    }
    Ok(meta)
}
