//! A disk without room: adds say so, reads go on, and a file deleted elsewhere is all that is needed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use vectord::error::ErrorKind;
use vectord::registry::Registry;
use vectord::store::{Directory, Publish};

use super::child;
use super::work::{
    NAME, assert_holds_exactly, assert_reopens_with, assert_says, assert_whole_objects, batch, params,
};

const FILLER: &str = "filler";
const NO_SPACE: &str = "No space left on device";
const PADDING: usize = 20_000;

#[test]
fn a_full_disk_refuses_writes_and_takes_them_again_when_there_is_room() {
    child::run_on_a_small_disk("disk::full::on_a_full_disk");
}

#[test]
#[ignore = "run by the test above, on a small disk of its own"]
fn on_a_full_disk() {
    let Some(root) = child::root() else { return };
    for (name, publish) in [("linked", Publish::Link), ("renamed", Publish::Rename)] {
        let root = root.join(name);
        fill_and_make_room(&root, publish);
        fs::remove_dir_all(root).unwrap();
    }
}

fn fill_and_make_room(root: &Path, publish: Publish) {
    let registry = Registry::on(Arc::new(Directory::open_with(root, publish).unwrap()));
    let live = registry.create(NAME, params()).unwrap();
    fs::write(root.join(FILLER), vec![1; 3 << 20]).unwrap();

    let mut acknowledged = BTreeSet::new();
    let mut sent = 0;
    let mut add = |acknowledged: &mut BTreeSet<usize>| {
        sent += 1;
        live.add(batch(sent, PADDING), None).map(|_| acknowledged.insert(sent))
    };
    let refused = loop {
        match add(&mut acknowledged) {
            Ok(_) => assert!(acknowledged.len() < 100, "the disk is larger than it should be"),
            Err(error) => break error,
        }
    };
    assert!(acknowledged.len() > 3, "{refused}");
    for error in [
        refused,
        add(&mut acknowledged).unwrap_err(),
        add(&mut acknowledged).unwrap_err(),
        live.checkpoint().unwrap_err(),
    ] {
        assert_says(&error, ErrorKind::ResourceExhausted, root, NO_SPACE);
    }
    assert_holds_exactly(&live, &acknowledged, PADDING);
    assert_whole_objects(root, FILLER);
    let other = Registry::open_unshared(root.to_str().unwrap()).unwrap();
    assert_holds_exactly(&other.get(NAME).unwrap(), &acknowledged, PADDING);
    drop(other);

    fs::remove_file(root.join(FILLER)).unwrap();
    for _ in 0..3 {
        add(&mut acknowledged).unwrap();
    }
    assert_holds_exactly(&live, &acknowledged, PADDING);
    live.checkpoint().unwrap();
    registry.create("another", params()).unwrap();
    registry.close().unwrap();
    assert_whole_objects(root, FILLER);
    assert_reopens_with(root, &acknowledged, PADDING);
}
