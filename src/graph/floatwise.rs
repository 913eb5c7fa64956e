//! Measuring on the vectors themselves, for data that bytes would not do justice.
//!
//! Keys are those that results are sorted by, but between rows under dot, where the rows are lifted to
//! one norm as in `bytewise.rs`.

use super::rows::RowsView;
use super::ruler::{ALPHA, Gauge, Probe, Ruler, ordered};

/// From a query, or from a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct FloatRuler<'a> {
    pub(super) rows: &'a RowsView,
    pub(super) query: &'a [f32],
    pub(super) inverse_norm: f32,
}

impl FloatRuler<'_> {
    /// The key of the row of `slot` as `RowsView` has it.
    #[inline(always)]
    pub(super) fn exact(self, slot: u32) -> f32 {
        self.rows.key_to(self.query, self.inverse_norm, slot)
    }
}

impl Ruler for FloatRuler<'_> {
    #[inline(always)]
    fn key(self, slot: u32) -> u32 {
        ordered(self.exact(slot))
    }

    #[inline(always)]
    fn prefetch(self, slot: u32) {
        self.rows.prefetch(slot);
    }
}

/// Between rows, in the distance of the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct FloatGauge<'a> {
    pub(super) rows: &'a RowsView,
}

impl Gauge for FloatGauge<'_> {
    type Ruler<'a>
        = FloatRuler<'a>
    where
        Self: 'a;

    #[inline(always)]
    fn at<'a>(&'a self, slot: u32, _probe: &'a mut Probe) -> FloatRuler<'a> {
        FloatRuler { rows: self.rows, query: self.rows.row(slot), inverse_norm: self.rows.inverse_norm(slot) }
    }

    #[inline(always)]
    fn covers(self, between: u32, key: u32) -> bool {
        ALPHA * self.square(between) <= self.square(key)
    }

    #[inline(always)]
    fn square(self, key: u32) -> f32 {
        // `ordered` sets the top bit of what is not negative, and these keys never are.
        f32::from_bits(key & !(1 << 31))
    }
}

/// From a row, lifted.
#[derive(Debug, Clone, Copy)]
pub(super) struct LiftedRuler<'a> {
    gauge: LiftedFloats<'a>,
    row: &'a [f32],
    lift: f32,
}

impl Ruler for LiftedRuler<'_> {
    #[inline(always)]
    fn key(self, slot: u32) -> u32 {
        let between = self.lift - self.gauge.lift(slot);
        let rows = self.gauge.level.rows;
        let apart = rows.space().kernels().squared_euclidean(self.row, rows.row(slot));
        ordered((apart + between * between).min(f32::MAX))
    }

    #[inline(always)]
    fn prefetch(self, slot: u32) {
        self.gauge.level.rows.prefetch(slot);
    }
}

/// Between rows lifted to one norm, under dot.
#[derive(Debug, Clone, Copy)]
pub(super) struct LiftedFloats<'a> {
    pub(super) level: FloatGauge<'a>,
    pub(super) roof: f32,
}

impl LiftedFloats<'_> {
    #[inline(always)]
    fn lift(self, slot: u32) -> f32 {
        let rows = self.level.rows;
        let row = rows.row(slot);
        (self.roof - rows.space().kernels().dot(row, row)).max(0.0).sqrt()
    }
}

impl Gauge for LiftedFloats<'_> {
    type Ruler<'a>
        = LiftedRuler<'a>
    where
        Self: 'a;

    #[inline(always)]
    fn at<'a>(&'a self, slot: u32, _probe: &'a mut Probe) -> LiftedRuler<'a> {
        LiftedRuler { gauge: *self, row: self.level.rows.row(slot), lift: self.lift(slot) }
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
