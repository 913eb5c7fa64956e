//! The metadata of a write, in each of the forms a caller may have it: a list, a DataFrame, columns.
//!
//! A missing value of a DataFrame (NaN, NaT, NA, None) becomes null, as pandas' own `to_json` does; NaN
//! anywhere else is refused.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::column::{self, Column, span};
use super::json;
use crate::error::Error;

pub(super) enum Metadata<'py> {
    /// None was given.
    Absent,
    /// A value per row.
    Values(Column<'py>),
    /// The columns of the rows' objects.
    Fields(Vec<Field<'py>>),
}

pub(super) struct Field<'py> {
    key: Bound<'py, PyAny>,
    column: Column<'py>,
    /// The Series, where its missing values are to become null.
    series: Option<Bound<'py, PyAny>>,
}

/// Whether this is a DataFrame of pandas, which need not be installed.
pub(super) fn is_frame(given: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(given.hasattr("iloc")? && given.hasattr("columns")?)
}

impl<'py> Metadata<'py> {
    pub(super) fn new(given: Option<&Bound<'py, PyAny>>) -> PyResult<Self> {
        let Some(given) = given.filter(|given| !given.is_none()) else { return Ok(Self::Absent) };
        if is_frame(given)? {
            return Self::of_frame(given, &[]);
        }
        let Ok(columns) = given.cast::<PyDict>() else {
            return Ok(Self::Values(Column::new(given, "metadata")?));
        };
        let field = |(key, values): (Bound<'py, PyAny>, Bound<'py, PyAny>)| {
            let column = Column::new(&values, &format!("metadata[{}]", key.repr()?))?;
            Ok(Field { key, column, series: None })
        };
        Ok(Self::Fields(columns.iter().map(field).collect::<PyResult<_>>()?))
    }

    /// The columns of a DataFrame but for those `without`.
    pub(super) fn of_frame(frame: &Bound<'py, PyAny>, without: &[&str]) -> PyResult<Self> {
        let mut fields = Vec::new();
        for (at, key) in frame.getattr("columns")?.try_iter()?.enumerate() {
            let key = key?;
            if without.iter().any(|name| key.eq(*name).unwrap_or(false)) {
                continue;
            }
            let all = pyo3::types::PySlice::full(frame.py());
            let series = frame.getattr("iloc")?.get_item((all, at))?;
            fields.push(Field { key, column: Column::new(&series, "metadata")?, series: Some(series) });
        }
        Ok(if fields.is_empty() { Self::Absent } else { Self::Fields(fields) })
    }

    /// The length that is not `rows`, with the name of what has it.
    pub(super) fn disagrees(&self, rows: usize) -> PyResult<Option<String>> {
        match self {
            Self::Values(column) if column.len() != rows => Ok(Some(format!("metadata {}", column.len()))),
            Self::Fields(fields) => match fields.iter().find(|field| field.column.len() != rows) {
                Some(field) => Ok(Some(format!("metadata[{}] {}", field.key.repr()?, field.column.len()))),
                None => Ok(None),
            },
            Self::Absent | Self::Values(_) => Ok(None),
        }
    }

    /// The values of the rows `from..to`; none where there is no metadata.
    pub(super) fn slice(
        &self,
        py: Python<'py>,
        from: usize,
        to: usize,
    ) -> PyResult<Option<Bound<'py, PyList>>> {
        match self {
            Self::Absent => Ok(None),
            Self::Values(column) => column.slice(from, to).map(Some),
            Self::Fields(fields) => {
                let rows: Vec<_> = (from..to).map(|_| PyDict::new(py)).collect();
                for field in fields {
                    let missing = field.missing(from, to)?;
                    for (at, value) in field.column.slice(from, to)?.iter().enumerate() {
                        let absent = missing.as_ref().is_some_and(|missing| missing[at]);
                        rows[at]
                            .set_item(&field.key, if absent { py.None().into_bound(py) } else { value })?;
                    }
                }
                PyList::new(py, rows).map(Some)
            }
        }
    }
}

impl Field<'_> {
    fn missing(&self, from: usize, to: usize) -> PyResult<Option<Vec<bool>>> {
        let Some(series) = &self.series else { return Ok(None) };
        let slice = span(series.py(), from, to);
        let mask = series.getattr("iloc")?.get_item(slice)?.call_method0("isna")?;
        Ok(Some(mask.call_method0("tolist")?.extract()?))
    }
}

/// The arguments of `Index.set_metadata`: ids, and the text of each one's new metadata.
pub(super) fn changes(
    ids: &Bound<'_, PyAny>,
    metadata: Option<&Bound<'_, PyAny>>,
) -> PyResult<Vec<(String, Option<String>)>> {
    let py = ids.py();
    let ids = column::ids(ids)?;
    let metadata = Metadata::new(metadata)?;
    if let Some(metadata) = metadata.disagrees(ids.len())? {
        return Err(Error::invalid(format!("lengths disagree: ids {}, {metadata}", ids.len())).into());
    }
    let texts = match metadata.slice(py, 0, ids.len())? {
        None => vec![None; ids.len()],
        Some(values) => {
            let texts = values.iter().enumerate().map(|(at, value)| json::dump(&value, at));
            texts.collect::<PyResult<_>>()?
        }
    };
    Ok(ids.into_iter().zip(texts).collect())
}
