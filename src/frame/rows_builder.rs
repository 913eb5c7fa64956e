//! The rows of one batch in the exact layout of an UPSERT payload, and their builder.
//!
//! A face builds [`Rows`] once; the same bytes are validated, logged and applied. The buffer is made of
//! f32 so that the vectors in it are aligned on every platform.

use std::borrow::Cow;

use bytes::Bytes;

use super::rows::{ALIGNMENT, RowsRef};
use super::table::{Table, TableBuilder};
use crate::error::{Error, Part, Result};

/// An owned UPSERT payload.
#[derive(Debug, Clone)]
pub struct Rows {
    words: Vec<f32>,
    count: usize,
    dimension: u32,
    metadata_at: usize,
    vectors_at: usize,
}

impl Rows {
    /// The most bytes of the payload of one batch: the longest body that `POST add` reads. A call with more rows is cut
    /// here, in whichever face.
    pub const MOST_BYTES: usize = 64 << 20;

    /// A builder of about `rows` rows of `dimension` values; the number is a reservation, not a promise.
    pub fn builder(rows: usize, dimension: u32) -> RowsBuilder {
        RowsBuilder {
            dimension,
            ids: TableBuilder::with_capacity(rows),
            metadata: TableBuilder::with_capacity(rows),
            vectors: Vec::new(),
        }
    }

    /// The same rows, borrowed; costs nothing.
    pub fn as_ref(&self) -> RowsRef<'_> {
        RowsRef {
            payload: self.payload(),
            dimension: self.dimension,
            ids: self.ids(),
            metadata: self.metadata_table(),
            vectors: Cow::Borrowed(self.vectors()),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Values per row.
    pub fn dimension(&self) -> u32 {
        self.dimension
    }

    /// Id of row `i`; panics when `i >= len()`, as do the next two.
    pub fn id(&self, i: usize) -> &str {
        self.ids().get(i)
    }

    /// Metadata text of row `i`, or none.
    pub fn metadata(&self, i: usize) -> Option<&str> {
        self.metadata_table().get_present(i)
    }

    /// The values of row `i`.
    pub fn vector(&self, i: usize) -> &[f32] {
        let dimension = self.dimension as usize;
        &self.vectors()[i * dimension..(i + 1) * dimension]
    }

    /// All values, row-major, shape (`len`, `dimension`).
    pub fn vectors(&self) -> &[f32] {
        &self.words[self.vectors_at..]
    }

    /// The bytes of the payload.
    pub fn payload(&self) -> &[u8] {
        bytemuck::cast_slice(&self.words)
    }

    /// The payload as the body of a request or an answer, where it is.
    pub fn into_bytes(self) -> Bytes {
        struct Payload(Rows);
        impl AsRef<[u8]> for Payload {
            fn as_ref(&self) -> &[u8] {
                self.0.payload()
            }
        }
        Bytes::from_owner(Payload(self))
    }

    fn ids(&self) -> Table<'_, 4> {
        Table::trusted(&self.payload()[HEAD..], self.count)
    }

    fn metadata_table(&self) -> Table<'_, 4> {
        Table::trusted(&self.payload()[self.metadata_at..], self.count)
    }
}

impl PartialEq for Rows {
    /// Bit for bit: NaN equals NaN of the same bits, 0.0 differs from -0.0.
    fn eq(&self, other: &Self) -> bool {
        self.payload() == other.payload()
    }
}

/// Bytes before the id offsets: row count and dimension.
const HEAD: usize = 8;

/// Collects rows: either [`push_row`](Self::push_row) each and [`finish`](Self::finish), or
/// [`push`](Self::push) every id first and let [`finish_with`](Self::finish_with) fill the matrix in place.
#[derive(Debug)]
pub struct RowsBuilder {
    dimension: u32,
    ids: TableBuilder<4>,
    metadata: TableBuilder<4>,
    vectors: Vec<f32>,
}

impl RowsBuilder {
    /// Number of ids so far.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the payload of the rows so far.
    pub fn bytes(&self) -> usize {
        self.bytes_with(0, 0)
    }

    /// Whether the payload stays within [`Rows::MOST_BYTES`] with one more row. The first has room however long it is.
    pub fn has_room(&self, id: &str, metadata: Option<&str>) -> bool {
        let texts = id.len() + metadata.map_or(0, str::len) + 2 * size_of::<u32>();
        self.is_empty() || self.bytes_with(1, texts) <= Rows::MOST_BYTES
    }

    /// Bytes of the payload with `more` rows, of which the tables take `texts`.
    fn bytes_with(&self, more: usize, texts: usize) -> usize {
        let head = HEAD + self.ids.encoded_len() + self.metadata.encoded_len() + texts;
        let vectors = (self.len() + more).saturating_mul(self.dimension as usize * size_of::<f32>());
        head.next_multiple_of(ALIGNMENT).saturating_add(vectors)
    }

    /// Appends an id with its metadata text, whose vector [`finish_with`](Self::finish_with) fills in.
    /// Absent metadata leaves what is stored.
    pub fn push(&mut self, id: &str, metadata: Option<&str>) -> Result<()> {
        let i = self.ids.len();
        // An empty text stands for absent in the bytes; it is no JSON anyway.
        if metadata == Some("") {
            return Err(Error::invalid("metadata is empty, which is no JSON").at(i, Part::Metadata));
        }
        if u32::try_from(i + 1).is_err() {
            return Err(Error::exhausted("a batch holds at most 4294967295 rows"));
        }
        self.ids.push(id)?;
        self.metadata.push(metadata.unwrap_or_default())
    }

    /// Appends a whole row.
    pub fn push_row(&mut self, id: &str, metadata: Option<&str>, vector: &[f32]) -> Result<()> {
        let (dimension, got) = (self.dimension as usize, vector.len());
        if got != dimension {
            return Err(Error::invalid(format!("dimension mismatch: index has {dimension}, got {got}"))
                .at(self.len(), Part::Vector));
        }
        self.push(id, metadata)?;
        self.vectors.extend_from_slice(vector);
        Ok(())
    }

    /// The payload of the rows given to [`push_row`](Self::push_row).
    pub fn finish(mut self) -> Result<Rows> {
        let vectors = std::mem::take(&mut self.vectors);
        self.finish_with(|matrix| {
            if vectors.len() != matrix.len() {
                let (got, need) = (vectors.len(), matrix.len());
                return Err(Error::invalid(format!("the ids need {need} values, got {got}")));
            }
            matrix.copy_from_slice(&vectors);
            Ok(())
        })
    }

    /// The payload, its rows written by `fill`: a zeroed slice of `len * dimension` values, row-major,
    /// in its final place.
    pub fn finish_with(self, fill: impl FnOnce(&mut [f32]) -> Result<()>) -> Result<Rows> {
        let Self { dimension, ids, metadata, vectors: _ } = self;
        let count = ids.len();
        if dimension == 0 {
            return Err(Error::invalid("the dimension is 0"));
        }
        let metadata_at = HEAD + ids.encoded_len();
        let head = (metadata_at + metadata.encoded_len()).next_multiple_of(ALIGNMENT);
        let vectors_at = head / size_of::<f32>();
        let too_large = || Error::exhausted(format!("a batch of {count} x {dimension} values is too large"));
        let words = count.checked_mul(dimension as usize).and_then(|values| values.checked_add(vectors_at));
        let words = words.filter(|&words| words <= isize::MAX as usize / size_of::<f32>());
        let mut words = vec![0_f32; words.ok_or_else(too_large)?];

        let (front, matrix) = words.split_at_mut(vectors_at);
        let front: &mut [u8] = bytemuck::cast_slice_mut(front);
        let count_bytes = (count as u32).to_le_bytes();
        let dimension_bytes = dimension.to_le_bytes();
        let [id_offsets, id_bytes] = ids.parts();
        let [metadata_offsets, metadata_bytes] = metadata.parts();
        let mut at = 0;
        for part in [&count_bytes, &dimension_bytes, id_offsets, id_bytes, metadata_offsets, metadata_bytes] {
            front[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        fill(matrix)?;
        Ok(Rows { words, count, dimension, metadata_at, vectors_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_room_up_to_its_last_byte() {
        let (dimension, rows) = (16_384, 1_023);
        let mut builder = Rows::builder(rows, dimension);
        for at in 1..rows {
            assert!(builder.has_room("", None), "row {at}");
            builder.push(&format!("{at:04}"), None).unwrap();
        }
        let left =
            Rows::MOST_BYTES - rows * dimension as usize * 4 - HEAD - 2 * 4 * (rows + 1) - 4 * (rows - 1);
        let text = "x".repeat(left - 4);
        assert!(!builder.has_room("0000", Some(&(text.clone() + "x"))));
        assert!(builder.has_room("0000", Some(&text)));
        builder.push("0000", Some(&text)).unwrap();
        assert!(!builder.has_room("", None) && builder.bytes() == Rows::MOST_BYTES);
        assert_eq!(builder.finish_with(|_| Ok(())).unwrap().payload().len(), Rows::MOST_BYTES);
        assert!(Rows::builder(0, u32::MAX).has_room("", None), "there is nowhere else for it");
    }
}
