//! Rows of the integers 0..=255 are kept as bytes, and nothing is lost: the distances are those of f32, bit for bit.

use vectord::index::{Distance, Index, Params, SearchOptions};

use crate::fed::{Fed, K};
use crate::support::numbers::Seeded;

const D: usize = 40;
const N: usize = 3_000;

fn bytes(random: &mut Seeded, n: usize) -> Vec<Vec<f32>> {
    let centres: Vec<Vec<f32>> = (0..40).map(|_| random.vector(D)).collect();
    let byte = |value: f32| (128.0 + 90.0 * value).round().clamp(0.0, 255.0);
    (0..n)
        .map(|_| {
            let centre = &centres[random.below(centres.len())];
            centre.iter().map(|centre| byte(centre + 0.4 * random.float())).collect()
        })
        .collect()
}

/// The ten smallest distances as f32 arithmetic has them, and the rows at each.
fn truth(fed: &Fed, query: &[f32]) -> Vec<u32> {
    let hits = fed.index.search(query, &SearchOptions { exact: true, ..SearchOptions::new(K) }).unwrap();
    hits.distances.iter().map(|distance| distance.to_bits()).collect()
}

/// Distances of f32 components that are small integers come to the same in f64.
fn distance(a: &[f32], b: &[f32]) -> u32 {
    let sum: f64 = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    (sum as f32).sqrt().to_bits()
}

#[test]
fn distances_of_bytes_are_those_of_f32_bit_for_bit() {
    let mut random = Seeded(1);
    let mut rows = bytes(&mut random, N + 200);
    let queries = rows.split_off(N);
    let fed = Fed::with(Distance::Euclidean, &rows, N);
    assert_eq!(fed.index.stats().codec, "u8");
    let mut same = 0;
    for query in &queries {
        let hits = fed.index.search(query, &SearchOptions::new(K)).unwrap();
        assert!(!hits.exact, "walked, not scanned");
        for (id, near) in hits.ids.iter().zip(&hits.distances) {
            assert_eq!(near.to_bits(), distance(query, &rows[id.parse::<usize>().unwrap()]));
        }
        let found: Vec<u32> = hits.distances.iter().map(|near| near.to_bits()).collect();
        same += usize::from(found == truth(&fed, query));
    }
    assert!(same * 100 >= queries.len() * 85, "{same} of {} answers are the exact ones", queries.len());
    assert_eq!(fed.lost(7, 0.0), [0; 0]);
}

#[test]
fn a_query_between_the_integers_is_measured_on_the_vectors() {
    let mut random = Seeded(2);
    let rows = bytes(&mut random, N);
    let fed = Fed::with(Distance::Euclidean, &rows, N);
    let space = vectord::metric::Space::new(vectord::metric::Distance::Euclidean, D);
    for row in rows.iter().step_by(29) {
        let query: Vec<f32> = row.iter().map(|value| value + 0.5 * random.float()).collect();
        let hits = fed.index.search(&query, &SearchOptions::new(K)).unwrap();
        for (id, near) in hits.ids.iter().zip(&hits.distances) {
            let row = &rows[id.parse::<usize>().unwrap()];
            assert_eq!(near.to_bits(), space.finish(space.key(&query, 1.0, row, 1.0)).to_bits());
        }
    }
    let queries: Vec<Vec<f32>> =
        rows.iter().step_by(29).map(|row| row.iter().map(|value| value + 0.37).collect()).collect();
    assert!(fed.recall(&queries) >= 0.95);
}

/// The codec of rows one of which has `value` in it, the others being bytes; and what `get` gives back.
fn codec_with(value: f32, at: usize) -> &'static str {
    let mut rows = bytes(&mut Seeded(3), N);
    rows[at][5] = value;
    let fed = Fed::with(Distance::Euclidean, &rows, 2_500);
    let id = at.to_string();
    let got = fed.index.get(&[&id])[0].as_ref().unwrap().vector.clone();
    assert_eq!(got[5].to_bits(), value.to_bits());
    assert_eq!(fed.index.search(&rows[at], &SearchOptions::new(1)).unwrap().ids[0].as_ref(), id);
    assert_eq!(fed.lost(31, 0.0), [0; 0]);
    fed.index.stats().codec
}

#[test]
fn what_is_not_a_byte_is_not_kept_as_one() {
    assert_eq!(codec_with(7.0, 100), "u8");
    for value in [-0.0, 256.0, -1.0, 3.5, 255.000_02] {
        assert_eq!(codec_with(value, 100), "sq8", "{value}");
        // After the rows were found to be bytes: results are measured again from then on.
        assert_eq!(codec_with(value, 2_900), "u8", "{value}");
    }
}

#[test]
fn rows_that_stop_being_bytes_are_found_as_well_as_those_before() {
    let mut random = Seeded(4);
    let mut rows = bytes(&mut random, 2_500);
    // Between 0 and 1: as integers they would all be alike.
    rows.extend(bytes(&mut random, 2_000).iter().map(|row| row.iter().map(|value| value / 255.0).collect()));
    let fed = Fed::with(Distance::Euclidean, &rows, 500);
    assert_ne!(fed.index.stats().codec, "u8");
    for rows in [&rows[..2_500], &rows[2_500..]] {
        let queries: Vec<Vec<f32>> =
            rows.iter().step_by(23).map(|row| row.iter().map(|value| value * 1.01).collect()).collect();
        let recall = fed.recall(&queries);
        assert!(recall >= 0.95, "{recall}");
    }
    assert_eq!(fed.lost(19, 0.0), [0; 0]);
}

#[test]
fn only_euclidean_keeps_bytes() {
    let rows = bytes(&mut Seeded(5), N);
    for distance in [Distance::Cosine, Distance::Dot] {
        assert_ne!(Fed::with(distance, &rows, N).index.stats().codec, "u8");
    }
    assert_eq!(Index::new(Params::new(3), 0).unwrap().stats().codec, "f32");
}
