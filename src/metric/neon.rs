//! The kernels in NEON, aarch64's baseline: four registers are one chain of `scalar.rs`, which
//! defines the order.

use std::arch::aarch64::{
    float32x4_t, vadd_f32, vaddq_f32, vdupq_n_f32, vget_high_f32, vget_lane_f32, vget_low_f32, vld1q_f32,
    vmulq_f32, vsubq_f32,
};

const LANES: usize = 16;
const CHAINS: usize = 4;

#[target_feature(enable = "neon")]
fn reduce(chains: [[float32x4_t; 4]; CHAINS]) -> f32 {
    let q = [0, 1, 2, 3].map(|part| {
        vaddq_f32(vaddq_f32(chains[0][part], chains[1][part]), vaddq_f32(chains[2][part], chains[3][part]))
    });
    let four = vaddq_f32(vaddq_f32(q[0], q[2]), vaddq_f32(q[1], q[3]));
    let two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    vget_lane_f32::<0>(two) + vget_lane_f32::<1>(two)
}

macro_rules! kernel {
    ($(#[$doc:meta])* $name:ident, |$x:ident, $y:ident| $term:expr) => {
        $(#[$doc])*
        #[target_feature(enable = "neon")]
        pub(super) fn $name(a: &[f32], b: &[f32]) -> f32 {
            let mut chains = [[vdupq_n_f32(0.0); 4]; CHAINS];
            let (a_blocks, a_tail) = a.as_chunks::<LANES>();
            let (b_blocks, b_tail) = b.as_chunks::<LANES>();
            let mut padded = [[0.0_f32; LANES]; 2];
            padded[0][..a_tail.len()].copy_from_slice(a_tail);
            padded[1][..b_tail.len()].copy_from_slice(b_tail);
            let tail = (!a_tail.is_empty()).then_some((&padded[0], &padded[1]));
            for (block, (a, b)) in a_blocks.iter().zip(b_blocks).chain(tail).enumerate() {
                for (part, sum) in chains[block % CHAINS].iter_mut().enumerate() {
                    // SAFETY: a block is 16 values, and part is at most 3.
                    let ($x, $y) =
                        unsafe { (vld1q_f32(a.as_ptr().add(4 * part)), vld1q_f32(b.as_ptr().add(4 * part))) };
                    *sum = vaddq_f32(*sum, $term);
                }
            }
            reduce(chains)
        }
    };
}

kernel!(
    /// The sum of `a[i] * b[i]`.
    dot,
    |x, y| vmulq_f32(x, y)
);
kernel!(
    /// The sum of `(a[i] - b[i])^2`.
    squared_euclidean,
    |x, y| {
        let difference = vsubq_f32(x, y);
        vmulq_f32(difference, difference)
    }
);
