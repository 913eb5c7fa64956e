//! An index as the Go service's blob: what coder/hnsw v0.6.1 loads and searches.
//!
//! It is read from the store as it stands, without opening it for writing.

use serde::Serialize;

use super::super::convert;
use super::mesh::mesh;
use super::read::load;
use crate::error::{Error, Result};
use crate::frame::{self, V1Row};
use crate::store::Store;

/// What an export holds.
#[derive(Debug, Clone, Serialize)]
pub struct Exported {
    /// The index.
    pub name: String,
    /// Its rows.
    pub rows: usize,
    /// The entry it is the state of.
    pub seq: u64,
    /// Components of each row.
    pub dimension: u32,
    /// `cosine` or `euclidean`.
    pub distance: String,
    /// Links between rows, counted in both directions.
    pub links: usize,
    /// Bytes of the blob.
    pub bytes: u64,
}

/// The index `name` as a blob of the Go service.
///
/// `Unsupported` under `dot`, which coder/hnsw does not have.
pub fn export_lhv1_go(store: &dyn Store, name: &str) -> Result<(Vec<u8>, Exported)> {
    let state = load(store, name)?;
    let seq = state.position.seq;
    let (params, index) = state.replay.index.expect("load() answers NotFound where there is none");
    let go = convert::params_to_frame(name, &params);
    if go.distance == "dot" {
        return Err(Error::unsupported(
            "the Go service (coder/hnsw v0.6.1) has the distances cosine and euclidean only; this index has dot",
        )
        .within(format!("index {name:?}")));
    }
    if index.dead() > 0 {
        // The state is this call's own: without dead rows its slots are the rows, and its links are among them.
        index.compact(seq);
    }
    let neighbours = mesh(&index)?;
    let blob = index.with_parts(|parts| {
        let rows: Vec<V1Row<'_>> = (0..parts.ids.len())
            .map(|slot| V1Row {
                id: parts.ids[slot],
                vector: parts.vector(slot),
                metadata: parts.metadata[slot],
                neighbours: &neighbours[slot],
            })
            .collect();
        frame::encode_v1(&go, &rows)
    })?;
    let exported = Exported {
        name: name.to_owned(),
        rows: index.len(),
        seq,
        dimension: params.dimension,
        distance: go.distance,
        links: neighbours.iter().map(Vec::len).sum(),
        bytes: blob.len() as u64,
    };
    Ok((blob, exported))
}
