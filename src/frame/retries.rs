//! Idempotency keys that a client makes for one call, so that it may send it again.
//!
//! Nobody asks for them any more once the call is answered, so they may be forgotten sooner than keys that callers chose.
//! In the log they are told apart by how they begin; in a snapshot, which has digests only, by how their digest begins.

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::hex16::hex;
use super::snapshot::IdempotencyRecord;

/// How such a key begins.
const PREFIX: &str = "vectord-retry:";
/// How its digest begins; that of another key does by one chance in 2^64.
const MARK: [u8; 8] = *b"retry\0\0\0";

/// The key of one call, which no other call has: `random` is new for each.
pub fn retry_key(random: [u8; 16]) -> String {
    format!("{PREFIX}{}", hex(random))
}

/// What a snapshot has of an idempotency key.
pub fn key_digest(key: &str) -> [u8; 16] {
    if !key.starts_with(PREFIX) {
        return xxh3_128(key.as_bytes()).to_be_bytes();
    }
    let mut digest = [0; 16];
    digest[..8].copy_from_slice(&MARK);
    digest[8..].copy_from_slice(&xxh3_64(key.as_bytes()).to_be_bytes());
    digest
}

impl IdempotencyRecord {
    /// Whether the key was a client's, for one call.
    pub fn is_retry(&self) -> bool {
        self.key_digest.starts_with(&MARK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_retry(key: &str) -> bool {
        let key_digest = key_digest(key);
        IdempotencyRecord { key_digest, payload_digest: [0; 16], seq: 1, added: 1, length: 1 }.is_retry()
    }

    #[test]
    fn the_digest_tells_whose_key_it_was() {
        let key = retry_key([0xab; 16]);
        assert_eq!(key, format!("vectord-retry:{}", "ab".repeat(16)));
        assert!(is_retry(&key) && is_retry(&format!("{key}\n{}", "0".repeat(32))));
        assert_ne!(key_digest(&key), key_digest(&retry_key([0xac; 16])));
        for other in ["", "job#7", "vectord-retry", "67e55044-10b1-426f-9247-bb680e5fe0c8"] {
            assert!(!is_retry(other));
            assert_eq!(key_digest(other), xxh3_128(other.as_bytes()).to_be_bytes());
        }
    }
}
