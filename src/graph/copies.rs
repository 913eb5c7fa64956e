//! Rows with the very same bits: the first is linked, later ones hang off it in a chain.
//!
//! Copies in a graph fill each other's lists until nothing else can be reached through them; so only
//! the first enters it. Which row is the first follows from the rows alone.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use super::links::Links;
use super::rows::RowsView;

/// One distinct vector.
#[derive(Debug, Clone, Copy)]
struct Distinct {
    hash: u64,
    first: u32,
    last: u32,
}

/// The distinct vectors among the attached rows, by their bits.
#[derive(Debug, Default)]
pub(super) struct Copies {
    table: HashTable<Distinct>,
}

impl Copies {
    /// Adds `slot`, which must be above all added before. If it is not the first of its bits, it is put
    /// at the end of the chain of the first, which is returned.
    pub(super) fn add(&mut self, rows: &RowsView, links: &Links, slot: u32) -> Option<u32> {
        let bits: &[u8] = bytemuck::cast_slice(rows.row(slot));
        let hash = xxh3_64(bits);
        let is_same = |other: &Distinct| {
            other.hash == hash && bytemuck::cast_slice::<f32, u8>(rows.row(other.first)) == bits
        };
        if let Some(known) = self.table.find_mut(hash, is_same) {
            links.set_next_copy(known.last, slot);
            known.last = slot;
            return Some(known.first);
        }
        self.table.insert_unique(hash, Distinct { hash, first: slot, last: slot }, |known| known.hash);
        None
    }

    /// Distinct vectors.
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.table.allocation_size()
    }
}
