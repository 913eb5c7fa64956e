//! How rows are measured, and the bytes that say so in a snapshot: the part `codes`.
//!
//! Little-endian: `u32 version, u32 ef_search, u32 kind`, then of the vectors themselves (kind 0) `f32 roof`, of codes
//! (kind 1) `u32 roof, f32 scale` and per component `f32 centre`. Codes follow from these and the rows.

use crate::error::{Error, Result};
use crate::metric::Codec;

const VERSION: u32 = 1;
const FLOATS: u32 = 0;
const BYTES: u32 = 1;

/// No search takes more candidates unless told to.
const MOST_EF: u32 = 1 << 16;

/// How rows are measured.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Measure {
    /// On the vectors themselves.
    Floats {
        /// Under dot, the squared norm that rows are lifted to.
        roof: f32,
    },
    /// On their codes.
    Bytes {
        codec: Codec,
        /// Under dot, the squared norm of codes that rows are lifted to.
        roof: i32,
    },
}

impl Default for Measure {
    fn default() -> Self {
        Self::Floats { roof: 0.0 }
    }
}

impl Measure {
    /// What `stats` calls it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Floats { .. } => "f32",
            Self::Bytes { codec, .. } if codec.is_lossless() => "u8",
            Self::Bytes { .. } => "sq8",
        }
    }

    /// The measure as bytes, and the candidates that searches take.
    pub(super) fn encode(&self, ef_search: usize) -> Vec<u8> {
        let ef_search = ef_search as u32;
        let words: Vec<u32> = match self {
            Self::Floats { roof } => vec![VERSION, ef_search, FLOATS, roof.to_bits()],
            Self::Bytes { codec, roof } => {
                let head = [VERSION, ef_search, BYTES, *roof as u32, codec.scale().to_bits()];
                head.into_iter().chain(codec.centre().iter().map(|centre| centre.to_bits())).collect()
            }
        };
        words.into_iter().flat_map(u32::to_le_bytes).collect()
    }

    /// What `bytes` encode, of rows of `dimension`; anything else is `Corrupt`.
    pub(super) fn decode(bytes: &[u8], dimension: usize) -> Result<(Self, usize)> {
        let broken = |what: String| Error::corrupt(what).within("codes");
        let (words, rest) = bytes.as_chunks::<4>();
        let words: Vec<u32> = words.iter().map(|&word| u32::from_le_bytes(word)).collect();
        if let Some(&version) = words.first().filter(|&&version| version != VERSION) {
            return Err(broken(format!("version is {version}, this build reads {VERSION}")));
        }
        match (words.as_slice(), rest) {
            (&[_, ef_search @ 1..=MOST_EF, FLOATS, roof], []) if f32::from_bits(roof) >= 0.0 => {
                Ok((Self::Floats { roof: f32::from_bits(roof) }, ef_search as usize))
            }
            (&[_, ef_search @ 1..=MOST_EF, BYTES, roof, scale, ref centre @ ..], [])
                if centre.len() == dimension && roof <= 1 << 28 =>
            {
                let scale = f32::from_bits(scale);
                let centre: Vec<f32> = centre.iter().map(|&value| f32::from_bits(value)).collect();
                if scale > 0.0 && scale.is_finite() && centre.iter().all(|value| value.is_finite()) {
                    let measure = Self::Bytes { codec: Codec::new(scale, &centre), roof: roof as i32 };
                    return Ok((measure, ef_search as usize));
                }
                Err(broken(format!("a scale of {scale}, or a centre that is not finite")))
            }
            _ => Err(broken(format!("{} bytes say nothing about dimension {dimension}", bytes.len()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_comes_back_and_damage_is_refused() {
        let measures = [
            Measure::Floats { roof: 4.0 },
            Measure::Bytes { codec: Codec::lossless(3), roof: 0 },
            Measure::Bytes { codec: Codec::new(1e-3, &[0.5, -0.0, 3.0]), roof: 1 << 28 },
        ];
        for measure in measures {
            let bytes = measure.encode(77);
            assert_eq!(Measure::decode(&bytes, 3).unwrap(), (measure.clone(), 77));
            for end in 0..bytes.len() {
                assert!(Measure::decode(&bytes[..end], 3).is_err(), "{measure:?} cut to {end}");
            }
        }
        let scale_of_nothing = Measure::Bytes { codec: Codec::new(0.0, &[0.0; 3]), roof: 0 }.encode(9);
        assert!(Measure::decode(&scale_of_nothing, 3).is_err());
        let coded = Measure::Bytes { codec: Codec::lossless(3), roof: 0 }.encode(9);
        assert!(Measure::decode(&coded, 4).is_err());
    }
}
