//! Adopting the Go service's blob `_vectors/<name>.lhv1` as snapshot 0 of an index of the same name.
//!
//! Snapshot 0 is a pure function of the blob's bytes, so any number of processes may adopt it at once.
//! The blob itself is left alone, and is never looked at again once the index has objects of its own.

use std::sync::Arc;

use super::{convert, snapshot};
use crate::error::{Error, Result};
use crate::frame::{self, Rows, V1, V1Item};
use crate::index::{Index, Operation};
use crate::log::{Ledger, Position};
use crate::store::{Key, Put, Store};

/// Writes snapshot 0 if there is a blob; answers whether there is one.
pub(super) fn adopt(store: &Arc<dyn Store>, name: &str) -> Result<bool> {
    let legacy = Key::parse(frame::legacy_key(name))?;
    let Some(blob) = store.get(&legacy)? else { return Ok(false) };
    // No checksum tells damage on the way, and what is adopted stays.
    if store.get(&legacy)?.as_ref() != Some(&blob) {
        return Err(Error::unavailable("the store gives other bytes each time").within(legacy.as_str()));
    }
    let bytes = snapshot_of(name, &blob).map_err(|error| error.within(legacy.as_str()))?;
    let key = Key::parse(frame::snapshot_key(name, 0))?;
    match store.put_if_absent(&key, &bytes) {
        Put::Created => {
            tracing::info!(index = name, blob = legacy.as_str(), "adopted the Go service's blob");
            Ok(true)
        }
        Put::Exists => Ok(true),
        Put::Failed { error, .. } => Err(error.within(key.as_str())),
    }
}

/// The snapshot that the blob's bytes become.
pub(super) fn snapshot_of(name: &str, blob: &[u8]) -> Result<Vec<u8>> {
    let V1 { params, items } = frame::decode_v1(blob)?;
    let params = convert::params_from_frame(&params)?;
    let mut rows = Rows::builder(items.len(), params.dimension);
    for V1Item { id, vector, metadata } in &items {
        params
            .distance
            .admit(vector)
            .map_err(|error| Error::corrupt(format!("{id:?}: {}", error.message())))?;
        rows.push_row(id, metadata.as_deref(), vector)?;
    }
    let rows = rows.finish()?;
    let index = Index::new(params, 0)?;
    index.apply(0, &[Operation::Upsert(convert::batch(&rows.as_ref()))]);
    let lineage = uuid::Uuid::new_v8(xxhash_rust::xxh3::xxh3_128(blob).to_be_bytes()).into_bytes();
    let position = Position { lineage, ..Position::default() };
    let bytes = snapshot::encode_at(name, &params, position, &Ledger::default(), &index)?.to_vec();
    // A snapshot is never overwritten: one that this build could not open must not be written.
    snapshot::decode(&bytes)?;
    Ok(bytes)
}
