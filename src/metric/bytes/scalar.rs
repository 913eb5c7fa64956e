//! The products in plain Rust: what every other instruction set must give.
//!
//! It asks for no blocks, and adds in the order of the bytes.

use super::packed::{QUAD, Step, Sums, TileRows, TileSums};

/// The sum of `row[i] * probe[i]`.
#[inline]
pub(super) fn dot(row: &[u8], probe: &[i8]) -> i32 {
    row.iter().zip(probe).map(|(&r, &p)| i32::from(r) * i32::from(p)).sum()
}

/// [`dot`] of each row with each probe of each group.
#[inline]
pub(super) fn tile<const G: usize>(rows: TileRows<'_>, groups: [&[Step]; G], sums: &mut TileSums<G>) {
    for (row, sums) in rows.into_iter().zip(sums) {
        for (group, sums) in groups.into_iter().zip(sums) {
            *sums = Sums::default();
            for (quad, Step(step)) in row.as_chunks::<QUAD>().0.iter().zip(group) {
                for (sum, probe) in sums.iter_mut().zip(step.as_chunks::<QUAD>().0) {
                    *sum += dot(quad, probe);
                }
            }
        }
    }
}

/// The lanes, a bit each, where `addend + bases[i] - 2 * sums[i] <= limits[i]`.
#[inline(always)]
pub(super) fn within(addend: i32, bases: &Sums, sums: &Sums, limits: &Sums) -> u16 {
    let keys = bases.iter().zip(sums).map(|(&base, &sum)| base.wrapping_add(addend).wrapping_sub(2 * sum));
    keys.zip(limits).enumerate().fold(0, |lanes, (at, (key, &limit))| lanes | u16::from(key <= limit) << at)
}
