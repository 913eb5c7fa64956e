//! `include`: the parts of rows that are to be told, by the same names wherever rows are answered.
//!
//! What is told where nothing is named is each route's to say.

use crate::error::{Error, Result};
use crate::registry::Include;

/// The parts of these names, and no other.
pub(super) fn named<'a>(names: impl Iterator<Item = &'a str>) -> Result<Include> {
    let mut include = Include::NOTHING;
    for name in names {
        match name {
            "metadata" => include.metadata = true,
            "vector" => include.vector = true,
            other => {
                return Err(Error::invalid(format!(
                    "include takes \"metadata\" and \"vector\", got {other:?}"
                )));
            }
        }
    }
    Ok(include)
}

/// The parts of names with commas between them, as a query string has them.
pub(super) fn listed(names: &str) -> Result<Include> {
    named(names.split(',').map(str::trim).filter(|name| !name.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_told() {
        assert_eq!(listed("").unwrap(), Include::NOTHING);
        assert_eq!(listed("vector, metadata").unwrap(), Include::ALL);
        assert_eq!(listed("metadata").unwrap(), Include::default());
        assert!(listed("vectors").unwrap_err().to_string().contains("got \"vectors\""));
    }
}
