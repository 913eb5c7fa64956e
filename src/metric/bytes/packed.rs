//! Probes laid out for [`Products::tile`](super::Products::tile): sixteen side by side, four bytes of each in
//! turn, so that a register of sums has one lane per probe and nothing is ever added across lanes.

use super::BLOCK;

/// Probes in a group.
pub const LANES: usize = 16;

/// Bytes of each in a step.
pub(super) const QUAD: usize = BLOCK / LANES;

/// Rows that a tile multiplies at once.
pub const TILE: usize = 8;

/// Four bytes of each probe of a group, on one cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Step(pub(super) [i8; BLOCK]);

/// The sums of one row with each probe of a group.
pub type Sums = [i32; LANES];

/// The rows of a tile.
pub type TileRows<'a> = [&'a [u8]; TILE];

/// The sums of each row of a tile with each probe of `G` groups.
pub type TileSums<const G: usize> = [[Sums; G]; TILE];

/// Probes of one length, in groups; the last group is filled up with zeros.
#[derive(Debug)]
pub struct Packed {
    steps: Vec<Step>,
    /// Steps of a group.
    length: usize,
}

impl Packed {
    /// Packs `probes`, one after another, each of `length` bytes, a multiple of [`BLOCK`].
    pub fn new(probes: &[i8], length: usize) -> Self {
        debug_assert!(length.is_multiple_of(BLOCK) && probes.len().is_multiple_of(length));
        let groups = probes.len().div_ceil(length * LANES);
        let mut steps = vec![Step([0; BLOCK]); groups * length / QUAD];
        for (probe, bytes) in probes.chunks_exact(length).enumerate() {
            let (group, lane) = (probe / LANES, probe % LANES);
            let steps = &mut steps[group * length / QUAD..];
            for (Step(step), quad) in steps.iter_mut().zip(bytes.as_chunks::<QUAD>().0) {
                step.as_chunks_mut::<QUAD>().0[lane] = *quad;
            }
        }
        Self { steps, length: length / QUAD }
    }

    /// The probes from `16 * group` on.
    #[inline]
    pub fn group(&self, group: usize) -> &[Step] {
        &self.steps[group * self.length..(group + 1) * self.length]
    }
}
