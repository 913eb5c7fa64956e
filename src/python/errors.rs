//! From our errors to the classes of `vectord.errors`: one exhaustive match, and the words of this face.
//!
//! The crate says `items[3]`; here the argument at fault is named instead: `vectors[3]`, `ids[3]`.

use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict};

use crate::client::Refusal;
use crate::error::{Error, ErrorKind, Item, Outcome, Part};

/// The class of `vectord.errors` for a kind.
fn class(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidArgument => "InvalidArgumentError",
        ErrorKind::NotFound => "NotFoundError",
        ErrorKind::AlreadyExists => "AlreadyExistsError",
        ErrorKind::Conflict => "ConflictError",
        ErrorKind::Unauthenticated => "UnauthenticatedError",
        ErrorKind::PermissionDenied => "PermissionDeniedError",
        ErrorKind::ResourceExhausted => "ResourceExhaustedError",
        ErrorKind::Unavailable => "UnavailableError",
        ErrorKind::Corrupt => "CorruptError",
        ErrorKind::Unsupported => "UnsupportedError",
        ErrorKind::Internal => "InternalError",
    }
}

/// The argument of a write that holds a part of its items.
fn argument(part: Part) -> &'static str {
    match part {
        Part::Id => "ids",
        Part::Vector => "vectors",
        Part::Metadata => "metadata",
    }
}

fn exception(py: Python<'_>, error: &Error, argument: fn(Part) -> &'static str) -> PyResult<PyErr> {
    let mut message = match error.item() {
        Some(Item { index, part }) => format!("{}[{index}]: {}", argument(part), error.message()),
        None => error.message().to_owned(),
    };
    let outcome = match error.outcome() {
        Outcome::Known => "known",
        Outcome::Unknown => {
            message += " (outcome unknown: it may have been written)";
            "unknown"
        }
    };
    let details: Bound<'_, PyDict> = [("outcome", outcome)].into_py_dict(py)?;
    details.set_item("item", error.item().map(|item| item.index))?;
    let refusal = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Refusal>());
    details.set_item("request_id", refusal.and_then(|told| told.request_id.as_deref()))?;
    let class = py.import("vectord.errors")?.getattr(class(error.kind()))?;
    Ok(PyErr::from_value(class.call((message,), Some(&details))?))
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        Python::attach(|py| exception(py, &error, argument).unwrap_or_else(|failed| failed))
    }
}

/// The exception of an error in a search, whose vectors are the rows of `query`.
pub(super) fn of_query(py: Python<'_>, error: &Error) -> PyErr {
    exception(py, error, |part| match part {
        Part::Id => "ids",
        Part::Vector => "query",
        Part::Metadata => "metadata",
    })
    .unwrap_or_else(|failed| failed)
}

/// The exception of an error in a measurement, whose vectors are the rows of `queries`.
pub(super) fn of_queries(py: Python<'_>, error: &Error) -> PyErr {
    exception(py, error, |part| match part {
        Part::Id => "ids",
        Part::Vector => "queries",
        Part::Metadata => "metadata",
    })
    .unwrap_or_else(|failed| failed)
}

/// One exception of each kind, with its code, for the test that walks this border.
#[pyfunction]
pub(super) fn _one_of_each_error() -> Vec<(&'static str, PyErr)> {
    let one = |kind: ErrorKind| {
        let error = Error::new(kind, "a sentence").at(3, Part::Vector).outcome_unknown();
        (kind.code(), PyErr::from(error))
    };
    ErrorKind::ALL.into_iter().map(one).collect()
}
