//! A handle on a live index; clones are the same index.
//!
//! In a forked child the threads and connections of the parent are gone: the first call there opens the
//! index again, from its store's URL and its name, as a writer of its own.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::core::Core;
use super::keeper::{Keeper, deleted};
use super::load::{Stands, open};
use super::settings::Settings;
use crate::error::{Error, Result};
use crate::index::Params;
use crate::store::{self, Store};

/// One index of a registry.
#[derive(Clone)]
pub struct LiveIndex {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    params: Params,
    /// The lineage and generation: an index made again under the name has others.
    origin: ([u8; 16], u64),
    core: ArcSwap<Core>,
}

impl LiveIndex {
    /// Whether both are handles on one index that is open here.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    pub(super) fn new(store: Arc<dyn Store>, keeper: Keeper) -> Result<Self> {
        let (name, params) = (keeper.name.clone(), keeper.params);
        let origin = keeper.origin();
        let core = ArcSwap::from_pointee(Core::new(store, keeper)?);
        Ok(Self { inner: Arc::new(Inner { name, params, origin, core }) })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// What it was created with.
    pub fn params(&self) -> Params {
        self.inner.params
    }

    /// What no other index has, not even one made under the same name on another store.
    pub fn lineage(&self) -> [u8; 16] {
        self.inner.origin.0
    }

    /// The URL of its store.
    pub fn store_url(&self) -> String {
        self.inner.core.load().store.url()
    }

    /// Whether it must be opened again: dropped, closed, or its writer died.
    pub fn is_stale(&self) -> bool {
        let core = self.inner.core.load();
        core.shown.is_dropped() || (core.is_own() && core.has_ended())
    }

    /// Whether it still is the index of its name, as far as the store can be asked: another process may have
    /// dropped it.
    pub(super) fn is_current(&self) -> bool {
        let core = self.inner.core.load_full();
        if core.is_own()
            && let Err(error) = core.follow(true)
        {
            tracing::debug!(index = self.name(), %error, "cannot ask whether it is still there");
        }
        !self.is_stale()
    }

    /// The index as this process has it, unless it was dropped.
    pub(super) fn core(&self) -> Result<Arc<Core>> {
        let core = self.inner.core.load_full();
        let core = if core.is_own() { core } else { self.reopen(&core)? };
        if core.shown.is_dropped() { Err(deleted(self.name())) } else { Ok(core) }
    }

    fn reopen(&self, inherited: &Arc<Core>) -> Result<Arc<Core>> {
        let url = inherited.store.url();
        // Its threads do not exist here, so it may never be dropped: a join would wait for ever.
        std::mem::forget(Arc::clone(inherited));
        if url == "memory:" {
            return Err(Error::unsupported("a memory: store cannot be used in a forked child"));
        }
        let store = store::open(&url)?;
        let settings = Settings::default();
        match open(&store, self.name(), &settings)? {
            Stands::Index(opened) => {
                let keeper = Keeper::new(self.name(), *opened, settings);
                if keeper.origin() != self.inner.origin {
                    return Err(deleted(self.name()));
                }
                let core = Arc::new(Core::new(store, keeper)?);
                let before = self.inner.core.compare_and_swap(inherited, Arc::clone(&core));
                // Another thread of this child may have been first: then its core is the one.
                if !Arc::ptr_eq(&before, inherited) {
                    return Ok(Arc::clone(&before));
                }
                core.follow_alone();
                Ok(core)
            }
            Stands::Nothing(_) => Err(deleted(self.name())),
        }
    }

    /// Waits for what was asked, writes a snapshot if one is worth its bytes, and stops writing.
    pub(super) fn close(&self) -> Result<()> {
        let core = self.inner.core.load_full();
        if core.is_own() { core.close() } else { Ok(()) }
    }
}
