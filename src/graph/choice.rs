//! How the rows of an index are best measured: chosen from the rows, the same everywhere.
//!
//! Integers 0..=255 are kept as they are. Other data is coded to one scale, and tried out: where the
//! nearest rows by codes are not the nearest rows, as with a few components that outweigh all others, the
//! vectors themselves are used. What codes tell apart when rows are as close as they come in the whole
//! graph is tried out there (`tune.rs`).

use std::ops::Range;

use super::asked::Walk;
use super::codes::{Codes, CodesView};
use super::floatwise::FloatRuler;
use super::measure::Measure;
use super::rows::{Rows, RowsView};
use super::ruler::{Probe, Ruler};
use super::threads::Threads;
use crate::metric::{Codec, Distance};

/// Rows that scale and centre are taken from.
const SAMPLE: usize = 4096;

/// Components, and rows of the sample, that one thread looks at in one go: a cache line of each row, and some pages.
const COLUMNS: usize = 16;
const TAKEN: usize = 256;

/// Rows that one thread looks at in one go, where all are looked at.
const SPAN: usize = 4096;

/// Rows that codes are tried out on, and how many of them as queries.
const TRIED: usize = 2048;
const QUERIES: usize = 128;

/// The same of rows that were added since.
const NEW_TRIED: usize = 256;
const NEW_QUERIES: usize = 16;

/// The trial asks for this many neighbours, among twice as many by code.
const K: usize = 10;

/// The share of them that must be found.
const ENOUGH: f64 = 0.99;

/// The share of components that the scale covers.
const COVERED: f64 = 0.9999;

/// Of so many rows of the sample, one may be an outlier.
const OUTLIERS: usize = 256;

/// The best measure of the first `n` of `rows`.
pub(super) fn choose(rows: &RowsView, n: usize, threads: Threads) -> Measure {
    let space = rows.space();
    let are_bytes = |slots: &Range<u32>| slots.clone().all(|slot| is_bytes(rows.row(slot)));
    if space.distance() == Distance::Euclidean && threads.map(&spans(n), are_bytes).into_iter().all(|are| are)
    {
        return Measure::Bytes { codec: Codec::lossless(space.dimension()), roof: 0 };
    }
    let mut sample = spread(0..n, SAMPLE);
    let tried = spread(0..n, TRIED);
    let serves = |codec: &Codec| trial(rows, &tried, QUERIES, codec, threads) >= ENOUGH;
    let codec = Some(linear(rows, &sample, threads)).filter(serves).or_else(|| {
        // A few rows may be out of range where all others would have none.
        sample.sort_unstable_by(|&a, &b| extent(rows, a).total_cmp(&extent(rows, b)).then(a.cmp(&b)));
        sample.truncate(sample.len() - sample.len() / OUTLIERS);
        Some(linear(rows, &sample, threads)).filter(serves)
    });
    let Some(codec) = codec else { return floats(rows, n) };
    let roof = if space.distance() == Distance::Dot { code_roof(rows, n, &codec) } else { 0 };
    Measure::Bytes { codec, roof }
}

/// The largest component of a row.
fn extent(rows: &RowsView, slot: u32) -> f32 {
    rows.row(slot).iter().fold(0.0, |most, value| most.max((value * rows.inverse_norm(slot)).abs()))
}

/// The measure that serves all rows, the first `n` of which are looked at.
pub(super) fn floats(rows: &RowsView, n: usize) -> Measure {
    let roof = if rows.space().distance() == Distance::Dot { float_roof(rows, n) } else { 0.0 };
    Measure::Floats { roof }
}

/// Whether codes that were chosen before `new` rows came still do: for the new rows, or nearly all rows.
pub(super) fn still_serves(codes: &CodesView, rows: &RowsView, new: Range<usize>, threads: Threads) -> bool {
    let Measure::Bytes { codec, .. } = codes.measure() else { return true };
    let serves = |slots: &[u32], queries| trial(rows, slots, queries, codec, threads) >= ENOUGH;
    codes.is_exact()
        || serves(&spread(new.clone(), NEW_TRIED), NEW_QUERIES)
        || serves(&spread(0..new.end, TRIED), QUERIES)
}

/// At most `most` of `slots`, evenly spread.
fn spread(slots: Range<usize>, most: usize) -> Vec<u32> {
    let count = slots.len().min(most);
    (0..count).map(|at| (slots.start + at * slots.len() / count) as u32).collect()
}

/// The first `n` slots, in parts.
fn spans(n: usize) -> Vec<Range<u32>> {
    (0..n).step_by(SPAN).map(|from| from as u32..n.min(from + SPAN) as u32).collect()
}

/// Whether every value is one of the integers 0..=255; not -0.0, which would come back as 0.0.
fn is_bytes(values: &[f32]) -> bool {
    values.iter().all(|&value| f32::from(value as u8).to_bits() == value.to_bits())
}

/// The codec whose centre is the sample's median, which a few rows cannot move, and whose range holds nearly
/// all of its components.
///
/// Under dot the centre is zero: there, products count and not differences.
fn linear(rows: &RowsView, sample: &[u32], threads: Threads) -> Codec {
    let dimension = rows.space().dimension();
    let medians = |&from: &usize| {
        let components = from..dimension.min(from + COLUMNS);
        let mut columns = vec![Vec::with_capacity(sample.len()); components.len()];
        for &slot in sample {
            let values = &rows.row(slot)[components.clone()];
            columns.iter_mut().zip(values).for_each(|(column, v)| column.push(v * rows.inverse_norm(slot)));
        }
        let median =
            |column: &mut Vec<f32>| *column.select_nth_unstable_by((sample.len() - 1) / 2, f32::total_cmp).1;
        columns.iter_mut().map(median).collect()
    };
    let starts: Vec<usize> = (0..dimension).step_by(COLUMNS).collect();
    let centre: Vec<f32> = match rows.space().distance() {
        Distance::Dot => vec![0.0; dimension],
        Distance::Cosine | Distance::Euclidean => {
            threads.map(&starts, medians).into_iter().flat_map(|medians: Vec<f32>| medians).collect()
        }
    };
    let count = sample.len() * dimension;
    let beyond = count - ((count - 1) as f64 * COVERED) as usize;
    let largest = |slots: &&[u32]| {
        let offset = |&slot: &u32| {
            let norm = rows.inverse_norm(slot);
            rows.row(slot).iter().zip(&centre).map(move |(value, centre)| (value * norm - centre).abs())
        };
        let mut sizes: Vec<f32> = slots.iter().flat_map(offset).collect();
        let from = sizes.len().saturating_sub(beyond);
        sizes.select_nth_unstable_by(from, f32::total_cmp);
        sizes.split_off(from)
    };
    let parts: Vec<&[u32]> = sample.chunks(TAKEN).collect();
    let mut sizes: Vec<f32> = threads.map(&parts, largest).into_iter().flatten().collect();
    let at = sizes.len() - beyond;
    let (_, &mut range, _) = sizes.select_nth_unstable_by(at, f32::total_cmp);
    // Rows that are all alike have no range.
    Codec::new(127.0 / range.clamp(1e-30, 1e30), &centre)
}

/// The share of the sample's nearest rows, as asked for by `queries` of them, that are among twice as many by code.
fn trial(rows: &RowsView, sample: &[u32], queries: usize, codec: &Codec, threads: Threads) -> f64 {
    let mut few = Rows::new(rows.space());
    for &slot in sample {
        few.push_admitted(rows.row(slot), &[rows.inverse_norm(slot)]);
    }
    let few = few.view();
    let mut codes = Codes::new(Measure::Bytes { codec: codec.clone(), roof: 0 }, sample.len());
    codes.extend(&few, sample.len(), threads);
    let codes = codes.view();
    let k = K.min(sample.len().saturating_sub(1));
    let queries = spread(0..sample.len(), queries);
    let found = threads.map(&queries, |&query| {
        let exact = |slot: u32| few.key(query, slot);
        let others = || (0..sample.len() as u32).filter(|&slot| slot != query);
        let mut keys: Vec<f32> = others().map(exact).collect();
        keys.sort_unstable_by(f32::total_cmp);
        let mut coded: Vec<(u32, u32)> = Vec::with_capacity(sample.len());
        let all = All { slots: others(), keys: &mut coded };
        let asked = FloatRuler { rows: &few, query: few.row(query), inverse_norm: few.inverse_norm(query) };
        codes.at_any_query(asked, &mut Probe::default(), all);
        coded.sort_unstable();
        // Of equally near rows any will do.
        coded.iter().take(2 * k).filter(|&&(_, slot)| exact(slot) <= keys[k - 1]).take(k).count()
    });
    found.iter().sum::<usize>() as f64 / (queries.len() * k).max(1) as f64
}

/// Measures `slots`.
struct All<'a, S> {
    slots: S,
    keys: &'a mut Vec<(u32, u32)>,
}

impl<S: Iterator<Item = u32>> Walk for All<'_, S> {
    #[inline(always)]
    fn run<R: Ruler>(self, ruler: R) {
        self.keys.extend(self.slots.map(|slot| (ruler.key(slot), slot)));
    }
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
