//! Giving back the memory of metadata that no living row has any more.
//!
//! Texts are append-only, so what was replaced stays until most of the bytes are dead; then the living
//! ones are copied. Older views keep the texts they were taken with.

use super::core::Writer;
use super::ids::Texts;

/// Fewer dead bytes than this are not worth a copy. Tests come to it sooner.
const LEAST: usize = if cfg!(test) { 64 } else { 1 << 20 };

impl Writer {
    /// Notes that the row in `slot` has its metadata no more.
    pub(super) fn forget_metadata(&mut self, slot: u32) {
        if let Some(number) = self.metadata_of.get(slot as usize).checked_sub(1) {
            self.metadata_dead += self.metadata.bytes_of(number);
        }
    }

    /// Copies the living texts when at least half of the bytes are dead.
    pub(super) fn sweep_metadata(&mut self) {
        if self.metadata_dead < LEAST || self.metadata_dead * 2 < self.metadata.bytes() {
            if self.records.are_outdated() {
                self.records.renew(&self.metadata_of);
            }
            return;
        }
        let old = self.metadata.view();
        let mut fresh = Texts::new();
        for slot in 0..self.metadata_of.len() {
            let number =
                self.metadata_of.get(slot).checked_sub(1).filter(|_| self.alive.contains(slot as u32));
            let renumbered = number.map_or(0, |number| fresh.push(old.get(number)) + 1);
            self.metadata_of.set(slot, renumbered);
        }
        self.metadata = fresh;
        self.metadata_dead = 0;
        self.records.renew(&self.metadata_of);
    }
}
