//! VHT1, the binary answer to a search: for each query the ids, distances and metadata of what was found.
//!
//! It goes over HTTP instead of JSON and is never stored, so it has no checksum. What the numbers mean is the
//! index's business; who reads it back is in `hits_decode.rs`.

use super::table::TableBuilder;
use crate::error::{Error, Result};

/// The content type of the document.
pub const HITS_CONTENT_TYPE: &str = "application/octet-stream";

pub(super) const MAGIC: [u8; 4] = *b"VHT1";
pub(super) const VERSION: u16 = 1;

/// Flags of the document.
pub(super) const STRONG: u16 = 1;
pub(super) const METADATA: u16 = 2;
pub(super) const VECTORS: u16 = 4;
pub(super) const EXPLAINED: u16 = 8;

/// Flags of a list.
pub(super) const EXACT: u32 = 1;

/// After a list come zeros up to a multiple of this, so that its distances and vectors are aligned for f32.
pub(super) const ALIGNMENT: usize = 4;

/// Where the number of lists stands.
const COUNT_AT: usize = 16;

/// What holds for every list of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HitsHead {
    /// The entry of the log after which the index was searched.
    pub seq: u64,
    /// Whether every write acknowledged anywhere before was seen.
    pub strong: bool,
    /// Whether the rows' metadata is told.
    pub metadata: bool,
    /// The dimension of the rows' vectors, if they are told.
    pub vectors: Option<u32>,
    /// Whether each list says what its search did.
    pub explained: bool,
}

/// Writes a document list by list.
#[derive(Debug)]
pub struct HitsBuilder {
    head: HitsHead,
    lists: u32,
    bytes: Vec<u8>,
}

impl HitsBuilder {
    /// A document of no lists yet. `InvalidArgument` if the dimension is 0.
    pub fn new(head: HitsHead) -> Result<Self> {
        let HitsHead { seq, strong, metadata, vectors, explained } = head;
        if vectors == Some(0) {
            return Err(Error::invalid("the dimension is 0"));
        }
        let flag = |set: bool, flag: u16| if set { flag } else { 0 };
        let flags = flag(strong, STRONG)
            | flag(metadata, METADATA)
            | flag(vectors.is_some(), VECTORS)
            | flag(explained, EXPLAINED);
        let mut bytes = Vec::with_capacity(512);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&flags.to_le_bytes());
        bytes.extend_from_slice(&seq.to_le_bytes());
        bytes.extend_from_slice(&0_u32.to_le_bytes());
        bytes.extend_from_slice(&vectors.unwrap_or(0).to_le_bytes());
        Ok(Self { head, lists: 0, bytes })
    }

    /// Bytes so far.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Appends the list of the next query: `n` distances, `n` ids, `n` metadata texts (none is absent), `n x dimension`
    /// components and the explanation as JSON. What the head does not announce is left out; a count that does not
    /// fit is `InvalidArgument`.
    pub fn push<'a>(
        &mut self,
        exact: bool,
        distances: &[f32],
        ids: impl Iterator<Item = &'a str>,
        metadata: impl Iterator<Item = Option<&'a str>>,
        vectors: &[f32],
        explanation: &str,
    ) -> Result<()> {
        let rows = distances.len();
        let count = u32::try_from(rows).map_err(|_| Error::exhausted("a list holds at most 2^32-1 rows"))?;
        let lists = self.lists.checked_add(1);
        let lists = lists.ok_or_else(|| Error::exhausted("a document holds at most 2^32-1 lists"))?;
        let before = self.bytes.len();
        self.bytes.extend_from_slice(&count.to_le_bytes());
        self.bytes.extend_from_slice(&(if exact { EXACT } else { 0 }).to_le_bytes());
        self.bytes.extend_from_slice(bytemuck::cast_slice(distances));
        let written = self.push_rest(rows, ids, metadata, vectors, explanation);
        match written {
            Ok(()) => self.lists = lists,
            Err(_) => self.bytes.truncate(before),
        }
        written
    }

    fn push_rest<'a>(
        &mut self,
        rows: usize,
        ids: impl Iterator<Item = &'a str>,
        metadata: impl Iterator<Item = Option<&'a str>>,
        vectors: &[f32],
        explanation: &str,
    ) -> Result<()> {
        self.table(rows, "ids", ids)?;
        if self.head.metadata {
            self.table(rows, "metadata texts", metadata.map(Option::unwrap_or_default))?;
        }
        if let Some(dimension) = self.head.vectors {
            if vectors.len() != rows * dimension as usize {
                let got = vectors.len();
                return Err(Error::invalid(format!(
                    "{rows} rows of {dimension} need as many components, got {got}"
                )));
            }
            self.align();
            self.bytes.extend_from_slice(bytemuck::cast_slice(vectors));
        }
        if self.head.explained {
            let length = u32::try_from(explanation.len());
            let length = length.map_err(|_| Error::exhausted("an explanation holds at most 2^32-1 bytes"))?;
            self.bytes.extend_from_slice(&length.to_le_bytes());
            self.bytes.extend_from_slice(explanation.as_bytes());
        }
        self.align();
        Ok(())
    }

    fn table<'a>(&mut self, rows: usize, what: &str, texts: impl Iterator<Item = &'a str>) -> Result<()> {
        let mut table = TableBuilder::<4>::with_capacity(rows);
        for text in texts {
            table.push(text)?;
        }
        if table.len() != rows {
            return Err(Error::invalid(format!("{rows} distances need as many {what}, got {}", table.len())));
        }
        for part in table.parts() {
            self.bytes.extend_from_slice(part);
        }
        Ok(())
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGNMENT), 0);
    }

    /// The document.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes[COUNT_AT..COUNT_AT + 4].copy_from_slice(&self.lists.to_le_bytes());
        self.bytes
    }
}
