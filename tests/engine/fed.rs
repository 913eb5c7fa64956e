//! An index and what was put into it; exact answers are the index's own exact scan.

use std::collections::BTreeSet;

use vectord::index::{Batch, Distance, Index, Operation, Params, Parts, SearchOptions};

/// Neighbours asked for.
pub const K: usize = 10;

/// An index whose row `i` has the id `i` in decimal.
pub struct Fed {
    pub index: Index,
    pub rows: Vec<Vec<f32>>,
    pub dead: BTreeSet<usize>,
    seq: u64,
}

impl Fed {
    pub fn new(params: Params) -> Self {
        let index = Index::new(params, 0).unwrap();
        Self { index, rows: Vec::new(), dead: BTreeSet::new(), seq: 0 }
    }

    /// With `rows` in entries of `entry`, all attached.
    pub fn with(distance: Distance, rows: &[Vec<f32>], entry: usize) -> Self {
        let mut fed = Self::new(Params { distance, ..Params::new(rows[0].len() as u32) });
        for rows in rows.chunks(entry) {
            fed.add(rows);
        }
        fed
    }

    pub fn add(&mut self, rows: &[Vec<f32>]) {
        let first = self.rows.len();
        self.rows.extend_from_slice(rows);
        self.put(&(first..self.rows.len()).collect::<Vec<_>>());
    }

    /// Writes rows as `self.rows` has them, again or for the first time.
    pub fn put(&mut self, rows: &[usize]) {
        let ids: Vec<String> = rows.iter().map(ToString::to_string).collect();
        let vectors: Vec<f32> = rows.iter().flat_map(|&row| self.rows[row].iter().copied()).collect();
        let ids = ids.iter().map(String::as_str).collect::<Vec<_>>();
        let batch = Batch { metadata: vec![None; ids.len()], ids, vectors: &vectors };
        self.apply(&Operation::Upsert(batch));
        for row in rows {
            self.dead.remove(row);
        }
    }

    pub fn delete(&mut self, rows: &[usize]) {
        let ids: Vec<String> = rows.iter().map(ToString::to_string).collect();
        self.apply(&Operation::Delete(ids.iter().map(String::as_str).collect()));
        self.dead.extend(rows);
    }

    pub fn compact(&mut self) {
        self.seq += 1;
        self.index.compact(self.seq);
        self.index.attach_all();
    }

    fn apply(&mut self, operation: &Operation<'_>) {
        self.seq += 1;
        self.index.apply(self.seq, std::slice::from_ref(operation));
        self.index.attach_all();
    }

    /// The share of the ten nearest rows that searches find, as near as those: of equals any will do.
    pub fn recall(&self, queries: &[Vec<f32>]) -> f64 {
        self.recall_at(queries, None)
    }

    /// The same with `ef` candidates.
    pub fn recall_at(&self, queries: &[Vec<f32>], ef: Option<usize>) -> f64 {
        let (mut found, mut wanted) = (0, 0);
        for query in queries {
            let [near, exact] = [false, true].map(|exact| {
                self.index.search(query, &SearchOptions { ef, exact, ..SearchOptions::new(K) }).unwrap()
            });
            assert_eq!(near.len(), exact.len(), "an answer is short");
            assert!(near.distances.is_sorted());
            for id in near.ids.iter() {
                assert!(!self.dead.contains(&id.parse().unwrap()), "{id} is dead, and was found");
            }
            let farthest = *exact.distances.last().unwrap();
            found += near.distances.iter().filter(|&&distance| distance <= farthest).count();
            wanted += exact.len();
        }
        found as f64 / wanted as f64
    }

    /// How many living rows, of every `step`th, a search for their own vector does not find within `reach`.
    pub fn lost(&self, step: usize, reach: f32) -> Vec<usize> {
        let finds = |row: usize| {
            let hits = self.index.search(&self.rows[row], &SearchOptions::new(1)).unwrap();
            hits.distances[0] <= reach
        };
        (0..self.rows.len()).step_by(step).filter(|row| !self.dead.contains(row) && !finds(*row)).collect()
    }

    /// The state's own bytes, all due work done.
    pub fn digest(&self) -> u128 {
        self.index.with_parts(|Parts { vectors, alive, ids, metadata, adjacency, codes }| {
            let mut bytes: Vec<u8> =
                vectors.iter().flat_map(|piece| piece.iter().flat_map(|v| v.to_le_bytes())).collect();
            bytes.extend(alive.iter().flat_map(|word| word.to_le_bytes()));
            bytes.extend(ids.iter().flat_map(|id| id.bytes().chain([0])));
            bytes.extend(metadata.iter().map(|text| u8::from(text.is_some())));
            bytes.extend(adjacency);
            bytes.extend(codes.as_deref().unwrap_or_default());
            xxhash_rust::xxh3::xxh3_128(&bytes)
        })
    }
}
