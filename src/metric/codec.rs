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

/// Partial sums of a residual.
const LANES: usize = 16;

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
    /// The L2 distance between the vector and its codes, in units of codes.
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
        let is = |value: f32, exactly: f32| value.to_bits() == exactly.to_bits();
        is(self.scale, 1.0) && self.centre.iter().all(|&centre| is(centre, 128.0))
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
        let (codes, rest) = row.split_at_mut(self.centre.len());
        rest.fill(128);
        let mut norm = 0;
        let mut squares = [0.0_f32; LANES];
        let (vectors, centres) = (vector.chunks(LANES), self.centre.chunks(LANES));
        for ((codes, values), centres) in codes.chunks_mut(LANES).zip(vectors).zip(centres) {
            for (((code, &value), &centre), square) in
                codes.iter_mut().zip(values).zip(centres).zip(&mut squares)
            {
                let exact = (value * inverse_norm - centre) * self.scale;
                let rounded = round(exact);
                let integer = integer(rounded);
                *code = (integer + 128) as u8;
                norm += integer * integer;
                let off = exact - (rounded - ROUND);
                *square += off * off;
            }
        }
        for half in [8, 4, 2, 1] {
            for lane in 0..half {
                squares[lane] += squares[lane + half];
            }
        }
        Coded { norm, residual: squares[0].sqrt() }
    }
}

#[inline(always)]
fn round(exact: f32) -> f32 {
    exact.clamp(LEAST, MOST) + ROUND
}

#[inline(always)]
fn integer(rounded: f32) -> i32 {
    rounded.to_bits() as i32 - ROUND.to_bits() as i32
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
        for odd in [0.5, -1.0, 256.0, 1e30, 0.001] {
            let mut vector = vector.clone();
            vector[69] = odd;
            assert!(codec.row(&vector, 1.0, &mut row).residual > 0.0, "{odd}");
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
