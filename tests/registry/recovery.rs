//! What comes after a failure: an outage in the middle of a write, a full disk at the wrong moment, damage.
//!
//! Each test was a bug once: the next call after the failure lost, doubled or hid something.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use vectord::error::{ErrorKind, Outcome};
use vectord::frame;
use vectord::registry::{Batch, LiveIndex, Params, Registry};
use vectord::store::{Key, Memory, Put, Store, list_all};

use crate::support::faults::{Fault, Faults};

fn setup() -> (Arc<Faults>, Arc<Memory>, Registry, LiveIndex) {
    let memory = Arc::new(Memory::new());
    let faults = Faults::before(memory.clone());
    let registry = Registry::on(faults.clone());
    let live = registry.create("docs", Params::new(4)).unwrap();
    (faults, memory, registry, live)
}

fn batch(ids: &[&str]) -> Batch {
    let mut rows = Batch::builder(ids.len(), 4);
    for id in ids {
        rows.push_row(id, None, &[1.0, 2.0, 3.0, id.len() as f32]).unwrap();
    }
    rows.finish().unwrap()
}

fn keys(store: &Memory, part: &str) -> Vec<Key> {
    list_all(store, &format!("_vectors/docs/{part}/")).unwrap().into_iter().map(|object| object.key).collect()
}

/// Lets every put of `part` go unanswered for longer than the log is patient, while `call` runs.
fn outage<T>(faults: &Faults, part: &'static str, fault: Fault, call: impl FnOnce() -> T) -> T {
    faults.always(Some((part, fault)));
    let result = call();
    faults.always(None);
    result
}

fn short(faults: &Arc<Faults>) -> (Registry, LiveIndex) {
    let log = vectord::log::Settings { give_up: std::time::Duration::from_millis(50), ..Default::default() };
    let settings = vectord::registry::Settings { log, ..Default::default() };
    let registry = Registry::on_with(faults.clone(), settings);
    let live = registry.get("docs").unwrap();
    (registry, live)
}

#[test]
fn nothing_is_added_behind_a_delete_that_was_not_answered() {
    let (faults, memory, _, _) = setup();
    let (registry, live) = short(&faults);
    live.add(batch(&["a"]), None).unwrap();
    let error = outage(&faults, "/log/", Fault::LostBefore, || registry.delete("docs").unwrap_err());
    assert_eq!(error.outcome(), Outcome::Unknown);
    let error = live.add(batch(&["b"]), None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "the delete came true first: {error}");
    Registry::on(memory).create("docs", Params::new(4)).unwrap();
}

#[test]
fn refreshing_after_an_unanswered_write_keeps_the_log_whole() {
    let (faults, memory, _, _) = setup();
    let (_registry, live) = short(&faults);
    let error = outage(&faults, "/log/", Fault::LostAfter, || live.add(batch(&["a"]), None).unwrap_err());
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unavailable, Outcome::Unknown));
    assert_eq!(live.refresh().unwrap(), 2);
    assert_eq!(live.add(batch(&["b"]), None).unwrap().length, 2);
    let again = Registry::on(memory).get("docs").unwrap();
    assert!(again.halted().unwrap().is_none() && again.len().unwrap() == 2);
}

#[test]
fn a_retry_under_its_key_is_answered_when_the_first_try_came_true_late() {
    let (faults, memory, _, _) = setup();
    let (_registry, live) = short(&faults);
    outage(&faults, "/log/", Fault::LostBefore, || live.add(batch(&["a"]), Some("key")).unwrap_err());
    assert_eq!(live.add(batch(&["a"]), Some("key")).unwrap().seq, 2);
    assert_eq!(keys(&memory, "log").len(), 2, "the batch is there once");
}

#[test]
fn flush_waits_for_what_was_not_answered() {
    let (faults, _, _, _) = setup();
    let (_registry, live) = short(&faults);
    outage(&faults, "/log/", Fault::LostBefore, || {
        live.add(batch(&["a"]), None).unwrap_err();
        assert_eq!(live.flush().unwrap_err().kind(), ErrorKind::Unavailable);
    });
    assert_eq!(live.flush().unwrap(), 2);
    assert!(live.contains("a").unwrap());
}

#[test]
fn a_delete_on_a_full_disk_gives_the_disk_back_when_there_is_room() {
    let (faults, memory, registry, live) = setup();
    for id in ["a", "b", "c"] {
        live.add(batch(&[id]), None).unwrap();
    }
    outage(&faults, "/snap/", Fault::NoSpace, || registry.delete("docs").unwrap());
    assert_eq!(keys(&memory, "log").len(), 5);
    assert_eq!(Registry::on(memory.clone()).get("docs").err().unwrap().kind(), ErrorKind::NotFound);
    assert_eq!((keys(&memory, "log").len(), keys(&memory, "snap").len()), (0, 1));
}

#[test]
fn a_checkpoint_that_fails_is_not_tried_again_by_every_write() {
    let (faults, _, _, _) = setup();
    let live = Registry::on(faults.clone()).create("wide", Params::new(16_384)).unwrap();
    let add = |from: usize, n: usize| {
        let mut rows = Batch::builder(n, 16_384);
        for i in from..from + n {
            rows.push(&format!("r{i}"), None).unwrap();
        }
        live.add(
            rows.finish_with(|matrix| {
                matrix.fill(1.0);
                Ok(())
            })
            .unwrap(),
            None,
        )
        .unwrap();
    };
    faults.always(Some(("/snap/", Fault::NoSpace)));
    add(0, 1_100);
    add(2_000, 1);
    // It fails beside the writes.
    while faults.refused.load(Ordering::Relaxed) == 0 {
        std::thread::yield_now();
    }
    for i in 1..5 {
        add(2_000 + i, 1);
    }
    live.flush().unwrap();
    assert_eq!(faults.refused.load(Ordering::Relaxed), 1);
}

#[test]
fn a_damaged_snapshot_is_not_counted_among_the_two_that_stay() {
    let (_, memory, registry, live) = setup();
    for id in ["a", "b"] {
        live.add(batch(&[id]), None).unwrap();
        live.checkpoint().unwrap();
    }
    registry.close().unwrap();
    let damaged = keys(&memory, "snap").pop().unwrap();
    let mut bytes = memory.get(&damaged).unwrap().unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let _ = memory.replace(&damaged, &bytes);
    let live = Registry::on(memory.clone()).get("docs").unwrap();
    live.add(batch(&["c"]), None).unwrap();
    live.checkpoint().unwrap();
    let readable = |key: &Key| frame::decode_snapshot(&memory.get(key).unwrap().unwrap()).is_ok();
    assert_eq!(keys(&memory, "snap").iter().filter(|key| readable(key)).count(), 2);
}

#[test]
fn one_bad_floor_hides_no_other_index() {
    let (_, memory, registry, _) = setup();
    registry.create("good", Params::new(4)).unwrap();
    let floor = Key::parse(frame::floor_key("docs", 1)).unwrap();
    assert!(matches!(memory.put_if_absent(&floor, b"garbage"), Put::Created));
    let registry = Registry::on(memory);
    assert_eq!(registry.names().unwrap(), ["docs", "good"]);
    assert_eq!(registry.get("docs").err().unwrap().kind(), ErrorKind::Corrupt);
    assert_eq!(registry.get("good").unwrap().len().unwrap(), 0);
}

#[test]
fn an_entry_that_does_not_fit_its_index_is_damage_whatever_its_checksums_say() {
    for (n, dimension, value) in [(1, 3, 1.0), (4, 3, 1.0), (1, 4, f32::NAN)] {
        let (_, memory, _, _) = setup();
        let last = keys(&memory, "log").pop().unwrap();
        let bytes = memory.get(&last).unwrap().unwrap();
        let header = frame::decode_header(&bytes).unwrap();
        let header =
            frame::Header { seq: header.seq + 1, prev_digest: frame::digest_of(&bytes).unwrap(), ..header };
        let mut rows = frame::Rows::builder(n, dimension);
        for i in 0..n {
            rows.push_row(&format!("r{i}"), None, &vec![value; dimension as usize]).unwrap();
        }
        let rows = rows.finish().unwrap();
        let entry = frame::encode_entry(&header, &[frame::Frame::Upsert(rows.as_ref()).into()]);
        let key = Key::parse(frame::log_key("docs", header.seq)).unwrap();
        assert!(matches!(memory.put_if_absent(&key, &entry), Put::Created));
        let live = Registry::on(memory).get("docs").unwrap();
        assert_eq!((live.len().unwrap(), live.validate().unwrap()), (0, Vec::new()));
        let error = live.halted().unwrap().unwrap();
        assert!(error.kind() == ErrorKind::Corrupt && error.to_string().contains(key.as_str()), "{error}");
    }
}

#[test]
fn replaced_metadata_gives_its_memory_back() {
    let (_, _, _, live) = setup();
    live.add(batch(&["a", "b"]), None).unwrap();
    live.set_metadata(&[("b", Some("\"kept\""))]).unwrap();
    let text = format!("\"{}\"", "x".repeat(60_000));
    for _ in 0..200 {
        live.set_metadata(&[("a", Some(text.as_str()))]).unwrap();
    }
    assert!(live.stats().unwrap().index.bytes_memory < 4 << 20);
    assert_eq!(live.validate().unwrap(), Vec::<String>::new());
    let rows = live.get(&["a", "b"]).unwrap();
    let texts: Vec<_> = rows.iter().map(|row| row.as_ref().unwrap().metadata.as_deref()).collect();
    assert_eq!(texts, [Some(text.as_str()), Some("\"kept\"")]);
}

#[test]
fn names_that_differ_in_case_are_created_once_however_they_race() {
    for _ in 0..50 {
        let registry = Registry::on(Arc::new(Memory::new()));
        let made: usize = std::thread::scope(|scope| {
            let create = |name| registry.create(name, Params::new(4)).is_ok();
            let racers = ["Docs", "docs"].map(|name| scope.spawn(move || usize::from(create(name))));
            racers.into_iter().map(|racer| racer.join().unwrap()).sum()
        });
        assert_eq!(made, 1, "{:?}", registry.names());
    }
}

#[test]
fn a_go_blob_that_cannot_be_kept_is_left_as_it_was() {
    let store = Arc::new(Memory::new());
    let params =
        frame::Params { name: "docs".into(), dimension: 2, m: 16, ef_search: 20, distance: "cosine".into() };
    let row = frame::V1Row { id: "", vector: &[1.0, 0.0], metadata: None, neighbours: &[] };
    let blob = frame::encode_v1(&params, &[row]).unwrap();
    assert!(matches!(store.put_if_absent(&Key::parse("_vectors/docs.lhv1").unwrap(), &blob), Put::Created));
    assert_eq!(Registry::on(store.clone()).get("docs").err().unwrap().kind(), ErrorKind::Corrupt);
    assert!(keys(&store, "snap").is_empty());
}

#[test]
fn a_damaged_object_is_named_whatever_the_damage() {
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, Damage); 5] = [
        ("a flipped bit", |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x10;
        }),
        ("cut short", |bytes| bytes.truncate(bytes.len() - 9)),
        ("too long", |bytes| bytes.extend_from_slice(b"LHL1END\n")),
        ("empty", Vec::clear),
        ("a hostile length", |bytes| bytes[88..96].fill(0xff)),
    ];
    for (what, damage) in damages {
        let (_, memory, registry, live) = setup();
        live.add(batch(&["a"]), None).unwrap();
        live.checkpoint().unwrap();
        live.add(batch(&["b"]), None).unwrap();
        registry.close().unwrap();
        let spoil = |key: &Key| {
            let mut bytes = memory.get(key).unwrap().unwrap();
            damage(&mut bytes);
            let _ = memory.replace(key, &bytes);
        };
        let entry = keys(&memory, "log").pop().unwrap();
        spoil(&entry);
        let live = Registry::on(memory.clone()).get("docs").unwrap();
        let error = live.halted().unwrap().expect(what);
        assert_eq!((error.kind(), live.len().unwrap()), (ErrorKind::Corrupt, 1), "{what}: {error}");
        assert!(error.to_string().contains(entry.as_str()), "{what}: {error}");
        let snapshot = keys(&memory, "snap").pop().unwrap();
        spoil(&snapshot);
        let first = keys(&memory, "log").remove(0);
        spoil(&first);
        let error = Registry::on(memory.clone()).get("docs").err().expect(what);
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{what}: {error}");
        assert!(error.to_string().contains(first.as_str()), "{what}: {error}");
    }
}

#[test]
fn a_write_to_an_index_that_another_process_deleted_is_told_so() {
    let (_, memory, _registry, live) = setup();
    live.add(batch(&["a"]), None).unwrap();
    Registry::on(memory).delete("docs").unwrap();
    let error = live.add(batch(&["b"]), None).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::NotFound, Outcome::Known), "{error}");
    assert_eq!(
        live.search(&[1.0; 4], &vectord::registry::SearchOptions::new(1)).unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

#[test]
fn deleting_what_is_not_there_writes_nothing() {
    let (_, memory, _registry, live) = setup();
    live.add(batch(&["a"]), None).unwrap();
    let deleted = live.delete(&["nobody", "no one"]).unwrap();
    assert_eq!((deleted.seq, deleted.deleted, deleted.length), (2, 0, 1));
    assert_eq!(keys(&memory, "log").len(), 2);
}

#[test]
fn writes_go_on_when_a_damaged_entry_was_put_right() {
    let (_, memory, registry, live) = setup();
    live.add(batch(&["a"]), None).unwrap();
    registry.close().unwrap();
    let key = keys(&memory, "log").pop().unwrap();
    let whole = memory.get(&key).unwrap().unwrap();
    let _ = memory.replace(&key, &whole[1..]);
    let registry = Registry::on(memory.clone());
    let live = registry.get("docs").unwrap();
    assert!(live.halted().unwrap().is_some());
    let _ = memory.replace(&key, &whole);
    let begun = std::time::Instant::now();
    while live.halted().unwrap().is_some() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "nobody looked");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(live.add(batch(&["b"]), None).unwrap().length, 2);
}

#[test]
fn what_was_not_answered_is_not_sent_to_an_index_that_was_dropped() {
    let (faults, memory, _, _) = setup();
    let log = vectord::log::Settings { give_up: std::time::Duration::from_millis(50), ..Default::default() };
    let resolve_again = std::time::Duration::from_secs(3_600);
    let settings = vectord::registry::Settings { log, resolve_again, ..Default::default() };
    let registry = Registry::on_with(faults.clone(), settings);
    let live = registry.get("docs").unwrap();
    outage(&faults, "/log/", Fault::LostBefore, || live.add(batch(&["a"]), None).unwrap_err());
    let other = Registry::on(memory.clone());
    other.get("docs").unwrap().add(batch(&["b"]), None).unwrap();
    other.delete("docs").unwrap();
    assert_eq!(live.len().unwrap_err().kind(), ErrorKind::NotFound);
    registry.close().unwrap();
    assert!(keys(&memory, "log").is_empty());
}
