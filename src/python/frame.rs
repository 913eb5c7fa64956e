//! DataFrames handed out, if pandas is there: it is no dependency.
//!
//! The keys of metadata objects become columns, in the order in which they are first met.

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// A DataFrame of `columns` and the metadata's own.
pub(super) fn build(
    py: Python<'_>,
    columns: &[(&str, &Py<PyAny>)],
    metadata: &Bound<'_, PyList>,
) -> PyResult<Py<PyAny>> {
    let pandas = py.import("pandas").map_err(|error| {
        if error.is_instance_of::<PyImportError>(py) {
            PyImportError::new_err("pandas is not installed: pip install 'vectord[pandas]'")
        } else {
            error
        }
    })?;
    let data = PyDict::new(py);
    for (name, values) in columns {
        data.set_item(name, values)?;
    }
    if metadata.iter().all(|value| value.is_none() || value.is_instance_of::<PyDict>()) {
        for key in keys(metadata)?.iter() {
            let cell = |value: Bound<'_, PyAny>| match value.cast::<PyDict>() {
                Ok(object) => Ok(object.get_item(&key)?.map(Bound::unbind)),
                Err(_) => Ok(None),
            };
            let cells = PyList::new(py, metadata.iter().map(cell).collect::<PyResult<Vec<_>>>()?)?;
            if data.contains(&key)? {
                data.set_item(format!("metadata.{key}"), cells)?;
            } else {
                data.set_item(&key, cells)?;
            }
        }
    } else {
        data.set_item("metadata", metadata)?;
    }
    Ok(pandas.call_method1("DataFrame", (data,))?.unbind())
}

/// The keys of all objects, each once.
fn keys<'py>(metadata: &Bound<'py, PyList>) -> PyResult<Bound<'py, PyList>> {
    let keys = PyDict::new(metadata.py());
    for value in metadata {
        if let Ok(object) = value.cast::<PyDict>() {
            for key in object.keys() {
                keys.set_item(key, true)?;
            }
        }
    }
    Ok(keys.keys())
}
