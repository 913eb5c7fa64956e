//! Exact search among the rows of a set, and within a distance: what `exact.rs` does for all rows, to the last
//! bit, at the cost of the set.
//!
//! The rows of a set lie scattered, so they are asked for some slots ahead. Where most rows are in the set,
//! streaming past all of them is quicker.

use super::among::Among;
use super::bound::Most;
use super::codes::CodesView;
use super::exact::{start, stream};
use super::floatwise::FloatRuler;
use super::front::Front;
use super::neighbour::Neighbour;
use super::plan;
use super::scan::Nearest;
use super::tile::{Span, key};
use crate::metric::Codec;
use crate::metric::bytes::{Products, Task, dispatch};

/// Rows asked of the memory before the first of them is compared, and kept asked for from then on.
const AHEAD: usize = 12;

/// Slots taken from a set at once.
const LOT: usize = 256;

/// What is sought among rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sought<'a> {
    pub(super) query: FloatRuler<'a>,
    pub(super) k: usize,
    /// No exact key above it is wanted.
    pub(super) reach: f32,
}

impl CodesView {
    /// The `k` nearest of the rows of `among`, sorted by key, then slot.
    pub(super) fn gather(&self, sought: Sought<'_>, among: Among<'_>) -> Vec<Neighbour> {
        let Sought { query, k, reach } = sought;
        let rows = query.rows;
        let mut nearest = Nearest::new(k);
        if k == 0 {
            return Vec::new();
        }
        let coded = self.len().min(rows.len());
        lots(among.slots(coded, rows.len()), |lot| {
            for (at, &slot) in lot.iter().enumerate() {
                if let Some(&later) = lot.get(at + 2) {
                    rows.prefetch(later);
                }
                let key = query.exact(slot);
                if key <= reach {
                    nearest.offer(Neighbour { key, slot });
                }
            }
        });
        let mut found = match self.coded_rows(rows) {
            Some((codec, coded_rows)) if coded > 0 => {
                let span = Span { coded: coded_rows, slots: 0..coded, alive: &|slot| among.contains(slot) };
                let is_dense = plan::is_dense(among.count(), rows.len());
                let is_exact = self.is_exact();
                let task = ByCodes { codec, span, among, is_dense, is_exact, sought, nearest };
                dispatch(rows.space().kernels().isa(), task)
            }
            _ => nearest.into_sorted(),
        };
        found.truncate(found.partition_point(|near| near.key <= reach));
        found
    }
}

#[inline(always)]
fn lots(mut slots: impl Iterator<Item = u32>, mut take: impl FnMut(&[u32])) {
    let mut lot = [0; LOT];
    loop {
        let mut length = 0;
        for (place, slot) in lot.iter_mut().zip(&mut slots) {
            *place = slot;
            length += 1;
        }
        if length == 0 {
            return;
        }
        take(&lot[..length]);
    }
}

struct ByCodes<'a, A> {
    codec: &'a Codec,
    span: Span<'a, A>,
    among: Among<'a>,
    is_dense: bool,
    /// Whether no row has a residual.
    is_exact: bool,
    sought: Sought<'a>,
    /// What was found among rows without codes.
    nearest: Nearest,
}

impl<A: Fn(u32) -> bool> Task for ByCodes<'_, A> {
    type Output = Vec<Neighbour>;

    #[inline(always)]
    fn run<P: Products>(self, products: P) -> Self::Output {
        let Self { codec, span, among, is_dense, is_exact, sought: Sought { query, reach, .. }, nearest } =
            self;
        let mut probe = vec![0_i8; codec.stride()];
        let (base, bound) = start(codec, query, &mut probe);
        let mut front = Front::new(query, base, bound, nearest).within(reach);
        if is_dense {
            stream(products, &span, &probe, &mut front);
        } else if is_exact {
            scattered::<_, _, true>(products, &span, among, &probe, &mut front);
        } else {
            scattered::<_, _, false>(products, &span, among, &probe, &mut front);
        }
        front.settle()
    }
}

/// The rows of a set past one query. `EXACT`: none has a residual, so that none is read.
#[inline(always)]
fn scattered<P: Products, A, const EXACT: bool>(
    products: P,
    span: &Span<'_, A>,
    among: Among<'_>,
    probe: &[i8],
    front: &mut Front<'_>,
) {
    let Span { coded, ref slots, .. } = *span;
    let base = front.base;
    let mut limits = front.limits();
    let prefetch = |slot: u32| if EXACT { coded.bytes.prefetch(slot) } else { coded.prefetch(slot) };
    lots(among.slots(slots.start, slots.end), |lot| {
        for &slot in lot.iter().take(AHEAD) {
            prefetch(slot);
        }
        for (at, &slot) in lot.iter().enumerate() {
            if let Some(&later) = lot.get(at + AHEAD) {
                prefetch(later);
            }
            let dot = products.dot(coded.bytes.row(slot), probe);
            let spread = if EXACT { coded.exact(slot) } else { coded.spread(slot) };
            let key = key(coded.addend(spread.norm), base, dot);
            let most = Most::of(coded.is_dot, &[spread.norm], &[spread.residual]);
            if most.is_none_or(|most| key <= limits.key(most)) && front.meet(slot, key, spread) {
                limits = front.limits();
            }
        }
    });
}
