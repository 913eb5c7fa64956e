//! The products in AVX-512 VNNI: 64 of them in one instruction, added in fours.
//!
//! `vpdpbusd` takes unsigned bytes times signed ones and does not saturate; sums of 16,384 such products
//! stay below 2^31.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_cmple_epi32_mask, _mm512_dpbusd_epi32, _mm512_load_si512,
    _mm512_loadu_si512, _mm512_reduce_add_epi32, _mm512_set1_epi32, _mm512_setzero_si512,
    _mm512_storeu_si512, _mm512_sub_epi32,
};

use super::BLOCK;
use super::packed::{QUAD, Step, Sums, TILE, TileRows, TileSums};

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

/// [`dot`] of each row with each probe of each group: with three groups 24 registers of sums, so that a step of
/// 24 multiplications waits for eleven loads.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn tile<const G: usize>(rows: TileRows<'_>, groups: [&[Step]; G], out: &mut TileSums<G>) {
    let lengths = rows.iter().map(|row| row.len() / QUAD).chain(groups.iter().map(|group| group.len()));
    let steps = lengths.min().unwrap_or(0);
    let mut sums = [[_mm512_setzero_si512(); G]; TILE];
    for step in 0..steps {
        // SAFETY: every group has this many steps, each of 64 bytes and aligned to as many.
        let probes = groups.map(|group| unsafe { _mm512_load_si512(group.as_ptr().add(step).cast()) });
        for (sums, row) in sums.iter_mut().zip(rows) {
            // SAFETY: every row has four bytes for each step.
            let quad = unsafe { row.as_ptr().add(QUAD * step).cast::<[u8; QUAD]>().read() };
            let quad = _mm512_set1_epi32(i32::from_le_bytes(quad));
            for (sum, probe) in sums.iter_mut().zip(probes) {
                *sum = _mm512_dpbusd_epi32(*sum, quad, probe);
            }
        }
    }
    for (sums, out) in sums.into_iter().zip(out) {
        for (sum, out) in sums.into_iter().zip(out) {
            // SAFETY: sixteen i32 are 64 bytes, and the store asks for no alignment.
            unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), sum) };
        }
    }
}

/// The lanes, a bit each, where `addend + bases[i] - 2 * sums[i] <= limits[i]`.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn within(addend: i32, bases: &Sums, sums: &Sums, limits: &Sums) -> u16 {
    // SAFETY: sixteen i32 are 64 bytes, and the loads ask for no alignment.
    let [bases, sums, limits] =
        [bases, sums, limits].map(|lanes| unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) });
    let keys =
        _mm512_sub_epi32(_mm512_add_epi32(bases, _mm512_set1_epi32(addend)), _mm512_add_epi32(sums, sums));
    _mm512_cmple_epi32_mask(keys, limits)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load<T>(block: &[T; BLOCK]) -> __m512i {
    const { assert!(size_of::<T>() == 1) };
    // SAFETY: the block is 64 bytes, and the load asks for no alignment.
    unsafe { _mm512_loadu_si512(block.as_ptr().cast()) }
}
