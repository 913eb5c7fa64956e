//! A snapshot's column of strings: one per row, absent where empty.
//!
//! `u64 count`, then a table with 8-byte offsets, all little-endian.

use super::reader::Reader;
use super::table::{Table, TableBuilder};
use crate::error::Result;

/// Bytes before the offsets: the count.
const HEAD: usize = 8;

/// Strings borrowed from checked bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Texts<'a> {
    bytes: &'a [u8],
    table: Table<'a, 8>,
}

impl<'a> Texts<'a> {
    pub(super) fn decode(reader: &mut Reader<'a>, field: &str) -> Result<Self> {
        let start = reader.offset();
        let count = reader.u64_le(field)?;
        let table = Table::read(reader, count, field)?;
        reader.finish()?;
        Ok(Self { bytes: reader.since(start), table })
    }

    /// Number of strings, absent ones included.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// String `i`, or none where it is absent; panics when `i >= len()`.
    pub fn get(&self, i: usize) -> Option<&'a str> {
        self.table.get_present(i)
    }

    /// Every string in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&'a str>> + use<'a> {
        let table = self.table;
        (0..table.len()).map(move |i| table.get_present(i))
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// An owned column of strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextsBuf {
    bytes: Vec<u8>,
}

impl TextsBuf {
    /// The column of `texts`; an empty string is the same as an absent one.
    pub fn new<'s>(texts: impl IntoIterator<Item = Option<&'s str>>) -> Result<Self> {
        let texts = texts.into_iter();
        let mut table = TableBuilder::<8>::with_capacity(texts.size_hint().0);
        for text in texts {
            table.push(text.unwrap_or_default())?;
        }
        let mut bytes = Vec::with_capacity(HEAD + table.encoded_len());
        bytes.extend_from_slice(&(table.len() as u64).to_le_bytes());
        for part in table.parts() {
            bytes.extend_from_slice(part);
        }
        Ok(Self { bytes })
    }

    /// The same column, borrowed; costs nothing.
    pub fn as_ref(&self) -> Texts<'_> {
        let (count, rest) = self.bytes.split_at(HEAD);
        let count = u64::from_le_bytes(count.try_into().expect("split at 8")) as usize;
        Texts { bytes: &self.bytes, table: Table::trusted(rest, count) }
    }
}
