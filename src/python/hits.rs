//! The answer to one query, as Python sees it.
//!
//! What the crate found is kept as it is; arrays and parsed metadata are made when first looked at.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyIterator, PyList, PyString};

use super::{array, frame, json, table};
use crate::error::Result;
use crate::registry::{Consistency, Explanation, Hits};

/// The rows nearest to one query, nearest first.
///
/// It has ``min(k, len(index))`` rows, never padding. Iterating, or indexing with an int or a slice, gives
/// ``(id, distance, metadata)``.
///
/// Attributes
/// ----------
/// ids : numpy.ndarray of str, shape (n,), dtype object
/// distances : numpy.ndarray of float32, shape (n,)
///     Ascending, and exact in float32. Cosine: ``1 - cos``; euclidean: the L2 norm of the difference; dot:
///     ``1 - a.b``.
/// metadata : list
///     One JSON value per row, None where there is none.
/// seq : int
///     The entry of the log after which the index was searched.
/// exact : bool
///     Whether every row was compared.
/// consistency : {"strong", "bounded"}
///     What was promised about the writes of other processes: see :meth:`Index.search`.
/// explanation : dict or None
///     What the search did, if it was asked to ``explain``.
///
/// Examples
/// --------
/// >>> docs = vectord.open("memory:").create("docs", dimension=2)
/// >>> _ = docs.add(["east", "north"], np.eye(2), [{"deg": 90}, {"deg": 0}])
/// >>> for id, distance, metadata in docs.search([2, 0]):
/// ...     print(id, round(distance, 3), metadata["deg"])
/// east 0.0 90
/// north 1.0 0
#[pyclass(name = "Hits", module = "vectord", frozen)]
pub(super) struct PyHits {
    hits: Arc<Hits>,
    consistency: Consistency,
    ids: PyOnceLock<Py<PyAny>>,
    distances: PyOnceLock<Py<PyAny>>,
    metadata: PyOnceLock<Py<PyList>>,
}

/// The ids as Python strings.
pub(super) fn strings<'a>(py: Python<'_>, ids: impl Iterator<Item = &'a str>) -> Vec<Py<PyAny>> {
    ids.map(|id| PyString::new(py, id).into_any().unbind()).collect()
}

/// The values of metadata texts.
pub(super) fn values<'py, 'a>(
    py: Python<'py>,
    texts: impl Iterator<Item = Option<&'a str>>,
) -> PyResult<Bound<'py, PyList>> {
    PyList::new(py, texts.map(|text| json::load(py, text)).collect::<PyResult<Vec<_>>>()?)
}

impl PyHits {
    pub(super) fn new(hits: Arc<Hits>, consistency: Consistency) -> Self {
        let (ids, distances, metadata) = (PyOnceLock::new(), PyOnceLock::new(), PyOnceLock::new());
        Self { hits, consistency, ids, distances, metadata }
    }

    fn tuples<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let metadata = self.metadata(py)?.bind(py);
        let rows = self.hits.ids.iter().zip(&self.hits.distances).zip(metadata);
        PyList::new(py, rows.map(|((id, distance), metadata)| (id, *distance, metadata)).collect::<Vec<_>>())
    }

    fn table(&self) -> table::Table {
        let text = |at: usize| self.hits.metadata[at].as_deref().unwrap_or("");
        let row = |at: usize| {
            let id = self.hits.ids[at].to_string();
            vec![id, format!("{:.4}", self.hits.distances[at]), text(at).to_owned()]
        };
        let how = if self.hits.exact { "exact" } else { "approximate" };
        let fresh = self.consistency.name();
        let caption = format!("{} hits, {how}, seq {}, {fresh}", self.hits.len(), self.hits.seq);
        table::Table::new("Hits", caption, &["id", "distance", "metadata"], self.hits.len(), row)
    }
}

#[pymethods]
impl PyHits {
    /// The ids, nearest first: an object array of str, shape (n,).
    #[getter]
    fn ids(&self, py: Python<'_>) -> &Py<PyAny> {
        self.ids.get_or_init(py, || array::flat(py, strings(py, self.hits.ids.iter())))
    }

    /// The distances, ascending: a float32 array, shape (n,).
    #[getter]
    fn distances(&self, py: Python<'_>) -> &Py<PyAny> {
        self.distances.get_or_init(py, || array::flat(py, self.hits.distances.clone()))
    }

    /// The metadata, parsed: a list of n JSON values, None where there is none.
    #[getter]
    fn metadata(&self, py: Python<'_>) -> PyResult<&Py<PyList>> {
        self.metadata
            .get_or_try_init(py, || Ok(values(py, self.hits.metadata.iter().map(Option::as_deref))?.unbind()))
    }

    /// The entry of the log after which the index was searched.
    #[getter]
    fn seq(&self) -> u64 {
        self.hits.seq
    }

    /// Whether every row was compared.
    #[getter]
    fn exact(&self) -> bool {
        self.hits.exact
    }

    /// ``"strong"`` or ``"bounded"``: what was promised about the writes of other processes.
    #[getter]
    fn consistency(&self) -> &'static str {
        self.consistency.name()
    }

    /// What the search did, if it was asked to ``explain``: a dict of ``matches`` (rows that passed the filter, None
    /// without one), ``path`` (``"exact"``, ``"walk"`` or ``"two-hop"``), ``scanned`` (rows compared one by one),
    /// ``distances`` (computed in all), ``ef`` and ``exact``; else None.
    #[getter]
    fn explanation<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(Explanation { matches, path, scanned, distances, ef, exact }) = self.hits.explanation else {
            return Ok(None);
        };
        let told = PyDict::new(py);
        told.set_item("matches", matches)?;
        told.set_item("path", path.name())?;
        told.set_item("scanned", scanned)?;
        told.set_item("distances", distances)?;
        told.set_item("ef", ef)?;
        told.set_item("exact", exact)?;
        Ok(Some(told))
    }

    /// Return a DataFrame with the columns ``id`` and ``distance`` and one for each key of the metadata.
    ///
    /// A key that is ``id`` or ``distance`` itself becomes ``metadata.id`` or ``metadata.distance``. Where
    /// metadata is no object, one column ``metadata`` holds it. Needs pandas.
    fn to_pandas(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let columns = [("id", self.ids(py)), ("distance", self.distances(py))];
        frame::build(py, &columns, self.metadata(py)?.bind(py))
    }

    fn __len__(&self) -> usize {
        self.hits.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.tuples(py)?.try_iter()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, at: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.tuples(py)?.as_any().get_item(at)
    }

    fn __repr__(&self) -> String {
        self.table().text()
    }

    fn _repr_html_(&self) -> String {
        self.table().html()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py, Parts>> {
        Ok((py.import("vectord._vectord")?.getattr("_hits")?, parts(&self.hits, self.consistency)))
    }
}

/// What a pickle keeps of an answer.
pub(super) type Parts = (u64, bool, Vec<String>, Vec<f32>, Vec<Option<String>>, String);

/// What `__reduce__` answers: who makes it again, and of what.
pub(super) type Reduced<'py, T> = (Bound<'py, PyAny>, T);

pub(super) fn parts(hits: &Hits, consistency: Consistency) -> Parts {
    let Hits { seq, exact, ids, distances, metadata, vectors: _, explanation: _ } = hits;
    let texts = metadata.iter().map(|text| text.as_deref().map(str::to_owned)).collect();
    let ids = ids.iter().map(str::to_owned).collect();
    (*seq, *exact, ids, distances.clone(), texts, consistency.name().to_owned())
}

pub(super) fn from_parts(parts: Parts) -> Result<(Hits, Consistency)> {
    let (seq, exact, ids, distances, metadata, consistency) = parts;
    let ids = ids.iter().map(String::as_str).collect();
    let metadata = metadata.into_iter().map(|text| text.map(Into::into)).collect();
    Ok((
        Hits { seq, exact, ids, distances, metadata, vectors: None, explanation: None },
        Consistency::parse(&consistency)?,
    ))
}

/// The hits of a pickle.
#[pyfunction]
pub(super) fn _hits(
    seq: u64,
    exact: bool,
    ids: Vec<String>,
    distances: Vec<f32>,
    metadata: Vec<Option<String>>,
    consistency: String,
) -> PyResult<PyHits> {
    let (hits, consistency) = from_parts((seq, exact, ids, distances, metadata, consistency))?;
    Ok(PyHits::new(Arc::new(hits), consistency))
}
