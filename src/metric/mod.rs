//! What a distance means, and how it is computed on this processor.
//!
//! [`Distance`] is the meaning users choose; [`Space`] is that meaning over rows of one dimension,
//! computed by the [`Kernels`] of the processor at hand. Every instruction set gives the same bits.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod distance;
mod kernels;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
mod space;

pub use distance::Distance;
pub use kernels::{Isa, Kernels};
pub use space::Space;
