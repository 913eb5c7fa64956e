//! VHT1 read back, borrowed from its bytes: the client's side of `hits.rs`.
//!
//! An answer comes from another machine, so every length is checked against the bytes that are left.

use std::borrow::Cow;

use super::hits::{ALIGNMENT, EXACT, EXPLAINED, HitsHead, MAGIC, METADATA, STRONG, VECTORS, VERSION};
use super::reader::Reader;
use super::rows::floats;
use super::table::Table;
use crate::error::Result;

/// A whole document.
#[derive(Debug, Clone, PartialEq)]
pub struct HitsRef<'a> {
    /// What holds for every list.
    pub head: HitsHead,
    /// One list per query, in their order.
    pub lists: Vec<HitListRef<'a>>,
}

/// What one query found, nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct HitListRef<'a> {
    /// Whether every row that may be found was compared.
    pub exact: bool,
    /// `len` distances, ascending.
    pub distances: Cow<'a, [f32]>,
    /// `len x dimension` components, row-major; none where vectors are not told.
    pub vectors: Cow<'a, [f32]>,
    /// What the search did, a JSON object, if it is told.
    pub explanation: Option<&'a str>,
    ids: Table<'a, 4>,
    metadata: Option<Table<'a, 4>>,
}

impl<'a> HitListRef<'a> {
    /// How many rows were found.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether none was found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Id of row `i`; panics when `i >= len()`, as does the next.
    pub fn id(&self, i: usize) -> &'a str {
        self.ids.get(i)
    }

    /// Metadata text of row `i`; none where it has none, or metadata is not told.
    pub fn metadata(&self, i: usize) -> Option<&'a str> {
        self.metadata.and_then(|table| table.get_present(i))
    }

    /// The ids in their order.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        let ids = self.ids;
        (0..ids.len()).map(move |i| ids.get(i))
    }
}

/// Decodes a document. `Unsupported` if a newer build wrote what this one does not know, else `Corrupt`.
/// Distances and vectors are copied only if `bytes` is not aligned for f32.
pub fn decode_hits(bytes: &[u8]) -> Result<HitsRef<'_>> {
    let mut reader = Reader::new("hits", bytes);
    if reader.array::<4>("magic")? != MAGIC {
        return Err(reader.corrupt("the magic before this offset is not \"VHT1\""));
    }
    let version = reader.u16_le("version")?;
    if version != VERSION {
        return Err(reader.unsupported(format_args!("version {version}; this build knows {VERSION}")));
    }
    let flags = reader.u16_le("flags")?;
    let unknown = flags & !(STRONG | METADATA | VECTORS | EXPLAINED);
    if unknown != 0 {
        return Err(reader.unsupported(format_args!("unknown flags {unknown:#x}")));
    }
    let seq = reader.u64_le("seq")?;
    let count = reader.u32_le("list count")?;
    let dimension = reader.u32_le("dimension")?;
    if (flags & VECTORS != 0) != (dimension != 0) {
        return Err(reader.corrupt(format_args!("dimension {dimension} with flags {flags:#x}")));
    }
    let head = HitsHead {
        seq,
        strong: flags & STRONG != 0,
        metadata: flags & METADATA != 0,
        vectors: (dimension != 0).then_some(dimension),
        explained: flags & EXPLAINED != 0,
    };
    // Grown list by list: each takes bytes that are there, the count may claim any.
    let mut lists = Vec::new();
    for _ in 0..count {
        lists.push(list(&mut reader, &head)?);
    }
    reader.finish()?;
    Ok(HitsRef { head, lists })
}

fn list<'a>(reader: &mut Reader<'a>, head: &HitsHead) -> Result<HitListRef<'a>> {
    let rows = u64::from(reader.u32_le("row count")?);
    let flags = reader.u32_le("list flags")?;
    if flags & !EXACT != 0 {
        return Err(reader.unsupported(format_args!("unknown list flags {:#x}", flags & !EXACT)));
    }
    let distances = floats(reader.take(rows * 4, "distances")?);
    let ids = Table::read(reader, rows, "ids")?;
    let metadata = if head.metadata { Some(Table::read(reader, rows, "metadata")?) } else { None };
    let vectors = match head.vectors {
        Some(dimension) => {
            reader.padding(ALIGNMENT)?;
            floats(reader.take((rows * u64::from(dimension)).saturating_mul(4), "vectors")?)
        }
        None => Cow::Borrowed(&[][..]),
    };
    let explanation = if head.explained {
        let length = reader.u32_le("explanation length")?;
        let text = std::str::from_utf8(reader.take(u64::from(length), "explanation")?);
        Some(text.map_err(|_| reader.corrupt("the explanation before this offset is not UTF-8"))?)
    } else {
        None
    };
    reader.padding(ALIGNMENT)?;
    Ok(HitListRef { exact: flags & EXACT != 0, distances, vectors, explanation, ids, metadata })
}
