//! Opening: the newest snapshot that verifies, then the tail of the log in order.
//!
//! Nothing is repaired, skipped or overwritten here: damage is reported, and what is whole is served.

use std::sync::Arc;

use super::adopt;
use super::replay::Replay;
use super::settings::Settings;
use super::snapshot::{self, Restored};
use crate::error::{Error, ErrorKind, Result};
use crate::frame;
use crate::index::{Index, Params};
use crate::log::{Followed, Inventory, Keep, Ledger, Log, Position, READS};
use crate::store::{Bytes, Key, Store};

/// What stands under a name.
pub(super) enum Stands {
    /// An index.
    Index(Box<Opened>),
    /// None, or a dropped one; the log says where a new one would go on.
    Nothing(Box<Log>),
}

/// An index as it was found.
pub(super) struct Opened {
    pub(super) params: Params,
    pub(super) index: Index,
    pub(super) log: Log,
    /// Why nothing after this state can be read, if so.
    pub(super) damage: Option<Error>,
}

/// Opens the index `name` on `store`.
///
/// A damaged entry leaves it readable at the entry before, refusing writes; a damaged snapshot is passed
/// over if an older one or the log covers it; else `Corrupt`, naming the object.
pub(super) fn open(store: &Arc<dyn Store>, name: &str, settings: &Settings) -> Result<Stands> {
    for attempt in 1..=8 {
        let mut inventory = Inventory::take(&**store, name)?;
        if inventory.is_empty() && adopt::adopt(store, name)? {
            inventory = Inventory::take(&**store, name)?;
        }
        let newest = newest_snapshot(&**store, name, &inventory);
        let Restored { index, position, ledger } = match newest {
            // A listing may miss what is newest, and others may have deleted meanwhile what it named.
            Err(error) if error.kind() == ErrorKind::Corrupt && attempt < READS => continue,
            Err(_) if Inventory::take(&**store, name)?.floors != inventory.floors => continue,
            newest => newest?,
        };
        // A damaged one is no second snapshot: the floor must not rise to it.
        inventory.snapshots.retain(|&(seq, _)| seq <= position.seq);
        let mut replay = Replay { index, dropped: None };
        let mut log = Log::at(Arc::clone(store), name, &inventory, position, ledger, settings.log.clone())?;
        let followed = log.follow(&mut |header, ops| replay.apply(header, ops));
        let damage = match followed {
            Ok(Followed::Overtaken) => continue,
            Ok(Followed::UpToDate) => gap(&log, &inventory, name),
            Err(error) if error.kind() == ErrorKind::Corrupt => Some(error),
            Err(error) => return Err(error),
        };
        return match (replay.index, damage) {
            (Some((params, index)), damage) => {
                Ok(Stands::Index(Box::new(Opened { params, index, log, damage })))
            }
            // A listing that missed the snapshot it begins with.
            (None, Some(error)) if error.kind() == ErrorKind::Corrupt && attempt < READS => continue,
            (None, Some(error)) => Err(error),
            (None, None) => {
                if let Some(params) = replay.dropped {
                    finish_drop(name, &params, &mut log);
                }
                Ok(Stands::Nothing(Box::new(log)))
            }
        };
    }
    Err(Error::unavailable(format!("index {name:?} is checkpointed faster than it can be opened")))
}

/// Gives back the disk of an index whose DROP is logged, but whose deleter did not come to its tombstone.
pub(super) fn finish_drop(name: &str, params: &Params, log: &mut Log) {
    let done = snapshot::tombstone(name, params, log)
        .and_then(|tombstone| log.checkpoint(&tombstone.pieces(), Keep::Newest));
    if let Err(error) = done {
        tracing::warn!(index = name, %error, "deleted, but its disk is not given back yet");
    }
}

/// An entry that is missing while later ones are there.
pub(super) fn gap(log: &Log, inventory: &Inventory, name: &str) -> Option<Error> {
    let end = log.position().seq;
    let &(beyond, _) = inventory.entries.last().filter(|&&(seq, _)| seq > end + 1)?;
    Some(
        Error::corrupt(format!("entry is missing, though entry {beyond} is there"))
            .within(frame::log_key(name, end + 1)),
    )
}

fn newest_snapshot(store: &dyn Store, name: &str, inventory: &Inventory) -> Result<Restored> {
    let mut damage = None;
    for &(seq, _) in inventory.snapshots.iter().rev() {
        let key = Key::parse(frame::snapshot_key(name, seq))?;
        for read in 1..=READS {
            // Where the file itself is damaged, reading it again tells as much as mapping it again.
            let bytes = if read == 1 { Bytes::of(store, &key)? } else { store.get(&key)?.map(Bytes::Read) };
            let Some(bytes) = bytes else { break };
            match snapshot::restore(&bytes) {
                Ok(restored) => return Ok(restored),
                // The damage may have happened on the way.
                Err(error) if error.kind() == ErrorKind::Corrupt && read < READS => {}
                Err(error) if error.kind() == ErrorKind::Corrupt => {
                    let error = error.within(key.as_str());
                    tracing::error!(index = name, %error, "snapshot is damaged, looking for an older one");
                    damage = Some(error);
                }
                Err(error) => return Err(error.within(key.as_str())),
            }
        }
    }
    let from_the_start = inventory.floors.seq == 0 && inventory.snapshots.iter().all(|&(seq, _)| seq != 0);
    match damage {
        Some(error) if !from_the_start => Err(error),
        None if inventory.floors.seq > 0 => Err(Error::corrupt(format!(
            "no snapshot is left, and the log is deleted up to entry {}",
            inventory.floors.seq
        ))
        .within(frame::snapshot_prefix(name))),
        _ => Ok(Restored { index: None, position: Position::default(), ledger: Ledger::default() }),
    }
}
