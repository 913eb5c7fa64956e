//! Which names stand for an index on a store.
//!
//! A dropped index leaves a tombstone and its floors behind, and counts as none.

use std::collections::BTreeMap;

use crate::error::{ErrorKind, Result};
use crate::frame::{self, Frame};
use crate::log::Inventory;
use crate::store::{Key, Store, list_all};

/// The names that `wanted` takes, sorted, of indexes that were not dropped.
pub(super) fn list(store: &dyn Store, wanted: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let mut found = BTreeMap::<String, bool>::new();
    for object in list_all(store, frame::ROOT)? {
        match frame::parse_key(object.key.as_str()) {
            Some(
                frame::Key::Log { name, .. }
                | frame::Key::Snapshot { name, .. }
                | frame::Key::Floor { name, .. },
            ) => {
                found.insert(name.to_owned(), true);
            }
            Some(frame::Key::Legacy { name }) => {
                found.entry(name.to_owned()).or_insert(false);
            }
            Some(frame::Key::Quarantined { .. } | frame::Key::QuarantineRecord { .. }) | None => {}
        }
    }
    let mut names = Vec::new();
    for (name, ours) in found.into_iter().filter(|(name, _)| wanted(name)) {
        if !ours || !is_dropped(store, &name)? {
            names.push(name);
        }
    }
    Ok(names)
}

/// A tombstone is smaller than this.
const TOMBSTONE_BYTES: u64 = 64 << 10;

/// Whether the newest thing on the store says that the index was dropped. What cannot be read counts as
/// an index: it is to be reported, not hidden.
pub(super) fn is_dropped(store: &dyn Store, name: &str) -> Result<bool> {
    let inventory = match Inventory::take(store, name) {
        Err(error) if matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Unsupported) => {
            return Ok(false);
        }
        taken => taken?,
    };
    let snapshot = inventory.snapshots.last().copied();
    if let Some(&(seq, bytes)) = inventory.entries.last()
        && snapshot.is_none_or(|(at, _)| seq > at)
    {
        if bytes > TOMBSTONE_BYTES {
            return Ok(false);
        }
        let bytes = store.get(&Key::parse(frame::log_key(name, seq))?)?;
        let ops = bytes.as_deref().map(frame::decode_entry);
        return Ok(matches!(ops, Some(Ok((_, ops))) if ops.iter().any(|op| op.frame == Frame::Drop)));
    }
    match snapshot {
        Some((seq, bytes)) if bytes <= TOMBSTONE_BYTES => {
            let bytes = store.get(&Key::parse(frame::snapshot_key(name, seq))?)?;
            let header = bytes.as_deref().map(frame::decode_envelope);
            Ok(matches!(header, Some(Ok(header)) if header.dropped))
        }
        Some(_) | None => Ok(false),
    }
}
