//! What is written reads back, and writes the same bytes again.

use proptest::prelude::*;
use vectord::error::ErrorKind;
use vectord::frame::{
    Floor, Rows, decode_entry, decode_envelope, decode_floor, decode_header, decode_rows_payload,
    decode_snapshot, digest_of, encode_entry, encode_floor, encode_snapshot,
};

use crate::inputs::{
    bits, build_rows, entry, header, idempotency, owned, rows, slots, snapshot, snapshot_bytes,
    snapshot_header,
};

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
        prop_assert_eq!(read.codes, adjacency.as_deref());
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
