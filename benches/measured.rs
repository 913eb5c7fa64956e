//! Whether measured recall is true, and asked recall is met, on real vectors; prints tables.
//!
//! `VECTORD_DATA=DIR cargo bench --bench measured [-- FILE..]`, where DIR holds `minilm-40k.f16.npy` and
//! `sift-80k.u8.npy`: the last 1,000 rows are held out as queries. Without it nothing runs.

mod reading;

use std::path::Path;
use std::time::Instant;

use reading::load;
use vectord::index::{Batch, Distance, Filter, Index, Operation, Params, RecallOptions, SearchOptions};

const HELD_OUT: usize = 1000;

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
        let (base, queries) = vectors.split_at(vectors.len() - HELD_OUT * dimension);
        println!("\n{file}: {} x {dimension}, {}", base.len() / dimension, distance.name());
        let index = build(base, dimension, distance);
        met(&index, queries);
        measured(&index, queries);
    }
}

fn build(base: &[f32], dimension: usize, distance: Distance) -> Index {
    let params = Params { distance, ..Params::new(dimension as u32) };
    let index = Index::new(params, 0).expect("good parameters");
    let ids: Vec<String> = (0..base.len() / dimension).map(|row| row.to_string()).collect();
    let metadata: Vec<String> = (0..ids.len()).map(|row| format!(r#"{{"part":{}}}"#, row % 10)).collect();
    let batch = Batch {
        ids: ids.iter().map(String::as_str).collect(),
        metadata: metadata.iter().map(|text| Some(text.as_str())).collect(),
        vectors: base,
    };
    index.apply(1, &[Operation::Upsert(batch)]);
    index.attach_all();
    index
}

/// The intervals of 20 samples, beside the recall of all rows, and that of queries that are no rows.
fn measured(index: &Index, queries: &[f32]) {
    let recall = |options: RecallOptions| index.recall(&options).expect("good options");
    println!("ef    rows   held out   intervals of 200 rows that hold the first, and how wide they are");
    let fifth = Filter::parse(r#"{"part": {"$in": [3, 5]}}"#).expect("a filter");
    for (filter, what) in [(None, ""), (Some(fifth), "of a fifth")] {
        for ef in [None, Some(16), Some(32), Some(128)] {
            let options = RecallOptions { ef, filter: filter.clone(), ..RecallOptions::default() };
            let all = recall(RecallOptions { sample: usize::MAX, ..options.clone() });
            let out = recall(RecallOptions { queries: Some(queries.to_vec()), ..options.clone() });
            let samples: Vec<_> =
                (0..20).map(|seed| recall(RecallOptions { seed, ..options.clone() })).collect();
            let held = samples.iter().filter(|one| (one.low..=one.high).contains(&all.recall)).count();
            let wide = samples.iter().map(|one| one.high - one.low).sum::<f64>() / 20.0;
            println!("{:<5} {:.4} {:.4}     {held} of 20, {wide:.4}  {what}", all.ef, all.recall, out.recall);
        }
    }
    let clock = Instant::now();
    recall(RecallOptions::default());
    println!("200 rows asked in {:.3} s", clock.elapsed().as_secs_f64());
}

/// What is found of what held-out queries seek, where a recall is asked for.
fn met(index: &Index, queries: &[f32]) {
    for k in [10, 1, 100] {
        let clock = Instant::now();
        let first = SearchOptions { recall: Some(0.95), ..SearchOptions::new(k) };
        let dimension = index.params().dimension as usize;
        index.search(&queries[..dimension], &first).expect("a good query");
        println!("k = {k}: learnt in {:.3} s", clock.elapsed().as_secs_f64());
        for target in [0.8, 0.9, 0.95, 0.99, 0.995] {
            let asked = SearchOptions { recall: Some(target), explain: true, ..SearchOptions::new(k) };
            let hits = index.search(&queries[..dimension], &asked).expect("a good query");
            let Some(told) = hits.explanation else { continue };
            let found = if told.exact {
                1.0
            } else {
                let queries = Some(queries.to_vec());
                let options = RecallOptions { k, ef: Some(told.ef), queries, ..RecallOptions::default() };
                index.recall(&options).expect("good options").recall
            };
            println!("  recall {target}: {} at ef {}, found {found:.4}", told.path.name(), told.ef);
        }
    }
}
