//! The three distances a user can choose, and which vectors each of them admits.
//!
//! How they are computed stands in `space.rs` and the kernels.

use crate::error::{Error, Result};

/// A distance between two f32 vectors of equal length; smaller is nearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Distance {
    /// `1 - cos(a, b)`, in `0..=2`.
    Cosine,
    /// `|a - b|`, the L2 norm of the difference (not squared).
    Euclidean,
    /// `1 - a.b`: cosine's value on unit vectors, negative where `a.b > 1`.
    Dot,
}

/// Partial sums of [`squared_norm`]: enough for two-wide registers to be kept busy.
const LANES: usize = 16;

impl Distance {
    /// Every distance, in the order users read them.
    pub const ALL: [Self; 3] = [Self::Cosine, Self::Euclidean, Self::Dot];

    /// The name users write: `cosine`, `euclidean` or `dot`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::Euclidean => "euclidean",
            Self::Dot => "dot",
        }
    }

    /// The distance called `name`; any other name is `InvalidArgument`, with the list of names.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|distance| distance.name() == name).ok_or_else(|| {
            Error::invalid(format!("unknown distance {name:?}: expected cosine, euclidean or dot"))
        })
    }

    /// Checks one vector and returns its inverse norm under cosine, 1.0 under the others.
    ///
    /// Refused as `InvalidArgument`: NaN and infinities, naming the component; a squared norm above
    /// `f32::MAX` (a quarter of it under euclidean, so that the squared distance of two admitted
    /// vectors is finite); under cosine also a squared norm below `f32::MIN_POSITIVE`. The norm is
    /// summed in f64 in a fixed order, so every machine returns the same bits.
    pub fn admit(self, vector: &[f32]) -> Result<f32> {
        let squared = squared_norm(vector);
        // A sum of squares of f32 cannot overflow f64: it is finite exactly when every term is.
        if !squared.is_finite() {
            return Err(not_finite(vector));
        }
        let limit = match self {
            Self::Euclidean => f64::from(f32::MAX) / 4.0,
            Self::Cosine | Self::Dot => f64::from(f32::MAX),
        };
        if squared > limit {
            return Err(Error::invalid("squared norm overflows f32"));
        }
        match self {
            Self::Cosine if squared == 0.0 => {
                Err(Error::invalid("zero vector has no direction under cosine"))
            }
            Self::Cosine if squared < f64::from(f32::MIN_POSITIVE) => {
                Err(Error::invalid("squared norm underflows f32: the vector has no direction under cosine"))
            }
            Self::Cosine => Ok((1.0 / squared.sqrt()) as f32),
            Self::Euclidean | Self::Dot => Ok(1.0),
        }
    }
}

fn squared_norm(vector: &[f32]) -> f64 {
    let mut lanes = [0.0_f64; LANES];
    let (blocks, tail) = vector.as_chunks::<LANES>();
    for block in blocks {
        for (lane, &value) in lanes.iter_mut().zip(block) {
            *lane += f64::from(value) * f64::from(value);
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(tail) {
        *lane += f64::from(value) * f64::from(value);
    }
    lanes.iter().sum()
}

fn not_finite(vector: &[f32]) -> Error {
    let (at, value) = vector
        .iter()
        .enumerate()
        .find(|(_, value)| !value.is_finite())
        .expect("the squared norm of finite f32 values is finite in f64");
    Error::invalid(format!("vector[{at}] is {}", if value.is_nan() { "NaN" } else { "infinite" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn refusal(distance: Distance, vector: &[f32]) -> String {
        let error = distance.admit(vector).expect_err("must be refused");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        error.message().to_owned()
    }

    #[test]
    fn every_name_parses_to_its_distance_and_no_other_does() {
        for distance in Distance::ALL {
            assert_eq!(Distance::parse(distance.name()).unwrap(), distance);
        }
        let error = Distance::parse("l2").unwrap_err();
        assert_eq!(error.message(), "unknown distance \"l2\": expected cosine, euclidean or dot");
    }

    #[test]
    fn a_component_that_is_not_finite_is_named() {
        for distance in Distance::ALL {
            let mut vector = vec![0.5; 40];
            vector[17] = f32::NAN;
            assert_eq!(refusal(distance, &vector), "vector[17] is NaN");
            vector[3] = f32::NEG_INFINITY;
            assert_eq!(refusal(distance, &vector), "vector[3] is infinite");
        }
    }

    #[test]
    fn norms_outside_the_range_of_f32_are_refused() {
        for distance in Distance::ALL {
            assert_eq!(refusal(distance, &[1.5e19, -1.5e19]), "squared norm overflows f32");
        }
        assert_eq!(refusal(Distance::Euclidean, &[1e19]), "squared norm overflows f32");
        assert!(Distance::Dot.admit(&[1e19]).is_ok());
        assert_eq!(refusal(Distance::Cosine, &[0.0, -0.0]), "zero vector has no direction under cosine");
        assert!(refusal(Distance::Cosine, &[1e-20]).starts_with("squared norm underflows f32"));
        assert!(Distance::Euclidean.admit(&[0.0]).is_ok());
    }

    #[test]
    fn the_inverse_norm_is_the_inverse_of_the_norm() {
        assert_eq!(Distance::Cosine.admit(&[3.0, 0.0, -4.0]).unwrap().to_bits(), 0.2_f32.to_bits());
    }
}
