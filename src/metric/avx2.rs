//! The kernels in AVX2: two registers are one chain of `scalar.rs`, which defines the order.
//!
//! Chains and their reduction are those of the scalar twin, so the sums are the same bits.

use std::arch::x86_64::{
    __m256, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_movehl_ps, _mm_shuffle_ps, _mm256_add_ps,
    _mm256_castps256_ps128, _mm256_extractf128_ps, _mm256_loadu_ps, _mm256_mul_ps, _mm256_setzero_ps,
    _mm256_sub_ps,
};

const LANES: usize = 16;
const CHAINS: usize = 4;

#[target_feature(enable = "avx2")]
fn reduce(chains: [[__m256; 2]; CHAINS]) -> f32 {
    let [low, high] = [0, 1].map(|half| {
        _mm256_add_ps(
            _mm256_add_ps(chains[0][half], chains[1][half]),
            _mm256_add_ps(chains[2][half], chains[3][half]),
        )
    });
    let eight = _mm256_add_ps(low, high);
    let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
}

macro_rules! kernel {
    ($(#[$doc:meta])* $name:ident, |$x:ident, $y:ident| $term:expr) => {
        $(#[$doc])*
        #[target_feature(enable = "avx2")]
        pub(super) fn $name(a: &[f32], b: &[f32]) -> f32 {
            let mut chains = [[_mm256_setzero_ps(); 2]; CHAINS];
            let (a_blocks, a_tail) = a.as_chunks::<LANES>();
            let (b_blocks, b_tail) = b.as_chunks::<LANES>();
            let (a_rounds, a_rest) = a_blocks.as_chunks::<CHAINS>();
            let (b_rounds, b_rest) = b_blocks.as_chunks::<CHAINS>();
            for (a, b) in a_rounds.iter().zip(b_rounds) {
                for (chain, (a, b)) in chains.iter_mut().zip(a.iter().zip(b)) {
                    for (half, sum) in chain.iter_mut().enumerate() {
                        // SAFETY: a block is 16 values, and half is 0 or 1.
                        let ($x, $y) = unsafe {
                            (_mm256_loadu_ps(a.as_ptr().add(8 * half)), _mm256_loadu_ps(b.as_ptr().add(8 * half)))
                        };
                        *sum = _mm256_add_ps(*sum, $term);
                    }
                }
            }
            let mut padded = [[0.0_f32; LANES]; 2];
            padded[0][..a_tail.len()].copy_from_slice(a_tail);
            padded[1][..b_tail.len()].copy_from_slice(b_tail);
            let tail = (!a_tail.is_empty()).then_some((&padded[0], &padded[1]));
            for (chain, (a, b)) in chains.iter_mut().zip(a_rest.iter().zip(b_rest).chain(tail)) {
                for (half, sum) in chain.iter_mut().enumerate() {
                    // SAFETY: a block is 16 values, and half is 0 or 1.
                    let ($x, $y) = unsafe {
                        (_mm256_loadu_ps(a.as_ptr().add(8 * half)), _mm256_loadu_ps(b.as_ptr().add(8 * half)))
                    };
                    *sum = _mm256_add_ps(*sum, $term);
                }
            }
            reduce(chains)
        }
    };
}

kernel!(
    /// The sum of `a[i] * b[i]`.
    dot,
    |x, y| _mm256_mul_ps(x, y)
);
kernel!(
    /// The sum of `(a[i] - b[i])^2`.
    squared_euclidean,
    |x, y| {
        let difference = _mm256_sub_ps(x, y);
        _mm256_mul_ps(difference, difference)
    }
);
