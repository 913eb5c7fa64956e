//! The products in AVX2: bytes widened to 16 bits, multiplied and added in pairs.
//!
//! The instruction that takes bytes as they are saturates, so it is not used.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_add_epi32, _mm_cvtepu8_epi16, _mm_cvtsi32_si128, _mm_cvtsi128_si32,
    _mm_loadu_si128, _mm_shuffle_epi32, _mm256_add_epi32, _mm256_broadcastq_epi64, _mm256_castsi256_si128,
    _mm256_cvtepi8_epi16, _mm256_cvtepu8_epi16, _mm256_extracti128_si256, _mm256_hadd_epi32,
    _mm256_madd_epi16, _mm256_permute4x64_epi64, _mm256_setzero_si256, _mm256_storeu_si256,
};

use super::packed::{QUAD, Step, Sums, TileRows, TileSums};

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

/// [`dot`] of each row with each probe of each group.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn tile<const G: usize>(rows: TileRows<'_>, groups: [&[Step]; G], sums: &mut TileSums<G>) {
    for (rows, sums) in rows.as_chunks::<2>().0.iter().zip(sums.as_chunks_mut::<2>().0) {
        for (at, group) in groups.into_iter().enumerate() {
            let [first, second] = pair(*rows, group);
            (sums[0][at], sums[1][at]) = (first, second);
        }
    }
}

/// Two rows with one group: eight registers of sums, of which each holds two for each of four probes.
#[inline]
#[target_feature(enable = "avx2")]
fn pair(rows: [&[u8]; 2], group: &[Step]) -> [Sums; 2] {
    let mut sums = [[_mm256_setzero_si256(); 4]; 2];
    let [first, second] = rows.map(|row| row.as_chunks::<QUAD>().0);
    for ((Step(step), first), second) in group.iter().zip(first).zip(second) {
        let quads = [first, second].map(|&quad| {
            let bytes = _mm_cvtsi32_si128(i32::from_le_bytes(quad));
            _mm256_broadcastq_epi64(_mm_cvtepu8_epi16(bytes))
        });
        for (at, probes) in step.as_chunks::<HALF>().0.iter().enumerate() {
            let probes = _mm256_cvtepi8_epi16(load(probes));
            for (sums, quad) in sums.iter_mut().zip(quads) {
                sums[at] = _mm256_add_epi32(sums[at], _mm256_madd_epi16(quad, probes));
            }
        }
    }
    sums.map(|sums| {
        let mut all = Sums::default();
        for (two, eight) in sums.as_chunks::<2>().0.iter().zip(all.as_chunks_mut::<8>().0) {
            let added = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(two[0], two[1]));
            // SAFETY: eight i32 are 32 bytes, and the store asks for no alignment.
            unsafe { _mm256_storeu_si256(eight.as_mut_ptr().cast(), added) };
        }
        all
    })
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
