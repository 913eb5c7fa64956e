//! Where the indexes of a session come from: a store that this process opens, or a service it is connected to.
//!
//! Both are registries of indexes. What an index does is in `handle.rs`.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::durability::Durability;
use super::handle::Handle;
use super::hits::Reduced;
use super::session::Session;
use crate::client::{RemoteRegistry, Settings};
use crate::error::{Error, Result};
use crate::registry::{Params, Registry};

/// How a session is opened, again if need be.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    Store { share: bool, durability: Durability },
    Service(Settings),
}

/// An open registry; clones are the same.
#[derive(Clone)]
pub(super) enum Opened {
    Store(Registry),
    Service(RemoteRegistry),
}

/// What a pickle keeps: the arguments of `_reopen`, or of `_reconnect`.
pub(super) type Parts = Py<PyTuple>;

impl Origin {
    pub(super) fn open(&self, url: &str) -> Result<Opened> {
        Ok(match self {
            Self::Store { share: true, durability: _ } => Opened::Store(Registry::open(url)?),
            Self::Store { share: false, durability: _ } => Opened::Store(Registry::open_unshared(url)?),
            Self::Service(settings) => Opened::Service(RemoteRegistry::connect(url, settings)?),
        })
    }

    pub(super) fn durability(&self) -> Durability {
        match self {
            Self::Store { share: _, durability } => *durability,
            Self::Service(_) => Durability::Sync,
        }
    }
}

/// A registry, or one of its indexes (its name, and the last entry written through it), as what makes it again. The key
/// of a service is no part of it.
pub(super) fn reduce<'py>(
    py: Python<'py>,
    session: &Session,
    index: Option<(&str, u64)>,
) -> PyResult<Reduced<'py, Parts>> {
    session.check_reopens()?;
    let (url, module) = (session.url(), py.import("vectord._vectord")?);
    let (name, last_written) = index.unzip();
    let (again, parts) = match session.origin() {
        Origin::Store { share, durability } => {
            let parts = (url, *share, name, durability.name()).into_pyobject(py)?;
            ("_reopen", parts)
        }
        Origin::Service(Settings { api_key: _, timeout }) => {
            ("_reconnect", (url, timeout.as_secs_f64(), name, last_written.unwrap_or(0)).into_pyobject(py)?)
        }
    };
    Ok((module.getattr(again)?, parts.unbind()))
}

impl Opened {
    pub(super) fn url(&self) -> String {
        match self {
            Self::Store(registry) => registry.url(),
            Self::Service(service) => service.url(),
        }
    }

    pub(super) fn create(&self, name: &str, params: Params) -> Result<Handle> {
        match self {
            Self::Store(registry) => registry.create(name, params).map(Handle::Live),
            Self::Service(service) => service.create(name, params).map(Handle::Remote),
        }
    }

    pub(super) fn get(&self, name: &str) -> Result<Handle> {
        match self {
            Self::Store(registry) => registry.get(name).map(Handle::Live),
            Self::Service(service) => service.get(name).map(Handle::Remote),
        }
    }

    pub(super) fn get_or_create(&self, name: &str, params: Params) -> Result<Handle> {
        match self {
            Self::Store(registry) => registry.get_or_create(name, params).map(Handle::Live),
            Self::Service(service) => service.get_or_create(name, params).map(Handle::Remote),
        }
    }

    pub(super) fn delete(&self, name: &str) -> Result<()> {
        match self {
            Self::Store(registry) => registry.delete(name),
            Self::Service(service) => service.delete(name),
        }
    }

    pub(super) fn names(&self) -> Result<Vec<String>> {
        match self {
            Self::Store(registry) => registry.names(),
            Self::Service(service) => service.names(),
        }
    }

    /// The registry of this process, which alone can be served.
    #[cfg(feature = "server")]
    pub(super) fn into_store(self) -> Result<Registry> {
        match self {
            Self::Store(registry) => Ok(registry),
            Self::Service(_) => {
                Err(Error::unsupported("a Server serves a store: give what vectord.open returned"))
            }
        }
    }

    pub(super) fn close(self) -> Result<()> {
        match self {
            Self::Store(registry) => registry.close(),
            // Its connections close when the last index of it goes.
            Self::Service(_) => Ok(()),
        }
    }
}
