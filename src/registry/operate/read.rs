//! Reading an object that others may delete meanwhile, and loading a state without writing anything.
//!
//! An object that a newer floor covers is no loss: whoever read below it starts again.

use super::diagnose::{Reached, reach};
use super::objects::Objects;
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

/// Whether a floor newer than the listed ones has appeared: what was listed may be gone.
pub(super) fn overtaken(store: &dyn Store, name: &str, objects: &Objects) -> Result<bool> {
    let next = objects.floors.last().copied().unwrap_or(0) + 1;
    Ok(store.size(&Key::parse(frame::floor_key(name, next))?)?.is_some())
}

pub(super) fn too_busy(name: &str) -> Error {
    Error::unavailable(format!("index {name:?} is checkpointed faster than it can be read"))
}

/// The state at the end of the log. Damage is `Corrupt`; an index that is not there, or was dropped, `NotFound`.
pub(super) fn load(store: &dyn Store, name: &str) -> Result<State> {
    let Reached { state, damage, .. } = reach(store, name)?;
    match damage {
        Some(damage) => Err(Error::corrupt(damage.why).within(damage.object)),
        None if state.index.is_none() => Err(Error::not_found(format!("no index is named {name:?}"))),
        None => Ok(state),
    }
}
