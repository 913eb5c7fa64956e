//! Copies of one vector, which real data is full of, never hide a row.

use std::collections::BTreeSet;

use vectord::registry::{Batch, Distance, Params, Registry, SearchOptions};

use crate::support::numbers::Seeded;

const ROWS: usize = 5_000;
const COPIES: usize = 1_000;
const DIMENSION: usize = 32;

fn every_copy_and_every_row_is_found(distance: Distance, batch_rows: usize) {
    let mut random = Seeded(11);
    let mut vectors = random.clustered(ROWS, DIMENSION);
    let copied = random.vector(DIMENSION);
    let copies: BTreeSet<String> = (0..COPIES).map(|i| format!("r{}", i * 5)).collect();
    for i in 0..COPIES {
        vectors[i * 5].clone_from(&copied);
    }
    let live = Registry::open_unshared("memory:")
        .unwrap()
        .create("copies", Params { distance, ..Params::new(DIMENSION as u32) })
        .unwrap();
    for (at, chunk) in vectors.chunks(batch_rows).enumerate() {
        let mut batch = Batch::builder(chunk.len(), DIMENSION as u32);
        for (i, vector) in chunk.iter().enumerate() {
            batch.push_row(&format!("r{}", at * batch_rows + i), None, vector).unwrap();
        }
        live.add(batch.finish().unwrap(), None).unwrap();
    }
    assert_eq!(live.validate().unwrap(), Vec::<String>::new());
    for exact in [false, true] {
        let hits =
            live.search(&copied, &SearchOptions { ef: None, exact, ..SearchOptions::new(COPIES) }).unwrap();
        assert_eq!(hits.exact, exact);
        assert_eq!(
            hits.ids.iter().map(ToString::to_string).collect::<BTreeSet<_>>(),
            copies,
            "exact: {exact}"
        );
        for (i, vector) in vectors.iter().enumerate().filter(|(i, _)| i % 5 != 0) {
            let hits =
                live.search(vector, &SearchOptions { ef: None, exact, ..SearchOptions::new(1) }).unwrap();
            assert_eq!(hits.ids[0], *format!("r{i}"), "exact: {exact}");
            assert!(hits.distances[0] <= 1e-3, "{}", hits.distances[0]);
        }
    }
}

#[test]
fn a_thousand_copies_are_all_found_and_hide_nothing_under_cosine() {
    every_copy_and_every_row_is_found(Distance::Cosine, 1_000);
}

#[test]
fn a_thousand_copies_are_all_found_and_hide_nothing_under_euclidean_in_one_batch() {
    every_copy_and_every_row_is_found(Distance::Euclidean, ROWS);
}
