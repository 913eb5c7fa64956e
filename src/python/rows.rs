//! Stored rows, as Python sees them: the answer of `get`.
//!
//! Vectors come back bit for bit as they were given, in float32.

use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyList};

use super::hits::{Reduced, strings, values};
use super::{array, frame, table};
use crate::registry::Row;

/// Stored rows in the order asked for; ids that are not in the index are left out.
///
/// Iterating, or indexing with an int or a slice, gives ``(id, vector, metadata)``.
///
/// Attributes
/// ----------
/// ids : numpy.ndarray of str, shape (n,), dtype object
/// vectors : numpy.ndarray of float32, shape (n, dimension)
///     Bit for bit as they were given.
/// metadata : list
///     One JSON value per row, None where there is none.
///
/// Examples
/// --------
/// >>> docs = vectord.open("memory:").create("docs", dimension=2)
/// >>> _ = docs.add(["east", "north"], np.eye(2), [{"deg": 90}, None])
/// >>> rows = docs.get(["north", "west", "east"])
/// >>> rows.ids.tolist(), rows.metadata
/// (['north', 'east'], [None, {'deg': 90}])
#[pyclass(name = "Rows", module = "vectord", frozen)]
pub(super) struct PyRows {
    /// The ids: an object array of str, shape (n,).
    #[pyo3(get)]
    ids: Py<PyAny>,
    /// The vectors: a float32 array, shape (n, dimension).
    #[pyo3(get)]
    vectors: Py<PyAny>,
    /// The metadata, parsed: a list of n JSON values, None where there is none.
    #[pyo3(get)]
    metadata: Py<PyList>,
}

impl PyRows {
    pub(super) fn new(py: Python<'_>, rows: &[Row], dimension: usize) -> PyResult<Self> {
        let vectors = rows.iter().flat_map(|row| row.vector.iter().copied()).collect();
        Ok(Self {
            ids: array::flat(py, strings(py, rows.iter().map(|row| &*row.id))),
            vectors: array::matrix(py, vectors, dimension, rows.len())?,
            metadata: values(py, rows.iter().map(|row| row.metadata.as_deref()))?.unbind(),
        })
    }

    fn tuples<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rows = self.ids.bind(py).try_iter()?.zip(self.vectors.bind(py).try_iter()?);
        let rows = rows.zip(self.metadata.bind(py)).map(|((id, vector), value)| Ok((id?, vector?, value)));
        PyList::new(py, rows.collect::<PyResult<Vec<_>>>()?)
    }

    fn table(&self, py: Python<'_>) -> PyResult<table::Table> {
        let shape: (usize, usize) = self.vectors.bind(py).getattr("shape")?.extract()?;
        let cell = |values: &Bound<'_, PyAny>, at: usize| {
            let value = values.get_item(at).ok().filter(|value| !value.is_none());
            value.map_or(String::new(), |value| value.to_string())
        };
        let row = |at| vec![cell(self.ids.bind(py), at), cell(self.metadata.bind(py), at)];
        let caption = format!("{} rows of dimension {}", shape.0, shape.1);
        Ok(table::Table::new("Rows", caption, &["id", "metadata"], shape.0, row))
    }
}

#[pymethods]
impl PyRows {
    /// Return a DataFrame with the columns ``id`` and ``embedding`` and one for each key of the metadata.
    ///
    /// :meth:`Index.add` takes it back with the same metadata only where that is a flat dict, with the same
    /// keys in every row and none that is ``id`` or ``embedding``. ``add(rows.ids, rows.vectors, rows.metadata)``
    /// takes back any rows. Needs pandas.
    fn to_pandas(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let vectors = PyList::new(py, self.vectors.bind(py).try_iter()?.collect::<PyResult<Vec<_>>>()?)?;
        let columns = [("id", &self.ids), ("embedding", &vectors.into_any().unbind())];
        frame::build(py, &columns, self.metadata.bind(py))
    }

    fn __len__(&self, py: Python<'_>) -> usize {
        self.metadata.bind(py).len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.tuples(py)?.try_iter()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, at: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.tuples(py)?.as_any().get_item(at)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.table(py)?.text())
    }

    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.table(py)?.html())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py, Parts>> {
        let Self { ids, vectors, metadata } = self;
        let parts = (ids.clone_ref(py), vectors.clone_ref(py), metadata.clone_ref(py));
        Ok((py.import("vectord._vectord")?.getattr("_rows")?, parts))
    }
}

/// What a pickle keeps of rows: ids, vectors and metadata.
type Parts = (Py<PyAny>, Py<PyAny>, Py<PyList>);

/// The rows of a pickle.
#[pyfunction]
pub(super) fn _rows(ids: Py<PyAny>, vectors: Py<PyAny>, metadata: Py<PyList>) -> PyRows {
    PyRows { ids, vectors, metadata }
}
