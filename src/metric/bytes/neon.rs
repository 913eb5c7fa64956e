//! The products in NEON, aarch64's baseline: bytes widened to 16 bits, multiplied into 32.
//!
//! The instruction for four products at once is not stable in Rust yet.

use std::arch::aarch64::{
    vaddq_s32, vaddvq_s32, vdupq_n_s32, vget_low_s16, vld1_s8, vld1_u8, vmlal_high_s16, vmlal_s16, vmovl_s8,
    vmovl_u8, vreinterpretq_s16_u16,
};

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
