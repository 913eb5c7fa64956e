//! The payload of an UPSERT, borrowed: ids, metadata and f32 rows as they stand in the bytes.
//!
//! The same payload is the body of `application/vnd.vectord.frame`. Limits on ids, metadata and values
//! are the index's; here only the layout and UTF-8 are checked.

use std::borrow::Cow;

use super::reader::Reader;
use super::table::Table;
use crate::error::Result;

#[cfg(target_endian = "big")]
compile_error!(
    "rows are little-endian f32 in files and are used as they are: big-endian targets are not supported"
);

/// The rows start at a multiple of this from the payload's first byte, the payload itself at a multiple
/// of it from the entry's first byte.
pub(super) const ALIGNMENT: usize = 64;

/// `n` rows borrowed from bytes that were checked.
#[derive(Debug, Clone)]
pub struct RowsRef<'a> {
    pub(super) payload: &'a [u8],
    pub(super) dimension: u32,
    pub(super) ids: Table<'a, 4>,
    pub(super) metadata: Table<'a, 4>,
    pub(super) vectors: Cow<'a, [f32]>,
}

impl<'a> RowsRef<'a> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values per row.
    pub fn dimension(&self) -> u32 {
        self.dimension
    }

    /// Id of row `i`; panics when `i >= len()`, as do the next two.
    pub fn id(&self, i: usize) -> &'a str {
        self.ids.get(i)
    }

    /// Metadata text of row `i` as it was given, or none (which leaves what is stored).
    pub fn metadata(&self, i: usize) -> Option<&'a str> {
        self.metadata.get_present(i)
    }

    /// The values of row `i`.
    pub fn vector(&self, i: usize) -> &[f32] {
        let dimension = self.dimension as usize;
        &self.vectors[i * dimension..(i + 1) * dimension]
    }

    /// All values, row-major, shape (`len`, `dimension`): the bytes themselves where they are aligned.
    pub fn vectors(&self) -> &[f32] {
        &self.vectors
    }

    /// The bytes of the whole payload.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

impl PartialEq for RowsRef<'_> {
    /// Bit for bit: NaN equals NaN of the same bits, 0.0 differs from -0.0.
    fn eq(&self, other: &Self) -> bool {
        self.payload == other.payload
    }
}

/// Decodes an UPSERT payload. Copies the rows only if `payload` is not aligned for f32.
pub fn decode_rows_payload(payload: &[u8]) -> Result<RowsRef<'_>> {
    let mut reader = Reader::new("rows", payload);
    let count = reader.u32_le("row count")?;
    let dimension = reader.u32_le("dimension")?;
    if dimension == 0 {
        return Err(reader.corrupt("the dimension is 0"));
    }
    let ids = Table::read(&mut reader, u64::from(count), "ids")?;
    let metadata = Table::read(&mut reader, u64::from(count), "metadata")?;
    reader.padding(ALIGNMENT)?;
    let length = (u64::from(count) * u64::from(dimension)).saturating_mul(4);
    let vectors = floats(reader.take(length, "vectors")?);
    reader.finish()?;
    Ok(RowsRef { payload, dimension, ids, metadata, vectors })
}

/// Little-endian f32 as they stand, or a copy where the bytes are not 4-aligned.
pub(super) fn floats(bytes: &[u8]) -> Cow<'_, [f32]> {
    if let Ok(floats) = bytemuck::try_cast_slice(bytes) {
        return Cow::Borrowed(floats);
    }
    let value = |word: &[u8]| f32::from_le_bytes(word.try_into().expect("chunks of exactly 4"));
    Cow::Owned(bytes.chunks_exact(4).map(value).collect())
}
