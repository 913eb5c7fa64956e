//! Measuring on codes: integers, the same on every machine.
//!
//! All keys are squared L2 between codes but two, of the dot distance: a query's key falls with the
//! product, and between rows each is lifted by one more component that brings all to one norm, so that
//! near in L2 is near for the queries that like either (Bachrach et al. 2014).

use super::ruler::{Gauge, Probe, Ruler};
use crate::metric::bytes::Products;
use crate::metric::signed;

/// Coded rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a> {
    pub(super) stride: usize,
    pub(super) rows: &'a [u8],
    pub(super) norms: &'a [i32],
}

impl<'a> Bytes<'a> {
    #[inline(always)]
    pub(super) fn row(self, slot: u32) -> &'a [u8] {
        let from = slot as usize * self.stride;
        &self.rows[from..from + self.stride]
    }

    /// Asks the memory for what a key of `slot` needs.
    #[inline(always)]
    pub(super) fn prefetch(self, slot: u32) {
        super::prefetch::lines(self.row(slot));
        super::prefetch::address(&raw const self.norms[slot as usize]);
    }
}

/// What a key is made of.
pub(super) trait Form: Copy {
    /// The key of a row of `norm` whose product with the probe is `dot`.
    fn key(self, dot: i32, norm: i32) -> u32;
}

/// Squared L2: the probe's norm, less what its product with the 128 in each byte adds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Apart {
    base: i32,
}

/// The product, turned round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Product {
    base: i32,
}

/// Squared L2 between lifted rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifted {
    apart: Apart,
    roof: i32,
    lift: i32,
}

impl Apart {
    /// For a probe of these codes.
    #[inline(always)]
    pub(super) fn of(probe: &[i8]) -> Self {
        let (norm, sum) = sums(probe);
        Self { base: norm.wrapping_add(256 * sum) }
    }

    /// For a probe of `norm` that is a coded row, by the product of the two.
    #[inline(always)]
    fn of_row(product: i32, norm: i32) -> Self {
        // The product is the norm and 128 times the sum: no walk over the codes is needed for either.
        Self { base: product.wrapping_mul(2).wrapping_sub(norm) }
    }
}

impl Product {
    /// For a probe of these codes.
    #[inline(always)]
    pub(super) fn of(probe: &[i8]) -> Self {
        // Above any product: 16,384 times 128 times 128.
        Self { base: (1 << 29) + 128 * sums(probe).1 }
    }
}

impl Form for Apart {
    #[inline(always)]
    fn key(self, dot: i32, norm: i32) -> u32 {
        self.base.wrapping_add(norm).wrapping_sub(2 * dot) as u32
    }
}

impl Form for Product {
    #[inline(always)]
    fn key(self, dot: i32, _norm: i32) -> u32 {
        self.base.wrapping_sub(dot) as u32
    }
}

impl Form for Lifted {
    #[inline(always)]
    fn key(self, dot: i32, norm: i32) -> u32 {
        let between = self.lift - lift(self.roof, norm);
        self.apart.key(dot, norm).saturating_add((between * between) as u32)
    }
}

/// What brings a row of `norm` up to `roof`.
#[inline(always)]
fn lift(roof: i32, norm: i32) -> i32 {
    f64::from(roof.saturating_sub(norm).max(0)).sqrt() as i32
}

/// The sum of squares and the sum of codes.
#[inline(always)]
pub(super) fn sums(probe: &[i8]) -> (i32, i32) {
    let (mut norm, mut sum) = (0, 0);
    for &code in probe {
        norm += i32::from(code) * i32::from(code);
        sum += i32::from(code);
    }
    (norm, sum)
}

/// From a coded point.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByteRuler<'a, P, F> {
    pub(super) products: P,
    pub(super) bytes: Bytes<'a>,
    pub(super) probe: &'a [i8],
    pub(super) form: F,
}

impl<P: Products, F: Form> Ruler for ByteRuler<'_, P, F> {
    #[inline(always)]
    fn key(self, slot: u32) -> u32 {
        let dot = self.products.dot(self.bytes.row(slot), self.probe);
        self.form.key(dot, self.bytes.norms[slot as usize])
    }

    #[inline(always)]
    fn prefetch(self, slot: u32) {
        self.bytes.prefetch(slot);
    }
}

/// Between coded rows, in squared L2.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByteGauge<'a, P> {
    pub(super) products: P,
    pub(super) bytes: Bytes<'a>,
}

impl<P: Products> ByteGauge<'_, P> {
    #[inline(always)]
    fn ruler<'a>(&'a self, slot: u32, probe: &'a mut Probe) -> ByteRuler<'a, P, Apart> {
        let row = self.bytes.row(slot);
        let codes = probe.take(row.len());
        for (code, &byte) in codes.iter_mut().zip(row) {
            *code = signed(byte);
        }
        let form = Apart::of_row(self.products.dot(row, codes), self.bytes.norms[slot as usize]);
        ByteRuler { products: self.products, bytes: self.bytes, probe: codes, form }
    }
}

impl<P: Products> Gauge for ByteGauge<'_, P> {
    type Ruler<'a>
        = ByteRuler<'a, P, Apart>
    where
        Self: 'a;

    #[inline(always)]
    fn at<'a>(&'a self, slot: u32, probe: &'a mut Probe) -> Self::Ruler<'a> {
        self.ruler(slot, probe)
    }

    #[inline(always)]
    fn covers(self, between: u32, key: u32) -> bool {
        // ALPHA in integers.
        u64::from(between) * 11 <= u64::from(key) * 10
    }

    #[inline(always)]
    fn square(self, key: u32) -> f32 {
        key as f32
    }
}

/// Between coded rows lifted to one norm.
#[derive(Debug, Clone, Copy)]
pub(super) struct LiftedGauge<'a, P> {
    pub(super) level: ByteGauge<'a, P>,
    pub(super) roof: i32,
}

impl<P: Products> Gauge for LiftedGauge<'_, P> {
    type Ruler<'a>
        = ByteRuler<'a, P, Lifted>
    where
        Self: 'a;

    #[inline(always)]
    fn at<'a>(&'a self, slot: u32, probe: &'a mut Probe) -> Self::Ruler<'a> {
        let ByteRuler { products, bytes, probe, form } = self.level.ruler(slot, probe);
        let lift = lift(self.roof, bytes.norms[slot as usize]);
        ByteRuler { products, bytes, probe, form: Lifted { apart: form, roof: self.roof, lift } }
    }

    #[inline(always)]
    fn covers(self, between: u32, key: u32) -> bool {
        self.level.covers(between, key)
    }

    #[inline(always)]
    fn square(self, key: u32) -> f32 {
        self.level.square(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Isa;
    use crate::metric::bytes::{Task, dispatch};

    struct Keys<'a>(Bytes<'a>, u32);

    impl Task for Keys<'_> {
        type Output = Vec<u32>;

        #[inline(always)]
        fn run<P: Products>(self, products: P) -> Vec<u32> {
            let Self(bytes, rows) = self;
            let (gauge, mut probe) = (ByteGauge { products, bytes }, Probe::default());
            let mut keys = Vec::new();
            for from in 0..rows {
                let ruler = gauge.at(from, &mut probe);
                keys.extend((0..rows).map(|to| ruler.key(to)));
            }
            keys
        }
    }

    #[test]
    fn keys_between_rows_are_squared_distances_of_codes_at_their_limits_too() {
        const STRIDE: usize = 128;
        let mixed = (0..STRIDE).map(|at| (at * 89 % 256) as u8).collect();
        let rows: [Vec<u8>; 4] = [vec![0; STRIDE], vec![255; STRIDE], vec![128; STRIDE], mixed];
        let code = |&byte: &u8| i32::from(byte) - 128;
        let norms = rows.each_ref().map(|row| row.iter().map(|byte| code(byte) * code(byte)).sum());
        let apart = |a: &[u8], b: &[u8]| {
            let squares = a.iter().zip(b).map(|(a, b)| code(a).abs_diff(code(b)).pow(2));
            squares.sum::<u32>()
        };
        let expected: Vec<u32> =
            rows.iter().flat_map(|from| rows.iter().map(move |to| apart(from, to))).collect();
        let bytes = Bytes { stride: STRIDE, rows: &rows.concat(), norms: &norms };
        for isa in Isa::ALL {
            assert_eq!(dispatch(isa, Keys(bytes, 4)), expected, "{isa:?}");
        }
    }
}
