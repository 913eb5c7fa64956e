//! An open registry, shared by the `Registry` object and by every `Index` that came from it.
//!
//! Closing the `Registry` ends them all. While an `Index` is alive the session stays open, so that a
//! second open of the URL in the process finds the same live indexes and not a second writer.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::process::Own;
use crate::error::{Error, Result};
use crate::registry::Registry;

pub(super) struct Session {
    url: String,
    share: bool,
    open: ArcSwapOption<Own<Registry>>,
}

impl Session {
    pub(super) fn open(url: &str, share: bool) -> Result<Arc<Self>> {
        let registry = open(url, share)?;
        let url = registry.url();
        Ok(Arc::new(Self { url, share, open: ArcSwapOption::from_pointee(Own::new(registry)) }))
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn share(&self) -> bool {
        self.share
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.load().is_some()
    }

    /// The registry; in a forked child one of the child's own.
    pub(super) fn registry(&self) -> Result<Registry> {
        let Some(opened) = self.open.load_full() else {
            return Err(Error::invalid(format!("the registry on {} is closed: open it again", self.url)));
        };
        if let Some(registry) = opened.get() {
            return Ok(registry.clone());
        }
        self.check_reopens()?;
        let registry = open(&self.url, self.share)?;
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

    /// Ends the session; closing twice is closing once.
    pub(super) fn close(&self) -> Result<()> {
        let Some(opened) = self.open.swap(None).and_then(Arc::into_inner) else { return Ok(()) };
        opened.into_inner().map_or(Ok(()), Registry::close)
    }
}

fn open(url: &str, share: bool) -> Result<Registry> {
    if share { Registry::open(url) } else { Registry::open_unshared(url) }
}
