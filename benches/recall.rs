//! Recall, and the processor time of builds and searches, of the graph on real vectors; prints a table.
//!
//! `VECTORD_DATA=DIR cargo bench --bench recall [-- FILE..]`, where DIR holds `minilm-40k.f16.npy` and
//! `sift-80k.u8.npy`: the last 1,000 rows are the queries, truth is the exact scan. Without it nothing runs.

mod clock;
mod reading;

use std::path::Path;

use clock::cpu_seconds;
use reading::load;
use vectord::graph::{Graph, Neighbour, Rows, RowsView, scan};
use vectord::metric::{Distance, Space};

const QUERIES: usize = 1000;
const K: usize = 10;

fn main() {
    let Some(data) = std::env::var_os("VECTORD_DATA") else {
        println!("skipped: VECTORD_DATA names no directory");
        return;
    };
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for (file, distance) in
        [("minilm-40k.f16.npy", Distance::Cosine), ("sift-80k.u8.npy", Distance::Euclidean)]
    {
        if !asked.is_empty() && !asked.iter().any(|name| file.contains(name.as_str())) {
            continue;
        }
        let (vectors, dimension) = load(&Path::new(&data).join(file));
        println!("\n{file}: {} x {dimension}, {}", vectors.len() / dimension, distance.name());
        measure(&vectors, Space::new(distance, dimension));
    }
}

/// A search of the rows for a query with its inverse norm.
type Search<'a> = &'a dyn Fn(&RowsView, &[f32], f32) -> Vec<Neighbour>;

fn measure(vectors: &[f32], space: Space) {
    let d = space.dimension();
    let (base, queries) = vectors.split_at(vectors.len() - QUERIES * d);
    let number = |name: &str, default: usize| {
        std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
    };
    let (m, ef_construction) = (number("M", 16), number("EFC", 200));
    let entry = number("ENTRY", base.len() / d);
    let (mut rows, mut graph) = (Rows::new(space), Graph::new(m, ef_construction));
    let clock = cpu_seconds();
    for entry in base.chunks(entry * d) {
        rows.push(entry).expect("real vectors are admitted");
        graph.grow(&rows.view(), entry.len() / d);
    }
    let n = rows.len();
    println!(
        "m={m} ef_construction={ef_construction} entries of {entry}: built at {:.1} us per row; {:?}",
        (cpu_seconds() - clock) * 1e6 / n as f64,
        graph.view().stats(rows.len())
    );
    let (rows, view) = (rows.view(), graph.view());
    let norms: Vec<f32> =
        queries.chunks(d).map(|query| space.distance().admit(query).expect("admitted")).collect();
    let run = |search: Search<'_>| {
        let clock = cpu_seconds();
        let found: Vec<_> =
            queries.chunks(d).zip(&norms).map(|(query, &norm)| search(&rows, query, norm)).collect();
        (found, (cpu_seconds() - clock) * 1e6 / QUERIES as f64)
    };
    let (truth, exact) = run(&|rows, query, norm| scan(rows, query, norm, K, |_| true));
    println!("exact scan: {exact:.1} us per query, codec {}", view.codec());
    let mut points: Vec<(f64, f64)> = Vec::new();
    for ef in [10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320] {
        let mut times = Vec::new();
        let mut hits = 0;
        for _ in 0..5 {
            let (found, time) =
                run(&|rows, query, norm| view.search(rows, query, norm, K, ef, |_| true, n).0);
            times.push(time);
            hits = truth
                .iter()
                .zip(&found)
                .map(|(truth, found)| {
                    found.iter().filter(|near| truth.iter().any(|t| t.slot == near.slot)).count()
                })
                .sum();
        }
        times.sort_by(f64::total_cmp);
        let recall = hits as f64 / (QUERIES * K) as f64;
        points.push((recall, times[0]));
        println!("ef={ef:<4} recall@10 {:.4}  {:6.1} us per query", recall, times[2]);
    }
    for target in [0.95, 0.99] {
        let at = points.windows(2).find(|pair| pair[1].0 >= target);
        if let Some(&[(low, fast), (high, slow)]) = at {
            let share = ((target - low) / (high - low)).max(0.0);
            println!("recall {target}: {:.1} us", fast * (slow / fast).powf(share));
        }
    }
}
