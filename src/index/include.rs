//! What of a row is told beside its id.
//!
//! By which names callers say so is each face's business.

/// The parts that are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Include {
    /// Its metadata.
    pub metadata: bool,
    /// Its vector.
    pub vector: bool,
}

/// Of hits: their metadata.
impl Default for Include {
    fn default() -> Self {
        Self { metadata: true, vector: false }
    }
}

impl Include {
    /// All there is.
    pub const ALL: Self = Self { metadata: true, vector: true };
    /// Nothing but its id.
    pub const NOTHING: Self = Self { metadata: false, vector: false };
}
