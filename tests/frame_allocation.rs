//! A hostile frame of a few hundred bytes that claims 2^60 of anything is refused before memory is
//! asked for: the allocator of this test counts what each decoder takes. It is the whole process's, hence a binary
//! of its own.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use vectord::error::{ErrorKind, Result};
use vectord::frame::{
    Floor, Frame, Header, HitsBuilder, HitsHead, Ids, Op, Rows, decode_entry, decode_envelope, decode_floor,
    decode_hits, decode_ids_payload, decode_metadata_payload, decode_rows_payload, decode_snapshot,
    decode_v1, encode_entry, encode_floor,
};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to `System` unchanged; counting touches a const-initialised cell without a
// destructor, so it neither allocates nor runs after the thread's locals are gone.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.with(|total| total.set(total.get().saturating_add(layout.size())));
        // SAFETY: the caller keeps `alloc`'s contract, which is `System`'s.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `System` with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const HUGE: u64 = 1 << 60;

fn refused<T>(what: &str, decode: impl FnOnce() -> Result<T>) {
    let before = ALLOCATED.get();
    let result = decode();
    let taken = ALLOCATED.get() - before;
    let Err(error) = result else { panic!("{what}: accepted") };
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{what}: {error}");
    assert!(taken < 1 << 16, "{what}: {taken} bytes for {error}");
}

/// Puts right every checksum of an entry whose first frame's payload ends at `end`.
fn seal(entry: &mut [u8], end: usize) {
    let crc = crc32c::crc32c(&entry[112..end]);
    entry[end..end + 4].copy_from_slice(&crc.to_be_bytes());
    let crc = crc32c::crc32c(&entry[..108]);
    entry[108..112].copy_from_slice(&crc.to_be_bytes());
    let at = entry.len() - 24;
    let digest = xxh3_128(&entry[..at]).to_be_bytes();
    entry[at..at + 16].copy_from_slice(&digest);
}

#[test]
fn payloads_that_claim_too_much_take_no_memory() {
    for (n, d) in [(u32::MAX, u32::MAX), (u32::MAX, 1), (1, u32::MAX), (u32::MAX - 1, 2), (3, 1 << 30)] {
        let mut payload = [n.to_le_bytes(), d.to_le_bytes()].concat();
        payload.resize(100, 0);
        refused("rows", || decode_rows_payload(&payload));
        payload[4..8].fill(0);
        payload[0..4].copy_from_slice(&u32::MAX.to_le_bytes());
        refused("ids", || decode_ids_payload(&payload));
        refused("metadata rows", || decode_metadata_payload(&payload));
    }
    let mut offsets = [1_u32.to_le_bytes(), 1_u32.to_le_bytes(), [0; 4], u32::MAX.to_le_bytes()].concat();
    offsets.resize(100, 0);
    refused("an id of 4 GiB", || decode_rows_payload(&offsets));
}

#[test]
fn answers_that_claim_too_much_take_no_memory() {
    let head = HitsHead { seq: 1, strong: true, metadata: true, vectors: Some(1), explained: true };
    let mut builder = HitsBuilder::new(head).unwrap();
    builder.push(true, &[0.5], ["a"].into_iter(), [Some("{}")].into_iter(), &[1.0], "{}").unwrap();
    let bytes = builder.finish();
    // Lists, dimension, rows, the ends of the id and of the metadata, the explanation.
    for at in [16, 20, 24, 40, 49, 60] {
        let mut bytes = bytes.clone();
        bytes[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        refused(&format!("count at {at}"), || decode_hits(&bytes).map(drop));
    }
}

#[test]
fn entries_that_claim_too_much_take_no_memory() {
    let mut rows = Rows::builder(1, 1);
    rows.push_row("a", None, &[1.0]).unwrap();
    let rows = rows.finish().unwrap();
    let bytes = encode_entry(&Header::default(), &[Op::from(Frame::Upsert(rows.as_ref()))]);
    let end = 128 + rows.payload().len();
    let edit = |what: &str, at: usize, value: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + value.len()].copy_from_slice(value);
        seal(&mut bytes, end);
        refused(what, || decode_entry(&bytes));
    };
    edit("body length", 88, &HUGE.to_be_bytes());
    edit("body length", 88, &u64::MAX.to_be_bytes());
    edit("frame count", 96, &u32::MAX.to_be_bytes());
    edit("meta length", 116, &u32::MAX.to_be_bytes());
    edit("payload length", 120, &HUGE.to_be_bytes());
    edit("payload length", 120, &u64::MAX.to_be_bytes());
    edit("row count", 128, &u32::MAX.to_le_bytes());
    edit("dimension", 132, &u32::MAX.to_le_bytes());
    let ids = Ids::new(["a"]).unwrap();
    let mut bytes = encode_entry(&Header::default(), &[Op::from(Frame::Delete(ids.as_ref()))]);
    bytes[128..132].copy_from_slice(&u32::MAX.to_le_bytes());
    seal(&mut bytes, 128 + ids.as_ref().payload().len());
    refused("id count", || decode_entry(&bytes));
}

fn snapshot(rows: u64, dimension: u32, offset: u64, len: u64, content: &[u8]) -> Vec<u8> {
    let zeros = "0".repeat(32);
    let part = |name: &str| {
        let digest = xxh3_128(content);
        format!("{{\"name\":\"{name}\",\"offset\":{offset},\"len\":{len},\"xxh3\":\"{digest:032x}\"}}")
    };
    let envelope = format!(
        "{{\"version\":2,\"format\":2,\"params\":{{\"name\":\"x\",\"dimension\":{dimension},\"m\":16,\
         \"ef_search\":0,\"distance\":\"cosine\"}},\"last_seq\":1,\"last_digest\":\"{zeros}\",\
         \"lineage\":\"{zeros}\",\"generation\":1,\"required_features\":0,\"dropped\":false,\
         \"counts\":{{\"rows\":{rows},\"live\":{rows}}},\"parts\":[{}],\"writers\":{{}},\"writers_from\":1}}",
        part("ids"),
    );
    let mut bytes = b"LHV1".to_vec();
    bytes.extend_from_slice(&(envelope.len() as u32).to_be_bytes());
    bytes.extend_from_slice(envelope.as_bytes());
    let check = xxh3_64(&bytes);
    bytes.extend_from_slice(&check.to_be_bytes());
    bytes.resize(bytes.len().next_multiple_of(64), 0);
    bytes.extend_from_slice(content);
    bytes
}

#[test]
fn snapshots_that_claim_too_much_take_no_memory() {
    let ids = [HUGE.to_le_bytes(), [0; 8], u64::MAX.to_le_bytes()].concat();
    refused("string count", || decode_snapshot(&snapshot(HUGE, u32::MAX, 0, 24, &ids)).map(drop));
    let ids = [1_u64.to_le_bytes(), [0; 8], HUGE.to_le_bytes()].concat();
    refused("string length", || decode_snapshot(&snapshot(1, 1, 0, 24, &ids)).map(drop));
    let ids = [u64::MAX.to_le_bytes(), [0; 8], HUGE.to_le_bytes()].concat();
    refused("string count", || decode_snapshot(&snapshot(u64::MAX, u32::MAX, 0, 24, &ids)).map(drop));
    refused("part length", || decode_snapshot(&snapshot(1, 1, 0, HUGE, &ids)).map(drop));
    refused("part length", || decode_snapshot(&snapshot(1, 1, 0, u64::MAX, &ids)).map(drop));
    refused("part offset", || decode_snapshot(&snapshot(1, 1, HUGE, 24, &ids)).map(drop));
    let huge = [&b"LHV1"[..], &u32::MAX.to_be_bytes(), b"{\"version\":2}"].concat();
    refused("envelope length", || decode_snapshot(&huge));
    refused("envelope length", || decode_envelope(&huge));
    refused("envelope length", || decode_v1(&huge));
}

#[test]
fn blobs_that_claim_too_much_take_no_memory() {
    // 2^60 and the largest positive length as zig-zag varints.
    let huge = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20];
    let largest = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    let head: &[u8] = b"\x02\x20\x00\x00\x00\x00\x00\x00\xd0\x3f\x28\x0ccosine";
    let node: &[u8] = b"\x02a\x02\x00\x00\x80\x3f";
    for length in [&huge[..], &largest[..]] {
        for (what, parts) in [
            ("layers", vec![head, length]),
            ("nodes", vec![head, &[2], length]),
            ("key", vec![head, &[2, 2], length]),
            ("vector", vec![head, &[2, 2, 2, b'a'], length]),
            ("neighbours", vec![head, &[2, 2], node, length]),
            ("neighbour key", vec![head, &[2, 2], node, &[2], length]),
            ("distance", vec![&head[..11], length]),
        ] {
            let envelope = b"{\"version\":1,\"params\":{\"name\":\"x\",\"dimension\":1}}";
            let mut bytes = b"LHV1".to_vec();
            bytes.extend_from_slice(&(envelope.len() as u32).to_be_bytes());
            bytes.extend_from_slice(envelope);
            bytes.extend_from_slice(&parts.concat());
            refused(what, || decode_v1(&bytes));
        }
    }
}

#[test]
fn floors_of_any_length_take_no_memory_beyond_it() {
    let floor = encode_floor(&Floor { n: 1, floor_seq: 1, required_features: 0 });
    refused("a truncated floor", || decode_floor(&floor[..floor.len() - 1]));
    refused("an empty floor", || decode_floor(&[]));
}
