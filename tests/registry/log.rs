//! The log over a store that fails: what was acknowledged is there, what failed is not, and nothing is doubled.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use vectord::error::{ErrorKind, Outcome};
use vectord::frame;
use vectord::registry::{Batch, LiveIndex, Params, Registry, Settings};
use vectord::store::{Memory, Store, list_all};

use crate::support::faults::{Fault, Faults};
use crate::support::numbers::Seeded;

const DIMENSION: usize = 16;

fn setup() -> (Arc<Faults>, Arc<Memory>, LiveIndex) {
    let memory = Arc::new(Memory::new());
    let faults = Faults::before(memory.clone());
    let live = Registry::on(faults.clone()).create("docs", Params::new(DIMENSION as u32)).unwrap();
    (faults, memory, live)
}

fn reopen(memory: &Arc<Memory>) -> LiveIndex {
    Registry::on(memory.clone()).get("docs").unwrap()
}

fn batch(ids: &[&str]) -> Batch {
    let mut random = Seeded(ids.len() as u64);
    let mut rows = Batch::builder(ids.len(), DIMENSION as u32);
    for id in ids {
        rows.push_row(id, None, &random.vector(DIMENSION)).unwrap();
    }
    rows.finish().unwrap()
}

fn entries(store: &dyn Store) -> usize {
    list_all(store, "_vectors/docs/log/").unwrap().len()
}

#[test]
fn a_full_store_is_told_at_once_and_writes_go_on_when_there_is_room() {
    let (faults, memory, live) = setup();
    faults.plan("/log/", Fault::NoSpace);
    let error = live.add(batch(&["a", "b"]), None).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::ResourceExhausted, Outcome::Known));
    assert!(
        error.to_string().contains("_vectors/docs/log/00000000000000000002.lhl1: no space left"),
        "{error}"
    );
    assert_eq!((live.len().unwrap(), entries(&*memory)), (0, 1));
    assert_eq!(live.add(batch(&["a"]), None).unwrap().length, 1);
    assert_eq!(reopen(&memory).len().unwrap(), 1);
}

#[test]
fn a_lost_answer_is_resolved_not_guessed() {
    for (faults_before, what) in [
        (vec![Fault::LostAfter], "written, answer lost"),
        (vec![Fault::LostBefore], "not written, answer lost"),
        (vec![Fault::LostAfter, Fault::LostBefore], "written, then a second answer lost"),
        (vec![Fault::FalseExists], "a false exists"),
        (vec![Fault::LostBefore, Fault::NoSpace, Fault::LostAfter], "one after another"),
    ] {
        let (faults, memory, live) = setup();
        for fault in faults_before {
            faults.plan("/log/", fault);
        }
        let added = live.add(batch(&["a", "b"]), None).expect(what);
        assert_eq!((added.seq, added.length), (2, 2), "{what}");
        assert_eq!(live.add(batch(&["c"]), None).unwrap().length, 3);
        assert_eq!(entries(&*memory), 3, "{what}: no batch is written twice");
        assert_eq!(reopen(&memory).len().unwrap(), 3, "{what}");
    }
}

#[test]
fn an_acknowledged_add_costs_its_bytes_and_little_more() {
    let (faults, _, live) = setup();
    let mut random = Seeded(5);
    let mut add = |from: usize, n: usize| {
        let mut rows = Batch::builder(n, DIMENSION as u32);
        let mut given = 0;
        for i in from..from + n {
            let (id, text) = (format!("row-{i}"), format!("{{\"i\":{i}}}"));
            rows.push_row(&id, Some(&text), &random.vector(DIMENSION)).unwrap();
            given += id.len() + text.len() + 4 * DIMENSION;
        }
        let before = faults.bytes_put.load(Ordering::Relaxed);
        live.add(rows.finish().unwrap(), None).unwrap();
        (faults.bytes_put.load(Ordering::Relaxed) - before, given as u64)
    };
    add(0, 3_000);
    let (put, given) = add(3_000, 100);
    assert!(put as f64 <= 1.1 * given as f64 + 1_024.0, "{put} bytes for {given}");
}

#[test]
fn concurrent_adds_share_entries_and_all_are_there() {
    let (_, memory, live) = setup();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let live = live.clone();
            scope.spawn(move || {
                for i in 0..50 {
                    let id = format!("{thread}-{i}");
                    let added = live.add(batch(&[&id]), None).unwrap();
                    assert!(live.contains(&id).unwrap() && live.seq().unwrap() >= added.seq);
                }
            });
        }
    });
    assert_eq!(live.len().unwrap(), 400);
    assert_eq!(live.validate().unwrap(), Vec::<String>::new());
    assert_eq!(reopen(&memory).len().unwrap(), 400);
}

#[test]
fn checkpoints_keep_two_snapshots_and_delete_what_they_cover() {
    let (_, memory, live) = setup();
    let keys = || {
        list_all(&*memory, "_vectors/docs/")
            .unwrap()
            .into_iter()
            .map(|object| object.key.as_str().trim_start_matches("_vectors/docs/").to_owned())
            .collect::<Vec<_>>()
    };
    let mut seqs = Vec::new();
    for round in 0..4 {
        for i in 0..3 {
            live.add(batch(&[&format!("{round}-{i}")]), None).unwrap();
        }
        seqs.push(live.checkpoint().unwrap());
        assert_eq!(reopen(&memory).len().unwrap(), 3 * (round + 1));
    }
    assert_eq!(seqs, [4, 7, 10, 13]);
    assert_eq!(
        keys(),
        [
            "floor/00000000000000000001.json",
            "floor/00000000000000000002.json",
            "floor/00000000000000000003.json",
            "log/00000000000000000011.lhl1",
            "log/00000000000000000012.lhl1",
            "log/00000000000000000013.lhl1",
            "snap/00000000000000000010.lhv1",
            "snap/00000000000000000013.lhv1",
        ]
    );
    let newest = vectord::store::Key::parse("_vectors/docs/snap/00000000000000000013.lhv1").unwrap();
    let mut bytes = memory.get(&newest).unwrap().unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let _ = memory.replace(&newest, &bytes);
    assert_eq!(reopen(&memory).len().unwrap(), 12, "the snapshot before and the log cover a damaged one");
}

#[test]
fn a_failed_checkpoint_loses_nothing() {
    let (faults, memory, live) = setup();
    live.add(batch(&["a"]), None).unwrap();
    for key in ["/snap/", "/snap/", "/floor/"] {
        faults.plan(key, Fault::NoSpace);
        if key == "/snap/" {
            assert_eq!(live.checkpoint().unwrap_err().kind(), ErrorKind::ResourceExhausted);
        }
        live.add(batch(&["b"]), None).unwrap();
    }
    live.checkpoint().unwrap();
    live.add(batch(&["c"]), None).unwrap();
    assert!(live.checkpoint().is_err(), "the floor could not be written");
    assert_eq!(reopen(&memory).len().unwrap(), 3);
    live.add(batch(&["d"]), None).unwrap();
    live.checkpoint().unwrap();
    assert_eq!(reopen(&memory).len().unwrap(), 4);
}

#[test]
fn writes_and_digests_go_on_while_a_checkpoint_that_fell_due_is_written() {
    let memory = Arc::new(Memory::new());
    let faults = Faults::before(memory.clone());
    // A compaction would be an entry that nobody here asked for.
    let settings = Settings { least_dead: usize::MAX, ..Settings::default() };
    let registry = Registry::on_with(faults.clone(), settings);
    let live = registry.create("docs", Params::new(DIMENSION as u32)).unwrap();
    let ((reached, at_it), (go, gone)) = (channel(), channel());
    faults.before_snapshot(move || {
        reached.send(()).unwrap();
        gone.recv().unwrap();
    });
    // So many entries make one due.
    for _ in 0..2_560 {
        live.add(batch(&["a"]), None).unwrap();
    }
    at_it.recv().unwrap();
    let added = live.add(batch(&["a", "b"]), None).unwrap();
    live.delete(&["a"]).unwrap();
    assert_eq!(live.digest().unwrap().seq, added.seq + 1);
    assert!(list_all(&*memory, "_vectors/docs/snap/").unwrap().is_empty());
    go.send(()).unwrap();
    let digest = live.digest().unwrap();
    // Who closes it waits for the snapshot, which is of a moment before.
    drop((live, registry));
    assert!(!list_all(&*memory, "_vectors/docs/snap/").unwrap().is_empty());
    let again = reopen(&memory);
    assert_eq!((again.digest().unwrap(), again.len().unwrap()), (digest, 1));
    assert_eq!(again.validate().unwrap(), Vec::<String>::new());
}

#[test]
fn a_writer_that_slept_through_two_checkpoints_goes_on_from_the_newest() {
    let (_, memory, sleeper) = setup();
    let other = reopen(&memory);
    for id in ["a", "b"] {
        other.add(batch(&[id]), None).unwrap();
        other.checkpoint().unwrap();
    }
    assert_eq!(sleeper.add(batch(&["x"]), None).unwrap().length, 3);
    let fresh = reopen(&memory);
    assert!(["a", "b", "x"].iter().all(|id| fresh.contains(id).unwrap() && sleeper.contains(id).unwrap()));
    assert_eq!(fresh.digest().unwrap(), sleeper.digest().unwrap());
}

#[test]
fn dead_rows_are_compacted_away_and_their_memory_comes_back() {
    let (_, memory, live) = setup();
    let ids: Vec<String> = (0..4_000).map(|i| format!("r{i}")).collect();
    let refs: Vec<&str> = ids.iter().map(String::as_str).collect();
    live.add(batch(&refs), None).unwrap();
    live.delete(&refs[..2_900]).unwrap();
    live.flush().unwrap();
    let stats = live.stats().unwrap().index;
    assert_eq!((stats.rows, stats.dead), (1_100, 0));
    assert_eq!(live.validate().unwrap(), Vec::<String>::new());
    live.checkpoint().unwrap();
    let again = reopen(&memory);
    assert_eq!((again.len().unwrap(), again.stats().unwrap().index.dead), (1_100, 0));
    assert!(again.contains("r2900").unwrap() && !again.contains("r2899").unwrap());
}

#[test]
fn a_compaction_gives_disk_back_by_itself_once_its_graph_is_there() {
    let memory = Arc::new(Memory::new());
    let settings = Settings { resolve_again: Duration::from_millis(1), ..Settings::default() };
    let live =
        Registry::on_with(memory.clone(), settings).create("docs", Params::new(DIMENSION as u32)).unwrap();
    let ids: Vec<String> = (0..8_000).map(|i| format!("r{i}")).collect();
    let refs: Vec<&str> = ids.iter().map(String::as_str).collect();
    live.add(batch(&refs), None).unwrap();
    live.checkpoint().unwrap();
    // A quarter is too little to be worth it while writes go on, and enough when they have paused.
    let deleted = live.delete(&refs[..2_000]).unwrap().seq;
    let deadline = Instant::now() + Duration::from_secs(120);
    let newest = || list_all(&*memory, "_vectors/docs/snap/").unwrap().pop().unwrap().key;
    let expected = frame::snapshot_key("docs", deleted + 1);
    while newest().as_str() != expected {
        assert!(Instant::now() < deadline, "the newest snapshot is {:?}", newest());
        std::thread::yield_now();
    }
    let stats = live.stats().unwrap();
    assert_eq!((stats.index.rows, stats.index.dead, stats.index.pending), (6_000, 0, 0));
    drop(live);
    let again = reopen(&memory);
    assert_eq!((again.seq().unwrap(), again.stats().unwrap().index.tail), (deleted + 1, 0));
    again.checkpoint().unwrap();
    again.delete(&refs[2_000..2_001]).unwrap();
    again.checkpoint().unwrap();
    let bytes = again.stats().unwrap().bytes_store;
    assert!(bytes < 2 * 6_000 * (DIMENSION as u64 * 4 + 150), "{bytes} bytes are two small snapshots");
    assert_eq!(again.validate().unwrap(), Vec::<String>::new());
}
