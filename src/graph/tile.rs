//! An exact scan by codes of many queries at once: blocks of rows that stay in the cache against tiles of
//! queries, most pairs done with after one comparison.

use std::ops::Range;

use super::bound::{Limits, Most, Spread};
use super::bytewise::Bytes;
use super::front::Front;
use crate::metric::bytes::{LANES, Packed, Products, Step, Sums, TILE, Task};

/// Bytes of codes that are taken through all queries before the next: half of a small L2 cache.
const BLOCK: usize = 128 << 10;

/// Groups of queries in a wide tile.
const WIDE: usize = 3;

/// Coded rows and what their bounds need.
#[derive(Debug, Clone, Copy)]
pub(super) struct CodedRows<'a> {
    pub(super) bytes: Bytes<'a>,
    pub(super) residuals: &'a [f32],
    pub(super) is_dot: bool,
}

impl CodedRows<'_> {
    #[inline(always)]
    pub(super) fn spread(&self, slot: u32) -> Spread {
        Spread { norm: self.bytes.norms[slot as usize], residual: self.residuals[slot as usize] }
    }

    /// [`CodedRows::spread`] where no row has a residual.
    #[inline(always)]
    pub(super) fn exact(&self, slot: u32) -> Spread {
        Spread { norm: self.bytes.norms[slot as usize], residual: 0.0 }
    }

    /// Asks the memory for what the key and the bounds of `slot` need.
    #[inline(always)]
    pub(super) fn prefetch(&self, slot: u32) {
        self.bytes.prefetch(slot);
        super::prefetch::address(&raw const self.residuals[slot as usize]);
    }

    /// What the keys of a row have in common.
    #[inline(always)]
    pub(super) fn addend(&self, norm: i32) -> i32 {
        if self.is_dot { 0 } else { norm }
    }
}

/// The key of a row whose product with a probe is `dot`: squared L2 between codes, or under dot twice their
/// product, turned round.
#[inline(always)]
pub(super) fn key(addend: i32, base: i32, dot: i32) -> i32 {
    base.wrapping_add(addend).wrapping_sub(2 * dot)
}

/// Coded rows to compare: those of `slots` that are alive.
#[derive(Debug)]
pub(super) struct Span<'a, A> {
    pub(super) coded: CodedRows<'a>,
    pub(super) slots: Range<usize>,
    pub(super) alive: &'a A,
}

/// The rows of a span against queries, of which `probes` are the codes.
pub(super) struct Tiled<'a, 'b, A> {
    pub(super) span: Span<'a, A>,
    pub(super) probes: Packed,
    pub(super) fronts: &'a mut [Front<'b>],
}

/// A group of queries, one to a lane.
#[derive(Debug, Clone, Copy)]
struct Group {
    bases: Sums,
    base: [f32; LANES],
    slope: [f32; LANES],
    length: [f32; LANES],
}

impl Group {
    fn new(fronts: &[Front<'_>]) -> Self {
        let mut group =
            Self { bases: [0; LANES], base: [0.0; LANES], slope: [0.0; LANES], length: [0.0; LANES] };
        for lane in 0..LANES {
            group.bases[lane] = fronts.get(lane).map_or(0, |front| front.base);
            group.set(lane, fronts.get(lane).map_or(Limits::NONE, Front::limits));
        }
        group
    }

    fn set(&mut self, lane: usize, Limits { base, slope, length }: Limits) {
        self.base[lane] = base;
        self.slope[lane] = slope;
        self.length[lane] = length;
    }

    /// The largest keys that may pass, of rows of which `most` is known.
    #[inline(always)]
    fn limits(&self, most: Option<Most>) -> Sums {
        let mut keys = [i32::MAX; LANES];
        if let Some(most) = most {
            let lanes = self.base.iter().zip(&self.slope).zip(&self.length);
            for (key, ((&base, &slope), &length)) in keys.iter_mut().zip(lanes) {
                *key = Limits { base, slope, length }.key(most);
            }
        }
        keys
    }
}

impl<A: Fn(u32) -> bool> Task for Tiled<'_, '_, A> {
    type Output = ();

    #[inline(always)]
    fn run<P: Products>(self, products: P) {
        let Self { span: Span { coded, slots, alive }, probes, fronts } = self;
        let rows = (BLOCK / coded.bytes.stride / TILE).max(1) * TILE;
        let mut groups: Vec<Group> = fronts.chunks(LANES).map(Group::new).collect();
        for from in slots.clone().step_by(rows) {
            let block = from..slots.end.min(from + rows);
            let mut group = 0;
            while group < groups.len() {
                let wide = group + WIDE <= groups.len();
                let width = if wide { WIDE } else { 1 };
                let mut part = Part {
                    coded,
                    groups: &mut groups[group..group + width],
                    fronts: &mut fronts[group * LANES..],
                    alive,
                };
                if wide {
                    part.block(
                        products,
                        block.clone(),
                        std::array::from_fn::<_, WIDE, _>(|at| probes.group(group + at)),
                    );
                } else {
                    part.block(products, block.clone(), [probes.group(group)]);
                }
                group += width;
            }
        }
    }
}

/// Some groups, and the fronts of their queries and of those after them.
struct Part<'a, 'b, A> {
    coded: CodedRows<'a>,
    groups: &'a mut [Group],
    fronts: &'a mut [Front<'b>],
    alive: &'a A,
}

impl<A: Fn(u32) -> bool> Part<'_, '_, A> {
    #[inline(always)]
    fn block<P: Products, const G: usize>(&mut self, products: P, block: Range<usize>, probes: [&[Step]; G]) {
        let coded = self.coded;
        let mut sums = [[Sums::default(); G]; TILE];
        let mut limits = [Sums::default(); G];
        let mut passes = [0; G];
        for from in block.clone().step_by(TILE) {
            let count = TILE.min(block.end - from);
            let rows = std::array::from_fn(|at| coded.bytes.row((from + at.min(count - 1)) as u32));
            products.tile(rows, probes, &mut sums);
            let norms = &coded.bytes.norms[from..from + count];
            let most = Most::of(coded.is_dot, norms, &coded.residuals[from..from + count]);
            for (limits, group) in limits.iter_mut().zip(self.groups.iter()) {
                *limits = group.limits(most);
            }
            for (slot, (&norm, sums)) in (from as u32..).zip(norms.iter().zip(&sums)) {
                let addend = coded.addend(norm);
                let mut any = 0;
                for (((passes, group), limits), sums) in
                    passes.iter_mut().zip(self.groups.iter()).zip(&limits).zip(sums)
                {
                    *passes = products.within(addend, &group.bases, sums, limits);
                    any |= *passes;
                }
                if any != 0 {
                    self.meet(slot, sums, &passes);
                }
            }
        }
    }

    /// One row, and the queries of each group for which it passed, a bit each.
    #[inline(never)]
    fn meet(&mut self, slot: u32, sums: &[Sums], passes: &[u16]) {
        if !(self.alive)(slot) {
            return;
        }
        let spread = self.coded.spread(slot);
        let addend = self.coded.addend(spread.norm);
        let groups = self.groups.iter_mut().zip(self.fronts.chunks_mut(LANES));
        for ((group, fronts), (sums, &passes)) in groups.zip(sums.iter().zip(passes)) {
            let mut left = passes;
            while left != 0 {
                let lane = left.trailing_zeros() as usize;
                left &= left - 1;
                // Lanes without a query pass as well, where any key may.
                let Some(front) = fronts.get_mut(lane) else { break };
                if front.meet(slot, key(addend, group.bases[lane], sums[lane]), spread) {
                    group.set(lane, front.limits());
                }
            }
        }
    }
}
