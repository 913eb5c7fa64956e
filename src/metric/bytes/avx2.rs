//! The products in AVX2: bytes widened to 16 bits, multiplied and added in pairs.
//!
//! The instruction that takes bytes as they are saturates, so it is not used.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_add_epi32, _mm_cvtsi128_si32, _mm_loadu_si128, _mm_shuffle_epi32, _mm256_add_epi32,
    _mm256_castsi256_si128, _mm256_cvtepi8_epi16, _mm256_cvtepu8_epi16, _mm256_extracti128_si256,
    _mm256_madd_epi16, _mm256_setzero_si256,
};

/// Bytes that fill a register once they are widened.
const HALF: usize = 16;

/// The sum of `row[i] * probe[i]`.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn dot(row: &[u8], probe: &[i8]) -> i32 {
    let mut sums = [_mm256_setzero_si256(); 2];
    let (rows, probes) = (row.as_chunks::<HALF>().0, probe.as_chunks::<HALF>().0);
    for (row, probe) in rows.as_chunks::<2>().0.iter().zip(probes.as_chunks::<2>().0) {
        for (sum, (row, probe)) in sums.iter_mut().zip(row.iter().zip(probe)) {
            let products =
                _mm256_madd_epi16(_mm256_cvtepu8_epi16(load(row)), _mm256_cvtepi8_epi16(load(probe)));
            *sum = _mm256_add_epi32(*sum, products);
        }
    }
    reduce(_mm256_add_epi32(sums[0], sums[1]))
}

#[inline]
#[target_feature(enable = "avx2")]
fn load<T>(bytes: &[T; HALF]) -> __m128i {
    const { assert!(size_of::<T>() == 1) };
    // SAFETY: there are 16 bytes, and the load asks for no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn reduce(eight: __m256i) -> i32 {
    let four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256::<1>(eight));
    let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b00_00_11_10>(four));
    _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<1>(two)))
}
