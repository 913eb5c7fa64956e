//! Searches find what is near in data that bytes or graphs could do badly on, at the default `ef_search`.

use vectord::index::Distance::{self, Cosine, Dot, Euclidean};
use vectord::index::SearchOptions;

use crate::fed::{Fed, K};
use crate::shapes;
use crate::support::numbers::Seeded;

const N: usize = 5_000;
const QUERIES: usize = 150;

type Shape = fn(&mut Seeded, usize) -> Vec<Vec<f32>>;

/// Rows of a shape in entries of 1,000, an eighth of them deleted, and queries of the same shape.
fn found(shape: Shape, distance: Distance) -> &'static str {
    let mut rows = shape(&mut Seeded(1), N + QUERIES);
    let queries = rows.split_off(N);
    serves(distance, &rows, &queries, 1_000)
}

fn serves(distance: Distance, rows: &[Vec<f32>], queries: &[Vec<f32>], entry: usize) -> &'static str {
    let mut fed = Fed::with(distance, rows, entry);
    let codec = fed.index.stats().codec;
    let ef = fed.index.ef_search();
    let recall = fed.recall(queries);
    eprintln!("{}: {codec}, ef {ef}, recall {recall}", distance.name());
    assert!(recall >= 0.95, "{}: recall {recall}, {codec}", distance.name());
    let reach = match distance {
        Cosine => 1e-6,
        Euclidean => 0.0,
        // A row's own product is seldom the largest.
        Dot => f32::MAX,
    };
    assert_eq!(fed.lost(17, reach), [0; 0], "{}, {codec}", distance.name());
    fed.delete(&(0..rows.len()).step_by(8).collect::<Vec<_>>());
    let recall = fed.recall(queries);
    assert!(recall >= 0.95, "{}: recall {recall} with dead rows", distance.name());
    let all = fed.index.search(&queries[0], &SearchOptions::new(rows.len())).unwrap();
    assert_eq!(all.len(), rows.len() - rows.len().div_ceil(8));
    assert_eq!(fed.index.validate(), Vec::<String>::new());
    codec
}

#[test]
fn clustered_rows_are_coded() {
    for distance in Distance::ALL {
        assert_eq!(found(shapes::clustered, distance), "sq8");
    }
}

#[test]
fn a_few_components_outweigh_the_others() {
    for distance in Distance::ALL {
        found(shapes::outlier_components, distance);
    }
}

#[test]
fn rows_are_of_all_lengths() {
    for distance in Distance::ALL {
        found(shapes::wild_norms, distance);
    }
}

#[test]
fn rows_are_constant() {
    for distance in [Euclidean, Dot] {
        found(shapes::constant_rows, distance);
    }
}

#[test]
fn one_row_is_huge() {
    for distance in Distance::ALL {
        found(shapes::one_huge_row, distance);
    }
}

#[test]
fn values_are_large_or_small() {
    for distance in Distance::ALL {
        found(shapes::large_values, distance);
        found(shapes::small_values, distance);
        found(shapes::small_beside_large, distance);
    }
}

#[test]
fn most_rows_are_one_vector() {
    for distance in Distance::ALL {
        let rows = shapes::copies(&mut Seeded(2), 8_000);
        let queries: Vec<_> =
            rows.iter().rev().filter(|row| **row != rows[0]).take(QUERIES).cloned().collect();
        serves(distance, &rows, &queries, 2_000);
    }
}

#[test]
fn many_distances_are_equal() {
    for distance in Distance::ALL {
        found(shapes::ties, distance);
    }
}

#[test]
fn rows_lie_on_a_line_or_a_plane() {
    for distance in [Cosine, Euclidean] {
        found(shapes::a_line, distance);
        found(shapes::a_plane, distance);
    }
}

#[test]
fn later_rows_are_elsewhere_and_larger_or_smaller() {
    for distance in Distance::ALL {
        for scale in [50.0, 0.02] {
            let rows = shapes::drifting(&mut Seeded(3), 2_500, 4_000, scale);
            let near = |at: usize| rows[at].iter().map(|value| value * 1.001).collect();
            let queries: Vec<Vec<f32>> = (0..rows.len()).step_by(47).map(near).collect();
            let newest: Vec<Vec<f32>> = (2_500..rows.len()).step_by(47).map(near).collect();
            let fed = Fed::with(distance, &rows, 500);
            let codec = fed.index.stats().codec;
            eprintln!(
                "drift {scale} {}: {codec} ef {} recall {} newest {}",
                distance.name(),
                fed.index.ef_search(),
                fed.recall(&queries),
                fed.recall(&newest)
            );
            serves(distance, &rows, &queries, 500);
            assert!(fed.recall(&newest) >= 0.95);
        }
    }
}

#[test]
fn queries_are_far_from_all_rows() {
    for distance in Distance::ALL {
        let rows = shapes::clustered(&mut Seeded(4), N);
        let mut random = Seeded(5);
        for scale in [3.0, 1e6] {
            let queries: Vec<Vec<f32>> = (0..QUERIES)
                .map(|_| random.vector(shapes::D).iter().map(|value| value * scale).collect())
                .collect();
            let one_sided: Vec<Vec<f32>> = (0..QUERIES)
                .map(|_| {
                    let mut query = random.vector(shapes::D);
                    query[random.below(shapes::D)] = scale;
                    query
                })
                .collect();
            let fed = Fed::with(distance, &rows, N);
            for queries in [&queries, &one_sided] {
                let recall = fed.recall_at(queries, Some(300));
                eprintln!("far {scale} {}: {} {recall}", distance.name(), fed.index.stats().codec);
                assert!(recall >= 0.95, "{}: {recall} at {scale}", distance.name());
            }
        }
    }
}

#[test]
fn no_answer_is_short_whatever_k_is() {
    let fed = Fed::with(Cosine, &shapes::copies(&mut Seeded(6), 3_000), 3_000);
    for k in [1, K, 1_000, 2_999, 3_000, 9_000] {
        let hits = fed.index.search(&fed.rows[3], &SearchOptions::new(k)).unwrap();
        assert_eq!(hits.len(), k.min(3_000));
    }
}
