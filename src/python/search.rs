//! Searching: one query to `Hits`, a matrix of them to `BatchHits`, a stored row to `Hits`.
//!
//! The query is copied before the interpreter is released; the results become Python objects when looked at.

use std::sync::Arc;

use pyo3::prelude::*;

use super::array::{Query, Vectors};
use super::batch_hits::PyBatchHits;
use super::errors::of_query;
use super::hits::PyHits;
use crate::error::{Error, ErrorKind, Result};
use crate::registry::{Consistency, Freshness, Hits, LiveIndex, Reader, SearchOptions};

/// How to search: for how much, and in how fresh a state.
#[derive(Debug, Clone)]
pub(super) struct How {
    pub(super) options: SearchOptions,
    pub(super) fresh: Freshness,
}

pub(super) fn by_query(live: &LiveIndex, query: &Bound<'_, PyAny>, how: &How) -> PyResult<Py<PyAny>> {
    let py = query.py();
    match Query::new(query, live.params().dimension as usize)? {
        Query::One(query) => {
            let hits = one(py, live, how, |reader| {
                // Whatever else ended the search is not the query's fault.
                reader.search(&query, &how.options).map_err(|error| {
                    let ours = error.kind() == ErrorKind::InvalidArgument;
                    if ours { error.within("query") } else { error }
                })
            });
            let (hits, consistency) = hits.map_err(|error| of_query(py, &error))?;
            Ok(Py::new(py, PyHits::new(hits, consistency))?.into_any())
        }
        Query::Many(queries) => {
            let values = read(py, &queries, live.params().dimension as usize)?;
            let hits = py.detach(|| {
                let reader = live.reader(how.fresh)?;
                let hits = reader.search_many(&values, &how.options)?;
                // The hits say when they were found; only an answer to no query does not.
                let seq = hits.first().map_or(reader.seq(), |hits| hits.seq);
                Ok((hits.into_iter().map(Arc::new).collect(), seq, reader.consistency()))
            });
            let (hits, seq, consistency) = hits.map_err(|error: Error| of_query(py, &error))?;
            Ok(Py::new(py, PyBatchHits::new(hits, seq, consistency))?.into_any())
        }
    }
}

pub(super) fn by_id(py: Python<'_>, live: &LiveIndex, id: &str, how: &How) -> PyResult<Py<PyAny>> {
    let (hits, consistency) = one(py, live, how, |reader| reader.search_by_id(id, &how.options))?;
    Ok(Py::new(py, PyHits::new(hits, consistency))?.into_any())
}

fn one(
    py: Python<'_>,
    live: &LiveIndex,
    how: &How,
    search: impl FnOnce(&Reader) -> Result<Hits> + Send,
) -> Result<(Arc<Hits>, Consistency)> {
    py.detach(|| {
        let reader = live.reader(how.fresh)?;
        Ok((Arc::new(search(&reader)?), reader.consistency()))
    })
}

fn read(py: Python<'_>, queries: &Vectors, dimension: usize) -> PyResult<Vec<f32>> {
    let mut values = vec![0.0; queries.len() * dimension];
    for (piece, at) in values.chunks_mut(queries.piece() * dimension).zip((0..).step_by(queries.piece())) {
        queries.copy(py, at..at + piece.len() / dimension, piece)?;
        py.check_signals()?;
    }
    Ok(values)
}
