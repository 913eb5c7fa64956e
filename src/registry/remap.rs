//! Vectors in a snapshot's own file, where the store has it on this host, in place of memory of our own.
//!
//! At opening, and again when there is a newer snapshot: what it covers need not be held twice, and the file of
//! a deleted snapshot keeps its disk as long as it is mapped. None of this is part of the state.

use std::ops::Range;

use super::shown::Shown;
use crate::error::{Error, Result};
use crate::frame;
use crate::index::{self, Base};
use crate::log::Inventory;
use crate::store::{Key, Mapped, Store};

/// Fewer bytes of vectors than this stay in memory.
const WORTHWHILE: usize = 1 << 20;

/// The vectors of a mapped snapshot.
struct Vectors {
    snapshot: Mapped,
    place: Range<usize>,
}

impl AsRef<[f32]> for Vectors {
    fn as_ref(&self) -> &[f32] {
        // `base` below looked that they are aligned.
        bytemuck::cast_slice(&self.snapshot[self.place.clone()])
    }
}

/// The vectors of a snapshot, to be left where they are; `None` if that is not worth it, or not possible.
pub(super) fn base(snapshot: &Mapped) -> Result<Option<Base>> {
    let (place, digest) = frame::locate_vectors(snapshot)?;
    let usable =
        place.len() >= WORTHWHILE && bytemuck::try_cast_slice::<u8, f32>(&snapshot[place.clone()]).is_ok();
    Ok(usable.then(|| Base::new(Vectors { snapshot: snapshot.clone(), place }, digest)))
}

/// Refuses vectors that are not what they were when their snapshot was written: pages of a file are read again
/// when memory was short, and what a failing disk gives then must not go on as if it were whole.
pub(super) fn check(name: &str, vectors: &index::Vectors) -> Result<()> {
    let bytes = bytemuck::cast_slice(vectors.pieces()[0]);
    if vectors.seal().is_none_or(|seal| frame::digest(bytes) == seal) {
        return Ok(());
    }
    Err(Error::corrupt(
        "vectors read from its snapshot's file are not what they were: see to the disk, and open it again",
    )
    .within(format_args!("index {name:?}")))
}

/// Reads the vectors that the snapshot of `seq` holds from there, from now on. It compares all of them with the
/// index's own, so it needs no other check; a snapshot that differs, or is gone, changes nothing.
pub(super) fn remap(store: &dyn Store, name: &str, seq: u64, shown: &Shown) {
    shown.outgrows_map(seq);
    let moved = Key::parse(frame::snapshot_key(name, seq)).and_then(|key| {
        let Some(snapshot) = store.map(&key)? else { return Ok(()) };
        if let Some(base) = base(&snapshot)? {
            shown.index().remap(base);
            snapshot.release();
        }
        Ok(())
    });
    if let Err(error) = moved {
        tracing::debug!(index = name, seq, %error, "vectors stay where they are");
    }
}

/// As [`remap`], to the newest snapshot that the index holds the state of, once another process has raised the
/// floor to `floor`.
pub(super) fn remap_above(floor: u64, store: &dyn Store, name: &str, shown: &Shown) -> Result<()> {
    if !shown.outgrows_map(floor) {
        return Ok(());
    }
    let at = shown.index().seq();
    let snapshots = Inventory::take(store, name)?.snapshots;
    if let Some(&(seq, _)) = snapshots.iter().rev().find(|&&(seq, _)| seq <= at) {
        remap(store, name, seq, shown);
    }
    Ok(())
}
