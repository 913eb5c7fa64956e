//! A handle on a live index; clones are the same index.
//!
//! In a forked child the threads and connections of the parent are gone: the first call there opens the
//! index again, from its store's URL and its name, as a writer of its own.

use std::sync::Arc;
use std::sync::mpsc::{Sender, sync_channel};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::committer;
use super::keeper::{Keeper, Shown, deleted};
use super::load::{Loaded, load};
use super::request::{Reply, Request};
use crate::error::{Error, Result};
use crate::index::Params;
use crate::log::Settings;
use crate::store::{self, Store};

/// One index of a registry.
#[derive(Clone)]
pub struct LiveIndex {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    core: ArcSwap<Core>,
}

/// What belongs to one process.
pub(super) struct Core {
    pid: u32,
    pub(super) store: Arc<dyn Store>,
    pub(super) shown: Arc<Shown>,
    committer: Mutex<Committer>,
}

enum Committer {
    /// No write yet: no thread.
    Idle(Box<Keeper>),
    Running(Sender<Request>, JoinHandle<()>),
    Closed,
}

impl LiveIndex {
    pub(super) fn new(store: Arc<dyn Store>, keeper: Keeper) -> Result<Self> {
        let name = keeper.name.clone();
        Ok(Self { inner: Arc::new(Inner { name, core: ArcSwap::from_pointee(Core::new(store, keeper)?) }) })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// What it was created with.
    pub fn params(&self) -> Params {
        *self.inner.core.load().shown.index.params()
    }

    /// The URL of its store.
    pub fn store_url(&self) -> String {
        self.inner.core.load().store.url()
    }

    /// Whether it must be opened again: dropped, closed, overtaken by another process, or its writer died.
    pub(super) fn stale(&self) -> bool {
        let core = self.inner.core.load();
        let overtaken = |error: &Arc<Error>| error.kind() == crate::error::ErrorKind::Conflict;
        core.is_dropped()
            || core.shown.halted.load().as_ref().is_some_and(overtaken)
            || (core.pid == std::process::id() && core.has_ended())
    }

    /// The index as this process has it, unless it was dropped.
    pub(super) fn core(&self) -> Result<Arc<Core>> {
        let core = self.inner.core.load_full();
        let core = if core.pid == std::process::id() { core } else { self.reopen(&core)? };
        if core.is_dropped() { Err(deleted(self.name())) } else { Ok(core) }
    }

    fn reopen(&self, inherited: &Arc<Core>) -> Result<Arc<Core>> {
        let url = inherited.store.url();
        // Its threads do not exist here, so it may never be dropped: a join would wait for ever.
        std::mem::forget(Arc::clone(inherited));
        if url == "memory:" {
            return Err(Error::unsupported("a memory: store cannot be used in a forked child"));
        }
        let store = store::open(&url)?;
        match load(&store, self.name(), Settings::default())? {
            Loaded::Live(keeper) => {
                let core = Arc::new(Core::new(store, keeper)?);
                let before = self.inner.core.compare_and_swap(inherited, Arc::clone(&core));
                // Another thread of this child may have been first: then its core is the one.
                Ok(if Arc::ptr_eq(&before, inherited) { core } else { Arc::clone(&before) })
            }
            Loaded::Absent(_) => Err(deleted(self.name())),
        }
    }

    /// Sends a request to the committer and waits for its answer.
    pub(super) fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T> {
        let core = self.core()?;
        let (reply, answer) = sync_channel(1);
        core.send(self.name(), request(reply))?;
        answer.recv().unwrap_or_else(|_| Err(ended(self.name()).outcome_unknown()))
    }

    /// Waits for what was asked, writes a snapshot if one is worth its bytes, and stops writing.
    pub(super) fn close(&self) -> Result<()> {
        let core = self.inner.core.load_full();
        if core.pid == std::process::id() { core.close() } else { Ok(()) }
    }
}

fn ended(name: &str) -> Error {
    Error::internal(format!("the writer of index {name:?} ended unexpectedly: open it again"))
}

impl Core {
    fn new(store: Arc<dyn Store>, keeper: Keeper) -> Result<Self> {
        let shown = Arc::clone(&keeper.shown);
        let committer = if keeper.log.checkpoint_worthwhile() && keeper.check_writable().is_ok() {
            let (sender, thread) = committer::start(keeper)?;
            Committer::Running(sender, thread)
        } else {
            Committer::Idle(Box::new(keeper))
        };
        Ok(Self { pid: std::process::id(), store, shown, committer: Mutex::new(committer) })
    }

    pub(super) fn is_dropped(&self) -> bool {
        self.shown.dropped.load(std::sync::atomic::Ordering::Acquire)
    }

    fn has_ended(&self) -> bool {
        match &*self.committer.lock() {
            Committer::Idle(_) => false,
            Committer::Running(_, thread) => thread.is_finished(),
            Committer::Closed => true,
        }
    }

    fn send(&self, name: &str, request: Request) -> Result<()> {
        let closed = || Error::invalid(format!("index {name:?} is closed: open it again"));
        let mut committer = self.committer.lock();
        if let Committer::Idle(_) = &*committer
            && let Committer::Idle(keeper) = std::mem::replace(&mut *committer, Committer::Closed)
        {
            let (sender, thread) = committer::start(*keeper)?;
            *committer = Committer::Running(sender, thread);
        }
        match &*committer {
            Committer::Running(sender, _) => sender.send(request).map_err(|_| ended(name)),
            Committer::Idle(_) | Committer::Closed => Err(closed()),
        }
    }

    fn close(&self) -> Result<()> {
        // The lock is not held while the thread ends: others learn at once that it is closed.
        let committer = std::mem::replace(&mut *self.committer.lock(), Committer::Closed);
        match committer {
            Committer::Running(sender, thread) => {
                let (reply, answer) = sync_channel(1);
                drop(sender.send(Request::Close(reply)));
                drop(answer.recv());
                thread.join().map_err(|_| Error::internal("the writer thread panicked"))
            }
            Committer::Idle(_) | Committer::Closed => Ok(()),
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        if self.pid == std::process::id()
            && let Err(error) = self.close()
        {
            tracing::error!(%error, "closing an index failed");
        }
    }
}
