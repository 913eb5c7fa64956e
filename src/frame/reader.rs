//! A cursor over untrusted bytes: every read is checked against what is left, every error says where.
//!
//! It never allocates. Headers are big-endian, the bytes of parts little-endian: both are read here.

use crate::error::{Error, Result};

/// A cursor with the name of what it reads and the offset its first byte has in the whole object.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    base: usize,
    what: &'static str,
}

impl<'a> Reader<'a> {
    pub(super) fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self::at(what, bytes, 0)
    }

    /// `base` is the offset of `bytes` in the object, so that errors name offsets of the object.
    pub(super) fn at(what: &'static str, bytes: &'a [u8], base: usize) -> Self {
        Self { bytes, position: 0, base, what }
    }

    /// Offset in the whole object.
    pub(super) fn offset(&self) -> usize {
        self.base + self.position
    }

    /// Bytes not yet read.
    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// All bytes read since `start`, an earlier [`offset`](Self::offset).
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        &self.bytes[start - self.base..self.position]
    }

    pub(super) fn take(&mut self, length: u64, field: &str) -> Result<&'a [u8]> {
        let left = self.left();
        let Some(length) = usize::try_from(length).ok().filter(|&length| length <= left) else {
            return Err(self.corrupt(format_args!("{field} needs {length} bytes, {left} are left")));
        };
        let taken = &self.bytes[self.position..self.position + length];
        self.position += length;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self, field: &str) -> Result<[u8; N]> {
        Ok(self.take(N as u64, field)?.try_into().expect("take gave exactly N bytes"))
    }

    pub(super) fn u8(&mut self, field: &str) -> Result<u8> {
        Ok(self.array::<1>(field)?[0])
    }

    pub(super) fn u16_be(&mut self, field: &str) -> Result<u16> {
        Ok(u16::from_be_bytes(self.array(field)?))
    }

    pub(super) fn u32_be(&mut self, field: &str) -> Result<u32> {
        Ok(u32::from_be_bytes(self.array(field)?))
    }

    pub(super) fn u64_be(&mut self, field: &str) -> Result<u64> {
        Ok(u64::from_be_bytes(self.array(field)?))
    }

    pub(super) fn u16_le(&mut self, field: &str) -> Result<u16> {
        Ok(u16::from_le_bytes(self.array(field)?))
    }

    pub(super) fn u32_le(&mut self, field: &str) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array(field)?))
    }

    pub(super) fn u64_le(&mut self, field: &str) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array(field)?))
    }

    /// Reads zeros up to the next offset that is a multiple of `alignment`.
    pub(super) fn padding(&mut self, alignment: usize) -> Result<()> {
        let length = self.offset().next_multiple_of(alignment) - self.offset();
        if self.take(length as u64, "padding")?.iter().any(|&byte| byte != 0) {
            return Err(self.corrupt("padding before this offset is not zero"));
        }
        Ok(())
    }

    /// Nothing may follow.
    pub(super) fn finish(&self) -> Result<()> {
        match self.left() {
            0 => Ok(()),
            left => Err(self.corrupt(format_args!("{left} bytes follow where it should end"))),
        }
    }

    /// `Corrupt` at the current offset.
    pub(super) fn corrupt(&self, problem: impl std::fmt::Display) -> Error {
        Error::corrupt(format!("{} at offset {}: {problem}", self.what, self.offset()))
    }

    /// `Unsupported` at the current offset.
    pub(super) fn unsupported(&self, problem: impl std::fmt::Display) -> Error {
        Error::unsupported(format!("{} at offset {}: {problem}", self.what, self.offset()))
    }
}
