//! Recall of real vectors that arrive sorted, 1,000 in an entry, beside all of them shuffled in one; prints tables.
//!
//! `VECTORD_DATA=DIR cargo bench --bench arrival`, where DIR holds `minilm-40k.f16.npy` and `sift-80k.u8.npy`: the
//! last 1,000 rows are the queries, truth is the exact scan, and rows are sorted by the nearest of 100 of them.
//! Without it nothing runs. Both must be within 0.005 of each other at the `ef` either chooses by itself.

mod clock;
mod reading;

use std::path::Path;

use clock::cpu_seconds;
use reading::load;
use vectord::graph::{Graph, GraphView, Rows, RowsView, scan};
use vectord::metric::{Distance, Space};

const QUERIES: usize = 1000;
const CENTRES: usize = 100;
const K: usize = 10;
const M: usize = 16;
const EF_CONSTRUCTION: usize = 128;

fn main() {
    let Some(data) = std::env::var_os("VECTORD_DATA") else {
        println!("skipped: VECTORD_DATA names no directory");
        return;
    };
    for (file, distance) in
        [("minilm-40k.f16.npy", Distance::Cosine), ("sift-80k.u8.npy", Distance::Euclidean)]
    {
        let (vectors, dimension) = load(&Path::new(&data).join(file));
        println!("\n{file}: {} x {dimension}, {}", vectors.len() / dimension, distance.name());
        measure(&vectors, Space::new(distance, dimension));
    }
}

fn measure(vectors: &[f32], space: Space) {
    let d = space.dimension();
    let (base, queries) = vectors.split_at(vectors.len() - QUERIES * d);
    let rows: Vec<&[f32]> = base.chunks(d).collect();
    let shuffled = build("shuffled, one entry", space, &shuffled(&rows), rows.len());
    let sorted = build("sorted, by 1,000", space, &sorted(&rows, space), 1000);
    println!("{:>6}  {:>8}  {:>8}  {:>8}", "ef", "shuffled", "sorted", "less");
    let chosen = [&shuffled, &sorted].map(|(_, graph)| graph.ef_search());
    for ef in chosen.into_iter().chain([10, 20, 40, 80, 160]) {
        let [bulk, fed] = [&shuffled, &sorted].map(|built| recall(built, queries, ef));
        println!("{ef:>6}  {bulk:>8.4}  {fed:>8.4}  {:>8.4}", bulk - fed);
    }
}

/// A seeded permutation (Fisher and Yates).
fn shuffled<'a>(rows: &[&'a [f32]]) -> Vec<&'a [f32]> {
    let mut rows = rows.to_vec();
    let mut state = 1_u64;
    for at in (1..rows.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        rows.swap(at, (state >> 33) as usize % (at + 1));
    }
    rows
}

/// By the nearest of 100 rows that are spread over all.
fn sorted<'a>(rows: &[&'a [f32]], space: Space) -> Vec<&'a [f32]> {
    let norm = |row: &[f32]| space.distance().admit(row).expect("real vectors are admitted");
    let centres: Vec<&[f32]> = (0..CENTRES).map(|at| rows[at * rows.len() / CENTRES]).collect();
    let nearest = |row: &&[f32]| {
        let key = |centre: &[f32]| space.key(row, norm(row), centre, norm(centre));
        (0..CENTRES).min_by(|&a, &b| key(centres[a]).total_cmp(&key(centres[b])))
    };
    let mut rows = rows.to_vec();
    rows.sort_by_cached_key(nearest);
    rows
}

fn build(name: &str, space: Space, rows: &[&[f32]], entry: usize) -> (RowsView, GraphView) {
    let (mut held, mut graph) = (Rows::new(space), Graph::new(M, EF_CONSTRUCTION));
    let clock = cpu_seconds();
    for entry in rows.chunks(entry) {
        held.push(&entry.concat()).expect("real vectors are admitted");
        graph.grow(&held.view(), entry.len());
    }
    let time = (cpu_seconds() - clock) * 1e6 / held.len() as f64;
    let view = graph.view();
    println!("{name:<20} {time:6.1} us per row, codec {}, ef_search {}", view.codec(), view.ef_search());
    (held.view(), view)
}

fn recall((rows, graph): &(RowsView, GraphView), queries: &[f32], ef: usize) -> f64 {
    let space = rows.space();
    let mut hits = 0;
    for query in queries.chunks(space.dimension()) {
        let norm = space.distance().admit(query).expect("real vectors are admitted");
        let truth = scan(rows, query, norm, K, |_| true);
        let (found, _) = graph.search(rows, query, norm, K, ef, |_| true, rows.len());
        // Rows stand in other slots in either build, and of equally near ones any will do.
        hits += found.iter().filter(|near| near.key <= truth[K - 1].key).count();
    }
    hits as f64 / (QUERIES * K) as f64
}
