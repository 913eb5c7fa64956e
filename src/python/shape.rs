//! What is said when an argument has not the shape or the numbers it should have.
//!
//! What is checked stands in `array.rs`.

use pyo3::prelude::*;

use super::column::tuple;
use super::errors::{of_queries, of_query};
use crate::error::{Error, Part};

/// The argument that holds the vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    /// `vectors`, of a write.
    Vectors,
    /// `query`, of a search.
    Query,
    /// `queries`, of a measurement.
    Queries,
}

impl Name {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Vectors => "vectors",
            Self::Query => "query",
            Self::Queries => "queries",
        }
    }

    /// The exception of what is wrong with row `at`.
    pub(super) fn fault(self, py: Python<'_>, error: Error, at: usize) -> PyErr {
        let error = error.at(at, Part::Vector);
        match self {
            Self::Vectors => error.into(),
            Self::Query => of_query(py, &error),
            Self::Queries => of_queries(py, &error),
        }
    }
}

/// A vector of the wrong dimension.
pub(super) fn mismatch(got: usize, dimension: usize) -> Error {
    Error::invalid(format!("dimension mismatch: index has {dimension}, got {got}"))
}

/// Rows that are no matrix.
pub(super) fn not_two_dimensional(name: &str, shape: &[usize], dimension: usize) -> PyErr {
    let shape = tuple(shape);
    Error::invalid(format!("{name} must be 2-D with shape (n, {dimension}), got shape {shape}")).into()
}

/// Whether a sequence begins with a value and not with a row.
pub(super) fn holds_scalars(given: &Bound<'_, PyAny>) -> bool {
    given.get_item(0).is_ok_and(|first| first.len().is_err())
}

/// An array that is neither one query nor rows of them.
pub(super) fn no_query(shape: &[usize], dimension: usize) -> PyErr {
    let wanted = format!("1-D with shape ({dimension},) or 2-D with shape (n, {dimension})");
    Error::invalid(format!("query must be {wanted}, got shape {}", tuple(shape))).into()
}

/// An array that holds something else than real numbers.
pub(super) fn not_real(name: &str, dtype: &str, objects: bool) -> PyErr {
    let hint = if objects { " (usually there is a None among the values)" } else { "" };
    Error::invalid(format!("{name} must hold real numbers, got dtype {dtype}{hint}")).into()
}

/// The place among all values, and what is wrong there: the first infinity in `out` that is a finite number in
/// the array it was rounded from.
pub(super) fn beyond_f32(
    array: &Bound<'_, PyAny>,
    out: &[f32],
    dimension: usize,
) -> PyResult<Option<(usize, Error)>> {
    let Some(at) = out.iter().position(|value| value.is_infinite()) else { return Ok(None) };
    let value = array.call_method1("reshape", (-1,))?.get_item(at)?.call_method0("item")?;
    let finite = value.extract::<f64>().is_ok_and(f64::is_finite);
    let (row, at) = (at / dimension, at % dimension);
    let fault = || Error::invalid(format!("vector[{at}] is infinite: {value} is beyond f32"));
    Ok(finite.then(|| (row, fault())))
}

/// The caller's memory is not what it was when the call began.
pub(super) fn changed() -> PyErr {
    Error::invalid("an array changed while it was being read").into()
}
