//! Writing a snapshot while readers, and followers of others' writes, go on.
//!
//! The index is held only while what the log remembers is copied and while the log takes notice; the bytes are made
//! and stored in between.

use std::sync::Arc;

use parking_lot::Mutex;

use super::keeper::Keeper;
use super::remap::remap;
use super::snapshot;
use crate::error::Result;
use crate::log::{Keep, delete_below, publish_snapshot};

/// Writes a snapshot of the present state, raises the floor and deletes what is below; answers its seq.
pub(super) fn checkpoint(keeper: &Mutex<Keeper>) -> Result<u64> {
    let (store, name, settings, shown) = {
        let mut keeper = keeper.lock();
        keeper.ready()?;
        let Keeper { name, log, shown, settings, .. } = &*keeper;
        (Arc::clone(log.store()), name.clone(), settings.log.clone(), Arc::clone(shown))
    };
    shown.attach_present();
    let (seq, snapshot) = snapshot::encode(keeper)?;
    let published = publish_snapshot(&*store, &name, seq, &snapshot.pieces(), &settings);
    drop(snapshot);
    if published.is_ok() {
        remap(&*store, &name, seq, &shown);
    }
    let floor = {
        let mut keeper = keeper.lock();
        match published {
            Ok(bytes) => keeper.log.checkpointed(seq, bytes),
            // Another process checkpointed further, and this snapshot is deleted already.
            Err(_) if keeper.log.is_below_floor(seq)? => return Ok(seq),
            Err(error) => return Err(error),
        }
        keeper.log.raise_floor(Keep::Two)?
    };
    delete_below(&*store, &name, floor)?;
    Ok(seq)
}
