//! Binary answers: what is written reads back, and bytes from anywhere are refused or read as they stand.

use proptest::prelude::*;
use vectord::error::ErrorKind;
use vectord::frame::{HitsBuilder, HitsHead, HitsRef, decode_hits};

use crate::edits::{apply, edits};
use crate::inputs::{bits, metadata};

/// A row's id, metadata, distance and vector.
type Row = (String, Option<String>, f32, Vec<f32>);
type List = (bool, Vec<Row>, String);

fn value() -> impl Strategy<Value = f32> {
    any::<u32>().prop_map(f32::from_bits)
}

fn document() -> impl Strategy<Value = (HitsHead, Vec<List>)> {
    let head = (any::<(u64, bool, bool, bool)>(), proptest::option::of(1..6_u32)).prop_map(
        |((seq, strong, metadata, explained), vectors)| HitsHead {
            seq,
            strong,
            metadata,
            vectors,
            explained,
        },
    );
    head.prop_flat_map(|head| {
        let vector = proptest::collection::vec(value(), head.vectors.unwrap_or(0) as usize);
        let rows = proptest::collection::vec((".*", metadata(), value(), vector), 0..6);
        (Just(head), proptest::collection::vec((any::<bool>(), rows, ".*"), 0..5))
    })
}

fn written(head: HitsHead, lists: &[List]) -> Vec<u8> {
    let mut builder = HitsBuilder::new(head).unwrap();
    for (exact, rows, explanation) in lists {
        let distances: Vec<f32> = rows.iter().map(|row| row.2).collect();
        let vectors: Vec<f32> = rows.iter().flat_map(|row| row.3.iter().copied()).collect();
        let (ids, texts) = (rows.iter().map(|row| row.0.as_str()), rows.iter().map(|row| row.1.as_deref()));
        builder.push(*exact, &distances, ids, texts, &vectors, explanation).unwrap();
    }
    builder.finish()
}

fn written_again(read: &HitsRef<'_>) -> Vec<u8> {
    let mut builder = HitsBuilder::new(read.head).unwrap();
    for list in &read.lists {
        let texts = (0..list.len()).map(|i| list.metadata(i));
        let explanation = list.explanation.unwrap_or_default();
        builder.push(list.exact, &list.distances, list.ids(), texts, &list.vectors, explanation).unwrap();
    }
    builder.finish()
}

proptest! {
    #[test]
    fn answers_read_back_bit_for_bit((head, lists) in document(), shift in 0..4_usize) {
        let bytes = written(head, &lists);
        let mut shifted = vec![0; shift];
        shifted.extend_from_slice(&bytes);
        let read = decode_hits(&shifted[shift..]).unwrap();
        prop_assert_eq!((read.head, read.lists.len()), (head, lists.len()));
        for (list, (exact, rows, explanation)) in read.lists.iter().zip(&lists) {
            prop_assert_eq!((list.exact, list.len()), (*exact, rows.len()));
            prop_assert_eq!(list.explanation, head.explained.then_some(explanation.as_str()));
            prop_assert_eq!(bits(&list.distances), bits(&rows.iter().map(|row| row.2).collect::<Vec<_>>()));
            prop_assert_eq!(bits(&list.vectors), bits(&rows.iter().flat_map(|row| row.3.clone()).collect::<Vec<_>>()));
            for (i, (id, text, _, _)) in rows.iter().enumerate() {
                prop_assert_eq!(list.id(i), id);
                prop_assert_eq!(list.metadata(i), text.as_deref().filter(|_| head.metadata));
            }
        }
        prop_assert_eq!(written_again(&read), bytes);
    }

    #[test]
    fn edited_answers_are_refused_or_mean_what_they_say((head, lists) in document(), edits in edits()) {
        let mut bytes = written(head, &lists);
        apply(&mut bytes, &edits);
        if let Ok(read) = decode_hits(&bytes) {
            prop_assert_eq!(written_again(&read), bytes);
        }
    }

    #[test]
    fn arbitrary_bytes_after_the_head_never_panic(
        flags in 0..16_u8, tail in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut bytes = b"VHT1\x01\0".to_vec();
        bytes.extend_from_slice(&[flags, 0]);
        bytes.extend_from_slice(&tail);
        if let Ok(read) = decode_hits(&bytes) {
            prop_assert_eq!(written_again(&read), bytes);
        }
    }
}

/// The example of FORMAT.md.
const EXAMPLE: &[u8] = b"VHT1\x01\0\x03\0\x07\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0\0\0\0\x3f\
    \0\0\0\0\x01\0\0\0a\0\0\0\0\x02\0\0\0{}\0";

#[test]
fn the_example_of_the_specification_is_what_is_written() {
    let head = HitsHead { seq: 7, strong: true, metadata: true, vectors: None, explained: false };
    let row = ("a".to_owned(), Some("{}".to_owned()), 0.5, Vec::new());
    assert_eq!(written(head, &[(true, vec![row], String::new())]), EXAMPLE);
}

#[test]
fn every_cut_of_an_answer_is_refused_and_nothing_may_follow() {
    for cut in 0..EXAMPLE.len() {
        assert_eq!(decode_hits(&EXAMPLE[..cut]).unwrap_err().kind(), ErrorKind::Corrupt, "cut at {cut}");
    }
    assert!(decode_hits(&[EXAMPLE, b"\0"].concat()).is_err());
}

#[test]
fn what_a_newer_build_wrote_is_unsupported() {
    for (at, byte) in [(4, 2), (6, 0x13), (0x1c, 3)] {
        let mut bytes = EXAMPLE.to_vec();
        bytes[at] = byte;
        assert_eq!(decode_hits(&bytes).unwrap_err().kind(), ErrorKind::Unsupported, "byte {at}");
    }
}

#[test]
fn a_huge_count_is_refused_by_the_bytes_that_are_left() {
    for at in [16, 0x18, 0x28] {
        let mut bytes = EXAMPLE.to_vec();
        bytes[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(decode_hits(&bytes).unwrap_err().kind(), ErrorKind::Corrupt, "count at {at}");
    }
}

#[test]
fn a_list_that_does_not_add_up_is_not_written() {
    let head = HitsHead { seq: 1, strong: false, metadata: false, vectors: Some(2), explained: false };
    let mut builder = HitsBuilder::new(head).unwrap();
    let before = builder.bytes();
    let none = || std::iter::empty::<Option<&str>>();
    assert!(builder.push(true, &[1.0], ["a", "b"].into_iter(), none(), &[1.0, 2.0], "").is_err());
    assert!(builder.push(true, &[1.0], ["a"].into_iter(), none(), &[1.0], "").is_err());
    assert_eq!(builder.bytes(), before);
    assert!(HitsBuilder::new(HitsHead { vectors: Some(0), ..head }).is_err());
    assert!(decode_hits(&builder.finish()).unwrap().lists.is_empty());
}
