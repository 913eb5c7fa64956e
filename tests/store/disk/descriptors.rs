//! No descriptor left in the process: what must open a file says so, what must not goes on.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use vectord::error::ErrorKind;
use vectord::registry::Registry;
use vectord::store::{Directory, Key, Put, Store};

use super::child;
use super::work::{
    NAME, assert_holds_exactly, assert_reopens_with, assert_says, assert_whole_objects, batch, params,
};

const TOO_MANY: &str = "Too many open files";

/// Opens files until no more can be; they are closed with the value.
fn open_all() -> Vec<fs::File> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(256), maximum }).unwrap();
    std::iter::from_fn(|| fs::File::open("/dev/null").ok()).collect()
}

fn run(name: &str) {
    let root = tempfile::tempdir().unwrap();
    child::assert_passed(&child::run(&mut Command::new("env"), name, root.path()));
}

#[test]
fn without_descriptors_reads_go_on_and_writes_come_back() {
    run("disk::descriptors::without_descriptors");
}

#[test]
fn a_watch_says_what_it_cannot_watch() {
    run("disk::descriptors::watching_without_descriptors");
}

#[test]
#[ignore = "run by a test above, in a process of its own"]
fn without_descriptors() {
    let Some(root) = child::root() else { return };
    let url = root.to_str().unwrap();
    let registry = Registry::open_unshared(url).unwrap();
    let live = registry.create(NAME, params()).unwrap();
    live.add(batch(1, 0), None).unwrap();
    let mut acknowledged = BTreeSet::from([1]);

    for round in 0..3 {
        let open = open_all();
        for error in [
            live.add(batch(10 + round, 0), None).unwrap_err(),
            live.checkpoint().unwrap_err(),
            live.refresh().unwrap_err(),
            registry.create("another", params()).err().unwrap(),
            registry.names().unwrap_err(),
            registry.get("another").err().unwrap(),
            Registry::open_unshared(url).err().unwrap(),
        ] {
            assert_says(&error, ErrorKind::ResourceExhausted, &root, TOO_MANY);
        }
        assert_holds_exactly(&live, &acknowledged, 0);
        drop(open);
        live.add(batch(2 + round, 0), None).unwrap();
        acknowledged.insert(2 + round);
        assert_holds_exactly(&live, &acknowledged, 0);
    }
    live.checkpoint().unwrap();
    assert_eq!(registry.names().unwrap(), [NAME]);
    registry.close().unwrap();
    assert_whole_objects(&root, "");
    assert_reopens_with(&root, &acknowledged, 0);
}

#[test]
#[ignore = "run by a test above, in a process of its own"]
fn watching_without_descriptors() {
    let Some(root) = child::root() else { return };
    let store = Directory::open(&root).unwrap();
    let put =
        |name: &str| assert!(matches!(store.put_if_absent(&Key::parse(name).unwrap(), b""), Put::Created));
    put("a/1");
    put("b/1");
    let mut watch = store.watch().unwrap().unwrap();
    watch.add("a/").unwrap();

    let open = open_all();
    assert_says(&store.watch().unwrap_err(), ErrorKind::ResourceExhausted, &root, TOO_MANY);
    assert_says(&watch.add("b/").unwrap_err(), ErrorKind::ResourceExhausted, &root, TOO_MANY);
    make_again(&root.join("a"));
    for _ in 0..3 {
        assert_eq!(watch.wait(Duration::from_millis(1)), ["a/"], "to be asked about, as long as this lasts");
    }
    drop(open);
    assert_eq!(watch.wait(Duration::from_millis(1)), ["a/"], "what came meanwhile was not heard");
    assert_eq!(watch.wait(Duration::ZERO), [""; 0]);
    put("b/2");
    assert_eq!(watch.wait(Duration::ZERO), [""; 0], "it was refused");
    put("a/1");
    assert_eq!(watch.wait(Duration::from_secs(10)), ["a/"]);
    watch.add("b/").unwrap();
    put("b/3");
    assert_eq!(watch.wait(Duration::from_secs(10)), ["b/"]);
}

/// Puts another directory in the place of this one, without a descriptor.
fn make_again(place: &Path) {
    fs::rename(place, place.with_extension("old")).unwrap();
    fs::create_dir(place).unwrap();
}
