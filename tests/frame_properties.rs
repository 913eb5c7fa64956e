//! Claims about the decoders that hold for every input: what is written reads back, damage is noticed,
//! and no bytes whatever make them panic, hang or allocate more than a small multiple of their length.

use proptest::prelude::*;
use vectord::error::ErrorKind;
use vectord::frame::{
    Floor, Frame, Header, IdempotencyRecord, Ids, MetadataRows, Op, OpMeta, Params, Rows, SnapshotHeader,
    SnapshotRef, TextsBuf, WriterState, decode_entry, decode_envelope, decode_floor, decode_header,
    decode_rows_payload, decode_snapshot, digest_of, encode_entry, encode_floor, encode_snapshot,
};

type RowData = (String, Option<String>, Vec<f32>);

fn params() -> impl Strategy<Value = Params> {
    (".*", any::<u32>(), any::<u32>(), any::<u32>(), ".*").prop_map(
        |(name, dimension, m, ef_search, distance)| Params { name, dimension, m, ef_search, distance },
    )
}

fn header() -> impl Strategy<Value = Header> {
    (any::<[u64; 3]>(), any::<[[u8; 16]; 3]>()).prop_map(
        |([seq, writer_batch, generation], [lineage, writer_id, prev_digest])| Header {
            required_features: 0,
            seq,
            lineage,
            writer_id,
            writer_batch,
            generation,
            prev_digest,
        },
    )
}

fn metadata() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(".+")
}

fn rows() -> impl Strategy<Value = (u32, Vec<RowData>)> {
    (1..20_u32).prop_flat_map(|dimension| {
        let vector = proptest::collection::vec(any::<u32>().prop_map(f32::from_bits), dimension as usize);
        (Just(dimension), proptest::collection::vec((".*", metadata(), vector), 0..12))
    })
}

#[derive(Debug, Clone)]
enum Owned {
    Create(Params),
    Upsert(u32, Vec<RowData>),
    Delete(Vec<String>),
    Drop,
    Compact,
    SetMetadata(Vec<(String, Option<String>)>),
}

fn owned() -> impl Strategy<Value = (OpMeta, Owned)> {
    let frame = prop_oneof![
        params().prop_map(Owned::Create),
        rows().prop_map(|(dimension, rows)| Owned::Upsert(dimension, rows)),
        proptest::collection::vec(".*", 0..8).prop_map(Owned::Delete),
        Just(Owned::Drop),
        Just(Owned::Compact),
        proptest::collection::vec((".*", metadata()), 0..8).prop_map(Owned::SetMetadata),
    ];
    let meta = (proptest::option::of(".*"), 0..4_u32)
        .prop_map(|(idempotency_key, op_index)| OpMeta { idempotency_key, op_index });
    (meta, frame)
}

fn build_rows(dimension: u32, rows: &[RowData]) -> Rows {
    let mut builder = Rows::builder(rows.len(), dimension);
    for (id, metadata, vector) in rows {
        builder.push_row(id, metadata.as_deref(), vector).unwrap();
    }
    builder.finish().unwrap()
}

fn entry(header: &Header, ops: &[(OpMeta, Owned)]) -> Vec<u8> {
    enum Built {
        Rows(Rows),
        Ids(Ids),
        Metadata(MetadataRows),
        None,
    }
    let built: Vec<Built> = ops
        .iter()
        .map(|(_, op)| match op {
            Owned::Upsert(dimension, rows) => Built::Rows(build_rows(*dimension, rows)),
            Owned::Delete(ids) => Built::Ids(Ids::new(ids.iter().map(String::as_str)).unwrap()),
            Owned::SetMetadata(rows) => Built::Metadata(
                MetadataRows::new(rows.iter().map(|(id, text)| (id.as_str(), text.as_deref()))).unwrap(),
            ),
            Owned::Create(_) | Owned::Drop | Owned::Compact => Built::None,
        })
        .collect();
    let ops: Vec<Op<'_>> = ops
        .iter()
        .zip(&built)
        .map(|((meta, op), built)| {
            let frame = match (op, built) {
                (Owned::Create(params), _) => Frame::Create(params.clone()),
                (Owned::Drop, _) => Frame::Drop,
                (Owned::Compact, _) => Frame::Compact,
                (_, Built::Rows(rows)) => Frame::Upsert(rows.as_ref()),
                (_, Built::Ids(ids)) => Frame::Delete(ids.as_ref()),
                (_, Built::Metadata(rows)) => Frame::SetMetadata(rows.as_ref()),
                (_, Built::None) => unreachable!("each kind with a payload was built"),
            };
            Op { meta: meta.clone(), frame }
        })
        .collect();
    encode_entry(header, &ops)
}

fn bits(vectors: &[f32]) -> Vec<u32> {
    vectors.iter().map(|value| value.to_bits()).collect()
}

proptest! {
    #[test]
    fn rows_read_back_bit_for_bit((dimension, rows) in rows(), shift in 0..4_usize) {
        let built = build_rows(dimension, &rows);
        let mut shifted = vec![0; shift];
        shifted.extend_from_slice(built.payload());
        let read = decode_rows_payload(&shifted[shift..]).unwrap();
        prop_assert_eq!((read.len(), read.dimension()), (rows.len(), dimension));
        for (i, (id, metadata, vector)) in rows.iter().enumerate() {
            prop_assert_eq!((read.id(i), built.id(i)), (id.as_str(), id.as_str()));
            prop_assert_eq!(read.metadata(i), metadata.as_deref());
            prop_assert_eq!(built.metadata(i), metadata.as_deref());
            prop_assert_eq!(bits(read.vector(i)), bits(vector));
            prop_assert_eq!(bits(built.vector(i)), bits(vector));
        }
        let mut in_place = Rows::builder(rows.len(), dimension);
        for (id, metadata, _) in &rows {
            in_place.push(id, metadata.as_deref()).unwrap();
        }
        let all: Vec<f32> = rows.iter().flat_map(|row| row.2.iter().copied()).collect();
        let in_place = in_place.finish_with(|matrix| { matrix.copy_from_slice(&all); Ok(()) }).unwrap();
        prop_assert_eq!(in_place.payload(), built.payload());
    }

    #[test]
    fn entries_read_back_and_write_the_same_bytes(
        header in header(), ops in proptest::collection::vec(owned(), 0..5),
    ) {
        let bytes = entry(&header, &ops);
        let (read, read_ops) = decode_entry(&bytes).unwrap();
        prop_assert_eq!(read, header);
        prop_assert_eq!(decode_header(&bytes[..112]).unwrap(), header);
        prop_assert_eq!(read_ops.len(), ops.len());
        prop_assert_eq!(encode_entry(&read, &read_ops), bytes.clone());
        prop_assert_eq!(&digest_of(&bytes).unwrap(), &bytes[bytes.len() - 24..bytes.len() - 8]);
    }

    #[test]
    fn a_changed_byte_of_an_entry_is_always_noticed(
        header in header(), ops in proptest::collection::vec(owned(), 0..4),
        at in any::<prop::sample::Index>(), flip in 1..=255_u8,
    ) {
        let mut bytes = entry(&header, &ops);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert_eq!(decode_entry(&bytes).unwrap_err().kind(), ErrorKind::Corrupt);
    }
}

type Slot = (Option<String>, Option<String>, bool);

fn snapshot_header() -> impl Strategy<Value = SnapshotHeader> {
    let writer = any::<(u64, u64)>().prop_map(|(batch, seq)| WriterState { batch, seq });
    let writers = proptest::collection::btree_map(any::<[u8; 16]>(), writer, 0..5);
    (params(), any::<[u64; 3]>(), any::<[[u8; 16]; 2]>(), writers).prop_map(
        |(params, [last_seq, generation, writers_from], [last_digest, lineage], writers)| SnapshotHeader {
            params,
            last_seq,
            last_digest,
            lineage,
            generation,
            required_features: 0,
            dropped: false,
            rows: 0,
            live: 0,
            writers,
            writers_from,
        },
    )
}

fn idempotency() -> impl Strategy<Value = IdempotencyRecord> {
    (any::<[[u8; 16]; 2]>(), any::<[u64; 3]>()).prop_map(
        |([key_digest, payload_digest], [seq, added, length])| IdempotencyRecord {
            key_digest,
            payload_digest,
            seq,
            added,
            length,
        },
    )
}

/// The bytes of a snapshot with these slots, whose vectors are made of `seed`.
fn snapshot_bytes(
    mut header: SnapshotHeader,
    slots: &[Slot],
    adjacency: Option<&[u8]>,
    records: &[IdempotencyRecord],
) -> Vec<u8> {
    header.params.dimension = 1 + header.params.dimension % 20;
    header.dropped = slots.is_empty();
    let vectors: Vec<f32> = (0..slots.len() * header.params.dimension as usize)
        .map(|i| f32::from_bits(i as u32 ^ 0x3f80_0000))
        .collect();
    let mut alive = vec![0_u64; slots.len().div_ceil(64)];
    for (slot, _) in slots.iter().enumerate().filter(|(_, slot)| slot.2) {
        alive[slot / 64] |= 1 << (slot % 64);
    }
    let ids = TextsBuf::new(slots.iter().map(|slot| slot.0.as_deref())).unwrap();
    let metadata = TextsBuf::new(slots.iter().map(|slot| slot.1.as_deref())).unwrap();
    encode_snapshot(&SnapshotRef {
        header,
        vectors: vectors.into(),
        adjacency,
        alive: alive.into(),
        ids: ids.as_ref(),
        metadata: metadata.as_ref(),
        idempotency: records.to_vec(),
    })
}

fn slots() -> impl Strategy<Value = Vec<Slot>> {
    proptest::collection::vec((metadata(), metadata(), any::<bool>()), 0..140)
}

fn snapshot() -> impl Strategy<Value = Vec<u8>> {
    let adjacency = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200));
    let records = proptest::collection::vec(idempotency(), 0..4);
    (snapshot_header(), slots(), adjacency, records).prop_map(|(header, slots, adjacency, records)| {
        snapshot_bytes(header, &slots, adjacency.as_deref(), &records)
    })
}

proptest! {
    #[test]
    fn snapshots_read_back_and_write_the_same_bytes(
        header in snapshot_header(), slots in slots(),
        adjacency in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200)),
        records in proptest::collection::vec(idempotency(), 0..4), shift in 0..8_usize,
    ) {
        let bytes = snapshot_bytes(header.clone(), &slots, adjacency.as_deref(), &records);
        let mut shifted = vec![0; shift];
        shifted.extend_from_slice(&bytes);
        let read = decode_snapshot(&shifted[shift..]).unwrap();
        prop_assert_eq!(read.header.rows, slots.len() as u64);
        prop_assert_eq!(read.header.live, slots.iter().filter(|slot| slot.2).count() as u64);
        prop_assert_eq!(&read.header.writers, &header.writers);
        prop_assert_eq!(read.adjacency, adjacency.as_deref());
        prop_assert_eq!(&read.idempotency, &records);
        for (i, (id, metadata, live)) in slots.iter().enumerate() {
            prop_assert_eq!(read.ids.get(i), id.as_deref());
            prop_assert_eq!(read.metadata.get(i), metadata.as_deref());
            prop_assert_eq!(read.alive[i / 64] >> (i % 64) & 1 == 1, *live);
        }
        prop_assert_eq!(&decode_envelope(&bytes).unwrap(), &read.header);
        prop_assert_eq!(encode_snapshot(&read), bytes);
    }

    #[test]
    fn a_changed_byte_of_a_snapshot_is_always_noticed(
        mut bytes in snapshot(), at in any::<prop::sample::Index>(), flip in 1..=255_u8,
    ) {
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert_eq!(decode_snapshot(&bytes).unwrap_err().kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn floors_read_back_and_notice_every_changed_byte(
        n in any::<u64>(), floor_seq in any::<u64>(), at in any::<prop::sample::Index>(), flip in 1..=255_u8,
    ) {
        let floor = Floor { n, floor_seq, required_features: 0 };
        let mut bytes = encode_floor(&floor);
        prop_assert_eq!(decode_floor(&bytes).unwrap(), floor);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert_eq!(decode_floor(&bytes).unwrap_err().kind(), ErrorKind::Corrupt);
    }
}
