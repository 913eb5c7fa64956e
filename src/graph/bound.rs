//! What a key of codes says about the exact key of the same row: bounds that hold in spite of every rounding.
//!
//! Codes a and b stand for u and w, the vectors in units of codes; r and t bound |u - a| and |w - b|. Under
//! L2, |u - w| is within r + t of |a - b|. Under dot, u.w is within |a| t + r |w| of a.b. The kernels' sums
//! have at most d/64 + 6 additions in a row (`metric/scalar.rs`), each with a relative error of 2^-24; an
//! exact key is off by that much of the sum of the sizes of its terms, and where terms are subnormal by
//! less than d 2^-149. Vectors so long or so short that inverse norms or overflow would add to that have an
//! infinite residual, and are always measured exactly. The same bounds are stated twice: exactly, in f64, and
//! as the largest key that may pass, in f32, rounded up, for whole registers of keys.

use super::aim::Aim;
use super::floatwise::FloatRuler;
use super::rows::RowsView;
use crate::metric::{Codec, Coded, Distance, Space};

/// More than the relative errors that f64 adds to what is computed here.
const F64: f64 = 1e-12;

/// More than those of f32.
const F32: f64 = 1e-6;

/// The relative error of one f32 operation.
const ROUNDING: f64 = 1.0 / (1 << 24) as f64;

/// Norms under cosine and dot for which nothing overflows, and what is subnormal does not count.
const REACH: f64 = 1e15;

/// Above the size of any key, and an f32 within the range of i32.
const KEYS: f32 = (1 << 30) as f32;

/// Keys up to this are f32 values.
const WHOLE: i32 = 1 << 24;

/// The residual of a row or query, infinite where the bounds would not hold.
fn residual(space: Space, codec: &Codec, inverse_norm: f32, coded: Coded) -> f32 {
    let is_within = match space.distance() {
        Distance::Euclidean => true,
        Distance::Cosine => (REACH.recip()..=REACH).contains(&f64::from(inverse_norm)),
        Distance::Dot => {
            length(coded) <= REACH * f64::from(codec.scale())
                && codec.centre().iter().all(|&centre| centre == 0.0)
        }
    };
    if is_within { coded.residual } else { f32::INFINITY }
}

/// Codes the row of `slot` into `out`, with the residual that bounds need.
pub(super) fn code(codec: &Codec, rows: &RowsView, slot: u32, out: &mut [u8]) -> Coded {
    let inverse_norm = rows.inverse_norm(slot);
    let coded = codec.row(rows.row(slot), inverse_norm, out);
    Coded { residual: residual(rows.space(), codec, inverse_norm, coded), ..coded }
}

/// What is known of a coded row, or the most that is known of several.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    /// The sum of the squares of its codes.
    pub(super) norm: i32,
    pub(super) residual: f32,
}

/// The largest keys that rows may have and still be wanted: `base + slope * residual + length * |codes|`, and
/// `residual` squared besides under L2.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) base: f32,
    pub(super) slope: f32,
    pub(super) length: f32,
}

/// The bounds of exact keys from one query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    is_dot: bool,
    /// The query's residual.
    residual: f64,
    /// Under dot, the query's length in units of its codes.
    length: f64,
    /// Exact keys per key of codes (`tile::key`).
    unit: f64,
    relative: f64,
    absolute: f64,
    /// Whether keys of rows without a residual are exact keys.
    is_whole: bool,
}

impl Bound {
    /// Of a query that was coded so, next to rows coded by `codec`.
    pub(super) fn new(codec: &Codec, query: FloatRuler<'_>, Aim { coded, scale }: Aim) -> Self {
        let space = query.rows.space();
        match space.distance() {
            Distance::Euclidean | Distance::Cosine => {
                Self::apart(space, codec, residual(space, codec, query.inverse_norm, coded))
            }
            Distance::Dot => Self::product(space, codec, coded, scale),
        }
    }

    /// Of a query with this residual, coded as the rows are.
    fn apart(space: Space, codec: &Codec, residual: f32) -> Self {
        let square = f64::from(codec.scale()) * f64::from(codec.scale());
        let (unit, relative, absolute) = match space.distance() {
            Distance::Euclidean => (square.recip(), sums(space), subnormal(space)),
            // 1 - cos = |x - y|^2 / 2 for unit vectors; theirs are so up to the rounding of inverse norms.
            Distance::Cosine | Distance::Dot => (0.5 / square, 0.0, sums(space) + 12.0 * ROUNDING),
        };
        Self {
            is_dot: false,
            residual: f64::from(residual),
            length: 0.0,
            unit,
            relative: relative + F64,
            absolute,
            is_whole: space.distance() == Distance::Euclidean && codec.is_lossless() && residual == 0.0,
        }
    }

    /// Under dot, of a query with codes of its own, `scale` per unit.
    fn product(space: Space, codec: &Codec, coded: Coded, scale: f64) -> Self {
        let length = length(coded);
        Self {
            is_dot: true,
            residual: if length <= REACH * scale { f64::from(coded.residual) } else { f64::INFINITY },
            length,
            unit: 0.5 / (scale * f64::from(codec.scale())),
            relative: sums(space) + 8.0 * ROUNDING,
            absolute: 8.0 * ROUNDING + subnormal(space),
            is_whole: false,
        }
    }

    /// Under dot, how far twice the product of a row may be from that of its codes, per unit of the length of
    /// its codes and per unit of its residual; and then `absolute` is to be added.
    fn margins(&self) -> (f64, f64) {
        (2.0 * (self.residual + self.relative * self.length), 2.0 * self.length * (1.0 + self.relative))
    }

    /// The least and the greatest exact key of a row with this key of codes.
    pub(super) fn range(&self, key: i32, Spread { norm, residual }: Spread) -> (f64, f64) {
        let key = f64::from(key);
        if !(self.residual.is_finite() && residual.is_finite()) {
            return (f64::NEG_INFINITY, f64::INFINITY);
        }
        if self.is_dot {
            let (per_code, per_residual) = self.margins();
            let margin = f64::from(norm).sqrt() * per_code + f64::from(residual) * per_residual;
            let margin = margin * self.unit + self.absolute;
            return (1.0 + key * self.unit - margin, 1.0 + key * self.unit + margin);
        }
        let off = (self.residual + f64::from(residual)) * (1.0 + F64);
        let (near, far) = (key.sqrt() * (1.0 - F64) - off, key.sqrt() * (1.0 + F64) + off);
        let near = near.max(0.0);
        (
            near * near * self.unit * (1.0 - self.relative) - self.absolute,
            far * far * self.unit * (1.0 + self.relative) + self.absolute,
        )
    }

    /// The limits of rows whose exact key may be `cutoff` or less.
    pub(super) fn limits(&self, cutoff: f64) -> Limits {
        const MOST: f64 = 1e30;
        if !self.residual.is_finite() {
            return Limits { base: MOST as f32, slope: 0.0, length: 0.0 };
        }
        if self.is_dot {
            let base = (cutoff - 1.0 + 2.0 * self.absolute) / self.unit;
            let (per_code, per_residual) = self.margins();
            return Limits {
                base: (base + base.abs() * F32 + 1.0).clamp(-MOST, MOST) as f32,
                slope: (per_residual * (1.0 + F32)).min(MOST) as f32,
                length: (per_code * (1.0 + F32)).min(MOST) as f32,
            };
        }
        let square = (cutoff + self.absolute).max(0.0) / (self.unit * (1.0 - self.relative));
        // Its square stays finite in f32.
        let reach = ((square.sqrt() + self.residual) * (1.0 + F32)).min(MOST.sqrt());
        Limits { base: (reach * reach + 1.0) as f32, slope: (2.0 * reach) as f32, length: 0.0 }
    }

    /// The exact key of a row, where its key of codes is that.
    pub(super) fn exact(&self, key: i32, residual: f32) -> Option<f32> {
        // All partial sums are integers of this size as well.
        (self.is_whole && residual == 0.0 && key <= WHOLE).then_some(key as f32)
    }
}

impl Limits {
    /// For keys of which none passes.
    pub(super) const NONE: Self = Self { base: -1e30, slope: 0.0, length: 0.0 };

    /// The largest key of a row, or of several, that may pass.
    #[inline(always)]
    pub(super) fn key(self, most: Most) -> i32 {
        let key = self.base + self.slope * most.residual + self.length * most.codes + most.square;
        // SAFETY: within the range of i32; all parts but the base are positive and the base is finite, so that
        // it is not NaN.
        unsafe { key.clamp(-KEYS, KEYS).to_int_unchecked() }
    }
}

/// The most that is known of several rows, as [`Limits`] take it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    residual: f32,
    codes: f32,
    square: f32,
}

impl Most {
    /// `None` where one of the rows has an infinite residual: each may pass.
    #[inline(always)]
    pub(super) fn of(is_dot: bool, norms: &[i32], residuals: &[f32]) -> Option<Self> {
        let residual = residuals.iter().copied().fold(0.0, f32::max);
        let norm = norms.iter().copied().fold(0, i32::max);
        let square = if is_dot { 0.0 } else { residual * residual * (1.0 + F32 as f32) };
        let codes = if is_dot { (norm as f32).sqrt() * (1.0 + F32 as f32) } else { 0.0 };
        residual.is_finite().then_some(Self { residual, codes, square })
    }
}

/// The most that a coded vector's length is, in units of codes.
fn length(coded: Coded) -> f64 {
    (f64::from(coded.norm).sqrt() + f64::from(coded.residual)) * (1.0 + F64)
}

/// The relative error of the kernels' sums, of terms that took three operations.
fn sums(space: Space) -> f64 {
    (space.dimension() / 64 + 16) as f64 * ROUNDING
}

/// What subnormal terms lose at most; more than that under dot, for all that `residual` lets pass.
fn subnormal(space: Space) -> f64 {
    space.dimension() as f64 * f64::from(f32::from_bits(1))
}
