//! Searching: one query to `Hits`, a matrix of them to `BatchHits`, a stored row to `Hits`.
//!
//! The query is copied before the interpreter is released; the results become Python objects when looked at.

use std::sync::Arc;

use pyo3::prelude::*;

use super::array::{Query, Vectors};
use super::batch_hits::PyBatchHits;
use super::errors::of_query;
use super::hits::PyHits;
use crate::error::ErrorKind;
use crate::registry::{LiveIndex, SearchOptions};

pub(super) fn by_query(
    live: &LiveIndex,
    query: &Bound<'_, PyAny>,
    options: SearchOptions,
) -> PyResult<Py<PyAny>> {
    let py = query.py();
    match Query::new(query, live.params().dimension as usize)? {
        Query::One(query) => {
            let hits = py.detach(|| live.search(&query, &options));
            // Whatever else ended the search is not the query's fault.
            let hits = hits.map_err(|error| {
                let ours = error.kind() == ErrorKind::InvalidArgument;
                of_query(py, &if ours { error.within("query") } else { error })
            })?;
            Ok(Py::new(py, PyHits::new(Arc::new(hits)))?.into_any())
        }
        Query::Many(queries) => {
            let values = read(py, &queries, live.params().dimension as usize)?;
            let hits = py.detach(|| live.search_many(&values, &options));
            let hits = hits.map_err(|error| of_query(py, &error))?;
            let hits = hits.into_iter().map(Arc::new).collect();
            let batch = PyBatchHits::new(hits, live.seq()?);
            Ok(Py::new(py, batch)?.into_any())
        }
    }
}

pub(super) fn by_id(
    py: Python<'_>,
    live: &LiveIndex,
    id: &str,
    options: SearchOptions,
) -> PyResult<Py<PyAny>> {
    let hits = py.detach(|| live.search_by_id(id, &options))?;
    Ok(Py::new(py, PyHits::new(Arc::new(hits)))?.into_any())
}

fn read(py: Python<'_>, queries: &Vectors, dimension: usize) -> PyResult<Vec<f32>> {
    let mut values = vec![0.0; queries.len() * dimension];
    for (piece, at) in values.chunks_mut(queries.piece() * dimension).zip((0..).step_by(queries.piece())) {
        queries.copy(py, at..at + piece.len() / dimension, piece)?;
        py.check_signals()?;
    }
    Ok(values)
}
