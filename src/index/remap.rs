//! Reading the vectors of a written snapshot from there, in place of memory of our own.
//!
//! It changes where rows stand and nothing else: no slot, no search, no digest.

use super::core::Index;
use crate::graph::{Base, RowsView};

/// The vectors of every slot as they were at one moment; holding them holds up nobody.
#[derive(Debug, Clone)]
pub struct Vectors(pub(super) RowsView);

impl Vectors {
    /// Row-major, in two pieces of whole rows, each of which may be empty.
    pub fn pieces(&self) -> [&[f32]; 2] {
        self.0.vectors()
    }

    /// What the first piece was sealed with, if it is another's.
    pub fn seal(&self) -> Option<[u8; 16]> {
        self.0.base().map(Base::seal)
    }
}

impl Index {
    /// Reads the first rows from `base` from now on; false, and all is as before, unless it holds them bit for bit.
    ///
    /// Searches under way finish where they began, and what they read is given back after them.
    pub fn remap(&self, base: Base) -> bool {
        let before = self.view.load_full();
        let Some(rebased) = before.rows.rebased(base) else { return false };
        let mut writer = self.writer.lock();
        // After a compaction slots mean other rows.
        let is_done = writer.rows.rebase(rebased);
        if is_done {
            let seq = self.view.load().seq;
            self.view.store(writer.view(seq));
        }
        is_done
    }
}
