//! The graph against the exact scan, on data every clone can make: clusters with duplicates, near-ties,
//! deletes, entries of every size, interrupted growth and broken bytes.

// Helpers of tests may panic; keys are compared bit for bit on purpose.
#![allow(clippy::unwrap_used, clippy::float_cmp)]

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use vectord::error::ErrorKind;
use vectord::graph::{EF_SEARCH, Graph, GraphView, Neighbour, Rows, RowsView, Schedule, Step, Threads, scan};
use vectord::metric::{Distance, Space};

use crate::support::numbers::Seeded;

const D: usize = 24;
const M: usize = 16;
const EF_CONSTRUCTION: usize = 200;

/// `n` rows around 40 centres, in cluster order, about one in twenty a copy of an earlier row.
fn clustered(n: usize, seed: u64) -> Vec<f32> {
    let mut random = Seeded(seed);
    let centres: Vec<f32> = (0..40 * D).map(|_| random.float()).collect();
    let mut vectors: Vec<f32> = Vec::with_capacity(n * D);
    for row in 0..n {
        if row > 0 && random.below(20) == 0 {
            let from = random.below(row) * D;
            vectors.extend_from_within(from..from + D);
        } else {
            let centre = row * 40 / n * D;
            vectors.extend((0..D).map(|i| centres[centre + i] + 0.4 * random.float()));
        }
    }
    vectors
}

struct Index {
    rows: Rows,
    graph: Graph,
}

impl Index {
    fn new(distance: Distance) -> Self {
        let space = Space::new(distance, D);
        Self { rows: Rows::new(space), graph: Graph::new(M, EF_CONSTRUCTION) }
    }

    fn add(&mut self, vectors: &[f32]) {
        self.rows.push(vectors).unwrap();
        self.graph.grow(&self.rows.view(), vectors.len() / D);
    }

    fn of(distance: Distance, vectors: &[f32], entry: usize) -> Self {
        let mut index = Self::new(distance);
        vectors.chunks(entry * D).for_each(|entry| index.add(entry));
        index
    }

    fn views(&self) -> (RowsView, GraphView) {
        (self.rows.view(), self.graph.view())
    }

    fn assert_sound(&self) {
        let broken = self.graph.validate(&self.rows.view(), |_| true);
        assert!(broken.is_empty(), "{} broken, first: {:?}", broken.len(), broken[0]);
    }
}

fn search(rows: &RowsView, graph: &GraphView, query: &[f32], k: usize) -> Vec<Neighbour> {
    let norm = rows.space().distance().admit(query).unwrap();
    graph.search(rows, query, norm, k, EF_SEARCH, |_| true, rows.len()).0
}

fn recall(index: &Index, seed: u64) -> f64 {
    let (rows, graph) = index.views();
    let mut random = Seeded(seed);
    let (mut hits, mut all) = (0, 0);
    for _ in 0..100 {
        let near = rows.row(random.below(rows.len()) as u32);
        let query: Vec<f32> = near.iter().map(|value| value + 0.2 * random.float()).collect();
        let norm = rows.space().distance().admit(&query).unwrap();
        let truth = scan(&rows, &query, norm, 10, |_| true);
        let found: HashSet<u32> = search(&rows, &graph, &query, 10).iter().map(|near| near.slot).collect();
        hits += truth.iter().filter(|near| found.contains(&near.slot)).count();
        all += truth.len();
    }
    f64::from(hits as u32) / f64::from(all as u32)
}

#[test]
fn recall_does_not_depend_on_how_rows_arrive() {
    let vectors = clustered(6000, 1);
    for distance in Distance::ALL {
        for entry in [6000, 1000, 77] {
            let index = Index::of(distance, &vectors, entry);
            index.assert_sound();
            assert!(index.graph.view().stats(index.rows.len()).tail < 1024);
            let recall = recall(&index, 2);
            assert!(recall >= 0.98, "{distance:?} in entries of {entry}: recall {recall}");
        }
    }
}

#[test]
fn a_small_index_is_exact() {
    for distance in Distance::ALL {
        let index = Index::of(distance, &clustered(2000, 3), 500);
        assert_eq!(index.graph.view().stats(index.rows.len()).attached, 0);
        assert!((recall(&index, 4) - 1.0).abs() < f64::EPSILON);
    }
}

#[test]
fn the_same_entries_make_the_same_bytes_and_decoding_goes_on_where_it_stopped() {
    let vectors = clustered(9000, 5);
    for entry in [450, 3000] {
        let mut never_stopped = Index::new(Distance::Cosine);
        let mut restarted = Index::new(Distance::Cosine);
        for entry in vectors.chunks(entry * D) {
            never_stopped.add(entry);
            restarted.add(entry);
            let bytes = restarted.graph.encode();
            assert_eq!(bytes, never_stopped.graph.encode());
            let rows = restarted.rows.view();
            let measure = restarted.graph.encode_measure();
            let measure = measure.as_deref();
            restarted.graph = Graph::decode(M, EF_CONSTRUCTION, &bytes, measure, &rows).unwrap();
            assert_eq!(restarted.graph.encode(), bytes);
        }
        restarted.assert_sound();
    }
}

#[test]
fn every_copy_of_a_vector_is_found_and_every_other_row_finds_itself() {
    let mut random = Seeded(6);
    let common: Vec<f32> = (0..D).map(|_| random.float()).collect();
    let mut vectors = Vec::new();
    let mut copies = Vec::new();
    for slot in 0..6000_u32 {
        if slot % 6 == 1 {
            copies.push(slot);
            vectors.extend_from_slice(&common);
        } else {
            vectors.extend((0..D).map(|_| random.float()));
        }
    }
    for (distance, entry) in [(Distance::Cosine, 6000), (Distance::Euclidean, 500), (Distance::Cosine, 37)] {
        let index = Index::of(distance, &vectors, entry);
        index.assert_sound();
        let (rows, graph) = index.views();
        let found: Vec<u32> = search(&rows, &graph, &common, 1000).iter().map(|near| near.slot).collect();
        assert_eq!(found, copies, "{distance:?} in entries of {entry}");
        for slot in (0..6000).filter(|slot| slot % 6 != 1) {
            assert_eq!(search(&rows, &graph, rows.row(slot), 1)[0].slot, slot);
        }
    }
}

#[test]
fn an_index_of_one_vector_only_works() {
    let vectors: Vec<f32> = (0..3000).flat_map(|_| [0.5; D]).collect();
    let index = Index::of(Distance::Euclidean, &vectors, 300);
    index.assert_sound();
    let (rows, graph) = index.views();
    let found: Vec<u32> = search(&rows, &graph, &[0.25; D], 700).iter().map(|near| near.slot).collect();
    assert_eq!(found, (0..700).collect::<Vec<u32>>());
}

#[test]
fn scaled_copies_stay_reachable_under_cosine() {
    let mut random = Seeded(7);
    let direction: Vec<f32> = (0..D).map(|_| random.float()).collect();
    let mut vectors = Vec::new();
    for slot in 0..5000 {
        if slot % 2 == 0 {
            let scale = 1.0 + slot as f32 / 1000.0;
            vectors.extend(direction.iter().map(|value| value * scale));
        } else {
            vectors.extend((0..D).map(|_| random.float()));
        }
    }
    for entry in [5000, 600] {
        let index = Index::of(Distance::Cosine, &vectors, entry);
        index.assert_sound();
        let (rows, graph) = index.views();
        // A row whose nearest neighbours are these 2,500 ties may be missed by three walks in a hundred.
        let is_found = |&slot: &u32| search(&rows, &graph, rows.row(slot), 1)[0].slot == slot;
        let found = (1..5000).step_by(2).filter(is_found).count();
        assert!(found >= 2425, "{found} of 2500 in entries of {entry}");
    }
}

#[test]
fn a_log_makes_the_bytes_it_always_made() {
    // Snapshots of processes of different versions, or on different machines, must be equal.
    for (entry, expected) in [(9000, 0x6b00_ee2e_49e5_f4d8), (3000, 0x6964_19be_d5b4_d4a7)] {
        let space = Space::new(Distance::Cosine, D);
        let (mut rows, mut graph) = (Rows::new(space), Graph::new(M, 128));
        for entry in clustered(9000, 5).chunks(entry * D) {
            rows.push(entry).unwrap();
            graph.grow(&rows.view(), entry.len() / D);
        }
        assert_eq!(xxhash_rust::xxh3::xxh3_64(&graph.encode()), expected, "in entries of {entry}");
    }
}

#[test]
fn a_graph_is_sound_between_any_two_steps_whatever_ties_it_has() {
    let mut random = Seeded(14);
    let mut vectors = clustered(4000, 15);
    let direction: Vec<f32> = (0..D).map(|_| random.float()).collect();
    for row in (0..4000).step_by(3) {
        let scale = 1.0 + row as f32 / 1000.0;
        let ties = vectors[row * D..(row + 1) * D].iter_mut().zip(&direction);
        ties.for_each(|(value, along)| *value = along * scale);
    }
    let whole = Index::of(Distance::Cosine, &vectors, 4000);
    let rows = whole.rows.view();
    let mut schedule = Schedule::new();
    schedule.note(4000);
    let mut graph = Graph::new(M, EF_CONSTRUCTION);
    graph.follow(&schedule);
    let (mut steps, mut attached) = (0, 0);
    while graph.step(&rows, Threads::new(2)) != Step::Idle {
        let broken = graph.validate(&rows, |_| true);
        assert!(broken.is_empty(), "{} broken after {steps} steps, first: {:?}", broken.len(), broken[0]);
        assert!(attached <= graph.view().attached());
        attached = graph.view().attached();
        steps += 1;
    }
    assert!(steps > 20, "{steps} steps");
    assert_eq!(attached, 4000);
    assert_eq!(graph.encode(), whole.graph.encode());
}

#[test]
fn dead_rows_never_return_and_never_shorten_an_answer() {
    let index = Index::of(Distance::Cosine, &clustered(5000, 8), 5000);
    let (rows, graph) = index.views();
    for share in [2, 10, 400] {
        let alive = |slot: u32| slot.is_multiple_of(share);
        let live = (0..5000).filter(|&slot| alive(slot)).count();
        for slot in (0..5000).step_by(97) {
            let (query, norm) = (rows.row(slot), rows.inverse_norm(slot));
            for k in [1, 10, 50] {
                let (found, _) = graph.search(&rows, query, norm, k, EF_SEARCH, alive, live);
                assert_eq!(found.len(), k.min(live));
                assert!(found.iter().all(|near| alive(near.slot)));
                assert!(found.is_sorted());
            }
        }
    }
    assert!(graph.search(&rows, rows.row(0), rows.inverse_norm(0), 10, EF_SEARCH, |_| false, 0).0.is_empty());
}

#[test]
fn searches_during_growth_see_their_own_rows_only() {
    let vectors = clustered(12_000, 9);
    let mut index = Index::new(Distance::Euclidean);
    index.add(&vectors[..2500 * D]);
    let published = Mutex::new(index.views());
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (published, is_done) = (&published, &is_done);
            scope.spawn(move || {
                let mut random = Seeded(thread);
                while !is_done.load(Ordering::Acquire) {
                    let (rows, graph) = published.lock().unwrap().clone();
                    for _ in 0..20 {
                        let slot = random.below(rows.len()) as u32;
                        let found = search(&rows, &graph, rows.row(slot), 10);
                        assert_eq!(found.len(), 10);
                        assert!(found.iter().all(|near| (near.slot as usize) < rows.len()));
                        assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
                        for near in found {
                            assert_eq!(near.key, rows.key(slot, near.slot));
                        }
                    }
                }
            });
        }
        for entry in vectors[2500 * D..].chunks(500 * D) {
            index.add(entry);
            *published.lock().unwrap() = index.views();
        }
        is_done.store(true, Ordering::Release);
    });
    index.assert_sound();
}

#[test]
fn damaged_bytes_are_corrupt_or_a_sound_graph() {
    let index = Index::of(Distance::Cosine, &clustered(2500, 10), 2500);
    let rows = index.rows.view();
    let bytes = index.graph.encode();
    let measure = index.graph.encode_measure();
    let decode = |bytes: &[u8]| Graph::decode(M, EF_CONSTRUCTION, bytes, measure.as_deref(), &rows);
    for length in (0..bytes.len()).step_by(401) {
        assert_eq!(decode(&bytes[..length]).unwrap_err().kind(), ErrorKind::Corrupt);
    }
    let mut random = Seeded(11);
    for _ in 0..400 {
        let mut damaged = bytes.clone();
        let at = if random.below(2) == 0 { random.below(60) } else { random.below(bytes.len()) };
        damaged[at] ^= 1 << random.below(8);
        match decode(&damaged) {
            Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupt),
            Ok(graph) => {
                let broken = graph.validate(&rows, |_| true);
                assert!(broken.iter().all(|broken| broken.contains("nearest first")), "{broken:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_decode_to_an_error_or_a_graph(
        words in prop::collection::vec(prop_oneof![0_u32..6, Just(32), Just(u32::MAX), any::<u32>()], 0..80),
        tail in 0_usize..4,
    ) {
        let mut rows = Rows::new(Space::new(Distance::Cosine, D));
        rows.push(&clustered(8, 12)).unwrap();
        let rows = rows.view();
        let mut bytes: Vec<u8> = [1, 2 * M as u32].iter().chain(&words).flat_map(|word| word.to_le_bytes()).collect();
        bytes.truncate(bytes.len() - tail);
        if let Err(error) = Graph::decode(M, EF_CONSTRUCTION, &bytes, None, &rows) {
            prop_assert_eq!(error.kind(), ErrorKind::Corrupt);
        }
    }

    #[test]
    fn a_search_is_never_short_and_always_sorted(
        seed in any::<u64>(), k in 1_usize..80, ef in 1_usize..80, entry in 300_usize..3000,
    ) {
        static INDEX: std::sync::OnceLock<Index> = std::sync::OnceLock::new();
        let index = INDEX.get_or_init(|| Index::of(Distance::Euclidean, &clustered(4500, 13), entry));
        let (rows, graph) = index.views();
        let mut random = Seeded(seed);
        let query: Vec<f32> = (0..D).map(|_| random.float()).collect();
        let (found, _) = graph.search(&rows, &query, 1.0, k, ef, |_| true, rows.len());
        prop_assert_eq!(found.len(), k);
        prop_assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
        for near in found {
            prop_assert_eq!(near.key, rows.key_to(&query, 1.0, near.slot));
        }
    }
}
