//! Copies taken while others write: by `backup`, by hand in the documented order, and over storaged.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use vectord::error::ErrorKind;
use vectord::registry::{LiveIndex, Params, Registry, operate};
use vectord::store::{Memory, Put, Store, list_all, open};

use crate::place::{Place, batch, json};
use crate::service::Service;

/// Adds and checkpoints until told to stop; counts the batches that were acknowledged.
fn write(live: &LiveIndex, stop: &AtomicBool, acknowledged: &AtomicUsize) {
    while !stop.load(Ordering::Acquire) {
        let round = acknowledged.load(Ordering::Acquire);
        live.add(batch(&format!("r{round}-"), 3), None).unwrap();
        acknowledged.store(round + 1, Ordering::Release);
        if round % 3 == 2 {
            live.checkpoint().unwrap();
        }
        if round % 10 == 9 {
            live.delete(&[format!("r{round}-0")]).unwrap();
        }
    }
}

/// Stops the writer also when a check fails, so that the failure is seen.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Runs `copy` over and over during writes, and checks what each gives.
fn during_writes(copies: usize, copy: impl Fn(&str, usize) -> String) {
    let place = Place::new();
    let registry = place.registry();
    let live = registry.create("docs", Params::new(4)).unwrap();
    let (stop, acknowledged) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let _stop = Stop(&stop);
        scope.spawn(|| write(&live, &stop, &acknowledged));
        for number in 0..copies {
            while acknowledged.load(Ordering::Acquire) < number * 5 + 4 {
                std::thread::yield_now();
            }
            let before = acknowledged.load(Ordering::Acquire);
            let copied = copy(place.path(), number);
            let verified = operate::verify(&*open(&copied).unwrap(), "docs").unwrap();
            assert!(verified.ok, "copy {number}: {:?}", verified.problems);
            let opened = Registry::open_unshared(&copied).unwrap().get("docs").unwrap();
            assert!(opened.halted().unwrap().is_none(), "copy {number}");
            for round in 0..before {
                assert!(
                    opened.contains(&format!("r{round}-1")).unwrap(),
                    "copy {number} lacks batch {round} of {before}"
                );
            }
        }
    });
}

/// Copies a folder as cp does: the names first, then each file. Answers whether each was still there.
fn copy_folder(from: &Path, to: &Path) -> bool {
    std::fs::create_dir_all(to).unwrap();
    let names: BTreeSet<_> =
        std::fs::read_dir(from).into_iter().flatten().map(|entry| entry.unwrap().file_name()).collect();
    names
        .into_iter()
        .map(|name| std::fs::copy(from.join(&name), to.join(&name)).is_ok())
        .fold(true, |all, one| all & one)
}

#[test]
fn files_copied_floors_first_then_log_then_snapshots_open_with_everything_acknowledged() {
    let target = tempfile::tempdir().unwrap();
    during_writes(25, |store, number| {
        let to = target.path().join(number.to_string());
        // A snapshot that was gone before it was copied means that two checkpoints went by: begin again.
        loop {
            let whole = ["floor", "log", "snap"].map(|part| {
                copy_folder(
                    &Path::new(store).join("_vectors/docs").join(part),
                    &to.join("_vectors/docs").join(part),
                )
            });
            if whole[2] {
                return to.to_str().unwrap().to_owned();
            }
            std::fs::remove_dir_all(&to).unwrap();
        }
    });
}

#[test]
fn copies_by_hand_open_whatever_happens_between_if_and_only_if_snapshots_come_last() {
    let mut opened = std::collections::BTreeMap::new();
    for order in [
        "floor log snap",
        "log floor snap",
        "floor snap log",
        "snap floor log",
        "log snap floor",
        "snap log floor",
    ] {
        let mut all = true;
        // How many times a writer adds twice and checkpoints: before, and between the folders.
        for rounds in (0..27).map(|code| [2 + code / 9, code % 3, code / 3 % 3]) {
            let (store, copy) = (Arc::new(Memory::new()), Arc::new(Memory::new()));
            let registry = Registry::on(store.clone());
            let live = registry.create("docs", Params::new(4)).unwrap();
            let mut number = 0;
            for (part, rounds) in order.split(' ').zip(&rounds) {
                for _ in 0..*rounds {
                    live.add(batch(&format!("{number}-"), 1), None).unwrap();
                    live.checkpoint().unwrap();
                    live.add(batch(&format!("{number}+"), 1), None).unwrap();
                    number += 1;
                }
                for object in list_all(&*store, &format!("_vectors/docs/{part}/")).unwrap() {
                    let bytes = store.get(&object.key).unwrap().unwrap();
                    assert!(matches!(copy.put_if_absent(&object.key, &bytes), Put::Created));
                }
            }
            let whole = operate::verify(&*copy, "docs").is_ok_and(|verified| verified.ok);
            let opened = Registry::on(copy).get("docs");
            let opens = opened.is_ok_and(|live| live.halted().unwrap().is_none());
            all &= whole && opens;
        }
        opened.insert(order, all);
    }
    let good: Vec<_> = opened.into_iter().filter(|(_, all)| *all).map(|(order, _)| order).collect();
    assert_eq!(good, ["floor log snap", "log floor snap"]);
}

#[test]
fn backups_taken_during_writes_open_with_everything_acknowledged() {
    let target = tempfile::tempdir().unwrap();
    during_writes(25, |store, number| {
        let to = target.path().join(number.to_string()).to_str().unwrap().to_owned();
        let (from, into) = (open(store).unwrap(), open(&to).unwrap());
        let copied = operate::backup(&*from, &*into, "docs").unwrap();
        let there = operate::verify(&*into, "docs").unwrap();
        assert_eq!((copied.rows, copied.seq, copied.digest), (there.rows, there.seq, there.digest));
        to
    });
}

#[test]
fn verify_during_writes_and_checkpoints_finds_nothing_wrong() {
    let place = Place::new();
    let live = place.registry().create("docs", Params::new(4)).unwrap();
    let (stop, acknowledged) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let _stop = Stop(&stop);
        scope.spawn(|| write(&live, &stop, &acknowledged));
        for _ in 0..30 {
            let verified = operate::verify(&*place.store(), "docs").unwrap();
            assert!(verified.ok, "{:?}", verified.problems);
            operate::journal(&*place.store(), "docs", 0).unwrap();
            assert!(operate::diagnose(&*place.store(), "docs").unwrap().damage.is_none());
        }
    });
}

#[test]
fn a_backup_is_the_state_with_its_keys_and_goes_on_in_the_same_numbering() {
    let place = Place::with_docs(true);
    let copy = place.join("copy");
    let done = json(&["backup", place.path(), &copy], 0)["indexes"][0].clone();
    assert_eq!((&done["rows"], &done["seq"]), (&35.into(), &5.into()));
    let (there, here) = (json(&["verify", place.path()], 0), json(&["verify", &copy], 0));
    assert_eq!(there["indexes"][0]["digest"], here["indexes"][0]["digest"]);
    assert_eq!(here["indexes"][0]["floor"]["seq"], 4, "the snapshot it has covers what it has not");
    let live = Registry::open_unshared(&copy).unwrap().get("docs").unwrap();
    assert_eq!(
        live.add(batch("ccc", 10), Some("key-1")).unwrap().seq,
        5,
        "a retry is answered by the copy too"
    );
    assert_eq!(live.add(batch("d", 1), None).unwrap().seq, 6);
    live.checkpoint().unwrap();
    live.add(batch("e", 1), None).unwrap();
    live.checkpoint().unwrap();
    json(&["verify", &copy], 0);
}

#[test]
fn a_backup_never_touches_an_index_that_is_there() {
    let place = Place::with_docs(false);
    let copy = Place::with_docs(true);
    let before = copy.files();
    let report = json(&["backup", place.path(), copy.path()], 1);
    assert_eq!(report["failed"][0]["code"], "already_exists");
    let error = operate::backup(&*place.store(), &*copy.store(), "docs").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(before == copy.files());
}

#[test]
fn a_backup_that_fails_leaves_nothing_of_its_own() {
    let place = Place::with_docs(false);
    crate::place::damage(&place.entry(4));
    let copy = Place::new();
    let error = operate::backup(&*place.store(), &*copy.store(), "docs").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().starts_with("_vectors/docs/log/00000000000000000004.lhl1: "), "{error}");
    assert_eq!(list_all(&*copy.store(), "").unwrap(), []);
}

#[test]
fn verify_and_backup_work_over_storaged_in_both_directions() {
    let (place, other) = (Place::with_docs(true), Place::new());
    let storaged = Service::storaged(Path::new(place.path()));
    let second = Service::storaged(Path::new(other.path()));
    let there = json(&["verify", &storaged.url], 0);
    assert_eq!(there["indexes"][0]["rows"], 35);
    json(&["backup", &storaged.url, &second.url], 0);
    let here = json(&["verify", &second.url, "docs"], 0);
    assert_eq!(there["indexes"][0]["digest"], here["indexes"][0]["digest"]);
    assert_eq!(json(&["log", &second.url, "docs"], 0)["begins_at"], 5);
    let folder = place.join("folder");
    json(&["backup", &second.url, &folder], 0);
    json(&["verify", &folder], 0);
    crate::place::damage(&place.entry(5));
    json(&["verify", &storaged.url], 1);
    json(&["repair", &storaged.url, "docs", "--quarantine", "5"], 0);
    json(&["verify", &storaged.url], 0);
}
