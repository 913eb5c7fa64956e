//! Which instruction set computes the two f32 kernels; chosen once, at first use.
//!
//! `VECTORD_ISA=scalar|avx2|avx512` asks for one; where it is not available the best below it is
//! taken. The choice never shows in a result: all of them give the same bits.

use std::sync::OnceLock;

use super::scalar;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};

/// An instruction set the kernels are written in, from the plainest to the widest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isa {
    /// Plain Rust.
    Scalar,
    /// aarch64's baseline.
    Neon,
    /// x86-64 with AVX2.
    Avx2,
    /// x86-64 with AVX-512 F.
    Avx512,
}

impl Isa {
    /// Every instruction set, the widest last.
    pub const ALL: [Self; 4] = [Self::Scalar, Self::Neon, Self::Avx2, Self::Avx512];

    /// Its lower-case name, as in `VECTORD_ISA`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            Self::Neon => cfg!(target_arch = "aarch64"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => std::is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => std::is_x86_feature_detected!("avx512f"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }
}

/// A kernel over two slices of equal length.
type Kernel = unsafe fn(&[f32], &[f32]) -> f32;

/// The two f32 kernels of one instruction set.
#[derive(Debug, Clone, Copy)]
pub struct Kernels {
    isa: Isa,
    dot: Kernel,
    squared_euclidean: Kernel,
}

impl Kernels {
    /// The kernels this process uses.
    pub fn get() -> Self {
        static CHOSEN: OnceLock<Kernels> = OnceLock::new();
        *CHOSEN.get_or_init(|| {
            let asked = std::env::var("VECTORD_ISA").ok();
            let limit = Isa::ALL.into_iter().find(|isa| asked.as_deref() == Some(isa.name()));
            Self::best(limit.unwrap_or(Isa::Avx512))
        })
    }

    /// The kernels of `limit`, or of the widest available instruction set below it.
    pub fn best(limit: Isa) -> Self {
        let isa = Isa::ALL
            .into_iter()
            .filter(|&isa| isa <= limit && isa.is_available())
            .max()
            .expect("scalar is always available");
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => Self { isa, dot: avx512::dot, squared_euclidean: avx512::squared_euclidean },
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Self { isa, dot: avx2::dot, squared_euclidean: avx2::squared_euclidean },
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => {
                Self { isa, dot: super::neon::dot, squared_euclidean: super::neon::squared_euclidean }
            }
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx512 | Isa::Avx2 => unreachable!("filtered by is_available"),
            #[cfg(not(target_arch = "aarch64"))]
            Isa::Neon => unreachable!("filtered by is_available"),
            Isa::Scalar => Self { isa, dot: scalar::dot, squared_euclidean: scalar::squared_euclidean },
        }
    }

    /// The instruction set in use.
    pub fn isa(self) -> Isa {
        self.isa
    }

    /// The sum of `a[i] * b[i]`.
    #[inline]
    pub fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len(), "kernels take vectors of one dimension");
        // SAFETY: `best` took this pointer only after is_available said the processor has its features.
        unsafe { (self.dot)(a, b) }
    }

    /// The sum of `(a[i] - b[i])^2`.
    #[inline]
    pub fn squared_euclidean(self, a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len(), "kernels take vectors of one dimension");
        // SAFETY: `best` took this pointer only after is_available said the processor has its features.
        unsafe { (self.squared_euclidean)(a, b) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A splitmix64 stream: the tests need no more of randomness.
    fn values(seed: u64, length: usize, scale: f32) -> Vec<f32> {
        let mut state = seed;
        (0..length)
            .map(|_| {
                state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                ((z >> 40) as f32 / (1 << 23) as f32 - 1.0) * scale
            })
            .collect()
    }

    #[test]
    fn every_instruction_set_gives_the_bits_of_the_scalar_kernels() {
        let scales = [1.0, 1e-39, 1e-20, 1e17, 0.0];
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
            let kernels = Kernels::best(isa);
            assert_eq!(kernels.isa(), isa);
            for length in (0..=130).chain([384, 768, 1536]) {
                for (case, scale) in scales.into_iter().enumerate() {
                    let a = values(length as u64 * 31 + case as u64, length, scale);
                    let b = values(length as u64 * 37 + case as u64 + 5, length, scale);
                    let dots = [kernels.dot(&a, &b), scalar::dot(&a, &b)];
                    let squares = [kernels.squared_euclidean(&a, &b), scalar::squared_euclidean(&a, &b)];
                    assert_eq!(dots[0].to_bits(), dots[1].to_bits(), "{isa:?} dot of {length} at {scale}");
                    assert_eq!(
                        squares[0].to_bits(),
                        squares[1].to_bits(),
                        "{isa:?} L2 of {length} at {scale}"
                    );
                }
            }
        }
    }

    #[test]
    fn kernels_agree_with_f64_arithmetic() {
        let (a, b) = (values(1, 1536, 1.0), values(2, 1536, 1.0));
        let pairs = || a.iter().zip(&b).map(|(&x, &y)| (f64::from(x), f64::from(y)));
        let dot: f64 = pairs().map(|(x, y)| x * y).sum();
        let squares: f64 = pairs().map(|(x, y)| (x - y) * (x - y)).sum();
        assert!((f64::from(Kernels::get().dot(&a, &b)) - dot).abs() < 1e-4);
        assert!((f64::from(Kernels::get().squared_euclidean(&a, &b)) - squares).abs() < 1e-3);
    }

    #[test]
    fn an_instruction_set_that_is_missing_falls_back_to_the_best_below() {
        assert_eq!(Kernels::best(Isa::Scalar).isa(), Isa::Scalar);
        assert!(Kernels::best(Isa::Avx512).isa().is_available());
    }
}
