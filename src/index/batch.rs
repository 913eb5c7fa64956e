//! The rows of one upsert, borrowed from wherever they stand, and what is checked of them.
//!
//! Building one, and the JSON of its metadata, is the registry's business.

use super::limits::check_id;
use super::params::Params;
use crate::error::{Error, Part, Result};

/// `n` rows to upsert. Metadata is compact JSON text ([`super::compact_metadata`] made it so); `None` keeps
/// what is stored.
#[derive(Debug, Clone)]
pub struct Batch<'a> {
    /// `n` ids.
    pub ids: Vec<&'a str>,
    /// `n` texts.
    pub metadata: Vec<Option<&'a str>>,
    /// `n x dimension` components, row after row.
    pub vectors: &'a [f32],
}

impl Batch<'_> {
    /// Refuses the batch whole for the first item at fault: an id outside the limits, a vector that is not
    /// finite, overflows, or has no direction under cosine.
    pub fn check(&self, params: &Params) -> Result<()> {
        let Self { ids, metadata, vectors } = self;
        let dimension = params.dimension as usize;
        if metadata.len() != ids.len() || vectors.len() != ids.len() * dimension {
            return Err(Error::invalid(format!(
                "the batch does not add up: ids {}, metadata {}, vector components {} at dimension {dimension}",
                ids.len(),
                metadata.len(),
                vectors.len()
            )));
        }
        for (at, (id, vector)) in ids.iter().zip(vectors.chunks_exact(dimension)).enumerate() {
            check_id(id).map_err(|error| error.at(at, Part::Id))?;
            params.distance.admit(vector).map_err(|error| error.at(at, Part::Vector))?;
        }
        Ok(())
    }

    /// Refuses vectors that the distance does not admit, and nothing else: ids that were stored once stay.
    pub fn check_vectors(&self, params: &Params) -> Result<()> {
        for (at, vector) in self.vectors.chunks_exact(params.dimension as usize).enumerate() {
            params.distance.admit(vector).map_err(|error| error.at(at, Part::Vector))?;
        }
        Ok(())
    }
}
