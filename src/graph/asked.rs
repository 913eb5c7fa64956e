//! Walks from a query: on codes, on the vectors where there are no codes, and where codes cannot follow the query.
//!
//! What is done on the way is a [`Walk`], compiled for each way of measuring and each instruction set.

use super::aim::aim;
use super::bytewise::{Apart, ByteRuler, Bytes, Product};
use super::codes::CodesView;
use super::floatwise::FloatRuler;
use super::measure::Measure;
use super::ruler::{Probe, Ruler};
use crate::metric::bytes::{Products, Task, dispatch};
use crate::metric::{Codec, Distance};

/// What the keys of a walk say of exact ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    /// They are squared distances between vectors of integers.
    Whole,
    /// They order as exact ones do.
    Exact,
    /// They are squared distances between codes.
    Square,
    /// They order nearly as those do.
    Order,
}

impl Precision {
    /// Whether the nearest by the keys of a walk are the nearest.
    pub(super) fn is_exact(self) -> bool {
        match self {
            Self::Whole | Self::Exact => true,
            Self::Square | Self::Order => false,
        }
    }

    /// The exact key that `key` is, if it is one: below 2^24 a sum of squares has no rounding in f32.
    #[inline]
    pub(super) fn exact_key(self, key: u32) -> Option<f32> {
        (self == Self::Whole && key < 1 << f32::MANTISSA_DIGITS).then_some(key as f32)
    }
}

/// Work that measures from a query.
pub(super) trait Walk {
    /// Does it. To be marked `inline(always)`, so that it is compiled for the ruler and its instruction set.
    fn run<R: Ruler>(self, ruler: R);
}

impl CodesView {
    /// Runs `walk` with a ruler at `query`, and says what its keys are worth.
    ///
    /// A query that codes cannot follow, because it lies outside their range, is measured on the vectors.
    pub(super) fn at_query(&self, query: FloatRuler<'_>, probe: &mut Probe, walk: impl Walk) -> Precision {
        self.measured(query, FAR, probe, walk)
    }

    /// As [`CodesView::at_query`], but codes are never left.
    pub(super) fn at_any_query(
        &self,
        query: FloatRuler<'_>,
        probe: &mut Probe,
        walk: impl Walk,
    ) -> Precision {
        self.measured(query, f32::INFINITY, probe, walk)
    }

    fn measured(&self, floats: FloatRuler<'_>, far: f32, probe: &mut Probe, walk: impl Walk) -> Precision {
        let space = floats.rows.space();
        match self.measure() {
            Measure::Floats { .. } => {
                walk.run(floats);
                Precision::Exact
            }
            Measure::Bytes { codec, .. } => {
                let task = AtQuery {
                    bytes: self.coded(codec),
                    codec,
                    floats,
                    far: far * (space.dimension() as f32).sqrt(),
                    probe,
                    walk,
                };
                let Measured { residual, is_far } = dispatch(space.kernels().isa(), task);
                match space.distance() {
                    _ if is_far => Precision::Exact,
                    Distance::Euclidean if self.is_exact() && residual == 0.0 => Precision::Whole,
                    Distance::Euclidean | Distance::Cosine => Precision::Square,
                    Distance::Dot => Precision::Order,
                }
            }
        }
    }
}

/// Rounding leaves a residual of 0.3 times the root of the dimension; a query with so much more is far
/// outside of what is coded, and its nearest codes need not be those of its nearest rows.
const FAR: f32 = 2.0;

struct AtQuery<'a, W> {
    bytes: Bytes<'a>,
    codec: &'a Codec,
    floats: FloatRuler<'a>,
    /// A residual above it is that of a far query.
    far: f32,
    probe: &'a mut Probe,
    walk: W,
}

/// How a query was measured.
struct Measured {
    /// Of its codes.
    residual: f32,
    /// Whether the vectors were measured instead.
    is_far: bool,
}

impl<W: Walk> Task for AtQuery<'_, W> {
    type Output = Measured;

    #[inline(always)]
    fn run<P: Products>(self, products: P) -> Measured {
        let Self { bytes, codec, floats, far, probe, walk } = self;
        let probe = probe.take(bytes.stride);
        let residual = aim(codec, floats, probe).coded.residual;
        let is_far = residual > far;
        if is_far {
            walk.run(floats);
            return Measured { residual, is_far };
        }
        let probe = &*probe;
        if floats.rows.space().distance() == Distance::Dot {
            walk.run(ByteRuler { products, bytes, probe, form: Product::of(probe) });
        } else {
            walk.run(ByteRuler { products, bytes, probe, form: Apart::of(probe) });
        }
        Measured { residual, is_far }
    }
}
