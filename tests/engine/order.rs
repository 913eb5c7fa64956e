//! Rows that come in the order of their clusters are found as well as rows that come all at once, shuffled.
//!
//! At full size, on real vectors: `benches/arrival.rs`.

use vectord::index::Distance;

use crate::fed::Fed;
use crate::support::numbers::Seeded;

const D: usize = 24;
const N: usize = 6_000;

fn nearest(centres: &[Vec<f32>], row: &[f32]) -> usize {
    let apart = |centre: &Vec<f32>| centre.iter().zip(row).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
    (0..centres.len()).min_by(|&a, &b| apart(&centres[a]).total_cmp(&apart(&centres[b]))).unwrap()
}

#[test]
fn rows_in_clustered_order_by_the_thousand_are_found_as_well_as_in_one_shuffled_entry() {
    for distance in Distance::ALL {
        let mut random = Seeded(1);
        let mut rows = random.clustered(N + 300, D);
        let queries = rows.split_off(N);
        let together = Fed::with(distance, &rows, N);
        let centres: Vec<Vec<f32>> = (0..100).map(|at| rows[at * N / 100].clone()).collect();
        rows.sort_by_key(|row| nearest(&centres, row));
        let apart = Fed::with(distance, &rows, 1_000);
        for ef in [12, 20, 40] {
            let [bulk, sorted] = [&together, &apart].map(|fed| fed.recall_at(&queries, Some(ef)));
            // 0.005, and three standard errors of the difference of two shares of 3,000 neighbours around 0.95.
            assert!(sorted >= bulk - 0.022, "{} at {ef}: {sorted}, {bulk} in bulk", distance.name());
        }
        assert!(apart.recall(&queries) >= 0.95);
    }
}
