//! Vectors read from the snapshot's own file: the same bits, whatever becomes of the file.
//!
//! What the memory comes to is in tests/resident.rs.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use vectord::error::ErrorKind;
use vectord::registry::{Batch, Distance, LiveIndex, Params, Registry, SearchOptions, Settings};
use vectord::store::{Directory, Memory, Store};

use crate::support::faults::Faults;
use crate::support::numbers::Seeded;

const D: usize = 128;
/// So many rows have a graph, and two thirds of them more than a mebibyte of vectors.
const ROWS: usize = 3_300;

/// A store that has no files of its own to map, whatever the inner one has.
fn reads(inner: impl Store + 'static) -> Arc<dyn Store> {
    Faults::before(Arc::new(inner))
}

/// Rows by id, as they were given.
type Model = BTreeMap<String, Vec<f32>>;

/// A registry that does nothing by itself.
fn on(store: Arc<dyn Store>) -> Registry {
    Registry::on_with(store, Settings { follow: false, least_dead: 1, ..Settings::default() })
}

fn directory(root: &Path) -> Registry {
    on(Arc::new(Directory::open(root).unwrap()))
}

fn params() -> Params {
    Params { distance: Distance::Euclidean, ..Params::new(D as u32) }
}

fn draw(model: &mut Model, ids: std::ops::Range<usize>, random: &mut Seeded) -> Batch {
    let mut batch = Batch::builder(ids.len(), D as u32);
    for id in ids {
        let (id, vector) = (format!("r{id}"), random.vector(D));
        batch.push_row(&id, None, &vector).unwrap();
        model.insert(id, vector);
    }
    batch.finish().unwrap()
}

fn add(live: &LiveIndex, model: &mut Model, ids: std::ops::Range<usize>, random: &mut Seeded) {
    live.add(draw(model, ids, random), None).unwrap();
}

fn bits(vector: &[f32]) -> Vec<u32> {
    vector.iter().map(|value| value.to_bits()).collect()
}

/// A search finds the row at distance 0, or, through the graph, another row of the model at its distance.
#[track_caller]
fn assert_found(live: &LiveIndex, model: &Model, id: &str, exact: bool) {
    let vector = &model[id];
    let hits = live.search(vector, &SearchOptions { exact, ..SearchOptions::new(1) }).unwrap();
    let squares = vector.iter().zip(&model[&hits.ids[0]]).map(|(a, b)| (a - b).powi(2));
    let distance = squares.sum::<f32>().sqrt();
    assert!((distance - hits.distances[0]).abs() <= 1e-3, "{distance}, told {}", hits.distances[0]);
    assert!(!exact || (&hits.ids[0], hits.distances[0]) == (id, 0.0), "{id}: {hits:?}");
}

/// Every row is there bit for bit, no other is, and searches tell the truth of each.
#[track_caller]
fn assert_holds(live: &LiveIndex, model: &Model) {
    assert_eq!(live.len().unwrap(), model.len());
    let ids: Vec<&str> = model.keys().map(String::as_str).collect();
    for (row, (id, vector)) in live.get(&ids).unwrap().iter().zip(model) {
        assert_eq!(bits(&row.as_ref().unwrap().vector), bits(vector), "{id}");
    }
    for exact in [false, true] {
        model.keys().step_by(97).for_each(|id| assert_found(live, model, id, exact));
    }
    assert_eq!(live.validate().unwrap(), Vec::<String>::new());
}

fn mapped(live: &LiveIndex) -> usize {
    live.stats().unwrap().index.bytes_mapped
}

/// Whether this process has a deleted file below `root` mapped.
fn maps_a_deleted_file(root: &Path) -> bool {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().any(|line| line.contains(root.to_str().unwrap()) && line.ends_with("(deleted)"))
}

#[test]
fn vectors_are_the_same_bits_through_checkpoints_reopening_more_rows_and_compaction() {
    let root = tempfile::tempdir().unwrap();
    let (mut model, mut random) = (Model::new(), Seeded(1));
    let mut registry = directory(root.path());
    registry.create("docs", params()).unwrap();
    let mut seen = 0;
    for round in 0..2 {
        let live = registry.get("docs").unwrap();
        let from = round * ROWS;
        add(&live, &mut model, from..from + ROWS, &mut random);
        assert_holds(&live, &model);
        live.checkpoint().unwrap();
        assert_eq!(mapped(&live), model.len() * D * 4, "what was checkpointed is read from the snapshot");
        assert_holds(&live, &model);
        // Replaced rows stand behind the map, and what they were stays in it.
        add(&live, &mut model, from..from + 30, &mut random);
        assert_holds(&live, &model);
        let digest = live.digest().unwrap();
        drop(live);
        registry.close().unwrap();

        // Opened from the map with a tail of the log, and by who cannot map.
        let reads = on(reads(Directory::open(root.path()).unwrap()));
        let copy = reads.get("docs").unwrap();
        registry = directory(root.path());
        let live = registry.get("docs").unwrap();
        assert!(mapped(&live) >= model.len() * D * 4 && mapped(&copy) == 0);
        assert_eq!(live.digest().unwrap(), digest);
        assert_eq!(copy.digest().unwrap(), digest);
        assert_holds(&live, &model);

        // One row in three goes: the checkpoint compacts, which copies out of the map, and maps what is left.
        let gone: Vec<String> = model.keys().step_by(3).cloned().collect();
        live.delete(&gone).unwrap();
        model.retain(|id, _| !gone.contains(id));
        live.checkpoint().unwrap();
        assert_eq!(live.stats().unwrap().index.dead, 0);
        assert_eq!(mapped(&live), model.len() * D * 4);
        assert_holds(&live, &model);
        copy.refresh().unwrap();
        assert_eq!(copy.digest().unwrap(), live.digest().unwrap());
        assert_holds(&copy, &model);
        seen += gone.len();
    }
    assert!(seen > ROWS / 2);
}

#[test]
fn a_snapshot_that_others_delete_is_read_on_and_let_go_of_when_there_is_a_newer_one() {
    let root = tempfile::tempdir().unwrap();
    let (mut model, mut random) = (Model::new(), Seeded(2));
    let registry = directory(root.path());
    let live = registry.create("docs", params()).unwrap();
    add(&live, &mut model, 0..ROWS, &mut random);
    live.checkpoint().unwrap();
    drop(live);
    registry.close().unwrap();

    let registry = directory(root.path());
    let reader = registry.get("docs").unwrap();
    // It follows by a thread of its own.
    let following = Registry::open_unshared(root.path().to_str().unwrap()).unwrap();
    let follower = following.get("docs").unwrap();
    let other = directory(root.path());
    let writer = other.get("docs").unwrap();
    let before = model.clone();
    for round in 1..4 {
        add(&writer, &mut model, round * ROWS..round * ROWS + 300, &mut random);
        writer.checkpoint().unwrap();
    }
    assert!(maps_a_deleted_file(root.path()), "the snapshot it opened is gone, but for the map");
    assert_eq!(mapped(&reader), before.len() * D * 4);
    assert_holds(&reader, &model);
    assert_eq!(reader.digest().unwrap(), writer.digest().unwrap());

    drop(reader);
    registry.close().unwrap();
    let begun = Instant::now();
    while mapped(&follower) < model.len() * D * 4 || maps_a_deleted_file(root.path()) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{} bytes mapped", mapped(&follower));
        std::thread::yield_now();
    }
    assert_holds(&follower, &model);
}

#[test]
fn a_mapped_index_is_searched_while_it_is_dropped_and_goes_with_its_last_handle() {
    let root = tempfile::tempdir().unwrap();
    let (mut model, mut random) = (Model::new(), Seeded(3));
    let registry = directory(root.path());
    let live = registry.create("docs", params()).unwrap();
    add(&live, &mut model, 0..ROWS, &mut random);
    live.checkpoint().unwrap();
    let query = random.vector(D);
    std::thread::scope(|scope| {
        let searches = scope.spawn(|| {
            let options = SearchOptions { exact: true, ..SearchOptions::new(3) };
            (0..).find_map(|_| live.search(&query, &options).err()).unwrap()
        });
        registry.delete("docs").unwrap();
        assert_eq!(searches.join().unwrap().kind(), ErrorKind::NotFound);
    });
    drop(live);
    registry.close().unwrap();
    assert!(!maps_a_deleted_file(root.path()));
}

#[test]
fn searches_see_whole_rows_while_rows_come_and_the_map_is_moved() {
    const ROUNDS: usize = 12;
    let root = tempfile::tempdir().unwrap();
    let registry = directory(root.path());
    let live = registry.create("docs", params()).unwrap();
    // What is going to be there, known beforehand.
    let mut whole = Model::new();
    draw(&mut whole, 0..ROWS + ROUNDS * 200, &mut Seeded(4));
    let (mut model, mut random) = (Model::new(), Seeded(4));
    add(&live, &mut model, 0..ROWS, &mut random);
    let given: Vec<String> = model.keys().cloned().collect();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for exact in [false, true] {
            let (live, whole, given, ended) = (&live, &whole, &given, &ended);
            scope.spawn(move || {
                for id in given.iter().cycle().take_while(|_| !ended.load(Ordering::Relaxed)) {
                    assert_found(live, whole, id, exact);
                    let row = live.get(&[id]).unwrap().remove(0).unwrap();
                    assert_eq!(bits(&row.vector), bits(&whole[id]));
                }
            });
        }
        for round in 0..ROUNDS {
            let from = ROWS + round * 200;
            add(&live, &mut model, from..from + 200, &mut random);
            live.checkpoint().unwrap();
        }
        ended.store(true, Ordering::Relaxed);
    });
    assert_eq!(mapped(&live), model.len() * D * 4);
    assert_eq!(model, whole);
    assert_holds(&live, &model);
}

/// A disk that fails, as the kernel shows it: a page of the file reads differently.
#[test]
fn vectors_that_changed_in_their_file_get_into_no_snapshot_and_no_compaction() {
    let root = tempfile::tempdir().unwrap();
    let (mut model, mut random) = (Model::new(), Seeded(6));
    let registry = directory(root.path());
    let live = registry.create("docs", params()).unwrap();
    add(&live, &mut model, 0..ROWS, &mut random);
    let whole = live.checkpoint().unwrap();
    let path = root.path().join(format!("_vectors/docs/snap/{whole:020}.lhv1"));
    let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let turn = || {
        let mut byte = [0];
        file.read_exact_at(&mut byte, 900_000).unwrap();
        file.write_all_at(&[!byte[0]], 900_000).unwrap();
    };
    turn();
    live.delete(&model.keys().take(ROWS / 2).cloned().collect::<Vec<_>>()).unwrap();
    let before = live.seq().unwrap();
    for error in [live.checkpoint().unwrap_err(), live.digest().unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(error.to_string().contains("docs"), "{error}");
    }
    assert_eq!(live.seq().unwrap(), before, "nothing was compacted");
    turn();
    assert!(live.checkpoint().unwrap() > before);
    assert_eq!(live.validate().unwrap(), Vec::<String>::new());
}

#[test]
fn a_store_without_files_and_an_index_too_small_to_be_worth_it_keep_their_vectors_in_memory() {
    let root = tempfile::tempdir().unwrap();
    let stores: [(Arc<dyn Store>, usize); 3] = [
        (Arc::new(Memory::new()), ROWS),
        (reads(Memory::new()), ROWS),
        (Arc::new(Directory::open(root.path()).unwrap()), 1_000),
    ];
    for (store, rows) in stores {
        let (mut model, mut random) = (Model::new(), Seeded(5));
        let registry = on(Arc::clone(&store));
        let live = registry.create("docs", params()).unwrap();
        add(&live, &mut model, 0..rows, &mut random);
        live.checkpoint().unwrap();
        assert_eq!(mapped(&live), 0);
        assert_holds(&live, &model);
        let again = on(store);
        assert_holds(&again.get("docs").unwrap(), &model);
    }
}
