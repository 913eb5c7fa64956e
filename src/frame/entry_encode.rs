//! Writes an LHL1 entry: header, frames, trailer. Infallible: what it is given was checked before.
//!
//! Payloads begin at multiples of 64 bytes, so rows can be used where they stand.

use std::borrow::Cow;

use super::checksum::{crc, digest};
use super::entry::{END, FRAME_HEAD, Frame, HEADER_LEN, Header, MAGIC, Op, OpMeta, TRAILER_LEN, VERSION};
use super::json;
use super::rows::ALIGNMENT;

/// The bytes of one entry. Payloads start at multiples of 64 from the entry's start, and so do f32 rows.
///
/// The same arguments give the same bytes.
pub fn encode_entry(header: &Header, ops: &[Op<'_>]) -> Vec<u8> {
    let payloads: Vec<Cow<'_, [u8]>> = ops.iter().map(|op| payload(&op.frame)).collect();
    let capacity: usize = payloads.iter().map(|payload| payload.len() + FRAME_HEAD + ALIGNMENT * 3).sum();
    let mut out = Vec::with_capacity(HEADER_LEN + capacity + TRAILER_LEN);
    out.resize(HEADER_LEN, 0);
    for (op, payload) in ops.iter().zip(&payloads) {
        frame(&mut out, op, payload);
    }
    let body_len = out.len() - HEADER_LEN;
    let flags = ops.iter().fold(0, |flags, op| flags | op.frame.flag());
    let head = head(header, flags, body_len, ops.len());
    out[..HEADER_LEN].copy_from_slice(&head);
    let digest = digest(&out);
    out.extend_from_slice(&digest);
    out.extend_from_slice(END);
    out
}

fn payload<'f>(frame: &'f Frame<'_>) -> Cow<'f, [u8]> {
    match frame {
        Frame::Create(params) => Cow::Owned(json::encode(params)),
        Frame::Upsert(rows) => Cow::Borrowed(rows.payload()),
        Frame::Delete(ids) => Cow::Borrowed(ids.payload()),
        Frame::SetMetadata(rows) => Cow::Borrowed(rows.payload()),
        Frame::Drop | Frame::Compact => Cow::Borrowed(&[]),
    }
}

fn frame(out: &mut Vec<u8>, op: &Op<'_>, payload: &[u8]) {
    let meta = if op.meta == OpMeta::default() { Vec::new() } else { json::encode(&op.meta) };
    let start = out.len();
    out.extend_from_slice(&op.frame.code().to_be_bytes());
    out.extend_from_slice(&0_u16.to_be_bytes());
    let meta_len = u32::try_from(meta.len()).expect("an idempotency key is far below 4 GiB");
    out.extend_from_slice(&meta_len.to_be_bytes());
    out.extend_from_slice(&(payload.len() as u64).to_be_bytes());
    out.extend_from_slice(&meta);
    out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
    out.extend_from_slice(payload);
    let crc = crc(&out[start..]);
    out.extend_from_slice(&crc.to_be_bytes());
    out.resize(out.len().next_multiple_of(8), 0);
}

fn head(header: &Header, flags: u32, body_len: usize, frame_count: usize) -> [u8; HEADER_LEN] {
    let Header { required_features, seq, lineage, writer_id, writer_batch, generation, prev_digest } = header;
    let frame_count = u32::try_from(frame_count).expect("a group commit is far below 4 billion frames");
    let mut head = [0; HEADER_LEN];
    head[0..4].copy_from_slice(MAGIC);
    head[4..6].copy_from_slice(&VERSION.to_be_bytes());
    head[6..8].copy_from_slice(&(HEADER_LEN as u16).to_be_bytes());
    head[8..12].copy_from_slice(&required_features.to_be_bytes());
    head[12..16].copy_from_slice(&flags.to_be_bytes());
    head[16..24].copy_from_slice(&seq.to_be_bytes());
    head[24..40].copy_from_slice(lineage);
    head[40..56].copy_from_slice(writer_id);
    head[56..64].copy_from_slice(&writer_batch.to_be_bytes());
    head[64..72].copy_from_slice(&generation.to_be_bytes());
    head[72..88].copy_from_slice(prev_digest);
    head[88..96].copy_from_slice(&(body_len as u64).to_be_bytes());
    head[96..100].copy_from_slice(&frame_count.to_be_bytes());
    let crc = crc(&head[..108]);
    head[108..112].copy_from_slice(&crc.to_be_bytes());
    head
}
