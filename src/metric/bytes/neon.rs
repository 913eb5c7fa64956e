//! The products in NEON, aarch64's baseline: bytes widened to 16 bits, multiplied into 32.
//!
//! The instruction for four products at once is not stable in Rust yet.

use std::arch::aarch64::{
    vaddq_s32, vaddvq_s32, vcreate_u8, vdupq_n_s32, vget_high_s16, vget_low_s16, vld1_s8, vld1_u8,
    vmlal_high_s16, vmlal_s16, vmovl_s8, vmovl_u8, vreinterpretq_s16_u16,
};

use super::packed::{LANES, QUAD, Step, Sums, TileRows, TileSums};

/// Bytes that fill a register once they are widened.
const HALF: usize = 8;

/// The sum of `row[i] * probe[i]`.
#[inline]
pub(super) fn dot(row: &[u8], probe: &[i8]) -> i32 {
    let (rows, probes) = (row.as_chunks::<HALF>().0, probe.as_chunks::<HALF>().0);
    // SAFETY: NEON is part of the aarch64 baseline, and each load reads one chunk of 8 bytes.
    unsafe {
        let mut sums = [vdupq_n_s32(0); 2];
        for (row, probe) in rows.iter().zip(probes) {
            let row = vreinterpretq_s16_u16(vmovl_u8(vld1_u8(row.as_ptr())));
            let probe = vmovl_s8(vld1_s8(probe.as_ptr()));
            sums[0] = vmlal_s16(sums[0], vget_low_s16(row), vget_low_s16(probe));
            sums[1] = vmlal_high_s16(sums[1], row, probe);
        }
        vaddvq_s32(vaddq_s32(sums[0], sums[1]))
    }
}

/// [`dot`] of each row with each probe of each group.
#[inline]
pub(super) fn tile<const G: usize>(rows: TileRows<'_>, groups: [&[Step]; G], sums: &mut TileSums<G>) {
    for (row, sums) in rows.into_iter().zip(sums) {
        for (group, sums) in groups.into_iter().zip(sums) {
            *sums = line(row, group);
        }
    }
}

/// One row with one group: a register of sums for each probe.
#[inline]
fn line(row: &[u8], group: &[Step]) -> Sums {
    // SAFETY: NEON is part of the aarch64 baseline, and each load reads one chunk of 8 bytes.
    unsafe {
        let mut sums = [vdupq_n_s32(0); LANES];
        for (&quad, Step(step)) in row.as_chunks::<QUAD>().0.iter().zip(group) {
            let quad = vcreate_u8(u64::from(u32::from_le_bytes(quad)));
            let quad = vget_low_s16(vreinterpretq_s16_u16(vmovl_u8(quad)));
            let pairs = sums.as_chunks_mut::<2>().0;
            for (pair, probes) in pairs.iter_mut().zip(step.as_chunks::<HALF>().0) {
                let probes = vmovl_s8(vld1_s8(probes.as_ptr()));
                pair[0] = vmlal_s16(pair[0], vget_low_s16(probes), quad);
                pair[1] = vmlal_s16(pair[1], vget_high_s16(probes), quad);
            }
        }
        sums.map(|sum| vaddvq_s32(sum))
    }
}
