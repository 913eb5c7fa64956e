//! The bytes in tests/data were written once and stand for what users have on disk: each reads as it
//! did, and what it says is still written as the same bytes. A failure here is a broken format.
//! The Go service's blobs are in `go.rs`.

use std::collections::BTreeMap;

use vectord::frame::{
    Floor, Frame, Header, IdempotencyRecord, Ids, MetadataRows, Op, OpMeta, Params, Rows, SnapshotHeader,
    SnapshotRef, TextsBuf, WriterState, decode_entry, decode_envelope, decode_floor, decode_rows_payload,
    decode_snapshot, digest_of, encode_entry, encode_floor, encode_snapshot,
};

use crate::support::golden::golden;

fn bits(vectors: &[f32]) -> Vec<u32> {
    vectors.iter().map(|value| value.to_bits()).collect()
}

fn params(dimension: u32) -> Params {
    Params { name: "golden".into(), dimension, m: 16, ef_search: 0, distance: "cosine".into() }
}

fn golden_rows() -> Rows {
    let mut rows = Rows::builder(3, 2);
    rows.push_row("a", Some("{\"k\":1.0}"), &[1.0, 0.0]).unwrap();
    rows.push_row("\u{fc}ber", None, &[-0.0, f32::MIN_POSITIVE]).unwrap();
    rows.push_row("c", Some("{}"), &[0.5, -2.25]).unwrap();
    rows.finish().unwrap()
}

#[test]
fn rows_read_and_write_as_they_always_did() {
    let bytes = golden("rows.bin");
    let rows = decode_rows_payload(&bytes).unwrap();
    assert_eq!((rows.len(), rows.dimension()), (3, 2));
    assert_eq!((rows.id(1), rows.metadata(1)), ("\u{fc}ber", None));
    assert_eq!((rows.metadata(0), rows.metadata(2)), (Some("{\"k\":1.0}"), Some("{}")));
    assert_eq!(bits(rows.vectors()), bits(golden_rows().vectors()));
    assert_eq!(golden_rows().payload(), bytes);
}

#[test]
fn an_entry_reads_and_writes_as_it_always_did() {
    let bytes = golden("entry.lhl1");
    let header = Header {
        required_features: 0,
        seq: 42,
        lineage: *b"lineage-lineage-",
        writer_id: *b"writer-id-writer",
        writer_batch: 7,
        generation: 1,
        prev_digest: [0xab; 16],
    };
    let rows = golden_rows();
    let ids = Ids::new(["a", "\u{fc}ber"]).unwrap();
    let metadata = MetadataRows::new([("c", Some("null")), ("a", None)]).unwrap();
    let keyed = OpMeta { idempotency_key: Some("job-1/\"batch\" 9".into()), op_index: 1 };
    let ops = [
        Op::from(Frame::Create(params(2))),
        Op { meta: keyed.clone(), frame: Frame::Upsert(rows.as_ref()) },
        Op { meta: keyed, frame: Frame::Delete(ids.as_ref()) },
        Op::from(Frame::SetMetadata(metadata.as_ref())),
        Op::from(Frame::Compact),
        Op::from(Frame::Drop),
    ];
    let (read, read_ops) = decode_entry(&bytes).unwrap();
    assert_eq!(read, header);
    assert_eq!(read_ops, ops);
    assert_eq!(encode_entry(&header, &ops), bytes);
    assert_eq!(encode_entry(&read, &read_ops), bytes);
    assert_eq!(digest_of(&bytes).unwrap(), bytes[bytes.len() - 24..bytes.len() - 8]);
}

#[test]
fn a_snapshot_reads_and_writes_as_it_always_did() {
    let bytes = golden("snapshot.lhv1");
    let rows = golden_rows();
    let ids = TextsBuf::new((0..3).map(|i| Some(rows.id(i)))).unwrap();
    let metadata = TextsBuf::new((0..3).map(|i| rows.metadata(i))).unwrap();
    let header = SnapshotHeader {
        params: params(2),
        last_seq: 42,
        last_digest: [0xcd; 16],
        lineage: *b"lineage-lineage-",
        generation: 1,
        required_features: 0,
        dropped: false,
        rows: 3,
        live: 2,
        writers: BTreeMap::from([
            (*b"writer-id-writer", WriterState { batch: 7, seq: 42 }),
            ([0; 16], WriterState { batch: u64::MAX, seq: 3 }),
        ]),
        writers_from: 2,
    };
    let record =
        IdempotencyRecord { key_digest: [1; 16], payload_digest: [2; 16], seq: 3, added: 4, length: 5 };
    let snapshot = SnapshotRef {
        header: header.clone(),
        vectors: vec![rows.vectors().into()],
        adjacency: Some(b"opaque"),
        codes: None,
        alive: vec![0b101].into(),
        ids: ids.as_ref(),
        metadata: metadata.as_ref(),
        idempotency: vec![record],
    };
    assert_eq!(encode_snapshot(&snapshot), bytes);
    let read = decode_snapshot(&bytes).unwrap();
    assert_eq!(read.header, header);
    assert_eq!(decode_envelope(&bytes).unwrap(), header);
    assert_eq!(bits(&read.vectors[0]), bits(rows.vectors()));
    assert_eq!(
        (read.adjacency, &*read.alive, &read.idempotency),
        (Some(&b"opaque"[..]), &[0b101][..], &vec![record])
    );
    assert_eq!(read.ids.iter().collect::<Vec<_>>(), [Some("a"), Some("\u{fc}ber"), Some("c")]);
    assert_eq!(read.metadata.iter().collect::<Vec<_>>(), [Some("{\"k\":1.0}"), None, Some("{}")]);
    assert_eq!(encode_snapshot(&read), bytes);
}

#[test]
fn a_tombstone_reads_and_writes_as_it_always_did_and_is_small() {
    let bytes = golden("tombstone.lhv1");
    let read = decode_snapshot(&bytes).unwrap();
    assert!(read.header.dropped && read.ids.is_empty() && read.vectors[0].is_empty());
    assert_eq!((read.header.last_seq, read.header.generation), (43, 1));
    assert_eq!(encode_snapshot(&read), bytes);
    let none = TextsBuf::new([]).unwrap();
    let SnapshotHeader { params, last_digest, lineage, .. } = read.header.clone();
    let tombstone = SnapshotRef {
        header: SnapshotHeader {
            params,
            last_seq: 43,
            last_digest,
            lineage,
            generation: 1,
            required_features: 0,
            dropped: true,
            rows: 0,
            live: 0,
            writers: BTreeMap::new(),
            writers_from: 44,
        },
        vectors: Vec::new(),
        adjacency: None,
        codes: None,
        alive: Vec::new().into(),
        ids: none.as_ref(),
        metadata: none.as_ref(),
        idempotency: Vec::new(),
    };
    assert_eq!(encode_snapshot(&tombstone), bytes);
    assert!(bytes.len() < 1024, "{}", bytes.len());
}

#[test]
fn a_floor_reads_and_writes_as_it_always_did() {
    let bytes = golden("floor.json");
    let floor = Floor { n: 2, floor_seq: 100, required_features: 0 };
    assert_eq!(decode_floor(&bytes).unwrap(), floor);
    assert_eq!(encode_floor(&floor), bytes);
}
