//! The Go service's blobs (LHV1 version 1, coder/hnsw exports): one that real Go code wrote, the example
//! of FORMAT.md, and what is accepted and refused around them.

use std::collections::BTreeMap;

use vectord::error::ErrorKind;
use vectord::frame::{Params, V1Row, decode_v1, encode_v1};

use crate::support::golden::golden;

fn params(dimension: u32) -> Params {
    Params { name: "golden".into(), dimension, m: 16, ef_search: 0, distance: "cosine".into() }
}

#[test]
fn a_blob_written_by_go_gives_the_rows_go_saw() {
    let blob = decode_v1(&golden("go_v1.lhv1")).unwrap();
    let rows: BTreeMap<String, Vec<f32>> = serde_json::from_slice(&golden("go_v1.rows.json")).unwrap();
    assert_eq!(blob.params, Params { ef_search: 20, ..params(8) });
    let read: BTreeMap<_, _> = blob.items.iter().map(|item| (item.id.clone(), item.vector.clone())).collect();
    assert_eq!((blob.items.len(), read), (50, rows));
    let metadata: BTreeMap<&str, Option<&str>> =
        blob.items.iter().map(|item| (item.id.as_str(), item.metadata.as_deref())).collect();
    assert_eq!(metadata["doc-05"], Some("{\"z\":5,\"a\":1.0,\"big\":12345678901234567890123}"));
    assert_eq!(metadata["doc-06"], Some("\"text \\u003c 6\""));
    assert_eq!(metadata["doc-07"], Some("{}"));
    assert_eq!(metadata["\u{fc}berschrift/3"], Some("null"));
    assert_eq!(metadata["doc-09"], None);
}

#[test]
fn a_blob_we_write_reads_back() {
    let blob = decode_v1(&golden("go_v1.lhv1")).unwrap();
    let rows: Vec<V1Row<'_>> = blob
        .items
        .iter()
        .map(|item| V1Row {
            id: &item.id,
            vector: &item.vector,
            metadata: item.metadata.as_deref(),
            neighbours: &[0, 1],
        })
        .collect();
    assert_eq!(decode_v1(&encode_v1(&blob.params, &rows).unwrap()).unwrap(), blob);
    let dot = Params { distance: "dot".into(), ..blob.params };
    assert_eq!(encode_v1(&dot, &rows).unwrap_err().kind(), ErrorKind::Unsupported);
}

/// The example of FORMAT.md: a = (1, 0), b = (0, 1), b in layer 1 as well.
const EXAMPLE: &str = "02 20 00 00 00 00 00 00 d0 3f 28 0c 63 6f 73 69
    6e 65 04 04 02 61 04 00 00 80 3f 00 00 00 00 02
    02 62 02 62 04 00 00 00 00 00 00 80 3f 02 02 61
    02 02 62 04 00 00 00 00 00 00 80 3f 00";

fn blob(dimension: u32, graph: &[u8]) -> Vec<u8> {
    let envelope = format!(
        "{{\"version\":1,\"params\":{{\"name\":\"x\",\"dimension\":{dimension},\"m\":16,\"ef_search\":20,\
         \"distance\":\"cosine\"}},\"metadata\":null}}"
    );
    let mut bytes = b"LHV1".to_vec();
    bytes.extend_from_slice(&(envelope.len() as u32).to_be_bytes());
    bytes.extend_from_slice(envelope.as_bytes());
    bytes.extend_from_slice(graph);
    bytes
}

fn from_hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

fn items(dimension: u32, graph: &[u8]) -> Vec<(String, Vec<f32>)> {
    decode_v1(&blob(dimension, graph)).unwrap().items.into_iter().map(|item| (item.id, item.vector)).collect()
}

fn refusal(dimension: u32, graph: &[u8]) -> (ErrorKind, String) {
    let error = decode_v1(&blob(dimension, graph)).unwrap_err();
    (error.kind(), error.to_string())
}

/// Default header of an export, without the layer count.
fn head() -> Vec<u8> {
    from_hex("02 20 00 00 00 00 00 00 d0 3f 28 0c 63 6f 73 69 6e 65")
}

fn with_head(rest: &str) -> Vec<u8> {
    [head(), from_hex(rest)].concat()
}

#[test]
fn the_documented_example_of_an_export_reads_and_is_written_back() {
    let example = from_hex(EXAMPLE);
    let expected = [("a".to_owned(), vec![1.0, 0.0]), ("b".to_owned(), vec![0.0, 1.0])];
    assert_eq!(items(2, &example), expected);
    let rows = [
        V1Row { id: "a", vector: &[1.0, 0.0], metadata: None, neighbours: &[1] },
        V1Row { id: "b", vector: &[0.0, 1.0], metadata: None, neighbours: &[0] },
    ];
    let written = encode_v1(&Params { ef_search: 0, ..params(2) }, &rows).unwrap();
    // Ours has one layer where the example has two.
    let base_only = [&example[..18], &[2], &example[19..48]].concat();
    assert!(written.ends_with(&base_only));
}

#[test]
fn exports_go_can_write_are_accepted() {
    let a = "02 61 02 00 00 80 3f";
    let b = "02 62 02 00 00 00 40";
    for (rest, expected, case) in [
        ("00".to_owned(), vec![], "no layers"),
        ("06 00 00 00".to_owned(), vec![], "empty layers"),
        (format!("02 02 {a} 02 04 7a 7a"), vec![("a", 1.0)], "a dangling neighbour"),
        (format!("02 02 {a} 02 02 61"), vec![("a", 1.0)], "a self-edge"),
        (format!("02 04 {b} 02 02 61 {a} 00"), vec![("b", 2.0), ("a", 1.0)], "a directed edge, any order"),
        (format!("02 04 {a} 00 02 61 02 00 00 00 40 00"), vec![("a", 2.0)], "a key twice: the last wins"),
        (format!("04 02 {a} 00 02 {b} 00"), vec![("a", 1.0)], "layer 0 is the truth"),
        ("80 00".to_owned(), vec![], "a varint longer than needed"),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|(id, value)| (id.to_owned(), vec![value])).collect();
        assert_eq!(items(1, &with_head(&rest)), expected, "{case}");
    }
}

#[test]
fn exports_go_cannot_have_meant_are_refused() {
    let a = "02 61 02 00 00 80 3f";
    let corrupt = |rest: &str, needle: &str| {
        let (kind, message) = refusal(1, &with_head(rest));
        assert_eq!(kind, ErrorKind::Corrupt, "{message}");
        assert!(message.contains(needle), "{message}");
    };
    corrupt("01", "layer count is -1");
    corrupt("02 01", "node count is -1");
    corrupt("02 02 01", "key is -1");
    corrupt(&format!("02 02 {a} 01"), "neighbour count is -1");
    corrupt("02 02 02 61 04 00 00 80 3f 00 00 80 3f 00", "key \"a\" has 2 values, the index has 1");
    corrupt(&format!("04 02 {a} 00 02 02 62 00 00"), "key \"b\" has 0 values");
    corrupt("02 02 02 61 02 00 00 c0 7f 00", "key \"a\": value 0 is NaN");
    corrupt("02 02 02 61 02 00 00 80 ff 00", "key \"a\": value 0 is -inf");
    corrupt("02 02 02 ff 02 00 00 80 3f 00", "not UTF-8");
    corrupt("00 00", "1 bytes follow");
    corrupt("", "layer count needs 1 bytes, 0 are left");
    for cut in 0..from_hex(EXAMPLE).len() {
        assert_eq!(refusal(2, &from_hex(EXAMPLE)[..cut]).0, ErrorKind::Corrupt, "cut at {cut}");
    }
    let mut other = with_head("00");
    other[0] = 4;
    assert_eq!(refusal(1, &other).0, ErrorKind::Unsupported);
    let mut other = with_head("00");
    other[12] = b'x';
    let (kind, message) = refusal(1, &other);
    assert_eq!((kind, message.contains("\"xosine\"")), (ErrorKind::Unsupported, true), "{message}");
}
