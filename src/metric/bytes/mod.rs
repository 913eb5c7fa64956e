//! Products of byte rows, and how work that needs many of them is run on the best instruction set.
//!
//! A row is unsigned, a probe signed, both padded to whole blocks of [`BLOCK`]; sums are exact in i32, so
//! every instruction set gives the same. [`dispatch`] chooses once for a whole task, which the compiler
//! then builds for that instruction set with the products inlined.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod dispatch;
#[cfg(target_arch = "aarch64")]
mod neon;
mod packed;
mod scalar;

pub use dispatch::{BLOCK, Products, Task, dispatch};
pub use packed::{LANES, Packed, Step, Sums, TILE, TileRows, TileSums};

#[cfg(test)]
mod tests;
