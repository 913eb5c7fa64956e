//! Damaged and hostile bytes: refused, or read as exactly what they say.

use proptest::prelude::*;
use vectord::error::ErrorKind;
use vectord::frame::{
    Frame, Rows, decode_entry, decode_envelope, decode_floor, decode_header, decode_ids_payload,
    decode_metadata_payload, decode_rows_payload, decode_snapshot, decode_v1, digest_of, encode_entry,
    encode_snapshot, parse_key,
};

use crate::edits::{apply, edits};
use crate::inputs::{build_rows, entry, header, owned, rows, snapshot};
use crate::reseal::{reseal_entry, reseal_snapshot};
use crate::support::golden::golden;

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
    assert_eq!(
        read.vectors.concat().len() as u64,
        read.header.rows * u64::from(read.header.params.dimension)
    );
    Some(encode_snapshot(&read))
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

/// Replaces `old` by `new`, as long, in a golden snapshot whose checksums are put right afterwards.
fn forged_snapshot(old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut bytes = golden("snapshot.lhv1");
    let at = bytes.windows(old.len()).position(|window| window == old).unwrap();
    bytes[at..at + new.len()].copy_from_slice(new);
    reseal_snapshot(&mut bytes);
    bytes
}

#[test]
fn snapshots_whose_counts_disagree_are_refused() {
    for (old, new, says) in [
        ("\"live\":2", "\"live\":3", "\"alive\" does not fit"),
        ("\"rows\":3", "\"rows\":4", "\"ids\" does not fit"),
        ("\"dimension\":2", "\"dimension\":3", "\"vectors\" does not fit"),
        ("\"dropped\":false", "\"dropped\":true ", "a tombstone with 3 rows"),
        ("\"name\":\"alive\"", "\"name\":\"other\"", "\"alive\" is missing"),
        ("\"offset\":128", "\"offset\":127", "is said to be at"),
        ("\"len\":56", "\"len\":55", "1 bytes follow"),
    ] {
        let error = decode_snapshot(&forged_snapshot(old.as_bytes(), new.as_bytes())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{new}: {error}");
        assert!(error.to_string().contains(says), "{new}: {error}");
    }
    // Rows 0 and 2 of 3 are live; rows 0 and 3 would be, of 4.
    let (live, beyond) = (0b101_u64.to_le_bytes(), 0b1001_u64.to_le_bytes());
    let error = decode_snapshot(&forged_snapshot(&live, &beyond)).unwrap_err();
    assert!(error.to_string().contains("0x1 beyond the last row"), "{error}");
}

#[test]
fn a_part_of_an_unknown_name_is_ignored_when_it_requires_nothing() {
    let bytes = forged_snapshot(b"\"name\":\"adjacency\"", b"\"name\":\"hyperlink\"");
    let read = decode_snapshot(&bytes).unwrap();
    assert_eq!((read.adjacency, read.header.rows), (None, 3));
}
