//! Deletes and what gives their place back: while the graph of a compaction is built, searches find the nearest
//! of the rows that live; afterwards memory is back, and nothing tells that rows were ever deleted.

use std::collections::BTreeMap;

use vectord::index::{Batch, Distance, Index, Operation, Params, SearchOptions};

use crate::support::numbers::Seeded;

const DIMENSION: usize = 32;
const ROWS: usize = 6_000;
const K: usize = 10;

/// An index, and what was written to it as a plain map has it.
struct Held {
    index: Index,
    seq: u64,
    living: BTreeMap<usize, Vec<f32>>,
    /// Ids are numbers, counted up.
    next: usize,
}

impl Held {
    fn empty(distance: Distance) -> Self {
        let params = Params { distance, ..Params::new(DIMENSION as u32) };
        Self {
            index: Index::new(params, 0).unwrap().with_threads(2),
            seq: 0,
            living: BTreeMap::new(),
            next: 0,
        }
    }

    fn with(distance: Distance, vectors: &[Vec<f32>]) -> Self {
        let mut held = Self::empty(distance);
        held.add(vectors);
        held.index.attach_all();
        held
    }

    fn write(&mut self, upserted: &[(usize, &[f32])], deleted: &[usize]) {
        let ids: Vec<String> = upserted.iter().map(|(id, _)| id.to_string()).collect();
        let gone: Vec<String> = deleted.iter().map(ToString::to_string).collect();
        let vectors: Vec<f32> = upserted.iter().flat_map(|(_, vector)| *vector).copied().collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let batch = Batch { metadata: vec![None; ids.len()], ids, vectors: &vectors };
        self.seq += 1;
        let delete = Operation::Delete(gone.iter().map(String::as_str).collect());
        self.index.apply(self.seq, &[Operation::Upsert(batch), delete]);
        self.living.extend(upserted.iter().map(|&(id, vector)| (id, vector.to_vec())));
        for id in deleted {
            self.living.remove(id);
        }
    }

    fn add(&mut self, vectors: &[Vec<f32>]) {
        let from = self.next;
        self.next += vectors.len();
        let rows: Vec<_> = vectors.iter().enumerate().map(|(at, row)| (from + at, row.as_slice())).collect();
        self.write(&rows, &[]);
    }

    /// Deletes one in `part` of the living rows.
    fn delete_one_in(&mut self, part: usize, random: &mut Seeded) {
        let gone: Vec<usize> = self.living.keys().copied().filter(|_| random.below(part) == 0).collect();
        self.write(&[], &gone);
    }

    fn compact(&mut self) {
        self.seq += 1;
        self.index.compact(self.seq);
    }

    /// Recall@10 of `queries`, each answer being whole and alive.
    fn recall(&self, queries: &[Vec<f32>]) -> f64 {
        let mut found = 0;
        for query in queries {
            let [near, truth] = [false, true].map(|exact| {
                let hits =
                    self.index.search(query, &SearchOptions { exact, ..SearchOptions::new(K) }).unwrap();
                assert_eq!(hits.len(), K.min(self.living.len()));
                assert!(hits.exact || !exact);
                assert!(hits.distances.is_sorted());
                hits.ids
            });
            assert!(near.iter().all(|id| self.living.contains_key(&id.parse().unwrap())), "a dead row");
            found += near.iter().filter(|id| truth.iter().any(|near| near == *id)).count();
        }
        found as f64 / (queries.len() * K) as f64
    }

    /// The row `id` is what its own vector finds, at distance 0, wherever it is.
    fn assert_finds(&self, id: usize) {
        let hits = self.index.search(&self.living[&id], &SearchOptions::new(K)).unwrap();
        let at = hits.ids.iter().position(|found| *found == *id.to_string());
        assert!(at.is_some_and(|at| hits.distances[at] < 1e-3), "row {id} was not found");
    }
}

fn attach_steps(index: &Index, steps: usize) {
    for _ in 0..steps {
        index.attach_some();
    }
}

#[test]
fn while_a_compacted_index_gets_its_graph_searches_find_the_nearest_rows_without_looking_at_all() {
    for distance in [Distance::Euclidean, Distance::Cosine] {
        let mut random = Seeded(1);
        let mut rows = random.clustered(ROWS + 2_030, DIMENSION);
        let queries = rows.split_off(ROWS + 2_000);
        let (rows, more) = rows.split_at(ROWS);
        let mut held = Held::with(distance, rows);
        held.delete_one_in(3, &mut random);
        let before = held.index.stats();
        held.compact();
        let during = held.index.stats();
        assert_eq!((during.dead, during.tail, during.pending), (0, 0, held.living.len()));
        assert!(during.bytes_memory > before.bytes_memory, "both are held");
        let mut steps = 0;
        for new in more.chunks(3) {
            let recall = held.recall(&queries);
            assert!(recall >= 0.95, "{recall} after {steps} steps");
            let first = held.next;
            held.add(new);
            let replaced = *held.living.keys().nth(random.below(held.living.len())).unwrap();
            held.write(&[(replaced, &random.vector(DIMENSION))], &[]);
            let deleted = *held.living.keys().nth(random.below(held.living.len())).unwrap();
            [first, replaced].into_iter().filter(|&id| id != deleted).for_each(|id| held.assert_finds(id));
            held.write(&[], &[deleted]);
            let recall = held.recall(&queries);
            assert!(recall >= 0.95, "{recall} after {steps} steps");
            steps += 1;
            if !held.index.attach_some() {
                break;
            }
        }
        assert!(steps > 10, "it was built in {steps} steps");
        assert_eq!(held.index.pending(), 0);
        let after = held.index.stats();
        assert!(after.bytes_memory * 10 < before.bytes_memory * 9, "{after:?} after {before:?}");
        assert!(held.recall(&queries) >= 0.95);
        assert_eq!(held.index.validate(), Vec::<String>::new());
    }
}

#[test]
fn a_compaction_before_the_last_one_has_its_graph_keeps_the_newest_graph_that_is_whole() {
    let mut random = Seeded(2);
    let mut rows = random.clustered(ROWS + 930, DIMENSION);
    let queries = rows.split_off(ROWS + 900);
    let (rows, more) = rows.split_at(ROWS);
    let mut held = Held::with(Distance::Euclidean, rows);
    let (alone, mut most) = (held.index.stats().bytes_memory, 0);
    for new in more.chunks(300) {
        held.delete_one_in(4, &mut random);
        held.compact();
        attach_steps(&held.index, 20);
        assert!(held.recall(&queries) >= 0.95);
        let first = held.next;
        held.add(new);
        (first..held.next).step_by(37).for_each(|id| held.assert_finds(id));
        assert!(held.recall(&queries) >= 0.95);
        most = most.max(held.index.stats().bytes_memory);
    }
    let stats = held.index.stats();
    assert!(stats.pending > 0, "none of them was done");
    assert_eq!(stats.tail, held.living.range(ROWS..).count(), "the graph before all three is in use");
    held.index.attach_all();
    assert_eq!(held.index.stats().tail, 0);
    assert!(most < alone * 2, "{most} is more than two, at {alone} for one");
    assert_eq!(held.index.validate(), Vec::<String>::new());
}

#[test]
fn a_row_deleted_while_the_graph_is_built_does_not_return_when_it_is_there() {
    let mut random = Seeded(3);
    let mut held = Held::with(Distance::Euclidean, &random.clustered(3_000, DIMENSION));
    held.delete_one_in(2, &mut random);
    let queries = random.clustered(20, DIMENSION);
    held.compact();
    // Below the size of a graph nothing is built, and searches are scans.
    assert_eq!((held.index.pending(), held.index.stats().tail), (0, held.living.len()));
    held.add(&random.clustered(2_000, DIMENSION));
    held.index.attach_all();
    held.compact();
    for _ in 0..30 {
        held.delete_one_in(6, &mut random);
        assert!(held.recall(&queries) >= 0.95);
        held.index.attach_some();
    }
    held.index.attach_all();
    let last: Vec<usize> = held.living.keys().copied().collect();
    assert!(!last.is_empty() && last.len() < 100);
    assert!(held.recall(&queries) >= 0.95);
    held.write(&[], &last);
    assert!(held.index.search(&queries[0], &SearchOptions::new(K)).unwrap().is_empty());
    held.compact();
    assert_eq!((held.index.len(), held.index.dead(), held.index.pending()), (0, 0, 0));
    assert_eq!(held.index.validate(), Vec::<String>::new());
}

#[test]
fn after_ten_rounds_of_deleting_half_and_adding_as_much_an_index_is_as_good_and_as_small_as_a_fresh_one() {
    let mut random = Seeded(4);
    let mut rows = random.clustered(ROWS + ROWS / 2 * 10 + 300, DIMENSION);
    let queries = rows.split_off(ROWS + ROWS / 2 * 10);
    let more = rows.split_off(ROWS);
    let mut held = Held::with(Distance::Euclidean, &rows);
    for new in more.chunks(ROWS / 2) {
        let gone: Vec<usize> = held.living.keys().copied().skip(random.below(2)).step_by(2).collect();
        held.write(&[], &gone);
        held.compact();
        for rows in new.chunks(500) {
            held.add(rows);
            attach_steps(&held.index, 3);
        }
    }
    assert_eq!(held.index.len(), ROWS);
    held.index.attach_all();
    let fresh = Held::with(Distance::Euclidean, &held.living.values().cloned().collect::<Vec<_>>());
    let [churned, expected] = [&held, &fresh].map(|held| held.recall(&queries));
    assert!(churned >= expected - 0.005, "recall {churned} beside {expected}");
    let [churned, expected] = [&held, &fresh].map(|held| held.index.stats().bytes_memory);
    assert!(churned * 100 <= expected * 115, "{churned} bytes beside {expected}");
    assert_eq!(held.index.validate(), Vec::<String>::new());
}
