//! A consistent copy of an index to another store, while others go on writing.
//!
//! What is copied is a snapshot and the entries after it up to a moment; the copy is then opened and checked.

use serde::Serialize;

use super::objects::{Objects, floors};
use super::read::{ATTEMPTS, get, newest_floor, too_busy};
use super::report::FloorReport;
use super::state::State;
use super::verify::{Verified, verify};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{self, Floor};
use crate::store::{Key, Put, Store, list_all};

/// One index, copied and verified.
#[derive(Debug, Clone, Serialize)]
pub struct Copied {
    /// The index.
    pub name: String,
    /// Living rows of the copy.
    pub rows: u64,
    /// The entry it ends at.
    pub seq: u64,
    /// The digest of its state, 32 hex digits.
    pub digest: Option<String>,
    /// Objects written.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Copies the index `name` from `from` to `to`, as it is at some moment during the call, and opens the copy.
///
/// `AlreadyExists` if `to` has anything of that name; `Corrupt` if what was read or what came out is damaged.
/// Of a copy that fails, what this call wrote is deleted again as far as `to` allows.
pub fn backup(from: &dyn Store, to: &dyn Store, name: &str) -> Result<Copied> {
    let there = Objects::list(to, name)?;
    if there.count > 0 || there.legacy {
        return Err(Error::already_exists(format!("{} has objects of index {name:?}", to.url())));
    }
    for _ in 0..ATTEMPTS {
        match copy(from, to, name) {
            Ok(true) => return check(to, name),
            Ok(false) => withdraw(to, name)?,
            Err(error) => {
                if let Err(left) = withdraw(to, name) {
                    tracing::warn!(index = name, error = %left, "part of the copy is left");
                }
                return Err(error);
            }
        }
    }
    Err(too_busy(name))
}

/// Copies; false if a checkpoint deleted what was to be read.
fn copy(from: &dyn Store, to: &dyn Store, name: &str) -> Result<bool> {
    let objects = Objects::of_index(from, name)?;
    let (floor, damaged) = floors(from, name, &objects.floors)?;
    if let Some(finding) = damaged.into_iter().next() {
        return Err(Error::corrupt(finding.what).within(finding.object));
    }
    if !objects.is_begun() {
        let key = frame::legacy_key(name);
        let Some(blob) = get(from, key.clone())? else { return Ok(false) };
        frame::decode_v1(&blob).map_err(|error| error.within(key.as_str()))?;
        put(to, key, &blob)?;
        return Ok(Objects::list(from, name)?.count == 0);
    }
    let Some((snapshot, covered)) = newest(from, name, &objects)? else {
        if newest_floor(from, name, floor)? != floor {
            return Ok(false);
        }
        if floor.seq > 0 || objects.snapshots.contains_key(&0) {
            return Err(Error::corrupt("no snapshot verifies").within(frame::snapshot_prefix(name)));
        }
        return entries(from, to, name, &objects, floor, 0);
    };
    put(to, frame::snapshot_key(name, covered), &snapshot)?;
    drop(snapshot);
    Ok(entries(from, to, name, &objects, floor, covered)? && raise(to, name, covered)?)
}

/// The newest snapshot that verifies, and its seq.
fn newest(from: &dyn Store, name: &str, objects: &Objects) -> Result<Option<(Vec<u8>, u64)>> {
    for &seq in objects.snapshots.keys().rev() {
        let key = frame::snapshot_key(name, seq);
        let Some(bytes) = get(from, key.clone())? else { continue };
        match State::restore(name, &bytes) {
            Ok(_) => return Ok(Some((bytes, seq))),
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                tracing::warn!(key, %error, "snapshot is damaged, copying an older one and the log");
            }
            Err(error) => return Err(error.within(key)),
        }
    }
    Ok(None)
}

/// Copies the entries after `covered`. They count only if no newer floor has come over them meanwhile (I5).
fn entries(
    from: &dyn Store,
    to: &dyn Store,
    name: &str,
    objects: &Objects,
    floor: FloorReport,
    covered: u64,
) -> Result<bool> {
    let last = objects.entries.last_key_value().map_or(0, |(&seq, _)| seq);
    for seq in covered + 1..=last {
        let key = frame::log_key(name, seq);
        let Some(bytes) = get(from, key.clone())? else {
            if newest_floor(from, name, floor)?.seq >= seq {
                return Ok(false);
            }
            let what = format!("the entry is missing, though entry {last} is there");
            return Err(Error::corrupt(what).within(key));
        };
        frame::decode_entry(&bytes).map_err(|error| {
            let hint = format!("{error} (see `vectord repair {} {name}`)", from.url());
            Error::new(error.kind(), hint).within(key.as_str())
        })?;
        put(to, key, &bytes)?;
    }
    Ok(newest_floor(from, name, floor)?.seq <= covered)
}

/// The first floor of the copy: what it has no entries of, its snapshot covers (I2).
fn raise(to: &dyn Store, name: &str, covered: u64) -> Result<bool> {
    if covered > 0 {
        let floor = Floor { n: 1, floor_seq: covered, required_features: 0 };
        put(to, frame::floor_key(name, 1), &frame::encode_floor(&floor))?;
    }
    Ok(true)
}

fn put(to: &dyn Store, key: String, bytes: &[u8]) -> Result<()> {
    let parsed = Key::parse(key.as_str())?;
    match to.put_if_absent(&parsed, bytes) {
        Put::Created => Ok(()),
        // A lost answer of our own, or somebody else who writes there.
        Put::Exists if to.get(&parsed)?.as_deref() == Some(bytes) => Ok(()),
        Put::Exists => Err(Error::already_exists("another process writes there").within(key)),
        Put::Failed { error, .. } => Err(error.within(key)),
    }
}

/// Deletes what was copied of `name`; nothing was there before.
fn withdraw(to: &dyn Store, name: &str) -> Result<()> {
    for object in list_all(to, &frame::index_prefix(name))? {
        to.delete(&object.key)?;
    }
    to.delete(&Key::parse(frame::legacy_key(name))?)
}

fn check(to: &dyn Store, name: &str) -> Result<Copied> {
    let Verified { rows, seq, digest, objects, bytes, problems, .. } = verify(to, name)?;
    match problems.into_iter().next() {
        Some(finding) => Err(Error::corrupt(finding.what).within(format!("the copy of {}", finding.object))),
        None => Ok(Copied { name: name.to_owned(), rows, seq, digest, objects, bytes }),
    }
}
