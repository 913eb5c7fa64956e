//! Random operations, entries and snapshots, and their bytes.

use proptest::prelude::*;
use vectord::frame::{
    Frame, Header, IdempotencyRecord, Ids, MetadataRows, Op, OpMeta, Params, Rows, SnapshotHeader,
    SnapshotRef, TextsBuf, WriterState, encode_entry, encode_snapshot,
};

pub(crate) type RowData = (String, Option<String>, Vec<f32>);

pub(crate) fn params() -> impl Strategy<Value = Params> {
    (".*", any::<u32>(), any::<u32>(), any::<u32>(), ".*").prop_map(
        |(name, dimension, m, ef_search, distance)| Params { name, dimension, m, ef_search, distance },
    )
}

pub(crate) fn header() -> impl Strategy<Value = Header> {
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

pub(crate) fn metadata() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(".+")
}

pub(crate) fn rows() -> impl Strategy<Value = (u32, Vec<RowData>)> {
    (1..20_u32).prop_flat_map(|dimension| {
        let vector = proptest::collection::vec(any::<u32>().prop_map(f32::from_bits), dimension as usize);
        (Just(dimension), proptest::collection::vec((".*", metadata(), vector), 0..12))
    })
}

#[derive(Debug, Clone)]
pub(crate) enum Owned {
    Create(Params),
    Upsert(u32, Vec<RowData>),
    Delete(Vec<String>),
    Drop,
    Compact,
    SetMetadata(Vec<(String, Option<String>)>),
}

pub(crate) fn owned() -> impl Strategy<Value = (OpMeta, Owned)> {
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

pub(crate) fn build_rows(dimension: u32, rows: &[RowData]) -> Rows {
    let mut builder = Rows::builder(rows.len(), dimension);
    for (id, metadata, vector) in rows {
        builder.push_row(id, metadata.as_deref(), vector).unwrap();
    }
    builder.finish().unwrap()
}

pub(crate) fn entry(header: &Header, ops: &[(OpMeta, Owned)]) -> Vec<u8> {
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

pub(crate) fn bits(vectors: &[f32]) -> Vec<u32> {
    vectors.iter().map(|value| value.to_bits()).collect()
}

pub(crate) type Slot = (Option<String>, Option<String>, bool);

pub(crate) fn snapshot_header() -> impl Strategy<Value = SnapshotHeader> {
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

pub(crate) fn idempotency() -> impl Strategy<Value = IdempotencyRecord> {
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

/// The bytes of a snapshot with these slots (id, metadata, live), a tombstone if there are none.
pub(crate) fn snapshot_bytes(
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
        vectors: vec![vectors.into()],
        adjacency,
        codes: adjacency,
        alive: alive.into(),
        ids: ids.as_ref(),
        metadata: metadata.as_ref(),
        idempotency: records.to_vec(),
    })
}

pub(crate) fn slots() -> impl Strategy<Value = Vec<Slot>> {
    proptest::collection::vec((metadata(), metadata(), any::<bool>()), 0..140)
}

pub(crate) fn snapshot() -> impl Strategy<Value = Vec<u8>> {
    let adjacency = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200));
    let records = proptest::collection::vec(idempotency(), 0..4);
    (snapshot_header(), slots(), adjacency, records).prop_map(|(header, slots, adjacency, records)| {
        snapshot_bytes(header, &slots, adjacency.as_deref(), &records)
    })
}
