//! What an index has on a store, sorted by what it is, and the floors read in order.
//!
//! Unlike the log's own inventory it goes on past damage: it is there to report it.

use std::collections::{BTreeMap, BTreeSet};

use super::report::{Finding, FloorReport};
use crate::error::{Error, Result};
use crate::frame;
use crate::store::{Key, Store, list_all};

/// The objects of one index, as one listing showed them.
#[derive(Debug, Default)]
pub(super) struct Objects {
    /// Snapshots by seq, with their bytes.
    pub(super) snapshots: BTreeMap<u64, u64>,
    /// Entries by seq, with their bytes.
    pub(super) entries: BTreeMap<u64, u64>,
    pub(super) floors: BTreeSet<u64>,
    /// Entries the operator set aside.
    pub(super) quarantined: BTreeSet<u64>,
    /// Whether there is a blob of the Go service.
    pub(super) legacy: bool,
    pub(super) unknown: Vec<String>,
    /// Without the Go service's blob.
    pub(super) count: usize,
    /// Bytes of all objects, without the Go service's blob.
    pub(super) bytes: u64,
}

/// Every name that has objects on the store, sorted: dropped indexes and blobs not adopted yet too.
pub fn names(store: &dyn Store) -> Result<Vec<String>> {
    let mut names = BTreeSet::new();
    for object in list_all(store, frame::ROOT)? {
        match frame::parse_key(object.key.as_str()) {
            Some(
                frame::Key::Log { name, .. }
                | frame::Key::Snapshot { name, .. }
                | frame::Key::Floor { name, .. }
                | frame::Key::Legacy { name },
            ) => {
                names.insert(name.to_owned());
            }
            Some(frame::Key::Quarantined { .. } | frame::Key::QuarantineRecord { .. }) | None => {}
        }
    }
    Ok(names.into_iter().collect())
}

impl Objects {
    pub(super) fn list(store: &dyn Store, name: &str) -> Result<Self> {
        frame::check_name(name)?;
        let legacy = store.size(&Key::parse(frame::legacy_key(name))?)?.is_some();
        let mut objects = Self { legacy, ..Self::default() };
        for object in list_all(store, &frame::index_prefix(name))? {
            objects.count += 1;
            objects.bytes += object.size;
            match frame::parse_key(object.key.as_str()) {
                Some(frame::Key::Log { seq, .. }) => drop(objects.entries.insert(seq, object.size)),
                Some(frame::Key::Snapshot { seq, .. }) => drop(objects.snapshots.insert(seq, object.size)),
                Some(frame::Key::Floor { n, .. }) => drop(objects.floors.insert(n)),
                Some(frame::Key::Quarantined { .. }) => {}
                Some(frame::Key::QuarantineRecord { seq, .. }) => drop(objects.quarantined.insert(seq)),
                Some(frame::Key::Legacy { .. }) | None => {
                    objects.unknown.push(object.key.as_str().to_owned());
                }
            }
        }
        Ok(objects)
    }

    /// Whether the log of this index has begun; a blob may still wait to be adopted.
    pub(super) fn is_begun(&self) -> bool {
        !(self.snapshots.is_empty() && self.entries.is_empty() && self.floors.is_empty())
    }

    /// As [`list`](Self::list), for a name that stands for something.
    pub(super) fn of_index(store: &dyn Store, name: &str) -> Result<Self> {
        let objects = Self::list(store, name)?;
        if objects.is_begun() || objects.legacy {
            return Ok(objects);
        }
        Err(Error::not_found(format!("no index is named {name:?} on {}", store.url())))
    }
}

/// Reads every floor, and says what is wrong with the chain: numbers from 1 on, seqs that grow.
pub(super) fn floors(
    store: &dyn Store,
    name: &str,
    listed: &BTreeSet<u64>,
) -> Result<(FloorReport, Vec<Finding>)> {
    let (mut newest, mut findings) = (FloorReport::default(), Vec::new());
    for n in 1..=listed.last().copied().unwrap_or(0) {
        let key = frame::floor_key(name, n);
        let Some(bytes) = store.get(&Key::parse(key.as_str())?)? else {
            findings.push(Finding::new(key, "the floor is missing, though a later one is there"));
            continue;
        };
        match frame::decode_floor(&bytes) {
            Err(error) => findings.push(Finding::new(key, error.to_string())),
            Ok(floor) if floor.n != n => {
                findings.push(Finding::new(key, format!("the floor says it is number {}", floor.n)));
            }
            Ok(floor) if floor.floor_seq <= newest.seq && newest.n > 0 => {
                let what = format!("the floor does not grow: {} after {}", floor.floor_seq, newest.seq);
                findings.push(Finding::new(key, what));
            }
            Ok(floor) => newest = FloorReport { n, seq: floor.floor_seq },
        }
    }
    Ok((newest, findings))
}
