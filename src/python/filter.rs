//! Filters as Python gives them: dicts, which the crate reads as the JSON they stand for.
//!
//! What they mean, and their limits, are the crate's.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::json;
use crate::error::Error;
use crate::registry::Filter;

/// A filter, and the JSON text it was read from, which is what a service takes.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) filter: Filter,
    pub(super) text: String,
}

/// The filter given as an argument; None is none.
pub(super) fn filter(given: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Given>> {
    let Some(given) = given.filter(|given| !given.is_none()) else { return Ok(None) };
    if given.cast::<PyDict>().is_err() {
        let kind = given.get_type().name()?.to_string();
        return Err(Error::invalid(format!("filter: give a dict of conditions, got {kind}")).into());
    }
    let refused = |why: &str| Error::invalid(format!("filter is not JSON: {why}"));
    let text = json::encode(given, refused, std::convert::identity)?;
    let filter = Filter::parse(&text)?;
    Ok(Some(Given { filter, text }))
}
