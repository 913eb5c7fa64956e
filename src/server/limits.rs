//! How much one request may ask for, said with the number where it is too much.
//!
//! Limits of ids, metadata and dimensions are the index's own.

use super::room::MOST_BYTES;
use crate::error::{Error, Result};

/// The longest body that any route reads.
pub(super) const BODY: usize = 64 << 20;

/// The most rows with their vectors that one request may be answered: those vectors fit into an answer.
pub(super) fn rows_at_once(dimension: u32) -> usize {
    (MOST_BYTES / (dimension as usize * size_of::<f32>())).max(1)
}

/// Refuses `rows` rows with their vectors if they are too many.
pub(super) fn check_rows(rows: usize, dimension: u32) -> Result<()> {
    let most = rows_at_once(dimension);
    if rows <= most {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "too many vectors are asked for at once: at most {most} of dimension {dimension}, got {rows}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_told_with_the_limit() {
        assert!(check_rows(1 << 20, 64).is_ok());
        let error = check_rows((1 << 20) + 1, 64).unwrap_err();
        assert!(error.to_string().contains("at most 1048576 of dimension 64, got 1048577"), "{error}");
    }
}
