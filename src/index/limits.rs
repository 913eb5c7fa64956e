//! The limits of an index, the same for every face.
//!
//! Adopted data (the Go service's) keeps what it has: these are checked where new data comes in.

use crate::error::{Error, Result};

/// The longest id, in bytes of UTF-8.
pub const MAX_ID_BYTES: usize = 512;
/// The longest metadata of one row, in bytes of compact JSON.
pub const MAX_METADATA_BYTES: usize = 64 * 1024;
/// How deeply arrays and objects may nest in metadata.
pub const MAX_METADATA_DEPTH: usize = 16;
/// The largest dimension.
pub const MAX_DIMENSION: u32 = 16_384;
/// The most rows, dead ones included: slots are u32, the graph keeps the top bit for itself, and there is
/// room for what shares a group with the last.
pub(super) const MAX_ROWS: usize = (1 << 31) - (1 << 24);

/// Refuses an id that is empty, longer than [`MAX_ID_BYTES`], or holds control characters.
pub fn check_id(id: &str) -> Result<()> {
    check_text("id", id)
}

/// Refuses an idempotency key that is no id either.
pub fn check_key(key: &str) -> Result<()> {
    check_text("idempotency key", key)
}

fn check_text(what: &str, text: &str) -> Result<()> {
    if text.is_empty() {
        return Err(Error::invalid(format!("{what} is empty")));
    }
    if text.len() > MAX_ID_BYTES {
        return Err(Error::invalid(format!(
            "{what} is too long: at most {MAX_ID_BYTES} bytes, got {}",
            text.len()
        )));
    }
    match text.chars().find(|c| c.is_control()) {
        None => Ok(()),
        Some(c) => Err(Error::invalid(format!("{what} holds the control character U+{:04X}", c as u32))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_any_text_without_control_characters() {
        for id in ["a", "für/Elise 😀", &"x".repeat(MAX_ID_BYTES)] {
            assert!(check_id(id).is_ok(), "{id}");
        }
        for (id, why) in [
            ("", "empty"),
            ("a\u{0}b", "U+0000"),
            ("tab\t", "U+0009"),
            ("\u{85}", "U+0085"),
            (&"x".repeat(MAX_ID_BYTES + 1), "at most 512 bytes, got 513"),
        ] {
            let error = check_id(id).expect_err(why);
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
