//! How the rows of an index are best measured: chosen from the rows, the same everywhere.
//!
//! Integers 0..=255 are kept as they are. Other data is coded to one scale, and tried out: where the
//! nearest rows by codes are not the nearest rows, as with a few components that outweigh all others, the
//! vectors themselves are used.

use super::codes::{Codes, Key};
use super::measure::Measure;
use super::rows::RowsView;
use super::threads::Threads;
use crate::metric::{Codec, Distance};

/// Rows that scale and centre are taken from.
const SAMPLE: usize = 4096;

/// Rows that codes are tried out on, and how many of them as queries.
const TRIED: usize = 2048;
const QUERIES: usize = 128;

/// The trial asks for this many neighbours, among twice as many by code.
const K: usize = 10;

/// The share of them that must be found.
const ENOUGH: f64 = 0.99;

/// The share of components that the scale covers.
const COVERED: f64 = 0.9999;

/// The best measure of the first `n` of `rows`.
pub(super) fn choose(rows: &RowsView, n: usize, threads: Threads) -> Measure {
    let space = rows.space();
    if space.distance() == Distance::Euclidean && (0..n as u32).all(|slot| is_bytes(rows.row(slot))) {
        return Measure::Bytes { codec: Codec::lossless(space.dimension()), roof: 0 };
    }
    let sample = spread(n, SAMPLE);
    let codec = linear(rows, &sample);
    let tried = trial(rows, &spread(n, TRIED), &codec, threads);
    if tried >= ENOUGH {
        let roof = if space.distance() == Distance::Dot { code_roof(rows, n, &codec) } else { 0 };
        return Measure::Bytes { codec, roof };
    }
    let roof = if space.distance() == Distance::Dot { float_roof(rows, n) } else { 0.0 };
    Measure::Floats { roof }
}

/// At most `most` of `n` slots, evenly spread.
fn spread(n: usize, most: usize) -> Vec<u32> {
    let count = n.min(most);
    (0..count).map(|at| (at * n / count) as u32).collect()
}

/// Whether every value is one of the integers 0..=255; not -0.0, which would come back as 0.0.
fn is_bytes(values: &[f32]) -> bool {
    values.iter().all(|&value| f32::from(value as u8).to_bits() == value.to_bits())
}

/// The codec whose centre is the sample's mean and whose range holds nearly all of its components.
///
/// Under dot the centre is zero: there, products count and not differences.
fn linear(rows: &RowsView, sample: &[u32]) -> Codec {
    let dimension = rows.space().dimension();
    let values = |slot: u32| rows.row(slot).iter().map(move |&value| value * rows.inverse_norm(slot));
    let mut sums = vec![0.0_f64; dimension];
    if rows.space().distance() != Distance::Dot {
        for &slot in sample {
            sums.iter_mut().zip(values(slot)).for_each(|(sum, value)| *sum += f64::from(value));
        }
    }
    let centre: Vec<f32> = sums.iter().map(|sum| (sum / sample.len() as f64) as f32).collect();
    let mut sizes: Vec<f32> = sample
        .iter()
        .flat_map(|&slot| values(slot).zip(&centre).map(|(value, centre)| (value - centre).abs()))
        .collect();
    let at = ((sizes.len() - 1) as f64 * COVERED) as usize;
    let (_, &mut range, _) = sizes.select_nth_unstable_by(at, f32::total_cmp);
    // Rows that are all alike have no range.
    Codec::new(127.0 / range.clamp(1e-30, 1e30), &centre)
}

/// The share of the sample's nearest rows that are among twice as many by code.
fn trial(rows: &RowsView, sample: &[u32], codec: &Codec, threads: Threads) -> f64 {
    let mut few = super::rows::Rows::new(rows.space());
    for &slot in sample {
        few.push_admitted(rows.row(slot), &[rows.inverse_norm(slot)]);
    }
    let few = few.view();
    let mut codes = Codes::new(Measure::Bytes { codec: codec.clone(), roof: 0 });
    codes.extend(&few, sample.len(), threads);
    let codes = codes.view();
    let queries: Vec<u32> = spread(sample.len(), QUERIES);
    let others = |query: u32| (0..sample.len() as u32).filter(move |&slot| slot != query);
    let found = threads.map(&queries, |&query| {
        let mut exact: Vec<(f32, u32)> = others(query).map(|slot| (few.key(query, slot), slot)).collect();
        let mut coded: Vec<(u32, u32)> =
            others(query).map(|slot| (codes.measure_rows(&few, Key(query, slot)), slot)).collect();
        let k = K.min(exact.len());
        exact.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        coded.sort_unstable();
        coded.truncate(2 * k);
        // Rows as near as the last by code are as good.
        let reach = coded.last().map_or(0, |last| last.0);
        let near = |slot: u32| codes.measure_rows(&few, Key(query, slot)) <= reach;
        exact[..k].iter().filter(|&&(_, slot)| near(slot)).count() as f64 / k.max(1) as f64
    });
    found.iter().sum::<f64>() / found.len() as f64
}

/// The power of four above every squared norm of codes.
fn code_roof(rows: &RowsView, n: usize, codec: &Codec) -> i32 {
    let mut row = vec![0; codec.stride()];
    let norms = (0..n as u32).map(|slot| codec.row(rows.row(slot), rows.inverse_norm(slot), &mut row).norm);
    let largest = norms.max().unwrap_or(0);
    std::iter::successors(Some(1), |roof| Some(roof * 4)).find(|&roof| roof > largest).unwrap_or(1 << 28)
}

/// The power of four above every squared norm.
fn float_roof(rows: &RowsView, n: usize) -> f32 {
    let norm = |slot: u32| rows.space().kernels().dot(rows.row(slot), rows.row(slot));
    let largest = (0..n as u32).map(norm).fold(0.0, f32::max);
    let mut roof = 1.0_f32;
    while roof <= largest && roof < f32::MAX / 16.0 {
        roof *= 4.0;
    }
    while roof / 4.0 > largest && roof > 1e-30 {
        roof /= 4.0;
    }
    roof
}
