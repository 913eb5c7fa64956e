//! `Registry`: names to indexes on one store.
//!
//! Each method resolves the session, releases the interpreter, and calls the crate's registry.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyList};

use super::hits::Reduced;
use super::index::PyIndex;
use super::origin::{Origin, Parts, reduce};
use super::session::Session;
use super::table::Table;
use super::whole::Whole;
use crate::error::Result;
use crate::registry::{DEFAULT_M, Distance, Params};

/// The indexes of one store, which :func:`vectord.open` opens, or of one service, which :func:`vectord.connect`
/// connects to.
///
/// It is a context manager: leaving it closes it, and with it every index that came from it. It pickles as
/// its URL, iterates over its names, and ``registry["docs"]`` is ``registry.get("docs")``.
///
/// Examples
/// --------
/// >>> with vectord.open("./vectors") as registry:
/// ...     docs = registry.create("docs", dimension=384)
/// ...     "docs" in registry, registry.names()
/// (True, ['docs'])
#[pyclass(name = "Registry", module = "vectord", frozen, mapping)]
pub(super) struct PyRegistry {
    pub(super) session: Arc<Session>,
}

impl PyRegistry {
    pub(super) fn open(url: &str, origin: Origin) -> Result<Self> {
        Ok(Self { session: Session::open(url, origin)? })
    }

    pub(super) fn index(&self, name: &str) -> Result<PyIndex> {
        let handle = self.session.registry()?.get(name)?;
        Ok(PyIndex::new(Arc::clone(&self.session), handle))
    }

    /// The registry itself, or its index `name` with what was written last through the one that was pickled.
    pub(super) fn or_index(
        self,
        py: Python<'_>,
        name: Option<&str>,
        last_written: u64,
    ) -> PyResult<Py<PyAny>> {
        let Some(name) = name else { return Ok(Py::new(py, self)?.into_any()) };
        let index = py.detach(|| -> Result<PyIndex> {
            let index = self.index(name)?;
            index.handle()?.goes_on_from(last_written);
            Ok(index)
        })?;
        Ok(Py::new(py, index)?.into_any())
    }

    fn list(&self) -> Result<Vec<String>> {
        self.session.registry()?.names()
    }
}

/// The parameters of a new index. The crate checks them too; here an int may be of any size.
fn params(dimension: Whole, distance: &str, m: Whole, ef_search: Option<Whole>) -> Result<Params> {
    Ok(Params {
        dimension: dimension.within("dimension", Params::DIMENSION)?,
        m: m.within("m", Params::M)?,
        ef_search: ef_search.map(|ef| ef.within("ef_search", Params::EF_SEARCH)).transpose()?,
        distance: Distance::parse(distance)?,
    })
}

#[pymethods]
impl PyRegistry {
    /// Create an index.
    ///
    /// Parameters
    /// ----------
    /// name : str
    ///     1 to 128 ASCII letters, digits, ``.``, ``_`` and ``-``, beginning with a letter or digit; no ``..``,
    ///     no ``.`` or ``.lhv1`` at the end; names that differ only in case are one.
    /// dimension : int
    ///     Values per vector, 1 to 16,384.
    /// distance : {"cosine", "euclidean", "dot"}
    ///     ``1 - cos``, the L2 norm of the difference, or ``1 - a.b``. Smaller is nearer.
    /// m : int, default 16
    ///     M of HNSW (Malkov and Yashunin 2016), 2 to 128: every row links to at most 2 M others.
    /// ef_search : int, optional
    ///     The length of a search's candidate list, 1 to 65,536. None, the default, lets the index choose as it grows: it
    ///     tries out how many its own rows take for recall@10 of 0.95. ``stats()["ef_search"]`` tells the number in force.
    ///
    /// Returns
    /// -------
    /// Index
    ///
    /// Raises
    /// ------
    /// AlreadyExistsError
    ///     There is one: :meth:`get` it.
    /// InvalidArgumentError
    ///     A parameter is outside its limits.
    #[pyo3(signature = (name, dimension, *, distance = "cosine", m = Whole::from(i64::from(DEFAULT_M)), ef_search = None),
           text_signature = "(self, name, dimension, *, distance='cosine', m=16, ef_search=None)")]
    fn create(
        &self,
        py: Python<'_>,
        name: &str,
        dimension: Whole,
        distance: &str,
        m: Whole,
        ef_search: Option<Whole>,
    ) -> PyResult<PyIndex> {
        let params = params(dimension, distance, m, ef_search)?;
        let handle = py.detach(|| self.session.registry()?.create(name, params))?;
        Ok(PyIndex::new(Arc::clone(&self.session), handle))
    }

    /// Open the index `name`. One that is not known yet is looked for on the store again.
    ///
    /// Raises
    /// ------
    /// NotFoundError
    ///     There is none; it is a ``KeyError`` too.
    /// CorruptError
    ///     Its objects on the store are damaged.
    fn get(&self, py: Python<'_>, name: &str) -> PyResult<PyIndex> {
        Ok(py.detach(|| self.index(name))?)
    }

    /// Open the index `name`, or create it with these parameters, which are those of :meth:`create`.
    ///
    /// Raises
    /// ------
    /// InvalidArgumentError
    ///     There is one of another dimension or distance.
    #[pyo3(signature = (name, dimension, *, distance = "cosine", m = Whole::from(i64::from(DEFAULT_M)), ef_search = None),
           text_signature = "(self, name, dimension, *, distance='cosine', m=16, ef_search=None)")]
    fn get_or_create(
        &self,
        py: Python<'_>,
        name: &str,
        dimension: Whole,
        distance: &str,
        m: Whole,
        ef_search: Option<Whole>,
    ) -> PyResult<PyIndex> {
        let params = params(dimension, distance, m, ef_search)?;
        let handle = py.detach(|| self.session.registry()?.get_or_create(name, params))?;
        Ok(PyIndex::new(Arc::clone(&self.session), handle))
    }

    /// Delete the index `name` and everything in it. It cannot be undone.
    ///
    /// Raises
    /// ------
    /// NotFoundError
    ///     There is none.
    fn delete(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        Ok(py.detach(|| self.session.registry()?.delete(name))?)
    }

    /// Return the names of the indexes on the store, sorted.
    fn names(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        Ok(py.detach(|| self.list())?)
    }

    /// What :func:`vectord.open` takes to reach the same store, or :func:`vectord.connect` the same service.
    #[getter]
    fn url(&self) -> &str {
        self.session.url()
    }

    /// Close it and every index that came from it; closing twice is closing once.
    ///
    /// What was queued under ``durability="async"`` is waited for, and the first failure is raised. The last one of its URL in the process waits for writes under way and writes a snapshot of each index
    /// whose log has grown, so that opening it again is quick. What was acknowledged is durable either way.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        Ok(py.detach(|| self.session.close())?)
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_raised))]
    fn __exit__(&self, py: Python<'_>, _raised: &Bound<'_, PyAny>) -> PyResult<()> {
        self.close(py)
    }

    fn __getitem__(&self, py: Python<'_>, name: &str) -> PyResult<PyIndex> {
        self.get(py, name)
    }

    fn __contains__(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Ok(name) = name.extract::<String>() else { return Ok(false) };
        Ok(py.detach(|| self.list())?.contains(&name))
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(py.detach(|| self.list())?.len())
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        PyList::new(py, py.detach(|| self.list())?)?.try_iter()
    }

    fn __repr__(&self) -> String {
        let closed = if self.session.is_open() { "" } else { ", closed" };
        format!("Registry({:?}{closed})", self.session.url())
    }

    fn _repr_html_(&self, py: Python<'_>) -> String {
        // A store that does not answer must not break the display of a notebook.
        let names = py.detach(|| self.list()).unwrap_or_else(|error| vec![format!("({error})")]);
        let caption = self.session.url().to_owned();
        Table::new("Registry", caption, &["index"], names.len(), |at| vec![names[at].clone()]).html()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py, Parts>> {
        reduce(py, &self.session, None)
    }
}
