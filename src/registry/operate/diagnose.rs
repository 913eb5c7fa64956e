//! Where an index stops being readable, and what an operator can do about it.
//!
//! The same search for the newest snapshot and the same replay as opening; nothing is written.

use serde::Serialize;

use super::objects::{Objects, floors};
use super::read::{ATTEMPTS, get, newest_floor, too_busy};
use super::report::Finding;
use super::state::State;
use crate::error::{Error, ErrorKind, Result};
use crate::frame;
use crate::store::Store;

/// The first entry that cannot be applied and that no snapshot covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// Its seq.
    pub seq: u64,
    /// Its key.
    pub object: String,
    /// What is wrong with it.
    pub why: String,
    /// Its bytes on the store; none where it is missing.
    pub bytes: Option<u64>,
    /// Whether there is an entry after it.
    pub next_entry_exists: bool,
}

/// What is wrong with an index, and what to type.
#[derive(Debug, Clone, Serialize)]
pub struct Diagnosis {
    /// The index.
    pub name: String,
    /// The last entry that can be read.
    pub readable_at: u64,
    /// Living rows there.
    pub rows: u64,
    /// Where reading stops, if it does before the end.
    pub damage: Option<Damage>,
    /// Snapshots that do not verify, though an older one or the log stands in for them.
    pub damaged_snapshots: Vec<Finding>,
    /// What to do.
    pub advice: String,
}

/// How far an index can be read.
pub(super) struct Reached {
    pub(super) state: State,
    /// The snapshot it was read from; none when read from the first entry.
    pub(super) base: Option<u64>,
    pub(super) damage: Option<Damage>,
    pub(super) damaged_snapshots: Vec<Finding>,
}

/// Says what is wrong with the index `name`. Never writes.
///
/// `Corrupt` where nothing can be read at all: only a backup helps.
pub fn diagnose(store: &dyn Store, name: &str) -> Result<Diagnosis> {
    let Reached { state, damage, damaged_snapshots, .. } = reach(store, name)?;
    let readable_at = state.position.seq;
    let advice = match (&damage, damaged_snapshots.is_empty()) {
        (Some(Damage { seq, .. }), _) => format!(
            "the index is readable at entry {readable_at} and refuses writes; a process that still has it open past \
             entry {seq} heals it without loss by a checkpoint (a newer snapshot), and so does a good copy of the object \
             put back by hand; to give entry {seq} up: \
             vectord repair {} {name} --quarantine {seq}",
            store.url()
        ),
        (None, false) => {
            "an older snapshot and the log stand in for the damaged one: nothing is lost, nothing need be done; the \
             next checkpoint writes a new one"
                .to_owned()
        }
        (None, true) => "nothing to repair".to_owned(),
    };
    Ok(Diagnosis {
        name: name.to_owned(),
        readable_at,
        rows: state.rows(),
        damage,
        damaged_snapshots,
        advice,
    })
}

/// Reads as far as can be read.
pub(super) fn reach(store: &dyn Store, name: &str) -> Result<Reached> {
    for _ in 0..ATTEMPTS {
        if let Some(reached) = attempt(store, name)? {
            return Ok(reached);
        }
    }
    Err(too_busy(name))
}

fn attempt(store: &dyn Store, name: &str) -> Result<Option<Reached>> {
    let objects = Objects::of_index(store, name)?;
    let (floor, bad_floors) = floors(store, name, &objects.floors)?;
    if let Some(Finding { object, what }) = bad_floors.into_iter().next() {
        let what = format!("{what}; no command repairs a floor: put a good copy of the object back");
        return Err(Error::corrupt(what).within(object));
    }
    if !objects.is_begun() {
        let blob = get(store, frame::legacy_key(name))?;
        let blob = blob.ok_or_else(|| too_busy(name))?;
        let state = State::adopted(name, &blob).map_err(|error| error.within(frame::legacy_key(name)))?;
        return Ok(Some(Reached { state, base: None, damage: None, damaged_snapshots: Vec::new() }));
    }
    let mut damaged_snapshots = Vec::new();
    let mut base = None;
    for &seq in objects.snapshots.keys().rev() {
        let Some(bytes) = get(store, frame::snapshot_key(name, seq))? else { continue };
        match State::restore(name, &bytes) {
            Ok(state) => {
                base = Some(state);
                break;
            }
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                damaged_snapshots.push(Finding::new(frame::snapshot_key(name, seq), error.to_string()));
            }
            Err(error) => return Err(error.within(frame::snapshot_key(name, seq))),
        }
    }
    let from_the_start = floor.seq == 0 && !objects.snapshots.contains_key(&0);
    let (mut state, base) = match base {
        Some(state) => {
            let seq = state.position.seq;
            (state, Some(seq))
        }
        None if newest_floor(store, name, floor)? != floor => return Ok(None),
        None if from_the_start => (State::before_all(name), None),
        None => {
            let what = match damaged_snapshots.into_iter().next() {
                Some(Finding { object, what }) => format!("{object}: {what}"),
                None => format!("no snapshot is left, and the log is deleted up to entry {}", floor.seq),
            };
            return Err(Error::corrupt(format!("{what}; nothing is left to repair from: restore a backup"))
                .within(name));
        }
    };
    let last = objects.entries.last_key_value().map_or(0, |(&seq, _)| seq);
    let mut damage = None;
    while state.position.seq < last && damage.is_none() {
        let seq = state.position.seq + 1;
        let object = frame::log_key(name, seq);
        let (bytes, why) = match apply_next(store, &mut state, &object)? {
            Next::Applied => continue,
            Next::Missing if newest_floor(store, name, floor)?.seq >= seq => return Ok(None),
            Next::Missing => (None, format!("the entry is missing, though entry {last} is there")),
            Next::Damaged { bytes, why } => (Some(bytes), why),
        };
        damage = Some(Damage {
            seq,
            object,
            why,
            bytes,
            next_entry_exists: objects.entries.contains_key(&(seq + 1)),
        });
    }
    // Entries count only above the newest floor (I5); what a snapshot holds counts always.
    if newest_floor(store, name, floor)?.seq > base.unwrap_or(0) {
        return Ok(None);
    }
    Ok(Some(Reached { state, base, damage, damaged_snapshots }))
}

/// What came of an entry.
enum Next {
    Applied,
    Missing,
    Damaged { bytes: u64, why: String },
}

/// Reads an entry and applies it; one that is damaged is read three times, because a network may be to blame.
fn apply_next(store: &dyn Store, state: &mut State, object: &str) -> Result<Next> {
    let mut next = Next::Missing;
    for _ in 0..3 {
        let Some(bytes) = get(store, object.to_owned())? else { return Ok(Next::Missing) };
        next = match state.apply(&bytes) {
            Ok(()) => return Ok(Next::Applied),
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                Next::Damaged { bytes: bytes.len() as u64, why: error.to_string() }
            }
            Err(error) => return Err(error.within(object)),
        };
    }
    Ok(next)
}
