//! The products in AVX-512 VNNI: 64 of them in one instruction, added in fours.
//!
//! `vpdpbusd` takes unsigned bytes times signed ones and does not saturate; sums of 16,384 such products
//! stay below 2^31.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_reduce_add_epi32,
    _mm512_setzero_si512,
};

use super::BLOCK;

/// The sum of `row[i] * probe[i]`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn dot(row: &[u8], probe: &[i8]) -> i32 {
    let (rows, probes) = (row.as_chunks::<BLOCK>().0, probe.as_chunks::<BLOCK>().0);
    let mut sums = [_mm512_setzero_si512(); 2];
    let (row_pairs, row_rest) = rows.as_chunks::<2>();
    let (probe_pairs, probe_rest) = probes.as_chunks::<2>();
    for (row, probe) in row_pairs.iter().zip(probe_pairs) {
        sums[0] = _mm512_dpbusd_epi32(sums[0], load(&row[0]), load(&probe[0]));
        sums[1] = _mm512_dpbusd_epi32(sums[1], load(&row[1]), load(&probe[1]));
    }
    if let (Some(row), Some(probe)) = (row_rest.first(), probe_rest.first()) {
        sums[0] = _mm512_dpbusd_epi32(sums[0], load(row), load(probe));
    }
    _mm512_reduce_add_epi32(_mm512_add_epi32(sums[0], sums[1]))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load<T>(block: &[T; BLOCK]) -> __m512i {
    const { assert!(size_of::<T>() == 1) };
    // SAFETY: the block is 64 bytes, and the load asks for no alignment.
    unsafe { _mm512_loadu_si512(block.as_ptr().cast()) }
}
