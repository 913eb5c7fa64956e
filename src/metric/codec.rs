//! Vectors as bytes: one linear scale for all components, about a centre of each.
//!
//! A component x becomes the nearest integer to `(x - centre) * scale` in -128..=127. Squared L2 between
//! codes then follows squared L2 between vectors, and under cosine (where vectors are first brought to
//! length 1) the distance. With scale 1 and centre 128 the integers 0..=255 are kept as they are. Every
//! operation is an IEEE one in a fixed order: every machine makes the same codes.

use super::bytes::BLOCK;

/// Codes are integers in this range.
const LEAST: f32 = -128.0;
const MOST: f32 = 127.0;

/// Adding it rounds a small f32 to an integer, ties to even, in its low bits.
const ROUND: f32 = 12_582_912.0;

/// Above the relative error of a sum of 16,384 squares in f64.
const SLACK: f64 = 1e-12;

/// Partial sums of a residual.
const LANES: usize = 16;

/// What the largest component of a direction becomes, or the opposite of it.
const FULL: f32 = 127.0;

/// A scale and a centre.
#[derive(Debug, Clone, PartialEq)]
pub struct Codec {
    scale: f32,
    centre: Box<[f32]>,
}

/// What is kept of a coded vector beside its bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coded {
    /// The sum of the squares of its codes.
    pub norm: i32,
    /// At least the L2 distance between the vector and its codes, in units of codes; 0 only if they are the same.
    pub residual: f32,
}

impl Codec {
    /// `scale` must be positive; both it and the components of `centre` finite.
    pub fn new(scale: f32, centre: &[f32]) -> Self {
        Self { scale, centre: centre.into() }
    }

    /// The codec that keeps the integers 0..=255.
    pub fn lossless(dimension: usize) -> Self {
        Self::new(1.0, &vec![128.0; dimension])
    }

    /// Whether it is [`Codec::lossless`].
    pub fn is_lossless(&self) -> bool {
        self.linear().is_lossless()
    }

    /// Codes per unit.
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// What is subtracted, per component.
    pub fn centre(&self) -> &[f32] {
        &self.centre
    }

    /// Bytes of a coded vector: its dimension, filled up to whole blocks.
    pub fn stride(&self) -> usize {
        self.centre.len().next_multiple_of(BLOCK)
    }

    /// Codes `vector * inverse_norm` into `row`: each code plus 128, then 128 up to the stride.
    #[inline(always)]
    pub fn row(&self, vector: &[f32], inverse_norm: f32, row: &mut [u8]) -> Coded {
        self.linear().row(vector, inverse_norm, row)
    }

    /// As [`Codec::row`], but each code as it is, then 0 up to the stride.
    #[inline(always)]
    pub fn probe(&self, vector: &[f32], inverse_norm: f32, probe: &mut [i8]) -> Coded {
        self.linear().probe(vector, inverse_norm, probe)
    }

    /// As [`Codec::probe`], but at the vector's own scale: about a centre of zeros none of it is cut off, however
    /// long it is. Returns that scale as well, in codes per unit.
    #[inline(always)]
    pub fn direction(&self, vector: &[f32], probe: &mut [i8]) -> (Coded, f64) {
        let largest = vector.iter().fold(f32::MIN_POSITIVE, |most, value| most.max(value.abs()));
        let inverse = 1.0 / largest;
        let coded = Linear { scale: FULL, centre: &self.centre }.probe(vector, inverse, probe);
        (coded, f64::from(inverse) * f64::from(FULL))
    }

    #[inline(always)]
    fn linear(&self) -> Linear<'_> {
        Linear { scale: self.scale, centre: &self.centre }
    }
}

/// The code that stands in a row as `byte`.
#[inline(always)]
pub fn signed(byte: u8) -> i8 {
    (byte ^ 0x80) as i8
}

/// A codec, or its centre with another scale.
#[derive(Clone, Copy)]
struct Linear<'a> {
    scale: f32,
    centre: &'a [f32],
}

impl Linear<'_> {
    fn is_lossless(self) -> bool {
        let is = |value: f32, exactly: f32| value.to_bits() == exactly.to_bits();
        is(self.scale, 1.0) && self.centre.iter().all(|&centre| is(centre, 128.0))
    }

    #[inline(always)]
    fn row(self, vector: &[f32], inverse_norm: f32, row: &mut [u8]) -> Coded {
        let (codes, rest) = row.split_at_mut(self.centre.len());
        rest.fill(128);
        let mut norm = 0;
        for ((code, &value), &centre) in codes.iter_mut().zip(vector).zip(self.centre) {
            let integer = nearest((value * inverse_norm - centre) * self.scale);
            *code = (integer + 128) as u8;
            norm += integer * integer;
        }
        Coded { norm, residual: self.residual(vector, inverse_norm, codes, norm) }
    }

    #[inline(always)]
    fn probe(self, vector: &[f32], inverse_norm: f32, probe: &mut [i8]) -> Coded {
        let bytes = bytemuck::cast_slice_mut::<i8, u8>(probe);
        let coded = self.row(vector, inverse_norm, bytes);
        for code in probe {
            *code = signed(*code as u8);
        }
        coded
    }

    /// The residual of a vector whose codes these are, plus 128 each, and `norm` the sum of their squares.
    ///
    /// In f64 the product of two f32 is exact, and what follows errs by less than 2^-51 of a component.
    #[inline(always)]
    fn residual(self, vector: &[f32], inverse_norm: f32, codes: &[u8], norm: i32) -> f32 {
        let (inverse_norm, scale) = (f64::from(inverse_norm), f64::from(self.scale));
        let mut squares = [0.0_f64; LANES];
        let (vectors, centres) = (vector.chunks(LANES), self.centre.chunks(LANES));
        for ((codes, values), centres) in codes.chunks(LANES).zip(vectors).zip(centres) {
            for (((&code, &value), &centre), square) in
                codes.iter().zip(values).zip(centres).zip(&mut squares)
            {
                let exact = (f64::from(value) * inverse_norm - f64::from(centre)) * scale;
                let off = exact - f64::from(i32::from(code) - 128);
                *square += off * off;
            }
        }
        for half in [8, 4, 2, 1] {
            for lane in 0..half {
                squares[lane] += squares[lane + half];
            }
        }
        let off = squares[0].sqrt();
        let is_same = |(&code, &value): (&u8, &f32)| f32::from(code).to_bits() == value.to_bits();
        if off == 0.0 && self.is_lossless() && codes.iter().zip(vector).all(is_same) {
            return 0.0;
        }
        let most = off * (1.0 + SLACK) + (off + f64::from(norm).sqrt()) * SLACK;
        // Without a norm, nothing was rounded.
        if most == 0.0 { 0.0 } else { (most as f32).next_up() }
    }
}

#[inline(always)]
fn nearest(exact: f32) -> i32 {
    (exact.clamp(LEAST, MOST) + ROUND).to_bits() as i32 - ROUND.to_bits() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_kept_and_nothing_else_is_called_exact() {
        let codec = Codec::lossless(70);
        assert!(codec.is_lossless());
        let vector: Vec<f32> = (0..70).map(|i| (i * 37 % 256) as f32).collect();
        let mut row = vec![0; codec.stride()];
        let coded = codec.row(&vector, 1.0, &mut row);
        assert_eq!(coded.residual.to_bits(), 0);
        assert!(row.iter().zip(&vector).all(|(&byte, &value)| f32::from(byte).to_bits() == value.to_bits()));
        assert!(row[70..].iter().all(|&byte| byte == 128));
        let norm: i32 = vector.iter().map(|&value| (value as i32 - 128).pow(2)).sum();
        assert_eq!(coded.norm, norm);
        for odd in [0.5, -1.0, 256.0, 1e30, 0.001, 1e-30, 1e-45] {
            let mut vector = vector.clone();
            vector[69] = odd;
            assert!(codec.row(&vector, 1.0, &mut row).residual > 0.0, "{odd}");
        }
    }

    #[test]
    fn a_probe_has_the_codes_of_the_row_and_a_direction_those_of_its_largest_component() {
        let codec = Codec::new(2.0, &[0.0; 3]);
        let (mut row, mut probe) = (vec![0; codec.stride()], vec![7; codec.stride()]);
        let vector = [40.0, -64.0, 0.25];
        assert_eq!(codec.row(&vector, 1.0, &mut row), codec.probe(&vector, 1.0, &mut probe));
        assert!(row.iter().map(|&byte| signed(byte)).eq(probe.iter().copied()));
        assert_eq!(probe[..4], [80, -128, 0, 0]);
        for length in [1e-30, 1.0, 1e30] {
            let vector = vector.map(|value| value * length);
            let (coded, scale) = codec.direction(&vector, &mut probe);
            assert_eq!(probe[..4], [79, -127, 0, 0]);
            assert!((scale * f64::from(length) / (127.0 / 64.0) - 1.0).abs() < 1e-6, "{scale}");
            assert!(coded.residual < 1.0, "{}", coded.residual);
        }
    }

    #[test]
    fn a_code_is_the_nearest_integer_ties_to_even_and_never_leaves_its_range() {
        let codec = Codec::new(2.0, &[1.0; 6]);
        let mut row = vec![0; codec.stride()];
        let coded = codec.row(&[1.0, 1.25, 1.75, 1.6, 1e9, -1e9], 1.0, &mut row);
        assert_eq!(row[..6], [128, 128, 130, 129, 255, 0]);
        assert_eq!(coded.norm, 4 + 1 + 127 * 127 + 128 * 128);
        assert!((coded.residual / 2.8e9 - 1.0).abs() < 0.02, "{}", coded.residual);
    }
}
