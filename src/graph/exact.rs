//! Exact search: every row compared, by its codes where these can rule it out, and nothing lost to them.
//!
//! The answers are those of `scan.rs` to the last bit, which also measures the rows that are not coded. One
//! query streams the codes once; many share them, tile by tile (`tile.rs`).

use std::ops::Range;

use super::aim::aim;
use super::bound::{Bound, Most};
use super::bytewise::sums;
use super::codes::CodesView;
use super::floatwise::FloatRuler;
use super::front::Front;
use super::neighbour::Neighbour;
use super::rows::RowsView;
use super::scan::Nearest;
use super::threads::Threads;
use super::tile::{Span, Tiled, key};
use crate::metric::bytes::{Packed, Products, Task, dispatch};
use crate::metric::{Codec, Distance};

/// Queries that take rows through the cache together.
const TOGETHER: usize = 144;

/// Fewer queries than this are scanned for one by one: a tile is as wide as sixteen.
const FEW: usize = 3;

/// Bytes of vectors that stay in the cache while queries pass.
const BLOCK: usize = 128 << 10;

/// Products of bytes below which a second thread costs more than it saves: about 200 us.
const ALONE: usize = 16 << 20;

/// Rows worth a thread of their own.
const SPAN: usize = 4096;

impl CodesView {
    /// The `k` alive rows nearest to `query`, sorted by key, then slot; all of them if there are fewer.
    ///
    /// `rows` must be taken from the rows that were coded, not before these.
    pub(super) fn scan(
        &self,
        rows: &RowsView,
        query: &[f32],
        inverse_norm: f32,
        k: usize,
        alive: impl Fn(u32) -> bool,
    ) -> Vec<Neighbour> {
        let queries = [FloatRuler { rows, query, inverse_norm }];
        self.scan_some(rows, &queries, 0..rows.len(), k, &alive).pop().expect("one answer to one query")
    }

    /// [`CodesView::scan`] for each of `queries` (row-major), of which `inverse_norms` has one each.
    pub(super) fn scan_many(
        &self,
        rows: &RowsView,
        queries: &[f32],
        inverse_norms: &[f32],
        k: usize,
        alive: impl Fn(u32) -> bool + Sync,
        threads: Threads,
    ) -> Vec<Vec<Neighbour>> {
        let queries: Vec<FloatRuler<'_>> = queries
            .chunks_exact(rows.space().dimension())
            .zip(inverse_norms)
            .map(|(query, &inverse_norm)| FloatRuler { rows, query, inverse_norm })
            .collect();
        let work = queries.len() * rows.len() * rows.space().dimension();
        let threads = if work < ALONE { Threads::ONE } else { threads };
        let parts = queries.len().div_ceil(TOGETHER);
        let spans = (threads.count() / parts.max(1)).min(rows.len() / SPAN).max(1);
        let span = rows.len().div_ceil(spans).max(1);
        let pieces: Vec<(&[FloatRuler<'_>], Range<usize>)> = queries
            .chunks(TOGETHER)
            .flat_map(|queries| {
                (0..spans).map(move |at| (queries, at * span..rows.len().min((at + 1) * span)))
            })
            .collect();
        let found =
            threads.map(&pieces, |(queries, slots)| self.scan_some(rows, queries, slots.clone(), k, &alive));
        found.chunks(spans).flat_map(|spans| merge(spans, k)).collect()
    }

    /// The nearest of the rows of `slots` to each query.
    fn scan_some(
        &self,
        rows: &RowsView,
        queries: &[FloatRuler<'_>],
        slots: Range<usize>,
        k: usize,
        alive: &impl Fn(u32) -> bool,
    ) -> Vec<Vec<Neighbour>> {
        if k == 0 {
            return vec![Vec::new(); queries.len()];
        }
        let coded = self.len().clamp(slots.start, slots.end);
        let mut nearest: Vec<Nearest> = queries.iter().map(|_| Nearest::new(k)).collect();
        let block = (BLOCK / size_of::<f32>() / rows.space().dimension()).max(1);
        for from in (coded..slots.end).step_by(block) {
            let block = from as u32..slots.end.min(from + block) as u32;
            for (nearest, &FloatRuler { query, inverse_norm, .. }) in nearest.iter_mut().zip(queries) {
                nearest.scan(rows, block.clone(), query, inverse_norm, alive);
            }
        }
        if let Some((codec, coded_rows)) = self.coded_rows(rows)
            && coded > slots.start
        {
            let span = Span { coded: coded_rows, slots: slots.start..coded, alive };
            let task = ByCodes { codec, span, queries, nearest };
            return dispatch(rows.space().kernels().isa(), task);
        }
        nearest.into_iter().map(Nearest::into_sorted).collect()
    }
}

/// The `k` nearest of what was found in several spans of rows.
fn merge(spans: &[Vec<Vec<Neighbour>>], k: usize) -> impl Iterator<Item = Vec<Neighbour>> {
    let queries = spans.first().map_or(0, Vec::len);
    (0..queries).map(move |query| {
        let mut all: Vec<Neighbour> = spans.iter().flat_map(|span| &span[query]).copied().collect();
        all.sort_unstable();
        all.truncate(k);
        all
    })
}

struct ByCodes<'a, A> {
    codec: &'a Codec,
    span: Span<'a, A>,
    queries: &'a [FloatRuler<'a>],
    /// What was found among rows without codes.
    nearest: Vec<Nearest>,
}

impl<A: Fn(u32) -> bool> Task for ByCodes<'_, A> {
    type Output = Vec<Vec<Neighbour>>;

    #[inline(always)]
    fn run<P: Products>(self, products: P) -> Self::Output {
        let Self { codec, span, queries, nearest } = self;
        let stride = codec.stride();
        let mut probes = vec![0_i8; queries.len() * stride];
        let mut fronts = Vec::with_capacity(queries.len());
        for ((&query, nearest), probe) in queries.iter().zip(nearest).zip(probes.chunks_exact_mut(stride)) {
            let (base, bound) = start(codec, query, probe);
            fronts.push(Front::new(query, base, bound, nearest));
        }
        if queries.len() < FEW {
            for (front, probe) in fronts.iter_mut().zip(probes.chunks_exact(stride)) {
                stream(products, &span, probe, front);
            }
        } else {
            let probes = Packed::new(&probes, stride);
            Tiled { span, probes, fronts: &mut fronts }.run(products);
        }
        fronts.into_iter().map(Front::settle).collect()
    }
}

/// Codes a query into `probe`; says what its keys begin with, and how far they can be trusted.
#[inline(always)]
pub(super) fn start(codec: &Codec, query: FloatRuler<'_>, probe: &mut [i8]) -> (i32, Bound) {
    let aim = aim(codec, query, probe);
    let bound = Bound::new(codec, query, aim);
    let (norm, sum) = sums(probe);
    let is_dot = query.rows.space().distance() == Distance::Dot;
    (if is_dot { 256 * sum } else { norm.wrapping_add(256 * sum) }, bound)
}

/// All rows of a span past one query.
#[inline(always)]
pub(super) fn stream<P: Products, A: Fn(u32) -> bool>(
    products: P,
    span: &Span<'_, A>,
    probe: &[i8],
    front: &mut Front<'_>,
) {
    let Span { coded, ref slots, alive } = *span;
    let base = front.base;
    let mut limits = front.limits();
    for slot in slots.clone() {
        let dot = products.dot(coded.bytes.row(slot as u32), probe);
        let norms = &coded.bytes.norms[slot..=slot];
        let key = key(coded.addend(norms[0]), base, dot);
        let most = Most::of(coded.is_dot, norms, &coded.residuals[slot..=slot]);
        let passes = most.is_none_or(|most| key <= limits.key(most));
        if passes && alive(slot as u32) && front.meet(slot as u32, key, coded.spread(slot as u32)) {
            limits = front.limits();
        }
    }
}

#[cfg(test)]
mod tests;
