//! When rows are attached to the graph cannot be seen in the state, nor by how many threads; and a search
//! is whole at every moment between.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use vectord::index::{Batch, Distance, Hits, Index, Operation, Params, Parts, SearchOptions};

use crate::support::numbers::Seeded;

const DIMENSION: usize = 8;

/// One entry of a log.
#[derive(Debug, Clone)]
enum Entry {
    Rows { ids: Vec<String>, metadata: Vec<Option<String>>, vectors: Vec<f32>, deleted: Vec<String> },
    Compact,
}

/// What a snapshot is made of, byte for byte.
#[derive(Debug, Clone, PartialEq)]
struct State {
    vectors: Vec<u32>,
    alive: Vec<u64>,
    ids: Vec<String>,
    metadata: Vec<Option<String>>,
    adjacency: Vec<u8>,
    codes: Option<Vec<u8>>,
}

impl State {
    fn of(index: &Index) -> Self {
        index.with_parts(|Parts { vectors, alive, ids, metadata, adjacency, codes }| Self {
            vectors: vectors.iter().flat_map(|piece| piece.iter().map(|value| value.to_bits())).collect(),
            alive: alive.clone(),
            ids: ids.iter().map(ToString::to_string).collect(),
            metadata: metadata.iter().map(|text| text.map(ToString::to_string)).collect(),
            adjacency: adjacency.clone(),
            codes: codes.clone(),
        })
    }

    fn index(&self, params: Params, seq: u64) -> Index {
        let vectors: Vec<f32> = self.vectors.iter().map(|&bits| f32::from_bits(bits)).collect();
        let parts = Parts {
            vectors: [&vectors, &[]],
            alive: self.alive.clone(),
            ids: self.ids.iter().map(String::as_str).collect(),
            metadata: self.metadata.iter().map(Option::as_deref).collect(),
            adjacency: self.adjacency.clone(),
            codes: self.codes.clone(),
        };
        Index::from_parts(params, seq, &parts).unwrap()
    }
}

fn params() -> Params {
    Params { distance: Distance::Euclidean, ..Params::new(DIMENSION as u32) }
}

fn index(threads: usize) -> Index {
    Index::new(params(), 0).unwrap().with_threads(threads)
}

fn apply(index: &Index, seq: usize, entry: &Entry) {
    let seq = seq as u64 + 1;
    match entry {
        Entry::Compact => index.compact(seq),
        Entry::Rows { ids, metadata, vectors, deleted } => {
            let batch = Batch {
                ids: ids.iter().map(String::as_str).collect(),
                metadata: metadata.iter().map(Option::as_deref).collect(),
                vectors,
            };
            let deleted = deleted.iter().map(String::as_str).collect();
            index.apply(seq, &[Operation::Upsert(batch), Operation::Delete(deleted)]);
        }
    }
}

/// Living rows by id, as a plain map has them.
type Model = BTreeMap<String, Vec<f32>>;

fn follow(model: &mut Model, entry: &Entry) {
    if let Entry::Rows { ids, vectors, deleted, .. } = entry {
        for (id, vector) in ids.iter().zip(vectors.chunks(DIMENSION)) {
            model.insert(id.clone(), vector.to_vec());
        }
        for id in deleted {
            model.remove(id);
        }
    }
}

/// Entries of `sizes` rows: copies and near rows, old ids and new ones, and deletes of young and old rows.
/// A size of 0 is a compaction.
fn entries(random: &mut Seeded, sizes: &[usize]) -> Vec<Entry> {
    let centres: Vec<_> = (0..12).map(|_| random.vector(DIMENSION)).collect();
    let mut known = 0;
    let mut stored: Vec<Vec<f32>> = Vec::new();
    sizes
        .iter()
        .map(|&size| {
            if size == 0 {
                return Entry::Compact;
            }
            let (mut ids, mut vectors) = (Vec::new(), Vec::new());
            for _ in 0..size {
                let is_new = known == 0 || random.below(10) > 0;
                known += usize::from(is_new);
                ids.push(format!("r{}", if is_new { known } else { 1 + random.below(known) }));
                if !stored.is_empty() && random.below(15) == 0 {
                    vectors.extend_from_slice(&stored[random.below(stored.len())]);
                } else {
                    let centre = &centres[random.below(centres.len())];
                    let vector: Vec<f32> = centre.iter().map(|value| value + 0.3 * random.float()).collect();
                    vectors.extend_from_slice(&vector);
                    stored.push(vector);
                }
            }
            let metadata = (0..size).map(|at| (at % 3 == 0).then(|| format!("{at}"))).collect();
            let deleted = (0..size / 8)
                .map(|at| {
                    if at % 2 == 0 {
                        ids[random.below(size)].clone()
                    } else {
                        format!("r{}", random.below(known))
                    }
                })
                .collect();
            Entry::Rows { ids, metadata, vectors, deleted }
        })
        .collect()
}

/// The state after all entries, `pause` being called after each.
fn ingest(entries: &[Entry], index: &Index, mut pause: impl FnMut(&Index)) -> State {
    for (seq, entry) in entries.iter().enumerate() {
        apply(index, seq, entry);
        pause(index);
    }
    State::of(index)
}

fn attach_steps(index: &Index, steps: usize) {
    for _ in 0..steps {
        index.attach_some();
    }
}

fn eagerly(entries: &[Entry], threads: usize) -> State {
    ingest(entries, &index(threads), |index| {
        index.attach_all();
        assert_eq!((index.pending(), index.attach_some()), (0, false));
    })
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum::<f64>().sqrt()
}

/// Every answer is as long as it can be, names living rows once each, at their distances, nearest first;
/// and an exact one names the nearest.
fn assert_answers(index: &Index, model: &Model, random: &mut Seeded) {
    let query = random.vector(DIMENSION);
    let mut truth: Vec<f64> = model.values().map(|vector| distance(&query, vector)).collect();
    truth.sort_by(f64::total_cmp);
    for (k, exact) in [(1, false), (10, false), (300, false), (50, true), (model.len() + 5, true)] {
        let hits = index.search(&query, &SearchOptions { ef: None, exact, ..SearchOptions::new(k) }).unwrap();
        assert_eq!(hits.len(), k.min(model.len()));
        assert_eq!(hits.ids.iter().collect::<BTreeSet<_>>().len(), hits.len(), "a row came twice");
        assert!(hits.distances.is_sorted());
        for (at, (id, &near)) in hits.ids.iter().zip(&hits.distances).enumerate() {
            let vector = model.get(id).unwrap_or_else(|| panic!("{id} is dead, and was found"));
            assert!((distance(&query, vector) - f64::from(near)).abs() < 1e-4, "{id} is not at {near}");
            assert!(!hits.exact || (truth[at] - f64::from(near)).abs() < 1e-4, "{id} is not the {at}th");
        }
    }
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    let entry = prop_oneof![
        4 => 1_usize..40,
        3 => 100_usize..500,
        2 => 1000_usize..2600,
        1 => Just(0_usize),
    ];
    prop::collection::vec(entry, 4..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_state_does_not_tell_when_or_by_how_many_threads_rows_were_attached(
        seed in any::<u64>(), sizes in sizes(), threads in prop::sample::select(vec![1, 2, 4]),
    ) {
        let mut random = Seeded(seed);
        let entries = entries(&mut random, &sizes);
        let eager = eagerly(&entries, 1);
        let lazy = index(threads);
        prop_assert!(ingest(&entries, &lazy, |_| ()) == eager, "lazily by {threads} threads");
        prop_assert_eq!(lazy.pending(), 0);
        prop_assert_eq!(lazy.validate(), Vec::<String>::new());
        let paused = ingest(&entries, &index(threads), |index| {
            attach_steps(index, random.below(40));
        });
        prop_assert!(paused == eager, "with pauses by {threads} threads");
    }

    #[test]
    fn an_index_stored_and_loaded_in_the_middle_goes_on_as_if_it_had_not_been(
        seed in any::<u64>(), sizes in sizes(), cut in 0.0..1.0_f64,
    ) {
        let entries = entries(&mut Seeded(seed), &sizes);
        let cut = (cut * entries.len() as f64) as usize;
        let eager = eagerly(&entries, 1);
        let stored = index(2);
        let middle = ingest(&entries[..cut], &stored, |index| attach_steps(index, 1));
        let loaded = middle.index(params(), cut as u64).with_threads(2);
        prop_assert!(State::of(&loaded) == middle);
        for index in [stored, loaded] {
            entries.iter().enumerate().skip(cut).for_each(|(seq, entry)| apply(&index, seq, entry));
            prop_assert!(State::of(&index) == eager);
        }
    }

    #[test]
    fn every_answer_is_whole_and_alive_between_any_two_pieces(seed in any::<u64>(), sizes in sizes()) {
        let mut random = Seeded(seed);
        let (index, mut model) = (index(2), Model::new());
        for (seq, entry) in entries(&mut random, &sizes).iter().enumerate() {
            apply(&index, seq, entry);
            follow(&mut model, entry);
            prop_assert_eq!(index.len(), model.len());
            assert_answers(&index, &model, &mut random);
            for _ in 0..random.below(12) {
                let before = index.pending();
                let is_more = index.attach_some();
                prop_assert_eq!(is_more, index.pending() > 0);
                prop_assert!(index.pending() <= before);
                assert_answers(&index, &model, &mut random);
            }
        }
        prop_assert_eq!(index.validate(), Vec::<String>::new());
    }
}

#[test]
fn past_a_growth_point_with_compactions_of_pending_rows_the_state_is_the_same_at_1_2_and_4_threads() {
    let entries = entries(&mut Seeded(1), &[9000, 300, 20, 0, 700, 2500, 40, 40, 400, 0, 1000]);
    let eager = eagerly(&entries, 1);
    for threads in [1, 2, 4] {
        let mut was_pending_when_compacted = 0;
        let index = index(threads);
        for (seq, entry) in entries.iter().enumerate() {
            was_pending_when_compacted += usize::from(matches!(entry, Entry::Compact) && index.pending() > 0);
            apply(&index, seq, entry);
            attach_steps(&index, 9);
        }
        assert_eq!(was_pending_when_compacted, 2);
        assert!(State::of(&index) == eager, "{threads} threads");
        assert_eq!(index.validate(), Vec::<String>::new());
    }
}

#[test]
fn rows_of_a_half_attached_batch_find_themselves() {
    let entries = entries(&mut Seeded(2), &[6000]);
    let Entry::Rows { ids, vectors, .. } = &entries[0] else { panic!("the first entry brings rows") };
    let index = index(2);
    apply(&index, 0, &entries[0]);
    let (mut asked, mut found) = (0, 0);
    while index.attach_some() {
        let rows = ids.iter().zip(vectors.chunks(DIMENSION)).step_by(101);
        for (_, vector) in rows
            .filter(|(id, vector)| index.get(&[id])[0].as_ref().is_some_and(|row| *row.vector == **vector))
        {
            let hits = index.search(vector, &SearchOptions::new(1)).unwrap();
            asked += 1;
            found += usize::from(hits.distances[0] < 1e-4);
        }
        let stats = index.stats();
        assert_eq!(stats.pending, stats.tail.max(1), "all of the tail is due");
    }
    assert!(asked > 500 && found * 1000 >= asked * 995, "{found} of {asked}");
}

#[test]
fn entries_are_applied_and_found_while_the_graph_is_held() {
    let entries = entries(&mut Seeded(4), &[3000, 500, 0, 200]);
    let (index, mut model) = (index(2), Model::new());
    let mut random = Seeded(5);
    apply(&index, 0, &entries[0]);
    index.attach_some();
    index.with_parts(|parts| {
        let slots = parts.ids.len();
        follow(&mut model, &entries[0]);
        for (seq, entry) in entries.iter().enumerate().skip(1) {
            apply(&index, seq, entry);
            follow(&mut model, entry);
            assert_answers(&index, &model, &mut random);
        }
        assert_eq!((parts.ids.len(), parts.vectors.concat().len()), (slots, slots * DIMENSION));
    });
    assert!(State::of(&index) == eagerly(&entries, 1));
}

#[test]
fn one_applies_one_attaches_and_two_search() {
    let mut random = Seeded(3);
    let sizes: Vec<usize> = (0..60).map(|at| if at % 25 == 24 { 0 } else { 1 + random.below(300) }).collect();
    let entries = entries(&mut random, &[&[2500], &sizes[..]].concat());
    let mut models = vec![Model::new()];
    for entry in &entries {
        let mut model = models.last().unwrap().clone();
        follow(&mut model, entry);
        models.push(model);
    }
    let (index, done) = (index(2), AtomicBool::new(false));
    let seen: Mutex<Vec<(Vec<f32>, usize, Hits)>> = Mutex::default();
    std::thread::scope(|scope| {
        for searcher in 0..2 {
            let (index, done, seen) = (&index, &done, &seen);
            scope.spawn(move || {
                let mut random = Seeded(10 + searcher);
                while !done.load(Ordering::Acquire) {
                    let (query, k) = (random.vector(DIMENSION), 1 + random.below(40));
                    let exact = random.below(4) == 0;
                    let hits = index
                        .search(&query, &SearchOptions { ef: None, exact, ..SearchOptions::new(k) })
                        .unwrap();
                    seen.lock().unwrap().push((query, k, hits));
                }
            });
        }
        let attaching = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                if !index.attach_some() {
                    std::thread::yield_now();
                }
            }
        });
        entries.iter().enumerate().for_each(|(seq, entry)| apply(&index, seq, entry));
        index.attach_all();
        done.store(true, Ordering::Release);
        attaching.join().unwrap();
    });
    assert!(State::of(&index) == eagerly(&entries, 1));
    assert_eq!(index.validate(), Vec::<String>::new());
    let seen = seen.into_inner().unwrap();
    assert!(seen.len() > 100, "{} searches ran", seen.len());
    for (query, k, hits) in seen {
        let model = &models[hits.seq as usize];
        assert_eq!(hits.len(), k.min(model.len()), "at seq {}", hits.seq);
        assert_eq!(hits.ids.iter().collect::<BTreeSet<_>>().len(), hits.len(), "a row came twice");
        assert!(hits.distances.is_sorted());
        for (id, near) in hits.ids.iter().zip(&hits.distances) {
            let vector = model.get(id).unwrap_or_else(|| panic!("{id} is dead at seq {}", hits.seq));
            assert!((distance(&query, vector) - f64::from(*near)).abs() < 1e-4);
        }
    }
}
