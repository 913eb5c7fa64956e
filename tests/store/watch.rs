//! What a watch hears, on the stores that have one; and the places that come and go under a directory's.
//!
//! Each wait may take [`LONG`]: a watch that hears nothing fails there, and none is asserted to be quick.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use vectord::error::ErrorKind;
use vectord::store::{Directory, Memory, Publish, Replace, Store, Watch};

use crate::suite::{create, key};

const LONG: Duration = Duration::from_secs(10);

/// The watch of a store that must have one.
#[cfg(target_os = "linux")]
fn watch(store: &dyn Store) -> Box<dyn Watch> {
    store.watch().unwrap().expect("this store can tell")
}

/// Waits until each of `wanted` was told, and nothing that is not watched.
fn assert_hears(watch: &mut dyn Watch, wanted: &[&str]) {
    let mut heard = BTreeSet::new();
    while !wanted.iter().all(|prefix| heard.contains(*prefix)) {
        let told = watch.wait(LONG);
        assert!(!told.is_empty(), "heard of {heard:?} only, not of {wanted:?}");
        assert!(told.is_sorted(), "{told:?}");
        heard.extend(told);
    }
    assert!(heard.iter().all(|prefix| wanted.contains(&prefix.as_str())), "{heard:?}, not {wanted:?}");
}

/// Takes what may still be told of the past.
fn settle(watch: &mut dyn Watch) {
    while !watch.wait(Duration::ZERO).is_empty() {}
}

pub fn a_watch_hears_of_every_put_below_its_prefixes(store: &dyn Store) {
    let Some(mut watch) = store.watch().unwrap() else { return };
    let watch = &mut *watch;
    create(store, "a/log/1", b"before");
    for prefix in ["a/log/", "b/log/", ""] {
        watch.add(prefix).unwrap();
        watch.add(prefix).unwrap();
    }
    thread::scope(|scope| {
        scope.spawn(|| create(store, "a/log/2", b"while it waits"));
        assert_hears(watch, &["a/log/"]);
    });
    create(store, "b/log/1", b"the first in its place, and before the wait");
    assert_hears(watch, &["b/log/"]);
    create(store, "top", b"");
    assert_hears(watch, &[""]);
    assert!(matches!(store.replace(&key("a/log/1"), b"again"), Replace::Replaced));
    create(store, "b/log/2", b"");
    assert_hears(watch, &["a/log/", "b/log/"]);

    watch.remove("a/log/");
    watch.remove("never/added/");
    settle(watch);
    for elsewhere in ["a/log/3", "a/log.old/1", "b/log/deep/er/1", "b/logs", "a/snap/1", "c/log/1"] {
        create(store, elsewhere, b"");
    }
    settle(watch);
    create(store, "b/log/3", b"");
    assert_hears(watch, &["b/log/"]);
    watch.add("a/log/").unwrap();
    create(store, "a/log/4", b"");
    assert_hears(watch, &["a/log/"]);
    for no_prefix in ["/", "a", "a/log", "/a/", "a//", "../", "a/../b/"] {
        assert_eq!(watch.add(no_prefix).unwrap_err().kind(), ErrorKind::InvalidArgument, "{no_prefix}");
    }
}

pub fn a_watch_can_be_woken_from_another_thread(store: &dyn Store) {
    let Some(mut watch) = store.watch().unwrap() else { return };
    watch.add("a/").unwrap();
    let waker = watch.waker();
    thread::scope(|scope| {
        scope.spawn(|| waker.wake_by_ref());
        assert_eq!(watch.wait(Duration::MAX), [""; 0]);
    });
    waker.wake_by_ref();
    waker.wake_by_ref();
    assert_eq!(watch.wait(Duration::MAX), [""; 0], "also when it was woken before it waited");
    create(store, "a/1", b"");
    assert_hears(&mut *watch, &["a/"]);
    drop(watch);
    waker.wake();
    create(store, "a/2", b"");
}

#[test]
fn two_watches_of_a_memory_store_hear_the_same() {
    let store = Memory::new();
    let mut watches = [store.watch().unwrap().unwrap(), store.watch().unwrap().unwrap()];
    for watch in &mut watches {
        watch.add("a/").unwrap();
    }
    create(&store, "a/1", b"");
    for watch in &mut watches {
        assert_hears(&mut **watch, &["a/"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_watch_hears_what_other_handles_put() {
    for publish in [Publish::Link, Publish::Rename] {
        let root = tempfile::tempdir().unwrap();
        let (mine, other) =
            (Directory::open(root.path()).unwrap(), Directory::open_with(root.path(), publish).unwrap());
        let mut watch = watch(&mine);
        watch.add("_vectors/docs/log/").unwrap();
        for name in ["1", "2", "3"] {
            thread::scope(|scope| {
                scope.spawn(|| create(&other, &format!("_vectors/docs/log/{name}"), b""));
                assert_hears(&mut *watch, &["_vectors/docs/log/"]);
            });
            settle(&mut *watch);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_place_that_is_removed_or_moved_and_made_again_is_still_heard() {
    type Away = fn(&Path);
    let ways: [Away; 5] = [
        |root| fs::remove_dir_all(root.join("a/b/log")).unwrap(),
        |root| fs::remove_dir_all(root.join("a")).unwrap(),
        |root| fs::rename(root.join("a/b/log"), root.join("a/b/old")).unwrap(),
        |root| fs::rename(root.join("a"), root.join("old")).unwrap(),
        |root| {
            // Held open, so that the directory itself does not tell that it is gone.
            let held = fs::File::open(root.join("a/b/log")).unwrap();
            fs::remove_dir_all(root.join("a/b")).unwrap();
            std::mem::forget(held);
        },
    ];
    for away in ways {
        let root = tempfile::tempdir().unwrap();
        let store = Directory::open(root.path()).unwrap();
        let mut watch = watch(&store);
        watch.add("a/b/log/").unwrap();
        for round in 0..3 {
            create(&store, "a/b/log/1", b"");
            assert_hears(&mut *watch, &["a/b/log/"]);
            if round == 1 {
                // Told apart or in one go: both must do.
                settle(&mut *watch);
            }
            away(root.path());
            if round == 2 {
                settle(&mut *watch);
            }
            create(&store, "a/b/log/1", b"again");
            assert_hears(&mut *watch, &["a/b/log/"]);
            settle(&mut *watch);
            create(&store, "a/b/log/2", b"and the new place is watched");
            assert_hears(&mut *watch, &["a/b/log/"]);
            settle(&mut *watch);
            fs::remove_dir_all(root.path().join("a")).unwrap();
            let _ = fs::remove_dir_all(root.path().join("old"));
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn more_events_than_the_kernel_keeps_mean_look_everywhere() {
    let kept: usize =
        fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap().trim().parse().unwrap();
    if kept > 100_000 {
        return crate::support::skip::skip("inotify", "its queue is too long here to be filled");
    }
    let root = tempfile::tempdir().unwrap();
    let store = Directory::open(root.path()).unwrap();
    create(&store, "noisy/1", b"");
    let mut watch = watch(&store);
    for prefix in ["noisy/", "quiet/log/"] {
        watch.add(prefix).unwrap();
    }
    for name in 0..=kept {
        fs::File::create(root.path().join("noisy").join(format!("n{name}"))).unwrap();
    }
    // Its directories' events are lost.
    create(&store, "quiet/log/1", b"");
    assert_hears(&mut *watch, &["noisy/", "quiet/log/"]);
    settle(&mut *watch);
    create(&store, "quiet/log/2", b"");
    assert_hears(&mut *watch, &["quiet/log/"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_watch_follows_no_link() {
    let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink(outside.path(), root.path().join("out")).unwrap();
    let store = Directory::open(root.path()).unwrap();
    let error = watch(&store).add("out/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert!(error.to_string().contains("/out/"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn many_places_are_heard_apart() {
    let root = tempfile::tempdir().unwrap();
    let store = Directory::open(root.path()).unwrap();
    let mut watch = watch(&store);
    let prefixes: Vec<_> = (0..100).map(|i| format!("i{i}/log/")).collect();
    for prefix in &prefixes {
        watch.add(prefix).unwrap();
    }
    for prefix in &prefixes {
        create(&store, &format!("{prefix}1"), b"");
    }
    assert_hears(&mut *watch, &prefixes.iter().map(String::as_str).collect::<Vec<_>>());
    for (at, prefix) in prefixes.iter().enumerate() {
        if at % 10 > 0 {
            watch.remove(prefix);
        }
    }
    settle(&mut *watch);
    for prefix in &prefixes {
        create(&store, &format!("{prefix}2"), b"");
    }
    assert_hears(&mut *watch, &prefixes.iter().step_by(10).map(String::as_str).collect::<Vec<_>>());
}
