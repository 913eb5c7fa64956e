//! Searching: one query to `Hits`, a matrix of them to `BatchHits`, a stored row to `Hits`.
//!
//! The query is copied before the interpreter is released; the results become Python objects when looked at.

use std::sync::Arc;

use pyo3::prelude::*;

use super::array::{Query, Vectors};
use super::batch_hits::PyBatchHits;
use super::errors::of_query;
use super::handle::Handle;
use super::hits::PyHits;
use super::shape::mismatch;
use crate::client::{Found, Fresh, Question};
use crate::error::{Error, ErrorKind, Result};
use crate::registry::{Consistency, Freshness, Hits, SearchOptions};

/// How to search: for how much, and in how fresh a state.
#[derive(Debug, Clone)]
pub(super) struct How {
    pub(super) options: SearchOptions,
    /// The text of the options' filter.
    pub(super) filter: Option<String>,
    pub(super) fresh: Freshness,
}

/// What a service finds for one query, and how fresh it was.
type One = (Arc<Hits>, Consistency);
/// The same of many queries, and the entry after which the index was searched.
type Many = (Vec<Arc<Hits>>, u64, Consistency);

impl How {
    /// The same for a service.
    fn question(&self) -> Question {
        let Self { options, filter, fresh: Freshness { consistency, min_seq } } = self;
        let SearchOptions { k, ef, recall, exact, filter: _, within, explain, include: _ } = *options;
        let strong = consistency.map(|consistency| match consistency {
            Consistency::Strong => true,
            Consistency::Bounded => false,
        });
        let fresh = Fresh { strong, min_seq: *min_seq };
        Question { k, ef, recall, exact, filter: filter.clone(), within, explain, fresh }
    }
}

impl Handle {
    fn search_one(&self, query: &[f32], how: &How) -> Result<One> {
        let (dimension, distance) = (self.params().dimension as usize, self.params().distance);
        if query.len() != dimension {
            return Err(of_the_query(mismatch(query.len(), dimension)));
        }
        match self {
            Self::Live(live) => {
                let reader = live.reader(how.fresh)?;
                // What is wrong is the query, or else an option.
                let of_either =
                    |error| if distance.admit(query).is_err() { of_the_query(error) } else { error };
                let hits = reader.search(query, &how.options).map_err(of_either)?;
                Ok((Arc::new(hits), reader.consistency()))
            }
            Self::Remote(remote) => {
                one(remote.search(query, &how.question()).map_err(|error| match error.item() {
                    // It was the only one.
                    Some(_) => of_the_query(Error::new(error.kind(), error.message().to_owned())),
                    None => error,
                })?)
            }
        }
    }

    fn search_by_id(&self, id: &str, how: &How) -> Result<One> {
        match self {
            Self::Live(live) => {
                let reader = live.reader(how.fresh)?;
                Ok((Arc::new(reader.search_by_id(id, &how.options)?), reader.consistency()))
            }
            Self::Remote(remote) => one(remote.search_by_id(id, &how.question())?),
        }
    }

    fn search_many(&self, queries: &[f32], how: &How) -> Result<Many> {
        match self {
            Self::Live(live) => {
                let reader = live.reader(how.fresh)?;
                let lists = reader.search_many(queries, &how.options)?;
                let seq = lists.seq();
                Ok((lists.map(Arc::new).collect(), seq, reader.consistency()))
            }
            Self::Remote(remote) => {
                let Found { hits, seq, strong } = remote.search(queries, &how.question())?;
                Ok((hits.into_iter().map(Arc::new).collect(), seq, consistency(strong)))
            }
        }
    }
}

/// Whatever else ended a search is not the query's fault.
fn of_the_query(error: Error) -> Error {
    if error.kind() == ErrorKind::InvalidArgument { error.within("query") } else { error }
}

fn one(found: Found) -> Result<One> {
    let Found { mut hits, seq: _, strong } = found;
    let hits = hits.pop().ok_or_else(|| Error::unsupported("the service answered no query"))?;
    Ok((Arc::new(hits), consistency(strong)))
}

fn consistency(strong: bool) -> Consistency {
    if strong { Consistency::Strong } else { Consistency::Bounded }
}

pub(super) fn by_query(handle: &Handle, query: &Bound<'_, PyAny>, how: &How) -> PyResult<Py<PyAny>> {
    let py = query.py();
    match Query::new(query, handle.params().dimension as usize)? {
        Query::One(query) => {
            let found = py.detach(|| handle.search_one(&query, how));
            let (hits, consistency) = found.map_err(|error| of_query(py, &error))?;
            Ok(Py::new(py, PyHits::new(hits, consistency))?.into_any())
        }
        Query::Many(queries) => {
            let values = read(py, &queries, handle.params().dimension as usize)?;
            let found = py.detach(|| handle.search_many(&values, how));
            let (hits, seq, consistency) = found.map_err(|error| of_query(py, &error))?;
            Ok(Py::new(py, PyBatchHits::new(hits, seq, consistency))?.into_any())
        }
    }
}

pub(super) fn by_id(py: Python<'_>, handle: &Handle, id: &str, how: &How) -> PyResult<Py<PyAny>> {
    let (hits, consistency) = py.detach(|| handle.search_by_id(id, how))?;
    Ok(Py::new(py, PyHits::new(hits, consistency))?.into_any())
}

/// The values of `queries`, one row after another.
pub(super) fn read(py: Python<'_>, queries: &Vectors, dimension: usize) -> PyResult<Vec<f32>> {
    let mut values = vec![0.0; queries.len() * dimension];
    for (piece, at) in values.chunks_mut(queries.piece() * dimension).zip((0..).step_by(queries.piece())) {
        queries.copy(py, at..at + piece.len() / dimension, piece)?;
        py.check_signals()?;
    }
    Ok(values)
}
