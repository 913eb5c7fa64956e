//! A file becomes a new index: the Go service's blob, or a snapshot of ours.
//!
//! The rows go through the registry like any other batch; ids, vectors and metadata are checked as theirs are.

use serde::Serialize;

use super::super::{Batch, LiveIndex, Registry, convert};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{self, SnapshotRef, V1};

/// An index made from a file.
#[derive(Debug, Clone, Serialize)]
pub struct Imported {
    /// The index.
    pub name: String,
    /// Its rows.
    pub rows: usize,
    /// Components of each.
    pub dimension: u32,
    /// `cosine`, `euclidean` or `dot`.
    pub distance: String,
    /// The entry it ends at.
    pub seq: u64,
    /// What the file was: `lhv1-go`, or `lhv1` for a snapshot of ours.
    pub format: &'static str,
}

/// A row of the file.
type Row<'a> = (&'a str, Option<&'a str>, &'a [f32]);

/// Makes an index of `bytes`, named as the file says unless `name` is given.
///
/// `AlreadyExists` if there is one of that name. If a batch is refused, the new index is deleted again.
pub fn import(registry: &Registry, bytes: &[u8], name: Option<&str>) -> Result<Imported> {
    match frame::decode_v1(bytes) {
        Ok(V1 { params, items }) => {
            let rows = items.iter().map(|item| (&*item.id, item.metadata.as_deref(), &*item.vector));
            fill(registry, &params, name, rows, "lhv1-go")
        }
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            let SnapshotRef { header, vectors, alive, ids, metadata, .. } = frame::decode_snapshot(bytes)?;
            if header.dropped {
                return Err(Error::invalid(
                    "the snapshot is the tombstone of a dropped index: it has no rows",
                ));
            }
            let dimension = header.params.dimension as usize;
            let rows = (0..ids.len()).filter(|slot| alive[slot / 64] >> (slot % 64) & 1 == 1).map(|slot| {
                let vector = &vectors[0][slot * dimension..(slot + 1) * dimension];
                (ids.get(slot).unwrap_or(""), metadata.get(slot), vector)
            });
            fill(registry, &header.params, name, rows, "lhv1")
        }
        Err(error) => Err(error),
    }
}

fn fill<'a>(
    registry: &Registry,
    params: &frame::Params,
    name: Option<&str>,
    rows: impl Iterator<Item = Row<'a>>,
    format: &'static str,
) -> Result<Imported> {
    let name = name.unwrap_or(&params.name);
    let live = registry.create(name, convert::params_from_frame(params)?)?;
    if let Err(error) = add(&live, params.dimension, rows) {
        if let Err(left) = registry.delete(name) {
            tracing::warn!(index = name, error = %left, "the part that was imported is left");
        }
        return Err(error);
    }
    Ok(Imported {
        name: name.to_owned(),
        rows: live.len()?,
        dimension: params.dimension,
        distance: params.distance.clone(),
        seq: live.flush()?,
        format,
    })
}

fn add<'a>(live: &LiveIndex, dimension: u32, rows: impl Iterator<Item = Row<'a>>) -> Result<()> {
    let mut batch = Batch::builder(0, dimension);
    for (id, metadata, vector) in rows {
        if !batch.has_room(id, metadata) {
            live.add(std::mem::replace(&mut batch, Batch::builder(0, dimension)).finish()?, None)?;
        }
        batch.push_row(id, metadata, vector).map_err(|error| error.within(format!("row {id:?}")))?;
    }
    live.add(batch.finish()?, None).map(drop)
}
