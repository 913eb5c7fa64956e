//! hnsw_rs by itself, on the rows that peers.py gives the other libraries: one thread, M=16, efConstruction=200.
//!
//! `cargo bench --bench hnsw_rs_alone -- FILE DIMENSION DISTANCE BASE EFFORT..`, where FILE holds raw little-endian
//! float32 rows, the first BASE of which are indexed and the rest asked. Prints one line of JSON: build time per row,
//! and for each effort the times of three passes over the queries with the ids found. It uses the crate's own
//! distances, as they are without features. Parallel inserts are left out: hnsw_rs 0.3.5 can deadlock in them.

use std::path::Path;
use std::time::Instant;

use hnsw_rs::prelude::{DistCosine, DistL2, Distance, Hnsw};
use serde_json::{Value, json};

const K: usize = 10;
const PASSES: usize = 3;

fn main() {
    let given: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let [file, dimension, distance, base, efforts @ ..] = &given[..] else {
        println!("skipped: benches/peers.py says which rows");
        return;
    };
    let number = |text: &String| text.parse::<usize>().expect("a number");
    let (rows, d) = (read(Path::new(file)), number(dimension));
    let (base, queries) = rows.split_at(number(base) * d);
    let efforts: Vec<usize> = efforts.iter().map(number).collect();
    let told = match distance.as_str() {
        "cosine" => measure(DistCosine {}, base, queries, d, &efforts),
        "euclidean" => measure(DistL2 {}, base, queries, d, &efforts),
        other => panic!("no distance is called {other}"),
    };
    println!("{told}");
}

fn read(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).expect("a readable file");
    bytes.as_chunks::<4>().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect()
}

/// Resident bytes that no file backs, in MiB.
fn anonymous() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says what is resident");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("since Linux 4.5");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number of kB") / 1024.0
}

fn measure<D>(distance: D, base: &[f32], queries: &[f32], d: usize, efforts: &[usize]) -> Value
where
    D: Distance<f32> + Send + Sync,
{
    let (before, begun) = (anonymous(), Instant::now());
    let graph = Hnsw::new(16, base.len() / d, 16, 200, distance);
    for (row, vector) in base.chunks_exact(d).enumerate() {
        graph.insert((vector, row));
    }
    let build = begun.elapsed().as_secs_f64() * 1e6 / (base.len() / d) as f64;
    let taken = anonymous() - before;
    let points: Vec<Value> = efforts
        .iter()
        .map(|&effort| {
            let (mut passes, mut ids) = (Vec::new(), Vec::new());
            for _ in 0..PASSES {
                let mut seconds = 0.0;
                ids.clear();
                for query in queries.chunks_exact(d) {
                    let begun = Instant::now();
                    let found = graph.search(query, K, effort);
                    seconds += begun.elapsed().as_secs_f64();
                    ids.push(found.iter().map(|near| near.d_id).collect::<Vec<usize>>());
                }
                passes.push(seconds * 1e6 / (queries.len() / d) as f64);
            }
            json!({"effort": effort, "us": passes, "ids": ids})
        })
        .collect();
    json!({"build_us": build, "anonymous": taken, "points": points})
}
