//! One index open in several processes, as registries that share nothing but the store: each sees what another
//! was acknowledged, none undoes another's work, and all arrive at the same state.
//!
//! Real processes are in tests/python; faults and schedules in tests/simulation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use vectord::error::{ErrorKind, Outcome};
use vectord::registry::{
    Batch, Consistency, Freshness, LiveIndex, Params, Registry, SearchOptions, Settings,
};
use vectord::store::{Key, Memory, Store, list_all};

use crate::support::faults::{Fault, Faults};
use crate::support::numbers::Seeded;

const DIMENSION: usize = 8;

/// A process of its own that follows nobody: it hears of others only when it reads or writes.
fn process(store: &Arc<Memory>) -> Registry {
    Registry::on_with(store.clone(), Settings { follow: false, ..Settings::default() })
}

fn open(store: &Arc<Memory>) -> LiveIndex {
    process(store).get("docs").unwrap()
}

fn created() -> (Arc<Memory>, LiveIndex) {
    let store = Arc::new(Memory::new());
    let live = process(&store).create("docs", Params::new(DIMENSION as u32)).unwrap();
    (store, live)
}

fn rows(random: &mut Seeded, ids: impl IntoIterator<Item = String>) -> Batch {
    let mut rows = Batch::builder(0, DIMENSION as u32);
    for id in ids {
        rows.push_row(&id, Some(&format!("{{\"of\":\"{id}\"}}")), &random.vector(DIMENSION)).unwrap();
    }
    rows.finish().unwrap()
}

fn one(id: &str) -> Batch {
    rows(&mut Seeded(id.len() as u64), [id.to_owned()])
}

/// A process that follows nobody and is patient for 50 ms, and the store it has between.
fn faulty(store: &Arc<Memory>) -> (Arc<Faults>, Registry) {
    let faults = Faults::before(store.clone());
    let log = vectord::log::Settings { give_up: Duration::from_millis(50), ..Default::default() };
    let settings = Settings { log, follow: false, ..Settings::default() };
    (faults.clone(), Registry::on_with(faults, settings))
}

const BOUNDED: Freshness = Freshness { consistency: Some(Consistency::Bounded), min_seq: None };

#[test]
fn a_second_writer_goes_on_from_what_the_first_wrote() {
    let (store, first) = created();
    let second = open(&store);
    first.add(one("a"), None).unwrap();
    let added = second.add(one("b"), None).unwrap();
    assert_eq!((added.seq, added.length), (3, 2), "it took the next place, and counts both rows");
    assert_eq!(second.set_metadata(&[("a", Some("1"))]).unwrap().seq, 4);
    assert_eq!(first.delete(&["b"]).unwrap().length, 1);
    let rows = second.get(&["a", "b"]).unwrap();
    assert_eq!(rows[0].as_ref().unwrap().metadata.as_deref(), Some("1"));
    assert!(rows[1].is_none());
    assert_eq!(first.digest().unwrap(), second.digest().unwrap());
}

#[test]
fn each_batch_of_a_rebased_group_is_checked_again_and_fails_alone() {
    let (store, first) = created();
    let second = open(&store);
    first.add(one("a"), None).unwrap();
    assert!(second.contains("a").unwrap());
    first.delete(&["a"]).unwrap();
    let error = second.set_metadata(&[("a", Some("1"))]).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::NotFound, Outcome::Known), "{error}");
    assert_eq!(second.delete(&["a"]).unwrap().deleted, 0);
    first.add(one("k"), Some("key")).unwrap();
    let again = second.add(one("k"), Some("key")).unwrap();
    assert_eq!((again.seq, again.added), (first.seq().unwrap(), 1), "answered, not doubled");
    first.add(one("b"), Some("other")).unwrap();
    let error = second.add(one("cc"), Some("other")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    assert_eq!(open(&store).len().unwrap(), 2);
}

#[test]
fn an_index_dropped_and_made_again_elsewhere_takes_no_old_batch() {
    let (store, old) = created();
    let other = process(&store);
    old.add(one("a"), None).unwrap();
    other.delete("docs").unwrap();
    let new = other.create("docs", Params::new(3)).unwrap();
    let error = old.add(one("b"), None).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::NotFound, Outcome::Known), "{error}");
    assert_eq!(
        old.search(&[1.0; DIMENSION], &SearchOptions::new(1)).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!((new.len().unwrap(), new.params().dimension), (0, 3));
    assert!(new.seq().unwrap() > 3, "the numbering goes on");
}

#[test]
fn a_registry_that_holds_an_index_hears_that_its_name_means_another_now() {
    let (store, _) = created();
    let (holding, other) = (process(&store), process(&store));
    holding.get("docs").unwrap().add(one("a"), None).unwrap();
    other.delete("docs").unwrap();
    assert_eq!(holding.get("docs").err().unwrap().kind(), ErrorKind::NotFound);
    other.create("docs", Params::new(3)).unwrap();
    let again = holding.get("docs").unwrap();
    assert_eq!((again.params().dimension, again.len().unwrap()), (3, 0));
    other.delete("docs").unwrap();
    assert_eq!(holding.create("docs", Params::new(5)).unwrap().params().dimension, 5);
}

#[test]
fn a_strong_read_sees_what_was_acknowledged_and_a_bounded_one_what_was_heard_of() {
    let (store, writer) = created();
    let reader = open(&store);
    for n in 1..=50 {
        let added = writer.add(one(&format!("r{n}")), None).unwrap();
        assert_eq!(reader.reader(BOUNDED).unwrap().len(), n - 1);
        if n % 2 == 0 {
            assert_eq!(reader.len().unwrap(), n);
        } else {
            let fresh = Freshness { min_seq: Some(added.seq), ..BOUNDED };
            assert_eq!(reader.reader(fresh).unwrap().len(), n);
        }
        if n % 10 == 0 {
            writer.checkpoint().unwrap();
        }
    }
}

#[test]
fn a_reader_that_slept_through_checkpoints_starts_again_from_the_newest() {
    let (store, writer) = created();
    let reader = open(&store);
    for n in 0..6 {
        writer.add(one(&format!("r{n}")), None).unwrap();
        writer.checkpoint().unwrap();
    }
    assert_eq!(reader.reader(BOUNDED).unwrap().len(), 0);
    assert_eq!(reader.len().unwrap(), 6);
    assert_eq!(reader.digest().unwrap(), writer.digest().unwrap());
    assert_eq!(reader.add(one("x"), None).unwrap().length, 7);
}

#[test]
fn a_batch_that_was_overtaken_on_its_way_is_found_where_it_went() {
    let store = Arc::new(Memory::new());
    let faults = Faults::before(store.clone());
    let quiet = Settings { follow: false, ..Settings::default() };
    let writer = Registry::on_with(faults.clone(), quiet).create("docs", Params::new(8)).unwrap();
    let other = open(&store);
    // The put lands and its answer is lost; while it is tried again, others checkpoint past it.
    faults.plan("/log/", Fault::LostAfter);
    faults.before_retry(move || {
        other.add(one("b"), None).unwrap();
        other.checkpoint().unwrap();
        other.add(one("c"), None).unwrap();
        other.checkpoint().unwrap();
    });
    let added = writer.add(one("a"), None).unwrap();
    assert_eq!((added.seq, added.added, added.length), (2, 1, 1), "the answer it would have had");
    assert_eq!(writer.len().unwrap(), 3);
    assert_eq!(open(&store).len().unwrap(), 3, "and it is there once");
    assert_eq!(writer.add(one("d"), None).unwrap().length, 4);
}

#[test]
fn a_min_seq_that_does_not_come_is_told_in_time() {
    let (_, live) = created();
    let fresh = Freshness { min_seq: Some(99), consistency: None };
    let error = live.reader(fresh).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error.to_string().contains("entry 99") && error.to_string().contains("the newest is 1"),
        "{error}"
    );
}

#[test]
fn a_follower_hears_of_writes_without_being_asked() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().to_str().unwrap();
    let writing = Registry::open_unshared(url).unwrap();
    let writer = writing.create("docs", Params::new(DIMENSION as u32)).unwrap();
    let following = Registry::open_unshared(url).unwrap();
    let reader = following.get("docs").unwrap();
    for n in 1..=20 {
        writer.add(one(&format!("r{n}")), None).unwrap();
        if n % 7 == 0 {
            writer.checkpoint().unwrap();
        }
        let begun = Instant::now();
        while reader.reader(BOUNDED).unwrap().len() < n {
            assert!(begun.elapsed() < Duration::from_secs(20), "row {n} was not heard of");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// A store without put-if-absent, and two processes that have written to it one after the other.
fn two_writers_on_a_store_that_cannot_decide_races() -> (Arc<Memory>, LiveIndex, LiveIndex) {
    let store = Arc::new(Memory::new());
    let weak = || {
        let faults = Faults::before(store.clone());
        faults.claim(|capabilities| capabilities.put_if_absent = false);
        Registry::on_with(faults, Settings { follow: false, ..Settings::default() })
    };
    let first = weak().create("docs", Params::new(DIMENSION as u32)).unwrap();
    first.add(one("a"), None).unwrap();
    let second = weak().get("docs").unwrap();
    second.add(one("b"), None).unwrap();
    (store, first, second)
}

#[test]
fn a_store_that_cannot_decide_races_has_one_writer() {
    let (store, first, second) = two_writers_on_a_store_that_cannot_decide_races();
    let error = first.add(one("c"), None).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unsupported, Outcome::Known), "{error}");
    assert!(error.to_string().contains("another process writes to index \"docs\""), "{error}");
    assert!(first.halted().unwrap().is_some(), "/readyz tells it");
    assert!(first.contains("a").unwrap(), "reads go on");
    assert_eq!(second.add(one("d"), None).unwrap().length, 3);
    assert!(!open(&store).contains("c").unwrap());
}

#[test]
fn queued_writes_are_there_after_a_flush_which_tells_of_the_first_that_failed() {
    let store = Arc::new(Memory::new());
    let faults = Faults::before(store.clone());
    let live = Registry::on(faults.clone()).create("docs", Params::new(8)).unwrap();
    for n in 0..300 {
        live.add_later(one(&format!("r{n}")), None).unwrap();
    }
    live.flush().unwrap();
    assert_eq!((live.len().unwrap(), open(&store).len().unwrap()), (300, 300));
    let entries = list_all(&*store, "_vectors/docs/log/").unwrap().len();
    assert!(entries < 200, "they shared entries: {entries}");
    live.set_metadata_later(&[("nobody", Some("1"))]).unwrap();
    faults.plan("/log/", Fault::NoSpace);
    live.delete_later(&["r1"]).unwrap();
    let error = live.flush().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert_eq!(live.flush().unwrap(), live.seq().unwrap(), "it is told once");
    let wrong = Batch::builder(1, 3);
    live.add_later(wrong.finish().unwrap(), None).unwrap();
    let mut wrong = Batch::builder(1, 3);
    wrong.push_row("w", None, &[1.0; 3]).unwrap();
    let error = live.add_later(wrong.finish().unwrap(), None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "what can be checked at once is told at once");
}

#[test]
fn writers_at_once_lose_nothing_and_agree() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().to_str().unwrap();
    let open = || Registry::open_unshared(url).unwrap();
    let first = open();
    first.create("docs", Params::new(DIMENSION as u32)).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                scope.spawn(move || {
                    let registry = open();
                    let live = registry.get("docs").unwrap();
                    let mut random = Seeded(writer);
                    for n in 0..40 {
                        let own = (0..5).map(|i| format!("{writer}-{n}-{i}"));
                        let added =
                            live.add(rows(&mut random, own.chain([format!("shared-{}", n % 7)])), None);
                        assert_eq!(added.unwrap().added, 6);
                        if n % 13 == 0 {
                            live.checkpoint().unwrap();
                        }
                    }
                    live.digest().unwrap()
                })
            })
            .collect();
        let reader = scope.spawn(|| {
            let registry = open();
            let live = registry.get("docs").unwrap();
            let mut seq = 0;
            while !done.load(Ordering::Acquire) {
                let hits = live.search(&[0.5; DIMENSION], &SearchOptions::new(20)).unwrap();
                assert!(hits.seq >= seq, "reads go forward");
                seq = hits.seq;
            }
        });
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Release);
        reader.join().unwrap();
    });
    let (one, two) = (first.get("docs").unwrap(), open().get("docs").unwrap());
    assert_eq!(one.len().unwrap(), 3 * 40 * 5 + 7);
    assert_eq!(one.digest().unwrap(), two.digest().unwrap());
    assert_eq!(one.validate().unwrap(), Vec::<String>::new());
}

/// Copies what `keep` lets through to a store of its own.
fn part_of(store: &Memory, keep: impl Fn(&str) -> bool) -> Arc<Memory> {
    let part = Arc::new(Memory::new());
    for object in list_all(store, "").unwrap() {
        if keep(object.key.as_str()) {
            let bytes = store.get(&object.key).unwrap().unwrap();
            assert!(matches!(part.put_if_absent(&object.key, &bytes), vectord::store::Put::Created));
        }
    }
    part
}

#[test]
fn every_way_to_a_state_gives_the_same_digest() {
    let (store, live) = created();
    let mut random = Seeded(11);
    let mut snapshots = Vec::new();
    // Deletes and upserts of rows not attached yet, a compaction in the middle, sizes on both sides of the
    // graph's birth; a copy of all objects before each checkpoint, since it deletes.
    let everything = Arc::new(Memory::new());
    let keep = |everything: &Arc<Memory>| {
        for object in list_all(&*store, "").unwrap() {
            let bytes = store.get(&object.key).unwrap().unwrap();
            let _ = everything.put_if_absent(&object.key, &bytes);
        }
    };
    for round in 0..9 {
        let ids = (0..700).map(|i| format!("{}", (round * 500 + i) % 3_600));
        live.add(rows(&mut random, ids), None).unwrap();
        let gone: Vec<String> = (0..300).map(|i| format!("{}", (round * 431 + i * 3) % 3_600)).collect();
        live.delete(&gone).unwrap();
        keep(&everything);
        snapshots.push(live.checkpoint().unwrap());
        keep(&everything);
    }
    let wanted = live.digest().unwrap();
    let log_only = part_of(&everything, |key| key.contains("/log/"));
    assert_eq!(open(&log_only).digest().unwrap(), wanted, "replayed from entry 1");
    for seq in snapshots {
        let this = format!("/snap/{seq:020}");
        let part = part_of(&everything, |key| key.contains("/log/") || key.contains(&this));
        let opened = open(&part);
        assert_eq!(opened.digest().unwrap(), wanted, "opened from the snapshot at {seq}");
        assert_eq!(opened.validate().unwrap(), Vec::<String>::new());
    }
    let compacted = list_all(&*everything, "_vectors/docs/log/").unwrap().iter().any(|object| {
        let bytes = everything.get(&Key::parse(object.key.as_str()).unwrap()).unwrap().unwrap();
        let (_, ops) = vectord::frame::decode_entry(&bytes).unwrap();
        ops.iter().any(|op| op.frame == vectord::frame::Frame::Compact)
    });
    assert!(compacted, "a compaction was among it");
}

#[test]
fn ten_thousand_small_adds_leave_a_bounded_number_of_objects() {
    let (store, live) = created();
    let mut random = Seeded(3);
    let mut most = 0;
    for n in 0..10_000 {
        live.add(rows(&mut random, [format!("r{n}")]), None).unwrap();
        if n % 500 == 0 {
            most = most.max(list_all(&*store, "_vectors/docs/").unwrap().len());
        }
    }
    // Two snapshots, and a floor for each but the first; the entries between them, those after the newest, and
    // those that are being deleted: a snapshot is due after 2,560.
    assert!(most <= 2 * 4_096 + 8, "{most} objects");
    assert!(list_all(&*store, "_vectors/docs/floor/").unwrap().len() <= 3);
    assert_eq!(open(&store).len().unwrap(), 10_000);
}

#[test]
fn a_strong_read_sees_a_batch_that_was_acknowledged_elsewhere_under_its_key() {
    let (store, other) = created();
    let (faults, registry) = faulty(&store);
    let live = registry.get("docs").unwrap();
    faults.always(Some(("/log/", Fault::LostAfter)));
    let error = live.add(one("a"), Some("key")).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(other.add(one("a"), Some("key")).unwrap().seq, 2);
    assert_eq!(live.len().unwrap(), 1);
}

#[test]
fn a_strong_read_does_not_see_a_row_that_another_process_says_is_gone() {
    let (store, other) = created();
    let (faults, registry) = faulty(&store);
    let live = registry.get("docs").unwrap();
    live.add(one("a"), None).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let reading = live.clone();
    // The delete stands on the store and is not answered yet: the other process has nothing left to delete.
    faults.after_entry(move || {
        assert_eq!(other.delete(&["a"]).unwrap().deleted, 0);
        std::thread::spawn(move || tell.send(reading.len().unwrap()));
        assert!(told_early(&told).is_none_or(|rows| rows == 0));
    });
    assert_eq!(live.delete(&["a"]).unwrap().deleted, 1);
}

/// What a reader says that does not wait for the write under way.
fn told_early(told: &std::sync::mpsc::Receiver<usize>) -> Option<usize> {
    told.recv_timeout(Duration::from_millis(100)).ok()
}

#[test]
fn a_group_is_checked_again_though_catching_up_failed_half_way() {
    let (store, other) = created();
    let (faults, registry) = faulty(&store);
    let live = registry.get("docs").unwrap();
    live.add(one("a"), None).unwrap();
    live.add(one("k"), Some("known")).unwrap();
    let (queued, store) = (live.clone(), faults.clone());
    // Behind entry 4 the other process deletes "a", and what comes next cannot be read for once.
    faults.after_entry(move || {
        other.delete(&["a"]).unwrap();
        store.fail_get("/log/00000000000000000006");
        queued.set_metadata_later(&[("a", Some("1"))]).unwrap();
        queued.add_later(one("k"), Some("known")).unwrap();
    });
    assert_eq!(live.add(one("z"), None).unwrap().seq, 4);
    let error = live.flush().unwrap_err();
    assert_eq!((error.kind(), live.seq().unwrap()), (ErrorKind::NotFound, 5), "{error}");
}

#[test]
fn a_process_that_may_write_no_more_still_reads_what_the_other_writes() {
    let (_, first, second) = two_writers_on_a_store_that_cannot_decide_races();
    assert_eq!(first.add(one("c"), None).unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(first.len().unwrap(), 2);
    let added = second.add(one("d"), None).unwrap();
    let fresh = Freshness { min_seq: Some(added.seq), ..BOUNDED };
    assert_eq!(first.reader(fresh).unwrap().len(), 3);
    assert_eq!(first.add(one("e"), None).unwrap_err().kind(), ErrorKind::Unsupported);
}
