//! Group commit: writes that queued together share one entry of the log, and one fsync.
//!
//! Each was checked by itself before it joined, so none fails another; all are acknowledged, or none is.

use super::batch::Batch;
use super::keeper::{Committed, Keeper};
use super::request::{Reply, Write, Written};
use crate::error::{Error, Part, Result};
use crate::frame::{Frame, Ids, MetadataRows, Op, OpMeta};

/// A caller that no longer waits is no error.
pub(super) fn answer<T>(reply: &Reply<T>, result: Result<T>) {
    drop(reply.send(result));
}

/// A write as it arrives: itself, its idempotency key, and where its answer goes.
pub(super) type Asked = (Write, Option<String>, Reply<Written>);

/// Writes that share an entry. Each was checked by itself, so one never fails another.
#[derive(Default)]
pub(super) struct Group {
    writes: Vec<(Prepared, OpMeta, Reply<Written>)>,
    bytes: usize,
}

/// A write whose bytes stand ready for the log.
enum Prepared {
    Rows(Batch),
    Ids(Ids),
    Metadata(MetadataRows),
}

impl Group {
    /// Roughly its bytes in the log.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether `write` may join: its check needs nothing that this group has not yet applied.
    pub(super) fn admits(&self, write: &Write, key: Option<&String>) -> bool {
        let known =
            |key: &String| self.writes.iter().any(|(_, meta, _)| meta.idempotency_key.as_ref() == Some(key));
        match write {
            Write::Upsert(_) | Write::Delete(_) => !key.is_some_and(known),
            Write::SetMetadata(_) => self.writes.is_empty(),
        }
    }

    pub(super) fn take(&mut self, keeper: &Keeper, (write, idempotency_key, reply): Asked) {
        let bytes = write.bytes();
        match prepare(keeper, write, idempotency_key.as_deref(), self.writes.is_empty()) {
            Ok(Ready::Write(prepared)) => {
                // Frames that share key and index are one batch; each write is a batch of its own.
                let op_index = self.writes.len() as u32;
                let meta = OpMeta {
                    op_index: if idempotency_key.is_some() { op_index } else { 0 },
                    idempotency_key,
                };
                self.writes.push((prepared, meta, reply));
                self.bytes += bytes;
            }
            Ok(Ready::Answered(written)) => answer(&reply, Ok(written)),
            Err(error) => answer(&reply, Err(error)),
        }
    }

    pub(super) fn commit(self, keeper: &mut Keeper) {
        if self.writes.is_empty() {
            return;
        }
        let ops: Vec<Op<'_>> = self
            .writes
            .iter()
            .map(|(prepared, meta, _)| {
                let frame = match prepared {
                    Prepared::Rows(batch) => Frame::Upsert(batch.rows().as_ref()),
                    Prepared::Ids(ids) => Frame::Delete(ids.as_ref()),
                    Prepared::Metadata(rows) => Frame::SetMetadata(rows.as_ref()),
                };
                Op { meta: meta.clone(), frame }
            })
            .collect();
        let committed = keeper.commit(&ops);
        drop(ops);
        let failed =
            |error: &Error| self.writes.iter().for_each(|(_, _, reply)| answer(reply, Err(error.clone())));
        match committed {
            Ok(Committed::Done(seq, outcomes)) => {
                for ((_, _, reply), outcome) in self.writes.iter().zip(outcomes) {
                    let (count, length) = (outcome.count as usize, outcome.length as usize);
                    answer(reply, Ok(Written { seq, count, length }));
                }
            }
            Ok(Committed::Taken) => failed(&Error::conflict(format!(
                "another process wrote to index {:?} first; nothing of this call was written, and what that process \
                 wrote is visible here now: retry",
                keeper.name
            ))),
            Err(error) => failed(&error),
        }
    }
}

/// A write that is ready to be logged, or was answered before.
enum Ready {
    Write(Prepared),
    Answered(Written),
}

/// Checks what only the state before the entry can tell; `alone` says that nothing shares the entry so far.
fn prepare(keeper: &Keeper, write: Write, key: Option<&str>, alone: bool) -> Result<Ready> {
    let index = &keeper.shown.index;
    let prepared = match write {
        Write::Upsert(batch) => {
            index.check_room(batch.len())?;
            Prepared::Rows(batch)
        }
        Write::Delete(ids) if alone && ids.iter().all(|id| !index.contains(id)) => {
            return Ok(Ready::Answered(Written { seq: index.seq(), count: 0, length: index.len() }));
        }
        Write::Delete(ids) => Prepared::Ids(Ids::new(ids.iter().map(String::as_str))?),
        Write::SetMetadata(rows) => {
            for (at, (id, _)) in rows.iter().enumerate() {
                if !index.contains(id) {
                    return Err(Error::not_found(format!("no row has the id {id:?}")).at(at, Part::Id));
                }
            }
            Prepared::Metadata(MetadataRows::new(
                rows.iter().map(|(id, text)| (id.as_str(), text.as_deref())),
            )?)
        }
    };
    let payload = match &prepared {
        Prepared::Rows(batch) => batch.rows().payload(),
        Prepared::Ids(ids) => ids.as_ref().payload(),
        Prepared::Metadata(rows) => rows.as_ref().payload(),
    };
    if let Some(known) = key.map(|key| keeper.log.ledger().find(key, payload)).transpose()?.flatten() {
        let (count, length) = (known.outcome.count as usize, known.outcome.length as usize);
        return Ok(Ready::Answered(Written { seq: known.seq, count, length }));
    }
    Ok(Ready::Write(prepared))
}
