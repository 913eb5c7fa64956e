//! The Go service's blob becomes an index when its store is opened, once, and stays as it was.
//!
//! The blob is one that real Go code wrote (tests/data/README.md).

use std::collections::BTreeMap;
use std::sync::Arc;

use vectord::error::ErrorKind;
use vectord::registry::{Registry, SearchOptions};
use vectord::store::{Key, Memory, Replace, Store, list_all};

use crate::support::golden::golden;

fn store_with(blob: &[u8]) -> Arc<Memory> {
    let store = Arc::new(Memory::new());
    let key = Key::parse("_vectors/golden.lhv1").unwrap();
    assert!(matches!(store.replace(&key, blob), Replace::Created));
    store
}

fn keys(store: &Memory) -> Vec<String> {
    list_all(store, "").unwrap().into_iter().map(|object| object.key.as_str().to_owned()).collect()
}

#[test]
fn a_go_blob_is_adopted_with_its_rows_parameters_and_metadata() {
    let store = store_with(&golden("go_v1.lhv1"));
    let registry = Registry::on(store.clone());
    assert_eq!(registry.names().unwrap(), ["golden"]);
    let live = registry.get("golden").unwrap();
    let rows: BTreeMap<String, Vec<f32>> = serde_json::from_slice(&golden("go_v1.rows.json")).unwrap();
    assert_eq!((live.len().unwrap(), live.params().dimension, live.params().ef_search), (50, 8, Some(20)));
    for (id, vector) in &rows {
        let row = live.get(&[id]).unwrap().remove(0).unwrap();
        assert_eq!(&*row.vector, vector.as_slice(), "{id}");
        let hits = live.search(vector, &SearchOptions::new(1)).unwrap();
        assert_eq!((&hits.ids[0], hits.distances[0] <= 1e-6), (id.as_str(), true));
    }
    let text = live.get(&["doc-05"]).unwrap().remove(0).unwrap().metadata;
    assert_eq!(text.as_deref(), Some("{\"z\":5,\"a\":1.0,\"big\":12345678901234567890123}"));
    assert_eq!(live.validate().unwrap(), Vec::<String>::new());
    assert_eq!(live.delete(&["doc-05"]).unwrap().seq, 1, "the log goes on from snapshot 0");
    assert_eq!(Registry::on(store.clone()).get("golden").unwrap().len().unwrap(), 49);
    let blob = Key::parse("_vectors/golden.lhv1").unwrap();
    assert_eq!(store.get(&blob).unwrap().unwrap(), golden("go_v1.lhv1"), "the blob is left as it was");
}

#[test]
fn two_adoptions_write_the_same_bytes_and_a_deleted_index_is_not_adopted_again() {
    let (first, second) = (store_with(&golden("go_v1.lhv1")), store_with(&golden("go_v1.lhv1")));
    for store in [&first, &second] {
        Registry::on(store.clone()).get("golden").unwrap();
    }
    let snapshot = Key::parse("_vectors/golden/snap/00000000000000000000.lhv1").unwrap();
    assert_eq!(first.get(&snapshot).unwrap().unwrap(), second.get(&snapshot).unwrap().unwrap());
    Registry::on(first.clone()).delete("golden").unwrap();
    let again = Registry::on(first.clone());
    assert!(again.names().unwrap().is_empty());
    assert_eq!(again.get("golden").err().unwrap().kind(), ErrorKind::NotFound);
    assert!(keys(&first).contains(&"_vectors/golden.lhv1".to_owned()));
}

#[test]
fn a_damaged_blob_is_named_and_left_alone() {
    let mut blob = golden("go_v1.lhv1");
    blob.truncate(blob.len() - 7);
    let store = store_with(&blob);
    let error = Registry::on(store.clone()).get("golden").err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().starts_with("_vectors/golden.lhv1: "), "{error}");
    assert_eq!(keys(&store), ["_vectors/golden.lhv1"]);
}
