//! An open registry, shared by the `Registry` object and by every `Index` that came from it.
//!
//! Closing the `Registry` ends them all. While an `Index` is alive the session stays open, so that a
//! second open of the URL in the process finds the same live indexes.

use std::sync::{Arc, Weak};

use arc_swap::{ArcSwap, ArcSwapOption};
use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use super::durability::Durability;
use super::origin::{Opened, Origin};
use super::process::Own;
use crate::error::{Error, Result};
use crate::registry::LiveIndex;

pub(super) struct Session {
    url: String,
    origin: Origin,
    open: ArcSwapOption<Own<Opened>>,
    /// The indexes on which writes were queued. Not behind a lock: a fork could leave it held in the child.
    queued: ArcSwap<Vec<Arc<Own<LiveIndex>>>>,
}

impl Session {
    pub(super) fn open(url: &str, origin: Origin) -> Result<Arc<Self>> {
        let opened = origin.open(url)?;
        let url = opened.url();
        let open = ArcSwapOption::from_pointee(Own::new(opened));
        Ok(Arc::new(Self { url, origin, open, queued: ArcSwap::default() }))
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(super) fn durability(&self) -> Durability {
        self.origin.durability()
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.load().is_some()
    }

    /// The registry; in a forked child one of the child's own.
    pub(super) fn registry(&self) -> Result<Opened> {
        let Some(opened) = self.open.load_full() else {
            return Err(Error::invalid(format!("the registry on {} is closed: open it again", self.url)));
        };
        if let Some(registry) = opened.get() {
            return Ok(registry.clone());
        }
        self.check_reopens()?;
        let registry = self.origin.open(&self.url)?;
        self.open.store(Some(Arc::new(Own::new(registry.clone()))));
        Ok(registry)
    }

    /// Refuses what only one process can hold.
    pub(super) fn check_reopens(&self) -> Result<()> {
        if self.url == "memory:" {
            return Err(Error::unsupported(
                "a memory: store belongs to one process, and neither a fork nor a pickle takes it along: use a directory",
            ));
        }
        Ok(())
    }

    /// Remembers that writes are about to queue on `live`.
    pub(super) fn queues_on(&self, live: &LiveIndex) {
        let current = |own: &Arc<Own<LiveIndex>>| own.get().is_some_and(|own| !own.is_stale());
        let same = |own: &Arc<Own<LiveIndex>>| own.get().is_some_and(|own| own.name() == live.name());
        if self.queued.load().iter().any(|own| same(own) && current(own)) {
            return;
        }
        let new = Arc::new(Own::new(live.clone()));
        self.queued.rcu(|there| {
            let others = there.iter().filter(|own| current(own) && !same(own));
            others.chain([&new]).cloned().collect::<Vec<_>>()
        });
    }

    /// Waits for what was queued, and tells of the first failure.
    pub(super) fn flush(&self) -> Result<()> {
        let queued = self.queued.swap(Arc::default());
        let there = queued.iter().filter_map(|own| own.get()).filter(|live| !live.is_stale());
        // All of them, also after a failure.
        there.map(|live| live.flush().map(drop)).fold(Ok(()), Result::and)
    }

    /// Ends the session, after what was queued; closing twice is closing once.
    pub(super) fn close(&self) -> Result<()> {
        let Some(opened) = self.open.swap(None) else { return Ok(()) };
        let flushed = self.flush();
        let opened = Arc::into_inner(opened).and_then(Own::into_inner);
        flushed.and(opened.map_or(Ok(()), Opened::close))
    }
}

/// Has the interpreter flush what is queued before it ends: an object that is still held somewhere then may never
/// be dropped.
pub(super) fn flush_at_exit(py: Python<'_>, session: &Arc<Session>) -> PyResult<()> {
    match session.durability() {
        Durability::Sync => return Ok(()),
        Durability::Async => {}
    }
    let session: Weak<Session> = Arc::downgrade(session);
    let flush = PyCFunction::new_closure(py, None, None, move |arguments, _| {
        let flush = || session.upgrade().map_or(Ok(()), |session| session.flush());
        PyResult::Ok(arguments.py().detach(flush)?)
    })?;
    py.import("atexit")?.call_method1("register", (flush,)).map(drop)
}
