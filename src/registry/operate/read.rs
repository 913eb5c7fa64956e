//! Reading an object that others may delete meanwhile, and loading a state without writing anything.
//!
//! An object that a newer floor covers is no loss: whoever read below it starts again.

use super::diagnose::{Reached, reach};
use super::report::FloorReport;
use super::state::State;
use crate::error::{Error, Result};
use crate::frame;
use crate::store::{Key, Store};

/// How often a reading is begun again because a checkpoint deleted what was to be read.
pub(super) const ATTEMPTS: usize = 16;

pub(super) fn get(store: &dyn Store, key: String) -> Result<Option<Vec<u8>>> {
    let key = Key::parse(key)?;
    store.get(&key).map_err(|error| error.within(key.as_str()))
}

/// The newest floor by now, from one that was read before.
pub(super) fn newest_floor(store: &dyn Store, name: &str, known: FloorReport) -> Result<FloorReport> {
    let mut newest = known;
    loop {
        let key = frame::floor_key(name, newest.n + 1);
        let Some(bytes) = get(store, key.clone())? else { return Ok(newest) };
        let floor = frame::decode_floor(&bytes).map_err(|error| error.within(key))?;
        newest = FloorReport { n: newest.n + 1, seq: floor.floor_seq };
    }
}

pub(super) fn too_busy(name: &str) -> Error {
    Error::unavailable(format!("index {name:?} is checkpointed faster than it can be read"))
}

/// The state at the end of the log. Damage is `Corrupt`; an index that is not there, or was dropped, `NotFound`.
pub(super) fn load(store: &dyn Store, name: &str) -> Result<State> {
    let Reached { state, damage, .. } = reach(store, name)?;
    match damage {
        Some(damage) => Err(Error::corrupt(damage.why).within(damage.object)),
        None if state.replay.index.is_none() => Err(Error::not_found(format!("no index is named {name:?}"))),
        None => Ok(state),
    }
}
