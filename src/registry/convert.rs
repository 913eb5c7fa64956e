//! Between the frames of the log and the operations of an index, field by field.
//!
//! Neither layer knows the other; a field added to one is missed here by the compiler.

use crate::error::{Error, Result};
use crate::frame::{self, Frame, Op, RowsRef};
use crate::index::{self, Distance, Index, Operation};
use crate::log::Outcome;

/// The rows of an UPSERT as the index takes them.
pub(super) fn batch<'a>(rows: &'a RowsRef<'_>) -> index::Batch<'a> {
    index::Batch {
        ids: (0..rows.len()).map(|i| rows.id(i)).collect(),
        metadata: (0..rows.len()).map(|i| rows.metadata(i)).collect(),
        vectors: rows.vectors(),
    }
}

/// Refuses an entry that this index cannot hold: what is logged was checked by its writer, so such an
/// entry is damage or another program's work, whatever its checksums say.
pub(super) fn check(params: &index::Params, ops: &[Op<'_>]) -> Result<()> {
    let corrupt = |error: &Error| Error::corrupt(error.to_string());
    for op in ops {
        match &op.frame {
            Frame::Upsert(rows) if rows.dimension() != params.dimension => {
                return Err(Error::corrupt(format!(
                    "rows of dimension {} in an index of {}",
                    rows.dimension(),
                    params.dimension
                )));
            }
            Frame::Upsert(rows) => batch(rows).check_vectors(params).map_err(|error| corrupt(&error))?,
            Frame::Create(_) => return Err(Error::corrupt("CREATE in an index that exists")),
            Frame::Delete(_) | Frame::SetMetadata(_) | Frame::Drop | Frame::Compact => {}
        }
    }
    Ok(())
}

/// Applies an entry that is the index's own business: rows, or a COMPACT, which stands alone.
pub(super) fn apply(index: &Index, seq: u64, ops: &[Op<'_>]) -> Vec<Outcome> {
    if let [Op { frame: Frame::Compact, .. }] = ops {
        index.compact(seq);
        return vec![Outcome { count: 0, length: index.len() as u64 }];
    }
    let operations: Vec<_> = ops.iter().filter_map(operation).collect();
    let outcome = |done: index::Applied| Outcome { count: done.count as u64, length: done.length as u64 };
    index.apply(seq, &operations).into_iter().map(outcome).collect()
}

fn operation<'a>(op: &'a Op<'_>) -> Option<Operation<'a>> {
    match &op.frame {
        Frame::Upsert(rows) => Some(Operation::Upsert(batch(rows))),
        Frame::Delete(ids) => Some(Operation::Delete(ids.iter().collect())),
        Frame::SetMetadata(rows) => Some(Operation::SetMetadata(
            (0..rows.len()).map(|i| rows.id(i)).collect(),
            (0..rows.len()).map(|i| rows.metadata(i)).collect(),
        )),
        Frame::Create(_) | Frame::Drop | Frame::Compact => None,
    }
}

/// Parameters as the log and snapshots write them.
pub(super) fn params_to_frame(name: &str, params: &index::Params) -> frame::Params {
    let index::Params { dimension, m, ef_search, distance } = *params;
    frame::Params {
        name: name.to_owned(),
        dimension,
        m,
        ef_search: ef_search.unwrap_or(0),
        distance: distance.name().to_owned(),
    }
}

/// Parameters read back from the log or a snapshot.
pub(super) fn params_from_frame(params: &frame::Params) -> Result<index::Params> {
    let frame::Params { name: _, dimension, m, ef_search, distance } = params;
    let params = index::Params {
        dimension: *dimension,
        m: *m,
        ef_search: (*ef_search != 0).then_some(*ef_search),
        distance: Distance::parse(distance).map_err(|error| Error::corrupt(error.message().to_owned()))?,
    };
    params.check().map_err(|error| Error::corrupt(error.message().to_owned()))?;
    Ok(params)
}
