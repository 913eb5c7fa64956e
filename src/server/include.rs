//! What of a row is told beside its id: `include`, the same names wherever rows are answered.
//!
//! What is told where nothing is named is each route's to say.

use crate::error::{Error, Result};

/// The parts that are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Include {
    pub(super) metadata: bool,
    pub(super) vector: bool,
}

/// Of hits: their metadata.
impl Default for Include {
    fn default() -> Self {
        Self { metadata: true, vector: false }
    }
}

impl Include {
    /// Of rows that were asked for by name: all there is.
    pub(super) const ALL: Self = Self { metadata: true, vector: true };

    /// The parts of these names, and no other.
    pub(super) fn parse<'a>(names: impl Iterator<Item = &'a str>) -> Result<Self> {
        let mut include = Self { metadata: false, vector: false };
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
    pub(super) fn list(names: &str) -> Result<Self> {
        Self::parse(names.split(',').map(str::trim).filter(|name| !name.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_told() {
        assert_eq!(Include::list("").unwrap(), Include { metadata: false, vector: false });
        assert_eq!(Include::list("vector, metadata").unwrap(), Include::ALL);
        assert_eq!(Include::list("metadata").unwrap(), Include::default());
        assert!(Include::list("vectors").unwrap_err().to_string().contains("got \"vectors\""));
    }
}
