//! What a caller gave to add: ids, vectors and metadata, whichever way they came.
//!
//! Only their lengths are compared here; they are read and checked row by row where they are written.

use pyo3::prelude::*;

use super::array::Vectors;
use super::column::Column;
use super::metadata::{Metadata, is_frame};
use super::shape::Name;
use crate::error::Error;

/// What a caller gave to add, lengths agreed.
pub(super) struct Given<'py> {
    pub(super) ids: Column<'py>,
    pub(super) vectors: Vectors,
    pub(super) metadata: Metadata<'py>,
}

/// The columns of a DataFrame that hold ids and vectors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns<'a> {
    pub(super) id: &'a str,
    pub(super) vector: &'a str,
}

impl<'py> Given<'py> {
    /// The arguments of a call, for an index of `dimension`.
    pub(super) fn new(
        ids: &Bound<'py, PyAny>,
        vectors: Option<&Bound<'py, PyAny>>,
        metadata: Option<&Bound<'py, PyAny>>,
        columns: Columns<'_>,
        dimension: usize,
    ) -> PyResult<Self> {
        let given = if vectors.is_none() && is_frame(ids)? {
            let Columns { id, vector } = columns;
            let metadata = match metadata {
                None => Metadata::of_frame(ids, &[id, vector])?,
                Some(_) => Metadata::new(metadata)?,
            };
            let (ids, vectors) = (column(ids, id)?, column(ids, vector)?);
            let vectors = Vectors::new(&vectors, Name::Vectors, dimension)?;
            Self { ids: Column::new(&ids, "ids")?, vectors, metadata }
        } else {
            let Some(vectors) = vectors else {
                return Err(Error::invalid("vectors are missing: give them, or a DataFrame alone").into());
            };
            let vectors = Vectors::new(vectors, Name::Vectors, dimension)?;
            Self { ids: Column::new(ids, "ids")?, vectors, metadata: Metadata::new(metadata)? }
        };
        given.check()?;
        Ok(given)
    }

    fn check(&self) -> PyResult<()> {
        let (ids, vectors) = (self.ids.len(), self.vectors.len());
        let metadata = self.metadata.disagrees(ids)?;
        if ids == vectors && metadata.is_none() {
            return Ok(());
        }
        let metadata = metadata.map_or(String::new(), |metadata| format!(", {metadata}"));
        Err(Error::invalid(format!("lengths disagree: ids {ids}, vectors {vectors}{metadata}")).into())
    }
}

/// A column of a DataFrame.
fn column<'py>(frame: &Bound<'py, PyAny>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    let columns = frame.getattr("columns")?;
    if !columns.contains(name)? {
        let there = columns.call_method0("tolist")?.repr()?;
        return Err(Error::invalid(format!("the DataFrame has no column {name:?}, only {there}")).into());
    }
    frame.get_item(name)
}
