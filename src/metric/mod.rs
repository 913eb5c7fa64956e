//! What a distance means, and how it is computed on this processor.
//!
//! [`Distance`] is the meaning users choose; [`Space`] is that meaning over rows of one dimension,
//! computed by the [`Kernels`] of the processor at hand. [`Codec`] makes bytes of vectors, and [`bytes`]
//! multiplies those. Every instruction set gives the same bits.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub mod bytes;
mod codec;
mod distance;
mod kernels;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
mod space;

pub use codec::{Codec, Coded, signed};
pub use distance::Distance;
pub use kernels::{Isa, Kernels};
pub use space::Space;
