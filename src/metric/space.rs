//! A distance over vectors of one dimension: the keys searches sort by, and what users see of them.
//!
//! A key orders as the distance does but is cheaper: squared for euclidean, the distance itself for
//! the others. Keys of cosine and euclidean are never negative and grow like squared L2, so the
//! graph compares either with one pruning rule.

use super::{Distance, Kernels};

/// A distance, a dimension and the kernels that compute it.
#[derive(Debug, Clone, Copy)]
pub struct Space {
    distance: Distance,
    dimension: usize,
    kernels: Kernels,
}

impl Space {
    /// `distance` over vectors of `dimension` f32 components.
    pub fn new(distance: Distance, dimension: usize) -> Self {
        Self { distance, dimension, kernels: Kernels::get() }
    }

    /// The distance users chose.
    pub fn distance(&self) -> Distance {
        self.distance
    }

    /// Components per vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The kernels in use.
    pub fn kernels(&self) -> Kernels {
        self.kernels
    }

    /// The sort key of two admitted vectors and their inverse norms ([`Distance::admit`]).
    ///
    /// Symmetric to the last bit, finite, and never NaN; zero for equal vectors under euclidean, at
    /// most about 1e-6 for equal vectors under cosine.
    #[inline]
    pub fn key(&self, a: &[f32], inverse_a: f32, b: &[f32], inverse_b: f32) -> f32 {
        match self.distance {
            Distance::Cosine => {
                // The smaller factor first: neither partial product leaves the range of f32.
                let cosine = self.kernels.dot(a, b) * inverse_a.min(inverse_b) * inverse_a.max(inverse_b);
                // f32::max also turns the NaN of a sum that overflowed both ways into 0.
                (1.0 - cosine).max(0.0)
            }
            // The exact value is at most f32::MAX for admitted vectors; rounding may pass it.
            Distance::Euclidean => self.kernels.squared_euclidean(a, b).min(f32::MAX),
            Distance::Dot => {
                let key = 1.0 - self.kernels.dot(a, b);
                if key.is_nan() { f32::MAX } else { key.clamp(f32::MIN, f32::MAX) }
            }
        }
    }

    /// The distance users see for a key.
    #[inline]
    pub fn finish(&self, key: f32) -> f32 {
        match self.distance {
            Distance::Cosine | Distance::Dot => key,
            Distance::Euclidean => key.sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(distance: Distance, a: &[f32], b: &[f32]) -> f32 {
        let space = Space::new(distance, a.len());
        space.finish(space.key(a, distance.admit(a).unwrap(), b, distance.admit(b).unwrap()))
    }

    #[test]
    fn users_see_the_distances_they_know() {
        let (a, b) = ([3.0, 4.0], [4.0, -3.0]);
        assert!((distance(Distance::Cosine, &a, &b) - 1.0).abs() < 1e-7);
        assert!((distance(Distance::Euclidean, &a, &b) - 50.0_f32.sqrt()).abs() < 1e-6);
        assert!((distance(Distance::Dot, &a, &a) + 24.0).abs() < 1e-6);
    }

    #[test]
    fn a_vector_is_at_no_distance_from_itself() {
        for dimension in [1, 7, 128, 384, 1536, 16_384] {
            let vector: Vec<f32> = (0..dimension).map(|i| ((i * 37 % 101) as f32 - 50.0) * 0.013).collect();
            assert_eq!(distance(Distance::Euclidean, &vector, &vector).to_bits(), 0);
            assert!(distance(Distance::Cosine, &vector, &vector) <= 1e-6);
        }
    }

    #[test]
    fn keys_at_the_edges_of_f32_are_finite_and_symmetric() {
        let huge = [9.2e18_f32, -1e17, 0.0];
        let opposite = huge.map(|value| -value);
        let tiny = [1.2e-19_f32, 3e-19, -1e-19];
        for metric in Distance::ALL {
            let space = Space::new(metric, 3);
            let vectors = [&huge, &opposite, &tiny];
            for a in vectors {
                for b in vectors {
                    let (x, y) = (metric.admit(a).unwrap(), metric.admit(b).unwrap());
                    let key = space.key(a, x, b, y);
                    assert!(key.is_finite(), "{metric:?} {a:?} {b:?}");
                    assert_eq!(key.to_bits(), space.key(b, y, a, x).to_bits());
                }
            }
        }
        assert!((distance(Distance::Cosine, &huge, &opposite) - 2.0).abs() < 1e-6);
    }
}
