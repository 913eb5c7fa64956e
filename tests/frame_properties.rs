//! Claims about the decoders that hold for every input: what is written reads back, damage is noticed,
//! and no bytes whatever make them panic, hang or allocate more than a small multiple of their length.

use proptest::prelude::*;
use vectord::error::ErrorKind;
use vectord::frame::{
    Floor, Frame, Header, IdempotencyRecord, Ids, MetadataRows, Op, OpMeta, Params, Rows, SnapshotHeader,
    SnapshotRef, TextsBuf, WriterState, decode_entry, decode_envelope, decode_floor, decode_header,
    decode_ids_payload, decode_metadata_payload, decode_rows_payload, decode_snapshot, decode_v1, digest_of,
    encode_entry, encode_floor, encode_snapshot, parse_key,
};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

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

/// What a fuzzer does to bytes.
#[derive(Debug, Clone)]
enum Edit {
    Flip(prop::sample::Index, u8),
    Truncate(prop::sample::Index),
    Extend(Vec<u8>),
    Splice(prop::sample::Index, prop::sample::Index, prop::sample::Index),
    Word(prop::sample::Index, u64),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    use prop::sample::Index;
    let lengths = prop_oneof![Just(0), Just(1), Just(u64::MAX), Just(1 << 60), Just(1 << 31), any::<u64>()];
    let edit = prop_oneof![
        4 => (any::<Index>(), 1..=255_u8).prop_map(|(at, flip)| Edit::Flip(at, flip)),
        1 => any::<Index>().prop_map(Edit::Truncate),
        1 => proptest::collection::vec(any::<u8>(), 1..80).prop_map(Edit::Extend),
        2 => any::<(Index, Index, Index)>().prop_map(|(from, to, at)| Edit::Splice(from, to, at)),
        4 => (any::<Index>(), lengths).prop_map(|(at, value)| Edit::Word(at, value)),
    ];
    proptest::collection::vec(edit, 1..4)
}

fn apply(bytes: &mut Vec<u8>, edits: &[Edit]) {
    for edit in edits {
        if bytes.is_empty() {
            return;
        }
        match edit {
            Edit::Flip(at, flip) => {
                let at = at.index(bytes.len());
                bytes[at] ^= flip;
            }
            Edit::Truncate(at) => bytes.truncate(at.index(bytes.len())),
            Edit::Extend(more) => bytes.extend_from_slice(more),
            Edit::Splice(from, to, at) => {
                let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
                let piece = bytes[from.min(to)..from.max(to)].to_vec();
                let at = at.index(bytes.len());
                bytes.splice(at..at, piece);
            }
            Edit::Word(at, value) => {
                let at = at.index(bytes.len()) & !3;
                let end = bytes.len().min(at + 8);
                bytes[at..end].copy_from_slice(&value.to_be_bytes()[..end - at]);
            }
        }
    }
}

/// Puts right the checksums of an entry as far as its lengths can be followed.
fn reseal_entry(bytes: &mut [u8]) {
    let Some(trailer) = bytes.len().checked_sub(24).filter(|&at| at >= 112) else { return };
    bytes[88..96].copy_from_slice(&(trailer as u64 - 112).to_be_bytes());
    let mut at = 112;
    while at + 16 <= trailer {
        let meta = u32::from_be_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        let payload = u64::from_be_bytes(bytes[at + 8..at + 16].try_into().unwrap());
        let end = ((at + 16 + meta).next_multiple_of(64) as u64).saturating_add(payload);
        if end.saturating_add(4) > trailer as u64 {
            break;
        }
        let end = end as usize;
        let crc = crc32c::crc32c(&bytes[at..end]);
        bytes[end..end + 4].copy_from_slice(&crc.to_be_bytes());
        at = (end + 4).next_multiple_of(8);
    }
    let crc = crc32c::crc32c(&bytes[..108]);
    bytes[108..112].copy_from_slice(&crc.to_be_bytes());
    let digest = xxh3_128(&bytes[..trailer]).to_be_bytes();
    bytes[trailer..trailer + 16].copy_from_slice(&digest);
    bytes[trailer + 16..].copy_from_slice(b"LHL1END\n");
}

/// Puts right the checksums of a snapshot as far as its envelope can be read.
fn reseal_snapshot(bytes: &mut [u8]) {
    let Some(length) = bytes.get(4..8).map(|word| u32::from_be_bytes(word.try_into().unwrap()) as usize)
    else {
        return;
    };
    let Some(text) = bytes.get(8..8 + length) else { return };
    let first = (16 + length).next_multiple_of(64);
    let envelope: serde_json::Value = serde_json::from_slice(text).unwrap_or_default();
    let mut text = String::from_utf8_lossy(text).into_owned();
    for part in envelope["parts"].as_array().unwrap_or(&Vec::new()) {
        let range = |key: &str| part[key].as_u64().and_then(|value| usize::try_from(value).ok());
        let (Some(offset), Some(len), Some(old)) = (range("offset"), range("len"), part["xxh3"].as_str())
        else {
            continue;
        };
        let start = first.saturating_add(offset);
        if let Some(content) = bytes.get(start..start.saturating_add(len)) {
            text = text.replace(old, &format!("{:032x}", xxh3_128(content)));
        }
    }
    if text.len() == length {
        bytes[8..8 + length].copy_from_slice(text.as_bytes());
    }
    let check = xxh3_64(&bytes[..8 + length]).to_be_bytes();
    if let Some(slot) = bytes.get_mut(8 + length..16 + length) {
        slot.copy_from_slice(&check);
    }
}

fn touch_entry(bytes: &[u8]) -> Option<Vec<u8>> {
    let (header, ops) = decode_entry(bytes).ok()?;
    for op in &ops {
        match &op.frame {
            Frame::Upsert(rows) => {
                for i in 0..rows.len() {
                    assert_eq!(rows.vector(i).len(), rows.dimension() as usize);
                    let _ = (rows.id(i), rows.metadata(i));
                }
            }
            Frame::Delete(ids) => assert_eq!(ids.iter().count(), ids.len()),
            Frame::SetMetadata(rows) => (0..rows.len()).for_each(|i| {
                let _ = (rows.id(i), rows.metadata(i));
            }),
            Frame::Create(_) | Frame::Drop | Frame::Compact => {}
        }
    }
    Some(encode_entry(&header, &ops))
}

fn touch_snapshot(bytes: &[u8]) -> Option<Vec<u8>> {
    let read = decode_snapshot(bytes).ok()?;
    assert_eq!(read.ids.iter().count() as u64, read.header.rows);
    assert_eq!(read.metadata.iter().count() as u64, read.header.rows);
    assert_eq!(read.vectors.len() as u64, read.header.rows * u64::from(read.header.params.dimension));
    Some(encode_snapshot(&read))
}

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..400), magic in 0..3_usize,
    ) {
        let mut bytes = bytes;
        if magic > 0 && bytes.len() >= 4 {
            bytes[..4].copy_from_slice([b"LHL1", b"LHV1"][magic - 1]);
        }
        prop_assert!(decode_entry(&bytes).is_err());
        prop_assert!(decode_header(&bytes).is_err());
        prop_assert!(decode_snapshot(&bytes).is_err());
        prop_assert!(decode_envelope(&bytes).is_err());
        prop_assert!(decode_floor(&bytes).is_err());
        prop_assert!(decode_v1(&bytes).is_err());
        let _ = (decode_rows_payload(&bytes), decode_ids_payload(&bytes), decode_metadata_payload(&bytes));
        let _ = (digest_of(&bytes), parse_key(&String::from_utf8_lossy(&bytes)));
    }

    #[test]
    fn edited_entries_are_refused_or_unchanged(
        header in header(), ops in proptest::collection::vec(owned(), 0..4), edits in edits(),
    ) {
        let bytes = entry(&header, &ops);
        let mut edited = bytes.clone();
        apply(&mut edited, &edits);
        prop_assert!(edited == bytes || decode_entry(&edited).is_err());
    }

    #[test]
    fn edited_entries_with_right_checksums_are_refused_or_mean_what_they_say(
        header in header(), ops in proptest::collection::vec(owned(), 0..4), edits in edits(),
    ) {
        let mut bytes = entry(&header, &ops);
        apply(&mut bytes, &edits);
        reseal_entry(&mut bytes);
        if let Some(written) = touch_entry(&bytes) {
            prop_assert_eq!(written, bytes);
        }
    }

    #[test]
    fn edited_snapshots_are_refused_or_unchanged(bytes in snapshot(), edits in edits()) {
        let mut edited = bytes.clone();
        apply(&mut edited, &edits);
        prop_assert!(edited == bytes || decode_snapshot(&edited).is_err());
    }

    #[test]
    fn edited_snapshots_with_right_checksums_are_refused_or_consistent(bytes in snapshot(), edits in edits()) {
        let mut edited = bytes;
        apply(&mut edited, &edits);
        reseal_snapshot(&mut edited);
        if let Some(written) = touch_snapshot(&edited) {
            prop_assert_eq!(touch_snapshot(&written), Some(written));
        }
    }

    #[test]
    fn edited_blobs_of_go_are_refused_or_finite(edits in edits()) {
        let mut bytes = golden("go_v1.lhv1");
        apply(&mut bytes, &edits);
        if let Ok(blob) = decode_v1(&bytes) {
            for item in &blob.items {
                prop_assert_eq!(item.vector.len(), blob.params.dimension as usize);
                prop_assert!(item.vector.iter().all(|value| value.is_finite()));
            }
        }
    }

    #[test]
    fn edited_payloads_read_as_they_stand_or_not_at_all((dimension, rows) in rows(), edits in edits()) {
        let mut bytes = build_rows(dimension, &rows).payload().to_vec();
        apply(&mut bytes, &edits);
        if let Ok(read) = decode_rows_payload(&bytes) {
            let mut builder = Rows::builder(read.len(), read.dimension());
            for i in 0..read.len() {
                builder.push_row(read.id(i), read.metadata(i), read.vector(i)).unwrap();
            }
            let built = builder.finish().unwrap();
            prop_assert_eq!(built.payload(), &bytes[..]);
        }
    }
}

#[test]
fn every_flipped_bit_of_every_golden_file_is_noticed() {
    for (name, decode) in [
        ("entry.lhl1", (|bytes| decode_entry(bytes).is_err()) as fn(&[u8]) -> bool),
        ("snapshot.lhv1", |bytes| decode_snapshot(bytes).is_err()),
        ("tombstone.lhv1", |bytes| decode_snapshot(bytes).is_err()),
        ("floor.json", |bytes| decode_floor(bytes).is_err()),
    ] {
        let mut bytes = golden(name);
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&bytes), "{name}: bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut]), "{name}: cut at {cut}");
        }
        bytes.push(0);
        assert!(decode(&bytes), "{name}: one byte more");
    }
}

#[test]
fn what_a_newer_build_wrote_is_unsupported_and_not_corrupt() {
    for (at, value, what) in
        [(4, 0, "version"), (11, 1, "feature"), (15, 2, "flag"), (112, 9, "type"), (115, 1, "frame flag")]
    {
        let mut bytes = golden("entry.lhl1");
        bytes[at] ^= value;
        if what == "version" {
            bytes[5] = 2;
        }
        reseal_entry(&mut bytes);
        assert_eq!(decode_entry(&bytes).unwrap_err().kind(), ErrorKind::Unsupported, "{what}");
    }
    for (old, new) in [
        ("\"version\":2", "\"version\":3"),
        ("\"format\":2", "\"format\":3"),
        ("\"required_features\":0", "\"required_features\":8"),
    ] {
        let bytes = golden("snapshot.lhv1");
        let at = bytes.windows(old.len()).position(|window| window == old.as_bytes()).unwrap();
        let mut bytes = bytes;
        bytes[at..at + new.len()].copy_from_slice(new.as_bytes());
        reseal_snapshot(&mut bytes);
        assert_eq!(decode_snapshot(&bytes).unwrap_err().kind(), ErrorKind::Unsupported, "{new}");
    }
    let floor = encode_floor(&Floor { n: 1, floor_seq: 1, required_features: 4 });
    assert_eq!(decode_floor(&floor).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn a_bad_row_is_named_by_its_position() {
    let mut rows = Rows::builder(0, 2);
    rows.push_row("a", None, &[1.0, 2.0]).unwrap();
    let error = rows.push_row("b", None, &[1.0]).unwrap_err();
    assert_eq!(error.to_string(), "items[1]: dimension mismatch: index has 2, got 1");
    let error = rows.push("b", Some("")).unwrap_err();
    assert_eq!(error.to_string(), "items[1]: metadata is empty, which is no JSON");
    assert_eq!(rows.finish().unwrap().len(), 1);
}
