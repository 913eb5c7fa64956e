//! The products in plain Rust: what every other instruction set must give.
//!
//! It asks for no blocks, and adds in the order of the bytes.

/// The sum of `row[i] * probe[i]`.
#[inline]
pub(super) fn dot(row: &[u8], probe: &[i8]) -> i32 {
    row.iter().zip(probe).map(|(&r, &p)| i32::from(r) * i32::from(p)).sum()
}
