//! The answers to the rows of a matrix of queries, as Python sees them.
//!
//! Columns are arrays of as many columns as the longest answer; a shorter one is padded.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyIterator, PyList};

use super::hits::{Parts, PyHits, Reduced, from_parts, parts, strings, values};
use super::{array, frame, table};
use crate::registry::{Consistency, Hits};

/// The rows nearest to each of n queries, all found in the same state of the index.
///
/// Iterating, or indexing with an int or a slice, gives one :class:`Hits` per query.
///
/// Attributes
/// ----------
/// ids : numpy.ndarray of str, shape (n, k), dtype object
///     None where a query has fewer than k answers.
/// distances : numpy.ndarray of float32, shape (n, k)
///     inf where a query has fewer than k answers.
/// metadata : list of list
///     One JSON value per answer; these are never padded.
/// seq : int
///     The entry of the log after which the index was searched.
/// consistency : {"strong", "bounded"}
///     What was promised about the writes of other processes: see :meth:`Index.search`.
///
/// Examples
/// --------
/// >>> docs = vectord.open("memory:").create("docs", dimension=2)
/// >>> _ = docs.add(["east", "north"], np.eye(2))
/// >>> batch = docs.search(np.eye(2), k=1)
/// >>> batch.ids.tolist(), batch.distances.shape
/// ([['east'], ['north']], (2, 1))
#[pyclass(name = "BatchHits", module = "vectord", frozen)]
pub(super) struct PyBatchHits {
    hits: Vec<Arc<Hits>>,
    seq: u64,
    consistency: Consistency,
    ids: PyOnceLock<Py<PyAny>>,
    distances: PyOnceLock<Py<PyAny>>,
    metadata: PyOnceLock<Py<PyList>>,
}

impl PyBatchHits {
    pub(super) fn new(hits: Vec<Arc<Hits>>, seq: u64, consistency: Consistency) -> Self {
        let (ids, distances, metadata) = (PyOnceLock::new(), PyOnceLock::new(), PyOnceLock::new());
        Self { hits, seq, consistency, ids, distances, metadata }
    }

    fn width(&self) -> usize {
        self.hits.iter().map(|hits| hits.len()).max().unwrap_or(0)
    }

    fn list<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let one = |hits| Py::new(py, PyHits::new(Arc::clone(hits), self.consistency));
        let hits = self.hits.iter().map(one);
        PyList::new(py, hits.collect::<PyResult<Vec<_>>>()?)
    }

    fn table(&self) -> table::Table {
        let row = |at: usize| {
            let hits = &self.hits[at];
            let nearest = hits.ids.iter().next().unwrap_or_default().to_owned();
            let distance = hits.distances.first().map_or(String::new(), |distance| format!("{distance:.4}"));
            vec![at.to_string(), hits.len().to_string(), nearest, distance]
        };
        let (queries, width, fresh) = (self.hits.len(), self.width(), self.consistency.name());
        let caption = format!("{queries} queries, up to {width} hits each, seq {}, {fresh}", self.seq);
        table::Table::new(
            "BatchHits",
            caption,
            &["query", "hits", "nearest", "distance"],
            self.hits.len(),
            row,
        )
    }
}

#[pymethods]
impl PyBatchHits {
    /// The ids, a row per query: an object array of str, shape (n, k), None where there are fewer.
    #[getter]
    fn ids(&self, py: Python<'_>) -> PyResult<&Py<PyAny>> {
        self.ids.get_or_try_init(py, || {
            let width = self.width();
            let mut all = Vec::with_capacity(self.hits.len() * width);
            for hits in &self.hits {
                all.extend(strings(py, hits.ids.iter()));
                all.extend((hits.len()..width).map(|_| py.None()));
            }
            array::matrix(py, all, width, self.hits.len())
        })
    }

    /// The distances, a row per query: a float32 array, shape (n, k), inf where there are fewer.
    #[getter]
    fn distances(&self, py: Python<'_>) -> PyResult<&Py<PyAny>> {
        self.distances.get_or_try_init(py, || {
            let width = self.width();
            let mut all = Vec::with_capacity(self.hits.len() * width);
            for (hits, row) in self.hits.iter().zip(1..) {
                all.extend_from_slice(&hits.distances);
                all.resize(row * width, f32::INFINITY);
            }
            array::matrix(py, all, width, self.hits.len())
        })
    }

    /// The metadata, parsed: a list per query of JSON values, never padded.
    #[getter]
    fn metadata(&self, py: Python<'_>) -> PyResult<&Py<PyList>> {
        self.metadata.get_or_try_init(py, || {
            let lists = self.hits.iter().map(|hits| values(py, hits.metadata.iter().map(Option::as_deref)));
            Ok(PyList::new(py, lists.collect::<PyResult<Vec<_>>>()?)?.unbind())
        })
    }

    /// The entry of the log after which the index was searched.
    #[getter]
    fn seq(&self) -> u64 {
        self.seq
    }

    /// ``"strong"`` or ``"bounded"``: what was promised about the writes of other processes.
    #[getter]
    fn consistency(&self) -> &'static str {
        self.consistency.name()
    }

    /// Return a DataFrame with the columns ``query`` (the query's row), ``id``, ``distance`` and one for
    /// each key of the metadata, as :meth:`Hits.to_pandas` does; a row per answer. Needs pandas.
    fn to_pandas(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let all =
            || self.hits.iter().flat_map(|hits| hits.ids.iter().zip(&hits.distances).zip(&hits.metadata));
        let queries = self.hits.iter().zip(0_usize..).flat_map(|(hits, query)| vec![query; hits.len()]);
        let queries = PyList::new(py, queries.collect::<Vec<_>>())?.into_any().unbind();
        let ids = array::flat(py, strings(py, all().map(|((id, _), _)| id)));
        let distances = array::flat(py, all().map(|((_, distance), _)| *distance).collect());
        let metadata = values(py, all().map(|(_, text)| text.as_deref()))?;
        frame::build(py, &[("query", &queries), ("id", &ids), ("distance", &distances)], &metadata)
    }

    fn __len__(&self) -> usize {
        self.hits.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.list(py)?.try_iter()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, at: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.list(py)?.as_any().get_item(at)
    }

    fn __repr__(&self) -> String {
        self.table().text()
    }

    fn _repr_html_(&self) -> String {
        self.table().html()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py, (u64, Vec<Parts>, &'static str)>> {
        let class = py.get_type::<Self>().getattr("_restore")?;
        let hits = self.hits.iter().map(|hits| parts(hits, self.consistency)).collect();
        Ok((class, (self.seq, hits, self.consistency.name())))
    }

    #[staticmethod]
    fn _restore(seq: u64, hits: Vec<Parts>, consistency: &str) -> PyResult<Self> {
        let one = |parts| Ok(Arc::new(from_parts(parts)?.0));
        let hits = hits.into_iter().map(one).collect::<PyResult<_>>()?;
        Ok(Self::new(hits, seq, Consistency::parse(consistency)?))
    }
}
