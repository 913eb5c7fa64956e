//! How far rows are from a query, or from each other, as the graph sees it: u32 keys that order as the
//! distances do.
//!
//! A [`Ruler`] measures from one point; a [`Gauge`] makes rulers at rows, to build with. There is one of
//! each per way rows stand in memory (`bytewise.rs`, `floatwise.rs`), and what is measured with them is
//! compiled for each.

/// Measures from one point to rows.
pub(super) trait Ruler: Copy {
    /// The key of the row of `slot`.
    fn key(self, slot: u32) -> u32;

    /// Asks the memory for what `key` will read.
    fn prefetch(self, slot: u32);
}

/// Measures between rows. Keys are symmetric, and grow like squared L2.
pub(super) trait Gauge: Copy {
    /// From one row.
    type Ruler<'a>: Ruler
    where
        Self: 'a;

    /// A ruler at the row of `slot`.
    fn at<'a>(&'a self, slot: u32, probe: &'a mut Probe) -> Self::Ruler<'a>;

    /// Whether a row at `key` from another is seen from there in the direction of a third, `between` from it.
    fn covers(self, between: u32, key: u32) -> bool;

    /// What squared L2 is to the key of two rows, up to a factor.
    fn square(self, key: u32) -> f32;
}

/// Work that measures between rows.
pub(super) trait Job {
    /// What it comes to.
    type Output;

    /// Does it. To be marked `inline(always)`, so that it is compiled for the gauge and its instruction set.
    fn run<G: Gauge>(self, gauge: G) -> Self::Output;
}

/// The margin of the diversity rule, on squared distances: 1.1 gave the best recall per evaluation on text.
pub(super) const ALPHA: f32 = 1.1;

/// The key of any f32 that is not NaN.
#[inline]
pub(super) fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

/// The value of which [`ordered`] made this.
pub(super) fn value(ordered: u32) -> f32 {
    f32::from_bits(if ordered >> 31 == 1 { ordered & !(1 << 31) } else { !ordered })
}

/// Memory for one coded query or row, on whole cache lines.
#[derive(Debug, Default)]
pub(super) struct Probe {
    bytes: Vec<i8>,
    start: usize,
    length: usize,
}

impl Probe {
    /// The memory, `length` bytes of it, with whatever was there.
    #[inline]
    pub(super) fn take(&mut self, length: usize) -> &mut [i8] {
        const LINE: usize = 64;
        if self.length != length {
            self.bytes = vec![0; length + LINE];
            self.start = self.bytes.as_ptr().align_offset(LINE).min(LINE);
            self.length = length;
        }
        &mut self.bytes[self.start..self.start + length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordered_keys_order_as_their_values_do() {
        let values = [f32::MIN, -1.5, -1e-40, 0.0, 1e-45, 1e-40, 1.0, 1.000_000_1, f32::MAX];
        assert!(values.map(ordered).is_sorted_by(|a, b| a < b));
        assert_eq!(values.map(|number| value(ordered(number)).to_bits()), values.map(f32::to_bits));
    }
}
