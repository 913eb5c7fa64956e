//! The two checksums of the format, and the one place that can switch their verification off.
//!
//! Built with `--cfg vectord_fuzz` every comparison succeeds, so that a fuzzer reaches the decoders
//! behind the checksums. No other build may use it.

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// XXH3-128 with seed 0, as its canonical 16 bytes (big-endian).
pub type Digest = [u8; 16];

/// XXH3-128 of `bytes`.
pub fn digest(bytes: &[u8]) -> Digest {
    xxh3_128(bytes).to_be_bytes()
}

/// [`digest`] of the bytes of `pieces`, one after the other.
pub(super) fn digest_of_pieces<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Digest {
    let mut hasher = Xxh3::new();
    pieces.for_each(|piece| hasher.update(piece));
    hasher.digest128().to_be_bytes()
}

/// CRC-32C (Castagnoli) of `bytes`.
pub(super) fn crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
}

/// Whether a stored checksum is the computed one; always, under `--cfg vectord_fuzz`.
pub(super) fn matches<T: PartialEq>(stored: &T, computed: &T) -> bool {
    cfg!(vectord_fuzz) || stored == computed
}
