//! Metadata between Python values and compact JSON text, by Python's own `json`.
//!
//! numpy scalars and arrays are written as the numbers and lists they stand for. NaN and infinities are
//! refused: JSON has none.

use pyo3::exceptions::{PyRecursionError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};

use super::column::utf8;
use crate::error::{Error, Part};

static ENCODE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// What `json` asks about a value it does not know.
#[pyfunction]
fn plain<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    if value.hasattr("tolist")? {
        return value.call_method0("tolist");
    }
    let what = value.get_type().name()?;
    let hint = if value.hasattr("isoformat")? {
        "convert it with str(), or its column with .astype(str)"
    } else {
        "convert it to str or a number"
    };
    Err(PyTypeError::new_err(format!("a {what} is not JSON: {hint}")))
}

/// `json.JSONEncoder(...).encode`.
fn encoder(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    let encode = ENCODE.get_or_try_init(py, || {
        let options = PyDict::new(py);
        options.set_item("ensure_ascii", false)?;
        options.set_item("allow_nan", false)?;
        options.set_item("separators", (",", ":"))?;
        options.set_item("default", wrap_pyfunction!(plain, py)?)?;
        let encoder = py.import("json")?.getattr("JSONEncoder")?.call((), Some(&options))?;
        Ok::<_, PyErr>(encoder.getattr("encode")?.unbind())
    })?;
    Ok(encode.bind(py))
}

/// Looks up what is looked up once, for the reason that `array::look_up` has.
pub(super) fn look_up(py: Python<'_>) -> PyResult<()> {
    encoder(py)?;
    load(py, Some("0")).map(drop)
}

/// The text of `value`, which is number `at` of the metadata; `None` has none.
pub(super) fn dump(value: &Bound<'_, PyAny>, at: usize) -> PyResult<Option<String>> {
    if value.is_none() {
        return Ok(None);
    }
    let refused = |why: &str| {
        let hint = if why.contains("Out of range float") { "; use None for a missing value" } else { "" };
        let key = key_at_fault(value).unwrap_or_default();
        Error::invalid(format!("metadata{key} is not JSON: {why}{hint}"))
    };
    encode(value, refused, |error| error.at(at, Part::Metadata)).map(Some)
}

/// The text of `value`. For what is no JSON `refused` makes the error, of what the encoder says; `placed` says of
/// any error of ours where it is.
pub(super) fn encode(
    value: &Bound<'_, PyAny>,
    refused: impl FnOnce(&str) -> Error,
    placed: impl Fn(Error) -> Error,
) -> PyResult<String> {
    let py = value.py();
    let text = encoder(py)?.call1((value,)).map_err(|error| {
        let ours = error.is_instance_of::<PyTypeError>(py)
            || error.is_instance_of::<PyValueError>(py)
            || error.is_instance_of::<PyRecursionError>(py);
        if ours { placed(refused(&error.value(py).to_string())).into() } else { error }
    })?;
    let text = text.cast_into::<PyString>()?;
    Ok(utf8(&text).map_err(placed)?.to_owned())
}

/// `[key]` of the first value of a dict that is no JSON.
fn key_at_fault(value: &Bound<'_, PyAny>) -> Option<String> {
    let encode = encoder(value.py()).ok()?;
    let bad = value.cast::<PyDict>().ok()?.iter().find(|(_, value)| encode.call1((value,)).is_err());
    bad.and_then(|(key, _)| Some(format!("[{}]", key.repr().ok()?)))
}

/// The value of `text`; `None` where there is none.
pub(super) fn load<'py>(py: Python<'py>, text: Option<&str>) -> PyResult<Bound<'py, PyAny>> {
    match text {
        None => Ok(py.None().into_bound(py)),
        Some(text) => LOADS.import(py, "json", "loads")?.call1((text,)),
    }
}
