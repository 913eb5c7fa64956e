//! A batch of rows, built once by a face and checked item by item as it is built.
//!
//! The bytes are those of the log's UPSERT payload: nothing is copied between the face and the disk.

use crate::error::{Error, Part, Result};
use crate::frame::{Rows, RowsBuilder, decode_rows_payload};
use crate::index;

/// Rows to upsert, checked but for the index's own dimension and distance.
#[derive(Debug, Clone)]
pub struct Batch {
    rows: Rows,
}

/// Collects the rows of a [`Batch`].
#[derive(Debug)]
pub struct BatchBuilder {
    rows: RowsBuilder,
}

impl Batch {
    /// A builder of about `rows` rows of `dimension` components.
    pub fn builder(rows: usize, dimension: u32) -> BatchBuilder {
        BatchBuilder { rows: Rows::builder(rows, dimension) }
    }

    /// The batch that the bytes of an UPSERT payload hold, as another program may have written them.
    /// `InvalidArgument` says where they are no such payload, or which item cannot be taken.
    pub fn read(payload: &[u8]) -> Result<Self> {
        let foreign = |error: Error| Error::invalid(format!("the batch cannot be read: {}", error.message()));
        let rows = decode_rows_payload(payload).map_err(foreign)?;
        if rows.dimension() > index::MAX_DIMENSION {
            let (most, got) = (index::MAX_DIMENSION, rows.dimension());
            return Err(Error::invalid(format!("the dimension is at most {most}, got {got}")));
        }
        let mut builder = Self::builder(rows.len(), rows.dimension());
        for at in 0..rows.len() {
            builder.push(rows.id(at), rows.metadata(at))?;
        }
        builder.finish_with(|matrix| {
            matrix.copy_from_slice(rows.vectors());
            Ok(())
        })
    }

    /// How many rows it holds.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Components per row.
    pub fn dimension(&self) -> u32 {
        self.rows.dimension()
    }

    /// Its rows, for whoever sends them elsewhere.
    pub fn into_rows(self) -> Rows {
        self.rows
    }

    pub(super) fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Refuses the batch for the first item that this index cannot take.
    pub(super) fn check(&self, params: &index::Params) -> Result<()> {
        if self.dimension() != params.dimension {
            return Err(Error::invalid(format!(
                "dimension mismatch: index has {}, got {}",
                params.dimension,
                self.dimension()
            ))
            .at(0, Part::Vector));
        }
        super::convert::batch(&self.rows.as_ref()).check(params)
    }
}

impl BatchBuilder {
    /// How many rows were pushed.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether none was pushed.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether one more row still belongs to the same batch: it stays within 64 MiB as the log lays it out. Who has more
    /// rows begins another. The first row has room however long it is.
    pub fn has_room(&self, id: &str, metadata: Option<&str>) -> bool {
        self.rows.has_room(id, metadata)
    }

    /// Adds an id and its metadata, any JSON text; the vectors follow all at once in
    /// [`finish_with`](Self::finish_with). Absent metadata and `null` keep what is stored.
    pub fn push(&mut self, id: &str, metadata: Option<&str>) -> Result<()> {
        let at = self.rows.len();
        index::check_id(id).map_err(|error| error.at(at, Part::Id))?;
        let text = compact(metadata).map_err(|error| error.at(at, Part::Metadata))?;
        self.rows.push(id, text.as_deref())
    }

    /// Adds a whole row.
    pub fn push_row(&mut self, id: &str, metadata: Option<&str>, vector: &[f32]) -> Result<()> {
        let at = self.rows.len();
        index::check_id(id).map_err(|error| error.at(at, Part::Id))?;
        let text = compact(metadata).map_err(|error| error.at(at, Part::Metadata))?;
        self.rows.push_row(id, text.as_deref(), vector)
    }

    /// The batch of rows that [`push_row`](Self::push_row) added.
    pub fn finish(self) -> Result<Batch> {
        Ok(Batch { rows: self.rows.finish()? })
    }

    /// The batch whose matrix, row-major `n x dimension`, is written by `fill` straight into place.
    pub fn finish_with(self, fill: impl FnOnce(&mut [f32]) -> Result<()>) -> Result<Batch> {
        Ok(Batch { rows: self.rows.finish_with(fill)? })
    }
}

fn compact(metadata: Option<&str>) -> Result<Option<std::borrow::Cow<'_, str>>> {
    let text = metadata.map(index::compact_metadata).transpose()?;
    Ok(text.filter(|text| text != "null"))
}
