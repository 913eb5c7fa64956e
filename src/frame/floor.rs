//! A floor: the promise that a verified snapshot covers every entry up to `floor_seq`.
//!
//! Floors are tiny and decide what may be deleted, so their text has one spelling and a check.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::checksum::matches;
use super::entry::KNOWN_FEATURES;
use super::json;
use crate::error::{Error, Result};

/// `floor/<n>.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Floor {
    /// Number of this floor, from 1; the same as in its key.
    pub n: u64,
    /// Entries and snapshots below it may be gone.
    pub floor_seq: u64,
    /// What a process must understand to write to the log from here on.
    pub required_features: u32,
}

/// The canonical text ends with this field, whose value is over the text without it.
const CHECK: &str = ",\"xxh3\":\"";

/// `{"n":2,"floor_seq":100,"required_features":0,"xxh3":"<16 hex digits>"}`.
pub fn encode_floor(floor: &Floor) -> Vec<u8> {
    let mut text = json::encode(floor);
    let check = xxh3_64(&text);
    text.pop();
    text.extend_from_slice(format!("{CHECK}{check:016x}\"}}").as_bytes());
    text
}

/// Decodes a floor; any other spelling than [`encode_floor`]'s is `Corrupt`.
pub fn decode_floor(bytes: &[u8]) -> Result<Floor> {
    let corrupt = |problem: &str| Error::corrupt(format!("floor of {} bytes: {problem}", bytes.len()));
    let split = bytes.len().checked_sub(CHECK.len() + 18).map(|at| bytes.split_at(at));
    let (text, check) = split.ok_or_else(|| corrupt("it is too short"))?;
    let mut text = text.to_vec();
    text.push(b'}');
    let expected = format!("{CHECK}{:016x}\"}}", xxh3_64(&text));
    if !matches(&check, &expected.as_bytes()) {
        return Err(corrupt("its XXH3-64 does not match"));
    }
    let floor: Floor = json::decode("floor", &text)?;
    match floor.required_features & !KNOWN_FEATURES {
        0 => Ok(floor),
        unknown => Err(Error::unsupported(format!("floor: it requires unknown features {unknown:#010x}"))),
    }
}
