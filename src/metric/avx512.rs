//! The kernels in AVX-512 F: one register is one chain of `scalar.rs`, which defines the order.
//!
//! Chains and their reduction are those of the scalar twin, so the sums are the same bits.

use std::arch::x86_64::{
    __m512, __mmask16, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_movehl_ps, _mm_shuffle_ps, _mm256_add_ps,
    _mm256_castps256_ps128, _mm256_extractf128_ps, _mm512_add_ps, _mm512_castpd_ps, _mm512_castps_pd,
    _mm512_castps512_ps256, _mm512_loadu_ps, _mm512_maskz_loadu_ps, _mm512_mul_ps, _mm512_setzero_ps,
    _mm512_shuffle_f64x2, _mm512_sub_ps,
};

const LANES: usize = 16;
const CHAINS: usize = 4;

#[target_feature(enable = "avx512f")]
fn reduce(chains: [__m512; CHAINS]) -> f32 {
    let all = _mm512_add_ps(_mm512_add_ps(chains[0], chains[1]), _mm512_add_ps(chains[2], chains[3]));
    let pairs = _mm512_castps_pd(all);
    let upper = _mm512_castpd_ps(_mm512_shuffle_f64x2::<0b1110>(pairs, pairs));
    let eight = _mm256_add_ps(_mm512_castps512_ps256(all), _mm512_castps512_ps256(upper));
    let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
}

macro_rules! kernel {
    ($(#[$doc:meta])* $name:ident, |$x:ident, $y:ident| $term:expr) => {
        $(#[$doc])*
        #[target_feature(enable = "avx512f")]
        pub(super) fn $name(a: &[f32], b: &[f32]) -> f32 {
            let length = a.len().min(b.len());
            let mut chains = [_mm512_setzero_ps(); CHAINS];
            let mut at = 0;
            while at + LANES * CHAINS <= length {
                for (block, chain) in chains.iter_mut().enumerate() {
                    let from = at + LANES * block;
                    // SAFETY: the loop's condition keeps from + 16 within both slices.
                    let ($x, $y) = unsafe {
                        (_mm512_loadu_ps(a.as_ptr().add(from)), _mm512_loadu_ps(b.as_ptr().add(from)))
                    };
                    *chain = _mm512_add_ps(*chain, $term);
                }
                at += LANES * CHAINS;
            }
            for (block, chain) in chains.iter_mut().enumerate() {
                let from = at + LANES * block;
                if from < length {
                    let mask = __mmask16::MAX >> (LANES - (length - from).min(LANES));
                    // SAFETY: from is within both slices, and the mask names only lanes before their end.
                    let ($x, $y) = unsafe {
                        (
                            _mm512_maskz_loadu_ps(mask, a.as_ptr().add(from)),
                            _mm512_maskz_loadu_ps(mask, b.as_ptr().add(from)),
                        )
                    };
                    *chain = _mm512_add_ps(*chain, $term);
                }
            }
            reduce(chains)
        }
    };
}

kernel!(
    /// The sum of `a[i] * b[i]`.
    dot,
    |x, y| _mm512_mul_ps(x, y)
);
kernel!(
    /// The sum of `(a[i] - b[i])^2`.
    squared_euclidean,
    |x, y| {
        let difference = _mm512_sub_ps(x, y);
        _mm512_mul_ps(difference, difference)
    }
);
