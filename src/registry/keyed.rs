//! The idempotency key of a deletion by filter, and looking up what was written under a key.
//!
//! The log holds the ids that passed, which a repetition would not find again. So the key that is logged holds the
//! filter, too, and stands for both; no key of a caller looks like it, since it holds a control character.

use xxhash_rust::xxh3::xxh3_128;

use crate::error::{Error, Result};
use crate::log::{Known, Ledger};

const BETWEEN: char = '\n';

/// The key to log for a deletion of what passes `filter`, JSON text.
pub(super) fn key_of_filter(key: &str, filter: &str) -> String {
    format!("{key}{BETWEEN}{:032x}", xxh3_128(filter.as_bytes()))
}

/// What a deletion by filter did when it was written under `key`, which is [`key_of_filter`]'s. `InvalidArgument` if
/// the caller's key was used for something else.
pub(super) fn find_by_filter(ledger: &Ledger, key: &str) -> Result<Option<Known>> {
    let (given, _) = key.split_once(BETWEEN).unwrap_or((key, ""));
    if let Some(Known { seq, .. }) = ledger.find_any(given) {
        return Err(Error::invalid(format!(
            "idempotency key {given:?} was used for another batch, at seq {seq}"
        )));
    }
    Ok(ledger.find_any(key))
}
