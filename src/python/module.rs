//! The extension module `vectord._vectord`: what it exports, and how pickles find their way back.
//!
//! Initialising it starts no thread, opens no file and installs no logger.

use std::path::PathBuf;

use pyo3::prelude::*;

use super::batch_hits::PyBatchHits;
use super::connect;
use super::durability::Durability;
use super::hits::{self, PyHits};
use super::index::PyIndex;
use super::origin::Origin;
use super::recall::PyRecall;
use super::registry::PyRegistry;
use super::results::{Added, BatchesAdded, Deleted, MetadataSet};
use super::rows::{self, PyRows};
use super::session;
use super::{array, errors, json};
use crate::error::Error;

/// Open the registry of indexes on a store.
///
/// Nothing is loaded yet: :meth:`Registry.get` loads an index. Opening the same URL twice in a process gives
/// two handles on the same live indexes; each is closed by itself.
///
/// Parameters
/// ----------
/// url : str or os.PathLike
///     A directory, which is created if missing, and in which a leading ``~`` is expanded as
///     :func:`os.path.expanduser` does; ``"memory:"``, a new and empty store each time; or
///     ``"http://host:port"``, a ``vectord storaged``.
/// durability : {"sync", "async"}, default "sync"
///     What :meth:`Index.add`, :meth:`Index.delete` and :meth:`Index.set_metadata` wait for. ``"sync"``: they
///     return when the write is durable and visible. ``"async"``: they return when it is checked and queued,
///     with ``seq`` None; it becomes durable and visible a moment later. At most 64 MiB queue, then a call waits.
///     :meth:`Index.flush`, ``close`` and the end of a ``with`` wait for the queue and raise the exception of the
///     first write in it that failed, and the interpreter waits for it when it ends; a process that is killed
///     loses at most the queue.
/// share : bool, default True
///     Share live indexes with every other handle on this URL in the process. False gives this handle its own
///     copy of each, which it reads and writes as another process would: it is for tests.
///
/// Returns
/// -------
/// Registry
///
/// Raises
/// ------
/// InvalidArgumentError
///     The URL names no store, or `durability` is neither.
/// UnavailableError
///     The store cannot be reached.
/// UnsupportedError
///     This build has no store of that kind.
///
/// Examples
/// --------
/// >>> registry = vectord.open("memory:")
/// >>> registry.names()
/// []
#[pyfunction]
#[pyo3(signature = (url, *, durability = "sync", share = true))]
#[expect(clippy::needless_pass_by_value, reason = "an argument is extracted to a value")]
fn open(py: Python<'_>, url: PathBuf, durability: &str, share: bool) -> PyResult<PyRegistry> {
    let durability = Durability::parse(durability)?;
    let Some(url) = url.to_str() else {
        return Err(Error::invalid(format!("the store's URL is not UTF-8: {}", url.display())).into());
    };
    let url = match url.strip_prefix('~') {
        Some(_) => py.import("os.path")?.call_method1("expanduser", (url,))?.extract::<String>()?,
        None => url.to_owned(),
    };
    let origin = Origin::Store { share, durability };
    let registry = py.detach(|| PyRegistry::open(&url, origin))?;
    session::flush_at_exit(py, &registry.session)?;
    Ok(registry)
}

/// Open a pickled registry or, with a name, index.
#[pyfunction]
#[pyo3(signature = (url, share, name = None, durability = "sync"))]
fn _reopen(
    py: Python<'_>,
    url: &str,
    share: bool,
    name: Option<&str>,
    durability: &str,
) -> PyResult<Py<PyAny>> {
    let durability = Durability::parse(durability)?;
    let registry = py.detach(|| PyRegistry::open(url, Origin::Store { share, durability }))?;
    session::flush_at_exit(py, &registry.session)?;
    registry.or_index(py, name, 0)
}

#[pymodule]
fn _vectord(module: &Bound<'_, PyModule>) -> PyResult<()> {
    array::look_up(module.py())?;
    json::look_up(module.py())?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<Added>()?;
    module.add_class::<BatchesAdded>()?;
    module.add_class::<Deleted>()?;
    module.add_class::<MetadataSet>()?;
    module.add_class::<PyBatchHits>()?;
    module.add_class::<PyHits>()?;
    module.add_class::<PyIndex>()?;
    module.add_class::<PyRecall>()?;
    module.add_class::<PyRegistry>()?;
    module.add_class::<PyRows>()?;
    module.add_function(wrap_pyfunction!(open, module)?)?;
    module.add_function(wrap_pyfunction!(_reopen, module)?)?;
    module.add_function(wrap_pyfunction!(connect::connect, module)?)?;
    module.add_function(wrap_pyfunction!(connect::_reconnect, module)?)?;
    module.add_function(wrap_pyfunction!(hits::_hits, module)?)?;
    module.add_function(wrap_pyfunction!(rows::_rows, module)?)?;
    module.add_function(wrap_pyfunction!(errors::_one_of_each_error, module)?)?;
    #[cfg(feature = "server")]
    {
        module.add_class::<super::server::PyServer>()?;
        module.add_function(wrap_pyfunction!(super::server::run_cli, module)?)?;
    }
    Ok(())
}
