//! The parameters an index is created with, as JSON in CREATE frames and envelopes.
//!
//! What values are allowed is the index's business; here they are only carried.

use serde::{Deserialize, Serialize};

/// `{"name","dimension","m","ef_search","distance"}`, in this order when written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Params {
    /// The index's name.
    pub name: String,
    /// Values per vector.
    pub dimension: u32,
    /// Links per row of the graph (M); the base layer has twice as many.
    pub m: u32,
    /// Candidates kept during a search; 0 chooses by itself.
    pub ef_search: u32,
    /// `cosine`, `euclidean` or `dot`.
    pub distance: String,
}
