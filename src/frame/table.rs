//! A column of strings: `n + 1` little-endian offsets, then the bytes they point into.
//!
//! Offsets are `W` bytes wide: 4 in a batch, 8 in a snapshot. The first is 0 and none is smaller than
//! the one before it. Every string is UTF-8. What an empty string means is said by who uses the table.

use super::reader::Reader;
use crate::error::{Error, Result};

/// `n` strings borrowed from checked bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Table<'a, const W: usize> {
    offsets: &'a [u8],
    bytes: &'a [u8],
}

impl<'a, const W: usize> Table<'a, W> {
    /// Reads and checks a table of `count` strings; nothing is allocated.
    pub(super) fn read(reader: &mut Reader<'a>, count: u64, field: &str) -> Result<Self> {
        let length = count.saturating_add(1).saturating_mul(W as u64);
        let offsets = reader.take(length, field)?;
        let count = offsets.len() / W - 1;
        let mut table = Self { offsets, bytes: &[] };
        table.bytes = reader.take(table.offset(count), field)?;
        if table.offset(0) != 0 {
            return Err(reader.corrupt(format_args!("{field}: the first offset is not 0")));
        }
        for i in 0..count {
            let (start, end) = (table.offset(i), table.offset(i + 1));
            // `end` may still point past the bytes: a later offset would then be smaller.
            let text = if start <= end { table.bytes.get(start as usize..end as usize) } else { None };
            let Some(text) = text else {
                return Err(reader.corrupt(format_args!("{field}: offsets decrease at {i}")));
            };
            if std::str::from_utf8(text).is_err() {
                return Err(reader.corrupt(format_args!("{field}: string {i} is not UTF-8")));
            }
        }
        Ok(table)
    }

    /// The table of `count` strings that starts at `bytes[0]`; the bytes were written by [`TableBuilder`].
    pub(super) fn trusted(bytes: &'a [u8], count: usize) -> Self {
        let (offsets, rest) = bytes.split_at((count + 1) * W);
        let mut table = Self { offsets, bytes: &[] };
        table.bytes = &rest[..table.offset(count) as usize];
        table
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len() / W - 1
    }

    /// String `i`; panics when there are not that many.
    pub(super) fn get(&self, i: usize) -> &'a str {
        let text = &self.bytes[self.offset(i) as usize..self.offset(i + 1) as usize];
        std::str::from_utf8(text).expect("read() checked each string, the builder was given strings")
    }

    /// String `i`, or none where it is empty.
    pub(super) fn get_present(&self, i: usize) -> Option<&'a str> {
        Some(self.get(i)).filter(|text| !text.is_empty())
    }

    fn offset(&self, i: usize) -> u64 {
        let mut word = [0; 8];
        word[..W].copy_from_slice(&self.offsets[i * W..(i + 1) * W]);
        u64::from_le_bytes(word)
    }
}

/// Writes what [`Table`] reads.
#[derive(Debug)]
pub(super) struct TableBuilder<const W: usize> {
    offsets: Vec<u8>,
    bytes: Vec<u8>,
}

impl<const W: usize> TableBuilder<W> {
    pub(super) fn with_capacity(count: usize) -> Self {
        let mut offsets = Vec::with_capacity((count + 1) * W);
        offsets.extend_from_slice(&[0; W]);
        Self { offsets, bytes: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len() / W - 1
    }

    /// Appends `text`; `ResourceExhausted` when its end is past what `W` bytes can say.
    pub(super) fn push(&mut self, text: &str) -> Result<()> {
        let end = ((self.bytes.len() + text.len()) as u64).to_le_bytes();
        if end[W..].iter().any(|&byte| byte != 0) {
            return Err(Error::exhausted("the texts of one batch pass 4 GiB: send smaller batches"));
        }
        self.bytes.extend_from_slice(text.as_bytes());
        self.offsets.extend_from_slice(&end[..W]);
        Ok(())
    }

    pub(super) fn encoded_len(&self) -> usize {
        self.offsets.len() + self.bytes.len()
    }

    pub(super) fn parts(&self) -> [&[u8]; 2] {
        [&self.offsets, &self.bytes]
    }
}
