//! A sequence that stays with the caller and is read a slice at a time, so that no read is long.
//!
//! Lists, tuples, arrays, pandas and Arrow columns are sliced as they are; any other iterable becomes a
//! list first. A set is refused: row n of one argument belongs to row n of the others, and a set has no order.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFrozenSet, PyList, PySet, PySlice, PyString, PyTuple};

use crate::error::{Error, Part, Result};

pub(super) struct Column<'py> {
    source: Bound<'py, PyAny>,
    len: usize,
    slicing: Slicing,
}

enum Slicing {
    /// `source[a:b]` of a list or tuple.
    Plain,
    /// `source[a:b].tolist()`, or whatever this one calls it.
    Listed(&'static str),
    /// `source.iloc[a:b].tolist()`: on a Series, `[a:b]` may mean labels.
    Positions,
}

impl<'py> Column<'py> {
    /// The column given as the argument `name`.
    pub(super) fn new(source: &Bound<'py, PyAny>, name: &str) -> PyResult<Self> {
        let plain =
            |source: Bound<'py, PyAny>| Ok(Self { len: source.len()?, source, slicing: Slicing::Plain });
        if source.is_instance_of::<PyList>() || source.is_instance_of::<PyTuple>() {
            return plain(source.clone());
        }
        let text = source.is_instance_of::<PyString>() || source.is_instance_of::<PyBytes>();
        if text || source.is_instance_of::<PyDict>() {
            let what = source.get_type().name()?;
            return Err(Error::invalid(format!("{name} must be a sequence, got one {what}")).into());
        }
        if is_set(source) {
            let what = source.get_type().name()?;
            let hint = match name {
                "ids" => "write list(ids) and build the vectors from it",
                _ => "give a list in the order of the ids",
            };
            return Err(Error::invalid(format!("{name} must be in order, got a {what}: {hint}")).into());
        }
        let slicing = if source.hasattr("iloc")? {
            Some(Slicing::Positions)
        } else {
            let mut found = None;
            for method in ["tolist", "to_pylist", "to_list"] {
                if found.is_none() && source.hasattr(method)? {
                    found = Some(Slicing::Listed(method));
                }
            }
            found
        };
        if let Some(slicing) = slicing {
            let shape =
                source.getattr_opt("shape")?.map(|shape| shape.extract::<Vec<usize>>()).transpose()?;
            return match shape.as_deref() {
                None | Some([_]) => Ok(Self { len: source.len()?, source: source.clone(), slicing }),
                Some(shape) => {
                    Err(Error::invalid(format!("{name} must be 1-D, got shape {}", tuple(shape))).into())
                }
            };
        }
        let Ok(items) = source.try_iter() else {
            let what = source.get_type().name()?;
            return Err(Error::invalid(format!("{name} must be a sequence, got {what}")).into());
        };
        plain(source.py().get_type::<PyList>().call1((items,))?)
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The items `from..to`.
    pub(super) fn slice(&self, from: usize, to: usize) -> PyResult<Bound<'py, PyList>> {
        let slice = span(self.source.py(), from, to);
        let items = match self.slicing {
            Slicing::Plain => self.source.get_item(slice)?,
            Slicing::Listed(method) => self.source.get_item(slice)?.call_method0(method)?,
            Slicing::Positions => self.source.getattr("iloc")?.get_item(slice)?.call_method0("tolist")?,
        };
        let items = match items.cast_into::<PyList>() {
            Ok(items) => items,
            Err(other) => other
                .into_inner()
                .try_iter()?
                .collect::<PyResult<Vec<_>>>()
                .and_then(|items| PyList::new(self.source.py(), items))?,
        };
        if items.len() == to - from {
            return Ok(items);
        }
        Err(Error::invalid("a sequence changed its length while it was being read").into())
    }
}

/// The str `item`, which is number `at` of the ids.
pub(super) fn id(item: &Bound<'_, PyAny>, at: usize) -> PyResult<String> {
    let Ok(text) = item.cast::<PyString>() else {
        let what = item.get_type().name()?;
        let hint = if item.hasattr("__index__")? { ": write [str(i) for i in ids]" } else { "" };
        return Err(Error::invalid(format!("id must be str, got {what}{hint}")).at(at, Part::Id).into());
    };
    Ok(utf8(text).map_err(|error| error.at(at, Part::Id))?.to_owned())
}

/// The text of a str; lone surrogates have none.
pub(super) fn utf8<'a>(text: &'a Bound<'_, PyString>) -> Result<&'a str> {
    text.to_str().map_err(|_| Error::invalid("text is not UTF-8: it holds a lone surrogate"))
}

/// Whether this has no order that another argument could follow.
pub(super) fn is_set(source: &Bound<'_, PyAny>) -> bool {
    source.is_instance_of::<PySet>() || source.is_instance_of::<PyFrozenSet>()
}

/// Every id of a call that pairs them with nothing: a set will do.
pub(super) fn lone_ids(given: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    if is_set(given) { ids(given.py().get_type::<PyList>().call1((given,))?.as_any()) } else { ids(given) }
}

/// Every id of a call, which is short enough to be read at once.
pub(super) fn ids(ids: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let column = Column::new(ids, "ids")?;
    let items = column.slice(0, column.len())?;
    items.iter().enumerate().map(|(at, item)| id(&item, at)).collect()
}

/// `slice(from, to)`.
pub(super) fn span(py: Python<'_>, from: usize, to: usize) -> Bound<'_, PySlice> {
    PySlice::new(py, from.cast_signed(), to.cast_signed(), 1)
}

/// A shape as Python writes it.
pub(super) fn tuple(shape: &[usize]) -> String {
    match shape {
        [one] => format!("({one},)"),
        _ => format!("({})", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}
